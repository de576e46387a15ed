"""How fast a register issues (one process and two, on SQLite), how long a homologation's bundle takes to verify, and a
back-up to make and to restore; then back-ups and restores killed at many instants.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from protocol.trust import trust_document
from reports.dossier import deciding
from reports.dossier.book import Dossier
from reports.dossier.people import People
from reports.homologation import bundle
from reports.homologation.reading import Brought
from reports.homologation.verify import verify
from reports.keeping import backup, proof
from reports.keeping.archive import Archive
from reports.keeping.restore import Wanted, restore
from reports.keys import Seal
from reports.register.opening import Configuration, Office, init, open_office
from reports.register.store import Draft
from reports.sealing import testauthority

_ENTRIES: Final = 1000
_CASES: Final = 120
_VERIFIED: Final = 20
_KILLS: Final = 20
_PUBLIC: Final = {
    "holder": "Éditions Fictives SAS",
    "software": "LPS-TEST",
    "version": "1.0.0",
    "profiles": ["alimentation"],
    "modes": ["direct"],
    "framework": "SEL-MP-037 2.10",
    "kind": "L",
}
#: Acts of a file up to the decision: who, kind of event or move, facts.
_PATH: Final = (
    ("editor", "declare"),
    ("agency", "send-convention"),
    ("editor", ":convention"),
    ("agency", "sign-convention"),
    ("agency", "open-sandbox"),
    ("editor", ":results"),
    ("editor", ":attestation"),
    ("editor", "attest"),
    ("agency", "open-tests"),
    ("editor", ":evidence"),
    ("editor", "lodge"),
    ("reviewer", "examine"),
)


def run() -> list[str]:
    """Four lines."""
    with tempfile.TemporaryDirectory() as scratch, _home(Path(scratch) / "home"):
        place = Path(scratch)
        return [*_issuing(place), _verifying(place), _keeping(place), _killing(place)]


@contextmanager
def _home(folder: Path) -> Iterator[None]:
    before = os.environ.get("DMPCOMPAT_HOME")
    os.environ["DMPCOMPAT_HOME"] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ["DMPCOMPAT_HOME"]
        else:
            os.environ["DMPCOMPAT_HOME"] = before


def _issuing(place: Path) -> Iterator[str]:
    for workers in (1, 2):
        folder = place / f"registre-{workers}"
        init(folder, Configuration())
        open_office(folder).close()
        context = multiprocessing.get_context("spawn")
        gate = context.Barrier(workers + 1)
        started = [
            context.Process(target=_issue, args=(folder, _ENTRIES // workers, gate)) for _ in range(workers)
        ]
        for one in started:
            one.start()
        gate.wait(120)
        began = time.perf_counter()
        for one in started:
            one.join()
        spent = time.perf_counter() - began
        office = open_office(folder)
        listed = office.register.entries()
        told = {one.facts["numberCommitment"] for one in listed}
        if len(listed) != len(told) or len(told) != _ENTRIES:
            raise RuntimeError(f"{len(listed)} entries, {len(told)} numbers")
        office.close()
        yield (
            f"issue: {workers} process(es), {_ENTRIES} homologations (reference, secret number, entry, checkpoint; "
            f"three durable transactions each) in {spent:.1f} s: {_ENTRIES / spent:.0f} a second, no number twice"
        )


def _issue(folder: Path, count: int, gate: object = None) -> None:
    office = open_office(folder)
    if gate is not None:
        gate.wait(120)  # type: ignore[attr-defined]  # a Barrier of multiprocessing
    for _ in range(count):
        reference = office.numbering.reserve("L")
        number = office.numbering.give(reference)
        facts = {"statementDigest": "cd" * 32, "numberCommitment": number.commitment, "public": _PUBLIC}
        office.register.append([Draft("ISSUE", reference, office.seal.keyid, "mesure", facts)])
    office.close()


def _verifying(place: Path) -> str:
    office, dossier, people = _homologated(place / "registre-bundle")
    packed = bundle.make(office, dossier).packed()
    trust = place / "trust.json"
    trust.write_bytes(trust_document(list(people.known().values())))
    brought = Brought(trust, str(office.log_key), authority=testauthority.folder())
    spent = []
    for _ in range(_VERIFIED):
        began = time.perf_counter()
        found = verify(packed, brought)
        spent.append(time.perf_counter() - began)
        if any(one.outcome == "KO" for one in found.steps):
            raise RuntimeError(str(found.as_json()))
    done = sum(one.outcome == "OK" for one in found.steps)
    office.close()
    return (
        f"verify: bundle of {_CASES} cases, {len(packed) / 1e3:.0f} kB, {done} steps done (no run, no PDF, no status): "
        f"median of {_VERIFIED} {statistics.median(spent) * 1e3:.0f} ms, worst {max(spent) * 1e3:.0f} ms"
    )


def _homologated(folder: Path) -> tuple[Office, Dossier, People]:
    init(folder, Configuration())
    office = open_office(folder)
    people = People(folder / "personnes", office.seal)
    who: dict[str, Seal] = {
        "agency": office.seal,
        "editor": people.add("editeur", "editor"),
        "reviewer": people.add("relectrice", "reviewer"),
    }
    second = people.add("relecteur", "reviewer")
    dossier = Dossier(folder / "dossiers" / "mesure", people)
    opening = {
        "holder": _PUBLIC["holder"],
        "family": "mesure",
        "products": [{"name": "LPS-TEST", "versions": ["1.0.0"]}],
        "profiles": _PUBLIC["profiles"],
        "modes": _PUBLIC["modes"],
        "kind": "L",
    }
    dossier.open(who["editor"], "mesure", opening)
    for actor, act in _PATH:
        if act.startswith(":"):
            dossier.add("PIECE", who[actor], "mesure", _piece(act[1:]))
        else:
            dossier.move(act, who[actor], "mesure")
    for reviewer in (who["reviewer"], second):
        dossier.add("APPROVE", reviewer, "mesure", {})
    deciding.grant(office, dossier, "mesure")
    return office, dossier, people


def _piece(what: str) -> dict[str, object]:
    if what != "evidence":
        return {"what": what, "name": "x.pdf", "sha256": "00" * 32, "executors": []}
    return {
        "what": what,
        "name": "TST-26T-7K3Q9XA-KE",
        "sha256": "ab" * 32,
        "evidenceSha256": "cd" * 32,
        "result": "CONFORM",
        "frames": "mock",
        "software": {"vendor": _PUBLIC["holder"], "name": "LPS-TEST", "version": "1.0.0"},
        "profiles": _PUBLIC["profiles"],
        "modes": _PUBLIC["modes"],
        "framework": _PUBLIC["framework"],
        "plan": {"name": "dmp-socle", "version": "1.0.0", "sha256": "ef" * 32},
        "rules": {"name": "dmpcompat", "version": "1", "sha256": "01" * 32},
        "verdicts": {f"CT-{n // 40 + 1}.1-{n % 40 * 10 + 10:03d}": "PASS" for n in range(_CASES)},
        "requirements": {f"EX_2.1-{1000 + n}": "PASS" for n in range(_CASES)},
        "leftOut": [],
        "inherited": [],
        "executors": [],
    }


def _reported(folder: Path, count: int) -> Office:
    """A register of reports: no statement is asked of them."""
    init(folder, Configuration())
    office = open_office(folder)
    for _ in range(count):
        facts = {"statementDigest": "cd" * 32, "result": "PASS"}
        reference = office.numbering.reserve("T")
        office.register.append([Draft("REPORT", reference, office.seal.keyid, "mesure", facts)])
    return office


def _keeping(place: Path) -> str:
    office = _reported(place / "registre-kept", _ENTRIES)
    path, now = place / "sauvegarde.zip", datetime.now(UTC)
    began = time.perf_counter()
    backup.make(office, path, now)
    made = time.perf_counter() - began
    began = time.perf_counter()
    restore(path, Wanted(place / "restored", kept=office.register.checkpoint(), keys=office.folder))
    back = time.perf_counter() - began
    office.close()
    return (
        f"back-up: {_ENTRIES} entries, {path.stat().st_size / 1e3:.0f} kB; made and proven in {made:.1f} s, "
        f"restored and proven in {back:.1f} s"
    )


_ENDLESS: Final = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from reports.keeping import backup
from reports.keeping.restore import Wanted, restore
from reports.register.opening import open_office
what, source, target = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
office = open_office(source) if what == "backup" else None
print("ready", flush=True)
for number in range(100_000):
    if office:
        backup.make(office, target / f"{number}.zip", datetime.now(UTC))
    else:
        restore(source, Wanted(target / str(number)))
    print(number, flush=True)
"""


