"""What came back, in one word: an answer, or the way in which there is none. Said of bytes, for whoever plays the LPS.

Only what an LPS must see by itself is said: a refusal of the platform is an answer. Rules of conformity are elsewhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

from harness.checks.fed import entries_told
from harness.checks.judged import Judged
from harness.checks.rim import slot
from harness.checks.vihf_attributes import RESOURCE
from harness.checks.xpath import attribute, nodes, string, strings
from protocol import facts
from protocol.errors import Text

Word = Literal[
    "answered",
    "refused-tls",
    "bad-server",
    "reset",
    "closed",
    "timeout",
    "unreachable",
    "truncated",
    "http-error",
    "wrong-type",
    "bad-multipart",
    "bad-part",
    "dangerous-xml",
    "bad-charset",
    "bad-xml",
    "no-soap",
    "unrelated",
    "unexpected-action",
    "other-patient",
    "other-document",
    "too-many",
    "nothing",
]
WORDS: Final[tuple[str, ...]] = get_args(Word)

TITLES: Final[dict[str, Text]] = {
    "answered": Text("une réponse recevable", "an acceptable answer"),
    "refused-tls": Text("connexion TLS refusée", "TLS connection refused"),
    "bad-server": Text("certificat du serveur irrecevable", "unacceptable server certificate"),
    "reset": Text("connexion coupée brutalement", "connection reset"),
    "closed": Text("connexion fermée sans réponse", "connection closed without an answer"),
    "timeout": Text("pas de réponse à temps", "no answer in time"),
    "unreachable": Text("serveur injoignable", "server out of reach"),
    "truncated": Text("réponse incomplète", "incomplete answer"),
    "http-error": Text("erreur HTTP sans SOAP", "HTTP error without SOAP"),
    "wrong-type": Text("Content-Type qui n'est pas celui de SOAP", "Content-Type that is not SOAP's"),
    "bad-multipart": Text("multipart mal délimité", "multipart badly delimited"),
    "bad-part": Text("partie absente ou orpheline", "missing or orphan part"),
    "dangerous-xml": Text("DTD ou entité dans la réponse", "DTD or entity in the answer"),
    "bad-charset": Text("octets hors de l'encodage déclaré", "bytes outside the declared encoding"),
    "bad-xml": Text("XML mal formé", "malformed XML"),
    "no-soap": Text("pas d'enveloppe SOAP 1.2", "no SOAP 1.2 envelope"),
    "unrelated": Text("réponse à un autre message", "answer to another message"),
    "unexpected-action": Text("wsa:Action inattendue", "unexpected wsa:Action"),
    "other-patient": Text("réponse sur un autre patient", "answer about another patient"),
    "other-document": Text(
        "document qui n'est pas celui de sa fiche", "document that is not that of its entry"
    ),
    "too-many": Text("liste trop longue pour être montrée", "list too long to be shown"),
    "nothing": Text("réponse vide", "empty answer"),
}
#: More results than a screen can take.
MANY: Final = 1000

_INS: Final = (facts.DE_PATIENT_ID, facts.SS_PATIENT_ID)


@dataclass(frozen=True)
class Reception:
    """The word, and the detail that makes it plain."""

    word: Word
    detail: str = ""


#: uniqueId -> hash, size and mimeType of its entry.
Described = Mapping[str, Sequence[str]]


def reception(view: Judged, known: Described | None = None) -> Reception:
    """What the response side of an exchange is to its receiver, the gravest first.

    `known`: what earlier answers told of the documents.
    """
    for look in _LOOKS:
        found = look(view)
        if found is not None:
            return found
    return _documents(view, known or {}) or Reception("answered")


def described(view: Judged) -> dict[str, list[str]]:
    """What a search tells of each document: hash, size, mimeType."""
    return {
        name: [slot(entry, "hash").lower(), slot(entry, "size"), attribute(entry, "mimeType")]
        for name, entry in entries_told(view)
    }


def _documents(view: Judged, known: Described) -> Reception | None:
    """Each document must be the one that its entry describes."""
    for item in view.in_payload("self::xds:RetrieveDocumentSetResponse/xds:DocumentResponse"):
        told = known.get(string(item, "xds:DocumentUniqueId"))
        for element in nodes(item, "xds:Document") if told else ():
            data = view.binary(element) or b""
            sha1 = hashlib.sha1(data, usedforsecurity=False).hexdigest()
            found = [sha1, str(len(data)), string(item, "xds:mimeType")]
            if told is not None and found != list(told):
                return Reception("other-document", f"{' '.join(found)} ≠ {' '.join(told)}")
    return None


def _connection(view: Judged) -> Reception | None:
    failure = view.exchange.failure
    kind, _, said = failure.partition(":")
    if not kind:
        return None
    said = said.strip()
    if kind == "tls":
        return Reception("bad-server" if "certificate verify failed" in said.lower() else "refused-tls", said)
    if kind == "timeout":
        return Reception("timeout", said)
    if kind == "connect":
        return Reception("unreachable", said)
    if "reset" in said.lower() or "eof occurred" in said.lower():
        return Reception("reset", said)
    if view.exchange.response is not None:
        return Reception("truncated", said)
    return Reception("closed", said)


def _http(view: Judged) -> Reception | None:
    answer = view.exchange.response
    if answer is None:
        return Reception("closed")
    soap = view.media == "application/soap+xml" or view.multipart
    if answer.status >= 400 and not soap:
        return Reception("http-error", f"HTTP {answer.status} {view.media}")
    if not view.body:
        return Reception("nothing", f"HTTP {answer.status}")
    return None if soap else Reception("wrong-type", view.header("Content-Type"))


def _multipart(view: Judged) -> Reception | None:
    if not view.multipart:
        return None
    name = view.parameters.get("boundary", "").encode("latin-1", "replace")
    if b"--" + name + b"\r\n" not in view.body or b"\r\n--" + name + b"--" not in view.body:
        return Reception("bad-multipart", view.parameters.get("boundary", ""))
    return Reception("bad-multipart", "start") if view.start is None else None


def _xml(view: Judged) -> Reception | None:
    if view.root is None:
        raw = view.body if view.start is None else view.start.data
        if b"<!DOCTYPE" in raw[:4096]:
            return Reception("dangerous-xml", view.trouble)
        try:
            raw.decode("utf-8")
        except UnicodeDecodeError as problem:
            return Reception("bad-charset", f"0x{raw[problem.start]:02x}, byte {problem.start}")
        declared = raw[:100].lower()
        return Reception("bad-charset" if b"utf-16" in declared else "bad-xml", view.trouble)
    return None if view.soap == facts.SOAP12 else Reception("no-soap", str(view.root.tag))


def _addressing(view: Judged) -> Reception | None:
    asked = view.request.value("(soap:Header|soap11:Header)/wsa:MessageID")
    related = view.values("soap:Header/wsa:RelatesTo")
    if asked and asked not in related:
        return Reception("unrelated", " ".join(related) or "∅")
    action, expected = view.value("soap:Header/wsa:Action"), view.transaction.response_action
    if view.fault is None and expected and action != expected:
        return Reception("unexpected-action", action)
    return None


def _parts(view: Judged) -> Reception | None:
    targets = strings_of(view, "descendant::xop:Include/@href")
    missing = [href for href in targets if view.part(href) is None]
    if missing:
        return Reception("bad-part", missing[0])
    orphans = [
        part for part in view.parts if part is not view.start and f"cid:{part.content_id}" not in targets
    ]
    return Reception("bad-part", orphans[0].content_id) if orphans else None


def strings_of(view: Judged, path: str) -> list[str]:
    """Values of an XPath, none when the message can't be read."""
    return [] if view.root is None else strings(view.root, path)


def _patient(view: Judged) -> Reception | None:
    """The INS of the VIHF must be among those of the answer, when it gives any."""
    number = view.request.vihf(RESOURCE).partition("^")[0]
    told = strings_of(view, "descendant::hl7:registrationEvent/hl7:subject1/hl7:patient/hl7:id/@extension")
    for item in view.in_payload("descendant::rim:ExternalIdentifier"):
        if attribute(item, "identificationScheme") in _INS:
            told.append(attribute(item, "value").partition("^")[0])
    return Reception("other-patient", told[0]) if number and told and number not in told else None


def _content(view: Judged) -> Reception | None:
    if view.payload is None:
        return None
    if len(list(entries_told(view))) > MANY:
        return Reception("too-many", str(len(list(entries_told(view)))))
    return None


_LOOKS: Final[tuple[Callable[[Judged], Reception | None], ...]] = (
    _connection,
    _http,
    _multipart,
    _xml,
    _addressing,
    _parts,
    _patient,
    _content,
)
