"""A key that goes away in the middle of an issue: nothing is half done, and the same command goes on afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from protocol.errors import Text, ToolError
from protocol.trust import trust_document
from reports.dossier import deciding
from reports.keys import Seal
from reports.paper.layout import available
from reports.register.audit import audit
from reports.register.opening import Office
from reports.register.store import LogKey
from reports.sealing.providers import Held, HeldLogKey, InToken, seal_of
from tests.reports.dossier.conftest import Bureau, office_of
from tests.reports.register.conftest import Hands
from tests.reports.sealing.conftest import LIBRARY, Tokens

#: Who is asked for a signature, in order, when a number is given.
SIGNATURES = ("the file: granted", "the file: reserved", "the statement", "the log", "the file: registered")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DMPCOMPAT_HOME", str(tmp_path / "home"))


@dataclass
class Cable:
    """What every signature goes through; it breaks at one of them."""

    left: int = 1_000_000

    def carry(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise ToolError("SEAL-014", Text("parti", "gone"))


@dataclass
class Far:
    """A private key at the end of a cable."""

    private: Any
    cable: Cable

    def public_key(self) -> Ed25519PublicKey:
        found: Ed25519PublicKey = self.private.public_key()
        return found

    def sign(self, data: bytes) -> bytes:
        self.cable.carry()
        made: bytes = (
            self.private.sign(data, ec.ECDSA(hashes.SHA256()))
            if isinstance(self.private, ec.EllipticCurvePrivateKey)
            else self.private.sign(data)
        )
        return made


@contextmanager
def at_the_end_of(cable: Cable, place: Path) -> Iterator[Bureau]:
    """An office whose seal and log are far away, and a file that two reviewers approved."""
    with office_of(place, Hands()) as bureau:
        office = bureau.office
        key = office.register.key
        office.register.key = LogKey(key.origin, key.name, Far(key.private, cable))
        far = replace(
            bureau, office=replace(office, seal=Seal(office.seal.key, Far(office.seal.private, cable)))
        )
        far.approved()
        yield far


def consistent(office: Office) -> None:
    """The register proves itself, whatever was interrupted."""
    register = office.register
    lines = audit(register.leaves(), register.checkpoint(), [office.log_key])
    assert {line.outcome for line in lines} == {"OK"}


def given_once(bureau: Bureau) -> None:
    """One number, one entry, one statement."""
    office = bureau.office
    consistent(office)
    entries = office.register.entries()
    assert [one.kind for one in entries] == ["ISSUE"]
    assert bureau.dossier.read().registered
    assert office.numbering.holes(entries[0].at + timedelta(days=9)) == ()
    assert len(list((office.folder / "declarations").iterdir())) == 1


@pytest.mark.parametrize("instant", range(len(SIGNATURES)), ids=SIGNATURES)
def test_an_issue_goes_on_where_the_key_was_lost(tmp_path: Path, instant: int) -> None:
    cable = Cable()
    with at_the_end_of(cable, tmp_path) as bureau:
        cable.left = instant
        with pytest.raises(ToolError, match="SEAL-014"):
            deciding.grant(bureau.office, bureau.dossier, "conforme")
        cable.left = 1_000_000
        consistent(bureau.office)
        assert len(bureau.office.register.entries()) == (instant == len(SIGNATURES) - 1)
        bureau.dossier.events()  # no line of the file is cut
        assert deciding.grant(bureau.office, bureau.dossier, "conforme").number is not None
        given_once(bureau)


def test_these_are_all_the_signatures_of_an_issue(tmp_path: Path) -> None:
    cable = Cable()
    with at_the_end_of(cable, tmp_path) as bureau:
        cable.left = len(SIGNATURES)
        deciding.grant(bureau.office, bureau.dossier, "conforme")
        assert cable.left == 0


def test_no_time_stamp_no_statement_and_then_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time-stamping authority is away: no statement is kept without its stamp."""
    if missing := available():
        pytest.skip(missing.en)
    from reports.sealing.unit import Unit

    with at_the_end_of(Cable(), tmp_path) as bureau:
        with monkeypatch.context() as patch:
            patch.setattr(Unit, "answer", lambda *_: b"")
            with pytest.raises(ToolError, match="STAMP-003"):
                deciding.grant(bureau.office, bureau.dossier, "conforme")
        assert not (bureau.office.folder / "declarations").exists()
        deciding.grant(bureau.office, bureau.dossier, "conforme")
        given_once(bureau)
        kept = next((bureau.office.folder / "declarations").iterdir())
        assert {"statement.dsse.json", "timestamp.tsr"} <= {one.name for one in kept.iterdir()}


def test_a_real_token_is_unplugged_while_the_log_is_to_sign(
    tmp_path: Path, tokens: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seal and log in one token of SoftHSM, which goes away between the statement and the register."""
    with office_of(tmp_path, Hands()) as bureau:
        office, journal = bureau.office, bureau.office.register.key.private
        assert isinstance(office.seal.private, ec.EllipticCurvePrivateKey)
        assert isinstance(journal, Ed25519PrivateKey)
        name = tokens.make({"cachet": pem(office.seal.private), "journal": pem(journal)})

        def told(label: str, keyid: str) -> InToken:
            return InToken(
                provider="pkcs11",
                module=str(LIBRARY),
                token=name,
                label=label,
                pin="env:DMPCOMPAT_SEAL_PIN",
                keyid=keyid,
            )

        (office.folder / "trust.json").write_bytes(trust_document([office.seal.key]))
        seal = seal_of(told("cachet", office.seal.keyid), office.folder)
        from reports.sealing.holding import Described

        described = Described(journal.public_key(), "log")
        held = HeldLogKey(
            Held(told("journal", described.keyid), described, office.folder), journal.public_key()
        )
        office.register.key = LogKey(office.register.key.origin, office.register.key.name, held)
        far = replace(bureau, office=replace(office, seal=seal))
        far.approved()

        real, unplugged = type(held).sign, []

        def sign(self: HeldLogKey, data: bytes) -> bytes:
            unplugged.append(tokens.lose(name))
            return real(self, data)

        with monkeypatch.context() as patch:
            patch.setattr(HeldLogKey, "sign", sign)
            with pytest.raises(ToolError, match="SEAL-009"):
                deciding.grant(far.office, far.dossier, "conforme")
        with pytest.raises(ToolError, match="SEAL-009"):
            deciding.grant(far.office, far.dossier, "conforme")
        unplugged[0]()
        assert far.office.register.entries() == ()
        assert deciding.grant(far.office, far.dossier, "conforme").number is not None
        given_once(far)


def pem(private: ec.EllipticCurvePrivateKey | Ed25519PrivateKey) -> bytes:
    return private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
