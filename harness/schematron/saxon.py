"""The reference engine: Saxon-HE (saxonche, an extra) in a worker process, over a stylesheet made by `transpile`.

It gives the same results as the direct engine, far more slowly; it is there to be compared with. An assert that stops
Saxon (a value set that is not there) is run again apart from the others, and listed as not run.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Any

from lxml import etree

from harness.schematron.folder import Folder
from harness.schematron.model import Assertion, Schema
from harness.schematron.overlay import base_of
from harness.schematron.reader import read
from harness.schematron.result import Defect, Failure, Fired, LayerResult, NotRun
from harness.schematron.transpile import stylesheet
from protocol import safexml
from protocol.errors import Text, ToolError


def available() -> bool:
    """Is saxonche installed?"""
    return find_spec("saxonche") is not None


class SaxonProcess:
    """One worker process. A context manager: leaving it stops the process.

    Raises ToolError: SCH-020 saxonche is not installed, SCH-021 the process died, SCH-022 Saxon refused a stylesheet.
    """

    def __init__(self) -> None:
        if not available():
            raise ToolError(
                "SCH-020",
                Text("saxonche n'est pas installé", "saxonche is not installed"),
                mend=Text("pip install dmpcompat[saxon]", "pip install dmpcompat[saxon]"),
            )
        self._process = subprocess.Popen(
            [sys.executable, "-m", "harness.schematron.saxon_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # a crash of its virtual machine prints thousands of lines
            text=True,
            encoding="utf-8",
            cwd=Path(__file__).resolve().parents[2],
        )
        self._names = itertools.count()
        self._loaded: etree._Element | None = None
        self.seconds = 0.0
        """What the last command took in the worker."""
        self.engine = str(self._answer().get("engine", ""))

    @property
    def pid(self) -> int:
        return self._process.pid

    def __enter__(self) -> SaxonProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):  # what was not written yet, to a process that died
                    pipe.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def compile(self, xslt: bytes) -> str:
        """The name under which the stylesheet is known."""
        name = f"t{next(self._names)}"
        answer = self._ask(do="compile", name=name, xslt=xslt.decode())
        if "error" in answer:
            raise ToolError(
                "SCH-022",
                Text("Saxon refuse le schématron", "Saxon refuses the Schematron"),
                found=answer["error"],
            )
        return name

    def load(self, root: etree._Element) -> None:
        """Make a document the one that `run` judges. It must not change between two runs."""
        if self._loaded is not root:
            whole = (
                root if root.getparent() is not None else root.getroottree()
            )  # with what is around its root
            answer = self._ask(do="load", xml=etree.tostring(whole, encoding="unicode", with_tail=False))
            if "error" in answer:
                raise ToolError(
                    "SCH-023",
                    Text("Saxon ne lit pas le document", "Saxon can't read the document"),
                    found=answer["error"],
                )
            self._loaded = root

    def run(self, name: str) -> tuple[etree._Element | None, str]:
        """(report, error): one of them."""
        answer = self._ask(do="run", name=name)
        if "error" in answer:
            return None, str(answer["error"])
        return safexml.parse(str(answer["report"]).encode(), max_bytes=1 << 28, huge=True), ""

    def _ask(self, **command: Any) -> dict[str, Any]:
        assert self._process.stdin is not None  # noqa: S101 (made with pipes)
        try:
            self._process.stdin.write(json.dumps(command) + "\n")
            self._process.stdin.flush()
        except OSError as problem:
            raise self._dead(str(problem)) from problem
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None  # noqa: S101 - it was started with a pipe
        line = self._process.stdout.readline()
        if not line:
            raise self._dead(f"code {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        self.seconds = float(answer.get("seconds", 0.0))
        return answer

    def _dead(self, found: str) -> ToolError:
        return ToolError(
            "SCH-021", Text("le processus de Saxon s'est arrêté", "the Saxon process stopped"), found=found
        )


def compile_schematron(pack_folder: Path, relative: str, process: SaxonProcess) -> SaxonSchematron:
    """Read a Schematron of a pack and have Saxon compile it.

    Raises ToolError: SCH-001 to SCH-005 as the direct engine, SCH-021 to SCH-023."""
    folder = Folder(pack_folder)
    return SaxonSchematron(folder, read(folder, relative), relative, process)


class SaxonSchematron:
    """A Schematron compiled by Saxon (`result.Compiled`)."""

    def __init__(self, folder: Folder, schema: Schema, relative: str, process: SaxonProcess) -> None:
        self.schematron = PurePosixPath(relative).as_posix()
        self.layer = PurePosixPath(relative).stem
        self._folder = folder
        self._schema = schema
        self._process = process
        self._base = base_of(folder, schema, relative)
        self._plain = process.compile(stylesheet(schema, self._base))
        self._guarded = ""
        self._labels = [
            [Fired(pattern.label, rule.context) for rule in pattern.rules] for pattern in schema.patterns
        ]
        self.seconds = 0.0
        """What the last run took in Saxon."""

    @property
    def defects(self) -> tuple[Defect, ...]:
        return self._folder.defects

    def run(self, root: etree._Element) -> LayerResult:
        """Judge a document, which must be whole."""
        self._process.load(root)
        report, error = self._process.run(self._plain)
        self.seconds = self._process.seconds
        if report is None:
            if not self._guarded:
                self._guarded = self._process.compile(stylesheet(self._schema, self._base, guarded=True))
            report, error = self._process.run(self._guarded)
        if report is None:
            why = Text(f"Saxon s'est arrêté : {error}", f"Saxon stopped: {error}")
            return LayerResult(self.layer, self.schematron, "saxon", (), (), (NotRun(self.schematron, why),))
        fired = tuple(self._labels[int(one.get("p", ""))][int(one.get("r", ""))] for one in report.iter("f"))
        return LayerResult(
            self.layer, self.schematron, "saxon", fired, tuple(self._failures(report, root)),
            tuple(self._not_run(report)),
        )  # fmt: skip

    def _failures(self, report: etree._Element, root: etree._Element) -> Iterator[Failure]:
        """In the order of the nodes in each pattern: the walk goes down before it comes back."""
        for one in report.iter("x"):
            label, assertion = self._source(one)
            path, line = _place(root, one.get("at", ""))
            text = " ".join((one.text or "").split())
            yield Failure(
                label.pattern, label.context, assertion.test, text, assertion.role, path, line, assertion.id
            )

    def _not_run(self, report: etree._Element) -> Iterator[NotRun]:
        seen: dict[str, NotRun] = {}
        for one in report.iter("e"):
            _, assertion = self._source(one)
            what = f"{assertion.where} {assertion.test}"
            seen.setdefault(what, NotRun(what, Text(f"Saxon : {one.text}", f"Saxon: {one.text}")))
        yield from seen.values()

    def _source(self, one: etree._Element) -> tuple[Fired, Assertion]:
        pattern, rule, place = (int(one.get(name, "")) for name in ("p", "r", "a"))
        assertion = self._schema.patterns[pattern].rules[rule].body[place]
        assert isinstance(assertion, Assertion)  # noqa: S101 (transpile numbers asserts alone)
        return self._labels[pattern][rule], assertion


def _place(root: etree._Element, at: str) -> tuple[str, int]:
    """Readable path and line of a node, from the ranks that the stylesheet tells."""
    steps = [step for step in at.split("/") if step]
    if not steps:
        return "/", 0
    node = root
    for step in steps[1:]:
        if step.startswith("@"):
            return f"{safexml.path_of(node)}/{step}", node.sourceline or 0
        node = next(itertools.islice(node.iterchildren(etree.Element), int(step) - 1, None))
    return safexml.path_of(node), node.sourceline or 0
