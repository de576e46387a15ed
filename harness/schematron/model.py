"""A Schematron as read: patterns, rules, asserts and lets, with abstract ones expanded. Values only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Let:
    """A variable. `where`: the file it is written in, relative to the pack."""

    name: str
    value: str


@dataclass(frozen=True)
class Part:
    """One piece of a message: literal text, an expression (value-of) or the name of a node (name)."""

    kind: Literal["text", "value", "name"]
    text: str


@dataclass(frozen=True)
class Assertion:
    """An assert, or a report (which fails when its test is true)."""

    test: str
    parts: tuple[Part, ...]
    report: bool
    role: str
    id: str
    where: str


@dataclass(frozen=True)
class Rule:
    """A concrete rule. `body`: its lets and asserts in order; a let may hide an earlier one of the same name."""

    context: str
    body: tuple[Let | Assertion, ...]
    where: str


@dataclass(frozen=True)
class Pattern:
    """`label`: the id, else the name or title, else a rank."""

    label: str
    lets: tuple[Let, ...]
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class Schema:
    """`patterns` are those of the default phase. `base`: folder of the main file, absolute."""

    namespaces: dict[str, str]
    lets: tuple[Let, ...]
    patterns: tuple[Pattern, ...]
    binding: str = "xslt"
    title: str = ""
    phase: str = ""
    skipped: tuple[str, ...] = field(default_factory=tuple)
