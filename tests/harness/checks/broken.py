"""Which rules are broken by a test, and where: each module that breaks some lists them in `BROKEN`."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

HERE = Path(__file__).parent
#: Modules elsewhere in the tests that break rules: those that need a platform, or official schemas.
FURTHER = {
    "tests.test_faults": HERE.parents[1] / "test_faults.py",
    "tests.harness.steps.test_watch": HERE.parent / "steps" / "test_watch.py",
    "tests.test_kill": HERE.parents[1] / "test_kill.py",
    "tests.harness.packs.test_schema": HERE.parent / "packs" / "test_schema.py",
    "tests.harness.packs.test_official": HERE.parent / "packs" / "test_official.py",
}


def broken() -> dict[str, set[str]]:
    """Name of each module -> ids of the rules that its tests break, for those that break any."""
    own = {f"tests.harness.checks.{path.stem}": path for path in sorted(HERE.glob("test_*.py"))}
    found = {name: set(getattr(importlib.import_module(name), "BROKEN", ())) for name in own | FURTHER}
    return {name: rules for name, rules in found.items() if rules}


def only_listed(module: str) -> set[str]:
    """Rules that the `BROKEN` of a module names itself while nothing else in the module does: no test breaks them."""
    path = FURTHER.get(module) or HERE / f"{module.rpartition('.')[2]}.py"
    tree = ast.parse(path.read_text(encoding="utf-8"))
    listing = [
        node
        for node in tree.body
        if isinstance(node, ast.Assign) and any(getattr(one, "id", "") == "BROKEN" for one in node.targets)
    ]
    listed = [part for node in listing for part in ast.walk(node)]
    inside = {id(part) for part in listed}
    return _texts(listed) - _texts([part for part in ast.walk(tree) if id(part) not in inside])


def _texts(nodes: list[ast.AST]) -> set[str]:
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
