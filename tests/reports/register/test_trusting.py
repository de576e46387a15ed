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

import cli
from commands.register import register as command
from protocol import canonical, trustchain, trustversion
from protocol.errors import ConfigError, EvidenceError, UsageError
from protocol.trust import TrustedKey, load_trust, trust_document
from reports.dossier.people import People
from reports.keeping import backup
from reports.keys import Seal, installation_seal
from reports.register import rooting, trustfiles, trusting
from reports.register.opening import Configuration, Office, init, open_office
from reports.register.store import Register
from tests.protocol.chains import POOL, root
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


def root_of(office: Office, *numbers: int, threshold: int = 1) -> None:
    """A root of people, whose keys are not here."""
    keys = list(root(numbers).keys.values())
    assert trusting.set_root(office, keys, threshold, "racine", at=START) is None


def sign(office: Office, *numbers: int) -> None:
    path = office.folder / trusting.PROPOSAL
    for number in numbers:
        path.write_bytes(rooting.signed(rooting.read_file(path), POOL[number]).data())


def test_a_root_in_the_folder_signs_each_change_at_once(office: Office, tmp_path: Path) -> None:
    trusting.add(office, before := coming(tmp_path, "reviewer"), "avant la racine")
    first = trusting.set_root(office, (), 1, "racine d'une répétition")
    assert first is not None
    assert first.entry.facts["digest"] == digest(office)
    second = trusting.distrust(office, before.keyid, START, "clé volée")
    assert second is not None
    assert second.entry.facts["digest"] == digest(office)
    chain = trustfiles.chain(office)
    trustchain.check(chain)
    assert [one.version.number for one in chain] == [1, 2]
    last = chain[-1].version
    assert {key.role for key in last.keys.values()} == {"seal", "reviewer", "log"}
    assert load_trust(office.folder / trusting.TRUST) == dict(last.keys)
    assert canonical.loads((office.folder / trusting.TRUST).read_bytes())["format"] == "dmpcompat-trust/3"
    again = open_office(office.folder)
    assert again.seal.keyid == office.seal.keyid
    again.close()


def test_a_root_of_people_signs_before_anything_is_published(office: Office, tmp_path: Path) -> None:
    root_of(office, 0, 1, 2, threshold=2)
    assert trustfiles.chain(office) == ()
    assert office.register.entries() == ()
    sign(office, 1)
    with pytest.raises(UsageError, match="TRUST-002"):
        trusting.publish(office)
    sign(office, 2)
    assert trusting.publish(office).entry.facts["digest"] == digest(office)
    assert not (office.folder / trusting.PROPOSAL).exists()
    with pytest.raises(UsageError, match="TRUST-001"):
        trusting.publish(office)
    # A second change before the first is signed is one version of both; what was signed of the first is of no use.
    reviewer = coming(tmp_path, "reviewer")
    assert trusting.add(office, reviewer, "relectrice") is None
    sign(office, 0, 1)
    assert trusting.distrust(office, reviewer.keyid, START, "déjà perdue") is None
    waits = trusting.waiting(office)
    assert waits is not None
    assert (waits.missing, waits.version.number) == ((2, 2), 2)
    assert waits.version.reason == "relectrice ; déjà perdue"
    sign(office, 0, 2)
    trusting.publish(office)
    assert trusting.trusted(office)[reviewer.keyid].distrust_after == START
    assert len(office.register.entries()) == 2


def test_copies_signed_apart_are_published_together(office: Office, tmp_path: Path) -> None:
    root_of(office, 0, 1, threshold=2)
    waits = (office.folder / trusting.PROPOSAL).read_bytes()
    copies = []
    for number in (0, 1):
        copies.append(tmp_path / f"{number}.ndjson")
        copies[-1].write_bytes(rooting.signed(rooting.read(waits), POOL[number]).data())
    assert trusting.publish(office, copies).entry.seq == 0


def test_a_root_is_rotated_by_the_old_and_the_new(office: Office) -> None:
    root_of(office, 0)
    sign(office, 0)
    trusting.publish(office)
    root_of(office, 1)
    for signers in ((), (1,)):
        sign(office, *signers)
        with pytest.raises(UsageError, match="TRUST-002"):
            trusting.publish(office)
    sign(office, 0)
    trusting.publish(office)
    assert trusting.renew(office, "suite", at=START) is None
    waits = rooting.read_file(office.folder / trusting.PROPOSAL)
    with pytest.raises(UsageError, match="TRUST-001"):
        rooting.signed(waits, POOL[0])  # the root that went signs no more


