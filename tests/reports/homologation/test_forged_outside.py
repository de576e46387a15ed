"""Attacks on what stands around the file: entry of the register, status list, signature and its stamp, evidence."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from protocol import dsse
from protocol.trust import trust_document
from reports.homologation import bundle
from reports.homologation.bundle import Bundle
from reports.keys import Seal
from reports.register import checkpoint, merkle, stamps, status
from reports.register.store import Receipt
from reports.sealing import testauthority
from tests.reports.dossier.conftest import office_of
from tests.reports.homologation.forging import Forged, Forger
from tests.reports.homologation.test_countersigning import ATTACKS as COUNTERSIGNED
from tests.reports.homologation.test_forged import FILES, examined, lodged, told, verified
from tests.reports.homologation.test_verify import (
    ATTACKS,
    Homologated,
    conform_run,
    first_wrong,
    homologated,
    outcome,
)
from tests.reports.register.conftest import Hands
from tests.reports.register.test_forged_log import FORGED

pytest.importorskip("rfc3161_client", reason="the extra `sign` is not installed")


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Homologated]:
    """One homologation for the module: nothing here changes it."""
    place, hands = tmp_path_factory.mktemp("outside"), Hands()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DMPCOMPAT_HOME", str(tmp_path_factory.mktemp("home")))
        with office_of(place, hands) as bureau:
            yield homologated(bureau, place, hands)


def entered(change: Callable[[dict[str, Any]], object]) -> Callable[[Homologated], Bundle]:
    """The true file and statement, another entry."""
    return lambda good: examined(good).approved().granted().bundle(entry=change)


def public(**members: Any) -> Callable[[Homologated], Bundle]:
    return entered(lambda entry: entry["facts"]["public"].update(members))


def logged(good: Homologated, change: Callable[[Receipt], Receipt]) -> Bundle:
    """The true bundle with another receipt, which its key signs."""
    files = {name: data for name, data in good.bundle.files.items() if name != stamps.NAME}
    found = change(bundle.receipt_of(files["receipt.json"]))
    return Bundle({**files, "receipt.json": bundle.receipt_json(found)})


def of_size(size: int) -> Callable[[Homologated], Bundle]:
    """A checkpoint of that size over the same root: none and one leaf are the edges."""

    def attack(good: Homologated) -> Bundle:
        key = good.bureau.office.register.key

        def change(receipt: Receipt) -> Receipt:
            root = merkle.EMPTY if size == 0 else receipt.checkpoint.root
            point = checkpoint.Checkpoint(key.origin, size, root).signed(key.name, key.private)
            return replace(receipt, checkpoint=point)

        return logged(good, change)

    return attack


def other_origin(good: Homologated) -> Bundle:
    """The log of rehearsals, which the same key signs."""
    forger = examined(good).approved().granted()
    made = forger.bundle()
    entry = bundle.receipt_of(made.files["receipt.json"]).entry
    receipt = bundle.receipt_json(forger.logged(entry, "ailleurs.test/homologations"))
    return Bundle({**made.files, "receipt.json": receipt})


def as_report(entry: dict[str, Any]) -> None:
    entry.update(
        kind="REPORT", facts={"statementDigest": entry["facts"]["statementDigest"], "result": "CONFORM"}
    )


def as_amendment(entry: dict[str, Any]) -> None:
    entry.update(
        kind="AMEND", facts={"statementDigest": entry["facts"]["statementDigest"], "release": "1.0.0"}
    )


ENTRIES: dict[str, Callable[[Homologated], Bundle]] = {
    "public list with more profiles": public(profiles=["alimentation", "consultation"]),
    "public list with another version": public(version="2.0.0"),
    "public list with another holder": public(holder="Autre SA"),
    "public list as a connector": public(kind="E"),
    "entry by a reviewer": lambda good: entered(
        lambda entry: entry.update(actor=good.bureau.reviewers[0].keyid)
    )(good),
    "entry by a stranger": entered(lambda entry: entry.update(actor="ab" * 32)),
    "second entry of a reference": entered(lambda entry: entry.update(previous=0)),
    "entry of a report": entered(as_report),
    "entry of an amendment": entered(as_amendment),
    "entry on a connector that the file does not name": entered(
        lambda entry: entry["facts"].update(parent="TST-26E-7K3Q9XA-5T")
    ),
    "entered before it was decided": lambda good: (
        examined(good).approved().granted().bundle(at=good.hands.now - timedelta(days=1))
    ),
    "log of another origin": other_origin,
    "log of no leaf": of_size(0),
    "log of one leaf more": of_size(2),
}


@pytest.mark.parametrize("attack", ENTRIES)
def test_an_entry_that_says_something_else_is_refused_at_step_8(good: Homologated, attack: str) -> None:
    found = verified(good, ENTRIES[attack](good))
    assert first_wrong(found) == 8, told(found)


def listed(good: Homologated, seal: Seal | None = None, **changes: Any) -> Path:
    """A status list of now with something else in it, signed by somebody."""
    office = good.bureau.office
    found = status.status_list(office.register, "TST", good.hands.now)
    one = changes.pop("one", None)
    if one:
        changes["entries"] = tuple(replace(entry, **one) for entry in found.entries)
    path = good.place / "status-forged.json"
    path.write_bytes(status.signed(replace(found, **changes), seal or good.bureau.agency))
    return path


def point(good: Homologated, size: int, root: bytes = bytes(32), origin: str = "") -> str:
    key = good.bureau.office.register.key
    made = checkpoint.Checkpoint(origin or key.origin, size, root).signed(key.name, key.private)
    return str(made)


LISTS: dict[str, Callable[[Homologated], Path]] = {
    "signed by a reviewer": lambda good: listed(good, good.bureau.reviewers[0]),
    "signed by the vendor": lambda good: listed(good, good.bureau.editor),
    "made from another register": lambda good: listed(
        good, checkpoint=point(good, 9, origin="ailleurs.test/x")
    ),
    "made from a fork": lambda good: listed(good, checkpoint=point(good, 1)),
    "made before the entry": lambda good: listed(good, checkpoint=point(good, 0, merkle.EMPTY)),
    "without a checkpoint": lambda good: listed(good, checkpoint=""),
    "lets in more profiles": lambda good: listed(good, one={"profiles": ("alimentation", "consultation")}),
    "lets in another product": lambda good: listed(good, one={"software": "AUTRE"}),
    "lets in no such version": lambda good: listed(good, one={"versions": ("9.9",)}),
    "of another statement": lambda good: listed(good, one={"statement": "ab" * 32}),
    "without the homologation": lambda good: listed(good, entries=()),
    "withdrawn since": lambda good: listed(good, one={"withdrawn_at": good.hands.now}),
    "expired since": lambda good: listed(good, one={"expires_at": good.hands.now}),
    "superseded": lambda good: listed(good, one={"state": "SUPERSEDED"}),
}


@pytest.mark.parametrize("attack", LISTS)
def test_a_list_that_says_something_else_is_refused_at_step_9(good: Homologated, attack: str) -> None:
    found = good.verified(status=LISTS[attack](good))
    assert first_wrong(found) == 9, told(found)


def test_a_list_of_another_issuer_is_refused(good: Homologated) -> None:
    """A verifier who believes two authorities does not let one speak for the other."""
    forger = Forger(good)
    other = forger.person("autre autorité", "status", issuers=("ABC",))
    found = verified(good, Forged(good.bundle.files, forger.known), status=listed(good, other, issuer="ABC"))
    assert first_wrong(found) == 9
    assert "HOMO-072" in found.steps[8].detail.en


def test_a_list_that_can_not_tell_is_skipped_never_ok(good: Homologated) -> None:
    ordinary = listed(good)
    assert good.verified(status=ordinary).steps[8].outcome == "OK"
    assert good.verified(status=ordinary, trust=None).steps[8].outcome == "SKIPPED"
    # A withdrawal that takes effect later: before it holds, from then on it does not.
    soon = good.hands.now + timedelta(hours=2)
    deferred = listed(good, one={"withdrawn_at": soon})
    assert good.verified(status=deferred, at=soon - timedelta(seconds=1)).steps[8].outcome == "OK"
    assert first_wrong(good.verified(status=deferred, at=soon)) == 9
    # The list of tomorrow does not tell of today, nor of a moment before there was anything.
    tomorrow = good.hands.now + timedelta(days=1)
    later = listed(good, issued=tomorrow, next_update=tomorrow + timedelta(days=1))
    assert good.verified(status=later).steps[8].outcome == "SKIPPED"
    assert first_wrong(good.verified(status=ordinary, at=good.hands.now - timedelta(days=1))) == 4


def test_a_list_of_before_the_bundle_is_skipped(good: Homologated) -> None:
    """The bundle's own register has grown since the list: what it does not know may be the suspension."""

    def grown(receipt: Receipt) -> Receipt:
        key = good.bureau.office.register.key
        hashes = [merkle.leaf_hash(receipt.entry.leaf()), merkle.leaf_hash(b"after")]
        made = checkpoint.Checkpoint(key.origin, 2, merkle.root(hashes)).signed(key.name, key.private)
        return replace(receipt, path=merkle.inclusion(hashes, 0), checkpoint=made)

    found = good.verified(logged(good, grown), status=listed(good))
    assert first_wrong(found) == 0, told(found)
    assert found.steps[8].outcome == "SKIPPED"
    assert "newer" in found.steps[8].detail.en


