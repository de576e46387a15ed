"""A code, its system and its label: the value that VIHF, ebRIM and HL7 v3 all carry.

Whether the code belongs to a value set is left to protocol.codes.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Coded:
    """`system` is an OID, "" when unknown. `label` is what was written beside the code; it proves nothing."""

    code: str
    system: str
    label: str = ""

    def same(self, other: Coded) -> bool:
        """Same code of the same system, whatever the labels."""
        return (self.code, self.system) == (other.code, other.system)

    def __str__(self) -> str:
        return f"{self.code}^{self.system}"
