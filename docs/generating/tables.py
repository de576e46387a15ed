"""Markdown: tables, code spans, sections. Knows nothing of what is written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

NOTE: Final = "<!-- Written by docs/generate.py from the data of the project: do not edit. -->"
CONFIDENCE: Final = (
    "Confidence: **A** public text or observed bytes, **B** one public source or several that agree in part, "
    "**C** inferred, so that it can be switched."
)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table. A cell may hold anything but a line break."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(value) for value in line) + " |" for line in lines)


def _cell(value: str) -> str:
    return re.sub(r"\s+", " ", value).replace("|", "\\|").strip() or "–"


def code(value: object) -> str:
    return f"`{value}`" if value != "" else ""


def codes(values: Iterable[object]) -> str:
    return ", ".join(code(value) for value in values)


def section(title: str, body: str) -> str:
    return f"## {title}\n\n{body}"


def page(title: str, intro: str, sections: Iterable[str]) -> str:
    """A page that is written whole."""
    return "\n\n".join([f"# {title}", NOTE, intro, *sections]) + "\n"


_SIZES: Final = re.compile(r"\b([0-9]+)(?: to ([0-9]+))? (bytes|characters)\b")


def same(old: str, new: str) -> bool:
    """Equal but for sizes, which random identifiers and keys move by a few bytes from one run to the next."""
    if old == new:
        return True
    if _SIZES.sub("", old) != _SIZES.sub("", new):
        return False
    pairs = zip(_SIZES.finditer(old), _SIZES.finditer(new), strict=True)
    return all(_near(one, other) for one, other in pairs)


def _near(one: re.Match[str], other: re.Match[str]) -> bool:
    if one[3] != other[3] or (one[2] is None) != (other[2] is None):
        return False
    sizes = ((int(one[at]), int(other[at])) for at in (1, 2) if one[at] is not None)
    return all(abs(first - second) <= max(16, first // 100) for first, second in sizes)
