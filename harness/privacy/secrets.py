"""Secrets in bytes: private keys, a wire number that is nobody's test number, what only the patient may know,
credentials of a proxy.

`harness.masking` overwrites those it knows when frames are kept; this looks at what leaves, without knowing the number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from harness.drive.alterations.wire_number import UNKNOWN
from harness.masking import patient_secrets, public_numbers
from protocol.errors import Text

#: PEM; PKCS#12 (version 3, then its content type); PKCS#8 of RSA and of elliptic curves.
_KEYS: Final = re.compile(
    rb"-----BEGIN [A-Z ]*PRIVATE KEY-----"
    rb"|\x02\x01\x03\x30.{1,8}\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07"
    rb"|\x02\x01\x00\x30.{1,4}\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01"
    rb"|\x02\x01\x00\x30.{1,4}\x06\x07\x2a\x86\x48\xce\x3d\x02\x01",
    re.DOTALL,
)
_NUMBER: Final = re.compile(
    rb"LPS_ID_HOMOLOGATION_DMP\b[^<]{0,200}?<(?:[\w.-]+:)?AttributeValue[^>]{0,300}>\s*([^<]+?)\s*<",
    re.DOTALL,
)
_CREDENTIALS: Final = re.compile(
    rb"(?i)\b((?:proxy-)?authorization)\"?\s*[:,]\s*\"?((?:basic|bearer|digest|negotiate)\s+[^\s\",]{4,})"
)
_MASKED: Final = frozenset(b"X")


def secrets(data: bytes) -> Iterator[tuple[Text, int]]:
    """What is secret in the bytes, and where it begins."""
    for found in _KEYS.finditer(data):
        yield Text("clé privée", "private key"), found.start()
    for found in _NUMBER.finditer(data):
        value = found[1]
        if set(value) - _MASKED and value.decode("utf-8", "replace") not in public_numbers() | {UNKNOWN}:
            yield Text("numéro d'homologation non masqué", "wire number that is not masked"), found.start(1)
    for what, start, value in patient_secrets(data):
        if set(value) - _MASKED:
            yield Text(f"secret du patient ({what})", f"patient's secret ({what})"), start
    for found in _CREDENTIALS.finditer(data):
        if set(found[2].partition(b" ")[2]) - _MASKED:
            yield Text("identifiants d'accès HTTP", "HTTP credentials"), found.start(2)
