"""Distinguished names of certificates as the VIHF Issuer writes them (RFC 2253), and their comparison.

Writes the names that RFC 2253 knows and other attributes as `oid=#hex`; reads more spellings than it writes,
since clients differ. Whether the certificate is to be trusted is left to others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from cryptography import x509

_NAMES: Final = {
    "2.5.4.3": "CN",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.9": "STREET",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "0.9.2342.19200300.100.1.1": "UID",
    "0.9.2342.19200300.100.1.25": "DC",
}
#: Spellings met besides those of RFC 2253.
_OIDS: Final = {name: oid for oid, name in _NAMES.items()} | {
    "S": "2.5.4.8",
    "SN": "2.5.4.4",
    "SURNAME": "2.5.4.4",
    "G": "2.5.4.42",
    "GN": "2.5.4.42",
    "GIVENNAME": "2.5.4.42",
    "T": "2.5.4.12",
    "TITLE": "2.5.4.12",
    "SERIALNUMBER": "2.5.4.5",
    "ORGANIZATIONIDENTIFIER": "2.5.4.97",
    "E": "1.2.840.113549.1.9.1",
    "EMAIL": "1.2.840.113549.1.9.1",
    "EMAILADDRESS": "1.2.840.113549.1.9.1",
}
_SPECIAL: Final = re.compile(r'([,+"\\<>;=])')
_ATTRIBUTE: Final = re.compile(r"\s*([A-Za-z][A-Za-z0-9-]*|(?:[oO][iI][dD]\.)?[0-9]+(?:\.[0-9]+)+)\s*=\s*")
_VALUE: Final = re.compile(r'"((?:[^"\\]|\\.)*)"\s*|((?:[^,;+"\\]|\\.)*)', re.DOTALL)
_ESCAPES: Final = re.compile(r"((?:\\[0-9A-Fa-f]{2})+)|\\(.)", re.DOTALL)
_STRING_TAGS: Final = {12: "utf-8", 19: "ascii", 20: "latin-1", 22: "ascii", 28: "utf-32-be", 30: "utf-16-be"}
_SHORT_LENGTH: Final = 0x80
_MAX_DN: Final = 4096

Attribute = tuple[str, str]


def signer_dn(certificate: x509.Certificate) -> str:
    """Subject of a certificate in RFC 2253 order and spelling: `CN=…,OU=…,O=…,C=FR`.

    Attributes of one multi-valued RDN are joined by `+`; SN and GN come out as `2.5.4.4=#hex` and
    `2.5.4.42=#hex`.
    """
    encoded = _attribute_values(certificate.subject.public_bytes())
    rdns = [
        "+".join(_write(attribute, next(encoded)) for attribute in rdn) for rdn in certificate.subject.rdns
    ]
    return ",".join(reversed(rdns))


def same_dn(first: str, second: str) -> bool:
    """True when two names are the same; False when one can't be read.

    Spacing, case, spelling of the attribute names, `#hex` or text, and the order inside one multi-valued RDN
    do not count; the order of RDNs does.
    """
    left, right = _read(first), _read(second)
    return bool(left) and left == right


def _write(attribute: x509.NameAttribute[str | bytes], der: bytes) -> str:
    oid = attribute.oid.dotted_string
    if oid not in _NAMES or not isinstance(attribute.value, str):
        return f"{oid}=#{der.hex()}"
    value = _SPECIAL.sub(r"\\\1", attribute.value)
    if value.startswith(("#", " ")):
        value = "\\" + value
    if value.endswith(" ") and not value.endswith("\\ "):
        value = value[:-1] + "\\ "
    return f"{_NAMES[oid]}={value}"


def _attribute_values(name: bytes) -> Iterator[bytes]:
    """The DER of each attribute value of a Name (SEQUENCE OF SET OF SEQUENCE {oid, any}), in order."""
    for rdn in _children(name):
        for pair in _children(rdn):
            yield list(_children(pair))[1]


def _children(der: bytes) -> Iterator[bytes]:
    """The elements directly inside a DER element."""
    at = _header(der, 0)[0]
    while at < len(der):
        start, length = _header(der, at)
        yield der[at : start + length]
        at = start + length


def _header(der: bytes, at: int) -> tuple[int, int]:
    """Start and length of the content of the element at `at`; IndexError when it is cut."""
    length = der[at + 1]
    start = at + 2
    if length >= _SHORT_LENGTH:
        size = length - _SHORT_LENGTH
        length = int.from_bytes(der[start : start + size], "big")
        start += size
    return start, length


def _read(name: str) -> tuple[frozenset[Attribute], ...] | None:
    """RDNs in order, each as the set of its (oid, comparable value); None when the name can't be read."""
    rdns: list[set[Attribute]] = [set()]
    at = 0
    while at < len(name) <= _MAX_DN:
        attribute = _ATTRIBUTE.match(name, at)
        value = _VALUE.match(name, attribute.end()) if attribute else None
        if attribute is None or value is None:
            return None
        oid = _oid(attribute[1])
        content = _comparable(value)
        if oid is None or content is None:
            return None
        rdns[-1].add((oid, content))
        at = value.end()
        if at == len(name):
            return tuple(frozenset(rdn) for rdn in rdns)
        if name[at] != "+":
            rdns.append(set())
        at += 1
    return None


def _oid(label: str) -> str | None:
    bare = label.upper().removeprefix("OID.")
    return bare if bare[0].isdigit() else _OIDS.get(bare)


def _comparable(match: re.Match[str]) -> str | None:
    """X.520 caseIgnoreMatch: no case, single inner spaces. Text and `#hex` of a string compare alike."""
    quoted, bare = match[1], match[2]
    if quoted is None and bare.startswith("#"):
        plain = _from_hex(bare[1:].strip())
    else:
        plain = _unescape(bare if quoted is None else quoted)
    return None if plain is None else " ".join(plain.casefold().split())


def _from_hex(digits: str) -> str | None:
    try:
        der = bytes.fromhex(digits)
        start, length = _header(der, 0)
        if start + length != len(der):
            return None
        encoding = _STRING_TAGS.get(der[0])
        return der[start:].decode(encoding) if encoding else f"#{der.hex()}"
    except (ValueError, IndexError):
        return None


def _unescape(value: str) -> str | None:
    try:
        return _ESCAPES.sub(
            lambda found: (
                bytes.fromhex(found[1].replace("\\", "")).decode("utf-8") if found[1] else str(found[2])
            ),
            value,
        )
    except UnicodeDecodeError:
        return None
