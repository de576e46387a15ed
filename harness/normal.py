"""Whether two messages say the same: what each message must draw anew is left out of the comparison.

Identifiers, dates, digests, signatures, boundaries and addresses of sessions become placeholders; identifiers that
come back keep telling that they are the same. What differs then is told line by line, as a reader would look for it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

#: What changes from one message to the next, each with the name of its placeholder.
_DRAWN: Final = re.compile(
    r"(?P<uuid>[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})"
    r"|(?P<oid>\b2\.25\.\d{5,}|\b[0-2](?:\.\d+){4,}\.\d{12,}\b)"
    r"|(?P<moment>\b\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?|\b20\d{12}(?:[+-]\d{4})?\b)"
    r"|(?P<session>/s/[A-Za-z0-9._-]+)"
    r"|(?P<port>(?<=127\.0\.0\.1:)\d+|(?<=localhost:)\d+)"
    r"|(?P<digest>\b[0-9a-f]{40}\b|\b[0-9a-f]{64}\b|(?<![\w/.:+-])(?=[a-z+/]*[A-Z0-9])"
    r"(?:[A-Za-z0-9+/]{4}){6,}[A-Za-z0-9+/=]{3,4}(?![\w/.+-]))"
)
_OPENING: Final = re.compile(r"<([A-Za-z_][\w.:-]*)(?:\s[^>]*)?(?<!/)>$")
_NUMBERED: Final = ("uuid", "oid")
#: Longest line of a message that is told, and how many differences.
_LONGEST: Final = 300
_MOST: Final = 12


@dataclass(frozen=True)
class Difference:
    """One line that differs: where it is (the elements around it), what it was, what it is; "" for no line."""

    where: str
    before: str
    after: str


def normal(body: bytes) -> tuple[str, ...]:
    """The message in lines, an element each, with placeholders."""
    text = body.decode("utf-8", "replace").replace("\r\n", "\n")
    lines = re.sub(r">\s*<", ">\n<", text).split("\n")
    place = _placeholders()
    return tuple(_DRAWN.sub(place, line.strip()) for line in lines if line.strip())


def differences(before: bytes, after: bytes) -> tuple[Difference, ...]:
    """What differs, at most a dozen lines of it; nothing when both say the same."""
    if before == after:
        return ()
    olds, news = normal(before), normal(after)
    if olds == news:
        return ()
    found: list[Difference] = []
    for kind, start, end, from_, to in difflib.SequenceMatcher(
        None, olds, news, autojunk=False
    ).get_opcodes():
        if kind == "equal":
            continue
        for rank in range(max(end - start, to - from_)):
            old = olds[start + rank] if start + rank < end else ""
            new = news[from_ + rank] if from_ + rank < to else ""
            found.append(
                Difference(_around(news if new else olds, from_ if new else start), _cut(old), _cut(new))
            )
    return tuple(found[:_MOST])


def _placeholders() -> Callable[[re.Match[str]], str]:
    seen: dict[str, int] = {}

    def place(match: re.Match[str]) -> str:
        name = str(match.lastgroup)
        if name not in _NUMBERED:
            return f"<{name}>"
        return f"<{name} {seen.setdefault(match[0].lower(), len(seen) + 1)}>"

    return place


def _around(lines: tuple[str, ...], rank: int) -> str:
    """The element that opened last before that line."""
    for line in reversed(lines[:rank]):
        if match := _OPENING.match(line):
            return match[1]
    return ""


def _cut(line: str) -> str:
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
