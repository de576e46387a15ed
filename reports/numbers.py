"""Reference numbers of reports: public, with check characters, `TST` unless an authority sets its own issuer.

Shape `SSS-YYK-XXXXXXX-CC`: issuer, year, kind, seven base-32 characters without look-alikes, two check
characters (ISO/IEC 7064, MOD 1271-36: it catches every single substitution and every adjacent
transposition). The secret wire number is something else and never appears here.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import date
from typing import Final

from protocol.errors import DmpcompatError, Text

ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#: Base 32 without I, L, O, U: nothing that is read for something else on paper.
BASE32: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
KINDS: Final = {"L": "logiciel complet", "E": "connecteur", "I": "intégrateur", "R": "recette", "T": "test"}
TEST_ISSUER: Final = "TST"

_BODY_LENGTH: Final = 7
_SHAPE: Final = re.compile(r"([A-Z]{3})([0-9]{2})([A-Z])([0-9A-Z]{7})([0-9A-Z]{2})")


class NumberRefused(DmpcompatError):
    """A reference that is not one."""

    exit_code = 64


def check_characters(text: str) -> str:
    """The two MOD 1271-36 check characters of `text` (characters of ALPHABET only).

    Source: ISO/IEC 7064, pure system with two check characters. Raises NumberRefused.
    """
    total = 0
    for character in text:
        value = ALPHABET.find(character)
        if value < 0:
            raise NumberRefused(
                "REF-001",
                Text("caractère hors alphabet", "character outside the alphabet"),
                found=character,
                expected="0-9 A-Z",
            )
        total = (total + value) * 36 % 1271
    check = (1272 - total * 36) % 1271
    return ALPHABET[check // 36] + ALPHABET[check % 36]


def checks(text: str) -> bool:
    """Whether the last two characters are the check characters of the rest."""
    return len(text) > 2 and all(c in ALPHABET for c in text) and check_characters(text[:-2]) == text[-2:]


@dataclass(frozen=True)
class Reference:
    """A report reference. `str()` gives the printed form with hyphens."""

    issuer: str
    year: int
    kind: str
    body: str

    @property
    def canonical(self) -> str:
        """Fifteen characters, no hyphen: what is signed and compared."""
        head = f"{self.issuer}{self.year:02d}{self.kind}{self.body}"
        return head + check_characters(head)

    def __str__(self) -> str:
        text = self.canonical
        return f"{text[:3]}-{text[3:6]}-{text[6:13]}-{text[13:]}"


def allocate(on: date, kind: str = "T", issuer: str = TEST_ISSUER) -> Reference:
    """A new reference for a report issued on that day.

    The body is random (35 bits): it tells nothing about how many reports exist, and two neighbours are not
    one keystroke apart. Raises NumberRefused for an issuer or kind outside the scheme.
    """
    body = "".join(BASE32[secrets.randbelow(32)] for _ in range(_BODY_LENGTH))
    return parse(Reference(issuer, on.year % 100, kind, body).canonical)


def parse(text: str) -> Reference:
    """Read a reference as people type it: case, spaces and hyphens are free; O, I and L in the base-32 part
    are read as 0, 1 and 1.

    Raises NumberRefused for a wrong shape, an unknown kind or wrong check characters.
    """
    plain = re.sub(r"[\s-]", "", text).upper()
    if len(plain) == 15:
        plain = plain[:6] + plain[6:13].translate(str.maketrans("OIL", "011")) + plain[13:]
    match = _SHAPE.fullmatch(plain)
    if match is None or match[3] not in KINDS or not set(match[4]) <= set(BASE32):
        raise NumberRefused(
            "REF-002",
            Text("ce n'est pas un numéro de référence", "this is not a reference number"),
            found=text,
            expected="SSS-YYK-XXXXXXX-CC",
        )
    if not checks(plain):
        raise NumberRefused(
            "REF-003",
            Text("les caractères de contrôle sont faux", "the check characters are wrong"),
            found=text,
            mend=Text(
                "relire le numéro caractère par caractère", "read the number again, character by character"
            ),
        )
    return Reference(match[1], int(match[2]), match[3], match[4])
