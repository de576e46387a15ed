"""The addresses that an LPS opens in a browser (TD0.9, TD0.10), right or wrong on purpose.

There is no message: a GET, whose path says the page and the patient. Sending it is `harness.drive.client`, judging
it is the oracle's. Source: contextual Web-PS access (PDT-INF-527), `/AccesDirect/{page}[/{INS}]`.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final
from urllib.parse import quote, urlencode

from harness.drive.message import OutgoingMessage
from harness.drive.subject import Subject, subject_of
from protocol import webps
from protocol.errors import NO_TEXT, Text, UsageError

PREFIX: Final = "/AccesDirect/"
#: What a browser says it accepts: enough for the platform to know that a page is asked for.
_HEADERS: Final = (("Accept", "text/html"), ("Accept-Language", "fr"))


@dataclass(frozen=True)
class Address:
    """An address in the making: `page`, then the `ins` of the patient ("" for none), then `query` as it is written."""

    page: str
    ins: str
    query: str = ""
    prefix: str = PREFIX

    @property
    def path(self) -> str:
        place = "/".join(filter(None, (self.page, self.ins)))
        return f"{self.prefix}{place}" + (f"?{self.query}" if self.query else "")


@dataclass(frozen=True)
class UrlDefect:
    """A deliberate mistake in an address."""

    name: str
    text: Text
    apply: Callable[[Address, Subject | None], Address]


def _encoded(address: Address, _subject: Subject | None) -> Address:
    return replace(address, ins="".join(f"%25{ord(char):02X}" for char in address.ins))


def _in_query(address: Address, _subject: Subject | None) -> Address:
    return replace(address, ins="", query=urlencode({"INS": address.ins}))


def _traits(address: Address, subject: Subject | None) -> Address:
    name = (subject.family_birth if subject is not None else "") or "PATIENT"
    return replace(address, query=urlencode({"nom": name, "naissance": "19800514"}))


def _wrong_key(address: Address, _subject: Subject | None) -> Address:
    return replace(address, ins=f"{address.ins[:13]}{int(address.ins[13:] or 0) % 97 + 1:02}")


_DEFECTS: Final = (
    UrlDefect(
        "url-page-case",
        Text("nom de page en minuscules", "name of the page in lower case"),
        lambda address, _: replace(address, page=address.page.lower()),
    ),
    UrlDefect(
        "url-without-ins",
        Text("INS absent de l'adresse", "INS missing from the address"),
        lambda address, _: replace(address, ins=""),
    ),
    UrlDefect(
        "url-ins-key",
        Text("clé de l'INS fausse dans l'adresse", "wrong key of the INS in the address"),
        _wrong_key,
    ),
    UrlDefect("url-ins-in-query", Text("INS passé en paramètre", "INS given as a parameter"), _in_query),
    UrlDefect("url-encoded-twice", Text("adresse encodée deux fois", "address encoded twice"), _encoded),
    UrlDefect(
        "url-traits",
        Text("nom et naissance du patient dans l'adresse", "name and birth of the patient in the address"),
        _traits,
    ),
    UrlDefect(
        "url-prefix-case",
        Text("préfixe de l'accès mal écrit", "prefix of the access badly written"),
        lambda address, _: replace(address, prefix=PREFIX.lower()),
    ),
    UrlDefect(
        "url-injection",
        Text("balisage glissé à la place de l'INS", "markup slipped in the place of the INS"),
        lambda address, _: replace(address, ins=quote("<script>alert(1)</script>", safe="")),
    ),
)


def transactions() -> tuple[str, ...]:
    """Ids of the transactions that are an address."""
    return ("TD0.9", "TD0.10")


def removed() -> frozenset[str]:
    """Names of pages that are no longer served, which an LPS must not open."""
    return webps.removed()


def defects() -> Mapping[str, UrlDefect]:
    """The deliberate mistakes, by name."""
    return MappingProxyType({one.name: one for one in _DEFECTS})


def build(
    transaction: str,
    page: str,
    patient: object = None,
    *,
    alterations: Sequence[str] = (),
) -> OutgoingMessage:
    """The GET that opens a page. `patient`: as for a message (key, CX, record…), None for a page without INS.

    Raises UsageError for an unknown transaction, patient or alteration.
    """
    if transaction not in transactions():
        raise UsageError(
            "DRIVE-001",
            Text("aucune adresse pour cette transaction", "no address for this transaction"),
            found=transaction,
            expected=" | ".join(transactions()),
        )
    subject = None if patient is None else subject_of(patient)
    address = Address(page, quote(subject.number, safe="") if subject else "")
    for name in alterations:
        address = _find(name).apply(address, subject)
    facts = {"patient": subject.cx} if subject else {}
    return replace(get(transaction, address.path), facts=facts, alterations=tuple(alterations))


def get(transaction: str, path: str, cookies: Mapping[str, str] | None = None) -> OutgoingMessage:
    """A GET of a browser at that path, with the cookies it holds."""
    return OutgoingMessage(
        transaction=transaction, path=path, headers=(*_HEADERS, *_cookies(cookies)), body=b"", method="GET"
    )


def post(
    transaction: str, path: str, form: Mapping[str, str], cookies: Mapping[str, str] | None = None
) -> OutgoingMessage:
    """The form of a page, sent by a browser."""
    kind = ("Content-Type", "application/x-www-form-urlencoded")
    body = urlencode(form).encode()
    headers = (*_HEADERS, kind, *_cookies(cookies))
    return OutgoingMessage(transaction=transaction, path=path, headers=headers, body=body, method="POST")


def _cookies(held: Mapping[str, str] | None) -> tuple[tuple[str, str], ...]:
    if not held:
        return ()
    return (("Cookie", "; ".join(f"{name}={value}" for name, value in held.items())),)


def _find(name: str) -> UrlDefect:
    known = defects()
    if name not in known:
        near = difflib.get_close_matches(name, known, 1)
        raise UsageError(
            "ALTER-001",
            Text("altération inconnue", "unknown alteration"),
            found=name,
            mend=Text(f"plutôt « {near[0]} » ?", f"did you mean “{near[0]}”?") if near else NO_TEXT,
        )
    return known[name]
