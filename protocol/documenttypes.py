"""Which profession may not read which type of document: the known part of the habilitation matrix.

Reads datasets/rights/document-types.yaml. What is not there is allowed; applying it, and to whom, is for the mock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Final, Literal

from protocol import facts
from protocol.datafolders import folder
from protocol.errors import Text
from protocol.strictdata import Fields
from protocol.yamlread import read_yaml

#: Professions, and the same in training.
PROFESSIONS: Final = frozenset({facts.OID_PROFESSIONS, "1.2.250.1.71.1.2.8"})


@dataclass(frozen=True)
class DocumentType:
    """One typeCode with the professions (codes of TRE_G15) that may not read it."""

    code: str
    system: str
    closed_to: frozenset[str]
    title: Text
    source: str
    confidence: Literal["A", "B", "C"]


@cache
def document_types() -> Mapping[str, DocumentType]:
    """The types that somebody may not read, by code. Raises ToolError when the data set is wrong."""
    document = read_yaml(folder("datasets") / "rights" / "document-types.yaml")
    fields = Fields(document.data, document)
    source = fields.text("source")
    found: dict[str, DocumentType] = {}
    for item in fields.each("types", lambda one: _type(one, source)):
        if item.code in found:
            raise fields.refuse(
                "RGT-004", Text("type écrit deux fois", "type written twice"), "types", item.code
            )
        found[item.code] = item
    fields.done()
    return MappingProxyType(found)


def closed(type_code: str, profession: str, system: str) -> bool:
    """Is that type closed to that profession? A role that is no profession is not in the matrix."""
    known = document_types().get(type_code)
    return known is not None and system in PROFESSIONS and profession in known.closed_to


def _type(fields: Fields, source: str) -> DocumentType:
    read = DocumentType(
        code=fields.text("code"),
        system=fields.text("system"),
        closed_to=frozenset(fields.texts("closed_to")),
        title=fields.words("title"),
        source=source,
        confidence=fields.one_of("confidence", ("A", "B", "C")),
    )
    fields.done()
    return read
