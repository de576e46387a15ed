"""Secrets out of what is shown: wire numbers, logins and passwords of patients, private keys.

Bytes keep their length and offsets. A number is found in any form in which it may travel: character references,
quoted-printable, base64, UTF-16. The journal keeps what crossed the wire; the control API gives it.
"""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Iterable, Iterator
from typing import Final

#: What stands for a secret in a text.
MASK: Final = "•••"
#: Shorter values would match by chance everywhere; they are masked where their name tells what they are.
SHORTEST: Final = 4
#: Longest run that one secret may take up in a body: what a stream keeps back.
OVERLAP: Final = 16 * 1024

_NUMBER_NAME: Final = "LPS_ID_HOMOLOGATION_DMP"
_PIECE: Final = 32
_ASCII: Final = 127
_LATIN: Final = 255
_BETWEEN: Final = rb"(?:<!--[^>]{0,60}-->|<!\[CDATA\[|\]\]>|=?\r?\n){0,3}"
#: Places that tell by themselves that they hold a secret; the group is the secret.
_PLACES: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rb"LPS_ID_HOMOLOGATION_DMP[\"'][^<>]{0,500}>\s{0,200}<[^<>]{0,300}>([^<]{1,2000})<",
        rb"<(?:[\w.-]{1,40}:)?(?:login|password|motDePasse|otp)(?:\s[^<>]{0,500})?>([^<]{1,2000})</",
        rb"\b(?:login|password|passwd|motdepasse|mot_de_passe|otp)=([^&\s\"'<]{1,2000})",
        rb"\"(?:login|password|motDePasse|otp)\"\s{0,20}:\s{0,20}\"([^\"]{1,2000})\"",
        rb"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----([^-]{1,8000})",
    )
)
_CREDENTIALS: Final = frozenset({"login", "password", "motdepasse", "otp"})
_SECRET_HEADERS: Final = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie"})


class Masker:
    """Masks these secrets, and what tells by its place that it is one."""

    def __init__(self, secrets: Iterable[str]) -> None:
        known = sorted({one for one in secrets if len(one) >= SHORTEST}, key=len, reverse=True)
        self._texts = tuple(known)
        self._forms = tuple(re.compile(form, re.DOTALL) for one in known for form in _forms(one))

    def text(self, value: str) -> str:
        """A text for a page."""
        for secret in self._texts:
            if secret in value:
                value = value.replace(secret, MASK)
        return value

    def headers(self, pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        """HTTP headers, without what opens a door."""
        return tuple(
            (name, MASK if name.lower() in _SECRET_HEADERS else self.text(value)) for name, value in pairs
        )

    def body(self, data: bytes) -> tuple[bytes, int]:
        """The bytes to show, of the same length, and how many secrets were overwritten with `X`."""
        ranges = {match.span() for form in self._forms for match in form.finditer(data)}
        ranges |= {match.span(1) for place in _PLACES for match in place.finditer(data)}
        if not ranges:
            return data, 0
        masked, count, end = bytearray(data), 0, -1
        for start, stop in sorted(ranges):
            masked[start:stop] = b"X" * (stop - start)
            count += start >= end
            end = max(end, stop)
        return bytes(masked), count

    def stream(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """The same for a body that comes piece by piece: a secret that lies across two of them is seen."""
        held = b""
        for piece in pieces:
            held, _ = self.body(held + piece)
            if len(held) > 2 * OVERLAP:
                yield held[:-OVERLAP]
                held = held[-OVERLAP:]
        yield held


def is_credential(element: str) -> bool:
    """Whether an element of that name holds what only the patient may know."""
    return element.lower() in _CREDENTIALS


def is_number(attribute: str) -> bool:
    """Whether a VIHF attribute holds the wire number."""
    return attribute.strip().lower() == _NUMBER_NAME.lower()


def _forms(secret: str) -> Iterator[bytes]:
    """Patterns of a secret; a long one is masked by pieces, so that none needs a long look-back."""
    for start in range(0, len(secret), _PIECE):
        piece = secret[start : start + _PIECE]
        if len(piece) < SHORTEST:
            piece = secret[-SHORTEST:]
        yield _BETWEEN.join(_sign(sign) for sign in piece)
    for core in _base64_cores(secret[: 4 * _PIECE].encode("utf-8", "surrogatepass")):
        yield rb"(?:\r?\n)?".join(_base64_sign(core[at : at + 1]) for at in range(len(core)))


def _sign(sign: str) -> bytes:
    """One character as it is, as a character reference, escaped in a URL, a mail or JSON, in UTF-8 or UTF-16."""
    raw, number = sign.encode("utf-8", "surrogatepass"), ord(sign)
    choices = [
        re.escape(raw),
        *(
            re.escape(sign.encode(other, "surrogatepass"))
            for other in ("utf-16-le", "utf-16-be")
            if number > _ASCII
        ),
        *([re.escape(sign.encode("latin-1"))] if _ASCII < number <= _LATIN else []),
        *([re.escape(html.escape(sign).encode()), rb"&apos;"] if sign in "&<>\"'" else []),
        rb"&#0{0,6}%d;" % number,
        rb"&#[xX]0{0,6}(?i:%x);" % number,
        rb"\\u(?i:%04x)" % number,
        b"".join(rb"%%(?i:%02x)" % byte for byte in raw),
        b"".join(rb"=(?i:%02x)" % byte for byte in raw),
    ]
    return rb"(?:" + b"|".join(choices) + rb")\x00?"


def _base64_cores(data: bytes) -> Iterator[bytes]:
    """What base64 makes of the data at each of its three alignments, without what its neighbours share."""
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + data)
        core = encoded[-(-before * 8 // 6) : (before + len(data)) * 8 // 6]
        if len(core) >= SHORTEST:
            yield core


def _base64_sign(sign: bytes) -> bytes:
    """A sign of base64, perhaps of its alphabet for URLs, perhaps escaped in one."""
    others = {b"+": rb"(?:\+|-|%2[bB])", b"/": rb"(?:/|_|%2[fF])"}
    return others.get(sign, sign)
