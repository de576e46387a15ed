"""Whatever arrives from outside is read, or refused by an error of ours: never another exception, never for ever.

Samples are good ones, spoilt (`tests.mutations`). Where a signature would stop everything at the door, the content is
spoilt first and signed again by a key that the verifier believes: whoever has a key may sign anything.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from protocol import canonical, dsse, statuslist, trust
from reports import statement as report_statement
from reports import verify as report_verify
from reports.dossier import events
from reports.dossier.book import JOURNAL
from reports.dossier.view import view
from reports.homologation import bundle, statement
from reports.homologation.bundle import Bundle
from reports.keeping import backup
from reports.keeping.restore import Wanted, restore
from reports.keys import installation_seal
from reports.register import checkpoint, entries, tiles
from reports.register.audit import audit
from reports.register.checkpoint import NoteKey
from tests.mutations import some, spoilt_bytes, spoilt_plain, spoilt_values, survives
from tests.reports.dossier.conftest import office_of
from tests.reports.homologation.test_verify import Homologated, homologated
from tests.reports.register.conftest import Hands

BYTES = 60
VALUES = 250


@dataclass(frozen=True)
class Outside:
    """What a verifier is given, and a place to write in."""

    good: Homologated
    place: Path

    @property
    def known(self) -> dict[str, trust.TrustedKey]:
        return dict(self.good.bureau.people.known())

    @property
    def log_key(self) -> NoteKey:
        return self.good.bureau.office.log_key

    def bundle_with(self, name: str, data: bytes) -> bytes:
        return Bundle({**self.good.bundle.files, name: data}).packed()

    def file(self, data: bytes) -> Path:
        (self.place / "given").write_bytes(data)
        return self.place / "given"

    def payload(self, envelope: bytes) -> Any:
        return json.loads(dsse.read(envelope).payload)

    def signed(self, value: Any, kind: str = dsse.PAYLOAD_TYPE) -> bytes:
        return dsse.sign(canonical.dumps(value), [self.good.bureau.agency], kind)


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outside]:
    place, hands = tmp_path_factory.mktemp("outside"), Hands()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DMPCOMPAT_HOME", str(tmp_path_factory.mktemp("home")))
        with office_of(place, hands) as bureau:
            yield Outside(homologated(bureau, place, hands), tmp_path_factory.mktemp("given"))


def spoil(read: Callable[[Any], Any], cases: Iterator[Any], count: int = VALUES) -> None:
    for name, given in some(cases, count):
        survives(read, given, name)


def named(data: bytes, count: int = BYTES) -> Iterator[tuple[str, bytes]]:
    return ((f"spoilt {number}", given) for number, given in enumerate(spoilt_bytes(data, count)))


def test_a_trust_file(outside: Outside) -> None:
    assert outside.good.brought.trust is not None
    good = outside.good.brought.trust.read_bytes()

    def read(data: bytes) -> Any:
        return trust.load_trust(outside.file(data))

    assert read(good) == outside.known
    spoil(read, spoilt_values(json.loads(good)))
    spoil(read, named(good))


def test_a_status_list(outside: Outside) -> None:
    good = outside.good.listed().read_bytes()

    def read(data: bytes) -> Any:
        found = statuslist.read(data, outside.known)
        at = outside.good.hands.now
        return found, found.fresh(at), [one.state_at(at) for one in found.entries], found.of_tag("00")

    assert read(good)[0].entries
    spoil(read, spoilt_values(json.loads(good)))
    spoil(read, named(good))
    for name, value in some(spoilt_plain(outside.payload(good)), VALUES):
        survives(read, outside.signed(value, statuslist.PAYLOAD_TYPE), name)


def test_an_envelope_and_its_statement(outside: Outside) -> None:
    good = outside.good.envelope
    spoil(dsse.read, spoilt_values(json.loads(good)))
    spoil(dsse.read, named(good))
    spoil(statement.read, spoilt_values(outside.payload(good)))
    found = survives(statement.read, dsse.read(good).payload)
    assert found["predicate"]["reference"] == outside.good.bureau.dossier.read().reference


def test_a_statement_that_somebody_signed(outside: Outside) -> None:
    """The whole verification goes on whatever the statement says."""
    for name, value in some(spoilt_plain(outside.payload(outside.good.envelope)), 60):
        data = outside.bundle_with("statement.dsse.json", outside.signed(value))
        found = survives(outside.good.verified, data, name)
        assert found.exit_code in (1, 2), name


def test_a_bundle(outside: Outside) -> None:
    good = outside.good.bundle.packed()
    for number, data in enumerate(spoilt_bytes(good, 80)):
        found = survives(outside.good.verified, data, f"spoilt {number}")
        assert found.exit_code == 1 or bundle.read(data) == outside.good.bundle
    for name, member in outside.good.bundle.files.items():
        for number, data in enumerate(spoilt_bytes(member, 6)):
            found = survives(outside.good.verified, outside.bundle_with(name, data), f"{name} {number}")
            assert found.exit_code in (1, 2)


def test_a_receipt_and_its_entry(outside: Outside) -> None:
    good = outside.good.bundle.files["receipt.json"]

    def read(data: bytes) -> Any:
        return bundle.receipt_of(data).holds()

    assert read(good)
    spoil(read, spoilt_values(json.loads(good)))
    spoil(read, named(good))
    leaf = json.loads(json.loads(good)["leaf"])
    spoil(entries.read, spoilt_values(leaf))
    spoil(lambda value: entries.read(canonical.dumps(value)), spoilt_plain(leaf))


def test_a_checkpoint_and_its_key(outside: Outside) -> None:
    good = str(outside.good.bureau.office.register.checkpoint())
    key = str(outside.log_key)

    def note(text: str) -> Any:
        return checkpoint.parse(text).signers([outside.log_key])

    assert note(good) == (outside.log_key,)
    texts = (data.decode("utf-8", "surrogateescape") for data in spoilt_bytes(good.encode(), 4 * BYTES))
    for text in (*texts, good.replace("dmpcompat", "\ud800"), good + "\n" * 9):
        survives(note, text)
    for data in spoilt_bytes(key.encode(), 2 * BYTES):
        survives(NoteKey.parse, data.decode("utf-8", "surrogateescape"))


def test_a_published_log(outside: Outside) -> None:
    register = outside.good.bureau.office.register
    folder = outside.place / "log"
    tiles.export(folder, register.leaves(), register.checkpoint())

    def read(_: Any) -> Any:
        point, leaves = tiles.read(folder)
        return audit(leaves, point, [outside.log_key], point)

    assert all(line.outcome == "OK" for line in read(None))
    for path in (folder / "checkpoint", *(folder / "tile" / "entries").rglob("[0-9]")):
        good = path.read_bytes()
        for number, data in enumerate(spoilt_bytes(good, BYTES)):
            path.write_bytes(data)
            survives(read, None, f"{path.name} {number}")
        path.write_bytes(good)


def test_an_application_file(outside: Outside) -> None:
    good = outside.good.bundle.files[JOURNAL]

    def read(data: bytes) -> Any:
        return view(events.read(data, "lps-test", outside.known))

    assert read(good).registered
    spoil(read, named(good))
    lines = good.split(b"\n")[:-1]
    kinds: set[str] = set()
    for number, line in enumerate(lines):
        told = outside.payload(line)
        if told["type"] in kinds and told["type"] != "PIECE":
            continue
        kinds.add(told["type"])
        before = b"".join(one + b"\n" for one in lines[:number])
        for name, value in some(spoilt_plain(told), 40):
            one = outside.signed(value, events.PAYLOAD_TYPE)
            survives(read, before + one + b"\n", f"line {number}: {name}")


def test_a_back_up(outside: Outside) -> None:
    path = outside.place / "backup.zip"
    backup.make(outside.good.bureau.office, path, outside.good.hands.now)
    good = path.read_bytes()

    def read(data: bytes) -> Any:
        target = outside.place / "restored"
        shutil.rmtree(target, ignore_errors=True)
        return restore(outside.file(data), Wanted(target, key=outside.log_key))

    assert read(good).entries
    for number, data in enumerate(spoilt_bytes(good, 100)):
        survives(read, data, f"spoilt {number}")


def test_the_report_of_a_run(outside: Outside) -> None:
    folder = outside.place / "run"
    assert outside.good.brought.run is not None
    shutil.copytree(outside.good.brought.run, folder)
    path = folder / "rapport" / "statement.dsse.json"
    told, seal = outside.payload(path.read_bytes()), installation_seal()
    told["predicate"]["inherited"] = [
        {
            "code": "CT-1",
            "connector": "x",
            "reference": told["predicate"]["reportRef"],
            "verdict": "PASS",
            "report_sha256": "ab" * 32,
        }
    ]
    spoil(report_statement.read, spoilt_values(told))
    for name, value in some(spoilt_plain(told), 60):
        path.write_bytes(dsse.sign(canonical.dumps(value), [seal]))
        found = survives(lambda _: report_verify.verify(folder), None, name)
        assert found.exit_code == 1, name


def test_the_evidence_of_a_run(outside: Outside) -> None:
    folder = outside.place / "kept"
    assert outside.good.brought.run is not None
    shutil.copytree(outside.good.brought.run, folder)
    for path in sorted(one for one in folder.rglob("*") if one.is_file()):
        good = path.read_bytes()
        values = spoilt_values(json.loads(good)) if path.suffix == ".json" else iter(())
        for name, data in (*named(good, 3), *some(values, 6)):
            path.write_bytes(data)
            found = survives(lambda _: report_verify.verify(folder), None, f"{path.name} {name}")
            assert found.exit_code == 1 or path.read_bytes() == good
        path.write_bytes(good)
