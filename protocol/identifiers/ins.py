"""INS: the national identifier of a patient (matricule and identity domain), and its key.

Reads the 15 characters of the NIR/NIA (Corsica included) and the 22 digits of the historic INS-C. It does not
say whether a production identity may be used; `Ins.production` lets the caller decide.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from protocol.errors import IdentifierError, Text
from protocol.facts import (
    OID_INS_C,
    OID_INS_DEMO,
    OID_INS_NIA,
    OID_INS_NIR,
    OID_INS_TEST,
    PRODUCTION_INS_OIDS,
)

#: Identity domains known here; another one is an error of the caller's.
DOMAINS = frozenset({OID_INS_C, OID_INS_NIR, OID_INS_NIA, OID_INS_TEST, OID_INS_DEMO})
# Sex, year, month (01-12; 20-42 and 50-99 stand for an unknown month), department (2A, 2B), commune, rank.
_BODY = re.compile(
    r"[123478][0-9]{2}(?:0[1-9]|1[0-2]|2[0-9]|3[0-9]|4[0-2]|[5-9][0-9])(?:[0-9]{2}|2[AB])[0-9]{6}"
)
_INS_C = re.compile(r"[0-9]{22}")
_KEY = re.compile(r"[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Ins:
    """`number`: 15 characters with the key (22 digits under the INS-C domain); `oid`: identity domain."""

    number: str
    oid: str

    def __str__(self) -> str:
        return self.number

    @property
    def production(self) -> bool:
        """True under a domain of real patients."""
        return self.oid in PRODUCTION_INS_OIDS

    @property
    def historic(self) -> bool:
        """True for an INS-C: computed, no key, still returned beside the NIR."""
        return self.oid == OID_INS_C

    @property
    def provisional(self) -> bool:
        """True for a number in waiting: sex digit 3, 4, 7 or 8, or the NIA domain."""
        return not self.historic and (self.oid == OID_INS_NIA or self.number[0] in "3478")


def ins_key(body13: str) -> str:
    """The two-digit key of 13 characters: 97 minus their remainder by 97, with 2A read as 19 and 2B as 18.

    Raises IdentifierError when the 13 characters do not form a NIR.
    """
    if not _BODY.fullmatch(body13):
        raise IdentifierError(
            "INS-001",
            Text("le corps de l'INS est mal formé", "the body of the INS is malformed"),
            field="INS",
            found=body13[:40],
            expected="SAAMMDDCCCRRR",
        )
    department = {"2A": "19", "2B": "18"}.get(body13[5:7], body13[5:7])
    return f"{97 - int(body13[:5] + department + body13[7:]) % 97:02d}"


def parse_ins(number: str, oid: str) -> Ins:
    """Read a number under its domain; the key is checked. Raises IdentifierError."""
    if oid not in DOMAINS:
        raise IdentifierError(
            "INS-002",
            Text("domaine d'identité inconnu", "unknown identity domain"),
            field="INS OID",
            found=oid[:80],
            expected=", ".join(sorted(DOMAINS)),
        )
    if oid == OID_INS_C:
        return _historic(number)
    if len(number) != 15 or not _KEY.fullmatch(number[13:]):
        raise IdentifierError(
            "INS-003",
            Text("longueur ou clé de l'INS incorrecte", "wrong length or key of the INS"),
            field="INS",
            found=number[:40],
            expected="13 + 2",
        )
    key = ins_key(number[:13])
    if key != number[13:]:
        raise IdentifierError(
            "INS-004",
            Text("la clé de l'INS est fausse", "the key of the INS is wrong"),
            field="INS",
            found=number,
            expected=f"{number[:13]}{key}",
            mend=Text(
                "vérifier la saisie ; en Corse garder 2A ou 2B dans le matricule",
                "check what was typed; in Corsica keep 2A or 2B in the number",
            ),
        )
    return Ins(number, oid)


def _historic(number: str) -> Ins:
    if not _INS_C.fullmatch(number):
        raise IdentifierError(
            "INS-005",
            Text("un INS-C a 22 chiffres", "an INS-C has 22 digits"),
            field="INS-C",
            found=number[:40],
            expected="22",
        )
    return Ins(number, OID_INS_C)