def test_a_commitment_opens_to_one_number(good: Homologated) -> None:
    """The first letters of the number moved into the nonce: the same bytes are hashed."""
    number, nonce = good.number.number, good.number.nonce
    for count in (1, 4, len(number)):
        moved = {"number": number[count:] or "x", "nonce": nonce + number[:count].encode().hex()}
        assert first_wrong(good.verified(**moved)) == 7


def test_two_signatures_by_one_key_are_refused(good: Homologated) -> None:
    payload = dsse.read(good.envelope).payload
    made = good.said(dsse.sign(payload, [good.bureau.agency, good.bureau.agency]))
    assert first_wrong(good.verified(made)) == 4


def ending(good: Homologated, **by: float) -> Path:
    """The trust file where the time of the seal is over then."""
    keys = good.bureau.people.known()
    over = replace(good.bureau.agency.key, not_after=good.hands.now + timedelta(**by))
    path = good.place / "ending.json"
    path.write_bytes(trust_document([one if one.keyid != over.keyid else over for one in keys.values()]))
    return path


def test_a_seal_that_is_over_stamps_nothing_more(good: Homologated) -> None:
    """Its holder dates the statement back; the stamp tells, which is of long after."""
    trust = ending(good, days=1)
    found = good.verified(trust=trust, authority=testauthority.folder())
    assert first_wrong(found) == 6
    assert "HOMO-076" in found.steps[5].detail.en


