"""A register takes cosignatures in and publishes them; audits count them; commands say so."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from commands.register import register as commands
from protocol.errors import DmpcompatError, EvidenceError
from reports.register import merkle, stamps, tiles
from reports.register.audit import cosigned as counted
from reports.register.audit import kept
from reports.register.checkpoint import Checkpoint, parse
from reports.register.cosignature import WitnessKey, cosign
from reports.register.opening import Office, open_office
from reports.register.store import Register
from tests.mock_dmp.databases import every_database, postgres
from tests.reports.register.conftest import KEY, START, Hands, hands, register, url
from tests.reports.register.drafts import DIGEST, draft

__all__ = ["every_database", "hands", "postgres", "register", "url"]

ONE, TWO = (Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in (1, 2))
FIRST = WitnessKey("temoin.test/1", ONE.public_key())
SECOND = WitnessKey("temoin.test/2", TWO.public_key())
BOTH = (FIRST, SECOND)


def entered(register: Register) -> Checkpoint:
    register.append([draft("TRUST", digest=DIGEST)])
    return register.checkpoint()


def test_cosignatures_are_kept_beside_their_checkpoint(register: Register, hands: Hands) -> None:
    old = entered(register)
    entered(register)
    register.cosign(cosign(old, FIRST.name, ONE, START), BOTH)
    register.cosign(cosign(old, SECOND.name, TWO, START), BOTH)
    hands.move(hours=1)
    (again,) = register.cosign(cosign(old, FIRST.name, ONE, hands.now), BOTH)
    assert again.at == hands.now
    names = [line.name for line in register.checkpoint(1).signatures]
    assert names == [KEY.name, SECOND.name, FIRST.name]
    assert len(register.checkpoint().signatures) == 1
    assert [len(point.signatures) for point in register.checkpoints()] == [3, 1]
    receipt = register.receipt(0, 1)
    assert receipt.holds() and receipt.checkpoint == register.checkpoint(1)
    with pytest.raises(EvidenceError, match="REG-003"):
        register.receipt(1, 1)
    # What follows is signed as before.
    assert entered(register).signers([KEY.public])


def test_what_is_no_cosignature_of_ours_is_refused(register: Register, hands: Hands) -> None:
    point = entered(register)
    strange = Checkpoint(point.origin, 1, bytes(32)).signed(KEY.name, ONE)
    empty = Checkpoint(point.origin, 0, merkle.EMPTY)
    late = hands.now + timedelta(hours=1)
    for code, given in (
        ("REG-061", point),
        ("REG-061", cosign(point, "inconnu.test", ONE, START)),
        ("REG-061", cosign(point, FIRST.name, ONE, late)),
        ("REG-060", cosign(strange, FIRST.name, ONE, START)),
        ("REG-060", cosign(empty, FIRST.name, ONE, START)),
        ("REG-060", cosign(replace(point, origin="autre.test/log"), FIRST.name, ONE, START)),
        ("REG-003", cosign(replace(point, size=2), FIRST.name, ONE, START)),
        (
            "CHKPT-002",
            replace(cosign(point, FIRST.name, ONE, START), root=point.root, size=1, signatures=_moved()),
        ),
    ):
        with pytest.raises(EvidenceError, match=code):
            register.cosign(given, BOTH)
    assert register.checkpoint() == point


def _moved() -> tuple[object, ...]:
    """The line of a witness over another checkpoint."""
    return cosign(Checkpoint("autre.test/log", 1, bytes(32)), FIRST.name, ONE, START).signatures


def test_an_audit_counts_witnesses_and_looks_at_every_checkpoint(register: Register) -> None:
    old = entered(register)
    point = entered(register)
    logs = [KEY.public]
    leaves, points = register.leaves(), register.checkpoints()
    assert kept(leaves, points, logs).outcome == "OK"
    assert kept(leaves[:1], points, logs).outcome == "KO"
    assert kept((leaves[1], leaves[0]), points, logs).outcome == "KO"
    assert kept(leaves, [replace(old, signatures=()), point], logs).outcome == "KO"
    seen = cosign(point, FIRST.name, ONE, START)
    assert [counted(point, logs, BOTH, quorum).outcome for quorum in (None, 0, 1)] == ["SKIPPED", "OK", "KO"]
    assert [counted(seen, logs, BOTH, quorum).outcome for quorum in (None, 1, 2)] == ["OK", "OK", "KO"]
    assert counted(replace(seen, size=1), logs, BOTH, None).outcome == "KO"
    assert counted(seen, logs, (), None).outcome == "SKIPPED"
    assert counted(seen, logs, BOTH, 1, START - timedelta(days=1)).outcome == "KO"


def ran(*words: object, code: int = 0) -> Result:
    """The command with these words, as a shell would leave it."""
    result = CliRunner().invoke(
        commands, [str(word) for word in words], env={"DMPCOMPAT_LANG": "en"}, standalone_mode=False
    )
    problem = result.exception
    left = problem.exit_code if isinstance(problem, DmpcompatError) else result.return_value
    assert problem is None or isinstance(problem, DmpcompatError), result.exc_info
    assert left == code, (result.output, problem)
    return result


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A register, a witness that it knows, and where they publish."""
    monkeypatch.setenv("DMPCOMPAT_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(Office, "stamp", lambda *_: {})
    registre, temoin = tmp_path / "registre", tmp_path / "temoin"
    ran("init", registre)
    ran("witness", "init", temoin, "--name", "federation.test/temoin")
    known = ("--role", "witness", "--name", "federation.test/temoin", "--reason", "témoin")
    ran("trust", "add", temoin / "temoin.pem", *known, "--register", registre)
    key = log_key(registre)
    ran("witness", "follow", temoin, "--origin", "dmpcompat.test/homologations", "--key", key)
    return tmp_path


def log_key(registre: Path) -> str:
    office = open_office(registre)
    office.close()
    return str(office.log_key)


def grown(registre: Path) -> None:
    office = open_office(registre)
    reference = office.numbering.reserve("T", START)
    office.register.append([draft("REPORT", reference, statementDigest=DIGEST, result="PASS")])
    office.close()


def test_the_round_of_a_witness_by_commands(place: Path) -> None:
    registre, temoin, log, note = (place / name for name in ("registre", "temoin", "public/log", "cosigne"))
    witness = ran("witness", "show", temoin).output.splitlines()[0]
    asked = ("--key", log_key(registre), "--witness", witness)
    for _ in range(2):
        grown(registre)
        ran("export", place / "public", "--register", registre)
        ran("audit", log, *asked, code=1)
        ran("witness", "cosign", temoin, log, "--out", note)
        ran("cosign", note, "--register", registre)
        ran("export", place / "public", "--register", registre)
        point, leaves = tiles.read(log)
        assert WitnessKey.parse(witness).seen(point) and str(point) == note.read_text(encoding="utf-8")
        ran("audit", log, *asked)
        ran("audit", log, *asked, "--witnesses", 2, code=1)
        lines = json.loads(ran("audit", "--register", registre, "--json", "--witnesses", 1).output)
        assert {line["outcome"] for line in lines[:-1]} == {"OK"}
    assert f"{len(leaves)} entries" in ran("witness", "show", temoin).output
    assert json.loads(ran("witness", "show", temoin, "--json").output)["logs"][0]["last"] == str(point)
    # From the register itself, and a checkpoint of before.
    printed = ran("witness", "cosign", temoin, "--register", registre).output
    assert parse(printed).size == len(leaves)
    (place / "ancien").write_text(str(point), encoding="utf-8")
    grown(registre)
    ran("export", place / "public", "--register", registre)
    ran("witness", "cosign", temoin, log, "--checkpoint", place / "ancien", "--out", note)
    lines = json.loads(ran("audit", "--register", registre, "--json").output)
    assert [line["outcome"] for line in lines[-2:]] == ["SKIPPED", "SKIPPED"]


def test_a_back_up_keeps_cosignatures_and_stamps(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registre, temoin = place / "registre", place / "temoin"
    monkeypatch.setattr(
        Office, "stamp", lambda *_: {"timestamp.tsr": b"stamp", "authority.pem": b"authority"}
    )
    ran("export", place / "public", "--register", registre)
    assert (place / "public" / "log" / stamps.NAME).read_bytes() == b"stamp"
    ran("witness", "cosign", temoin, "--register", registre, "--out", place / "cosigne")
    ran("cosign", place / "cosigne", "--register", registre)
    ran("backup", place / "sauvegarde.zip", "--register", registre, "--with-keys")
    ran("restore", place / "sauvegarde.zip", "--to", place / "retour", "--key", log_key(registre))
    again = open_office(place / "retour")
    point = again.register.checkpoint()
    assert str(point) == (place / "cosigne").read_text(encoding="utf-8")
    assert stamps.stamped(again, point)[stamps.NAME] == b"stamp"
    again.close()


def test_what_is_published_without_a_stamp_has_no_old_one(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registre, stamp = place / "registre", place / "public" / "log" / stamps.NAME
    with monkeypatch.context() as patch:
        patch.setattr(Office, "stamp", lambda *_: {"timestamp.tsr": b"stamp", "authority.pem": b"authority"})
        ran("export", place / "public", "--register", registre)
    grown(registre)
    assert stamp.exists()
    ran("export", place / "public", "--register", registre)
    assert not stamp.exists()


def test_a_fork_is_refused_by_a_command_and_proven_by_another(place: Path) -> None:
    registre, temoin = place / "registre", place / "temoin"
    ran("witness", "cosign", temoin, "--register", registre, "--out", place / "x")
    fork = place / "fourche"
    ran("init", fork)
    (fork / "journal.key").write_bytes((registre / "journal.key").read_bytes())
    grown(fork)
    grown(fork)
    refused = ran("witness", "cosign", temoin, "--register", fork, code=1).exception
    assert isinstance(refused, DmpcompatError) and refused.code == "WITNESS-004"
    assert "proven" in ran("witness", "check", refused.field, "--key", log_key(registre)).output
    ran("witness", "check", place / "x", "--key", log_key(registre), code=1)
    ran("witness", "cosign", temoin, code=64)
    ran("cosign", "--register", registre, code=64)
    # What witnesses of the fork said is refused by the register.
    other = open_office(fork)
    point = cosign(other.register.checkpoint(), "federation.test/temoin", ONE, START)
    other.close()
    (place / "y").write_text(str(point), encoding="utf-8")
    ran("cosign", place / "y", "--register", registre, code=3)
