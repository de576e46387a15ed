"""Reference numbers: published vector, error detection measured exhaustively on samples, tolerant reading."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports import numbers
from reports.numbers import ALPHABET, BASE32, NumberRefused

DAY = date(2026, 11, 23)
bodies = st.text(alphabet=BASE32, min_size=7, max_size=7)


def test_published_vector_of_iso_7064() -> None:
    # ISO/IEC 7064, MOD 1271-36: ISO79 is protected as ISO793W.
    assert numbers.check_characters("ISO79") == "3W"
    assert numbers.checks("ISO793W")


def test_default_issuer_is_never_official() -> None:
    assert str(numbers.allocate(DAY)).startswith("TST-26T-")


@given(bodies, st.sampled_from(sorted(numbers.KINDS)))
def test_round_trip(body: str, kind: str) -> None:
    reference = numbers.Reference("TST", 26, kind, body)
    assert numbers.parse(str(reference)) == reference
    assert numbers.parse(reference.canonical.lower()) == reference


@given(bodies)
def test_every_single_substitution_is_detected(body: str) -> None:
    good = numbers.Reference("TST", 26, "T", body).canonical
    for place in range(len(good)):
        for other in ALPHABET:
            if other != good[place]:
                assert not numbers.checks(good[:place] + other + good[place + 1 :])


@given(bodies)
def test_every_adjacent_transposition_is_detected(body: str) -> None:
    good = numbers.Reference("TST", 26, "T", body).canonical
    for i in range(len(good) - 1):
        swapped = good[:i] + good[i + 1] + good[i] + good[i + 2 :]
        assert swapped == good or not numbers.checks(swapped)


def test_look_alikes_are_read_in_the_base_32_part() -> None:
    reference = numbers.Reference("TST", 26, "T", "0123011")
    printed = str(reference).replace("0123011", "O123OIL")
    assert numbers.parse(printed) == reference


@given(st.text(max_size=40))
def test_anything_else_is_refused_with_a_typed_error(text: str) -> None:
    try:
        reference = numbers.parse(text)
    except NumberRefused as refused:
        assert refused.found or refused.text
    else:
        assert numbers.checks(reference.canonical)


@pytest.mark.parametrize("text", ["", "TST-26T-7K3Q9XA-AA", "TST-26Z-7K3Q9XA-2Q", "TST-26T-7K3Q9X", "é" * 15])
def test_refusals(text: str) -> None:
    with pytest.raises(NumberRefused):
        numbers.parse(text)
