"""What is installed: every package is listed, every data file travels, and the command works from any directory."""

from __future__ import annotations

import configparser
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CODE = ("protocol", "mock_dmp", "harness", "reports", "commands")
DATA = ("datasets", "test_plans", "cda_samples")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that `pip install .` would install, built from a copy: no network, nothing left in the checkout."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in (*CODE, *DATA):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("cli.py", "pytest_dmpcompat.py", "setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        out,
        source,
    ]
    built = subprocess.run(command, capture_output=True, text=True, check=False, cwd=out)
    assert built.returncode == 0, built.stderr
    return next(out.glob("*.whl"))


def test_every_package_is_listed() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    listed = set(config["options"]["packages"].split())
    there = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for name in CODE
        for path in (ROOT / name).rglob("__init__.py")
    }
    assert listed == there | {f"dmpcompat_{name}" for name in DATA}


def test_data_folders_hold_no_code() -> None:
    for name in DATA:
        assert not list((ROOT / name).rglob("*.py"))


def test_every_data_file_is_in_the_wheel(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    expected = {
        f"dmpcompat_{name}/{path.relative_to(ROOT / name).as_posix()}"
        for name in DATA
        for path in (ROOT / name).rglob("*")
        if path.is_file()
    }
    expected |= {
        path.relative_to(ROOT).as_posix()
        for name in CODE
        for path in (ROOT / name).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert expected - inside == set()


def test_the_wheel_works_from_any_directory(wheel: Path, tmp_path: Path) -> None:
    """Our modules and data come from the wheel; libraries from the environment of the tests."""
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    environment = {**os.environ, "PYTHONPATH": str(site), "DMPCOMPAT_HOME": str(tmp_path / "home")}
    (tmp_path / "elsewhere").mkdir()
    program = (
        "import cli, protocol; print(protocol.__file__)\n"
        "from protocol import datafolders, transactions\n"
        "for name in ('datasets', 'test_plans', 'cda_samples'): print(datafolders.folder(name), transactions.load())\n"
        "raise SystemExit(cli.run_command(['explain', '--json']))"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", program],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path / "elsewhere",
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(site))
