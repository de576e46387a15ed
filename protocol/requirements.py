"""The requirements that transactions, checks and plans refer to, paraphrased in our words.

Reads datasets/requirements. A number means something only with the edition of its guide, so each entry names
its guide. Whether a software meets one is for the plan.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from types import MappingProxyType
from typing import Final, Literal

from protocol.datafolders import folder
from protocol.errors import Text, ToolError
from protocol.strictdata import Fields
from protocol.yamlread import read_yaml

Wire = Literal["yes", "partly", "no"]

#: What can prove a requirement.
PROOFS: Final = ("frames", "screen", "document", "organisation")
_WIRE: Final[tuple[Wire, ...]] = ("yes", "partly", "no")


@dataclass(frozen=True)
class Requirement:
    """One requirement. `wire`: whether captured frames alone decide. `common`: holds for every transaction."""

    id: str
    guide: str
    text: Text
    proved_by: tuple[str, ...]
    wire: Wire
    common: bool
    source: str
    confidence: Literal["A", "B", "C"]

    @property
    def mandatory(self) -> bool:
        return self.id.startswith("EX_")


@cache
def requirements() -> Mapping[str, Requirement]:
    """Requirements by id. Raises ToolError when the data set is wrong."""
    found: dict[str, Requirement] = {}
    for path in sorted((folder("datasets") / "requirements").glob("*.yaml")):
        document = read_yaml(path)
        fields = Fields(document.data, document)
        guide, source = fields.text("guide"), fields.text("source")
        one = partial(_requirement, guide=guide, source=source)
        for read in fields.each("requirements", one, empty=False):
            if read.id in found:
                raise fields.refuse(
                    "REQ-002", Text("écrit deux fois", "written twice"), "requirements", read.id
                )
            found[read.id] = read
        fields.done()
    return MappingProxyType(found)


def requirement(requirement_id: str) -> Requirement:
    """Raises ToolError for an id that the data set lacks."""
    known = requirements()
    if requirement_id not in known:
        near = difflib.get_close_matches(requirement_id, known, 1)
        raise ToolError(
            "REQ-001",
            Text("exigence inconnue", "unknown requirement"),
            found=requirement_id,
            expected=near[0] if near else "datasets/requirements",
        )
    return known[requirement_id]


def _requirement(fields: Fields, *, guide: str, source: str) -> Requirement:
    proved_by = fields.texts("proved_by")
    for proof in proved_by:
        if proof not in PROOFS:
            raise fields.refuse(
                "DATA-014",
                Text("valeur refusée", "value refused"),
                "proved_by",
                proof,
                expected=" | ".join(PROOFS),
            )
    read = Requirement(
        id=fields.text("id"),
        guide=guide,
        text=fields.words("text"),
        proved_by=proved_by,
        wire=fields.one_of("wire", _WIRE),
        common=fields.flag("common", False),
        source=fields.text("source", source),
        confidence=fields.one_of("confidence", ("A", "B", "C"), "B"),
    )
    fields.done()
    return read
