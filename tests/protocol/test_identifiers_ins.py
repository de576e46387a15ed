"""Keys of published test identities, Corsica, and the domains."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from protocol import facts
from protocol.errors import IdentifierError
from protocol.identifiers.ins import DOMAINS, Ins, ins_key, parse_ins

TEST = facts.OID_INS_TEST

bodies = st.builds(
    "{}{:02d}{}{}{:06d}".format,
    st.sampled_from("123478"),
    st.integers(0, 99),
    st.sampled_from([f"{month:02d}" for month in (*range(1, 13), *range(20, 43), *range(50, 100))]),
    st.sampled_from([*(f"{number:02d}" for number in range(1, 100)), "2A", "2B"]),
    st.integers(0, 999_999),
)


@pytest.mark.parametrize(
    ("body", "key"),
    [
        ("2070585756270", "97"),
        ("1530789876585", "13"),
        ("2790351215189", "89"),
        ("1570693296428", "81"),
        ("297022A020778", "78"),  # Corsica: computed with 19 in place of 2A
    ],
)
def test_known_keys(body: str, key: str) -> None:
    assert ins_key(body) == key
    assert parse_ins(body + key, TEST) == Ins(body + key, TEST)


def test_corsica_is_not_the_department_it_is_computed_with() -> None:
    assert ins_key("160012B020001") == ins_key("1600118020001")
    assert ins_key("160012A020001") == ins_key("1600119020001")
    assert parse_ins("297022A02077878", TEST).number == "297022A02077878"


@given(bodies)
def test_body_and_key_always_divide_by_97(body: str) -> None:
    number = body + ins_key(body)
    digits = number.replace("2A", "19", 1) if body[5:7] == "2A" else number
    digits = digits.replace("2B", "18", 1) if body[5:7] == "2B" else digits
    assert (int(digits[:13]) + int(digits[13:])) % 97 == 0
    assert parse_ins(number, TEST).number == number


@given(bodies, st.integers(0, 14), st.sampled_from("0123456789"))
def test_one_wrong_digit_never_passes(body: str, place: int, digit: str) -> None:
    number = body + ins_key(body)
    changed = number[:place] + digit + number[place + 1 :]
    # 2A to a digit turns a letter into another department, which a key by 97 may still see as equal (19, 18).
    assume(changed != number and (place not in (5, 6) or number[5:7].isdigit()))
    with pytest.raises(IdentifierError):
        parse_ins(changed, TEST)


@pytest.mark.parametrize(
    "number",
    [
        "",
        "20705857562709",
        "2070585756270977",
        "207058575627096",
        "507058575627097",
        "207138575627097",
        "207438575627097",
        "297022a02077878",
        "297022C02077878",
        "２07058575627097",
        "207058575627097\n",
    ],
)
def test_broken_numbers(number: str) -> None:
    with pytest.raises(IdentifierError):
        parse_ins(number, TEST)


def test_the_error_gives_the_right_key() -> None:
    with pytest.raises(IdentifierError) as caught:
        parse_ins("207058575627011", TEST)
    assert caught.value.code == "INS-004"
    assert caught.value.expected == "207058575627097"


@pytest.mark.parametrize(
    ("oid", "production"),
    [
        (facts.OID_INS_NIR, True),
        (facts.OID_INS_NIA, True),
        (facts.OID_INS_TEST, False),
        (facts.OID_INS_DEMO, False),
    ],
)
def test_production_domains(oid: str, production: bool) -> None:
    assert parse_ins("207058575627097", oid).production is production


def test_ins_c_has_22_digits_and_no_key() -> None:
    ins = parse_ins("1197854176879056415520", facts.OID_INS_C)
    assert ins.historic
    assert not ins.production
    assert not ins.provisional
    for wrong in ("119785417687905641552", "207058575627097", "1197854176879056415520 "):
        with pytest.raises(IdentifierError):
            parse_ins(wrong, facts.OID_INS_C)
    with pytest.raises(IdentifierError):
        parse_ins("1197854176879056415520", TEST)


def test_provisional_numbers() -> None:
    body = "7530789876585"
    assert parse_ins(body + ins_key(body), TEST).provisional
    assert parse_ins("207058575627097", facts.OID_INS_NIA).provisional
    assert not parse_ins("207058575627097", TEST).provisional


def test_unknown_domain() -> None:
    with pytest.raises(IdentifierError) as caught:
        parse_ins("207058575627097", "1.2.3")
    assert caught.value.code == "INS-002"


@given(st.text(max_size=30), st.one_of(st.sampled_from(sorted(DOMAINS)), st.text(max_size=10)))
def test_any_text_gives_an_ins_or_an_identifier_error(number: str, oid: str) -> None:
    try:
        ins = parse_ins(number, oid)
    except IdentifierError:
        return
    assert parse_ins(str(ins), ins.oid) == ins
