"""View of the request of TD0.0, `identityCertification` (historic: the transaction ended on 2023-09-30).

Every element is optional in the interface, so a missing one is "". Whether values are right is decided elsewhere.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

from lxml import etree

from protocol import facts, safexml
from protocol.errors import MetadataError, Text

_ROOT: Final = f"{{{facts.PATIENTS}}}identityCertification"
_KNOWN: Final = ("nirOD", "dateNaissance", "rangNaissance", "nirIndividu")


@dataclass(frozen=True, slots=True)
class CertificationRequest:
    """`insured`: nirOD, NIR of the insured; `individual`: nirIndividu, of whom is certified ("" for the insured).

    `birth` is YYYY-MM-DD (lunar dates allowed), `rank` the rank among twins. `strangers`: names of elements that the
    operation does not have.
    """

    insured: str
    birth: str
    rank: str
    individual: str
    strangers: tuple[str, ...] = ()


def read_certification(payload: etree._Element) -> CertificationRequest:
    """Read the payload of a SOAP body. Raises MetadataError: another root, an element twice."""
    if payload.tag != _ROOT:
        raise MetadataError(
            "WS-001",
            Text("ce n'est pas le message de l'opération", "this is not the message of the operation"),
            field=safexml.path_of(payload),
            found=str(payload.tag),
            expected=_ROOT,
        )
    children = [child for child in payload if isinstance(child.tag, str)]
    twice = [str(tag) for tag, count in Counter(child.tag for child in children).items() if count > 1]
    if twice:
        raise MetadataError(
            "WS-002",
            Text("un élément est donné deux fois", "an element is given twice"),
            field=safexml.path_of(payload),
            found=", ".join(etree.QName(tag).localname for tag in twice),
        )
    found = {str(child.tag): "".join(safexml.text(child).split()) for child in children}
    insured, birth, rank, individual = (found.pop(f"{{{facts.PATIENTS}}}{name}", "") for name in _KNOWN)
    return CertificationRequest(insured, birth, rank, individual, tuple(found))
