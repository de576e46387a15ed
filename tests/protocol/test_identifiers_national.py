"""Prefix rules of PS_IdNat and Struct_IdNat, and what their keys say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import IdentifierError
from protocol.identifiers.national import PsIdNat, StructIdNat, luhn, parse_ps_id, parse_struct_id


@pytest.mark.parametrize(
    ("text", "kind", "number", "internal", "key"),
    [
        ("899900063480", "RPPS", "99900063480", "", True),
        ("801234567893", "RPPS", "01234567893", "", False),
        ("00B1057294", "ADELI", "0B1057294", "", None),
        ("10B1057294/7", "ADELI_CABINET_INTERNE", "0B1057294", "7", None),
        ("3750803447/12", "FINESS_INTERNE", "750803447", "12", True),
        ("30B0127189/sys-1", "FINESS_INTERNE", "0B0127189", "sys-1", None),
        ("4732829320/a b", "SIREN_INTERNE", "732829320", "a b", True),
        ("518003502400041/1.2.250.1.215.1.2", "SIRET_INTERNE", "18003502400041", "1.2.250.1.215.1.2", True),
        ("699900063480001/x/y", "RPPS_CABINET_INTERNE", "99900063480001", "x/y", True),
    ],
)
def test_professionals(text: str, kind: str, number: str, internal: str, key: bool | None) -> None:
    ps = parse_ps_id(text)
    assert (ps.kind, ps.number, ps.internal, ps.luhn_ok) == (kind, number, internal, key)
    assert str(ps) == text


@pytest.mark.parametrize(
    ("text", "kind", "number", "key"),
    [
        ("1750803447", "FINESS", "750803447", True),
        ("1120456789", "FINESS", "120456789", False),
        ("10B0127189", "FINESS", "0B0127189", None),
        ("2732829320", "SIREN", "732829320", True),
        ("318003502400041", "SIRET", "18003502400041", True),
        ("335600000000048", "SIRET", "35600000000048", True),
        ("335600000049837", "SIRET", "35600000049837", True),  # La Poste: plain sum, not Luhn
        ("335600000049838", "SIRET", "35600000049838", False),
        ("499900063480001", "RPPS_RANG", "99900063480001", True),
        ("00B105729400", "ADELI_CABINET", "0B105729400", None),
        ("R10100000123456", "TECHNIQUE", "R10100000123456", None),
        ("750803447", "TECHNIQUE", "750803447", None),
    ],
)
def test_structures(text: str, kind: str, number: str, key: bool | None) -> None:
    structure = parse_struct_id(text)
    assert (structure.kind, structure.number, structure.luhn_ok) == (kind, number, key)
    assert str(structure) == text


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "IDNAT-001"),
        ("299900063480", "IDNAT-001"),
        ("799900063480", "IDNAT-001"),
        ("89990006348", "IDNAT-002"),
        ("8999000634800", "IDNAT-002"),
        ("899900063480/1", "IDNAT-002"),
        ("899900063480/", "IDNAT-002"),
        ("8９9900063480", "IDNAT-002"),
        ("899900063480\n", "IDNAT-002"),
        ("3750803447", "IDNAT-002"),
        ("3750803447/", "IDNAT-002"),
        ("3750803447/ 1", "IDNAT-002"),
        ("3750803447/1\x00", "IDNAT-002"),
        ("4750803447123/1", "IDNAT-002"),
    ],
)
def test_broken_professionals(text: str, code: str) -> None:
    with pytest.raises(IdentifierError) as caught:
        parse_ps_id(text)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "text", ["", "175080344", "17508034471", "21", "3", "4999000634800", "é", "R 1", "r1"]
)
def test_broken_structures(text: str) -> None:
    with pytest.raises(IdentifierError):
        parse_struct_id(text)


@given(st.integers(0, 10**13))
def test_each_number_has_exactly_one_luhn_key(number: int) -> None:
    assert sum(luhn(f"{number}{key}") for key in range(10)) == 1


@given(st.one_of(st.text(max_size=30), st.from_regex(r"\A[0-8][0-9]{9,15}(/.{1,5})?\Z")))
def test_any_text_gives_a_value_or_an_identifier_error(text: str) -> None:
    for parse in (parse_ps_id, parse_struct_id):
        try:
            value: PsIdNat | StructIdNat = parse(text)
        except IdentifierError:
            continue
        assert str(value) == text
        assert parse(str(value)) == value
        assert value.luhn_ok in (True, False, None)
