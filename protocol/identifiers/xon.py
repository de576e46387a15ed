"""XON: a structure as author institution, `NOM^^^^^&OID&ISO^IDNST^^^Struct_IdNat`.

Tolerates the plain IHE form (no XON.7), a bare name, and an OID as identifier without authority. The prefix
rule of Struct_IdNat is in `national`.
"""

from __future__ import annotations

from dataclasses import dataclass

from protocol.errors import IdentifierError, Text
from protocol.identifiers import components
from protocol.identifiers.components import Extra
from protocol.identifiers.oid import is_oid

_NAMED = (1, 6, 7, 10)


@dataclass(frozen=True, slots=True)
class Xon:
    """`name` XON.1, `oid` of XON.6, `kind` XON.7 (`IDNST`, `SIREN`), `id` XON.10; "" when absent."""

    name: str
    oid: str = ""
    kind: str = ""
    id: str = ""
    extra: Extra = ()

    def __str__(self) -> str:
        named = {
            1: components.escape(self.name),
            6: components.write_authority(self.oid),
            7: components.escape(self.kind),
            10: components.escape(self.id),
        }
        return components.join(named, self.extra)


def parse_xon(text: str) -> Xon:
    """Read a XON (ITI TF-3, table 4.2.3.1.7-2). Raises IdentifierError.

    The name is required; identifier and authority go together, save that an OID needs no authority.
    """
    parts = components.split(text, "XON")
    name, kind, one = (components.plain(parts, at, "XON") for at in (1, 7, 10))
    oid = components.authority(parts, 6, "XON")
    if not name.strip():
        raise IdentifierError(
            "XON-005",
            Text("nom de structure absent", "the name of the structure is missing"),
            field="XON.1",
            found=text,
            expected="<NOM>^^^^^&<OID>&ISO^IDNST^^^<Struct_IdNat>",
        )
    if bool(oid) != bool(one.strip()) and not is_oid(one):
        raise IdentifierError(
            "XON-006",
            Text(
                "l'identifiant et son autorité d'affectation vont ensemble",
                "the identifier and its assigning authority go together",
            ),
            field="XON.10",
            found=text,
            expected="<NOM>^^^^^&<OID>&ISO^IDNST^^^<Struct_IdNat>",
        )
    return Xon(name, oid, kind, one, components.others(parts, _NAMED))
