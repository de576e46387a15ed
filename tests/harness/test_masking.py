"""Secrets leave nothing in what is kept: not the number in any of its forms, not what only the patient may know."""

from __future__ import annotations

import base64
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.masking import Masker, public_numbers
from protocol.errors import EvidenceError

NUMBER = "ABC-004711-tmp1"


def masker(number: str = NUMBER) -> Masker:
    return Masker(number, public=("TEST-OK-1",))


def test_a_public_number_is_kept_byte_for_byte() -> None:
    data = b"<v>TEST-OK-1</v>"
    assert masker("TEST-OK-1").body(data) == (data, ())
    assert "TEST-OK-1" in public_numbers()


@pytest.mark.parametrize(
    "form",
    [
        NUMBER.encode(),
        NUMBER.encode("utf-16-le"),
        NUMBER.encode("utf-16-be"),
        NUMBER.encode().hex().encode(),
        *(base64.b64encode(b"x" * before + NUMBER.encode() + b"yyyy") for before in range(3)),
    ],
)
def test_the_number_is_overwritten_in_every_form(form: bytes) -> None:
    data = b"<a>" + form + b"</a>"
    kept, ranges = masker().body(data)
    assert len(kept) == len(data)
    assert ranges
    assert form not in kept
    for item in ranges:
        assert set(kept[item.start : item.end]) == {ord("X")}


@given(
    st.text(min_size=4, alphabet=st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"))), st.binary()
)
def test_nothing_else_changes(number: str, around: bytes) -> None:
    one = Masker(number, public=())
    data = around + number.encode() + around
    kept, ranges = one.body(data)
    assert len(kept) == len(data)
    assert number.encode() not in kept or set(number) == {"X"}
    touched = {place for item in ranges for place in range(item.start, item.end)}
    assert all(kept[place] == data[place] for place in range(len(data)) if place not in touched)


def test_a_number_with_markup_is_found_as_it_is_written_in_xml_and_in_a_url() -> None:
    one = Masker("A&B<C>-1", public=())
    for form in ("A&amp;B&lt;C&gt;-1", quote("A&B<C>-1", safe="")):
        assert form not in one.text(f"[{form}]")


def test_login_and_password_of_a_patient_are_masked_even_with_a_public_number() -> None:
    data = b"<p:output><p:login>jeanne</p:login><p:password xsi:type='s'>s3cret</p:password></p:output>"
    kept, ranges = masker("TEST-OK-1").body(data)
    assert b"jeanne" not in kept
    assert b"s3cret" not in kept
    assert [item.what for item in ranges] == ["patient login", "patient password"]


@pytest.mark.parametrize(
    "written", [b"<![CDATA[a<b&c!]]>", b"<!-- x -->a!b2c3d4", b"a!b2<![CDATA[</]]>c3", b"a&lt;b&amp;c"]
)
def test_a_patients_password_is_masked_however_it_is_written(written: bytes) -> None:
    data = b"<p:password>" + written + b"</p:password><p:status>DMPOk</p:status>"
    kept, [masked] = masker("TEST-OK-1").body(data)
    assert kept == data.replace(written, b"X" * len(written))
    assert (masked.start, masked.end) == (12, 12 + len(written))


def test_the_leak_scan_sees_numbers_keys_and_patient_secrets(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"..." + NUMBER.encode("utf-16-le"))
    (tmp_path / "b.pem").write_text("-----BEGIN PRIVATE KEY-----\n")
    (tmp_path / "c.xml").write_text("<password>hunter2</password>")
    (tmp_path / "d.xml").write_text("<password>XXXXXXX</password>")
    leaks = masker().leaks(tmp_path)
    assert [leak.split(":")[0] for leak in leaks] == ["a.bin", "b.pem", "c.xml"]
    with pytest.raises(EvidenceError) as caught:
        masker().refuse_leaks(tmp_path)
    assert NUMBER not in caught.value.message("fr")


def test_a_clean_folder_is_accepted(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"LPS_ID_HOMOLOGATION_DMP": "•••"}', encoding="utf-8")
    masker().refuse_leaks(tmp_path)


def test_what_a_reader_sees() -> None:
    assert masker().shown() == "•••"
    assert Masker("", public=()).shown() == ""
