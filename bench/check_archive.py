"""`dmpcompat check` on a whole archive: throughput, memory, and what a second process brings.

The documents are variants of our samples, with other patients, identifiers and dates: `documents` draws them from a
seed, `tree` and `archive` write them. Figures are of one run on one machine; ratios are what to look at.
Memory is read in /proc (Linux).
"""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
import uuid
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from lxml import etree

from harness.checks.forms import ins_key
from protocol.datafolders import folder

COUNT: Final = 2_000
#: Up to this many, one process is given the whole tree too; beyond, a tenth of it, where its start counts for more.
COMPARED: Final = 20_000
SEED: Final = 4
#: One document in as many is a variant of a bad sample.
_BAD: Final = 20
_A_FOLDER: Final = 500
_HL7: Final = {"h": "urn:hl7-org:v3"}
_FAMILIES: Final = ("ESSAI", "FICTIF", "EXEMPLE", "TESTEUR", "MODELE", "SPECIMEN", "MAQUETTE", "GABARIT")
_GIVEN: Final = ("ALIX", "CAMILLE", "DOMINIQUE", "CLAUDE", "SACHA", "MORGAN", "ANDREA", "LOU")


@dataclass(frozen=True)
class _Model:
    """One sample and the texts in it that a variant replaces."""

    data: bytes
    ids: tuple[bytes, ...]
    ins: tuple[bytes, ...]
    family: tuple[bytes, ...]
    given: tuple[bytes, ...]


def documents(count: int, seed: int = SEED) -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of variants, the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311 - reproducible, not secret
    good, bad = _models("bons"), _models("mauvais")
    for number in range(count):
        model = chance.choice(bad if number % _BAD == _BAD - 1 else good)
        yield f"lot{number // _A_FOLDER:04}/doc{number:07}.xml", _variant(model, chance)


def tree(where: Path, count: int, seed: int = SEED) -> Path:
    """Write the documents as files, in folders of 500."""
    for name, data in documents(count, seed):
        path = where / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return where


