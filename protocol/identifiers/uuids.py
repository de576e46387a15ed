"""UUIDs of the ebRIM model: `urn:uuid:` and lower-case 8-4-4-4-12 (ITI TF-3, 4.2.3.1).

Symbolic ids of a submission are not UUIDs; `is_urn_uuid` tells them apart.
"""

from __future__ import annotations

import re
from uuid import UUID

from protocol.errors import IdentifierError, Text

_PREFIX = "urn:uuid:"
_FORM = re.compile(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def is_urn_uuid(text: str) -> bool:
    """True for what `parse_urn_uuid` accepts."""
    return _FORM.fullmatch(text) is not None


def parse_urn_uuid(text: str) -> UUID:
    """Read `urn:uuid:…`; no check of version or variant. Raises IdentifierError."""
    if not is_urn_uuid(text):
        raise IdentifierError(
            "UUID-001",
            Text("UUID mal formé", "malformed UUID"),
            field="UUID",
            found=text[:80],
            expected="urn:uuid:xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx",
            mend=Text(
                "écrire le préfixe urn:uuid: puis l'UUID en minuscules",
                "write the prefix urn:uuid:, then the UUID in lower case",
            ),
        )
    return UUID(text.removeprefix(_PREFIX))


def urn_uuid(value: UUID) -> str:
    """Write a UUID in the form `parse_urn_uuid` reads."""
    return f"{_PREFIX}{value}"
