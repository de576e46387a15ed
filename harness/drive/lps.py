"""The software that the driver plays."""

from __future__ import annotations

import uuid
from dataclasses import dataclass


@dataclass(frozen=True)
class Lps:
    """Name and version as its "about" box says, its secret wire number ("" when it has none), its
    installation id, and the OID root under which it makes its identifiers ("" when it has none)."""

    name: str
    version: str
    wire_number: str
    lps_id: str = ""
    oid_root: str = ""

    @property
    def root(self) -> str:
        """OID of the system: its own root, or one made of its name under 2.25."""
        return self.oid_root or f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, self.name).int}"
