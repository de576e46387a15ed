"""Text from outside, made safe to look at: nothing in it hides, turns or commands. HTML is escaped by the templates."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_UNUSUAL: Final = re.compile(r"[^\n\t -~]")


def visible(text: str) -> str:
    """Control, format, separator and unassigned characters become their escape (`\\u202e`); line ends and tabs stay."""
    return _UNUSUAL.sub(_shown, text)


def _shown(match: re.Match[str]) -> str:
    sign = match[0]
    hidden = unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
    return f"\\u{ord(sign):04x}" if hidden else sign
