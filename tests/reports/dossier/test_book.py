"""The journal of a file: signed, chained, never edited; whole after a crash; what is foreign to it is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocol.errors import ConfigError, DmpcompatError, EvidenceError, UsageError
from reports.dossier import telling
from reports.dossier.book import JOURNAL, Dossier, names
from reports.dossier.people import People
from reports.keys import installation_seal
from tests.reports.dossier.conftest import OPENING, Bureau


def journal(bureau: Bureau) -> Path:
    return bureau.dossier.folder / JOURNAL


def test_it_reads_back_and_says_where_it_is(bureau: Bureau) -> None:
    bureau.examined()
    told = telling.status(bureau.dossier, bureau.people)
    assert (told["state"], told["next"]["en"]) == ("EN_EXAMEN", "a reviewer")
    acts = {act["act"]: act["stopped"] for act in told["acts"]}
    assert acts["refuse"] is None
    assert acts["grant"]["text"]["en"].startswith("two reviewers")
    assert [event["by"] for event in told["history"]][:2] == ["editeur", "editeur"]
    for lang in ("fr", "en"):
        assert "✗ grant" in telling.sentences(told, lang)  # type: ignore[arg-type]
    json.dumps(told)
    assert names(bureau.office.folder / "dossiers") == ["lps-test"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.data())
def test_any_altered_byte_is_seen(bureau: Bureau, data: st.DataObject) -> None:
    if len(bureau.dossier.events()) == 1:
        bureau.through("declare", "send-convention")
    whole = journal(bureau).read_bytes()
    at = data.draw(st.integers(0, len(whole) - 2))
    altered = bytearray(whole)
    altered[at] ^= 1 << data.draw(st.integers(0, 7))
    try:
        journal(bureau).write_bytes(altered)
        with pytest.raises(DmpcompatError):
            bureau.dossier.events()
    finally:
        journal(bureau).write_bytes(whole)


def test_a_line_removed_repeated_or_moved_is_seen(bureau: Bureau) -> None:
    bureau.through("declare", "send-convention")
    lines = journal(bureau).read_bytes().splitlines(keepends=True)
    for wrong in (lines[1:], [*lines, lines[-1]], [lines[0], lines[2], lines[1]]):
        journal(bureau).write_bytes(b"".join(wrong))
        with pytest.raises(EvidenceError, match="DOSSIER-001"):
            bureau.dossier.read()


def test_a_line_that_a_crash_left_unfinished_is_cut_off(bureau: Bureau) -> None:
    bureau.through("declare")
    with journal(bureau).open("ab") as stream:
        stream.write(b'{"payload":"eyJ')
    assert bureau.dossier.read().state == "DOSSIER_EN_CONSTITUTION"
    bureau.through("send-convention")
    assert [event.seq for event in bureau.dossier.events()] == [0, 1, 2]


def test_a_stranger_signs_nothing(bureau: Bureau, tmp_path: Path) -> None:
    stranger = installation_seal(tmp_path / "stranger")
    with pytest.raises(ConfigError, match="DOSSIER-011"):
        bureau.dossier.move("declare", stranger, "x")
    foreign = Dossier(bureau.dossier.folder, People(tmp_path / "elsewhere", stranger))
    with pytest.raises(EvidenceError, match="DOSSIER-001"):
        foreign.read()


def test_people_have_keys_of_their_own(bureau: Bureau) -> None:
    path = bureau.office.folder / "personnes" / "relectrice.pem"
    assert path.stat().st_mode & 0o077 == 0
    assert bureau.people.person("relectrice").keyid == bureau.reviewers[0].keyid
    for name, role in (("relectrice", "reviewer"), ("../x", "editor"), ("chef", "agency")):
        with pytest.raises(UsageError, match="DOSSIER-010"):
            bureau.people.add(name, role)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="DOSSIER-011"):
        bureau.people.person("personne")
    path.unlink()
    with pytest.raises(ConfigError, match="DOSSIER-011"):
        bureau.people.person("relectrice")


def test_names_and_acts_that_are_none(bureau: Bureau) -> None:
    with pytest.raises(UsageError, match="DOSSIER-031"):
        bureau.dossier.open(bureau.editor, "encore", OPENING)
    with pytest.raises(UsageError, match="DOSSIER-032"):
        bureau.dossier.move("nope", bureau.editor, "x")
    with pytest.raises(UsageError, match="DOSSIER-030"):
        Dossier(bureau.dossier.folder.parent / "nope", bureau.people).read()
    with pytest.raises(EvidenceError, match="DOSSIER-002"):
        bureau.dossier.move("declare", bureau.editor, "  ")
