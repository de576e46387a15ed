"""XCN: a person or a system as author or legal authenticator, `id^NOM^PRENOM^^^^^^&OID&ISO^D^^^IDNPS`.

Reads and writes the layout of the physical person (`D`, `IDNPS` or `EI`), of the patient (`D`, `NH`) and of
the system (`U`, `RI`); which of them fits a place is for the rules that use it.
"""

from __future__ import annotations

from dataclasses import dataclass

from protocol.errors import IdentifierError, Text
from protocol.identifiers import components
from protocol.identifiers.components import Extra

_NAMED = (1, 2, 3, 9, 10, 13)


@dataclass(frozen=True, slots=True)
class Xcn:
    """`id` XCN.1, `family` XCN.2, `given` XCN.3, `oid` of XCN.9, `name_type` XCN.10, `kind` XCN.13.

    `kind` is the type of the identifier. An absent component is ""; the others (second name…) are in `extra`.
    """

    id: str
    family: str
    given: str
    oid: str = ""
    name_type: str = ""
    kind: str = ""
    extra: Extra = ()

    def __str__(self) -> str:
        named = {
            1: components.escape(self.id),
            2: components.escape(self.family),
            3: components.escape(self.given),
            9: components.write_authority(self.oid),
            10: components.escape(self.name_type),
            13: components.escape(self.kind),
        }
        return components.join(named, self.extra)


def parse_xcn(text: str) -> Xcn:
    """Read an XCN (ITI TF-3, table 4.2.3.1.7-2).

    An identifier or a family name is required, and there is no authority without identifier.
    Raises IdentifierError.
    """
    parts = components.split(text, "XCN")
    one, family, given, name_type, kind = (components.plain(parts, at, "XCN") for at in (1, 2, 3, 10, 13))
    oid = components.authority(parts, 9, "XCN")
    if not one.strip() and not family.strip():
        raise IdentifierError(
            "XCN-005",
            Text("ni identifiant ni nom de famille", "neither identifier nor family name"),
            field="XCN.1",
            found=text,
            expected="<id>^<NOM>^<PRENOM>^^^^^^&<OID>&ISO^D^^^IDNPS",
        )
    if oid and not one.strip():
        raise IdentifierError(
            "XCN-006",
            Text("autorité d'affectation sans identifiant", "assigning authority without an identifier"),
            field="XCN.9",
            found=text,
        )
    return Xcn(one, family, given, oid, name_type, kind, components.others(parts, _NAMED))
