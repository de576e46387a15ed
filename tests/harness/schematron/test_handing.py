"""What the direct engine can't take is run by Saxon, and says so; without Saxon, it is not run, and says so."""

from __future__ import annotations

from typing import Any

import pytest

from harness.schematron import saxon
from harness.schematron.handing import Engines
from protocol import safexml

DOC = safexml.parse(b'<d:doc xmlns:d="urn:doc"><d:a k="1"/><d:a k="2"/></d:doc>')
ODD = "<pattern id='p'><rule context='d:a/@k'><assert test='. = 1'>attribute</assert></rule></pattern>"
PLAIN = "<pattern id='p'><rule context='d:a'><assert test='@k = 1'>element</assert></rule></pattern>"


def test_without_saxon_it_is_not_run(pack: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saxon, "available", lambda: False)
    with Engines() as engines:
        result = engines.compile(pack(ODD), "main.sch").run(DOC)
    assert (result.engine, result.failures, len(result.not_run)) == ("direct", (), 1)
    assert result.not_run[0].handed


@pytest.mark.skipif(not saxon.available(), reason="saxonche is not installed (extra saxon)")
def test_saxon_takes_what_is_handed_and_nothing_else(pack: Any) -> None:
    with Engines() as engines:
        plain = engines.compile(pack(PLAIN), "main.sch").run(DOC)
        assert (plain.engine, engines._process) == ("direct", None)
        result = engines.compile(pack(ODD), "main.sch").run(DOC)
    assert (result.engine, result.not_run) == ("saxon", ())
    assert [(one.text, one.path) for one in result.failures] == [("attribute", "/d:doc/d:a[2]/@k")]
    assert len(result.fired) == 2
