"""Rules over the answers of a run: what the platform told must agree with what it was given and told before."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace

from lxml import etree

from harness.checks import second
from harness.checks.fed import entries_told
from harness.checks.judged import Judged
from harness.checks.rim import codes, slot, title
from harness.checks.rule import Answered, Finding, check_answers, twice, verdict
from harness.checks.xpath import attribute, nodes, string
from protocol import facts
from protocol.errors import Text

XDS = "XDS-RESPONSE"


@check_answers(
    "SEQ-ANSWER-ID",
    group="A-SOAP",
    clause="WS-Addressing 1.0 §3.1 : MessageID unique",
    title=Text("Chaque réponse a un MessageID neuf", "Each answer has a new MessageID"),
    mend=Text("tirer un UUID par réponse", "draw a UUID for each answer"),
)
def answer_id(answers: Sequence[Answered]) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for one in answers:
        value = one.view.value("(soap:Header|soap11:Header)/wsa:MessageID")
        if value:
            first = seen.setdefault(value, one.view.exchange.id)
            if one.judged:
                found = verdict(first == one.view.exchange.id, "response:wsa:MessageID", value, "neuf / new")
                yield replace(found, exchange=one.view.exchange.id)


@check_answers(
    "SEQ-ENTRY",
    group=XDS,
    clause="ITI TF-3 §4.2 : le registre rend la fiche déposée",
    title=Text(
        "Une fiche rendue a le titre, les dates et les codes qui ont été déposés",
        "An entry returned has the title, dates and codes that were fed",
    ),
    mend=Text("rendre ce qui a été déposé", "return what was fed"),
)
def entry_kept(answers: Sequence[Answered]) -> Iterator[Finding]:
    """Compared with the submission of the same run; a new version of the metadata may only change visibility."""
    submitted: dict[str, etree._Element] = {}
    for one in answers:
        for name, entry in _told(one):
            if name in submitted:
                yield from _compared(one, entry, submitted[name])
        submitted |= {
            name: entry for name, entry in entries_told(one.request) if one.request.transaction.on_documents
        }


def _told(one: Answered) -> Iterator[tuple[str, etree._Element]]:
    if one.judged and one.view.present and one.view.fault is None:
        yield from entries_told(one.view)


def _compared(one: Answered, entry: etree._Element, before: etree._Element) -> Iterator[Finding]:
    where = one.view.at(entry)
    pairs = [
        ("rim:Name", title(entry), title(before)),
        *((name, slot(entry, name), slot(before, name)) for name in _SLOTS),
        *((name, _code(entry, scheme), _code(before, scheme)) for name, scheme in _CODES.items()),
    ]
    for name, found, expected in pairs:
        if expected:
            yield replace(
                verdict(found == expected, f"{where}/{name}", found, expected), exchange=one.view.exchange.id
            )


_SLOTS = ("creationTime", "serviceStartTime", "serviceStopTime", "languageCode", "hash", "size")
_CODES = {"typeCode": facts.DE_TYPE, "classCode": facts.DE_CLASS, "formatCode": facts.DE_FORMAT}


def _code(entry: etree._Element, scheme: str) -> str:
    return " ".join(item.code for item in codes(entry, scheme))


@check_answers(
    "SEQ-RETRIEVED",
    group="XDS-RETRIEVE",
    clause="ITI TF-3 §4.2.3.2 : hash (SHA-1), size et mimeType sont ceux du document",
    title=Text(
        "Le document rendu a l'empreinte, la taille et le type de sa fiche",
        "The document returned has the hash, size and type of its entry",
    ),
    mend=Text("rendre les octets déposés, et leur fiche", "return the bytes that were fed, and their entry"),
)
def retrieved(answers: Sequence[Answered]) -> Iterator[Finding]:
    """Compared with what a search of the same run told, the only description that an LPS has."""
    told: dict[str, etree._Element] = {}
    for one in answers:
        if one.view.present and one.view.transaction.id == "TD3.1":
            told |= dict(entries_told(one.view))
        if one.judged:
            for document in one.view.in_payload("self::xds:RetrieveDocumentSetResponse/xds:DocumentResponse"):
                entry = told.get(string(document, "xds:DocumentUniqueId"))
                if entry is not None:
                    yield from _same_document(one.view, document, entry)


def _same_document(view: Judged, document: etree._Element, entry: etree._Element) -> Iterator[Finding]:
    for element in nodes(document, "xds:Document"):
        data, again = view.binary(element), view.binary_again(element) or b""
        if data is None:
            continue
        sha1 = hashlib.sha1(data, usedforsecurity=False).hexdigest()
        media = string(document, "xds:mimeType")
        for name, found, other, expected in (
            ("hash", sha1, second.sha1(again), slot(entry, "hash").lower()),
            ("size", str(len(data)), str(len(again)), slot(entry, "size")),
            ("mimeType", media, media, attribute(entry, "mimeType")),
        ):
            where = f"{view.at(document)}/{name}"
            yield replace(
                twice(found == expected, other == expected, where, found, expected, other),
                exchange=view.exchange.id,
            )
