"""The acceptance rules of the mock as data: id, stage, default severity, error code; and its switches.

Reads datasets/acceptance. What a rule looks at, and the severity that a session chose, are for the mock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from types import MappingProxyType
from typing import Final, Literal, TypeVar

from protocol.catalogue import entries
from protocol.datafolders import folder
from protocol.errors import Text
from protocol.strictdata import Fields
from protocol.yamlread import read_yaml

Severity = Literal["refuse", "warn", "off"]
Value = str | int | bool

#: Stages in the order in which the mock takes a message through them.
STAGES: Final = (
    "transport",
    "soap",
    "vihf",
    "signature",
    "freshness",
    "coherence",
    "homologation",
    "rights",
    "xds",
    "hl7",
    "web-ps",
)
SEVERITIES: Final[tuple[Severity, ...]] = ("refuse", "warn", "off")


@dataclass(frozen=True)
class AcceptanceRule:
    """One rule. `code` is the error it answers with when it refuses; it is in the error catalogue.

    `transactions`: those that it looks at; `*` stands for every transaction that is a SOAP message.
    """

    id: str
    stage: str
    default: Severity
    code: str
    transactions: tuple[str, ...]
    title: Text
    source: str
    confidence: Literal["A", "B", "C"]


@dataclass(frozen=True)
class Switch:
    """A setting that is no rule. `values` empty: any value of the default's type.

    `transactions`: those that it changes, as for a rule; none for what is beside the DMP.
    """

    name: str
    default: Value
    values: tuple[Value, ...]
    transactions: tuple[str, ...]
    title: Text
    source: str
    confidence: Literal["A", "B", "C"]


@cache
def rules() -> Mapping[str, AcceptanceRule]:
    """Rules by id, in the order of the stages. Raises ToolError when the data set is wrong."""
    found = _unique("rules", _rule)
    return MappingProxyType(dict(sorted(found.items(), key=lambda item: STAGES.index(item[1].stage))))


@cache
def switches() -> Mapping[str, Switch]:
    """Switches by name. Raises ToolError when the data set is wrong."""
    return MappingProxyType(_unique("switches", _switch))


T = TypeVar("T", AcceptanceRule, Switch)


def _unique(key: str, read: Callable[[tuple[str, ...], Fields], T]) -> dict[str, T]:
    """A file may say `transactions` once for all that it holds."""
    found: dict[str, T] = {}
    for path in sorted((folder("datasets") / "acceptance").glob("*.yaml")):
        document = read_yaml(path)
        fields = Fields(document.data, document)
        named = fields.texts("transactions", ("*",))
        for item in fields.each(key, partial(read, named)):
            name = item.name if isinstance(item, Switch) else item.id
            if name in found:
                raise fields.refuse("ACC-001", Text("écrit deux fois", "written twice"), key, name)
            found[name] = item
    return found


def _rule(named: tuple[str, ...], fields: Fields) -> AcceptanceRule:
    read = AcceptanceRule(
        id=fields.text("id"),
        stage=fields.one_of("stage", STAGES),
        default=fields.one_of("default", SEVERITIES),
        code=fields.one_of("code", entries()),
        transactions=fields.texts("transactions", named),
        title=fields.words("title"),
        source=fields.text("source"),
        confidence=fields.one_of("confidence", ("A", "B", "C")),
    )
    fields.done()
    return read


def _switch(named: tuple[str, ...], fields: Fields) -> Switch:
    read = Switch(
        name=fields.text("name"),
        default=fields.raw("default"),
        values=tuple(fields.raw("values", [])),
        transactions=fields.texts("transactions", named),
        title=fields.words("title"),
        source=fields.text("source"),
        confidence=fields.one_of("confidence", ("A", "B", "C")),
    )
    fields.done()
    if not isinstance(read.default, str | int | bool) or (read.values and read.default not in read.values):
        raise fields.refuse("ACC-002", Text("défaut refusé", "default refused"), "default", read.default)
    return read
