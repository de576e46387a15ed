"""Every key that matters, out of the folder: the log's and that of the PDF's certificate, in a token or behind HTTP."""

from __future__ import annotations

import base64
import io
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from protocol.errors import ConfigError, DmpcompatError, ToolError
from protocol.trust import ALGORITHM
from reports.paper.layout import available
from reports.register.opening import Configuration, init, open_office
from reports.register.store import Draft
from reports.sealing import posting, remote, token
from reports.sealing.holding import Described
from reports.sealing.providers import (
    Documents,
    InFile,
    InToken,
    Remote,
    Service,
    held,
    log_key_of,
)
from tests.reports.register.conftest import Hands
from tests.reports.sealing.conftest import BEGIN, LIBRARY, YEAR, Authority, Tokens

Private = Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def pem(private: Private) -> bytes:
    return private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def public_pem(private: Private) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return private.public_key().public_bytes(serialization.Encoding.PEM, form)


def keyid(private: Private) -> str:
    return Described(private.public_key(), "").keyid


def in_token(tokens: Tokens, private: Private, **more: str) -> InToken:
    label = tokens.make({"cle": pem(private)})
    return InToken(
        provider="pkcs11",
        module=str(LIBRARY),
        token=label,
        label="cle",
        pin="env:DMPCOMPAT_SEAL_PIN",
        keyid=keyid(private),
        **more,
    )


@pytest.fixture
def log_key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


@pytest.fixture
def register(tmp_path: Path, log_key: Ed25519PrivateKey) -> Path:
    """A folder with the public key of the log."""
    (tmp_path / "registre").mkdir()
    (tmp_path / "registre" / "journal.pub").write_bytes(public_pem(log_key))
    return tmp_path / "registre"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DMPCOMPAT_HOME", str(tmp_path / "home"))


RULES = Draft("RULES", "", "a" * 64, "règles", {"digest": "b" * 64, "version": "1"})


# --- the log


def test_the_log_signs_in_a_token_and_survives_its_loss(
    register: Path, tokens: Tokens, log_key: Ed25519PrivateKey, home: None
) -> None:
    configured = in_token(tokens, log_key, public="journal.pub")
    init(register, Configuration(log=configured))
    office = open_office(register, clock=Hands())
    office.register.append([RULES])
    assert office.register.checkpoint().signers([office.log_key]) == (office.log_key,)
    assert office.log_key.public.public_bytes_raw() == log_key.public_key().public_bytes_raw()
    assert not (register / "journal.key").exists()

    back = tokens.lose(configured.token)
    with pytest.raises(ToolError, match="SEAL-009") as caught:
        office.register.append([RULES])
    assert "même commande" in caught.value.mend.fr
    assert office.register.checkpoint().size == 1  # what is written is read without the token
    back()
    assert office.register.append([RULES])[0].entry.seq == 1
    assert office.register.checkpoint().signers([office.log_key])
    office.close()
    assert open_office(register, clock=Hands()).register.checkpoint().size == 2


def test_a_log_key_must_be_the_one_that_is_declared(
    register: Path, log_key: Ed25519PrivateKey, tmp_path: Path
) -> None:
    told = {"provider": "remote", "url": "http://127.0.0.1:1", "keyid": keyid(log_key)}
    other = Ed25519PrivateKey.generate()
    (register / "other.pub").write_bytes(public_pem(other))
    (register / "p256.pub").write_bytes(public_pem(ec.generate_private_key(ec.SECP256R1())))
    for public in ("other.pub", "p256.pub", "absent.pub", ""):
        with pytest.raises(ConfigError, match="REG-052"):
            log_key_of(Remote.model_validate({**told, "public": public}), register)
    (register / "journal.key").write_bytes(pem(ec.generate_private_key(ec.SECP256R1())))
    with pytest.raises(ConfigError, match="REG-052"):
        log_key_of(InFile(key="journal.key"), register)
    assert log_key_of(InFile(key="new.key"), tmp_path).public_key()


def answering(private: Private) -> Callable[..., bytes]:
    """A service that holds the key, without a network."""

    def posted(_: str, body: bytes, __: Any, **___: Any) -> bytes:
        asked = json.loads(body)
        if isinstance(private, Ed25519PrivateKey):
            made = private.sign(base64.b64decode(asked["message"]))
        elif isinstance(private, ec.EllipticCurvePrivateKey):
            made = private.sign(base64.b64decode(asked["digest"]), ec.ECDSA(Prehashed(hashes.SHA256())))
        else:
            raise posting.NoAnswer(asked["algorithm"])
        return json.dumps({"keyid": asked["keyid"], "signature": base64.b64encode(made).decode()}).encode()

    return posted


