"""The identities are synthetic; their keys are computed here again, by the public rules."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from protocol import directory
from protocol.codes import value_set
from protocol.directory import Patient
from protocol.errors import ToolError
from protocol.facts import OID_INS_TEST


def luhn(digits: str) -> bool:
    doubled = [int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def ins_key(body: str) -> str:
    return f"{97 - int(body.replace('2A', '19').replace('2B', '18')) % 97:02d}"


PATIENTS = list(directory.patients().values())


@pytest.mark.parametrize(
    "key",
    [
        "actif-autorise",
        "actif-sans-autorisation",
        "actif-expire",
        "actif-interdit",
        "ferme",
        "absent",
        "corse",
        "mineur",
        "accents",
        "opposition",
        "rattache-mes",
        "alimentation",
        "concurrence",
    ],
)
def test_the_patients_that_plans_rely_on_exist(key: str) -> None:
    assert directory.patients()[key].key == key


@pytest.mark.parametrize("patient", PATIENTS, ids=lambda one: one.key)
def test_a_patient_has_a_right_test_ins(patient: Patient) -> None:
    number = patient.ins.number
    assert patient.ins.oid == OID_INS_TEST
    assert re.fullmatch(r"[12]\d{4}(\d\d|2[AB])\d{8}", number)
    assert number[13:] == ins_key(number[:13])
    born = patient.birth_date
    assert number[:5] == f"{'1' if patient.sex == 'M' else '2'}{born.year % 100:02d}{born.month:02d}"
    assert number[5:10] == patient.birth_place.insee
    assert patient.birth_place.insee.endswith("999"), "no commune has this number: nobody real"


@pytest.mark.parametrize("patient", PATIENTS, ids=lambda one: one.key)
def test_an_authorisation_names_someone_of_the_directory(patient: Patient) -> None:
    for given in patient.authorisations:
        if given.professional:
            assert given.professional in directory.professionals()
        else:
            assert given.structure in directory.structures()
        assert given.until is None or given.since < given.until
    holders = [(one.professional, one.structure) for one in patient.authorisations]
    assert len(holders) == len(set(holders))


def test_patients_have_different_numbers() -> None:
    assert len({patient.ins.number for patient in PATIENTS}) == len(PATIENTS)


def test_the_states_that_plans_rely_on() -> None:
    def state(patient: str, who: str) -> str:
        found = [
            one.state
            for one in directory.patients()[patient].authorisations
            if who in (one.professional, one.structure)
        ]
        return found[0] if found else "none"

    assert state("actif-autorise", "medecin") == "valid"
    assert state("actif-autorise", "medecin-bloque") == "forbidden"
    assert state("actif-sans-autorisation", "medecin") == "none"
    assert state("actif-expire", "medecin") == "expired"
    assert state("actif-interdit", "medecin") == "forbidden"
    assert state("autorise-structure", "hopital") == "valid"
    known = directory.patients()
    assert (known["absent"].dmp.status, known["ferme"].dmp.status) == ("absent", "closed")
    assert (
        known["opposition"].dmp.opposition_bris_de_glace and known["opposition"].dmp.opposition_acces_urgence
    )
    assert known["rattache-mes"].dmp.attached_to_mes and known["mineur"].minor
    assert known["accents"].family_usual != known["accents"].family_birth
    assert {"2A", "2B"} <= {patient.ins.number[5:7] for patient in PATIENTS}


@pytest.mark.parametrize("professional", directory.professionals().values(), ids=lambda one: one.key)
def test_a_professional_has_a_test_identifier_and_a_known_role(professional: directory.Professional) -> None:
    kind, number = professional.ps_id[0], professional.ps_id[1:12]
    assert kind == ("6" if professional.card == "CPE" else "8")
    assert number.startswith("9999") and luhn(number)
    assert value_set("J65").contains(professional.role.code, professional.role.system)
    assert (professional.specialty is not None) == (professional.role.code in {"10", "21"})
    assert set(professional.structures) <= set(directory.structures())


@pytest.mark.parametrize("structure", directory.structures().values(), ids=lambda one: one.key)
def test_a_structure_has_a_test_identifier_and_a_known_sector(structure: directory.Structure) -> None:
    kind, number = structure.struct_id[0], structure.struct_id[1:]
    if kind == "1":
        assert re.fullmatch(r"99\d{7}", number) and luhn(number)
    else:
        assert kind == "4" and re.fullmatch(r"9999\d{7}001", number) and luhn(number[:11])
    assert value_set("J61").contains(structure.sector.code, structure.sector.system)
    assert structure.parent in {"", *directory.structures()}


def test_the_unknown_structure_is_unknown() -> None:
    assert "inconnue" not in directory.structures()
    assert not directory.structures()["structure-inactive"].active


def test_numbers_cover_the_states() -> None:
    known = directory.numbers()
    assert {known[key].status for key in ("TEST-OK-1", "TEST-SUSPENDED", "TEST-REVOKED")} == {
        "active",
        "suspended",
        "revoked",
    }
    assert known["TEST-OK-1"].products[0].versions == ("1.0.0", "1.1.0")
    assert known["TEST-OTHER-FAMILY"].family != known["TEST-OK-1"].family
    assert known["TEST-ALIM-ONLY"].profiles == ("alimentation",)
    assert len({number.value for number in known.values()}) == len(known)


def test_a_key_given_twice_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lps").mkdir()
    one = (
        "{key: A, value: v, family: f, products: [{name: n, versions: ['1']}], profiles: [x], status: active}"
    )
    (tmp_path / "lps" / "numbers.yaml").write_text(f"numbers:\n  - {one}\n  - {one}\n", encoding="utf-8")
    monkeypatch.setattr(directory, "folder", lambda name: tmp_path)
    with pytest.raises(ToolError) as caught:
        directory.numbers.__wrapped__()
    assert (caught.value.code, caught.value.found) == ("DIR-001", "A")
