"""A rotation drill, by commands: a root, another seal, another root, a distrusted seal; a bundle of each period."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import cli
from protocol import dsse, trustversion
from protocol.trust import keyid_of, stamp
from protocol.trustversion import Root, RootKey, Signed
from reports.dossier import deciding
from reports.dossier.book import Dossier
from reports.dossier.people import People
from reports.homologation import bundle
from reports.homologation.bundle import Bundle
from reports.keys import Seal, installation_seal
from reports.register import rooting, trustfiles
from reports.register.opening import Configuration, init, open_office
from reports.register.rooting import Proposal
from reports.sealing import testauthority
from tests.reports.dossier.conftest import OPENING, Bureau

pytest.importorskip("rfc3161_client", reason="the extra `sign` is not installed")

ACTORS = (("editeur", "editor"), ("relectrice", "reviewer"), ("relecteur", "reviewer"))


@dataclass
class Drill:
    """An authority, its register and what it publishes; who verifies, with what they kept."""

    place: Path
    capsys: pytest.CaptureFixture[str]

    @property
    def register(self) -> Path:
        return self.place / "registre"

    def said(self, *words: str | Path, code: int = 0) -> str:
        self.capsys.readouterr()
        assert cli.run_command([str(word) for word in words]) == code, words
        return self.capsys.readouterr().out

    def trust(self, *words: str | Path, code: int = 0) -> str:
        return self.said(
            "register", "trust", *words, "--register", self.register, "--reason", "essai", code=code
        )

    def new_root(self, name: str) -> Path:
        self.said("register", "trust", "root-key", self.place / f"{name}.pem")
        return self.place / f"{name}.pem"

    def signed(self, *keys: Path) -> None:
        """Each of these roots signs what waits, then it is published."""
        for key in keys:
            self.said("register", "trust", "sign", self.register / trustfiles.PROPOSAL, "--key", key)
        self.said("register", "trust", "publish", "--register", self.register)
        self.said("register", "export", self.place / "public", "--register", self.register)

    @property
    def chain(self) -> Path:
        return self.place / "public" / trustfiles.CHAIN

    def kept(self, name: str) -> Path:
        """The chain of now, as somebody keeps it."""
        return Path(shutil.copy(self.chain, self.place / f"{name}.ndjson"))

    def homologated(self, name: str) -> Path:
        """A file that is opened, examined and decided now, and its bundle."""
        office = open_office(self.register)
        people = People(office.folder / "personnes", office.seal, office.folder / "trust.json")
        register = office.register
        editor, *reviewers = (people.person(actor) for actor, _ in ACTORS)
        file = Dossier(office.folder / "dossiers" / name, people, lambda one: register.standing(one).usable)
        file.open(editor, "première demande", OPENING)
        Bureau(office, people, editor, (reviewers[0], reviewers[1]), file).approved()
        deciding.grant(office, file, "conforme")
        made = bundle.make(office, file)
        office.close()
        path = self.place / f"{name}.dmpbundle"
        path.write_bytes(made.packed())
        return path

    def verified(self, path: Path, *words: str | Path) -> dict[int, tuple[str, str]]:
        self.capsys.readouterr()
        cli.run_command(["verify", str(path), *map(str, words), "--json"])
        told: dict[str, Any] = json.loads(self.capsys.readouterr().out)
        return {step["number"]: (step["outcome"], step["detail"]["en"]) for step in told["steps"]}


@pytest.fixture
def drill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Drill]:
    monkeypatch.setenv("DMPCOMPAT_HOME", str(tmp_path / "home"))
    init(tmp_path / "registre", Configuration())
    made = Drill(tmp_path, capsys)
    for name, role in ACTORS:
        made.said("homologate", "person", name, "--role", role, "--register", made.register)
    return made


def wrong(found: dict[int, tuple[str, str]]) -> tuple[int, str]:
    """The first step that refuses, and its code."""
    number = next((number for number, (outcome, _) in found.items() if outcome == "KO"), 0)
    return number, found[number][1].partition(":")[0] if number else ""


def believed(found: dict[int, tuple[str, str]]) -> bool:
    """Whether seal, register, people and trust file are believed, and nothing is wrong."""
    return wrong(found) == (0, "") and all(found[number][0] == "OK" for number in (4, 8, 10, 14))


def test_a_drill_of_rotations(drill: Drill) -> None:
    # Version 1: a root.
    old = drill.new_root("racine-1")
    drill.trust("root", f"{old}.pub")
    drill.signed(old)
    root = keyid_of(rooting.private_in(old).public_key())
    first, v1 = drill.homologated("v1"), drill.kept("v1")
    # Version 2: another seal, with an overlap.
    going = installation_seal()
    seal = installation_seal(drill.place / "cachet-2")
    shutil.copy(drill.place / "cachet-2" / "seal-test.pem", drill.register / "cachet-2.pem")
    drill.trust(
        "add",
        drill.register / "cachet-2.pem",
        "--role",
        "seal",
        "--name",
        "Cachet 2",
        "--replaces",
        going.keyid,
    )
    drill.signed(old)
    configured = json.loads((drill.register / "registre.json").read_text())
    configured["seal"] = {"provider": "file", "key": "cachet-2.pem"}
    (drill.register / "registre.json").write_text(json.dumps(configured))
    second, v2 = drill.homologated("v2"), drill.kept("v2")
    # Version 3: another root, signed by the old one and by the new one.
    new = drill.new_root("racine-2")
    drill.trust("root", f"{new}.pub")
    for not_enough in ((), (new,)):
        for key in not_enough:
            drill.said("register", "trust", "sign", drill.register / trustfiles.PROPOSAL, "--key", key)
        drill.said("register", "trust", "publish", "--register", drill.register, code=64)
    drill.signed(old)
    third, v3 = drill.homologated("v3"), drill.kept("v3")
    # Version 4: the first seal is distrusted. The root that went signs no more.
    after = datetime.now(UTC) + timedelta(hours=1)
    drill.trust("distrust", going.keyid[:16], "--after", stamp(after))
    drill.said("register", "trust", "sign", drill.register / trustfiles.PROPOSAL, "--key", old, code=64)
    drill.signed(new)
    fourth, v4 = drill.homologated("v4"), drill.kept("v4")
    assert [len(trustversion.read(path.read_bytes())) for path in (v1, v2, v3, v4)] == [1, 2, 3, 4]

    # Whoever kept the root of version 1 alone believes each bundle by what it carries, over the new root.
    everything = (first, second, third, fourth)
    assert [believed(drill.verified(path, "--root", root)) for path in everything] == [True] * 4
    assert [believed(drill.verified(path, "--root", f"{old}.pub")) for path in everything] == [True] * 4
    # ... and by the chain of today: the first seal then needs its witnesses.
    today = ("--root", root, "--trust", v4)
    assert [believed(drill.verified(path, *today)) for path in everything] == [False, True, True, True]
    assert wrong(drill.verified(first, *today)) == (4, "HOMO-055")
    assert believed(drill.verified(first, *today, "--authority", testauthority.folder()))
    # The new root reaches no version of before it, but the chain of today it does.
    alone = {path: drill.verified(path, "--root", f"{new}.pub") for path in everything}
    assert [wrong(found) for found in alone.values()] == [(4, "TRUST-018")] * 2 + [(0, "")] * 2
    assert believed(drill.verified(second, "--root", f"{new}.pub", "--trust", v4))
    # Whoever kept a version believes no older one.
    assert wrong(drill.verified(fourth, "--root", v4, "--trust", v2)) == (4, "TRUST-014")
    assert wrong(drill.verified(first, "--root", v2)) == (4, "TRUST-014")
    assert believed(drill.verified(fourth, "--root", v2))
    # Its end comes.
    later = stamp(datetime.now(UTC) + timedelta(days=366))
    assert wrong(drill.verified(fourth, "--root", root, "--at", later)) == (4, "TRUST-016")

    audit = drill.said("register", "audit", "--register", drill.register)
    assert "KO" not in audit
    key = (drill.place / "public" / "log" / "key.txt").read_text().strip()
    assert "4 / 4" in drill.said("register", "audit", drill.place / "public" / "log", "--key", key)
    forged_by_the_old_seal(drill, first, going, v4, root)
    forks(drill, third, v2, v3, old, seal)


def forged_by_the_old_seal(drill: Drill, genuine: Path, seal: Seal, chain: Path, root: str) -> None:
    """Whoever has the distrusted seal writes any date, and gets any stamp of it."""
    files = bundle.read(genuine.read_bytes()).files
    payload = dsse.read(files["statement.dsse.json"]).payload.replace(b"LPS-TEST", b"LPS-FAUX")
    office = open_office(drill.register)
    envelope = dsse.sign(payload, [seal])
    forged = Bundle({**files, "statement.dsse.json": envelope, **office.stamp(envelope)})
    office.close()
    path = drill.place / "forged.dmpbundle"
    path.write_bytes(forged.packed())
    brought = ("--root", root, "--trust", chain, "--authority", testauthority.folder())
    assert wrong(drill.verified(path, *brought)) == (4, "HOMO-055")


def forks(drill: Drill, genuine: Path, v2: Path, v3: Path, old: Path, seal: Seal) -> None:
    """Another version 3, by who stole nothing, by who stole the root that went, by who stole the seal."""
    before = trustversion.read(v2.read_bytes())
    real = trustversion.read(v3.read_bytes())[-1].version
    thief = RootKey("voleur", rooting.new_key(drill.place / "voleur.pem"))
    version = replace(real, root=Root.of(1, [thief]))

    def forked(*keys: Path) -> Path:
        made = Proposal(before[-1], Signed(version))
        for key in keys:
            made = rooting.signed(made, rooting.private_in(key))
        path = drill.place / "fork.ndjson"
        path.write_bytes(trustversion.lines([*before, made.proposed]))
        return path

    root = keyid_of(rooting.private_in(old).public_key())
    alone = forked(drill.place / "voleur.pem")
    assert wrong(drill.verified(genuine, "--root", root, "--trust", alone)) == (4, "TRUST-012")
    both = forked(drill.place / "voleur.pem", old)
    # Signed as it must be: what others have of the same number gives it away.
    assert wrong(drill.verified(genuine, "--root", root, "--trust", both)) == (4, "TRUST-015")
    assert wrong(drill.verified(genuine, "--root", v3, "--trust", both)) == (4, "TRUST-015")
    shutil.copy(both, drill.chain)
    key = (drill.place / "public" / "log" / "key.txt").read_text().strip()
    drill.said("register", "audit", drill.place / "public" / "log", "--key", key, code=1)
    by_seal = Signed(real).with_(dsse.Signature(seal.keyid, seal.sign(Signed(real).covered)))
    path = drill.place / "seal.ndjson"
    path.write_bytes(trustversion.lines([*before, by_seal]))
    assert wrong(drill.verified(genuine, "--root", root, "--trust", path)) == (4, "TRUST-011")
