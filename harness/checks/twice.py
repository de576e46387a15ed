"""Rules of the two decoders: what both read alike is known, what they read differently is AMBIGUOUS.

The signatures, digests and sizes are compared by the rules that judge them (SIG-VALUE, XADES-VALUE, XDS-HASH…). What
each reading then says is judged there.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.checks.judged import Judged, Piece
from harness.checks.rule import ANY, Finding, check, passed
from harness.checks.second import Cut, boundary_of
from harness.checks.xpath import attribute, first
from protocol.errors import Text

READING = "READING"
CLAUSE = "RFC 2046 §5.1.1 ; RFC 2392 ; deux lecteurs indépendants"


def _differ(where: str, found: str, other: str) -> Finding:
    return Finding("", "AMBIGUOUS", where, f"{found} ≠ {other}", "2 × =")


@check(
    "READ-MULTIPART",
    on=ANY,
    side="both",
    group=READING,
    clause=CLAUSE,
    title=Text(
        "Deux lecteurs voient les mêmes parties dans le message",
        "Two readers see the same parts in the message",
    ),
    mend=Text(
        "délimiteurs CRLF--boundary CRLF, un seul boundary, des en-têtes de partie bien formés",
        "CRLF--boundary CRLF delimiters, one boundary, well-formed part headers",
    ),
)
def multipart(view: Judged) -> Iterator[Finding]:
    if not view.multipart:
        return
    where = f"{view.side}:Content-Type"
    names = view.parameters.get("boundary", ""), boundary_of(view.header("Content-Type"))
    if names[0] != names[1]:
        yield _differ(where, f"boundary={names[0]}", f"boundary={names[1]}")
    if len(view.parts) != len(view.parts_again):
        yield _differ(where, f"{len(view.parts)} part", f"{len(view.parts_again)} part")
        return
    for piece, again in zip(view.parts, view.parts_again, strict=True):
        yield _same_part(f"{view.side}:part[{piece.number}]", piece, again)


def _same_part(where: str, piece: Piece, again: Cut) -> Finding:
    if piece.content_id != again.content_id:
        return _differ(where, f"Content-ID {piece.content_id}", f"Content-ID {again.content_id}")
    if piece.data != again.data:
        size = "?" if again.data is None else str(len(again.data))
        return _differ(where, f"{len(piece.data)} o / B", f"{size} o / B")
    return passed(where, f"{len(piece.data)} o / B")


@check(
    "READ-DOCUMENT",
    on=("TD2.1", "TD2.2", "TD3.2"),
    side="both",
    group=READING,
    clause=CLAUSE,
    title=Text(
        "Deux lecteurs trouvent les mêmes octets dans chaque document",
        "Two readers find the same bytes in each document",
    ),
    mend=Text("un Content-ID par partie ; du base64 strict", "one Content-ID a part; strict base64"),
)
def document(view: Judged) -> Iterator[Finding]:
    for element in view.carriers:
        data, again = view.binary(element), view.binary_again(element)
        include = first(element, "xop:Include")
        said = "base64" if include is None else attribute(include, "href")
        if data == again:
            # Neither reads it: MTOM-INCLUDE and DE-DOCUMENT say so.
            if data is not None:
                yield passed(view.at(element), f"{len(data)} o / B")
        else:
            sizes = ["?" if one is None else f"{len(one)} o / B" for one in (data, again)]
            yield _differ(f"{view.at(element)} ({said})", sizes[0], sizes[1])
