"""Codes of a submission: in their value sets, class of the type, visibility (JDV_J57 to J66, ASS_X04).

The signature entry has codes of its own, outside the DMP's value sets, and is left to `signature`.
"""

from __future__ import annotations

from collections.abc import Iterator

from mock_dmp.acceptance.engine import Breach
from mock_dmp.acceptance.xds.filing import MESSAGE, Filing, label
from mock_dmp.state.xds_objects import RegistryObject
from protocol import codes, facts

#: Attribute, scheme, value set.
_ENTRY = (
    ("classCode", facts.DE_CLASS, "JDV_J57"),
    ("confidentialityCode", facts.DE_CONFIDENTIALITY, "JDV_J58"),
    ("formatCode", facts.DE_FORMAT, "JDV_J60"),
    ("healthcareFacilityTypeCode", facts.DE_FACILITY, "JDV_J61"),
    ("practiceSettingCode", facts.DE_PRACTICE, "JDV_J62"),
    ("typeCode", facts.DE_TYPE, "JDV_J66"),
)
_SET = (("contentTypeCode", facts.SS_CONTENT_TYPE, "JDV_J59"),)
_MAX_CONFIDENTIALITY = 4


@MESSAGE.rule("XDS-VALUE-SETS")
def value_sets(filing: Filing) -> Iterator[Breach]:
    """Codes are in JDV_J57 to JDV_J62 and JDV_J66."""
    for package in filing.sent.sets:
        yield from _outside(package, _SET)
    for entry in filing.document_entries:
        yield from _outside(entry, _ENTRY)


@MESSAGE.rule("XDS-CLASS-OF-TYPE")
def class_of_type(filing: Filing) -> Iterator[Breach]:
    """classCode is the class that ASS_X04 gives to the type."""
    for entry in filing.document_entries:
        types, classes = entry.codes(facts.DE_TYPE), entry.codes(facts.DE_CLASS)
        wanted = codes.class_of_type(types[0].code, types[0].system) if len(types) == 1 else None
        if wanted is not None and classes and classes[0].code != wanted:
            yield Breach(
                label(entry, "classCode"),
                classes[0].code,
                f"{wanted} (classe du type {types[0].code})",
            )


@MESSAGE.rule("XDS-CONFIDENTIALITY-N")
def confidentiality_starts_with_n(filing: Filing) -> Iterator[Breach]:
    """N first, then visibility codes, four in all at most."""
    for entry in filing.document_entries:
        found = entry.codes(facts.DE_CONFIDENTIALITY)
        if found and (found[0].code, found[0].system) != ("N", facts.OID_CONFIDENTIALITY):
            yield Breach(
                label(entry, "confidentialityCode"),
                str(found[0]),
                f"N^{facts.OID_CONFIDENTIALITY} en premier",
            )
        if len(found) > _MAX_CONFIDENTIALITY:
            yield Breach(
                label(entry, "confidentialityCode"), f"{len(found)} codes", f"{_MAX_CONFIDENTIALITY} au plus"
            )


@MESSAGE.rule("XDS-VISIBILITY-CUMUL")
def visibility_cumul(filing: Filing) -> Iterator[Breach]:
    """Masked to professionals or invisible to the patient, not both, while the parameter says so (EX_2.1-1050)."""
    if filing.settings.on("cumul_invisible_patient_masque_ps"):
        return
    for entry in filing.document_entries:
        found = {code.code for code in entry.codes(facts.DE_CONFIDENTIALITY)}
        if {"MASQUE_PS", "INVISIBLE_PATIENT"} <= found:
            yield Breach(
                label(entry, "confidentialityCode"),
                "MASQUE_PS et INVISIBLE_PATIENT ensemble",
                "l'un ou l'autre",
            )


def _outside(item: RegistryObject, checks: tuple[tuple[str, str, str], ...]) -> Iterator[Breach]:
    for attribute, scheme, name in checks:
        allowed = codes.value_set(name)
        for code in item.codes(scheme):
            if not allowed.contains(code.code, code.system):
                yield Breach(label(item, attribute), str(code), f"un code de {name}")
