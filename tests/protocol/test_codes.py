from __future__ import annotations

import pytest

from protocol import facts
from protocol.codes import ValueSet, class_of_type, class_system, value_set, value_sets
from protocol.errors import ToolError

LOINC = "2.16.840.1.113883.6.1"
A05 = "1.2.250.1.213.1.1.4.12"


#: The numbers that the data set holds, first two digits as they are written.
NUMBERS = ("01", 11, 38, 47, 57, 58, 59, 60, 61, 62, 64, 65, 66, 140, 142, 144, 245, 246)


def test_the_value_sets_of_the_interface_are_here() -> None:
    assert set(value_sets()) == {f"JDV_J{number}" for number in NUMBERS}


@pytest.mark.parametrize("one", value_sets().values(), ids=lambda one: one.id)
def test_a_value_set_is_well_formed(one: ValueSet) -> None:
    pairs = [(code.code, code.system) for code in one.codes]
    assert pairs and len(pairs) == len(set(pairs))
    assert all(code.label and one.contains(code.code, code.system) for code in one.codes)
    assert not one.contains("NO-SUCH-CODE!", one.codes[0].system)
    assert not one.contains(one.codes[0].code, "1.2.3")
    assert one.oid.startswith("1.2.250.1.213.")


@pytest.mark.parametrize(
    ("name", "code", "system", "member"),
    [
        ("J66", "11488-4", LOINC, True),
        ("J66", "11488-4", A05, False),
        ("J66", "27899-4", LOINC, False),
        ("J66", "E1762", "ASTM", True),
        ("J57", "11", "1.2.250.1.213.1.1.4.1", True),
        ("J58", "MASQUE_PS", facts.OID_VISIBILITY, True),
        ("J58", "MASQUE_PS", facts.OID_CONFIDENTIALITY, False),
        ("J58", "n", facts.OID_CONFIDENTIALITY, False),
        ("J61", "SA62", facts.OID_SECTORS, False),
        ("J61", "SA07", facts.OID_SECTORS, True),
        ("J59", "SA07", "1.2.250.1.213.2.2", True),
        ("J65", "10", facts.OID_PROFESSIONS, True),
        ("J65", "20", facts.OID_PROFESSIONS, False),
        ("J65", "SM26", facts.OID_SPECIALTIES, True),
        ("J65", "sm26", facts.OID_SPECIALTIES, False),
        ("J38", "centre_15", facts.OID_ACCESS_MODES, True),
        ("J64", "MASQUE_PS", facts.OID_VISIBILITY, False),
    ],
)
def test_membership(name: str, code: str, system: str, member: bool) -> None:
    assert value_set(name).contains(code, system) is member


def test_names_with_and_without_prefix() -> None:
    assert value_set("J66") is value_set("JDV_J66")
    with pytest.raises(ToolError):
        value_set("J99")


def test_labels_are_ours_and_in_french() -> None:
    assert value_set("J65").label("10", facts.OID_PROFESSIONS) == "Médecin"
    assert value_set("J65").label("10", "1.2.3") == ""
    assert value_set("J57").label("42") != ""


@pytest.mark.parametrize(
    ("kind", "system", "expected"),
    [
        ("11488-4", LOINC, "10"),
        ("11488-4", "", "10"),
        ("11488-4", A05, None),
        ("SYNTH", A05, "11"),
        ("DOCPAT02", A05, "42"),
        ("EXPPAT_1", A05, "90"),
        ("87273-9", LOINC, "52"),
        ("27899-4", LOINC, "10"),
        ("E1762", "ASTM", "urn:oid:1.3.6.1.4.1.19376.1.2.1.1.1"),
        ("101881-1", LOINC, None),
        ("nonsense", "", None),
    ],
)
def test_the_class_of_a_type(kind: str, system: str, expected: str | None) -> None:
    assert class_of_type(kind, system) == expected


def test_every_type_but_one_has_a_class_of_the_value_set() -> None:
    classes = {code.code for code in value_set("J57").codes}
    unclassed = [
        code.code for code in value_set("J66").codes if class_of_type(code.code, code.system) not in classes
    ]
    assert unclassed == ["101881-1"]


def test_the_system_of_a_class() -> None:
    assert class_system("10") == "1.2.250.1.213.1.1.4.1"
    assert class_system("urn:oid:1.3.6.1.4.1.19376.1.2.1.1.1") == "URN"
    assert class_system("99") == ""
