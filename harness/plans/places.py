"""Where each case of a plan is written: file and line, through the files that the plan includes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from protocol.errors import PlanError
from protocol.yamlread import YamlDocument, read_yaml


@dataclass(frozen=True)
class Place:
    """A file (as it was named) and a line from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


def places(path: Path) -> dict[str, Place]:
    """Code of a case -> its place; "" -> that of the plan. Raises PlanError."""
    main = read_yaml(path, error=PlanError)
    found = {"": Place(str(path), 1)}
    found.update(_cases(main))
    for name in main.data.get("include", ()):
        found.update(_cases(read_yaml(path.parent / name, error=PlanError)))
    return found


def _cases(document: YamlDocument) -> Iterator[tuple[str, Place]]:
    for index, case in enumerate(document.data["cases"]):
        file, _, rest = document.at(("cases", index)).rpartition(":")
        line = rest.partition(" ")[0]
        yield case["code"], Place(file or document.name, int(line) if line.isdigit() else 1)
