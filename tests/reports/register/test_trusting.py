"""The trust file of a register: each change is an entry, a crash between the two is finished or forgotten."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from commands.register import register as command
from protocol import canonical
from protocol.errors import ConfigError, EvidenceError, UsageError
from protocol.trust import TrustedKey, load_trust, trust_document
from reports.keys import Seal, installation_seal
from reports.register import trusting
from reports.register.opening import Configuration, Office, init, open_office
from reports.register.store import Register
from tests.reports.register.conftest import START, Hands


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setenv("DMPCOMPAT_HOME", str(tmp_path / "home"))
    init(tmp_path / "registre", Configuration())
    made = open_office(tmp_path / "registre", clock=Hands())
    yield made
    made.close()


def public(path: Path, private: ec.EllipticCurvePrivateKey | Ed25519PrivateKey) -> Path:
    path.write_bytes(
        private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    return path


def coming(tmp_path: Path, role: str = "seal") -> TrustedKey:
    path = public(tmp_path / "coming.pem", ec.generate_private_key(ec.SECP256R1()))
    return trusting.described(path, role, "Cachet suivant", ("TST",), START, None)


def digest(office: Office) -> str:
    return hashlib.sha256((office.folder / trusting.TRUST).read_bytes()).hexdigest()


def test_each_change_is_an_entry_with_the_digest_of_the_file(office: Office, tmp_path: Path) -> None:
    key = coming(tmp_path, "reviewer")
    receipt = trusting.add(office, key, "nouvelle relectrice")
    assert (receipt.entry.kind, receipt.entry.facts["digest"]) == ("TRUST", digest(office))
    after = trusting.distrust(office, key.keyid[:12], START + timedelta(days=3), "clé volée")
    assert after.entry.facts["digest"] == digest(office) != receipt.entry.facts["digest"]
    listed = load_trust(office.folder / trusting.TRUST)
    assert set(listed) == {office.seal.keyid, key.keyid}
    assert listed[key.keyid].distrust_after == START + timedelta(days=3)
    # A key does not come back: the moment is only ever brought forward.
    trusting.distrust(office, key.keyid, START + timedelta(days=1), "plus tôt qu'on ne croyait")
    with pytest.raises(UsageError, match="TRUST-001"):
        trusting.distrust(office, key.keyid, START + timedelta(days=2), "finalement non")
    assert len(office.register.entries()) == 3


def test_a_rotation_overlaps(office: Office, tmp_path: Path) -> None:
    key = coming(tmp_path)
    trusting.add(office, key, "rotation annuelle", replaces=office.seal.keyid, overlap_days=90)
    old = trusting.trusted(office)[office.seal.keyid]
    assert old.not_after == START + timedelta(days=90)
    assert trusting.trusted(office)[key.keyid].not_after is None


@pytest.mark.parametrize("wrong", ["twice", "role", "replaces", "unknown", "short"])
def test_a_change_that_makes_no_sense_changes_nothing(office: Office, tmp_path: Path, wrong: str) -> None:
    key = coming(tmp_path, "reviewer")
    trusting.add(office, key, "première")
    before = digest(office)
    with pytest.raises(UsageError, match="TRUST-001"):
        if wrong == "twice":
            trusting.add(office, key, "encore")
        elif wrong == "role":
            trusting.add(office, replace(key, role="wizard", keyid="0" * 64), "rôle")
        elif wrong == "replaces":
            trusting.add(office, coming(tmp_path), "rôle", replaces=key.keyid)
        else:
            trusting.distrust(office, "ab" * 32 if wrong == "unknown" else key.keyid[:4], START, "qui ?")
    assert digest(office) == before
    assert len(office.register.entries()) == 1


@pytest.mark.parametrize("written", [True, False], ids=["after the entry", "before the entry"])
def test_a_crash_between_entry_and_file_is_settled(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: bool
) -> None:
    class Crash(BaseException):
        """The machine stops here."""

    append, key = Register.append, coming(tmp_path)

    def crashing(self: Register, drafts: object) -> object:
        if written:
            append(self, drafts)  # type: ignore[arg-type]
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(Register, "append", crashing)
        with pytest.raises(Crash):
            trusting.add(office, key, "interrompue")
    assert not (office.folder / trusting.TRUST).exists()
    trusting.settle(office)
    assert (key.keyid in trusting.trusted(office)) is written
    trusting.add(office, coming(tmp_path), "la suivante")
    assert office.register.entries()[-1].facts["digest"] == digest(office)


def test_a_distrusted_seal_signs_no_more(office: Office) -> None:
    trusting.distrust(office, office.seal.keyid, START, "compromis")
    again = open_office(office.folder)
    with pytest.raises(ConfigError, match="KEY-004"):
        again.seal.sign(b"x")
    again.close()


def test_the_first_format_is_read_and_written_while_it_says_all(tmp_path: Path) -> None:
    """An older reader would overlook a distrust: it must not be able to read such a file."""
    seal: Seal = installation_seal(tmp_path / "keys")
    plain = trust_document([seal.key])
    assert canonical.loads(plain)["format"] == "dmpcompat-trust/1"
    assert "distrustAfter" not in canonical.loads(plain)["keys"][0]
    later = replace(seal.key, distrust_after=START)
    path = public(tmp_path / "log.pem", Ed25519PrivateKey.generate())
    log = trusting.described(path, "log", "registre.test", ("TST",), START, START + timedelta(days=9))
    for keys in ([later], [seal.key, log]):
        data = trust_document(keys)
        assert canonical.loads(data)["format"] == "dmpcompat-trust/2"
        (tmp_path / "t.json").write_bytes(data)
        found = load_trust(tmp_path / "t.json")
        assert trust_document(list(found.values())) == data
    twice = canonical.loads(plain)
    twice["keys"] *= 2
    (tmp_path / "t.json").write_bytes(canonical.dumps(twice))
    with pytest.raises(EvidenceError, match="KEY-003"):
        load_trust(tmp_path / "t.json")


def test_the_commands(office: Office, tmp_path: Path) -> None:
    private = Ed25519PrivateKey.generate()
    path = public(tmp_path / "log.pem", private)
    place = ["--register", str(office.folder)]

    def said(*arguments: str) -> str:
        found = CliRunner().invoke(command, [*arguments, *place], catch_exceptions=False)
        assert found.exit_code == 0
        return found.output

    said("trust", "add", str(path), "--role", "log", "--name", "registre.test", "--reason", "publiée")
    listed = json.loads(said("trust", "list", "--json"))
    assert [one["role"] for one in listed] == ["seal", "log"]
    told = said("trust", "distrust", listed[0]["keyid"][:16], "--reason", "essai", "--lang", "en")
    assert "BEWARE" in told
    assert "distrusted after" in said("trust", "list", "--lang", "en")
    kept = json.loads(said("backup", str(tmp_path / "b.zip"), "--json"))
    assert kept["entries"] == 2
    assert "PAS" in said("backup", str(tmp_path / "b2.zip"), "--lang", "fr")
    again = CliRunner().invoke(
        command,
        ["restore", str(tmp_path / "b.zip"), "--to", str(tmp_path / "r2"), "--keys", str(office.folder)],
        catch_exceptions=False,
    )
    assert again.exit_code == 0
    assert "--checkpoint" in again.output
    assert load_trust(tmp_path / "r2" / "trust.json") == load_trust(office.folder / "trust.json")
