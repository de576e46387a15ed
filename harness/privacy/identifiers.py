"""Identifiers of people and structures in bytes: INS and NIR, RPPS, FINESS, and what is under a production domain.

A number counts when its key is right and nothing glued to it makes it part of a longer one; without a key (under a
production domain, INS-C) when its domain is near. Whether nobody bears it is `harness.privacy.known`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from protocol.errors import IdentifierError
from protocol.facts import OID_INS_C, OID_INS_NIA, OID_INS_NIR, OID_PS, OID_STRUCTURE
from protocol.identifiers.ins import ins_key
from protocol.identifiers.national import luhn

Kind = Literal["INS", "INS-PRODUCTION", "INS-C", "RPPS", "FINESS"]

#: What may separate the groups of a NIR written for people: space, no-break space, narrow one, dot, hyphen.
_GAP: Final = rb"(?:[ .\-]|\xc2\xa0|\xa0|\xe2\x80\xaf)?"
_BEFORE: Final = rb"(?<![0-9A-Za-z])(?<![0-9]\.)"
_AFTER: Final = rb"(?![0-9A-Za-z])(?!\.[0-9])"
_NIR: Final = re.compile(
    _BEFORE
    + rb"([123478])"
    + _GAP
    + rb"([0-9]{2})"
    + _GAP
    + rb"([0-9]{2})"
    + _GAP
    + rb"([0-9]{2}|2[ABab])"
    + _GAP
    + rb"([0-9]{3})"
    + _GAP
    + rb"([0-9]{3})"
    + _GAP
    + rb"([0-9]{2})"
    + _AFTER
)
_FIFTEEN: Final = re.compile(rb"(?<![0-9A-Za-z.])[0-9]{6}[0-9ABab][0-9]{8}" + _AFTER)
_TWENTY_TWO: Final = re.compile(rb"(?<![0-9A-Za-z.])[0-9]{22}" + _AFTER)
_PRODUCTION: Final = re.compile(
    rb"(?<![0-9.])(?:"
    + b"|".join(re.escape(oid.encode()) for oid in (OID_INS_NIR, OID_INS_NIA))
    + rb")(?![0-9.])"
)
_INS_C: Final = re.compile(rb"(?<![0-9.])" + re.escape(OID_INS_C.encode()) + rb"(?![0-9.])")
#: A PS_IdNat says what it is; real RPPS begin with 10.
_PS_ID: Final = re.compile(_BEFORE + rb"8(10[0-9]{9})" + _AFTER)
_ELEVEN: Final = re.compile(_BEFORE + rb"8?([0-9]{11})" + _AFTER)
_NINE: Final = re.compile(_BEFORE + rb"1?([0-9][0-9AB][0-9]{7})" + _AFTER)
# Spelt out rather than without case: many times faster on megabytes.
#: The same as a string of a certificate, whose neighbours (tags 0x30, 0x31) look like digits.
_DER_NIR: Final = re.compile(
    rb"[\x0c\x13\x16]\x0f([123478])([0-9]{2})([0-9]{2})([0-9]{2}|2[AB])([0-9]{3})([0-9]{3})([0-9]{2})"
)
_DER_PS_ID: Final = re.compile(rb"[\x0c\x13\x16]\x0c8(10[0-9]{9})")
_PS_NEAR: Final = re.compile(re.escape(OID_PS.encode()) + rb"(?![0-9.])|RPPS|rpps|Rpps")
_STRUCTURE_NEAR: Final = re.compile(
    re.escape(OID_STRUCTURE.encode()) + rb"(?![0-9.])|FINESS|finess|Finess|Identifiant_Structure"
)
_LITERALS: Final[dict[Kind, tuple[bytes, ...]]] = {
    "INS-PRODUCTION": (OID_INS_NIR.encode(), OID_INS_NIA.encode()),
    "INS-C": (OID_INS_C.encode(),),
    "RPPS": (OID_PS.encode(), b"RPPS", b"rpps", b"Rpps"),
    "FINESS": (OID_STRUCTURE.encode(), b"FINESS", b"finess", b"Finess", b"Identifiant_Structure"),
}
#: How far (bytes) a number may be from what tells its domain.
_NEAR: Final = 120


@dataclass(frozen=True)
class Seen:
    """One identifier: what it is, its value without separators, and where it begins in the bytes."""

    kind: Kind
    value: str
    offset: int


def identifiers(data: bytes) -> Iterator[Seen]:
    """Identifiers in the bytes, each place once for each kind."""
    seen: set[tuple[str, int]] = set()
    for found in (*_nir(data), *_near(data)):
        if (found.kind, found.offset) not in seen:
            seen.add((found.kind, found.offset))
            yield found


def shown(value: str) -> str:
    """An identifier as it may be quoted in a message: enough to find it, not to use it."""
    return value[:3] + "•" * (len(value) - 5) + value[-2:]


def _nir(data: bytes) -> Iterator[Seen]:
    for found in (*_NIR.finditer(data), *_DER_NIR.finditer(data)):
        number = b"".join(found.groups()).decode("ascii").upper()
        try:
            right = ins_key(number[:13]) == number[13:]
        except IdentifierError:
            continue
        if right:
            yield Seen("INS", number, found.start())
    for found in (*_PS_ID.finditer(data), *_DER_PS_ID.finditer(data)):
        if luhn(found[1].decode("ascii")):
            yield Seen("RPPS", found[1].decode("ascii"), found.start())


def _near(data: bytes) -> Iterator[Seen]:
    kinds: tuple[tuple[Kind, re.Pattern[bytes], re.Pattern[bytes]], ...] = (
        ("INS-PRODUCTION", _PRODUCTION, _FIFTEEN),
        ("INS-C", _INS_C, _TWENTY_TWO),
        ("RPPS", _PS_NEAR, _ELEVEN),
        ("FINESS", _STRUCTURE_NEAR, _NINE),
    )
    for kind, domain, form in kinds:
        if not any(literal in data for literal in _LITERALS[kind]):  # many times faster than the expression
            continue
        for told in domain.finditer(data):
            start, end = max(told.start() - _NEAR, 0), told.end() + _NEAR
            for found in form.finditer(data, start, end):
                number = found[found.lastindex or 0].decode("ascii").upper()
                if kind not in ("RPPS", "FINESS") or (number.isdigit() and luhn(number)):
                    yield Seen(kind, number, found.start())
