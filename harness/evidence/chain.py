"""A journal whose lines hold one another: each carries the SHA-256 of the line before it.

A line is canonical JSON (RFC 8785) with a member `previous`; the first one points to `GENESIS`. Altering, removing
or swapping a line breaks the chain there; cutting the end is seen by whoever kept the head. What lines say is
`harness.events`.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import rfc8785

from protocol import jsonread
from protocol.errors import EvidenceError, Text

GENESIS: Final = "0" * 64
#: Breaks that are told; after the first, the others say little.
_TOLD: Final = 5


@dataclass(frozen=True)
class Chain:
    """A journal as read. `lines` that hold from the start, `head` the digest of the last of them; `breaks`: where it
    does not hold; `tail`: the bytes of a last line that was never finished; `whole`: how many bytes are lines.
    """

    lines: int
    head: str
    breaks: tuple[Text, ...]
    tail: bytes
    whole: int

    def refuse_broken(self, path: Path) -> None:
        """Raises EvidenceError when the chain breaks."""
        if self.breaks:
            raise EvidenceError(
                "EVID-020",
                Text("le journal des événements est rompu", "the journal of events is broken"),
                field=str(path),
                found="; ".join(one.en for one in self.breaks),
                mend=Text(
                    "garder ce dossier tel quel et relancer dans un autre : il a été modifié hors de l'outil",
                    "keep this folder as it is and run into another: it was changed outside the tool",
                ),
            )


def link(fields: Mapping[str, Any], previous: str) -> bytes:
    """One line (without its end) that follows the line of this digest."""
    return bytes(rfc8785.dumps({**fields, "previous": previous}))


def digest(line: bytes) -> str:
    """What the next line carries."""
    return hashlib.sha256(line).hexdigest()


def read(path: Path) -> Chain:
    """Read and check a journal. Raises EvidenceError when the file can't be read."""
    try:
        raw = path.read_bytes()
    except OSError as problem:
        raise EvidenceError(
            "EVID-021",
            Text("journal des événements illisible", "unreadable journal of events"),
            field=str(path),
            found=str(problem),
        ) from problem
    whole = raw.rfind(b"\n") + 1
    tail, previous, held = raw[whole:], GENESIS, 0
    breaks: list[Text] = []
    for number, line in enumerate(raw[:whole].split(b"\n")[:-1], 1):
        if wrong := _wrong(line, previous, number):
            breaks.append(wrong)
        previous = digest(line)
        held = held if breaks else number
    if tail:
        number = raw.count(b"\n") + 1
        breaks.append(
            Text(
                f"ligne {number} : inachevée ({len(tail)} octets)",
                f"line {number}: unfinished ({len(tail)} bytes)",
            )
        )
    return Chain(held, previous, tuple(breaks[:_TOLD]), tail, whole)


def mend(path: Path) -> dict[str, Any] | None:
    """Finish or cut the last line that a killed process left, and say what was done; None when there was nothing.

    A line that lacks only its end is whole and is kept: nothing that was acknowledged is lost. Raises EvidenceError
    when the journal breaks elsewhere.
    """
    if not path.is_file():
        return None
    found = read(path)
    Chain(found.lines, found.head, found.breaks[:-1] if found.tail else found.breaks, b"", 0).refuse_broken(
        path
    )
    if not found.tail:
        return None
    kept = _wrong(found.tail, found.head, 0) is None
    with path.open("r+b") as stream:
        if kept:
            stream.seek(0, os.SEEK_END)
            stream.write(b"\n")
        else:
            stream.truncate(found.whole)
        stream.flush()
        os.fsync(stream.fileno())
    return {
        "kept": kept,
        "bytes": len(found.tail),
        "sha256": digest(found.tail),
        "line": found.lines + 1,
    }


def holds_at(path: Path, head: str, lines: int) -> bool:
    """Whether line `lines` of the journal has this digest: what was signed is still its beginning."""
    with path.open("rb") as stream:
        last = b""
        for number, line in enumerate(stream, 1):
            last = line
            if number == lines:
                return digest(last.rstrip(b"\n")) == head
    return lines == 0 and head == GENESIS


def _wrong(line: bytes, previous: str, number: int) -> Text | None:
    at = (f"ligne {number} : ", f"line {number}: ")
    try:
        value = jsonread.loads(line)
        canonical = bytes(rfc8785.dumps(value))
    except (ValueError, RecursionError, rfc8785.CanonicalizationError):
        return Text(at[0] + "illisible", at[1] + "unreadable")
    if not isinstance(value, dict) or "previous" not in value:
        return Text(at[0] + "sans chaînon", at[1] + "without a link")
    if canonical != line:
        return Text(at[0] + "JSON non canonique", at[1] + "JSON that is not canonical")
    if value["previous"] != previous:
        return Text(
            at[0] + "ne suit pas la ligne précédente (modifiée, ôtée ou déplacée)",
            at[1] + "does not follow the line before it (altered, removed or moved)",
        )
    return None
