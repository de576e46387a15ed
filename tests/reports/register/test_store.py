"""The register on its databases: proofs that hold, moves refused, nothing half-written, nothing lost to a crash."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from protocol.errors import EvidenceError
from protocol.trust import stamp
from reports.numbers import NumberRefused, Reference, allocate
from reports.register import merkle
from reports.register.database import LEAVES
from reports.register.numbering import Numbering
from reports.register.schemes import reference_scheme
from reports.register.standing import IllegalMove
from reports.register.store import Draft, Register, reserve
from tests.reports.register.conftest import KEY, START, Hands, opened
from tests.reports.register.drafts import DIGEST, draft, issue

ROOT = Path(__file__).resolve().parents[3]


def test_each_entry_has_its_proof_and_the_checkpoint_its_signature(
    register: Register, numbering: Numbering
) -> None:
    references = [numbering.reserve("L") for _ in range(5)]
    for reference in references:
        receipts = register.append([issue(reference), draft("NOTICE", reference)])
        assert [one.holds() for one in receipts] == [True, True]
        assert receipts[0].checkpoint.signers([KEY.public]) == (KEY.public,)
    assert [register.receipt(seq).holds() for seq in range(10)] == [True] * 10
    assert [entry.seq for entry in register.entries()] == list(range(10))
    assert [entry.previous for entry in register.entries(references[2])] == [-1, 4]
    assert merkle.root([merkle.leaf_hash(leaf) for leaf in register.leaves()]) == register.checkpoint().root


def test_every_size_that_was_acknowledged_is_continued(register: Register, numbering: Numbering) -> None:
    points = []
    for _ in range(9):
        one = draft("REPORT", numbering.reserve("T"), statementDigest=DIGEST, result="PASS")
        points.append(register.append([one])[0].checkpoint)
    last = register.checkpoint()
    for point in points:
        proof = register.consistency(point.size)
        assert merkle.check_consistency(point.size, last.size, point.root, last.root, proof)
        assert register.checkpoint(point.size) == point


@pytest.mark.parametrize(
    "wrong",
    [
        draft("SUSPEND", "{ref}"),
        draft("AMEND", "{ref}", release="2", statementDigest="no digest"),
        draft("NOTICE", "{ref}", reason=" "),
        draft("WITHDRAW", "{ref}"),
        draft("NOPE", "{ref}"),
        draft("NOTICE", "{ref}", surprise="x"),
        draft("TRUST", "{ref}", digest=DIGEST),
        draft("NOTICE", "TST-26T-AAAAAAA-AA"),
    ],
    ids=["state", "digest", "reason", "fact missing", "kind", "fact unknown", "about nobody", "reference"],
)
def test_a_wrong_entry_takes_the_right_ones_with_it(
    register: Register, numbering: Numbering, wrong: Draft
) -> None:
    """All or nothing: the good entry before the wrong one is not written."""
    reference = numbering.reserve("L")
    register.append([issue(reference), draft("SUSPEND", reference)])
    before = register.checkpoint()
    good = draft("DISPUTE", reference, finding="x", outcome="y")
    with pytest.raises((IllegalMove, EvidenceError, NumberRefused)):
        register.append([good, replace(wrong, reference=wrong.reference.replace("{ref}", reference))])
    assert register.checkpoint() == before
    assert register.standing(reference).state == "SUSPENDED"
    assert register.append([good])[0].holds()


def test_a_reference_that_nobody_reserved_is_refused(register: Register) -> None:
    with pytest.raises(IllegalMove, match="REG-012"):
        register.append([issue(str(allocate(START.date(), "L")))])
    assert register.entries() == ()


def test_time_never_goes_back(register: Register, numbering: Numbering, hands: Hands) -> None:
    reference = numbering.reserve("L")
    register.append([issue(reference)])
    hands.move(hours=-5)
    assert register.append([draft("NOTICE", reference)])[0].entry.at == START


def test_a_withdrawal_takes_effect_on_its_day(register: Register, numbering: Numbering, hands: Hands) -> None:
    reference = numbering.reserve("L")
    register.append([issue(reference)])
    day = START + timedelta(days=90)
    register.append([draft("WITHDRAW", reference, effectiveAt=stamp(day))])
    assert register.standing(reference).usable
    assert register.standing(reference, day - timedelta(seconds=1)).usable
    assert register.standing(reference, day).state == "WITHDRAWN"
    hands.now = day
    with pytest.raises(IllegalMove, match="REG-010"):
        register.append([draft("REINSTATE", reference)])


def test_integrators_are_told_when_their_connector_falls(register: Register, numbering: Numbering) -> None:
    connector, first, second = (numbering.reserve(kind) for kind in "EII")
    register.append([issue(connector), issue(first, parent=connector), issue(second, parent=connector)])
    register.append([draft("SUSPEND", second)])
    receipts = register.append([draft("SUSPEND", connector, "faille")])
    assert [(one.entry.kind, one.entry.reference) for one in receipts] == [
        ("SUSPEND", connector),
        ("NOTICE", first),
    ]
    assert receipts[1].entry.facts == {"cause": f"SUSPEND {connector}"}
    with pytest.raises(IllegalMove, match="REG-013"):
        register.append([issue(numbering.reserve("I"), parent=connector)])


def test_a_leaf_rewritten_in_the_database_shows(register: Register, numbering: Numbering) -> None:
    reference = numbering.reserve("L")
    register.append([issue(reference)])
    forged = register.leaves()[0].replace(b"LPS-TEST", b"LPS-TUST")
    with register.database.write() as db:
        db.execute(update(LEAVES).values(leaf=forged))
    assert not register.receipt(0).holds()


def _issue_many(url: str, count: int) -> None:
    register = opened(url, Hands())
    for _ in range(count):
        reference = str(allocate(START.date(), "T"))
        with register.database.write() as db:
            reserve(db, reference, START)
        assert register.append([draft("REPORT", reference, statementDigest=DIGEST, result="PASS")])[0].holds()
    register.database.close()


def test_many_issuers_write_one_register(register: Register, url: str) -> None:
    """Three processes at once: every entry is there once, the chain is whole."""
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_issue_many, args=(url, 15)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    assert [worker.exitcode for worker in workers] == [0] * 3
    listed = register.entries()
    assert [entry.seq for entry in listed] == list(range(45))
    assert len({entry.reference for entry in listed}) == 45
    assert merkle.root([merkle.leaf_hash(leaf) for leaf in register.leaves()]) == register.checkpoint().root


_ENDLESS = """
import sys
from tests.reports.register.test_store import _issue_many
_issue_many(sys.argv[1], 1)
print("ready", flush=True)
while True:
    _issue_many(sys.argv[1], 1)
    print("done", flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is of POSIX")
def test_kill_at_any_instant_leaves_the_register_whole(register: Register, url: str) -> None:
    """Everything that was acknowledged is there, the rest is not half there, and the register goes on."""
    acknowledged = 0
    for wait in (1, 4):
        process = subprocess.Popen(
            [sys.executable, "-c", _ENDLESS, url], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(wait)]
        process.send_signal(signal.SIGKILL)
        lines += process.stdout.read().splitlines()
        process.stdout.close()
        process.wait(30)
        acknowledged += len([line for line in lines if line.strip()])
    listed = register.entries()
    assert len(listed) >= acknowledged >= 5
    assert [register.receipt(entry.seq).holds() for entry in listed] == [True] * len(listed)
    assert merkle.root([merkle.leaf_hash(leaf) for leaf in register.leaves()]) == register.checkpoint().root
    _issue_many(url, 1)


def test_references_are_read_as_people_type_them() -> None:
    reference = Reference("TST", 26, "L", "7K3Q9XA")
    printed = str(reference)
    assert printed == "TST-26L-7K3Q9XA-" + reference.canonical[-2:]
    assert reference_scheme().read(printed.lower().replace("-", " ")) == printed
