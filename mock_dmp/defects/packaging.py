"""Defects of the packaging: media types, MTOM, parts."""

from __future__ import annotations

from dataclasses import replace

from mock_dmp.defects.api import defect
from mock_dmp.faults.answering import Answering
from protocol.errors import Text


@defect(
    "media-text-xml",
    text=Text("La réponse est annoncée en text/xml", "The answer is announced as text/xml"),
    caught_by=("HTTP-MEDIA",),
    stage="bytes",
)
def media_text_xml(answering: Answering) -> None:
    if not answering.content_type().startswith("multipart/"):
        answering.set_header("Content-Type", "text/xml; charset=UTF-8")


@defect(
    "inline-base64",
    text=Text(
        "Les documents lus viennent en base64 dans l'enveloppe, sans MTOM",
        "Retrieved documents come as base64 in the envelope, without MTOM",
    ),
    caught_by=("MTOM-ANSWER",),
)
def inline_base64(answering: Answering) -> None:
    answering.packaging = "simple"


@defect(
    "content-id-mismatch",
    text=Text(
        "xop:Include nomme un Content-ID que nulle partie n'a",
        "xop:Include names a Content-ID that no part has",
    ),
    caught_by=("MTOM-INCLUDE",),
)
def content_id_mismatch(answering: Answering) -> None:
    answering.attachments = tuple(
        replace(part, content_id=f"autre-{part.content_id}") for part in answering.attachments
    )


@defect(
    "same-content-id",
    text=Text("Toutes les parties ont le même Content-ID", "All parts have the same Content-ID"),
    caught_by=("MTOM-CONTENT-ID",),
    stage="bytes",
)
def same_content_id(answering: Answering) -> None:
    start = answering.content_type().partition('start="<')[2].partition(">")[0].encode()
    head, mark, rest = answering.body.partition(b"Content-ID: <" + start + b">")
    if mark:
        pieces = rest.split(b"Content-ID: <")
        again = [pieces[0], *(start + b">" + piece.partition(b">")[2] for piece in pieces[1:])]
        answering.body = head + mark + b"Content-ID: <".join(again)


@defect(
    "final-boundary-missing",
    text=Text("Le délimiteur final manque", "The final boundary is missing"),
    caught_by=("MTOM-BOUNDARY",),
    stage="bytes",
)
def final_boundary_missing(answering: Answering) -> None:
    if answering.content_type().startswith("multipart/"):
        answering.body = answering.body[: answering.body.rindex(b"\r\n--")]


@defect(
    "start-info-missing",
    text=Text("multipart/related sans start-info", "multipart/related without start-info"),
    caught_by=("MTOM-PARAMETERS",),
    stage="bytes",
)
def start_info_missing(answering: Answering) -> None:
    answering.set_header("Content-Type", answering.content_type().partition("; start-info=")[0])
