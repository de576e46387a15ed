"""The oracle's own reading of identifiers and dates, and its agreement with the kernel's."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.checks import forms
from protocol import directory
from protocol.errors import IdentifierError
from protocol.identifiers.ins import parse_ins
from protocol.identifiers.oid import parse_oid

READERS = (
    forms.cx,
    forms.dtm_start,
    forms.has_zone,
    forms.instant,
    forms.ins_key,
    forms.is_dtm,
    forms.is_media,
    forms.is_oid,
    forms.is_ps_id,
    forms.is_structure_id,
    forms.is_ts,
    forms.is_urn_uuid,
    forms.xcn,
    forms.xon,
)


@settings(deadline=None)
@given(st.text() | st.text(alphabet="0123456789.^&+-AB: TZ"))
def test_no_form_ever_raises(text: str) -> None:
    for read in READERS:
        read(text)


@settings(deadline=None)
@given(st.from_regex(r"[12][0-9]{4}(0[1-9]|2A|2B|[1-9][0-9])[0-9]{6}", fullmatch=True))
def test_the_key_agrees_with_the_kernel(body: str) -> None:
    number = body + forms.ins_key(body + "00")
    assert forms.is_ins(number)
    try:
        parse_ins(number, "1.2.250.1.213.1.4.10")
    except IdentifierError as refusal:
        # The kernel may refuse a body that no one has (month, department); never its key.
        assert "clé" not in refusal.text.fr


@settings(deadline=None)
@given(st.text(alphabet="0123456789.", max_size=70))
def test_oids_agree_with_the_kernel(text: str) -> None:
    try:
        parse_oid(text)
        known = True
    except IdentifierError:
        known = False
    assert forms.is_oid(text) is known


def test_every_identity_of_the_test_directory_has_its_form() -> None:
    for professional in directory.professionals().values():
        assert forms.is_ps_id(professional.ps_id), professional
    for structure in directory.structures().values():
        assert forms.is_structure_id(structure.struct_id), structure
    for patient in directory.patients().values():
        assert patient.ins.number[13:] == forms.ins_key(patient.ins.number), patient


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("20261101101500+0100", datetime(2026, 11, 1, 9, 15, tzinfo=UTC)),
        ("20261101101500-0230", datetime(2026, 11, 1, 12, 45, tzinfo=UTC)),
        ("20261101101500+100", datetime(2026, 11, 1, 9, 15, tzinfo=UTC)),
        ("2026", datetime(2026, 1, 1, tzinfo=UTC)),
        ("20260229", None),
        ("202613", None),
        ("20261101T10", None),
    ],
)
def test_dates(text: str, moment: datetime | None) -> None:
    assert forms.dtm_start(text) == moment


def test_hl7_v2_values() -> None:
    ins = "280056399910181^^^&1.2.250.1.213.1.4.10&ISO^NH"
    assert forms.cx(ins) == ("280056399910181", "1.2.250.1.213.1.4.10", "NH")
    assert forms.cx(ins + "^^20260101") == forms.cx(ins)
    assert forms.cx("280056399910181") is None
    person = "899990000111^ESSAI^CLAUDE^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS"
    assert forms.xcn(person) == ("899990000111", "ESSAI", "CLAUDE", "1.2.250.1.71.4.2.1", "D", "IDNPS")
    assert forms.xcn("ESSAI^CLAUDE") is None
    place = "CABINET^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^499990000111001"
    assert forms.xon(place) == ("CABINET", "1.2.250.1.71.4.2.2", "IDNST", "499990000111001")
    assert forms.xon("CABINET") is None