def test_the_log_signs_behind_http(
    register: Path, log_key: Ed25519PrivateKey, monkeypatch: pytest.MonkeyPatch, home: None
) -> None:
    monkeypatch.setattr(remote, "posted", answering(log_key))
    configured = Remote(provider="remote", url="https://cle.test", keyid=keyid(log_key), public="journal.pub")
    init(register, Configuration(log=configured))
    office = open_office(register, clock=Hands())
    assert office.register.append([RULES])[0].checkpoint.signers([office.log_key])
    monkeypatch.setattr(remote, "posted", answering(Ed25519PrivateKey.generate()))
    with pytest.raises(ToolError, match="SEAL-006"):
        office.register.append([RULES])
    assert office.register.checkpoint().size == 1
    office.close()


# --- what a token may answer


def test_a_key_of_another_kind_a_mechanism_that_is_absent_and_a_session_that_is_lost(
    tokens: Tokens, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pkcs11 = pytest.importorskip("pkcs11")
    private, public = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ours = held(in_token(tokens, private), private.public_key(), "clé", tmp_path)
    assert ours.sign(b"x")

    with pytest.raises(ConfigError, match="SEAL-001"):
        held(in_token(tokens, private), public.public_key(), "clé", tmp_path)
    edwards = in_token(tokens, Ed25519PrivateKey.generate()).model_copy(update={"keyid": keyid(private)})
    with pytest.raises(ToolError, match="SEAL-012"):
        held(edwards, private.public_key(), "clé", tmp_path).sign(b"x")

    lost = {"DeviceRemoved": "SEAL-014", "SessionHandleInvalid": "SEAL-014", "FunctionFailed": "SEAL-004"}
    for name, code in lost.items():

        def fail(*_: Any, _name: str = name, **__: Any) -> bytes:
            raise getattr(pkcs11, _name)

        with monkeypatch.context() as patch:
            patch.setattr("pkcs11.types.SignMixin.sign", fail)
            with pytest.raises(ToolError, match=code) as caught:
                ours.sign(b"x")
            assert caught.value.mend.en
    with monkeypatch.context() as patch:
        patch.setattr(token, "_KINDS", {**token._KINDS, ALGORITHM: (0x03, "ECDSA_SHA512")})
        with pytest.raises(ToolError, match=r"SEAL-013.*CKM_ECDSA_SHA512"):
            ours.sign(b"x")
    assert ours.sign(b"x")  # nothing stays open of what failed


def test_signatures_of_one_process_take_turns(tokens: Tokens, tmp_path: Path) -> None:
    """A login and a logout are the whole process's: without turns, one thread ends the session of another."""
    private = ec.generate_private_key(ec.SECP256R1())
    ours = held(in_token(tokens, private), private.public_key(), "clé", tmp_path)
    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(lambda _: ours.sign(b"x"), range(16)))


