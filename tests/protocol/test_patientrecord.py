from __future__ import annotations

import json
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest

from protocol.directory import patients
from protocol.errors import ToolError, UsageError
from protocol.patientrecord import Patient, patient_from, patient_to_plain

MINIMAL: dict[str, Any] = {
    "key": "p",
    "ins": {"number": "180056399910101", "oid": "1.2.250.1.213.1.4.10"},
    "family_birth": "X",
    "given": ["Y"],
    "sex": "F",
    "birth_date": "1980-05-14",
    "birth_place": {"insee": "63999", "label": "Z"},
    "dmp": {"status": "absent"},
}


@pytest.mark.parametrize("patient", patients().values(), ids=lambda one: one.key)
def test_the_plain_form_goes_through_json_and_comes_back(patient: Patient) -> None:
    assert patient_from(json.loads(json.dumps(patient_to_plain(patient))), "test") == patient


REPRESENTED: dict[str, Any] = {
    "birth_place": {"insee": "63999"},
    "other_ins": [{"number": "180056399910202", "oid": "1.2.250.1.213.1.4.10"}],
    "address": {"lines": ["1 rue Réelle"], "locator": "bâtiment B", "city": "Clermont"},
    "legal_representative": {
        "quality": "GRMTH",
        "family": "DÜRER",
        "given": ["Ève", "Zoé"],
        "prefix": "Mme",
        "address": {"lines": [], "postal_code": "63000", "city": "Clermont", "country": "FRA"},
        "telecom": [{"use": "MC", "value": "+33600000000"}],
    },
    "dmp": {"status": "active", "consent_at": "2026-01-15T10:00:00+02:00", "wishes": "pas d'acharnement"},
}


def test_representative_older_numbers_consent_and_wishes_are_read() -> None:
    read = patient_from(MINIMAL | REPRESENTED, "test")
    who = read.legal_representative
    assert who is not None and who.address is not None
    assert (who.quality, who.family, who.given, who.prefix) == ("GRMTH", "DÜRER", ("Ève", "Zoé"), "Mme")
    assert (who.address.city, who.telecom[0].value) == ("Clermont", "+33600000000")
    assert [one.number for one in read.other_ins] == ["180056399910202"]
    assert read.dmp.consent_at == datetime(2026, 1, 15, 8, tzinfo=UTC)
    assert read.dmp.wishes == "pas d'acharnement"
    assert read.address is not None and read.address.locator == "bâtiment B"
    assert (read.birth_place.label, read.address.postal_code) == ("", "")


def test_the_new_fields_come_back_from_the_plain_form() -> None:
    read = patient_from(MINIMAL | REPRESENTED, "test")
    assert patient_from(json.loads(json.dumps(patient_to_plain(read))), "test") == read


def test_what_is_left_out_has_a_default() -> None:
    read = patient_from(MINIMAL, "test")
    assert (read.legal_representative, read.other_ins) == (None, ())
    assert (read.dmp.consent_at, read.dmp.wishes) == (None, "")
    assert (read.family_usual, read.prefix, read.ins_c, read.address, read.telecom) == ("", "", "", None, ())
    assert not (read.minor or read.deceased or read.authorisations or read.documents)


def test_a_moment_with_an_offset_is_turned_to_utc() -> None:
    data = deepcopy(MINIMAL) | {
        "authorisations": [{"structure": "hopital", "state": "valid", "since": "2026-01-15T10:00:00+02:00"}]
    }
    assert patient_from(data, "test").authorisations[0].since == datetime(2026, 1, 15, 8, tzinfo=UTC)


CLOSED = {"at": "2026-01-01T00:00:00Z", "code": "C", "text": "t"}
HELD = {"state": "valid", "since": "2026-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"surprise": 1}, "DATA-013", "surprise"),
        ({"sex": "X"}, "DATA-014", "sex"),
        ({"birth_date": "14/05/1980"}, "DATA-016", "birth_date"),
        ({"birth_date": 19800514}, "DATA-014", "birth_date"),
        ({"birth_lunar": "1952"}, "DATA-017", "birth_lunar"),
        ({"birth_lunar": "19520131"}, "DATA-017", "birth_lunar"),
        ({"given": "Y"}, "DATA-014", "given"),
        ({"ins": {"number": "1"}}, "DATA-012", "ins.oid"),
        ({"dmp": {"status": "opened"}}, "DATA-014", "dmp.status"),
        ({"dmp": {"status": "closed"}}, "DIR-002", "dmp.closed"),
        ({"dmp": {"status": "active", "closed": CLOSED}}, "DIR-002", "dmp.closed"),
        ({"dmp": {"status": "active", "opened": "2026-01-01T00:00:00"}}, "DATA-015", "dmp.opened"),
        ({"dmp": {"status": "active", "opened": "0001-01-01T00:00:00+14:00"}}, "DATA-015", "dmp.opened"),
        ({"authorisations": [HELD]}, "DIR-003", "authorisations.0.professional"),
        (
            {"authorisations": [HELD | {"professional": "a", "structure": "b"}]},
            "DIR-003",
            "authorisations.0.professional",
        ),
        (
            {"legal_representative": {"quality": "MERE", "family": "X", "given": ["Y"]}},
            "DATA-014",
            "legal_representative.quality",
        ),
        ({"other_ins": [{"number": "1"}]}, "DATA-012", "other_ins.0.oid"),
        ({"dmp": {"status": "active", "consent_at": "hier"}}, "DATA-015", "dmp.consent_at"),
        ({"telecom": [{"use": "FAX", "value": "1"}]}, "DATA-014", "telecom.0.use"),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, Any], code: str, field: str) -> None:
    with pytest.raises(ToolError) as caught:
        patient_from(MINIMAL | change, "corps")
    assert caught.value.code == code
    assert caught.value.field == f"corps:1 {field}"


@pytest.mark.parametrize("written", ["19520000", "19520600", "19521300", "19522031"])
def test_a_date_that_no_calendar_has_is_kept_as_written(written: str) -> None:
    read = patient_from(MINIMAL | {"birth_lunar": written}, "corps")
    assert read.birth_stamp == written
    assert patient_from(patient_to_plain(read), "corps") == read
    assert patient_from(MINIMAL, "corps").birth_stamp == "19800514"


@pytest.mark.parametrize("missing", ["key", "ins", "family_birth", "given", "sex", "birth_date", "dmp"])
def test_a_required_field_is_asked_for(missing: str) -> None:
    data = {name: value for name, value in MINIMAL.items() if name != missing}
    with pytest.raises(UsageError) as caught:
        patient_from(data, "corps", error=UsageError)
    assert (caught.value.code, caught.value.field) == ("DATA-012", f"corps:1 {missing}")


@pytest.mark.parametrize("data", [None, [], "x", 3])
def test_a_record_is_a_mapping(data: Any) -> None:
    with pytest.raises(ToolError) as caught:
        patient_from(data, "corps")
    assert caught.value.code == "DATA-011"
