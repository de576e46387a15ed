"""The registry of packs: names, digests, refusal of what changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.packs import registry as packs
from protocol.errors import ConfigError, UsageError


@pytest.fixture(autouse=True)
def data_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DMPCOMPAT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def kit(tmp_path: Path) -> Path:
    folder = tmp_path / "kit"
    (folder / "infrastructure" / "cda").mkdir(parents=True)
    (folder / "infrastructure" / "cda" / "cda_Extended.XSD").write_text("<a/>")
    (folder / "lisez-moi.txt").write_text("à lire")
    (folder / ".git").mkdir()
    (folder / ".git" / "HEAD").write_text("x")
    return folder


def test_a_pack_is_registered_found_and_forgotten(kit: Path, data_home: Path) -> None:
    pack = packs.add(kit, "officiel")
    assert (pack.name, pack.files) == ("officiel", 2)
    assert pack.label == f"officiel@{pack.digest[:12]}"
    assert packs.registered() == (pack,)
    assert packs.load("officiel") == pack
    assert packs.remove("officiel") == pack
    assert packs.registered() == ()
    assert kit.is_dir()


def test_the_schema_is_found_whatever_its_case_and_the_nearest_wins(kit: Path) -> None:
    assert packs.add(kit).cda_schema == kit / "infrastructure" / "cda" / "cda_Extended.XSD"
    (kit / "CDA_extended.xsd").write_text("<b/>")
    assert packs.add(kit).cda_schema == kit / "CDA_extended.xsd"
    assert packs.find(kit, "absent.xsd") is None


def test_the_digest_follows_names_and_contents_and_nothing_hidden(kit: Path) -> None:
    before = packs.folder_digest(kit)
    (kit / ".git" / "HEAD").write_text("y")
    (kit / "lien").symlink_to("/etc/passwd")
    assert packs.folder_digest(kit) == before
    (kit / "lisez-moi.txt").write_text("à relire")
    changed = packs.folder_digest(kit)
    assert changed != before
    (kit / "lisez-moi.txt").rename(kit / "lisezmoi.txt")
    assert packs.folder_digest(kit) not in (before, changed)


def test_a_pack_that_changed_is_refused(kit: Path) -> None:
    packs.add(kit, "officiel")
    (kit / "lisez-moi.txt").write_text("autre")
    with pytest.raises(ConfigError, match="PACK-006"):
        packs.load("officiel")
    packs.add(kit, "officiel")
    assert packs.load("officiel").files == 2


def test_a_pack_that_went_away_is_refused(kit: Path) -> None:
    packs.add(kit, "officiel")
    kit.rename(kit.parent / "ailleurs")
    with pytest.raises(ConfigError, match="PACK-006"):
        packs.load("officiel")


def test_bad_requests(kit: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "vide").mkdir()
    for code, folder, name in (
        ("PACK-001", tmp_path / "absent", ""),
        ("PACK-001", kit / "lisez-moi.txt", ""),
        ("PACK-002", kit, "../dehors"),
        ("PACK-003", tmp_path / "vide", ""),
    ):
        with pytest.raises(UsageError, match=code):
            packs.add(folder, name)
    monkeypatch.setattr(packs, "MAX_FILES", 1)
    with pytest.raises(UsageError, match="PACK-003"):
        packs.add(kit)


@pytest.mark.parametrize("name", ["inconnu", "../../etc/passwd", ""])
def test_an_unknown_pack_is_refused_and_the_known_ones_are_named(kit: Path, name: str) -> None:
    packs.add(kit, "officiel")
    with pytest.raises(UsageError, match="PACK-004") as refused:
        packs.load(name)
    assert refused.value.expected == "officiel"


def test_a_damaged_entry_is_refused(kit: Path, data_home: Path) -> None:
    packs.add(kit, "officiel")
    (data_home / "packs" / "officiel.json").write_text("{")
    with pytest.raises(ConfigError, match="PACK-005"):
        packs.load("officiel")


def test_the_data_folder_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("DMPCOMPAT_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "donnees"))
    assert packs.home() == tmp_path / "donnees" / "dmpcompat"
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert packs.home() == tmp_path / ".local" / "share" / "dmpcompat"
