"""OIDs in dotted form, `urn:oid:` and the 2.25 branch made from UUIDs.

Form only: no register of who owns what.
"""

from __future__ import annotations

import re
from uuid import UUID

from protocol.errors import IdentifierError, Text

#: Longest OID that XDS metadata and HL7 v3 accept, in characters (ITI TF-3, 4.2.3.1.7).
MAX_LENGTH = 64
_FORM = re.compile(r"(?:[01]\.(?:[0-9]|[1-3][0-9])|2\.(?:0|[1-9][0-9]*))(?:\.(?:0|[1-9][0-9]*))*")
_URN = "urn:oid:"


def is_oid(text: str) -> bool:
    """True for what `parse_oid` accepts."""
    return len(text) <= MAX_LENGTH and _FORM.fullmatch(text) is not None


def parse_oid(text: str) -> str:
    """Return the OID as it is.

    At least two arcs, none with a leading zero, the first 0 to 2, the second at most 39 under 0 and 1
    (X.660), 64 characters at most. Raises IdentifierError.
    """
    if len(text) > MAX_LENGTH:
        raise IdentifierError(
            "OID-002",
            Text("OID trop long", "OID too long"),
            field="OID",
            found=f"{text[:MAX_LENGTH]}… ({len(text)})",
            expected=f"<= {MAX_LENGTH}",
        )
    if not is_oid(text):
        raise IdentifierError(
            "OID-001",
            Text("OID mal formé", "malformed OID"),
            field="OID",
            found=text,
            expected="1.2.250.1.213.1.4.10",
        )
    return text


def parse_urn_oid(text: str) -> str:
    """Return the OID of `urn:oid:…` (homeCommunityId). Raises IdentifierError."""
    if not text.startswith(_URN):
        raise IdentifierError(
            "OID-003",
            Text("préfixe urn:oid: absent", "the prefix urn:oid: is missing"),
            field="OID",
            found=text[: MAX_LENGTH + len(_URN)],
            expected=f"{_URN}<OID>",
        )
    return parse_oid(text.removeprefix(_URN))


def oid_from_uuid(value: UUID) -> str:
    """The OID of that UUID under 2.25 (X.667); 44 characters at most."""
    return f"2.25.{value.int}"
