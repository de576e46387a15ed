from __future__ import annotations

import re
from pathlib import Path

import pytest

from protocol import requirements as module
from protocol.errors import ToolError, UsageError
from protocol.requirements import GUIDES, Requirement, requirement, requirements


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


def test_an_edition_has_its_requirements_and_its_words() -> None:
    oldest, latest = requirements(GUIDES[0]), requirements(GUIDES[-1])
    assert set(oldest) - set(latest) == {"REC_GEN-1070"}
    assert set(latest) - set(oldest) == {"EX_GEN-1070"}
    assert requirements()["EX_GEN-1070"].replaces == "REC_GEN-1070"
    reworded = {name for name in oldest.keys() & latest.keys() if oldest[name].text != latest[name].text}
    assert {"EX_GEN-1250", "EX_GEN-1255", "EX_2.1-2035", "EX_3.3-1060", "EX_GEN-1490"} == reworded
    assert {one.guide for one in oldest.values()} == {GUIDES[0]}


def test_a_wording_holds_up_to_its_edition() -> None:
    said = [requirements(guide)["EX_2.1-2035"].text.en for guide in GUIDES]
    assert said[0] == said[1] != said[2] == said[3]
    assert "2021.01" in said[0]


def test_an_unknown_edition_is_told() -> None:
    with pytest.raises(UsageError) as caught:
        requirements("2.10")
    assert caught.value.code == "REQ-003"


def test_who_proves_them_when_a_connector_is_integrated() -> None:
    provers = {one.prouve_par for one in requirements().values()}
    assert provers == {"moteur", "integrateur", "integrateur-informe"}
    assert len(requirements()) >= 120
