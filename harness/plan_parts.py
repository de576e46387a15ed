"""A plan in several files: `include` names files of cases beside it, and the plan becomes one again when it is read.

Each file is checked by itself, so that a mistake is told where it was written. What is run, pinned by a digest and
kept with the evidence is the whole plan, without `include`. How a case is checked is for `harness.plan`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import yaml

from harness.problems import Problems
from protocol.errors import PlanError, Text, ToolError
from protocol.regularfile import is_there
from protocol.yamlread import YamlDocument, parse_yaml, read_yaml

_DUMPER: Final = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
#: Checks the plan that a document is; adds what is wrong to the problems.
Checker = Callable[[YamlDocument, Problems], object]


def whole(main: YamlDocument, path: Path, check: Checker) -> bytes:
    """The plan with the cases of its files, as YAML. Raises PlanError naming the file and the line."""
    head = {name: value for name, value in main.data.items() if name != "include"}
    cases = list(head["cases"])
    places = {case["code"]: main.at(("cases", index)) for index, case in enumerate(cases)}
    for index, name in enumerate(main.data["include"]):
        document = _part(main, index, path.parent / name)
        problems = Problems(document, "PLAN")
        check(replace(document, data={**head, "cases": document.data["cases"]}), problems)
        for position, case in enumerate(document.data["cases"]):
            at = ("cases", position)
            if case["code"] in places:
                text = Text("code de cas en double", "case code used twice")
                problems.add("016", text, (*at, "code"), found=f"{case['code']} ({places[case['code']]})")
            places[case["code"]] = document.at(at)
        problems.raise_if_any()
        cases += document.data["cases"]
    return _written({**head, "cases": cases}, path)


def _part(main: YamlDocument, index: int, path: Path) -> YamlDocument:
    """One file of cases."""
    problems = Problems(main, "PLAN")
    if not is_there(path) or not path.resolve().is_relative_to(Path(main.name).parent.resolve()):
        text = Text(
            "fichier de cas introuvable, ou hors du dossier du plan",
            "file of cases not found, or outside the folder of the plan",
        )
        problems.add("041", text, ("include", index), found=main.data["include"][index])
        problems.raise_if_any()
    document = read_yaml(path, error=PlanError)
    if not (
        isinstance(document.data, Mapping)
        and set(document.data) == {"cases"}
        and isinstance(document.data["cases"], list)
    ):
        problems = Problems(document, "PLAN")
        text = Text("un fichier de cas n'a que « cases »", "a file of cases has nothing but `cases`")
        problems.add("042", text, (), expected="cases: [...]")
        problems.raise_if_any()
    return document


def _written(plan: dict[str, Any], path: Path) -> bytes:
    dumped = yaml.dump(
        plan, Dumper=_DUMPER, sort_keys=False, allow_unicode=True, encoding="utf-8", width=10000
    )
    raw: bytes = dumped
    if parse_yaml(raw, str(path), error=PlanError).data != plan:
        raise ToolError("PLAN-043", Text("le plan réuni diffère de ses parties", "the whole plan differs"))
    return raw