def test_a_seal_that_is_over_needs_a_witness(good: Homologated) -> None:
    """Without a stamp the register may tell; without either nobody does, and that is said."""
    unstamped = Bundle({name: data for name, data in good.bundle.files.items() if name != "timestamp.tsr"})
    trust, later = ending(good, days=1), good.hands.now + timedelta(days=2)
    assert outcome(good.verified(unstamped, trust=trust, at=later))[4] == "OK"
    assert outcome(good.verified(unstamped, trust=trust, at=later, log_key=""))[4] == "SKIPPED"
    assert outcome(good.verified(unstamped, trust=trust, log_key=""))[4] == "OK"  # not over yet


def test_a_statement_of_after_its_stamp_is_refused(good: Homologated) -> None:
    """Dated later than it was made: a homologation for a day that had not come."""
    future = good.resigned(lambda said: said.update(issuedAt="2090-01-01T00:00:00Z"))
    assert first_wrong(good.verified(future)) == 4
    late = good.hands.now.replace(year=2091)
    assert first_wrong(good.verified(future, at=late)) == 6


def reports(good: Homologated, name: str, *signers: Seal) -> Path:
    """The run of the good bundle, its report signed again."""
    run = good.place / name
    assert good.brought.run is not None
    shutil.copytree(good.brought.run, run)
    envelope = run / "rapport" / "statement.dsse.json"
    payload = dsse.read(envelope.read_bytes()).payload
    envelope.write_bytes(dsse.sign(payload, signers))
    return run


def test_verdicts_that_the_report_does_not_give_are_refused(good: Homologated) -> None:
    """A vendor lodges the digests of a true report, and better verdicts than it says."""
    verdicts = {"CT-2.1-010": "PASS", "CT-2.1-020": "PASS", "CT-2.1-100": "PASS"}
    made = examined(good, lodged(verdicts=verdicts)).approved().granted().bundle()
    found = verified(good, made)
    assert first_wrong(found) == 11
    assert "HOMO-073" in found.steps[10].detail.en
    fewer = examined(good, lodged(verdicts={"CT-2.1-010": "PASS"})).approved().granted().bundle()
    assert first_wrong(verified(good, fewer)) == 11
    wider = {"requirements": {"EX_2.1-1260": "PASS", "EX_9": "PASS"}}
    assert first_wrong(verified(good, examined(good, lodged(**wider)).approved().granted().bundle())) == 11


