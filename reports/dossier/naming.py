"""Names that a file brings to the public list: what they show is what they are.

A holder or product that looks like another one of the list is refused where it enters: letters of another alphabet that
are drawn like Latin ones (a Cyrillic a in a Latin word), characters that hide, or turn the line.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any, Final

from protocol.errors import Text, UsageError
from protocol.visible import visible

#: Letters of other alphabets that are drawn like Latin ones.
_ALIKE: Final = frozenset(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u0501\u04bb\u051b\u051d\u043a\u0433"  # Cyrillic
    "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425\u0406\u0408\u0405\u0417"
    "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7"  # Greek
    "\u03bf\u03bd\u03c1\u03b9\u03ba\u03c5\u03b1\u03f2\u03f3"
    "\u0585\u0578\u057d\u0570\u0566\u054d\u0555"  # Armenian
)


_WORD: Final = re.compile(r"\w+")


def refuse_unclear(opening: Mapping[str, Any]) -> None:
    """Raises UsageError (DOSSIER-033) for the first name of an opening that does not show what it is."""
    for name in _names(opening):
        if visible(name) != name or "\n" in name or any(map(_borrowed, _WORD.findall(name))):
            raise UsageError(
                "DOSSIER-033",
                Text("ce nom ne se lit pas pour ce qu'il est", "this name does not read as what it is"),
                found=ascii(name),
                mend=Text(
                    "l'écrire dans un seul alphabet, sans caractère invisible",
                    "write it in one alphabet, without invisible characters",
                ),
            )


def _names(opening: Mapping[str, Any]) -> Iterator[str]:
    for name in ("holder", "family"):
        yield str(opening.get(name, ""))
    for product in opening.get("products", ()):
        yield str(product["name"])
        yield from map(str, product["versions"])


def _borrowed(word: str) -> bool:
    """Whether a word has letters drawn like Latin ones, among Latin ones or alone."""
    letters = [letter for letter in unicodedata.normalize("NFKC", word) if letter.isalpha()]
    alike = [letter for letter in letters if letter in _ALIKE]
    latin = any(unicodedata.name(letter, "").startswith("LATIN") for letter in letters)
    return bool(alike) and (latin or len(alike) == len(letters))