def test_without_the_extra(tokens: Tokens, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    ours = held(in_token(tokens, private), private.public_key(), "clé", tmp_path)
    monkeypatch.setitem(sys.modules, "pkcs11", None)
    with pytest.raises(ConfigError, match="SEAL-003"):
        ours.sign(b"x")


# --- the PDF


def page() -> bytes:
    pikepdf = pytest.importorskip("pikepdf")
    out = io.BytesIO()
    with pikepdf.new() as document:
        document.add_blank_page()
        document.save(out)
    return out.getvalue()


@pytest.fixture
def side(authority: Callable[[str], Authority]) -> Authority:
    if missing := available():
        pytest.skip(missing.en)
    return authority("x509")


def own_key(side: Authority) -> Private:
    """The key of its seal, that its folder then has no more."""
    path = side.place / "seal.key"
    found: Any = serialization.load_pem_private_key(path.read_bytes(), password=None)
    path.unlink()
    return found


def sealed_by(side: Authority, told: dict[str, Any], tmp_path: Path) -> bytes:
    """A page that an installation seals, whose `documents.json` says where the key is."""
    from reports.sealing import documents, pades

    (side.place / documents.CONFIG).write_text(json.dumps(told), encoding="utf-8")
    made = pades.seal(page(), pades.of_folder(side.place), "essai")
    assert "Cachet d'essai" in pades.verify(made, pades.believing(side.place)).signer
    (tmp_path / "made.pdf").write_bytes(made)
    return made


def test_a_pdf_is_sealed_by_a_token(side: Authority, tokens: Tokens, tmp_path: Path) -> None:
    configured = in_token(tokens, own_key(side))
    sealed_by(side, {"seal": configured.model_dump()}, tmp_path)
    if program := shutil.which("pdfsig"):
        told = subprocess.run([program, tmp_path / "made.pdf"], capture_output=True, text=True, check=False)
        assert "Signature is Valid" in told.stdout
        assert "Cachet d'essai" in told.stdout
    from reports.sealing import pades

    back = tokens.lose(configured.token)
    with pytest.raises(ToolError, match="SEAL-009"):
        pades.seal(page(), pades.of_folder(side.place), "essai")
    back()
    assert pades.seal(page(), pades.of_folder(side.place), "essai")


def test_a_pdf_is_sealed_by_an_rsa_key_of_a_token(
    side: Authority, tokens: Tokens, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    monkeypatch.setattr("tests.reports.sealing.conftest.ec.generate_private_key", lambda _: private)
    side.issue("seal", BEGIN, BEGIN + 10 * YEAR, subject="Cachet d'essai")
    own_key(side)
    sealed_by(side, {"seal": in_token(tokens, private).model_dump()}, tmp_path)


def test_a_pdf_is_sealed_behind_http(
    side: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private = own_key(side)
    monkeypatch.setattr(remote, "posted", answering(private))
    told = {"provider": "remote", "url": "https://cle.test", "keyid": keyid(private)}
    sealed_by(side, {"seal": told}, tmp_path)
    with pytest.raises(ConfigError, match="SEAL-001"):
        sealed_by(side, {"seal": {**told, "keyid": "0" * 64}}, tmp_path)


@pytest.mark.parametrize(
    "text",
    ["{", "[]", '{"seal": {"provider": "x"}}', '{"cachet": {}}', '{"stamps": {"provider": "service"}}'],
)
def test_a_configuration_that_says_something_else_is_refused(side: Authority, text: str) -> None:
    from reports.sealing import documents

    (side.place / documents.CONFIG).write_text(text, encoding="utf-8")
    with pytest.raises(DmpcompatError, match="SEAL-015"):
        documents.of_folder(side.place)


def test_certificates_that_ended_or_are_missing_are_told(side: Authority) -> None:
    from reports.sealing import pades

    side.issue("seal", BEGIN - YEAR, BEGIN - YEAR / 2)
    with pytest.raises(ConfigError, match="PADES-011"):
        pades.seal(page(), pades.of_folder(side.place), "essai")
    (side.place / "seal.pem").unlink()
    with pytest.raises(ConfigError, match="PADES-010"):
        pades.of_folder(side.place)


def test_a_back_up_of_a_register_whose_log_is_elsewhere(
    register: Path, log_key: Ed25519PrivateKey, monkeypatch: pytest.MonkeyPatch, home: None, tmp_path: Path
) -> None:
    """It has the public key, and no private one to lose."""
    from reports.keeping import backup
    from reports.keeping.restore import Wanted, restore
    from tests.reports.register.conftest import START

    monkeypatch.setattr(remote, "posted", answering(log_key))
    configured = Remote(provider="remote", url="https://cle.test", keyid=keyid(log_key), public="journal.pub")
    init(register, Configuration(log=configured))
    office = open_office(register, clock=Hands())
    office.register.append([RULES])
    kept = backup.make(office, tmp_path / "kept.zip", START, with_keys=True)
    assert kept.keys == ("secrets.key",)
    restore(tmp_path / "kept.zip", Wanted(tmp_path / "again", key=office.log_key))
    office.close()
    again = open_office(tmp_path / "again", clock=Hands())
    assert again.register.append([RULES])[0].entry.seq == 1
    assert again.log_key == office.log_key
    again.close()
    (tmp_path / "again" / "secrets.key").unlink()
    with pytest.raises(ConfigError, match=r"REG-056.*secrets.key"):
        open_office(tmp_path / "again")


def test_a_register_has_an_x509_side_of_its_own_and_a_service_another_authority(
    authority: Callable[[str], Authority], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: None
) -> None:
    if missing := available():
        pytest.skip(missing.en)
    from reports.sealing import pades, stamping
    from reports.sealing.unit import unit_of

    own, other = authority("x509"), authority("tsa")
    unit = unit_of(other.place / "timestamp.pem", other.place / "timestamp.key")
    asked: list[tuple[str, float]] = []

    def posted(url: str, body: bytes, _: Any, *, seconds: float, **__: Any) -> bytes:
        asked.append((url, seconds))
        return unit.answer(body)

    monkeypatch.setattr(stamping, "posted", posted)
    shutil.copy(other.place / "authority.pem", own.place / "tsa-ca.pem")
    shutil.copy(other.place / "authority.crl", own.place / "tsa.crl")
    (own.place / "timestamp.key").unlink()
    stamps = Service(provider="service", url="http://tsa.test/", authority="tsa-ca.pem", timeout=3)
    init(tmp_path / "registre", Configuration(documents=Documents(folder="../x509", stamps=stamps)))
    office = open_office(tmp_path / "registre", clock=Hands())
    told = office.stamp(b"une chose")
    assert asked == [("http://tsa.test/", 3.0)]
    (tmp_path / "believed.pem").write_bytes(told["authority.pem"])
    assert stamping.verify(told["timestamp.tsr"], b"une chose", [tmp_path / "believed.pem"])
    sealed = pades.seal(page(), pades.of(office.documents), "essai")
    office.close()
    # Whoever believes both authorities, as they travel: certificates one after the other in one file.
    for name in ("authority.pem", "authority.crl"):
        (tmp_path / name).write_bytes(told[name])
    both = pades.trust(
        [tmp_path / "authority.pem"], [own.place / "authority.crl", other.place / "authority.crl"]
    )
    assert "Cachet d'essai" in pades.verify(sealed, both).signer
    assert not (tmp_path / "home" / "x509").exists()
