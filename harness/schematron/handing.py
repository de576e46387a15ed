"""The direct engine, with Saxon behind it: a layer that asks for what the direct engine does not know is run again by
Saxon, when it is installed, and says so (`LayerResult.engine`). Otherwise it is listed as not run.
"""

from __future__ import annotations

import threading
from pathlib import Path
from types import TracebackType

from lxml import etree

from harness.schematron import direct, saxon
from harness.schematron.index import Index
from harness.schematron.result import Defect, LayerResult


class Engines:
    """Both engines; Saxon's process is started the first time it is needed. A context manager.

    Threads may share it: Saxon serves one of them at a time.
    """

    def __init__(self) -> None:
        self._process: saxon.SaxonProcess | None = None
        self.turn = threading.Lock()

    def __enter__(self) -> Engines:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop Saxon's process, if there is one."""
        if self._process is not None:
            self._process.close()
            self._process = None

    def compile(self, pack_folder: Path, relative: str) -> HandingSchematron:
        """Raises ToolError as `direct.compile_schematron`."""
        return HandingSchematron(
            direct.compile_schematron(pack_folder, relative), pack_folder, relative, self
        )

    def process(self) -> saxon.SaxonProcess:
        """Raises ToolError (SCH-020, SCH-021)."""
        if self._process is None:
            self._process = saxon.SaxonProcess()
        return self._process


class HandingSchematron:
    """A Schematron that hands to Saxon what the direct engine can't take (`result.Compiled`)."""

    def __init__(
        self, compiled: direct.DirectSchematron, pack_folder: Path, relative: str, engines: Engines
    ) -> None:
        self._direct = compiled
        self._where = (pack_folder, relative)
        self._engines = engines
        self._saxon: saxon.SaxonSchematron | None = None
        self.schematron = compiled.schematron
        self.layer = compiled.layer

    @property
    def defects(self) -> tuple[Defect, ...]:
        return self._direct.defects

    def run(self, root: etree._Element, index: Index | None = None) -> LayerResult:
        """Raises ToolError SCH-021 to SCH-023 when Saxon itself fails."""
        result = self._direct.run(root, index)
        if not any(one.handed for one in result.not_run) or not saxon.available():
            return result
        with self._engines.turn:
            if self._saxon is None:
                self._saxon = saxon.compile_schematron(*self._where, self._engines.process())
            return self._saxon.run(root)
