"""Value sets of the interface (JDV) and the class of each document type (ASS_X04).

Reads datasets/codes. Membership is a fact; what to do with a foreign code is for the mock's rules and for the
checks, since editions of the value sets differ.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Literal

from protocol.coded import Coded
from protocol.datafolders import folder
from protocol.errors import Text, ToolError
from protocol.strictdata import Fields
from protocol.yamlread import read_yaml


@dataclass(frozen=True)
class ValueSet:
    """One value set. `codes`: the members with our own label, in the order of the file.

    `patterns`: systems whose codes are members when they match (long nomenclatures that are not listed here);
    `aliases`: names and OIDs of systems seen in messages for a listed one.
    """

    id: str
    oid: str
    version: str
    title: str
    codes: tuple[Coded, ...]
    patterns: Mapping[str, re.Pattern[str]]
    aliases: Mapping[str, str]
    source: str
    confidence: Literal["A", "B", "C"]

    def contains(self, code: str, system: str) -> bool:
        """True when the pair is a member; the system must be given, as OID or alias."""
        named = self.aliases.get(system, system)
        if any(item.code == code and item.system == named for item in self.codes):
            return True
        pattern = self.patterns.get(named)
        return pattern is not None and pattern.fullmatch(code) is not None

    def label(self, code: str, system: str = "") -> str:
        """Our label of a member, "" when unknown. Without a system, of the first member with that code."""
        named = self.aliases.get(system, system)
        return next(
            (item.label for item in self.codes if item.code == code and named in ("", item.system)), ""
        )

    def systems(self) -> tuple[str, ...]:
        """Systems of the members, once each."""
        return tuple(dict.fromkeys([*(item.system for item in self.codes), *self.patterns]))


def value_set(name: str) -> ValueSet:
    """The value set of that name (`JDV_J66` or `J66`). Raises ToolError when there is none."""
    known = value_sets()
    found = known.get(name) or known.get(f"JDV_{name}")
    if found is None:
        raise ToolError(
            "COD-001",
            Text("jeu de valeurs inconnu", "unknown value set"),
            found=name,
            expected=", ".join(known),
        )
    return found


@cache
def value_sets() -> Mapping[str, ValueSet]:
    """Every value set by id. Raises ToolError when the data set is wrong."""
    found: dict[str, ValueSet] = {}
    for path in sorted((folder("datasets") / "codes").glob("JDV_*.yaml")):
        document = read_yaml(path)
        fields = Fields(document.data, document)
        read = _value_set(fields)
        if read.id != path.stem:
            raise fields.refuse(
                "COD-002",
                Text("l'identifiant et le nom du fichier diffèrent", "id and file name differ"),
                "id",
                read.id,
            )
        found[read.id] = read
    return MappingProxyType(found)


def class_of_type(type_code: str, system: str = "") -> str | None:
    """Class code of that document type by ASS_X04; None when the map does not know the type.

    `system` (OID) is checked when given.
    """
    found = _classes().get(type_code)
    if found is None or (system and value_set("J66").aliases.get(system, system) != found.system):
        return None
    return found.code


def class_system(class_code: str) -> str:
    """System of a class code of JDV_J57, "" when unknown."""
    return next((item.system for item in value_set("J57").codes if item.code == class_code), "")


@cache
def _classes() -> Mapping[str, Coded]:
    """Type -> Coded(class code, system of the type)."""
    document = read_yaml(folder("datasets") / "codes" / "ASS_X04.yaml")
    fields = Fields(document.data, document)
    found: dict[str, Coded] = {}
    for one in fields.each("classes", _class, empty=False):
        for item in one:
            if item.label in found:
                raise fields.refuse(
                    "COD-003", Text("type classé deux fois", "type classed twice"), "classes", item.label
                )
            found[item.label] = item
    return MappingProxyType(found)


def _class(fields: Fields) -> tuple[Coded, ...]:
    code, system = fields.text("class"), fields.text("system")
    types = fields.texts("types")
    fields.done()
    return tuple(Coded(code, system, one) for one in types)


def _value_set(fields: Fields) -> ValueSet:
    read = ValueSet(
        id=fields.text("id"),
        oid=fields.text("oid"),
        version=fields.text("version"),
        title=fields.text("title"),
        codes=tuple(item for group in fields.each("groups", _group) for item in group),
        patterns=MappingProxyType(dict(fields.each("patterns", _pattern))),
        aliases=MappingProxyType(
            {alias: name for names in fields.each("aliases", _alias) for alias, name in names}
        ),
        source=fields.text("source"),
        confidence=fields.one_of("confidence", ("A", "B", "C")),
    )
    fields.done()
    return read


def _group(fields: Fields) -> tuple[Coded, ...]:
    system = fields.text("system")
    inner = fields.inner("codes")
    members = tuple(Coded(code, system, inner.text(code)) for code in inner.names())
    fields.done()
    return members


def _pattern(fields: Fields) -> tuple[str, re.Pattern[str]]:
    read = fields.text("system"), re.compile(fields.text("pattern"))
    fields.done()
    return read


def _alias(fields: Fields) -> tuple[tuple[str, str], ...]:
    system = fields.text("system")
    read = tuple((name, system) for name in fields.texts("names"))
    fields.done()
    return read