def _killing(place: Path) -> str:
    office = _reported(place / "registre-killed", 30)
    whole = place / "whole.zip"
    backup.make(office, whole, datetime.now(UTC), with_keys=True)
    checked = halves = 0
    for what, source in (("backup", office.folder), ("restore", whole)):
        for number in range(_KILLS):
            target = place / f"{what}-{number}"
            target.mkdir()
            acknowledged = _killed(what, source, target, number * 0.007)
            names = [path for path in target.iterdir() if not path.name.startswith(".")]
            halves += any(path.name.startswith(".") for path in target.iterdir())
            if len(names) < acknowledged:
                raise RuntimeError(f"{what}: {acknowledged} acknowledged, {len(names)} there")
            for path in names:
                _whole(office, path)
                checked += 1
    office.close()
    return (
        f"kill -9: {2 * _KILLS} kills during back-ups and restores ({halves} left an unnamed half behind): "
        f"{checked} that bear their name, all whole"
    )


def _killed(what: str, source: Path, target: Path, later: float) -> int:
    process = subprocess.Popen(
        [sys.executable, "-c", _ENDLESS, what, str(source), str(target)], stdout=subprocess.PIPE, text=True
    )
    if process.stdout is None:
        raise RuntimeError("no output")
    process.stdout.readline()
    time.sleep(later)
    process.send_signal(signal.SIGKILL)
    told = process.stdout.read().splitlines()
    process.stdout.close()
    process.wait(30)
    return len(told)


def _whole(office: Office, path: Path) -> None:
    if path.is_dir():
        again = open_office(path)
        same = again.register.leaves() == office.register.leaves()
        again.close()
    else:
        opened = Archive.open(path, office.log_key)
        lines = proof.prove(opened.snapshot(), office.log_key, office.configuration.origin)
        opened.close()
        same = all(line.outcome == "OK" for line in lines)
    if not same:
        raise RuntimeError(str(path))


if __name__ == "__main__":
    print(json.dumps(run(), ensure_ascii=False, indent=1))
