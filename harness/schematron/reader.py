"""Reads a Schematron: its file, the files it includes, its abstract rules and patterns, its default phase.

Gives a `model.Schema` where every rule is concrete. What an expression means is not its business; a file that
is not there is reported and stops the reading, as it would any Schematron engine.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from lxml import etree

from harness.schematron.folder import Folder
from harness.schematron.model import Assertion, Let, Part, Pattern, Rule, Schema
from protocol.errors import Text, ToolError

SCH: Final = "{http://purl.oclc.org/dsdl/schematron}"
_MAX_INCLUDES: Final = 32
_SPACES: Final = re.compile(r"[ \t\r\n]+")
_WORD_AFTER: Final = r"(?!\w)"


@dataclass(frozen=True)
class _Extends:
    rule: str


@dataclass(frozen=True)
class _RawRule:
    """A rule before its extends are followed."""

    id: str
    abstract: bool
    context: str
    body: tuple[Let | Assertion | _Extends, ...]
    where: str


@dataclass(frozen=True)
class _RawPattern:
    id: str
    title: str
    abstract: bool
    is_a: str
    params: tuple[tuple[str, str], ...]
    lets: tuple[Let, ...]
    rules: tuple[_RawRule, ...]
    where: str


def read(folder: Folder, relative: str) -> Schema:
    """The Schematron of a pack, at its default phase.

    Raises ToolError: SCH-001 not in the pack, SCH-002 not a Schematron, SCH-003 unreadable file, SCH-004 an include
    that is not there, SCH-005 an abstract rule or pattern that is not there or goes round in circles.
    """
    path = folder.locate(folder.root, relative, relative)
    if path is None:
        raise ToolError(
            "SCH-001", Text("schématron absent du paquet", "Schematron not in the pack"), field=relative
        )
    root = folder.parse(path)
    if root.tag != SCH + "schema":
        raise ToolError(
            "SCH-002",
            Text("ce n'est pas un schématron ISO", "not an ISO Schematron"),
            field=relative,
            found=str(root.tag),
            expected=SCH + "schema",
        )
    return _Reading(folder).schema(root, path)


class _Reading:
    """One reading: what was collected on the way."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._namespaces: dict[str, str] = {}
        self._lets: list[Let] = []
        self._patterns: list[_RawPattern] = []
        self._phases: dict[str, list[str]] = {}

    def schema(self, root: etree._Element, path: Path) -> Schema:
        self._collect(root, path, 0)
        abstract_rules: dict[str, _RawRule] = {}
        for pattern in self._patterns:
            for rule in pattern.rules:
                if rule.abstract:
                    abstract_rules.setdefault(rule.id, rule)
        templates = {pattern.id: pattern for pattern in self._patterns if pattern.abstract}
        phase = root.get("defaultPhase", "")
        active = set(self._phases.get(phase, ())) if phase and phase != "#ALL" else None
        patterns, skipped = [], []
        for rank, raw in enumerate(self._patterns, 1):
            if raw.abstract:
                continue
            if active is not None and raw.id not in active:
                skipped.append(raw.id or raw.title)
                continue
            made = _instance(raw, templates) if raw.is_a else raw
            label = raw.id or raw.title or f"M{rank}"
            patterns.append(
                Pattern(
                    label,
                    made.lets,
                    tuple(_concrete(one, abstract_rules) for one in made.rules if not one.abstract),
                )
            )
        self._absent_active(active, path)
        return Schema(
            self._namespaces, tuple(self._lets), tuple(patterns), root.get("queryBinding", "xslt"),
            _title(root), phase, tuple(skipped),
        )  # fmt: skip

    def _absent_active(self, active: set[str] | None, path: Path) -> None:
        for name in sorted((active or set()) - {pattern.id for pattern in self._patterns}):
            self._folder.report(
                "MISSING",
                self._folder.relative(path),
                Text(
                    f"la phase active le motif {name}, qui n'existe pas",
                    f"the phase activates the pattern {name}, which does not exist",
                ),
            )

    def _collect(self, root: etree._Element, path: Path, depth: int) -> None:
        for item, file in self._content(root, path, depth):
            name = str(item.tag).removeprefix(SCH)
            if name == "ns":
                self._namespaces[item.get("prefix", "")] = item.get("uri", "")
            elif name == "let":
                self._lets.append(_let(item))
            elif name == "phase":
                inside = self._content(item, file, depth)
                active = [one.get("pattern", "") for one, _ in inside if one.tag == SCH + "active"]
                self._phases[item.get("id", "")] = active
            elif name == "pattern":
                self._patterns.append(self._pattern(item, file, depth))
            elif name == "schema":  # included whole: what it holds counts as ours
                self._collect(item, file, depth + 1)

    def _content(self, parent: etree._Element, path: Path, depth: int) -> list[tuple[etree._Element, Path]]:
        """Schematron children of an element, includes replaced by what they lead to, each with its file."""
        found: list[tuple[etree._Element, Path]] = []
        for child in parent.iterchildren(SCH + "*"):
            if child.tag == SCH + "include":
                found += self._included(child, path, depth)
            else:
                found.append((child, path))
        return found

    def _included(self, include: etree._Element, path: Path, depth: int) -> list[tuple[etree._Element, Path]]:
        if depth > _MAX_INCLUDES:
            raise _broken(self._folder.relative(path), "include", include.get("href", ""))
        href, _, fragment = include.get("href", "").partition("#")
        told = self._folder.relative(path)
        target = self._folder.locate(path.parent, href, told) if href else path
        if target is None:
            raise ToolError(
                "SCH-004",
                Text("un fichier inclus manque", "an included file is missing"),
                field=f"{told}:{include.sourceline}",
                found=href,
            )
        try:
            root = self._folder.parse(target)
        except ToolError as problem:
            if target.stat().st_size == 0:
                self._folder.report("EMPTY", told, Text(f"{href} : fichier vide", f"{href}: empty file"))
            raise problem
        if fragment:
            inner = [one for one in root.iter() if fragment in (one.get("id"), one.get(_XML_ID))]
            root = inner[0] if inner else root
        if root.tag == SCH + "include":
            return self._included(root, target, depth + 1)
        return [(root, target)]

    def _pattern(self, item: etree._Element, path: Path, depth: int) -> _RawPattern:
        lets, rules, params, title = [], [], [], item.get("name", "")
        for child, file in self._content(item, path, depth):
            name = str(child.tag).removeprefix(SCH)
            if name == "let":
                lets.append(_let(child))
            elif name == "rule":
                rules.append(self._rule(child, file, depth))
            elif name == "param":
                params.append((child.get("name", ""), child.get("value", "")))
            elif name == "title" and not title:
                title = _fold("".join(str(piece) for piece in child.itertext()))
        return _RawPattern(
            item.get("id", ""), title, item.get("abstract") == "true", item.get("is-a", ""),
            tuple(params), tuple(lets), tuple(rules), self._folder.relative(path),
        )  # fmt: skip

    def _rule(self, item: etree._Element, path: Path, depth: int) -> _RawRule:
        where = self._folder.relative(path)
        body: list[Let | Assertion | _Extends] = []
        for child, file in self._content(item, path, depth):
            name = str(child.tag).removeprefix(SCH)
            if name == "let":
                body.append(_let(child))
            elif name in ("assert", "report"):
                told = f"{self._folder.relative(file)}:{child.sourceline}"
                role = child.get("role") or child.get("flag") or item.get("role") or item.get("flag") or ""
                body.append(
                    Assertion(
                        child.get("test", ""),
                        _parts(child),
                        name == "report",
                        role,
                        child.get("id", ""),
                        told,
                    )
                )
            elif name == "extends":
                body.append(_Extends(child.get("rule", "")))
        return _RawRule(
            item.get("id", ""), item.get("abstract") == "true", item.get("context", ""), tuple(body),
            f"{where}:{item.sourceline}",
        )  # fmt: skip