def test_an_old_version_is_not_published_again(office: Office, tmp_path: Path) -> None:
    root_of(office, 0)
    sign(office, 0)
    old = tmp_path / "old.ndjson"
    old.write_bytes((office.folder / trusting.PROPOSAL).read_bytes())
    trusting.publish(office)
    before = digest(office)
    with pytest.raises(UsageError, match="version 2"):
        trusting.publish(office, [old])
    assert digest(office) == before


@pytest.mark.parametrize("wrong", ["gone", "trusted again", "another register"])
def test_what_the_roots_were_made_to_sign_is_looked_at(office: Office, tmp_path: Path, wrong: str) -> None:
    reviewer = coming(tmp_path, "reviewer")
    trusting.add(office, reviewer, "relectrice")
    trusting.distrust(office, reviewer.keyid, START, "perdue")
    root_of(office, 0)
    version = rooting.read_file(office.folder / trusting.PROPOSAL).version
    keys = {**version.keys}
    if wrong == "gone":
        del keys[reviewer.keyid]
    elif wrong == "trusted again":
        keys[reviewer.keyid] = reviewer
    else:
        version = replace(version, origin="ailleurs.test/homologations")
    path = tmp_path / "other.ndjson"
    made = rooting.Proposal(None, trustversion.Signed(replace(version, keys=keys)))
    path.write_bytes(rooting.signed(made, POOL[0]).data())
    (office.folder / trusting.PROPOSAL).unlink()
    with pytest.raises(UsageError, match="TRUST-001"):
        trusting.publish(office, [path])
    assert trustfiles.chain(office) == ()


def test_no_key_is_root_and_something_else(office: Office, tmp_path: Path) -> None:
    from protocol.trustversion import RootKey

    seal = RootKey("cachet", office.seal.key.public)
    with pytest.raises(EvidenceError, match="TRUST-017"):
        trusting.set_root(office, [seal], 1, "cachet racine")
    root_of(office, 0)
    sign(office, 0)
    trusting.publish(office)
    path = public(tmp_path / "root.pem", POOL[0])
    for role in ("seal", "log", "editor"):
        with pytest.raises(EvidenceError, match="TRUST-017"):
            trusting.add(office, trusting.described(path, role, "x", ("TST",), START, None), "racine partout")
    with pytest.raises(UsageError, match="TRUST-001"):
        trusting.set_root(office, list(root([1, 2]).keys.values()), 3, "impossible")


def test_an_authority_has_no_root_in_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DMPCOMPAT_HOME", str(tmp_path / "home"))
    told = CliRunner().invoke(command, ["init", str(tmp_path / "r"), "--issuer", "HDM", "--lang", "en"])
    assert told.exit_code == 0
    assert "no root" in told.output
    assert not (tmp_path / "r" / "racine").exists()
    made = open_office(tmp_path / "r")
    with pytest.raises(UsageError, match="TRUST-001"):
        trusting.set_root(made, (), 1, "ici")
    made.close()


def test_the_people_of_an_office_come_with_the_next_version(office: Office) -> None:
    with pytest.raises(UsageError, match="TRUST-001"):
        trusting.renew(office, "sans racine")
    trusting.set_root(office, (), 1, "racine")
    person = People(office.folder / "personnes", office.seal).add("relectrice", "reviewer")
    assert trusting.unsigned(office) == (person.key,)
    assert trustfiles.logged(office) is not None
    assert trustfiles.logged(office, [person.keyid]) is None
    trusting.renew(office, "relectrice", days=None)
    assert trusting.unsigned(office) == ()
    last = trustfiles.chain(office)[-1].version
    assert (last.expires, last.keys[person.keyid].role) == (None, "reviewer")
    assert trustfiles.logged(office, [person.keyid]) is not None