def test_a_reviewer_who_signed_the_report_of_the_run_is_found_out(good: Homologated) -> None:
    """The file hides it: its executors are the vendor alone."""
    run = reports(good, "by-reviewer", good.bureau.reviewers[0])
    found = good.verified(run=run)
    assert first_wrong(found) == 11
    assert "HOMO-066" in found.steps[10].detail.en


def swapped(preuves: Path) -> None:
    one, other = preuves / "CT-2.1-010" / "01_requete.bin", preuves / "CT-2.1-020" / "assertions.json"
    data = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(data)


def linked(preuves: Path) -> None:
    """The same bytes, kept elsewhere: who has that place may change them at any time."""
    one = preuves / "CT-2.1-010" / "01_requete.bin"
    elsewhere = preuves.parent.parent / "elsewhere.bin"
    elsewhere.write_bytes(one.read_bytes())
    one.unlink()
    one.symlink_to(elsewhere)


def linked_folder(preuves: Path) -> None:
    elsewhere = preuves.parent.parent / "elsewhere"
    (preuves / "CT-2.1-010").rename(elsewhere)
    (preuves / "CT-2.1-010").symlink_to(elsewhere)


EVIDENCE: dict[str, Callable[[Path], object]] = {
    "swapped": swapped,
    "unlisted": lambda preuves: (preuves / "CT-2.1-010" / "99_ajout.bin").write_bytes(b"x"),
    "removed": lambda preuves: (preuves / "CT-2.1-010" / "01_requete.bin").unlink(),
    "link": linked,
    "linked folder": linked_folder,
    "pipe in its place": lambda preuves: (
        (preuves / "CT-2.1-010" / "01_requete.bin").unlink(),
        os.mkfifo(preuves / "CT-2.1-010" / "01_requete.bin"),
    ),
    "hidden": lambda preuves: (preuves / ".cache").write_bytes(b"x"),
    "pipe": lambda preuves: os.mkfifo(preuves / "CT-2.1-010" / "tube"),
}


@pytest.mark.parametrize("attack", EVIDENCE)
def test_evidence_that_is_not_what_was_sealed_is_refused_at_step_11(
    good: Homologated, attack: str, tmp_path: Path
) -> None:
    assert good.brought.run is not None
    run = tmp_path / "run"
    shutil.copytree(good.brought.run, run)
    EVIDENCE[attack](run / "preuves")
    assert first_wrong(good.verified(run=run)) == 11


def test_a_bundle_takes_no_file_that_a_link_leads_to(good: Homologated, tmp_path: Path) -> None:
    """A vendor's folder whose PDF is a link to the office's own key would carry it out."""
    from protocol.errors import EvidenceError

    assert good.brought.run is not None
    run = tmp_path / "run"
    shutil.copytree(good.brought.run, run)
    (run / "rapport" / "rapport.pdf").symlink_to(good.bureau.office.folder / "secrets.key")
    with pytest.raises(EvidenceError, match="HOMO-014"):
        bundle.make(good.bureau.office, good.bureau.dossier, run)
    other = conform_run(tmp_path / "other", "autre")
    with pytest.raises(EvidenceError, match="HOMO-014"):
        bundle.make(good.bureau.office, good.bureau.dossier, other)
    (run / "rapport" / "rapport.pdf").unlink()
    (run / "rapport" / "timestamp.tsr").write_bytes(b"another")
    assert bundle.make(good.bureau.office, good.bureau.dossier, run).files["timestamp.tsr"] != b"another"


def test_the_page_says_how_many_attacks_there_are() -> None:
    counted = sum(map(len, (ATTACKS, FILES, ENTRIES, LISTS, EVIDENCE, FORGED, COUNTERSIGNED)))
    page = Path(__file__).resolve().parents[3] / "docs" / "homologation.md"
    assert f"In the tests {counted} attacks are refused" in page.read_text(encoding="utf-8")
