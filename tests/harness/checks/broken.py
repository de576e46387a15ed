"""Which rules the tests of this folder break: each module that breaks some lists them in `BROKEN`."""

from __future__ import annotations

import importlib
from pathlib import Path


def broken_elsewhere() -> set[str]:
    """Ids of the rules that the modules with a `BROKEN` break."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("test_*.py"))
    modules = (importlib.import_module(f"tests.harness.checks.{name}") for name in names)
    return {rule for module in modules for rule in getattr(module, "BROKEN", ())}
