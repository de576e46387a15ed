"""The direct engine: runs a Schematron over a document without XSLT. (Being written.)"""

from __future__ import annotations

from pathlib import Path

from harness.schematron.result import Compiled
from protocol.errors import Text, ToolError


def compile_schematron(pack_folder: Path, relative: str) -> Compiled:
    """Read and prepare the Schematron of a pack. Raises ToolError SCH-001 to SCH-009."""
    raise ToolError("SCH-009", Text("pas encore disponible", "not available yet"), field=str(pack_folder / relative))
