"""Names made comparable: case, accents, ligatures and punctuation folded; how a name sounds; how near two are.

Facts of French spelling only. Who is found by which name, and with which score, is decided elsewhere.
"""

from __future__ import annotations

import re
import unicodedata
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Final

_LIGATURES: Final = str.maketrans(
    {"Œ": "OE", "œ": "OE", "Æ": "AE", "æ": "AE", "ß": "SS", "ẞ": "SS", "’": "'"}
)
_NOT_WORD: Final = re.compile(r"[^0-9A-Z]+")
#: What is written in several ways and said in one, in the order in which it is replaced.
_SOUNDS: Final = tuple(
    (re.compile(pattern), said)
    for pattern, said in (
        (r"PH", "F"),
        (r"SCH|CH|SH", "9"),
        (r"GN", "N"),
        (r"QU?|CK|C(?![EIY9])", "K"),
        (r"C(?=[EIY])", "S"),
        (r"GU(?=[EI])", "8"),
        (r"G(?=[EIY])", "J"),
        (r"EAU[XSTD]?|AU[XSTD]?|O[TSD]$", "O"),
        (r"AI|EI|ET$|EZ$|ER$", "E"),
        (r"Y", "I"),
        (r"W", "V"),
        (r"Z", "S"),
        (r"H", ""),
        (r"[XSTDPE]+$", ""),
        (r"(.)\1+", r"\1"),
    )
)


@lru_cache(maxsize=16384)
def fold(text: str) -> str:
    """Upper case without accents; ligatures are two letters; anything but letters and digits is one space."""
    return _NOT_WORD.sub(" ", unaccented(text)).strip()


def unaccented(text: str) -> str:
    """Upper case without accents nor ligatures; punctuation stays, typographic apostrophes are straight."""
    spelt = unicodedata.normalize("NFKD", text.translate(_LIGATURES))
    return "".join(letter for letter in spelt if not unicodedata.combining(letter)).upper()


@lru_cache(maxsize=16384)
def sound(text: str) -> str:
    """A key that names said alike share (LEFAUCHEUX, LE FAUCHEU); never "" for a name that has a letter."""
    said = written = fold(text).replace(" ", "")
    for pattern, replacement in _SOUNDS:
        said = pattern.sub(replacement, said)
    return said or written


def likeness(one: str, other: str) -> float:
    """From 0 (nothing in common) to 1 (the same once folded); spaces do not count."""
    a, b = fold(one).replace(" ", ""), fold(other).replace(" ", "")
    if a == b:
        return 1.0 if a else 0.0
    return SequenceMatcher(None, a, b, autojunk=False).ratio()
