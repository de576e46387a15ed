"""YAML as plain data, the same way everywhere: data sets, plans, campaigns.

Only the JSON core is understood: `null`, `true`/`false`, decimal numbers, text; so a date, `012`, `12:30` or
`yes` stays the text that was written. Duplicate keys, aliases, tags, several documents, and excess of size
or depth are refused with file:line. What the data must contain is for the readers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from protocol.errors import DmpcompatError, Text, ToolError
from protocol.regularfile import FileRefused, open_regular

MAX_BYTES: Final = 2 * 1024 * 1024
MAX_DEPTH: Final = 64

Where = tuple[str | int, ...]

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WORDS: Final = {"": None, "~": None, "null": None, "true": True, "false": False}
_INTEGER: Final = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_DECIMAL: Final = re.compile(r"[-+]?(0|[1-9][0-9]*)\.[0-9]+([eE][-+]?[0-9]{1,3})?")
_MERGE: Final = "<<"


@dataclass(frozen=True)
class YamlDocument:
    """`data`: dict, list, str, int, float, bool or None, nested. `lines`: where each value starts (from 1),
    by its path from the root: `("cases", 0, "title")`; the root is `()`."""

    name: str
    data: Any
    lines: dict[Where, int]

    def at(self, where: Where) -> str:
        """`file:line` of that value, or of the nearest parent that exists."""
        while where and where not in self.lines:
            where = where[:-1]
        return f"{self.name}:{self.lines.get(where, 1)}"


def read_yaml(
    path: Path, *, max_bytes: int = MAX_BYTES, error: type[DmpcompatError] = ToolError, name: str = ""
) -> YamlDocument:
    """Read one file. `name` is what errors call it (default: the path).

    Raises `error` (ToolError; a plan passes PlanError) when it can't be read, is too big or is refused.
    """
    shown = name or str(path)
    try:
        with open_regular(path) as stream:
            raw = stream.read(max_bytes + 1)
    except (OSError, FileRefused) as problem:
        found = problem.found if isinstance(problem, FileRefused) else problem.strerror
        raise error(
            "YAML-001",
            Text("le fichier ne peut pas être lu", "the file can't be read"),
            field=shown,
            found=found or str(problem),
        ) from problem
    return parse_yaml(raw, shown, max_bytes=max_bytes, error=error)


def parse_yaml(
    raw: bytes, name: str, *, max_bytes: int = MAX_BYTES, error: type[DmpcompatError] = ToolError
) -> YamlDocument:
    """Read the bytes (UTF-8) of one document. Raises `error`, whose field is `name:line`."""
    if len(raw) > max_bytes:
        raise error(
            "YAML-002",
            Text("le fichier est trop gros", "the file is too big"),
            field=name,
            expected=f"<= {max_bytes}",
        )
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = raw.count(b"\n", 0, problem.start) + 1
        raise error(
            "YAML-003",
            Text("le fichier n'est pas en UTF-8", "the file is not UTF-8"),
            field=f"{name}:{line}",
            found=f"0x{raw[problem.start]:02x}",
        ) from problem
    builder = _Builder(name, error)
    try:
        return builder.document(yaml.parse(text, Loader=_LOADER))
    except yaml.YAMLError as problem:
        raise error(
            "YAML-004",
            Text("ce n'est pas du YAML correct", "this is not correct YAML"),
            field=f"{name}:{_line_of(problem)}",
            found=_cause_of(problem),
        ) from problem


class _Builder:
    """Builds plain data from the event stream, so that the bounds hold before anything is composed."""

    def __init__(self, name: str, error: type[DmpcompatError]) -> None:
        self._name = name
        self._error = error
        self._lines: dict[Where, int] = {}

    def document(self, events: Iterator[Any]) -> YamlDocument:
        data: Any = None
        seen = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                seen += 1
                if seen > 1:
                    raise self._refuse(
                        event, "YAML-005", Text("un seul document par fichier", "one document a file")
                    )
                data = self._value(next(events), events, ())
        return YamlDocument(self._name, data, self._lines)

    def _value(self, event: Any, events: Iterator[Any], where: Where) -> Any:
        self._lines[where] = event.start_mark.line + 1
        if len(where) > MAX_DEPTH:
            raise self._refuse(event, "YAML-006", Text("trop d'imbrications", "nested too deep"))
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            raise self._refuse(
                event,
                "YAML-007",
                Text("ancres et alias (& et *) sont refusés", "anchors and aliases (& and *) are refused"),
            )
        if event.tag is not None:
            raise self._refuse(
                event, "YAML-008", Text("les étiquettes (!) sont refusées", "tags (!) are refused"), event.tag
            )
        if isinstance(event, yaml.ScalarEvent):
            return _scalar(event)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(events, where)
        return self._mapping(events, where)

    def _sequence(self, events: Iterator[Any], where: Where) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            items.append(self._value(event, events, (*where, len(items))))
        return items

    def _mapping(self, events: Iterator[Any], where: Where) -> dict[str, Any]:
        items: dict[str, Any] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            key = self._key(event, items)
            items[key] = self._value(next(events), events, (*where, key))
            self._lines[(*where, key)] = event.start_mark.line + 1
        return items

    def _key(self, event: Any, known: dict[str, Any]) -> str:
        if not isinstance(event, yaml.ScalarEvent) or event.tag is not None or event.anchor is not None:
            raise self._refuse(event, "YAML-009", Text("une clé est un texte", "a key is a text"))
        if event.value == _MERGE and _is_plain(event):
            raise self._refuse(
                event, "YAML-010", Text("la clé de fusion << est refusée", "the merge key << is refused")
            )
        key = str(event.value)
        if key in known:
            raise self._refuse(
                event, "YAML-011", Text("clé écrite deux fois", "key written twice"), found=key
            )
        return key

    def _refuse(self, event: Any, code: str, text: Text, found: str = "") -> DmpcompatError:
        return self._error(code, text, field=f"{self._name}:{event.start_mark.line + 1}", found=found)


def _scalar(event: yaml.ScalarEvent) -> Any:
    """A quoted or block scalar is text; a plain one may be null, a boolean or a number."""
    value = str(event.value)
    if not _is_plain(event):
        return value
    if value in _WORDS:
        return _WORDS[value]
    if _INTEGER.fullmatch(value):
        return int(value)
    if _DECIMAL.fullmatch(value):
        return float(value)
    return value


def _is_plain(event: yaml.ScalarEvent) -> bool:
    """The C parser writes the style of a plain scalar as "", the Python one as None."""
    return not event.style


def _line_of(problem: yaml.YAMLError) -> int:
    mark = getattr(problem, "problem_mark", None) or getattr(problem, "context_mark", None)
    return int(mark.line) + 1 if mark is not None else 1


def _cause_of(problem: yaml.YAMLError) -> str:
    words = (getattr(problem, "context", None), getattr(problem, "problem", None))
    return ", ".join(str(word) for word in words if word) or "YAML"
