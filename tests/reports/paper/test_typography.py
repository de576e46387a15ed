"""Dates and sentences as they are printed, in the two languages."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from protocol.errors import Lang
from reports.paper.typography import date, instant, period, prose

FIRST = datetime(2026, 3, 1, 9, 5, tzinfo=UTC)
LATER = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
NEXT = datetime(2026, 12, 24, 0, 0, tzinfo=UTC)


def plain(text: str) -> str:
    return text.replace("\u00a0", "_")


@pytest.mark.parametrize(
    ("lang", "expected"),
    [("fr", ("1er_mars_2026", "24_décembre_2026")), ("en", ("1_March_2026", "24_December_2026"))],
)
def test_a_date_is_written_as_people_write_it(lang: Lang, expected: tuple[str, str]) -> None:
    assert (plain(date(FIRST, lang)), plain(date(NEXT, lang))) == expected


def test_an_instant_and_a_period() -> None:
    assert plain(instant(FIRST, "fr")) == "1er_mars_2026 à 09_h_05_UTC"
    assert plain(instant(FIRST, "en")) == "1_March_2026, 09:05_UTC"
    assert plain(period(FIRST, FIRST, "fr")) == plain(instant(FIRST, "fr"))
    assert plain(period(FIRST, LATER, "fr")) == "1er_mars_2026, de 09_h_05 à 10_h_00_UTC"
    assert plain(period(FIRST, LATER, "en")) == "1_March_2026, from 09:05 to 10:00_UTC"
    assert plain(period(FIRST, NEXT, "en")) == "1_March_2026, 09:05_UTC – 24_December_2026, 00:00_UTC"


def test_french_spaces_do_not_break_and_english_has_none() -> None:
    told = "l'écran « à propos » : lu ; la DMP-compatibilité ?"
    assert plain(prose(told, "fr")) == "l’écran «_à propos_»_: lu_; la DMP‑compatibilité_?"
    assert plain(prose("the file's code: read", "en")) == "the file’s code: read"
    assert prose("dmpcompat verify 'x'", "fr") == "dmpcompat verify 'x'"
