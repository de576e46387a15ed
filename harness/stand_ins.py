"""Replaces, in a text for readers, what differs from one run to the next: identifiers, moments, addresses.

The same value has the same stand-in throughout one text. Constants of the interface stay as they are. Which text
is shown, and how it is cut, is for `harness.exchange_view`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from protocol import facts

Replace = Callable[[re.Match[str]], str]

#: What the start of an exchange becomes.
MOMENT: Final = datetime(2026, 1, 31, 8, 30, tzinfo=UTC)
_NEAR: Final = timedelta(days=2)

_ORIGIN: Final = re.compile(r"https://(?:127\.0\.0\.1|localhost|\[::1\]):[0-9]+(?:/s/[^/\"<\s]+)?")
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_UUID_OID: Final = re.compile(r"\b2\.25\.[0-9]{20,39}\b")
_BOUNDARY: Final = re.compile(r"(?<=boundary=\")[^\"]+|(?<=^--)[^\s]+?(?=(?:--)?$)", re.MULTILINE)
_HEX_DIGEST: Final = re.compile(r"\b[0-9a-f]{40}(?:[0-9a-f]{24})?\b")
_XML_DIGEST: Final = re.compile(r"(?<=DigestValue>)[A-Za-z0-9+/=]+(?=<)")
_SEAL: Final = re.compile(r"(?<=name=\"jeton\" value=\")[^\"]+")
_HL7_TIME: Final = re.compile(r"\b([0-9]{14})\b")
_ISO_TIME: Final = re.compile(
    r"\b([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]+)?(?:Z|\+00:00)"
)
_DAY: Final = re.compile(r"\b([0-9]{2}/[0-9]{2}/[0-9]{4})\b")


def _constants() -> frozenset[str]:
    """UUIDs that the interface fixes: classification schemes, queries, kinds of objects."""
    texts = (value for value in vars(facts).values() if isinstance(value, str))
    return frozenset(found[0] for text in texts for found in _UUID.finditer(text))


_CONSTANTS: Final = _constants()


class Steady:
    """Called on each text of one exchange, in their order. `started`: its start; `session`: its name, or ""."""

    def __init__(self, started: datetime, session: str = "") -> None:
        self._started = started.astimezone(UTC)
        self._session = session
        self._known: dict[str, str] = {}
        self._counts: dict[str, int] = {}

    def __call__(self, text: str) -> str:
        text = _ORIGIN.sub("https://localhost:8443", text)
        if self._session:
            text = text.replace(f"/s/{self._session}/", "/")
        for pattern, stand_in in self._rules():
            text = pattern.sub(stand_in, text)
        return text

    def _rules(self) -> tuple[tuple[re.Pattern[str], Replace], ...]:
        return (
            (_UUID, self._numbered("uuid", "00000000-0000-4000-8000-{:012d}")),
            (_UUID_OID, self._numbered("oid", "2.25.10000000000000000000000000000000{:05d}")),
            (_BOUNDARY, self._numbered("boundary", "boundary_{:d}")),
            (_HEX_DIGEST, self._numbered("digest", "{:040x}")),
            (_XML_DIGEST, self._numbered("xml-digest", "DIGEST{:d}=")),
            (_SEAL, self._numbered("seal", "SEAL{:d}")),
            (_HL7_TIME, self._moment("%Y%m%d%H%M%S", "%Y%m%d%H%M%S")),
            (_ISO_TIME, self._moment("%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ")),
            (_DAY, self._day),
        )

    def _numbered(self, kind: str, form: str) -> Replace:
        def stand_in(found: re.Match[str]) -> str:
            if found[0] in _CONSTANTS:
                return found[0]
            if found[0] not in self._known:
                self._counts[kind] = self._counts.get(kind, 0) + 1
                self._known[found[0]] = form.format(self._counts[kind])
            return self._known[found[0]]

        return stand_in

    def _moment(self, form: str, written: str) -> Replace:
        """A moment near the exchange is that of the run, to the minute; another one is data and stays."""

        def stand_in(found: re.Match[str]) -> str:
            try:
                moment = datetime.strptime(found[1], form).replace(tzinfo=UTC)
            except ValueError:
                return found[0]
            after = moment - self._started
            if abs(after) >= _NEAR:
                return found[0]
            return f"{MOMENT + timedelta(minutes=round(after / timedelta(minutes=1))):{written}}"

        return stand_in

    def _day(self, found: re.Match[str]) -> str:
        """The same of a date alone, by whole days."""
        try:
            day = datetime.strptime(found[1], "%d/%m/%Y").replace(tzinfo=UTC)
        except ValueError:
            return found[0]
        days = (day.date() - self._started.date()).days
        return f"{MOMENT + timedelta(days=days):%d/%m/%Y}" if abs(days) <= _NEAR.days else found[0]
