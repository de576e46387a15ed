"""Forms of identifiers and dates, written again for the oracle so that it shares no reader with what it judges.

Pure functions of a text; each tells whether the text has the form. Sources: ITI TF-3 §4.2.3.1.7 and the ANS volets.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Final

from protocol import facts

_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
#: Under 0 and 1, the second arc is at most 39 (ITU-T X.660).
_OID: Final = re.compile(r"([01]\.([0-9]|[1-3][0-9])|2\.(0|[1-9][0-9]*))(\.(0|[1-9][0-9]*))*")
_DTM: Final = re.compile(r"(\d{4})(\d{2})?(\d{2})?(\d{2})?(\d{2})?(\d{2})?")
#: The CDA schema takes zones of 1 to 4 digits, so reading takes them too; CDA-ZONES asks for 4.
_TS: Final = re.compile(r"(\d{4,14})(\.\d{1,4})?([+-]\d{1,4})?")
_LONGEST_TS: Final = 24
_UTC: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})")
_INS: Final = re.compile(r"([0-9]{5})(\d{2}|2A|2B)(\d{6})(\d{2})")
_CX: Final = re.compile(r"([^^&]+)\^\^\^&([^^&]+)&ISO(?:\^([A-Z-]+)(?:\^.*)?)?")
_XON: Final = re.compile(r"([^^]+)\^{5}&([0-9.]+)&ISO\^([A-Z]+)\^{3}([^^]+)")
_PS: Final = re.compile(r"8\d{11}|0[0-9A-Z]{9}|[13456][^\s/]*(/.+)?")
_STRUCTURE: Final = re.compile(r"0[0-9A-Z]{9}|1[0-9][0-9AB][0-9]{7}|2\d{9}|3\d{14}|4\d{11}-?\d{1,3}|\d{9,20}")
_MEDIA: Final = re.compile(r"[\w.+-]+/[\w.+-]+")


def is_uuid(text: str) -> bool:
    return len(text) == 36 and _UUID.fullmatch(text) is not None


def is_urn_uuid(text: str) -> bool:
    return text.startswith("urn:uuid:") and is_uuid(text.removeprefix("urn:uuid:"))


def is_oid(text: str) -> bool:
    """Digits and dots, no leading zero in an arc, at most 64 characters."""
    return len(text) <= 64 and _is_oid(text)


@lru_cache(maxsize=4096)
def _is_oid(text: str) -> bool:
    return _OID.fullmatch(text) is not None


def is_media(text: str) -> bool:
    return _MEDIA.fullmatch(text) is not None


def is_dtm(text: str) -> bool:
    """XDS DTM: year to second, no zone, each component in its range."""
    return _DTM.fullmatch(text) is not None and _calendar(text) is not None


def dtm_start(text: str) -> datetime | None:
    """First instant of an XDS DTM or an HL7 TS (zone applied; none means UTC); None when it isn't one."""
    return _start(text) if len(text) <= _LONGEST_TS else None


@lru_cache(maxsize=1024)
def _start(text: str) -> datetime | None:
    match = _TS.fullmatch(text)
    moment = _calendar(match.group(1)) if match else None
    if moment is None or match is None:
        return None
    return moment.replace(tzinfo=_zone(match.group(3))).astimezone(UTC)


def is_ts(text: str) -> bool:
    """HL7 TS: a date of the calendar, optional fraction, optional zone."""
    return dtm_start(text) is not None


def has_zone(text: str) -> bool:
    """Whether an HL7 TS ends with a zone of four digits."""
    match = _TS.fullmatch(text)
    return match is not None and len(match.group(3) or "") == 5


def _zone(text: str | None) -> timezone:
    if not text:
        return UTC
    digits = text[1:].zfill(4) if len(text) > 3 else text[1:].ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]) % 24, minutes=int(digits[2:]) % 60)
    return timezone(-offset if text[0] == "-" else offset)


def _calendar(digits: str) -> datetime | None:
    if len(digits) not in (4, 6, 8, 10, 12, 14):
        return None
    pairs = [int(digits[place : place + 2]) for place in range(4, len(digits), 2)]
    month, day, hour, minute, second = (*pairs, *(1, 1, 0, 0, 0)[len(pairs) :])
    try:
        return datetime(int(digits[:4]), month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None


def instant(text: str) -> datetime | None:
    """An XML dateTime with a zone, as UTC; None when it isn't one."""
    if not _UTC.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)
    except ValueError:
        return None


def is_utc_instant(text: str) -> bool:
    return text.endswith("Z") and instant(text) is not None


def is_ins(number: str) -> bool:
    """15 characters: 13 of the NIR (Corsica: 2A or 2B at the department) and a key of 2 digits."""
    return _INS.fullmatch(number) is not None


def ins_key(number: str) -> str:
    """The key that the first 13 characters ask for; "" when they aren't a NIR."""
    match = _INS.fullmatch(number)
    if match is None:
        return ""
    department = {"2A": "19", "2B": "18"}.get(match.group(2), match.group(2))
    return f"{97 - int(match.group(1) + department + match.group(3)) % 97:02d}"


def cx(text: str) -> tuple[str, str, str] | None:
    """(id, OID, kind) of an HL7 v2 CX; None when it isn't one. Trailing components are tolerated."""
    match = _CX.fullmatch(text)
    return None if match is None else (match.group(1), match.group(2), match.group(3) or "")


def xon(text: str) -> tuple[str, str, str, str] | None:
    """(name, OID, kind, id) of an XON; None when it isn't one."""
    match = _XON.fullmatch(text)
    return None if match is None else (match.group(1), match.group(2), match.group(3), match.group(4))


def xcn(text: str) -> tuple[str, str, str, str, str, str] | None:
    """(id, family, given, OID, name type, id kind) of an XCN with its authority; None when it isn't one."""
    pieces = text.split("^")
    if len(pieces) < 10 or not pieces[0]:
        return None
    pieces += [""] * (13 - len(pieces))
    authority = pieces[8].split("&")
    if len(authority) != 3 or authority[0] or authority[2] != "ISO" or not is_oid(authority[1]):
        return None
    return pieces[0], pieces[1], pieces[2], authority[1], pieces[9], pieces[12]


def is_ps_id(text: str) -> bool:
    """PS_IdNat: 8 + RPPS (11 digits), 0 + ADELI, or an internal form (1, 3, 4, 5, 6)."""
    return _PS.fullmatch(text) is not None


def is_structure_id(text: str) -> bool:
    """Struct_IdNat: 0 ADELI, 1 FINESS, 2 SIREN, 3 SIRET, 4 RPPS-rank, or a technical number."""
    return _STRUCTURE.fullmatch(text) is not None


def is_ins_oid(text: str) -> bool:
    return text in facts.PRODUCTION_INS_OIDS or text in (facts.OID_INS_TEST, facts.OID_INS_DEMO)
