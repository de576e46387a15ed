"""Recipes: what `scaffold` writes can be used as it stands, and the image does what its Dockerfile says, short of an
engine to build it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from lxml import etree

from cli import dmpcompat
from commands.scaffold import KITS, write
from harness.campaign import load_campaign
from harness.deviations import load_deviations
from protocol.errors import Lang, UsageError
from tests.ports import free_port

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = ROOT / "commands" / "templates"
LANGS: tuple[Lang, ...] = ("fr", "en")


@pytest.fixture
def path_with_us(tmp_path: Path) -> dict[str, str]:
    """An environment in which `dmpcompat` is ours."""
    place = tmp_path / "bin"
    place.mkdir()
    command = place / "dmpcompat"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P "{ROOT / "cli.py"}" "$@"\n')
    command.chmod(0o755)
    return {**os.environ, "PATH": f"{place}:{os.environ['PATH']}"}


@pytest.mark.parametrize("lang", LANGS)
def test_a_campaign_that_can_be_run(tmp_path: Path, lang: Lang) -> None:
    write("campaign", tmp_path, lang)
    campaign = load_campaign(tmp_path / "campagne.yaml", environ={"DMP_NUMBER": "TEST-OK-1"})
    assert load_deviations(tmp_path / campaign.file.deviations, campaign.plan.plan) == ()


@pytest.mark.parametrize("kit", KITS)
@pytest.mark.parametrize("lang", LANGS)
def test_every_file_is_of_its_language_and_of_its_form(tmp_path: Path, kit: str, lang: Lang) -> None:
    for place in write(kit, tmp_path, lang):
        text = place.read_text(encoding="utf-8")
        assert not re.search(r"(#|//|<!--)(fr|en):", text)
        if place.suffix == ".yaml" or place.suffix == ".yml":
            assert isinstance(yaml.safe_load(text), dict)
        elif place.suffix in (".xml", ".csproj"):
            etree.fromstring(text.encode())
        elif place.suffix == ".sh":
            assert os.access(place, os.X_OK)
            subprocess.run(["sh", "-n", place], check=True)


def test_every_template_is_used() -> None:
    used = {item.template for kit in KITS.values() for item in kit if not item.template.startswith("schema/")}
    there = {path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*") if path.is_file()}
    assert used == there


def test_nothing_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "derogations.yaml").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="SCAF-001"):
        write("campaign", tmp_path, "fr")
    assert [path.name for path in tmp_path.iterdir()] == ["derogations.yaml"]
    told = CliRunner().invoke(dmpcompat, ["scaffold", "docker", str(tmp_path), "--json"])
    assert told.exit_code == 0, told.output
    assert str(tmp_path / "compose.yaml") in told.output


def test_a_command_with_a_mock_around_it(
    tmp_path: Path, pki_folder: Path, path_with_us: dict[str, str]
) -> None:
    write("ci", tmp_path / "kit", "fr")
    said = subprocess.run(
        [tmp_path / "kit" / "avec-dmp.sh", "sh", "-c", 'echo "$DMP_URL $DMP_CONTROL"; exit 7'],
        env={**path_with_us, "DMP_PKI": str(pki_folder), "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 7, said.stderr
    assert re.fullmatch(r"(https://127\.0\.0\.1:\d+) \1/control/v1\n", said.stdout)
    assert {path.name for path in tmp_path.iterdir()} == {"bin", "kit"}  # its own folder is gone


def _instructions() -> list[tuple[str, str]]:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(name, rest.strip()) for name, _, rest in (line.partition(" ") for line in lines)]


def test_the_image_is_small_and_not_of_root() -> None:
    steps = _instructions()
    stages = [place for place, (name, _) in enumerate(steps) if name == "FROM"]
    assert len(stages) == 2
    last = dict(steps[stages[1] :])
    assert last["USER"] not in ("root", "0")
    assert {"HEALTHCHECK", "ENTRYPOINT", "VOLUME", "EXPOSE"} <= last.keys()
    assert not any(rest.startswith(". ") for name, rest in steps[stages[1] :] if name == "COPY")
    for name, rest in steps:
        if name == "COPY" and "--from" not in rest:
            source = next(part for part in rest.split() if not part.startswith("--"))
            assert (ROOT / source).exists()


def test_what_the_image_builds_from_is_not_ignored() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    for name in (
        "protocol",
        "mock_dmp",
        "harness",
        "datasets",
        "cli.py",
        "setup.cfg",
        "README.md",
        "LICENSE",
    ):
        assert name not in ignored


def test_the_entry_point_of_the_image(tmp_path: Path, pki_folder: Path, path_with_us: dict[str, str]) -> None:
    shutil.copytree(pki_folder, tmp_path / "data" / "pki")
    port = str(free_port())
    given: dict[str, Any] = {
        "env": {**path_with_us, "DMPCOMPAT_DATA": str(tmp_path / "data"), "DMP_PORT": port},
        "stdout": subprocess.DEVNULL,
        "stderr": subprocess.DEVNULL,
    }
    entry = ROOT / "docker-entrypoint.sh"
    assert subprocess.run([entry, "healthy"], check=False, **given).returncode != 0
    assert subprocess.run([entry, "explain", "NO-SUCH-RULE"], check=False, **given).returncode == 64
    with subprocess.Popen([entry], **given) as server:
        try:
            end = time.monotonic() + 60
            while not (tmp_path / "data" / "ready.json").exists():
                assert server.poll() is None
                assert time.monotonic() < end
                time.sleep(0.05)
            assert subprocess.run([entry, "healthy"], check=False, **given).returncode == 0
        finally:
            server.terminate()
        assert server.wait(30) == 0
