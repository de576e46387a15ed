"""Back-ups while others write, on both databases; kill -9 during a back-up and during a restore."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from protocol.errors import EvidenceError
from reports.keeping import proof
from reports.keeping.archive import Archive
from reports.keeping.backup import make
from reports.keeping.restore import Wanted, restore
from reports.register.opening import Configuration, Office, init, open_office
from tests.mock_dmp.databases import NewDatabase, every_database, postgres
from tests.reports.register.conftest import START, Hands
from tests.reports.register.drafts import DIGEST, draft

__all__ = ["every_database", "postgres"]

ROOT = Path(__file__).resolve().parents[3]


def _filled(folder: Path, url: str) -> Office:
    init(folder, Configuration(database=url))
    office = open_office(folder, clock=Hands())
    for _ in range(8):
        reference = office.numbering.reserve("T", START)
        office.register.append([draft("REPORT", reference, statementDigest=DIGEST, result="PASS")])
    return office


@pytest.fixture
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DMPCOMPAT_HOME", str(tmp_path / "home"))


@pytest.mark.usefixtures("own_home")
def test_from_one_database_to_another_while_others_write(every_database: NewDatabase, tmp_path: Path) -> None:
    office = _filled(tmp_path / "registre", every_database() or "")
    writer = subprocess.Popen(
        [sys.executable, "-c", _WRITING, str(tmp_path / "registre")],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert writer.stdout is not None
    try:
        writer.stdout.readline()
        sizes = []
        for number in range(3):
            kept = make(office, tmp_path / f"{number}.zip", START)
            sizes.append(kept.entries)
            writer.stdout.readline()
        assert sizes[0] >= 8
        assert sizes == sorted(sizes)
        assert sizes[-1] > sizes[0]
    finally:
        writer.kill()
        writer.stdout.close()
        writer.wait(30)
    target = every_database() or ""
    wanted = Wanted(tmp_path / "r2", office.log_key, keys=office.folder, database=target)
    restore(tmp_path / "2.zip", wanted)
    # A crash between the database and the folder: the same rows are there, and the restore is done again.
    restore(tmp_path / "2.zip", replace(wanted, folder=tmp_path / "again"))
    again = open_office(tmp_path / "r2", clock=Hands())
    assert again.register.leaves() == office.register.leaves()[: sizes[-1]]
    reference = again.numbering.reserve("T", START)
    again.register.append([draft("REPORT", reference, statementDigest=DIGEST, result="PASS")])
    again.close()
    office.close()
    if target:
        with pytest.raises(EvidenceError, match="KEEP-010"):
            restore(tmp_path / "2.zip", replace(wanted, folder=tmp_path / "r3"))


_WRITING = """
import sys
from pathlib import Path
from reports.register.opening import open_office
from tests.reports.register.conftest import START, Hands
from tests.reports.register.drafts import DIGEST, draft
office = open_office(Path(sys.argv[1]), clock=Hands())
while True:
    reference = office.numbering.reserve("T", START)
    office.register.append([draft("REPORT", reference, statementDigest=DIGEST, result="PASS")])
    print("written", flush=True)
"""

# --- kill -9

_ENDLESS = """
import sys
from pathlib import Path
from reports.keeping import backup
from reports.keeping.restore import Wanted, restore
from reports.register.opening import open_office
from tests.reports.register.conftest import START
what, source, target = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
office = open_office(source) if what == "backup" else None
print("ready", flush=True)
for number in range(1000):
    if office:
        backup.make(office, target / f"{number}.zip", START)
    else:
        restore(source, Wanted(target / str(number)))
    print(number, flush=True)
"""


def _killed(what: str, source: Path, target: Path, lines: int, later: float) -> int:
    """Kill it some moment after it told that many lines; the number of things that it acknowledged."""
    process = subprocess.Popen(
        [sys.executable, "-c", _ENDLESS, what, str(source), str(target)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    told = [process.stdout.readline() for _ in range(lines)]
    try:
        process.wait(later)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
    told += process.stdout.read().splitlines()
    process.stdout.close()
    process.wait(30)
    return len([one for one in told if one.strip()]) - 1


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is of POSIX")
@pytest.mark.usefixtures("own_home")
def test_kill_during_backup_and_during_restore(tmp_path: Path) -> None:
    """What bears its name is whole; what was acknowledged is there; and it can be done again."""
    office = _filled(tmp_path / "registre", "")
    backups, restored = tmp_path / "backups", tmp_path / "restored"
    backups.mkdir()
    restored.mkdir()
    acknowledged = _killed("backup", office.folder, backups, 2, 0.004)
    there = sorted(backups.glob("*.zip"))
    assert len(there) >= acknowledged >= 1
    for path in there:
        opened = Archive.open(path, office.log_key)
        lines = proof.prove(opened.snapshot(), office.log_key, office.configuration.origin)
        opened.close()
        assert {line.outcome for line in lines} == {"OK"}
    make(office, backups / "again.zip", START, with_keys=True)
    acknowledged = _killed("restore", backups / "again.zip", restored, 2, 0.02)
    folders = [path for path in restored.iterdir() if not path.name.startswith(".")]
    assert len(folders) >= acknowledged >= 1
    for folder in folders:
        again = open_office(folder)
        assert again.register.leaves() == office.register.leaves()
        again.close()
    restore(backups / "again.zip", Wanted(restored / "after"))
    office.close()
