"""Who is a minor, by the settings of the session."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from mock_dmp.minors import age, is_minor
from mock_dmp.state.settings import Settings
from protocol import directory

ADULT = directory.patients()["actif-autorise"]


@pytest.mark.parametrize(
    ("born", "today", "expected"),
    [
        (date(2008, 6, 1), date(2026, 5, 31), 17),
        (date(2008, 6, 1), date(2026, 6, 1), 18),
        (date(2008, 2, 29), date(2026, 2, 28), 17),
        (date(2008, 2, 29), date(2026, 3, 1), 18),
    ],
)
def test_age(born: date, today: date, expected: int) -> None:
    assert age(born, today) == expected


@pytest.mark.parametrize(
    ("changed", "born", "marked", "expected"),
    [
        ({}, date(2010, 1, 1), False, True),
        ({}, date(2000, 1, 1), False, False),
        ({}, date(2000, 1, 1), True, True),
        ({"age_majorite": 16}, date(2010, 1, 1), False, False),
        ({"fonctions_gestion_mineurs": False}, date(2010, 1, 1), True, False),
    ],
)
def test_minor(changed: dict[str, object], born: date, marked: bool, expected: bool) -> None:
    patient = replace(ADULT, birth_date=born, minor=marked)
    assert is_minor(patient, date(2026, 6, 1), Settings(changed)) is expected  # type: ignore[arg-type]
