"""CX: a patient identifier with its assigning authority, `id^^^&OID&ISO^type`.

Also the CXi of referenceIdList, where the authority may be absent. Which domain, which type (`NH`, `PI`,
`INS-C`) and which extra components are allowed is for the rules that use it; here they are read and kept.
"""

from __future__ import annotations

from dataclasses import dataclass

from protocol.errors import IdentifierError, Text
from protocol.identifiers import components
from protocol.identifiers.components import Extra

_NAMED = (1, 4, 5)


@dataclass(frozen=True, slots=True)
class Cx:
    """`id` CX.1, `oid` of CX.4 ("" when absent), `kind` CX.5 ("" when absent), `extra` the other components.

    The DMP's feeding samples carry CX.7 (effective date): `extra == ((7, "20100907"),)`.
    """

    id: str
    oid: str
    kind: str = ""
    extra: Extra = ()

    def __str__(self) -> str:
        named = {
            1: components.escape(self.id),
            4: components.write_authority(self.oid),
            5: components.escape(self.kind),
        }
        return components.join(named, self.extra)


def parse_cx(text: str, *, authority_required: bool = True) -> Cx:
    """Read a CX (ITI TF-3, 4.2.3.1.7). `authority_required=False` for the CXi of referenceIdList.

    Raises IdentifierError.
    """
    parts = components.split(text, "CX")
    identifier = components.plain(parts, 1, "CX")
    oid = components.authority(parts, 4, "CX")
    if not identifier.strip():
        raise IdentifierError(
            "CX-005",
            Text("identifiant absent", "the identifier is missing"),
            field="CX.1",
            found=text,
            expected="<id>^^^&<OID>&ISO",
        )
    if authority_required and not oid:
        raise IdentifierError(
            "CX-006",
            Text("autorité d'affectation absente", "the assigning authority is missing"),
            field="CX.4",
            found=text,
            expected="<id>^^^&<OID>&ISO",
        )
    return Cx(identifier, oid, components.plain(parts, 5, "CX"), components.others(parts, _NAMED))
