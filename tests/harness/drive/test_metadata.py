"""Metadata drawn from a CDA header."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.drive import cda_document, hl7names, metadata
from harness.drive.cda_document import Level1
from harness.drive.cdatime import utc
from harness.drive.clock import SetClock
from harness.drive.formats import formats
from harness.drive.identity import Identity
from harness.drive.ids import SeededIds
from harness.drive.subject import subject_of
from protocol import codes, facts, safexml
from protocol.errors import MetadataError, WireError
from protocol.identifiers.cx import parse_cx
from protocol.identifiers.xcn import parse_xcn

KITS = Path(os.environ.get("DMPCOMPAT_KITS", Path(__file__).parents[4] / "shared" / "kits"))
SAMPLES = sorted((KITS / "ans-cda" / "ExemplesCDA").glob("*.xml"))
NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


def document(identity: Identity, **wanted: object) -> bytes:
    made = cda_document.level1(
        subject_of("accents"),
        identity,
        Level1(**wanted),  # type: ignore[arg-type]
        clock=SetClock(NOW),
        ids=SeededIds(3),
        oid_root="1.2.3",
    )
    return made.content


def test_a_document_of_ours_gives_what_was_put_in(hospital: Identity) -> None:
    found = metadata.derive(document(hospital, title="Un titre"))
    assert found.unique_id.startswith("1.2.3.")
    assert found.title == "Un titre"
    assert (found.creation, found.service_start, found.service_stop) == (
        "20260301093000",
        "20260301090000",
        "20260301093000",
    )
    assert (found.type.code, found.document_class.code) == ("11488-4", "10")
    assert found.format.code == "urn:ihe:iti:xds-sd:pdf:2008"
    assert (found.practice.code, found.facility.code) == ("ETABLISSEMENT", "SA01")
    assert found.mime_type == "text/xml"
    assert found.language == "fr-FR"
    author = parse_xcn(found.authors[0].person)
    assert (author.id, author.family) == (hospital.user.ps_id, hospital.user.family)
    assert found.authors[0].institution.endswith("&ISO^IDNST^^^1990000010")
    assert found.authors[0].specialty == "G15_10/SM04^Médecin - Cardiologie^1.2.250.1.213.1.1.4.5"
    assert found.legal_authenticator == found.authors[0].person
    assert found.patient[1] == facts.OID_INS_TEST
    assert parse_cx(found.source_patient).kind == "PI"
    assert found.source_patient_info[-1].startswith("PID-8|")


def test_a_text_body_has_another_format(hospital: Identity) -> None:
    assert (
        metadata.derive(document(hospital, media="text/plain")).format.code == "urn:ihe:iti:xds-sd:text:2008"
    )


def test_the_most_specific_template_decides() -> None:
    table = formats()
    assert (
        table.of(["1.2.250.1.213.1.1.1.1", "1.2.250.1.213.1.1.1.2.1.4"], "").code
        == "urn:asip:ci-sis:psc:2009"
    )
    assert table.of(["1.2.3"], "") == table.default
    assert table.of(["1.2.250.1.213.1.1.1.13"], "application/pdf").code == "urn:ihe:iti:xds-sd:pdf:2008"


def test_every_format_is_a_member_of_its_value_set() -> None:
    table, members = formats(), codes.value_set("J60")
    for coded in (*table.by_template.values(), *table.by_media.values(), table.default):
        assert members.contains(coded.code, coded.system), coded
        assert coded.label != coded.code


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"<a/>", "META-001"),
        (b"<ClinicalDocument xmlns='urn:hl7-org:v3'/>", "META-002"),
        (
            b"<ClinicalDocument xmlns='urn:hl7-org:v3'><id root='1.2'/>"
            b"<code code='x' codeSystem='y'/></ClinicalDocument>",
            "META-003",
        ),
        (
            b"<ClinicalDocument xmlns='urn:hl7-org:v3'><code code='11488-4' codeSystem='2.16.840.1.113883.6.1'/>"
            b"<effectiveTime value='hier'/></ClinicalDocument>",
            "META-004",
        ),
    ],
)
def test_a_header_that_cannot_be_read_is_told(data: bytes, code: str) -> None:
    with pytest.raises(MetadataError) as told:
        metadata.derive(data)
    assert told.value.code == code


@given(data=st.binary(max_size=300))
def test_any_bytes_give_a_typed_error(data: bytes) -> None:
    with pytest.raises(WireError):
        metadata.derive(data)


def test_a_poor_header_still_gives_something() -> None:
    found = metadata.derive(
        b"<ClinicalDocument xmlns='urn:hl7-org:v3'><id root='1.2.3'/>"
        b"<code code='11488-4' codeSystem='2.16.840.1.113883.6.1'/></ClinicalDocument>"
    )
    assert (found.title, found.authors, found.patient, found.source_patient_info) == (
        "11488-4",
        (),
        ("", ""),
        (),
    )


@given(
    moment=st.datetimes(min_value=datetime(1900, 1, 2), max_value=datetime(2100, 1, 1)),
    minutes=st.integers(-14 * 60, 14 * 60),
)
def test_times_go_to_utc(moment: datetime, minutes: int) -> None:
    zone = timezone(timedelta(minutes=minutes))
    local = moment.replace(tzinfo=zone, microsecond=0)
    sign = "+" if minutes >= 0 else "-"
    written = local.strftime("%Y%m%d%H%M%S") + f"{sign}{abs(minutes) // 60:02}{abs(minutes) % 60:02}"
    assert utc(written) == local.astimezone(UTC).strftime("%Y%m%d%H%M%S")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("", ""),
        ("2021", "2021"),
        ("20210401", "20210401"),
        ("202104011347+0200", "202104011147"),
        ("20210401134745", "20210401134745"),
        ("20210401134745.123+0100", "20210401124745"),
    ],
)
def test_precision_of_times_is_kept(written: str, expected: str) -> None:
    assert utc(written) == expected


@given(text=st.text(max_size=40))
def test_any_time_gives_a_dtm_or_a_typed_error(text: str) -> None:
    try:
        assert utc(text) == "" or utc(text).isdigit()
    except MetadataError as told:
        assert told.code == "META-004"


@given(
    name=st.text(
        st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp", "Zs"]), min_size=1, max_size=20
    )
)
def test_names_cannot_break_their_composite(name: str) -> None:
    assert hl7names.person("899990000111", name, name).count("^") == 12
    assert hl7names.institution(name, "1990000010").count("^") == 9
    found = parse_xcn(hl7names.person("899990000111", name, name))
    assert found.id == "899990000111"


def test_kinds_of_identifiers() -> None:
    assert hl7names.person("3990000010/17", "A", "B").endswith("^D^^^EI")
    assert hl7names.device("1", "Soft", "M").endswith("^U^^^RI")
    assert hl7names.patient_person("1", "A", "B", facts.OID_INS_TEST).endswith("^D^^^NH")


@pytest.mark.kits
@pytest.mark.skipif(not SAMPLES, reason="official sample documents absent (DMPCOMPAT_KITS)")
def test_every_official_sample_gives_complete_metadata() -> None:
    for path in SAMPLES:
        data = path.read_bytes()
        found = metadata.derive(data)
        for name, coded in (
            ("J57", found.document_class),
            ("J60", found.format),
            ("J61", found.facility),
            ("J62", found.practice),
        ):
            assert codes.value_set(name).contains(coded.code, coded.system), (path.name, coded)
        assert all(parse_xcn(author.person).family for author in found.authors), path.name
        assert parse_xcn(found.legal_authenticator).family, path.name
        assert len(found.creation) >= 12, path.name
        assert found.service_start, path.name
        assert len(found.patient[0]) == 15, path.name
        header = metadata.clinical_document(safexml.parse(data, huge=True))
        assert found.unique_id == safexml.value(header, "hl7:id/@root")
        assert (found.mime_type == "text/xml") == (header.getparent() is None)
