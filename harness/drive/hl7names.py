"""Writes the HL7 v2 values that XDS metadata carry: XCN persons, XON institutions, CX identifiers.

Separators inside a value become a dash: the interface defines no escape. Source: interface guide 4.3 (national
identifiers), IHE ITI TF-3 4.2.3.1.7.
"""

from __future__ import annotations

import re
from typing import Final

from protocol.facts import OID_PS, OID_STRUCTURE

_SEPARATORS: Final = re.compile(r"[\^&|~\\]")


def plain(value: str) -> str:
    """The value without HL7 separators and with single spaces."""
    return " ".join(_SEPARATORS.sub("-", value).split())


def person(identifier: str, family: str, given: str, oid: str = OID_PS) -> str:
    """XCN of a professional; the id is national (IDNPS), or internal (EI) when it holds a slash."""
    kind = "EI" if "/" in identifier else "IDNPS"
    return _xcn(identifier, family, given, oid, "D", kind)


def patient_person(number: str, family: str, given: str, oid: str) -> str:
    """XCN of a patient who writes in their own record."""
    return _xcn(number, family, given, oid, "D", "NH")


def device(identifier: str, software: str, model: str, oid: str = OID_PS) -> str:
    """XCN of a system."""
    return _xcn(identifier, software, model, oid, "U", "RI")


def institution(name: str, identifier: str, oid: str = OID_STRUCTURE) -> str:
    """XON of a structure."""
    return f"{plain(name)}^^^^^&{oid}&ISO^IDNST^^^{plain(identifier)}"


def local_identifier(value: str, oid: str) -> str:
    """CX of an identifier local to a structure (IPP)."""
    return f"{plain(value)}^^^&{oid}&ISO^PI"


def specialty(code: str, label: str, system: str) -> str:
    """`G15_10/SM26^{label}^{system}`."""
    return f"{plain(code)}^{plain(label)}^{plain(system)}"


def _xcn(identifier: str, family: str, given: str, oid: str, name_type: str, kind: str) -> str:
    parts = (plain(identifier), plain(family), plain(given))
    return f"{'^'.join(parts)}^^^^^^&{oid}&ISO^{name_type}^^^{kind}"
