"""How words are set on paper: French spaces and apostrophes, dates as people write them.

For our own words and titles only: what comes from outside is shown as it is.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from protocol.errors import Lang

_NO_BREAK: Final = "\u00a0"
_NO_BREAK_HYPHEN: Final = "\u2011"
_APOSTROPHE: Final = re.compile(r"(?<=\w)'(?=\w)")
_BEFORE: Final = re.compile(r" (?=[:;!?»])")
_AFTER: Final = re.compile(r"(?<=«) ")
_MONTHS: Final[dict[Lang, str]] = {
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "en": "January February March April May June July August September October November December",
}


def prose(text: str, lang: Lang) -> str:
    """A sentence of ours: typographic apostrophes; no line breaks in « DMP-compatible » nor at a French space."""
    told = _APOSTROPHE.sub("’", text).replace("DMP-c", f"DMP{_NO_BREAK_HYPHEN}c")
    return _AFTER.sub(_NO_BREAK, _BEFORE.sub(_NO_BREAK, told)) if lang == "fr" else told


def date(moment: datetime, lang: Lang) -> str:
    """1er mars 2026; 1 March 2026."""
    day = "1er" if lang == "fr" and moment.day == 1 else str(moment.day)
    return _NO_BREAK.join((day, _MONTHS[lang].split()[moment.month - 1], str(moment.year)))


def instant(moment: datetime, lang: Lang) -> str:
    """The date with hours and minutes: 1er mars 2026 à 09 h 05 UTC; 1 March 2026, 09:05 UTC."""
    if lang == "fr":
        return f"{date(moment, lang)} à {moment:%H}{_NO_BREAK}h{_NO_BREAK}{moment:%M}{_NO_BREAK}UTC"
    return f"{date(moment, lang)}, {moment:%H:%M}{_NO_BREAK}UTC"


def period(start: datetime, end: datetime, lang: Lang) -> str:
    """From one instant to another, the day told once when it is the same."""
    if start.strftime("%F %H:%M") == end.strftime("%F %H:%M"):
        return instant(start, lang)
    if start.date() != end.date():
        return f"{instant(start, lang)} – {instant(end, lang)}"
    hour = f"%H{_NO_BREAK}h{_NO_BREAK}%M" if lang == "fr" else "%H:%M"
    between = ("de", "à") if lang == "fr" else ("from", "to")
    first, last = start.strftime(hour), end.strftime(hour)
    return f"{date(start, lang)}, {between[0]} {first} {between[1]} {last}{_NO_BREAK}UTC"
