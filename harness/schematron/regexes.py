"""Regular expressions of XPath 2.0 as Python's: the ends of text, classes of XML names, category escapes refused."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from harness.schematron.values import DynamicError, Unsupported

_FLAGS: Final = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL, "x": re.VERBOSE}
_ESCAPES: Final = {"i": r"[^\W\d]", "c": r"[\w.\-:\u00b7]", "I": r"[\W\d]", "C": r"[^\w.\-:\u00b7]"}
_INSIDE: Final = {"i": r"a-zA-Z_:\u00c0-\ufffd", "c": r"\w.\-:\u00b7"}


@lru_cache(maxsize=1024)
def compiled(pattern: str, flags: str = "") -> re.Pattern[str]:
    """Raises DynamicError (FORX0002) for a pattern XPath refuses, Unsupported for what Python has not."""
    value = 0
    for flag in flags:
        if flag not in _FLAGS:
            raise DynamicError(f"FORX0001: {flags!r}")
        value |= _FLAGS[flag]
    try:
        return re.compile(_translated(pattern, multiline="m" in flags, dotall="s" in flags), value)
    except re.error as problem:
        raise DynamicError(f"FORX0002: {pattern!r} ({problem})") from problem


def _translated(pattern: str, *, multiline: bool, dotall: bool) -> str:
    out: list[str] = []
    at, depth = 0, 0
    while at < len(pattern):
        sign = pattern[at]
        if sign == "\\" and at + 1 < len(pattern):
            out.append(_escape(pattern[at + 1], inside=depth > 0))
            at += 2
            continue
        if depth:
            if sign == "[":
                raise Unsupported(f"soustraction de classes dans {pattern!r}")
            depth -= sign == "]"
            out.append(sign)
        elif sign == "[":
            depth += 1
            out.append(sign)
        elif sign == "$" and not multiline:
            out.append(r"\Z")
        elif sign == "^" and pattern[at + 1 : at + 2] in ("*", "+", "?", "{"):
            out.append("(?:^)")  # Python does not repeat an anchor; Saxon does
        elif sign == "." and not dotall:
            out.append(r"[^\n\r]")
        else:
            out.append(sign)
        at += 1
    return "".join(out)


def _escape(letter: str, *, inside: bool) -> str:
    if letter in "pP":
        raise Unsupported(f"catégorie Unicode \\{letter}")
    if letter in _ESCAPES:
        if not inside:
            return _ESCAPES[letter]
        if letter in _INSIDE:
            return _INSIDE[letter]
        raise Unsupported(f"\\{letter} dans une classe")
    return "\\" + letter


def replacement(text: str) -> str:
    """A replacement of XPath (`$1`, `\\$`) as Python's."""
    out: list[str] = []
    at = 0
    while at < len(text):
        sign = text[at]
        if sign == "\\" and at + 1 < len(text) and text[at + 1] in "\\$":
            out.append("\\\\" if text[at + 1] == "\\" else "$")
            at += 2
        elif sign == "$" and at + 1 < len(text) and text[at + 1].isdigit():
            out.append(rf"\g<{text[at + 1]}>")
            at += 2
        elif sign in "\\$":
            raise DynamicError(f"FORX0004: {text!r}")
        else:
            out.append(sign)
            at += 1
    return "".join(out)
