"""Reads every Schematron of a pack with what it includes, and tells what is wrong in the files themselves.

Nothing is compiled nor run here (pack_verify does). Each file is read once, each defect is told once with the
Schematrons it bears on. Paths in expressions are taken from the folder of the main file, as every engine does.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from lxml import etree

from harness.packs.asserts import judge
from harness.packs.defects import KitDefect
from harness.packs.layout import Layout
from harness.packs.values import stand_in
from protocol import safexml
from protocol.errors import Text, XmlRefused

SCH: Final = "{http://purl.oclc.org/dsdl/schematron}"
_MOST_FILES: Final = 5000
_LITERAL_PATH: Final = re.compile(r"""^\s*(["'])(?P<path>[^"']+\.(?:xml|rdf))\1\s*$""", re.IGNORECASE)
_DOC: Final = re.compile(r"""\bdoc(?:ument)?\s*\(\s*(["'])(?P<path>[^"']+)\1""")
_VARIABLE: Final = re.compile(r"\$([\w.\-]+)")
_EXPRESSIONS: Final = ("test", "context", "value", "select", "path")
_SAID: Final = {"never": "KIT-040", "part": "KIT-041", "always": "KIT-042"}


@dataclass(frozen=True)
class Reference:
    """A file that an expression reads: the path as written, and where it is written. `used` is False for a
    variable that nothing reads."""

    path: str
    told: str
    line: int
    used: bool = True


@dataclass
class Part:
    """One file of Schematron. `root` is None when it can't be read, `trouble` says why; `includes` as resolved."""

    relative: str
    root: etree._Element | None
    trouble: str = ""
    empty: bool = False


class Scan:
    """The Schematrons of a pack, read. `defects` is complete once `run` was called."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.parts: dict[str, Part] = {}
        self._found: dict[tuple[str, str, int, str], KitDefect] = {}
        #: Schematrons that lack a part: what they then refer to in vain is no defect of its own.
        self._incomplete: set[str] = set()
        self._touches: defaultdict[tuple[str, str, int, str], dict[str, None]] = defaultdict(dict)

    def run(self) -> tuple[KitDefect, ...]:
        """Every defect of the Schematrons and of what they name, in the order of their codes, then of paths."""
        for main in self.layout.schematrons:
            self._schematron(main)
        for relative in self.layout.files:
            if relative.lower().endswith(".sch") and relative not in self.parts:
                self._unreached(relative)
        told = [
            replace(one, touches=tuple(name for name in self._touches[key] if name))
            for key, one in self._found.items()
        ]
        return tuple(sorted(told, key=lambda one: (one.code, one.path, one.line, one.found)))

    def _schematron(self, main: str) -> None:
        files = list(self._closure(main))
        items = [
            (part, item) for part in files if part.root is not None for item in part.root.iter(SCH + "*")
        ]
        self._references(main, items)
        self._structure(main, items)
        for part, item in items:
            if item.tag in (SCH + "assert", SCH + "report"):
                self._assertion(main, part, item)

    def _unreached(self, relative: str) -> None:
        """A file that no Schematron of the pack includes: its slips wait for the one that will."""
        part = self._part(relative)
        if part.root is None:
            self._tell("KIT-060" if part.empty else "KIT-016", "", relative, 0, part.trouble)
            return
        for item in part.root.iter(SCH + "assert", SCH + "report"):
            self._assertion("", part, item)

    # -- files ----------------------------------------------------------------------------------------------
    def _closure(self, main: str) -> Iterator[Part]:
        waiting, seen = [main], {main}
        while waiting and len(seen) < _MOST_FILES:
            part = self._part(waiting.pop(0))
            yield part
            if part.root is None:
                self._tell("KIT-012", main, part.relative, 0, part.trouble)
                self._incomplete.add(main)
                continue
            for include in part.root.iter(SCH + "include"):
                href = include.get("href", "").partition("#")[0]
                target = self._included(main, part, href, include.sourceline or 0) if href else ""
                if target and target not in seen:
                    seen.add(target)
                    waiting.append(target)

    def _part(self, relative: str) -> Part:
        if relative not in self.parts:
            data = self.layout.path(relative).read_bytes()
            try:
                self.parts[relative] = Part(relative, safexml.parse(data))
            except XmlRefused as refusal:
                where = f" ({refusal.field})" if refusal.field else ""
                trouble = f"{refusal.code} {refusal.found}{where}".strip()
                self.parts[relative] = Part(relative, None, trouble, not data.strip())
        return self.parts[relative]

    def _included(self, main: str, part: Part, href: str, line: int) -> str:
        found = self.layout.resolve(posixpath.dirname(part.relative), href)
        if found is None:
            self._tell("KIT-010", main, part.relative, line, href)
            self._incomplete.add(main)
            return ""
        if not found.exact:
            self._tell("KIT-011", main, part.relative, line, f"{href} → {found.relative}")
        return found.relative

    # -- what expressions read ------------------------------------------------------------------------------
    def _references(self, main: str, items: list[tuple[Part, etree._Element]]) -> None:
        used = {name for _, item in items for text in _texts(item) for name in _VARIABLE.findall(text)}
        for part, item in items:
            for reference in _paths(part, item, used):
                self._read(main, reference)

    def _read(self, main: str, reference: Reference) -> None:
        base = posixpath.dirname(main)
        found = self.layout.resolve(base, reference.path)
        if found is None:
            wanted = posixpath.normpath(posixpath.join(base, reference.path))
            code = "KIT-020" if reference.used else "KIT-025"
            if stand_in(self.layout.folder, wanted) is not None:
                code = "KIT-021"
            self._tell(code, main, reference.told, reference.line, wanted, once=True)
            return
        if not found.exact:
            told = f"{reference.path} → {found.relative}"
            self._tell("KIT-023", main, reference.told, reference.line, told, once=True)
        if not self.layout.path(found.relative).stat().st_size:
            self._tell("KIT-022", main, found.relative, 0, f"{reference.told}:{reference.line}", once=True)

    # -- what the Schematron says of itself -----------------------------------------------------------------
    def _structure(self, main: str, items: list[tuple[Part, etree._Element]]) -> None:
        patterns = [(part, item) for part, item in items if item.tag == SCH + "pattern"]
        ids = Counter(item.get("id", "") for _, item in patterns)
        rules = {item.get("id", "") for _, item in items if item.tag == SCH + "rule"}
        active = self._active(items)
        for part, item in patterns:
            name, line = item.get("id", ""), item.sourceline or 0
            if item.get("is-a") and item.get("is-a") not in ids and main not in self._incomplete:
                self._tell("KIT-013", main, part.relative, line, item.get("is-a", ""))
            if name and ids[name] > 1:
                self._tell("KIT-064", main, part.relative, line, name)
            if active is not None and name not in active and item.get("abstract") != "true":
                self._tell("KIT-015", main, part.relative, line, name)
            self._hidden(main, part, item)
        for part, item in () if main in self._incomplete else items:
            if item.tag == SCH + "extends" and item.get("rule") and item.get("rule") not in rules:
                self._tell("KIT-013", main, part.relative, item.sourceline or 0, item.get("rule", ""))
            elif item.tag == SCH + "active" and active and item.get("pattern", "") not in ids:
                self._tell("KIT-014", main, part.relative, item.sourceline or 0, item.get("pattern", ""))

    def _hidden(self, main: str, part: Part, pattern: etree._Element) -> None:
        """Rules of one pattern that have the context of an earlier one: a node goes to the first."""
        seen: set[str] = set()
        for rule in pattern.iterchildren(SCH + "rule"):
            context = " ".join(rule.get("context", "").split())
            if context and context in seen:
                self._tell("KIT-043", main, part.relative, rule.sourceline or 0, context)
            seen.add(context)

    @staticmethod
    def _active(items: list[tuple[Part, etree._Element]]) -> set[str] | None:
        """Patterns of the default phase; None when every pattern runs."""
        default = next((item.get("defaultPhase", "") for _, item in items if item.tag == SCH + "schema"), "")
        phases = [item for _, item in items if item.tag == SCH + "phase" and item.get("id") == default]
        if not default or default == "#ALL" or not phases:
            return None
        return {active.get("pattern", "") for phase in phases for active in phase.iter(SCH + "active")}

    def _assertion(self, main: str, part: Part, item: etree._Element) -> None:
        test = item.get("test", "")
        said = judge(test, report=item.tag == SCH + "report")
        if said is not None:
            shown = " ".join(test.split())
            self._tell(_SAID[said], main, part.relative, item.sourceline or 0, shown)

    def _tell(
        self,
        code: str,
        main: str,
        path: str,
        line: int,
        found: str,
        *,
        once: bool = False,
        detail: Text | None = None,
    ) -> None:
        """`once`: the same thing found from several places is told at the first only."""
        key = (code, "" if once else path, 0 if once else line, found)
        self._touches[key][main] = None
        if key not in self._found:
            extra = {"detail": detail} if detail else {}
            self._found[key] = KitDefect(code, path, line, found, **extra)


def _texts(item: etree._Element) -> Iterator[str]:
    """Expressions of an element; a let does not use itself."""
    for name in _EXPRESSIONS:
        if value := item.get(name):
            yield value


def _paths(part: Part, item: etree._Element, used: set[str]) -> Iterator[Reference]:
    line = item.sourceline or 0
    literal = _LITERAL_PATH.match(item.get("value", ""))
    if literal:
        read = item.tag != SCH + "let" or item.get("name", "").strip() in used
        yield Reference(literal["path"], part.relative, line, read)
        return
    for text in _texts(item):
        for match in _DOC.finditer(text):
            yield Reference(match["path"], part.relative, line)
