"""A bad file given to any command: a message with its code, the exit code of its kind, and nobody waits for ever."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import cli
from protocol.datafolders import folder
from reports.keeping import backup
from reports.register import tiles
from tests.reports.dossier.conftest import office_of
from tests.reports.homologation.test_verify import Homologated, homologated
from tests.reports.register.conftest import Hands

CAMPAIGN = str(folder("test_plans") / "campagne-demo.yaml")


def huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(50 * 1024**3)


#: What may be at the place of a file. FIFO and device never end: nobody reads them.
KINDS: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.touch(),
    "noise": lambda path: path.write_bytes(bytes(range(256)) * 40),
    "lines": lambda path: path.write_bytes(b"a: b\n" * 200_000),
    "deep": lambda path: path.write_bytes(b"[" * 50_000),
    "null": lambda path: path.write_bytes(b"null"),
    "huge": huge,
    "folder": lambda path: path.mkdir(),
    "fifo": lambda path: os.mkfifo(path),
    "device": lambda path: path.symlink_to("/dev/zero"),
    "loop": lambda path: path.symlink_to(path.name),
    "nothing": lambda path: None,
}
#: Command, `@` for the bad file and `{…}` for a good one; the codes that it may leave with.
COMMANDS: dict[str, tuple[str, set[int]]] = {
    "verify": ("verify @", {64}),
    "verify a bundle": ("verify @.dmpbundle", {1, 64}),
    "its trust": ("verify {run} --trust @", {64}),
    "its evidence": ("verify {run} --evidence @", {1, 64}),
    "trust of a bundle": ("verify {bundle} --trust @", {1, 64}),
    "status of a bundle": ("verify {bundle} --status @", {1, 64}),
    "evidence of a bundle": ("verify {bundle} --evidence @", {1, 64}),
    "authority of a bundle": ("verify {bundle} --authority @", {1, 2, 64}),
    "rejudge": ("rejudge @", {3, 64}),
    "compare": ("compare @ {run}", {3, 64}),
    "compare with": ("compare {run} @", {3, 64}),
    "audit": ("register audit @ --key {key}", {3, 64}),
    "audit since": ("register audit {log} --since @ --key {key}", {3, 64}),
    "an office": ("register list --register @", {64, 65}),
    "restore": ("register restore @ --to {place}/restored", {3, 64}),
    "kept checkpoint": ("register restore {backup} --to {place}/restored --checkpoint @", {3, 64}),
    "kept keys": ("register restore {backup} --to {place}/restored --keys @", {3, 64}),
    "campaign": ("run @ --out {place}/out", {64, 66}),
    "campaign of a file": ("homologate open x @ --register {office} --as e --reason r", {64, 66}),
    "run of a file": ("homologate submit lps-test @ --register {office} --as editeur --reason r", {1, 3, 64}),
    "plan": ("plan lint @", {64, 66}),
    "pack": ("pack add @", {64}),
    "import": ("import @ --out {place}/imported", {2, 64}),
    "status of the mock": (
        "serve --plain-http --status @ --status-trust @ --status-key @ --port 0",
        {64, 65},
    ),
    "PKI of the mock": ("serve --pki @ --port 0", {64, 65}),
    "key to believe": (
        "register trust add @ --role seal --name x --register {office} --reason r",
        {3, 64, 65},
    ),
}


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Good files beside the bad one, by the names of the commands above."""
    place, hands = tmp_path_factory.mktemp("outside"), Hands()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DMPCOMPAT_HOME", str(tmp_path_factory.mktemp("home")))
        with office_of(place, hands) as bureau:
            made = homologated(bureau, place, hands)
            yield _written(made, tmp_path_factory.mktemp("files"))


def _written(made: Homologated, place: Path) -> dict[str, str]:
    office = made.bureau.office
    (place / "good.dmpbundle").write_bytes(made.bundle.packed())
    tiles.export(place / "log", office.register.leaves(), office.register.checkpoint())
    backup.make(office, place / "backup.zip", made.hands.now)
    return {
        "place": str(place),
        "run": str(made.brought.run),
        "bundle": str(place / "good.dmpbundle"),
        "log": str(place / "log"),
        "backup": str(place / "backup.zip"),
        "key": str(office.log_key),
        "office": str(office.folder),
    }


@pytest.mark.parametrize("command", COMMANDS)
def test_a_bad_file_gets_a_message_and_its_code(
    command: str, given: dict[str, str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    line, codes = COMMANDS[command]
    for kind, make in KINDS.items():
        bad = tmp_path / f"{kind}{'.dmpbundle' if '.dmpbundle' in line else ''}"
        make(bad)
        words = [word.replace("@.dmpbundle", "@").replace("@", str(bad)) for word in line.split()]
        code = cli.run_command([word.format(**given) for word in words])
        told = capfd.readouterr()
        said = told.out + told.err
        assert code in codes, (kind, code, said[-400:])
        assert "TOOL-001" not in said, (kind, said)
        assert "Traceback" not in said, (kind, said)
        assert said.strip(), kind
        shutil.rmtree(Path(given["place"]) / "imported", ignore_errors=True)
        assert not (Path(given["place"]) / "restored").exists(), kind


@pytest.mark.skipif(os.name != "posix", reason="names of files are bytes there only")
def test_a_name_that_is_no_text(given: dict[str, str], capfd: pytest.CaptureFixture[str]) -> None:
    name = os.fsdecode(os.fsencode(given["place"]) + b"/\xff\xfe.json")
    Path(name).write_bytes(b"\x00")
    for line in ("verify {run} --trust @", "check @", "register audit {log} --since @ --key {key}"):
        words = [word.format(**given).replace("@", name) for word in line.split()]
        assert cli.run_command(words) in (2, 3, 64), line
        said = capfd.readouterr()
        assert "TOOL-001" not in said.out + said.err


def test_an_address_that_may_not_be_read(
    given: dict[str, str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Root reads everything: the refusal is played."""
    opening = os.open

    def refusing(file: object, *words: object, **named: object) -> int:
        if str(file).endswith("good.dmpbundle"):
            raise PermissionError(13, "Permission denied", str(file))
        return opening(file, *words, **named)  # type: ignore[call-overload,no-any-return]

    monkeypatch.setattr(os, "open", refusing)
    assert cli.run_command(["verify", given["bundle"]]) == 65
    assert "Permission denied" in capfd.readouterr().err
