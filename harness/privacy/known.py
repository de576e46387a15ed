"""Whom the synthetic data sets know: the identifiers that may be handed out, since nobody bears them.

Beside the data sets, ranges that no register assigns: commune 999 in an INS, RPPS in 9999, FINESS of department 99.
An authority's own test identifiers are exceptions (`harness.privacy.exceptions`), written down with their reason.
"""

from __future__ import annotations

from functools import cache

from protocol import directory

_NO_COMMUNE = slice(7, 10)


@cache
def patients() -> frozenset[str]:
    """INS and INS-C of every patient of the data sets."""
    found: set[str] = set()
    for one in directory.patients().values():
        found |= {number.number for number in (one.ins, *one.other_ins)}
        found.add(one.ins_c)
    return frozenset(found - {""})


@cache
def professionals() -> frozenset[str]:
    """PS_IdNat of every professional of the data sets, without its prefix."""
    return frozenset(one.ps_id[1:].partition("/")[0] for one in directory.professionals().values())


@cache
def structures() -> frozenset[str]:
    """Struct_IdNat of every structure of the data sets, without its prefix."""
    return frozenset(one.struct_id[1:] for one in directory.structures().values())


def patient(number: str) -> bool:
    """Whether an INS or an INS-C is nobody's."""
    return number in patients() or (len(number) == 15 and number[_NO_COMMUNE] == "999")


def professional(number: str) -> bool:
    """Whether an RPPS (11 digits) is nobody's."""
    return number in professionals() or number.startswith("9999")


def structure(number: str) -> bool:
    """Whether a FINESS (9 characters) is nobody's."""
    return number in structures() or number.startswith("99")
