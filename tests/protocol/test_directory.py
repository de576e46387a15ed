"""The identities are synthetic; their keys are computed here again, by the public rules."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from protocol import directory
from protocol.codes import value_set
from protocol.directory import Patient
from protocol.errors import ToolError
from protocol.facts import OID_INS_TEST, OID_PROFESSIONS

OID_PRODUCERS, OID_TRAINEES = "1.2.250.1.213.1.1.4.6", "1.2.250.1.71.1.2.8"


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
    assert {one.oid for one in (patient.ins, *patient.other_ins)} == {OID_INS_TEST}
    for one in (patient.ins, *patient.other_ins):
        assert re.fullmatch(r"[123478]\d{4}(\d\d|2[AB])\d{8}", one.number)
        assert one.number[13:] == ins_key(one.number[:13])
    if patient.sex != "U":
        assert number[0] in {"M": "137", "F": "248"}[patient.sex] or patient.key.startswith("identite-provis")
    month = int(number[3:5])
    assert int(number[1:3]) == patient.birth_date.year % 100
    assert month == patient.birth_date.month or (month > 12 and patient.birth_lunar)
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
    numbers = [one.number for patient in PATIENTS for one in (patient.ins, *patient.other_ins)]
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("patient", PATIENTS, ids=lambda one: one.key)
def test_a_patient_is_reached_nowhere(patient: Patient) -> None:
    """Addresses, numbers and mail boxes are made up: nobody is called or written to by mistake."""
    people = [
        patient.telecom,
        *([patient.legal_representative.telecom] if patient.legal_representative else []),
    ]
    for telecom in (one for several in people for one in several):
        if telecom.use == "MAIL":
            assert telecom.value.endswith("@example.org")
        else:
            assert re.fullmatch(r"0[46]00000\d{3}", telecom.value)
    for where in (patient.address, patient.legal_representative and patient.legal_representative.address):
        assert where is None or "FI" in where.city
        assert where is None or where.postal_code.startswith("99")


def test_the_patients_cover_what_identities_can_be() -> None:
    """Section 5.5 of the homologation reference: each kind of identity has a patient at least."""
    assert len(PATIENTS) >= 40

    def some(what: Callable[[Patient], object]) -> list[str]:
        return [one.key for one in PATIENTS if what(one)]

    names = {one.key: (one.family_birth, one.family_usual, *one.given) for one in PATIENTS}
    kinds = {
        "apostrophe": some(lambda one: any("'" in name for name in names[one.key])),
        "hyphen": some(lambda one: any("-" in name for name in names[one.key])),
        "ligature": some(lambda one: any(set("ŒÆ") & set(name) for name in names[one.key])),
        "accent": some(lambda one: any(set("ÉÈÇÀÎ") & set(name) for name in names[one.key])),
        "long name": some(lambda one: len(one.family_birth) > 60),
        "short name": some(lambda one: len(one.family_birth) == 2),
        "several given names": some(lambda one: len(one.given) >= 2),
        "birth name is not the usual one": some(
            lambda one: one.family_usual and one.family_usual != one.family_birth
        ),
        "usual name never filled": some(lambda one: not one.family_usual),
        "2A": some(lambda one: one.ins.number[5:7] == "2A"),
        "2B": some(lambda one: one.ins.number[5:7] == "2B"),
        "born abroad": some(lambda one: one.birth_place.insee.startswith("99")),
        "born overseas": some(lambda one: one.birth_place.insee.startswith("97")),
        "lunar date": some(lambda one: one.birth_lunar),
        "minor with a representative": some(lambda one: one.minor and one.legal_representative),
        "protected adult": some(lambda one: not one.minor and one.legal_representative),
        "deceased": some(lambda one: one.deceased),
        "deceased, DMP still active": some(lambda one: one.deceased and one.dmp.status == "active"),
        "centenarian": some(lambda one: one.birth_date.year <= 1920),
        "provisional": some(lambda one: one.ins.number[0] in "3478"),
        "several INS": some(lambda one: one.other_ins),
        "INS-C": some(lambda one: one.ins_c),
        "attached to MES": some(lambda one: one.dmp.attached_to_mes),
        "account, not attached": some(lambda one: one.dmp.internet_account and not one.dmp.attached_to_mes),
        "both oppositions": some(
            lambda one: one.dmp.opposition_bris_de_glace and one.dmp.opposition_acces_urgence
        ),
        "wishes": some(lambda one: one.dmp.wishes),
        "two médecins traitants": some(
            lambda one: sum(given.medecin_traitant for given in one.authorisations) == 2
        ),
        "address abroad": some(lambda one: one.address and one.address.country != "FR"),
        "no address": some(lambda one: one.address is None),
    }
    assert [kind for kind, keys in kinds.items() if not keys] == []


def test_twins_and_homonyms() -> None:
    twins = [one for one in PATIENTS if one.family_birth == "GEMEAU"]
    assert len({one.birth_date for one in twins}) == 1
    assert len({one.given for one in twins}) == 2
    alike = [one for one in PATIENTS if one.family_birth == "HOMONYME"]
    assert {one.given for one in alike} == {("CLAUDE",)}
    assert len(alike) == 3 and len({one.birth_date for one in alike}) == 2


def test_every_representative_quality_of_the_data_is_distinct() -> None:
    held = {one.legal_representative.quality for one in PATIENTS if one.legal_representative}
    assert {"MTH", "FTH", "GRMTH", "RESPRSN"} <= held


def test_more_than_ten_patients_share_a_name() -> None:
    assert len([one for one in PATIENTS if one.family_birth == "NOMBREUX"]) > 10


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
    kind, number = professional.ps_id[0], professional.ps_id[1:].partition("/")[0]
    if professional.card in ("CPS", "CPF"):
        assert kind == "8" and len(number) == 11
    else:
        assert kind in "36" and "/" in professional.ps_id
        assert professional.role.system == OID_PRODUCERS
    assert number.startswith("9999" if kind in "68" else "99") and luhn(number[:11])
    assert value_set("J65").contains(professional.role.code, professional.role.system)
    specialists = {"10", "21"} if professional.role.system in (OID_PROFESSIONS, OID_TRAINEES) else set()
    assert (professional.specialty is not None) == (professional.role.code in specialists)
    assert professional.structures
    assert set(professional.structures) <= set(directory.structures())


def test_identifiers_are_told_apart() -> None:
    people, places = directory.professionals().values(), directory.structures().values()
    assert len({one.ps_id for one in people}) == len(people)
    assert len({one.struct_id for one in places}) == len(places)


def test_every_role_of_the_value_set_has_somebody() -> None:
    """JDV_J65: each profession, title, social profession, trainee, employee and automaton."""
    held = {(one.role.code, one.role.system) for one in directory.professionals().values()}
    assert {(one.code, one.system) for one in value_set("J65").codes} - held == set()


def test_every_card_and_column_has_somebody() -> None:
    people = directory.professionals().values()
    assert {one.card for one in people} == {"CPS", "CPF", "CPE", "none"}
    specialties = {one.specialty.code for one in people if one.specialty}
    assert "SM25" in specialties
    known = directory.structures()
    assert any(known[key].parent for one in people for key in one.structures)


def test_every_kind_of_place_has_a_structure() -> None:
    sectors = {one.sector.code for one in directory.structures().values()}
    wanted = {"SA01", "SA04", "SA05", "SA07", "SA08", "SA13", "SA15", "SA17", "SA25", "SA33", "SA52", "SA64"}
    assert wanted <= sectors
    parents = {one.parent for one in directory.structures().values()} - {""}
    assert len(parents) >= 3


@pytest.mark.parametrize("structure", directory.structures().values(), ids=lambda one: one.key)
def test_a_structure_has_a_test_identifier_and_a_known_sector(structure: directory.Structure) -> None:
    kind, number = structure.struct_id[0], structure.struct_id[1:]
    if kind == "1":
        assert re.fullmatch(r"99\d{7}", number) and luhn(number)
    else:
        assert kind == "4" and re.fullmatch(r"9999\d{7}00[12]", number) and luhn(number[:11])
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
