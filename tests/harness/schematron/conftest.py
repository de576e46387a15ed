"""Packs in small: a Schematron, what it includes, its value sets; and documents to judge."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from lxml import etree

from harness.schematron.direct import compile_schematron
from harness.schematron.result import LayerResult
from protocol import safexml

Pack = Callable[..., Path]
Judge = Callable[..., LayerResult]
HEAD = (
    '<schema xmlns="http://purl.oclc.org/dsdl/schematron" queryBinding="xslt2">'
    '<ns prefix="d" uri="urn:doc"/><ns prefix="xs" uri="http://www.w3.org/2001/XMLSchema"/>'
    '<ns prefix="xsi" uri="http://www.w3.org/2001/XMLSchema-instance"/>'
)
VALUES = (
    '<set><concept code="A" system="1.2"/><concept code="B" system="1.2"/><concept code="A" system="1.3"/>'
    '<note n="3">A</note><group><key>B</key><key>C</key></group></set>'
)


@pytest.fixture
def pack(tmp_path: Path) -> Pack:
    """pack(main, **files) writes a pack: `main` goes between <schema> and </schema>; names use `__` for `/`."""

    def write(main: str, **files: str) -> Path:
        root = tmp_path / "pack"
        written = {"main.sch": f"{HEAD}{main}</schema>", "values.xml": VALUES}
        written |= {name.replace("__", "/").replace("_DOT_", "."): text for name, text in files.items()}
        for name, text in written.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return root

    return write


@pytest.fixture
def judge(pack: Pack) -> Judge:
    """judge(main, document, **files): the result of the direct engine."""

    def run(main: str, document: str, **files: str) -> LayerResult:
        return compile_schematron(pack(main, **files), "main.sch").run(parsed(document))

    return run


def parsed(document: str) -> etree._Element:
    return safexml.parse(document.encode())
