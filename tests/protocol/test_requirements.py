from __future__ import annotations

import re
from pathlib import Path

import pytest

from protocol import requirements as module
from protocol.errors import ToolError
from protocol.requirements import Requirement, requirement, requirements


@pytest.mark.parametrize("one", requirements().values(), ids=lambda one: one.id)
def test_a_requirement_is_complete(one: Requirement) -> None:
    assert re.fullmatch(r"(EX|REC)_(GEN|AIR|\d\.[\dX])-\d{3,4}|CHK_GEN-\d+|PRE_[A-Z]{3}", one.id)
    assert bool(one.why.fr) == (one.wire != "yes")
    assert one.text.fr.endswith(".") and one.text.en.endswith(".")
    assert one.proved_by and one.guide
    assert (one.wire == "no") == ("frames" not in one.proved_by)
    assert one.mandatory == one.id.startswith("EX_")


def test_an_unknown_id_suggests_the_nearest() -> None:
    with pytest.raises(ToolError) as caught:
        requirement("EX_2.1-1261")
    assert (caught.value.code, caught.value.expected) == ("REQ-001", "EX_2.1-1260")


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ("{id: EX_X-1, text: {fr: a, en: b}, proved_by: [magic], wire: 'no'}", "DATA-014"),
        ("{id: EX_X-1, text: {fr: a, en: b}, proved_by: [frames], wire: maybe}", "DATA-014"),
        ("{id: EX_X-1, text: {fr: a}, proved_by: [frames], wire: 'yes'}", "DATA-012"),
    ],
)
def test_a_wrong_entry_is_refused(
    entry: str, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "requirements").mkdir()
    text = f"guide: g\nsource: s\nrequirements:\n  - {entry}\n"
    (tmp_path / "requirements" / "x.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(module, "folder", lambda name: tmp_path)
    with pytest.raises(ToolError) as caught:
        module._all.__wrapped__()
    assert caught.value.code == code


def test_an_id_written_twice_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "requirements").mkdir()
    entry = "  - {id: EX_X-1, text: {fr: a, en: b}, proved_by: [frames], wire: 'yes'}\n"
    text = f"guide: g\nsource: s\nrequirements:\n{entry}{entry}"
    (tmp_path / "requirements" / "x.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(module, "folder", lambda name: tmp_path)
    with pytest.raises(ToolError) as caught:
        module._all.__wrapped__()
    assert caught.value.code == "REQ-002"
