"""What a plan waits for: posted before the software acts, so that the live view says what was expected."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from flask import Response, jsonify

from mock_dmp.control.api import body, mapping, received, route, session_of, store, text, wrong
from mock_dmp.control.openapi import listing, shape
from mock_dmp.expectations import WEIGHTS, Expectation, Facts
from mock_dmp.state import expectations
from mock_dmp.state.expectations import Awaited
from protocol import transactions
from protocol.errors import NO_TEXT, Text

_TEXT: Final = {"type": "string"}
_LONGEST: Final = 1000
_ACCESS: Final = ("", "normal", "bris_de_glace", "centre_15")
_NAMES: Final = {"access": "access_mode"}
_FIELDS: Final = ("id", "case", "step", *(_NAMES.get(name, name) for name in WEIGHTS), "sentence")
_WORDS: Final = shape({"fr": _TEXT, "en": _TEXT})

SCHEMAS: Final[dict[str, Any]] = {
    "Expectation": shape(
        {name: _TEXT for name in _FIELDS if name != "sentence"}
        | {"sentence": _WORDS, "access_mode": {"enum": list(_ACCESS)}},
        required=("transaction",),
    ),
    "NewExpectations": {
        "oneOf": [
            {"$ref": "#/components/schemas/Expectation"},
            shape({"expectations": listing("Expectation")}),
        ]
    },
    "ExpectationIds": shape({"ids": {"type": "array", "items": _TEXT}}),
    "Awaited": {
        "allOf": [
            {"$ref": "#/components/schemas/Expectation"},
            shape({"posted": _TEXT, "met": {"type": "boolean"}, "exchange": _TEXT}),
        ]
    },
    "AwaitedList": listing("Awaited"),
}


@route(
    "POST",
    "/sessions/<name>/expectations",
    summary="Annoncer un ou plusieurs échanges attendus",
    asks="NewExpectations",
    answers="ExpectationIds",
    status=201,
)
def post_expectations(name: str) -> tuple[Response, int]:
    session_of(name)
    whole = mapping(received(), "")
    if "expectations" in whole:
        several = body("expectations")["expectations"]
        if not isinstance(several, list) or len(several) > expectations.MOST:
            raise wrong("expectations", several, f"[…] (<= {expectations.MOST})")
    else:
        several = [whole]
    ids = expectations.post(store(), name, [_read(mapping(one, "expectations")) for one in several])
    return jsonify({"ids": ids}), 201


@route(
    "GET",
    "/sessions/<name>/expectations",
    summary="Lister les échanges attendus et ce qui y a répondu",
    answers="AwaitedList",
)
def get_expectations(name: str) -> Response:
    session_of(name)
    expectations.settle(store(), name)
    with store().read() as db:
        return jsonify([_told(one) for one in expectations.listing(db, name)])


@route("DELETE", "/sessions/<name>/expectations", summary="Ne plus rien attendre", status=204)
def delete_expectations(name: str) -> tuple[str, int]:
    session_of(name)
    expectations.withdraw(store(), name)
    return "", 204


@route(
    "DELETE", "/sessions/<name>/expectations/<expectation>", summary="Ne plus attendre celui-là", status=204
)
def delete_expectation(name: str, expectation: str) -> tuple[str, int]:
    session_of(name)
    expectations.withdraw(store(), name, expectation)
    return "", 204


def _read(found: dict[str, Any]) -> Expectation:
    for field, value in found.items():
        if field not in _FIELDS:
            raise wrong(field, value, ", ".join(_FIELDS))
    told = {field: text(found, field, default="")[:_LONGEST] for field in _FIELDS if field != "sentence"}
    registry = transactions.load()
    if told["transaction"] not in registry:
        raise wrong("transaction", told["transaction"], ", ".join(registry.ids()))
    if told["access_mode"] not in _ACCESS:
        raise wrong("access_mode", told["access_mode"], ", ".join(_ACCESS[1:]))
    if len(told["id"]) > expectations.LONGEST_ID:
        raise wrong("id", told["id"], f"<= {expectations.LONGEST_ID}")
    facts = Facts(**{name: told[_NAMES.get(name, name)] for name in WEIGHTS})
    return Expectation(told["id"], facts, told["case"], told["step"], _sentence(found.get("sentence")))


def _sentence(found: Any) -> Text:
    if found is None:
        return NO_TEXT
    words = mapping(found, "sentence")
    return Text(text(words, "fr")[:_LONGEST], text(words, "en")[:_LONGEST])


def _told(one: Awaited) -> dict[str, Any]:
    facts = {_NAMES.get(name, name): value for name, value in asdict(one.expectation.facts).items()}
    return {
        "id": one.expectation.id,
        "case": one.expectation.case,
        "step": one.expectation.step,
        **facts,
        "sentence": one.expectation.sentence._asdict(),
        "posted": one.at,
        "met": bool(one.exchange),
        "exchange": one.exchange,
    }
