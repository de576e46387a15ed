"""PS_IdNat and Struct_IdNat: the prefix tells which register the number comes from.

Reads the prefix and the layout behind it. A false Luhn key is not an error, since many test numbers have one:
`luhn_ok` says what it is and the caller decides. Whether the number exists is for the directory.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from protocol.errors import IdentifierError, Text

PsKind = Literal[
    "ADELI",
    "ADELI_CABINET_INTERNE",
    "FINESS_INTERNE",
    "SIREN_INTERNE",
    "SIRET_INTERNE",
    "RPPS_CABINET_INTERNE",
    "RPPS",
]
StructKind = Literal["ADELI_CABINET", "FINESS", "SIREN", "SIRET", "RPPS_RANG", "TECHNIQUE"]

_ADELI = r"[0-9A-Z]{9}"
_ADELI_PRACTICE = r"[0-9A-Z]{9,11}"
_FINESS = r"[0-9][0-9AB][0-9]{7}"
_SIREN = r"[0-9]{9}"
_SIRET = r"[0-9]{14}"
_RPPS = r"[0-9]{11}"
_RPPS_PRACTICE = r"[0-9]{11}[0-9]{2,3}"
# One letter or a digit that is no prefix opens the number of a structure known to no register.
_TECHNICAL = re.compile(r"[A-Z5-9][0-9A-Z._-]{0,63}")

_PS: dict[str, tuple[PsKind, re.Pattern[str]]] = {
    "0": ("ADELI", re.compile(_ADELI)),
    "1": ("ADELI_CABINET_INTERNE", re.compile(_ADELI_PRACTICE)),
    "3": ("FINESS_INTERNE", re.compile(_FINESS)),
    "4": ("SIREN_INTERNE", re.compile(_SIREN)),
    "5": ("SIRET_INTERNE", re.compile(_SIRET)),
    "6": ("RPPS_CABINET_INTERNE", re.compile(_RPPS_PRACTICE)),
    "8": ("RPPS", re.compile(_RPPS)),
}
_STRUCTURE: dict[str, tuple[StructKind, re.Pattern[str]]] = {
    "0": ("ADELI_CABINET", re.compile(_ADELI_PRACTICE)),
    "1": ("FINESS", re.compile(_FINESS)),
    "2": ("SIREN", re.compile(_SIREN)),
    "3": ("SIRET", re.compile(_SIRET)),
    "4": ("RPPS_RANG", re.compile(_RPPS_PRACTICE)),
}
_LA_POSTE = "356000000"


@dataclass(frozen=True, slots=True)
class PsIdNat:
    """A professional, or a system of a structure. `internal` follows the slash ("" for ADELI and RPPS)."""

    prefix: str
    number: str
    internal: str = ""

    def __str__(self) -> str:
        return f"{self.prefix}{self.number}" + (f"/{self.internal}" if self.internal else "")

    @property
    def kind(self) -> PsKind:
        return _PS[self.prefix][0]

    @property
    def luhn_ok(self) -> bool | None:
        """Is the Luhn key right; None where the number has none (ADELI, letters)."""
        return _keyed(self.kind.removesuffix("_INTERNE"), self.number)


@dataclass(frozen=True, slots=True)
class StructIdNat:
    """A structure. `prefix` is "" for a technical number."""

    prefix: str
    number: str

    def __str__(self) -> str:
        return self.prefix + self.number

    @property
    def kind(self) -> StructKind:
        return _STRUCTURE[self.prefix][0] if self.prefix else "TECHNIQUE"

    @property
    def luhn_ok(self) -> bool | None:
        """Is the Luhn key right; None where the number has none (ADELI, technical, letters)."""
        return _keyed(self.kind, self.number)


def parse_ps_id(text: str) -> PsIdNat:
    """Read a PS_IdNat: 0 ADELI, 8 RPPS; 1, 3, 4, 5, 6 a structure, then `/` and an internal id.

    The layouts under 1 and 6 (rank of 2 or 3 digits) are inferred. Raises IdentifierError.
    """
    prefix, (number, slash, internal) = text[:1], text[1:].partition("/")
    if prefix not in _PS:
        raise _unknown_prefix("PS_IdNat", text, "0, 1, 3, 4, 5, 6, 8")
    kind, form = _PS[prefix]
    if not form.fullmatch(number):
        raise _bad_layout("PS_IdNat", text, f"{prefix} + {kind}")
    if kind in ("ADELI", "RPPS"):
        if slash:
            raise _bad_layout("PS_IdNat", text, f"{prefix} + {kind}")
    elif not internal or internal != internal.strip() or not internal.isprintable():
        raise _bad_layout("PS_IdNat", text, f"{prefix} + {kind.removesuffix('_INTERNE')} + / + id")
    return PsIdNat(prefix, number, internal)


def parse_struct_id(text: str) -> StructIdNat:
    """Read a Struct_IdNat: 0 ADELI practice, 1 FINESS, 2 SIREN, 3 SIRET, 4 RPPS and rank, else technical.

    The length of the rank (2 or 3 digits) and the alphabet of technical numbers are inferred from samples.
    Raises IdentifierError.
    """
    prefix, number = text[:1], text[1:]
    if prefix not in _STRUCTURE:
        if _TECHNICAL.fullmatch(text):
            return StructIdNat("", text)
        raise _unknown_prefix("Struct_IdNat", text, "0, 1, 2, 3, 4")
    kind, form = _STRUCTURE[prefix]
    if not form.fullmatch(number):
        raise _bad_layout("Struct_IdNat", text, f"{prefix} + {kind}")
    return StructIdNat(prefix, number)


def luhn(digits: str) -> bool:
    """True when the last of these ASCII digits is the Luhn key of the others."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (1 + place % 2)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


def _keyed(register: str, number: str) -> bool | None:
    if not number.isdecimal() or register in ("ADELI", "ADELI_CABINET", "TECHNIQUE"):
        return None
    if register in ("RPPS_CABINET", "RPPS_RANG"):
        return luhn(number[:11])
    if register == "SIRET" and number.startswith(_LA_POSTE):
        # The establishments of La Poste follow their own rule: the plain sum of digits is a multiple of 5.
        return luhn(number) or sum(map(int, number)) % 5 == 0
    return luhn(number)


def _unknown_prefix(name: str, text: str, expected: str) -> IdentifierError:
    return IdentifierError(
        "IDNAT-001",
        Text(f"préfixe de {name} inconnu", f"unknown prefix of {name}"),
        field=name,
        found=text[:80],
        expected=expected,
    )


def _bad_layout(name: str, text: str, expected: str) -> IdentifierError:
    return IdentifierError(
        "IDNAT-002",
        Text(f"{name} mal formé pour son préfixe", f"{name} malformed for its prefix"),
        field=name,
        found=text[:80],
        expected=expected,
    )