@pytest.mark.parametrize("step", ["before the entry", "after the entry", "between the files"])
def test_a_crash_while_a_version_is_published_is_settled(
    office: Office, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    class Crash(BaseException):
        """The machine stops here."""

    trusting.set_root(office, (), 1, "racine")
    append = Register.append

    def crashing(self: Register, drafts: object) -> object:
        made = append(self, drafts) if step != "before the entry" else None  # type: ignore[arg-type]
        if step == "between the files":
            return made
        raise Crash

    named = Path.replace

    def stopping(self: Path, target: Path) -> Path:
        if self.name == f"{trusting.CHAIN}.next":
            raise Crash
        return named(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Register, "append", crashing)
        if step == "between the files":
            patch.setattr(Path, "replace", stopping)
        with pytest.raises(Crash):
            trusting.renew(office, "interrompue", at=START)
    trusting.settle(office)
    expected = 1 if step == "before the entry" else 2
    assert [one.version.number for one in trustfiles.chain(office)] == list(range(1, expected + 1))
    assert digest(office) == office.register.entries()[-1].facts["digest"]
    assert len(office.register.entries()) == expected
    trusting.renew(office, "la suivante")
    trustchain.check(trustfiles.chain(office))


def test_an_old_office_says_so_and_is_given_a_root(office: Office, tmp_path: Path) -> None:
    """Nothing changes for it until then."""
    place = ["--register", str(office.folder), "--lang", "en"]

    def said(*arguments: str) -> str:
        found = CliRunner().invoke(command, [*arguments, *place], catch_exceptions=False)
        assert found.exit_code == 0
        return found.output

    path = public(tmp_path / "status.pem", ec.generate_private_key(ec.SECP256R1()))
    told = said("trust", "add", str(path), "--role", "status", "--name", "statuts", "--reason", "essai")
    assert "register trust root" in told
    assert "register trust root" in said("trust", "list")
    assert "register trust root" in said("export", str(tmp_path / "public"))
    assert not (tmp_path / "public" / trusting.CHAIN).exists()
    assert "version 1; entry 1" in said("trust", "root", "--reason", "migration")
    assert "no root" not in said("trust", "list")
    said("export", str(tmp_path / "public"))
    published = trustchain.load(tmp_path / "public" / trusting.CHAIN)
    assert published.version is not None
    assert {key.role for key in published.keys.values()} == {"seal", "status", "log"}
    alone = trustversion.read((tmp_path / "public" / trustfiles.SIGNED).read_bytes())
    assert alone[0].version == published.version
    assert (tmp_path / "public" / trusting.TRUST).read_bytes() == published.version.payload
    assert said("audit").count("OK") == 7
    kept = ["backup", str(tmp_path / "b.zip"), "--with-keys"]
    said(*kept)
    again = ["restore", str(tmp_path / "b.zip"), "--to", str(tmp_path / "r2")]
    assert CliRunner().invoke(command, again, catch_exceptions=False).exit_code == 0
    for name in (trusting.TRUST, trusting.CHAIN, "racine/racine-1.pem"):
        assert (tmp_path / "r2" / name).read_bytes() == (office.folder / name).read_bytes()


def test_a_new_person_is_in_the_next_version_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DMPCOMPAT_HOME", str(tmp_path / "home"))
    place = str(tmp_path / "r")
    assert cli.run_command(["register", "init", place]) == 0
    assert (
        cli.run_command(["homologate", "person", "relectrice", "--role", "reviewer", "--register", place])
        == 0
    )
    office = open_office(tmp_path / "r")
    first, second = trustfiles.chain(office)
    assert first.version.reason == "création du registre"
    assert {key.name for key in second.version.keys.values()} - {
        key.name for key in first.version.keys.values()
    } == {"relectrice"}
    office.close()


def test_a_version_that_is_over_is_told(office: Office) -> None:
    trusting.set_root(office, (), 1, "racine", days=1, at=START)
    found = CliRunner().invoke(command, ["trust", "list", "--register", str(office.folder), "--lang", "en"])
    assert "OUT OF DATE" in found.output


def test_a_backup_with_another_trust_file_is_refused(office: Office, tmp_path: Path) -> None:
    trusting.set_root(office, (), 1, "racine")
    backup.make(office, tmp_path / "good.zip", START)
    path = office.folder / trusting.TRUST
    path.write_bytes(trust_document(list(load_trust(path).values())))
    with pytest.raises(EvidenceError, match="KEEP-003"):
        backup.make(office, tmp_path / "bad.zip", START)