_XML_ID: Final = "{http://www.w3.org/XML/1998/namespace}id"


def _instance(raw: _RawPattern, templates: dict[str, _RawPattern]) -> _RawPattern:
    """A pattern made of an abstract one: every `$param` replaced by its text, longest names first."""
    template = templates.get(raw.is_a)
    if template is None:
        raise _broken(raw.where, "is-a", raw.is_a)
    values = dict(raw.params)
    if not values:
        return replace(template, abstract=False)
    names = sorted(values, key=len, reverse=True)
    pattern = re.compile(r"\$(" + "|".join(map(re.escape, names)) + ")" + _WORD_AFTER)

    def fill(text: str) -> str:
        return pattern.sub(lambda match: values[match[1]], text) if "$" in text else text

    def filled(one: Let | Assertion | _Extends) -> Let | Assertion | _Extends:
        if isinstance(one, Let):
            return Let(one.name, fill(one.value))
        if isinstance(one, Assertion):
            parts = tuple(
                part if part.kind == "text" else Part(part.kind, fill(part.text)) for part in one.parts
            )
            return replace(one, test=fill(one.test), parts=parts)
        return one

    rules = tuple(
        replace(rule, context=fill(rule.context), body=tuple(filled(one) for one in rule.body))
        for rule in template.rules
    )
    return replace(raw, lets=tuple(Let(one.name, fill(one.value)) for one in template.lets), rules=rules)


def _concrete(raw: _RawRule, abstract: dict[str, _RawRule], seen: frozenset[str] = frozenset()) -> Rule:
    """The rule with what it extends put where it says so."""
    body: list[Let | Assertion] = []
    for one in raw.body:
        if not isinstance(one, _Extends):
            body.append(one)
            continue
        parent = abstract.get(one.rule)
        if parent is None or one.rule in seen:
            raise _broken(raw.where, "extends", one.rule)
        body += _concrete(parent, abstract, seen | {one.rule}).body
    return Rule(raw.context, tuple(body), raw.where)


def _let(item: etree._Element) -> Let:
    return Let(item.get("name", "").strip(), item.get("value") or _literal(item.text or ""))


def _literal(text: str) -> str:
    """A let may hold text instead of an expression."""
    return "'" + text.replace("'", "''") + "'"


def _parts(item: etree._Element) -> tuple[Part, ...]:
    """Message of an assert: text, value-of and name; emphasis and the like count for their text."""
    parts: list[Part] = []

    def visit(node: etree._Element) -> None:
        if node.text:
            parts.append(Part("text", node.text))
        for child in node:
            if child.tag == SCH + "value-of":
                parts.append(Part("value", child.get("select", ".")))
            elif child.tag == SCH + "name":
                parts.append(Part("name", child.get("path", ".")))
            elif isinstance(child.tag, str):
                visit(child)
            if child.tail:
                parts.append(Part("text", child.tail))

    visit(item)
    return tuple(parts)


def _title(root: etree._Element) -> str:
    title = root.find(SCH + "title")
    return "" if title is None else _fold("".join(str(piece) for piece in title.itertext()))


def _fold(text: str) -> str:
    return _SPACES.sub(" ", text).strip()


def _broken(where: str, what: str, found: str) -> ToolError:
    return ToolError(
        "SCH-005",
        Text("référence du schématron qui ne mène nulle part", "a reference of the Schematron leads nowhere"),
        field=f"{where} ({what})",
        found=found,
    )
