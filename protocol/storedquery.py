"""Grammar of the values of a stored query (ITI TF-2, 3.18.4.1.2.3): numbers, quoted strings, lists.

Also the two forms hidden in strings: `code^^scheme` and LIKE patterns. Which parameter takes which form, and
how many values, is for the query engine and the rules.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from protocol.coded import Coded
from protocol.errors import MetadataError, Text

#: Characters of a number: enough for any DTM or version, far under what integers cost to read.
_MAX_NUMBER = 18
_ITEM = re.compile(r"\s*+(?:(?P<number>-?[0-9]++)|'(?P<string>(?:[^']++|'')*+)')\s*+")
_OPEN = re.compile(r"\s*+\(")
_CLOSE = re.compile(r"\)\s*+")


@dataclass(frozen=True, slots=True)
class Values:
    """`is_list`: parentheses were written, even around one item. Strings are unquoted, numbers are int."""

    items: tuple[str | int, ...]
    is_list: bool


def parse_values(raw: str) -> Values:
    """Read one Value: `123`, `'O''Neil'`, `('a','b')`, with blanks between tokens. Raises MetadataError."""
    opened = _OPEN.match(raw)
    if opened is None:
        item, at = _item(raw, 0)
        if at != len(raw):
            raise _broken(raw, at)
        return Values((item,), False)
    items: list[str | int] = []
    at = opened.end()
    while True:
        item, at = _item(raw, at)
        items.append(item)
        closed = _CLOSE.match(raw, at)
        if closed is not None and closed.end() == len(raw):
            return Values(tuple(items), True)
        if raw[at : at + 1] != ",":
            raise _broken(raw, at)
        at += 1


def join_values(raws: Sequence[str]) -> Values:
    """Read the Value elements of one slot as one list: `('a','b')` `('c')` is `('a','b','c')`.

    `is_list` when every one of them is a list; no element at all gives no item. Raises MetadataError.
    """
    read = [parse_values(raw) for raw in raws]
    items = tuple(item for values in read for item in values.items)
    return Values(items, bool(read) and all(values.is_list for values in read))


def write_values(values: Values) -> str:
    """Inverse of `parse_values` (one item, unless a list); quotes are doubled."""
    written = [_write(item) for item in values.items]
    return f"({','.join(written)})" if values.is_list else ",".join(written)


def parse_code(item: str | int) -> Coded:
    """Read `code^^scheme` (components 1 and 3 of CE; 2 is the label). Raises MetadataError when one lacks."""
    code, label, scheme = (*str(item).split("^", 2), "", "")[:3]
    if isinstance(item, int) or not code or not scheme or "^" in scheme:
        raise MetadataError(
            "QUERY-002",
            Text("valeur codée mal écrite", "coded value written wrongly"),
            field="rim:Value",
            found=str(item),
            expected="'code^^scheme'",
        )
    return Coded(code, scheme, label)


def like(pattern: str, value: str) -> bool:
    """SQL LIKE without case: `%` any run, `_` one character. Time is at most the product of the lengths."""
    wanted, text = pattern.casefold(), value.casefold()
    at = mark = resume = 0
    star = -1
    while at < len(text):
        if mark < len(wanted) and wanted[mark] == "%":
            star, resume = mark, at
            mark += 1
        elif mark < len(wanted) and wanted[mark] in ("_", text[at]):
            at, mark = at + 1, mark + 1
        elif star >= 0:
            resume += 1
            at, mark = resume, star + 1
        else:
            return False
    return not wanted[mark:].strip("%")


def _item(raw: str, at: int) -> tuple[str | int, int]:
    found = _ITEM.match(raw, at)
    if found is None:
        raise _broken(raw, at)
    number = found["number"]
    if number is None:
        return found["string"].replace("''", "'"), found.end()
    if len(number) > _MAX_NUMBER:
        raise _broken(raw, at)
    return int(number), found.end()


def _write(item: str | int) -> str:
    if isinstance(item, int):
        return str(item)
    doubled = item.replace("'", "''")
    return f"'{doubled}'"


def _broken(raw: str, at: int) -> MetadataError:
    return MetadataError(
        "QUERY-001",
        Text(
            f"valeur de requête illisible au caractère {at + 1}",
            f"query value that can't be read at character {at + 1}",
        ),
        field="rim:Value",
        found=raw[:256],
        expected="123, 'texte', ('a','b')",
        mend=Text(
            "mettre les textes entre apostrophes, doubler celles du texte, et les listes entre parenthèses",
            "put strings between single quotes, double those of the text, and lists between parentheses",
        ),
    )