def archive(where: Path, count: int, seed: int = SEED) -> Path:
    """Write the documents as one zip."""
    with zipfile.ZipFile(where, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as target:
        for name, data in documents(count, seed):
            target.writestr(name, data)
    return where


def run(count: int = COUNT) -> list[str]:
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        small, large = tree(place / "small", max(200, count // 10)), tree(place / "large", count)
        zipped = archive(place / "large.zip", count)
        size = sum(len(data) for _, data in documents(count)) / count
        few, two = _check(small, place, 2), _check(large, place, 2)
        packed = _check(zipped, place, 2)
        one = _check(large if count <= COMPARED else small, place, 1)
        compared = two if count <= COMPARED else few
        again = _check(large, place, 2, "--resume", str(place / "state-2-large"))
    assert one.digest == compared.digest, "one process and two do not say the same"
    assert again.digest == two.digest, "resuming does not say the same"
    lines = [
        f"{count} documents of {size / 1024:.1f} KB on average, {os.cpu_count()} cores",
        f"folders, 2 processes: {two.seconds:.1f} s, {two.rate:.0f} documents/s ({_found(two)})",
        f"one zip, 2 processes: {packed.seconds:.1f} s, {packed.rate:.0f} documents/s",
        f"second process: {compared.rate / one.rate:.2f} times the throughput of one ({one.rate:.0f} documents/s), "
        f"{compared.processor / one.processor:.2f} times its processor time",
        f"processor: {two.processor / two.files * 1000:.2f} ms a document, all processes together",
        f"resumed when all is done: {again.seconds:.1f} s, {two.seconds / again.seconds:.1f} times faster",
    ]
    if two.memory:
        ratio = two.memory / few.memory
        lines.append(
            f"memory, all processes: {two.memory:.0f} MB; {ratio:.2f} times that of {few.files} documents"
        )
    return lines


@dataclass(frozen=True)
class _Run:
    files: int
    seconds: float
    memory: float  # MB, peak of the sum over processes; 0 where it can't be read
    digest: str
    counts: dict[str, int]
    processor: float  # seconds of all processes together

    @property
    def rate(self) -> float:
        return self.files / self.seconds


def _check(what: Path, place: Path, jobs: int, *options: str) -> _Run:
    out = place / "out.ndjson"
    state = options or ("--state", str(place / f"state-{jobs}-{what.name}"))
    command = [sys.executable, "-m", "cli", "check", str(what), "--format", "ndjson", "--out", str(out)]
    start, spent = time.perf_counter(), os.times()
    process = subprocess.Popen([*command, "--jobs", str(jobs), *state])
    peak = 0.0
    while process.poll() is None:
        peak = max(peak, _memory(process.pid))
        time.sleep(0.1)
    seconds, now = time.perf_counter() - start, os.times()
    processor = now.children_user + now.children_system - spent.children_user - spent.children_system
    assert process.returncode in (0, 1), process.returncode
    with out.open("rb") as file:
        *_, last = file
    said = json.loads(last)
    counts = {name: sum(group.get(name, 0) for group in said["summary"]["types"].values()) for name in _KINDS}
    return _Run(said["summary"]["files"], seconds, peak, said["digest"], counts, processor)


_KINDS: Final = ("PASS", "WARN", "FAIL", "ERROR", "INCONCLUSIVE")


def _found(done: _Run) -> str:
    return ", ".join(f"{count} {name}" for name, count in done.counts.items() if count)


def _memory(pid: int) -> float:
    """Resident megabytes of a process and of its children, shared pages counted once each."""
    total = 0.0
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                total += _memory(int(child))
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                total += int(line.split()[1]) / 1024
    except OSError:  # it has just ended, or there is no /proc here
        return total
    return total


@cache
def _models(kind: str) -> tuple[_Model, ...]:
    return tuple(_model(path.read_bytes()) for path in sorted((folder("cda_samples") / kind).glob("*.xml")))


def _model(data: bytes) -> _Model:
    try:
        root = etree.fromstring(data)
    except etree.XMLSyntaxError:
        return _Model(data, (), (), (), ())

    def values(path: str) -> tuple[bytes, ...]:
        found = root.xpath(path, namespaces=_HL7)
        assert isinstance(found, list)
        return tuple(dict.fromkeys(str(value).encode() for value in found if str(value)))

    name = "//h:recordTarget/h:patientRole/h:patient/h:name"
    ids = values("//h:ClinicalDocument/h:id/@extension | //h:ClinicalDocument/h:setId/@extension")
    ids += values("//h:ClinicalDocument/h:id[not(@extension)]/@root")
    numbers = values("//h:recordTarget/h:patientRole/h:id/@extension")
    ins = tuple(one for one in numbers if re.fullmatch(rb"[0-9]{5}(\d{2}|2A|2B)\d{8}", one))
    return _Model(data, ids, ins, values(f"{name}/h:family/text()"), values(f"{name}/h:given/text()"))


def _variant(model: _Model, chance: random.Random) -> bytes:
    data = model.data
    for one in model.ids:
        fresh = str(uuid.UUID(int=chance.getrandbits(128), version=4)).encode()
        data = data.replace(
            one, fresh if len(one) == 36 else one + b"." + str(chance.getrandbits(32)).encode()
        )
    for one in model.ins:
        data = data.replace(one, _number(one.decode(), chance).encode())
    for values, stock in ((model.family, _FAMILIES), (model.given, _GIVEN)):
        for one in values:
            data = data.replace(b">%s<" % one, b">%s<" % chance.choice(stock).encode())
    return data


def _number(old: str, chance: random.Random) -> str:
    """Another INS of the same place and month; a wrong key stays as wrong."""
    body = f"{old[:10]}{chance.randrange(1, 1000):03}"
    drift = int(old[13:]) - int(ins_key(old) or 0)
    return f"{body}{(int(ins_key(body + '00')) + drift - 1) % 97 + 1:02}"
