"""Text from outside, made safe to look at: on a page or a terminal, nothing in it hides, turns or commands."""

from __future__ import annotations

import unicodedata
from typing import Any


def visible(text: str) -> str:
    """Control, format and unassigned characters become their escape (`\\u202e`); line ends stay."""
    if text.isprintable():
        return text
    return "".join(c if c == "\n" or unicodedata.category(c)[0] != "C" else f"\\u{ord(c):04x}" for c in text)


def one_line(text: str) -> str:
    """The same on one line: what is quoted in a list makes no line of its own."""
    return visible(text).replace("\n", "\\n")


def shown(value: Any) -> Any:
    """What a template prints: text as `visible` has it, markup and numbers as they are."""
    return visible(value) if type(value) is str else value
