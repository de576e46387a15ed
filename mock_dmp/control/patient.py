"""The simulated patient: what a patient sees and does, and the messages that the platform would have sent.

`representative` (true, false) says who acts for a minor; without it the legal representative does.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, cast, get_args

from flask import Response, jsonify, request, send_file

from mock_dmp.context import Session
from mock_dmp.control.api import body, route, session_of, store, text, wrong
from mock_dmp.control.openapi import listing, shape
from mock_dmp.patient import acts
from mock_dmp.patient.acts import Acting, Choice
from mock_dmp.patient.metadata import Brought
from mock_dmp.state import authorisations, outbox
from mock_dmp.state.xds_objects import RegistryObject
from protocol import facts
from protocol.directory import Authorisation, Patient

_TEXT: Final = {"type": "string"}
_FLAG: Final = {"type": "boolean"}
_ONE: Final = "/sessions/<name>/patients/<key>"
_AS: Final = (("representative", "boolean"),)

SCHEMAS: Final[dict[str, Any]] = {
    "PatientDocument": shape(
        {
            "unique_id": _TEXT,
            "entry_uuid": _TEXT,
            "logical_id": _TEXT,
            "version": {"type": "integer"},
            "title": _TEXT,
            "type": _TEXT,
            "status": _TEXT,
            "visibility": {"type": "array", "items": _TEXT},
            "masked": _FLAG,
            "own": _FLAG,
        }
    ),
    "PatientDocuments": listing("PatientDocument"),
    "NewPatientDocument": shape(
        {
            "title": _TEXT,
            "text": {"type": "string", "description": "contenu en texte"},
            "base64": {"type": "string", "description": "ou contenu en base64"},
            "media": _TEXT,
            "type": {"type": "string", "description": "EXPPAT_1, EXPPAT_2 ou EXPPAT_3"},
            "masked": _FLAG,
            "secret": {"type": "boolean", "description": "mineur : caché aux représentants légaux"},
        },
        required=("title",),
    ),
    "PatientChoice": shape(
        {
            "choice": {"enum": ["allow", "forbid", "withdraw"]},
            "professional": _TEXT,
            "structure": _TEXT,
        },
        required=("choice",),
    ),
    "PatientAuthorisation": {"type": "object", "description": "Même forme que datasets/patients"},
    "PatientAuthorisations": listing("PatientAuthorisation"),
    "PatientWishes": shape({"text": _TEXT}),
    "PatientOppositions": shape({"bris_de_glace": _FLAG, "acces_urgence": _FLAG}, required=()),
    "PatientClosure": shape({"reason": _TEXT}, required=()),
    "PatientRecord": shape(
        {"status": _TEXT, "wishes": _TEXT, "bris_de_glace": _FLAG, "acces_urgence": _FLAG}
    ),
    "Message": shape(
        {
            "seq": {"type": "integer"},
            "patient": _TEXT,
            "channel": {"enum": ["SMS", "EMAIL"]},
            "address": _TEXT,
            "text": _TEXT,
            "at": _TEXT,
        }
    ),
    "Messages": listing("Message"),
}


@route(
    "GET",
    f"{_ONE}/documents",
    summary="Documents que le patient voit",
    query=_AS,
    answers="PatientDocuments",
)
def list_seen(name: str, key: str) -> Response:
    with _acting(session_of(name), key) as one:
        return jsonify([_document(entry) for entry in acts.seen(one)])


@route(
    "POST",
    f"{_ONE}/documents",
    summary="Le patient dépose un document",
    query=_AS,
    asks="NewPatientDocument",
    answers="PatientDocument",
    status=201,
)
def post_document(name: str, key: str) -> tuple[Response, int]:
    asked = body("title", "text", "base64", "media", "type", "masked", "secret")
    data, media = _data(asked)
    hidden = (facts.MASKED,) if _flag(asked, "masked") else ()
    brought = Brought(text(asked, "title"), text(asked, "type", default="EXPPAT_2"), media, hidden)
    with _acting(session_of(name), key) as one:
        return jsonify(_document(acts.add(one, brought, data, secret=bool(_flag(asked, "secret"))))), 201


@route(
    "GET",
    f"{_ONE}/documents/<unique_id>/content",
    summary="Octets d'un document, lu par le patient",
    query=_AS,
    answers="Bytes",
)
def get_content(name: str, key: str, unique_id: str) -> Response:
    with _acting(session_of(name), key) as one:
        _, held = acts.content(one, unique_id)
    return send_file(store().blobs.open(held.sha256), mimetype="application/octet-stream")


@route(
    "POST",
    f"{_ONE}/documents/<unique_id>/<act>",
    summary="Masquer, démasquer (mask, unmask) ; pour un document du patient : archive, unarchive, delete",
    query=_AS,
    answers="PatientDocument",
)
def post_act(name: str, key: str, unique_id: str, act: str) -> Response:
    with _acting(session_of(name), key) as one:
        if act in ("mask", "unmask"):
            return jsonify(_document(acts.mask(one, unique_id, masked=act == "mask")))
        return jsonify(_document(acts.set_status(one, unique_id, act)))


@route(
    "GET",
    f"{_ONE}/authorisations",
    summary="Professionnels et structures autorisés ou bloqués",
    answers="PatientAuthorisations",
)
def list_authorisations(name: str, key: str) -> Response:
    with _acting(session_of(name), key) as one:
        given = authorisations.of_patient(one.db, name, one.patient.key)
        return jsonify([_given(item, one) for item in given])


@route(
    "POST",
    f"{_ONE}/authorisations",
    summary="Autoriser (allow), bloquer (forbid), retirer (withdraw)",
    query=_AS,
    asks="PatientChoice",
    answers="PatientAuthorisations",
)
def post_choice(name: str, key: str) -> Response:
    asked = body("choice", "professional", "structure")
    choice = text(asked, "choice")
    if choice not in get_args(Choice):
        raise wrong("choice", choice, ", ".join(get_args(Choice)))
    with _acting(session_of(name), key) as one:
        acts.choose(
            one,
            cast("Choice", choice),
            professional=text(asked, "professional", default=""),
            structure=text(asked, "structure", default=""),
        )
        given = authorisations.of_patient(one.db, name, one.patient.key)
        return jsonify([_given(item, one) for item in given])


@route(
    "PUT",
    f"{_ONE}/wishes",
    summary="Écrire les volontés du patient",
    query=_AS,
    asks="PatientWishes",
    answers="PatientRecord",
)
def put_wishes(name: str, key: str) -> Response:
    asked = body("text")
    with _acting(session_of(name), key) as one:
        return jsonify(_record(acts.wish(one, text(asked, "text"))))


@route(
    "PUT",
    f"{_ONE}/oppositions",
    summary="S'opposer aux accès d'urgence, ou ne plus s'y opposer",
    query=_AS,
    asks="PatientOppositions",
    answers="PatientRecord",
)
def put_oppositions(name: str, key: str) -> Response:
    asked = body("bris_de_glace", "acces_urgence")
    with _acting(session_of(name), key) as one:
        changed = acts.oppose(
            one, bris_de_glace=_flag(asked, "bris_de_glace"), acces_urgence=_flag(asked, "acces_urgence")
        )
        return jsonify(_record(changed))


@route(
    "POST",
    f"{_ONE}/closure",
    summary="Demander la fermeture du DMP",
    query=_AS,
    asks="PatientClosure",
    answers="PatientRecord",
)
def post_closure(name: str, key: str) -> Response:
    asked = body("reason")
    with _acting(session_of(name), key) as one:
        return jsonify(_record(acts.close(one, text(asked, "reason", default=""))))


@route(
    "GET",
    f"{_ONE}/traces",
    summary="Traces que le patient, ou son représentant légal, voit",
    query=_AS,
    answers="Traces",
)
def list_patient_traces(name: str, key: str) -> Response:
    with _acting(session_of(name), key) as one:
        return jsonify(acts.history(one))


@route(
    "GET",
    "/sessions/<name>/outbox",
    summary="Messages envoyés aux patients (codes à usage unique, avis)",
    query=(("patient", "string"),),
    answers="Messages",
)
def list_outbox(name: str) -> Response:
    session_of(name)
    with store().read() as db:
        return jsonify(outbox.listing(db, name, request.args.get("patient", "")))


@contextmanager
def _acting(session: Session, key: str) -> Iterator[Acting]:
    raw = request.args.get("representative")
    if raw not in (None, "true", "false"):
        raise wrong("representative", raw, "true, false")
    with store().write() as db:
        yield acts.acting(session, db, key, representative=None if raw is None else raw == "true")


def _flag(asked: dict[str, Any], name: str) -> bool | None:
    value = asked.get(name)
    if value is not None and not isinstance(value, bool):
        raise wrong(name, value, "true, false")
    return value


def _data(asked: dict[str, Any]) -> tuple[bytes, str]:
    """Bytes and media type of the document; exactly one of `text` and `base64`."""
    if ("text" in asked) == ("base64" in asked):
        raise wrong("text", asked.get("text"), "text | base64")
    if "text" in asked:
        return text(asked, "text").encode(), text(asked, "media", default="text/plain")
    try:
        data = base64.b64decode(text(asked, "base64"), validate=True)
    except binascii.Error as problem:
        raise wrong("base64", asked["base64"], "base64") from problem
    return data, text(asked, "media", default="application/pdf")


def _document(entry: RegistryObject) -> dict[str, Any]:
    kinds = entry.codes(facts.DE_TYPE)
    return {
        "unique_id": entry.unique_id,
        "entry_uuid": entry.id,
        "logical_id": entry.lid,
        "version": entry.version,
        "title": entry.title,
        "type": kinds[0].code if kinds else "",
        "status": entry.status,
        "visibility": sorted(entry.visibility),
        "masked": facts.MASKED in entry.visibility,
        "own": entry.is_patients_own,
    }


def _given(item: Authorisation, one: Acting) -> dict[str, Any]:
    return {
        "professional": item.professional,
        "structure": item.structure,
        "state": authorisations.state_at(item, one.session.now()),
        "medecin_traitant": item.medecin_traitant,
        "since": item.since.isoformat(),
        "until": item.until.isoformat() if item.until else None,
    }


def _record(patient: Patient) -> dict[str, Any]:
    dmp = patient.dmp
    return {
        "status": dmp.status,
        "wishes": dmp.wishes,
        "bris_de_glace": dmp.opposition_bris_de_glace,
        "acces_urgence": dmp.opposition_acces_urgence,
    }
