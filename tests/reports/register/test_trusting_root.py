"""A register with a root: each change of its trust file is a version that the old and the new root sign."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric import ec

import cli
from commands.register import register as command
from protocol import canonical, trustchain, trustversion
from protocol.errors import EvidenceError, UsageError
from protocol.trust import load_trust, trust_document
from reports.dossier.people import People
from reports.keeping import backup
from reports.register import rooting, trustfiles, trusting
from reports.register.opening import Office, open_office
from reports.register.store import Register
from tests.protocol.chains import POOL, root
from tests.reports.register.conftest import START
from tests.reports.register.test_trusting import coming, digest, office, public

__all__ = ["office"]


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


def test_a_change_while_the_first_root_is_awaited_joins_it(office: Office, tmp_path: Path) -> None:
    root_of(office, 0)
    sign(office, 0)
    reviewer = coming(tmp_path, "reviewer")
    assert trusting.add(office, reviewer, "relectrice") is None
    with pytest.raises(UsageError, match="TRUST-002"):
        trusting.publish(office)
    sign(office, 0)
    trusting.publish(office)
    assert reviewer.keyid in trustfiles.chain(office)[0].version.keys


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
