"""The process that runs Saxon: it reads commands, one JSON line each, on its input and answers on its output.

SaxonC holds Python's lock and some 500 MB for a large Schematron: it works in a process of its own, which can be
stopped. Run as `python -m harness.schematron.saxon_worker`.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any, TextIO


class Worker:
    """Holds one document and the compiled stylesheets, by name."""

    def __init__(self) -> None:
        from saxonche import PySaxonProcessor

        self._processor = PySaxonProcessor(license=False)
        for feature, value in (("allow-external-functions", "false"), ("allowedProtocols", "file")):
            self._processor.set_configuration_property(f"http://saxon.sf.net/feature/{feature}", value)
        self._sheets: dict[str, Any] = {}
        self._document: Any = None

    def answer(self, command: dict[str, Any]) -> dict[str, Any]:
        """`compile` (name, xslt), `load` (xml), `run` (name), each with the seconds of processor it took."""
        started = time.process_time()
        answer: dict[str, Any] = {}
        try:
            if command["do"] == "compile":
                maker = self._processor.new_xslt30_processor()
                self._sheets[command["name"]] = maker.compile_stylesheet(stylesheet_text=command["xslt"])
            elif command["do"] == "load":
                self._document = self._processor.parse_xml(xml_text=command["xml"])
            else:
                answer["report"] = self._sheets[command["name"]].transform_to_string(xdm_node=self._document)
        except Exception as problem:  # noqa: BLE001 (whatever Saxon raises is for the caller to judge)
            answer["error"] = str(problem) or type(problem).__name__
        answer["seconds"] = time.process_time() - started
        return answer


def serve(commands: TextIO, answers: TextIO) -> None:
    """Answer every command until the input ends."""
    try:
        import saxonche

        worker = Worker()
        hello = {"engine": f"saxonche {getattr(saxonche, '__version__', '')}".strip()}
    except ImportError as problem:
        answers.write(json.dumps({"error": str(problem)}) + "\n")
        return
    answers.write(json.dumps(hello) + "\n")
    answers.flush()
    for line in commands:
        answers.write(json.dumps(worker.answer(json.loads(line))) + "\n")
        answers.flush()


if __name__ == "__main__":
    serve(sys.stdin, sys.stdout)
