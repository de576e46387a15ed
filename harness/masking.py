"""Secrets out of what is written: the wire number, patients' logins and passwords, private keys.

Numbers that the product itself publishes for tests (datasets/lps/numbers.yaml) are no secret: frames that
carry them are kept byte for byte, and can be judged again in full. Any other number is overwritten in the
frames with `X`, byte for byte, so that offsets hold; the ranges are recorded, the digest of the original
kept.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final
from urllib.parse import quote
from xml.sax.saxutils import escape

from protocol import directory
from protocol.errors import EvidenceError, Text

_FILLER: Final = b"X"
#: Elements of an answer that hold what only the patient may know (creation of an internet account).
_PATIENT_SECRETS: Final = re.compile(
    rb"<(?:[\w.-]+:)?(login|password|motDePasse|identifiant|otp)(?:\s[^>]*)?>"
    rb"((?:[^<]|<!\[CDATA\[.*?\]\]>|<!--.*?-->)++)</",
    re.IGNORECASE | re.DOTALL,
)
_PRIVATE_KEY: Final = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----")
#: Shorter values would match by chance everywhere; campaigns refuse them.
SHORTEST: Final = 4


@dataclass(frozen=True)
class Redaction:
    """One range overwritten in a body: `start` included, `end` excluded (bytes); `what` names the secret."""

    start: int
    end: int
    what: str


class Masker:
    """Masks one campaign's secrets. `public` numbers are left as they are."""

    def __init__(self, number: str, public: Iterable[str] | None = None) -> None:
        known = public_numbers() if public is None else frozenset(public)
        self.number = number
        self.intact = number in known or not number

    @cached_property
    def _forms(self) -> tuple[bytes, ...]:
        return () if self.intact else tuple(sorted(_encodings(self.number), key=len, reverse=True))

    def body(self, data: bytes) -> tuple[bytes, tuple[Redaction, ...]]:
        """The bytes to keep, and what was overwritten in them; same length, same offsets."""
        ranges = [
            Redaction(start, end, "LPS_ID_HOMOLOGATION_DMP") for start, end in _occurrences(data, self._forms)
        ]
        ranges += [
            Redaction(*found.span(2), f"patient {found[1].decode('ascii').lower()}")
            for found in _PATIENT_SECRETS.finditer(data)
        ]
        masked = bytearray(data)
        for item in ranges:
            masked[item.start : item.end] = _FILLER * (item.end - item.start)
        return bytes(masked), tuple(sorted(ranges, key=lambda item: item.start))

    def text(self, value: str) -> str:
        """A text for a file or a screen."""
        if self.intact:
            return value
        kept, _ = self.body(value.encode())
        return kept.decode()

    def shown(self) -> str:
        """The number as views and reports show it: nothing of it but that it exists."""
        return "•••" if self.number else ""

    def leaks(self, place: Path) -> tuple[str, ...]:
        """Files under `place` (or that file) that still hold a secret, each with what it holds."""
        found = []
        folder = place if place.is_dir() else place.parent
        files = folder.rglob("*") if place.is_dir() else [place]
        for path in sorted(item for item in files if item.is_file()):
            data = path.read_bytes()
            if _PRIVATE_KEY.search(data):
                found.append(f"{path.relative_to(folder)}: private key")
            if any(form in data for form in self._forms):
                found.append(f"{path.relative_to(folder)}: LPS_ID_HOMOLOGATION_DMP")
            if any(set(match[2]) != set(_FILLER) for match in _PATIENT_SECRETS.finditer(data)):
                found.append(f"{path.relative_to(folder)}: patient secret")
        return tuple(found)

    def refuse_leaks(self, place: Path) -> None:
        """Raises EvidenceError when `place`, a file or a folder, holds a secret."""
        if leaks := self.leaks(place):
            raise EvidenceError(
                "EVID-010",
                Text("un secret se trouve dans les preuves", "a secret is in the evidence"),
                field=str(place),
                found=" ; ".join(leaks),
                mend=Text("ne pas diffuser ce dossier", "do not hand this folder out"),
            )


def patient_secrets(data: bytes) -> Iterator[tuple[str, int, bytes]]:
    """What only the patient may know: its element, where it begins, its bytes (masked ones too)."""
    for found in _PATIENT_SECRETS.finditer(data):
        yield found[1].decode("ascii").lower(), found.start(2), found[2]


def public_numbers() -> frozenset[str]:
    """The test numbers that the product publishes."""
    return frozenset(item.value for item in directory.numbers().values())


def _encodings(number: str) -> frozenset[bytes]:
    """The forms under which a number may travel or be written."""
    plain = {number, escape(number), quote(number, safe=""), json.dumps(number)[1:-1]}
    forms = {form.encode() for form in plain}
    forms |= {number.encode(codec) for codec in ("utf-16-le", "utf-16-be")}
    forms.add(number.encode().hex().encode())
    forms |= set(_base64_cores(number.encode()))
    return frozenset(form for form in forms if len(form) >= SHORTEST)


def _base64_cores(data: bytes) -> Iterator[bytes]:
    """What base64 makes of the data at each of the three alignments, without the characters its neighbours
    share.
    """
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + data)
        first = -(-before * 8 // 6)
        last = (before + len(data)) * 8 // 6
        core = encoded[first:last]
        if len(core) >= 8:
            yield core


def _occurrences(data: bytes, forms: Iterable[bytes]) -> Iterator[tuple[int, int]]:
    taken: list[tuple[int, int]] = []
    for form in forms:
        start = data.find(form)
        while start >= 0:
            end = start + len(form)
            if not any(start < other_end and other_start < end for other_start, other_end in taken):
                taken.append((start, end))
            start = data.find(form, end)
    return iter(sorted(taken))
