"""What a decoded part of an exchange is for a page: titled blocks of rows, tables and texts, in both languages.

Values are raw: the page masks them, makes them visible and escapes them. Bounded, so that no message makes a page
that a browser can't hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from protocol.errors import NO_TEXT, DmpcompatError, Text

#: Rows of a table, and characters of a value, that a page shows.
MOST_ROWS: Final = 200
LONGEST: Final = 2000


@dataclass(frozen=True)
class Row:
    """One fact: its name, its value, and what the value means (a label, an explanation). Texts are ours."""

    label: Text
    value: str | Text
    note: str | Text = ""


@dataclass(frozen=True)
class Table:
    """`more`: rows that there are beyond those shown."""

    caption: Text
    headers: tuple[Text, ...]
    rows: tuple[tuple[str | Text, ...], ...]
    more: int = 0


@dataclass(frozen=True)
class Excerpt:
    """Bytes to look at. `kind`: text, hex or empty; `shown`, `total` in bytes; `masked`: how many secrets were."""

    kind: str
    text: str
    shown: int
    total: int
    masked: int = 0


@dataclass(frozen=True)
class Block:
    """One decoded part. `problem` says why it could not be read; `excerpt` holds the text of a document."""

    title: Text
    rows: tuple[Row, ...] = ()
    tables: tuple[Table, ...] = ()
    problem: Text = NO_TEXT
    excerpt: Excerpt | None = None
    open: bool = True


def row(fr: str, en: str, value: object, note: str | Text = "") -> Row:
    """One fact; "" shows as absent."""
    return Row(Text(fr, en), clip(value), clip(note))


def clip(value: object) -> str | Text:
    """A value that fits on a page, its end cut when it is too long, and said so; a text of ours as it is."""
    if isinstance(value, Text):
        return value
    written = str(value)
    return written if len(written) <= LONGEST else f"{written[:LONGEST]}… ({len(written)})"


def table(caption: Text, headers: Iterable[Text], rows: Iterable[Iterable[object]]) -> Table:
    """A table of at most MOST_ROWS rows."""
    every = iter(rows)
    kept = tuple(tuple(clip(cell) for cell in one) for one in islice(every, MOST_ROWS))
    return Table(caption, tuple(headers), kept, sum(1 for _ in every))


def guarded(title: Text, read: Callable[[], Iterable[Block]]) -> Iterator[Block]:
    """The blocks, or one that says why they can't be read."""
    try:
        yield from list(read())
    except DmpcompatError as problem:
        yield Block(title, problem=Text(problem.message("fr"), problem.message("en")))
