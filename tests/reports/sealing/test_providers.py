"""A seal in a file, in a token, behind HTTP: the same signatures, and no other key passes for it."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from protocol import dsse, statuslist
from protocol.errors import ConfigError, ToolError
from protocol.trust import trust_document
from reports.dossier.book import Dossier
from reports.dossier.people import People
from reports.keys import Seal, installation_seal
from reports.register import status
from reports.register.opening import Configuration, init, open_office
from reports.sealing.providers import InFile, InToken, Remote, seal_of
from tests.reports.dossier.conftest import OPENING
from tests.reports.register.conftest import START, Hands
from tests.reports.sealing.conftest import LIBRARY, PIN, Tokens


@pytest.fixture
def seal(tmp_path: Path) -> Seal:
    """A seal of tests whose trust file is that of a register's folder."""
    made = installation_seal(tmp_path / "keys")
    key = replace(made.key, not_before=START - timedelta(days=1), name="Cachet de test")
    (tmp_path / "registre").mkdir()
    (tmp_path / "registre" / "trust.json").write_bytes(trust_document([key]))
    return replace(made, key=key)


def pem(seal: Seal) -> bytes:
    assert isinstance(seal.private, ec.EllipticCurvePrivateKey)
    return seal.private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def used_everywhere(place: Path, configured: InFile | InToken | Remote) -> None:
    """It seals a statement, a status list and events, and they verify under the trust file."""
    init(place, Configuration(seal=configured))
    office = open_office(place, clock=Hands())
    known = {office.seal.keyid: office.seal.key}
    envelope = dsse.read(dsse.sign(b"{}", [office.seal]))
    covered = dsse.encoding(envelope.payload_type, envelope.payload)
    assert known[envelope.signatures[0].keyid].verifies(envelope.signatures[0].value, covered)
    listed = status.signed(status.status_list(office.register, "TST", START), office.seal)
    assert statuslist.read(listed, known).issuer == "TST"
    people = People(place / "personnes", office.seal)
    dossier = Dossier(place / "dossiers" / "lps", people, clock=Hands())
    assert dossier.open(office.seal, "ouvert par l'autorité", OPENING).history[0].actor == office.seal.keyid
    assert dossier.events()[0].reason == "ouvert par l'autorité"
    office.close()


def test_a_file(tmp_path: Path, seal: Seal) -> None:
    (tmp_path / "registre" / "cachet.pem").write_bytes(pem(seal))
    used_everywhere(tmp_path / "registre", InFile(key="cachet.pem"))


def test_a_key_that_the_trust_file_lacks_is_refused(tmp_path: Path, seal: Seal) -> None:
    (tmp_path / "registre" / "autre.pem").write_bytes(pem(installation_seal(tmp_path / "other")))
    with pytest.raises(ConfigError, match="SEAL-002"):
        seal_of(InFile(key="autre.pem"), tmp_path / "registre")
    with pytest.raises(ConfigError, match="SEAL-001"):
        seal_of(InFile(key="absent.pem"), tmp_path / "registre")


def test_a_secret_is_never_in_the_configuration() -> None:
    with pytest.raises(ValueError, match="pin"):
        InToken(provider="pkcs11", module="x", token="x", label="x", pin=PIN, keyid="0" * 64)
    with pytest.raises(ValueError, match="token"):
        Remote(provider="remote", url="https://cachet.test", token="secret", keyid="0" * 64)


# --- PKCS#11


@pytest.fixture
def token(seal: Seal, tokens: Tokens) -> InToken:
    """A SoftHSM token that holds the seal's key."""
    return InToken(
        provider="pkcs11",
        module=str(LIBRARY),
        token=tokens.make({"cachet": pem(seal)}),
        label="cachet",
        pin="env:DMPCOMPAT_SEAL_PIN",
        keyid=seal.keyid,
    )


def test_a_token(tmp_path: Path, token: InToken, monkeypatch: pytest.MonkeyPatch) -> None:
    used_everywhere(tmp_path / "registre", token)
    seal = seal_of(token, tmp_path / "registre")
    monkeypatch.setenv("DMPCOMPAT_SEAL_PIN", "654321")
    with pytest.raises(ToolError, match="SEAL-010"):
        seal.sign(b"x")
    monkeypatch.delenv("DMPCOMPAT_SEAL_PIN")
    with pytest.raises(ConfigError, match="SEAL-007"):
        seal.sign(b"x")
    monkeypatch.setenv("DMPCOMPAT_SEAL_PIN", PIN)
    wrongs = (
        ({"label": "autre"}, "SEAL-011"),
        ({"token": "autre"}, "SEAL-009"),
        ({"module": "/absent.so"}, "SEAL-008"),
    )
    for wrong, code in wrongs:
        with pytest.raises(ToolError, match=code) as caught:
            seal_of(token.model_copy(update=wrong), tmp_path / "registre").sign(b"x")
        assert caught.value.mend.fr
    # A token under the same label that holds another key is found out at the first signature.
    other = installation_seal(tmp_path / "other")
    path = tmp_path / "registre" / "trust.json"
    path.write_bytes(trust_document([other.key]))
    with pytest.raises(ToolError, match="SEAL-006"):
        seal_of(token.model_copy(update={"keyid": other.keyid}), tmp_path / "registre").sign(b"x")


# --- remote

Answer = Callable[[dict[str, Any]], tuple[int, bytes]]


class Fake:
    """A remote seal of tests: what it was asked, and what it answers."""

    def __init__(self, seal: Seal) -> None:
        self.asked: list[dict[str, Any]] = []
        self.headers: list[str] = []
        self.seal = seal
        self.answer: Answer = self.signed
        self.release = threading.Event()
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                fake.asked.append(asked)
                fake.headers.append(self.headers.get("Authorization", ""))
                code, body = fake.answer(asked)
                self.send_response(code)
                self.send_header("Location", "http://127.0.0.1:1/")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                try:
                    self.wfile.write(body)
                except OSError:
                    fake.release.set()  # whoever asked is gone: the test wanted it

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def signed(self, asked: dict[str, Any]) -> tuple[int, bytes]:
        assert isinstance(self.seal.private, ec.EllipticCurvePrivateKey)
        made = self.seal.private.sign(base64.b64decode(asked["digest"]), ec.ECDSA(Prehashed(hashes.SHA256())))
        return 200, json.dumps(
            {"keyid": asked["keyid"], "signature": base64.b64encode(made).decode()}
        ).encode()


@pytest.fixture
def fake(seal: Seal) -> Iterator[Fake]:
    made = Fake(seal)
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield made
    made.release.set()
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def test_a_remote_seal_sees_digests_only(
    tmp_path: Path, seal: Seal, fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DMPCOMPAT_SEAL_TOKEN", "jeton")
    configured = Remote(
        provider="remote", url=fake.url, token="env:DMPCOMPAT_SEAL_TOKEN", keyid=seal.keyid, timeout=5
    )
    used_everywhere(tmp_path / "registre", configured)
    assert len(fake.asked) == 3
    assert set(fake.headers) == {"Bearer jeton"}
    for asked in fake.asked:
        assert set(asked) == {"keyid", "algorithm", "digest"}
        assert len(base64.b64decode(asked["digest"])) == 32


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((500, b"{}"), "SEAL-005"),
        ((302, b"{}"), "SEAL-005"),
        ((200, b"no json"), "SEAL-005"),
        ((200, b"[]"), "SEAL-005"),
        ((200, b'{"keyid":"x","signature":"AAAA"}'), "SEAL-005"),
        ((200, b'{"keyid":"KEYID","signature":"?"}'), "SEAL-005"),
        ((200, b'{"keyid":"KEYID","signature":7}'), "SEAL-005"),
        ((200, b'{"keyid":"KEYID","signature":"AAAA"}'), "SEAL-006"),
        ((200, b" " * 100_000), "SEAL-005"),
    ],
    ids=["500", "redirect", "text", "list", "other key", "base64", "type", "wrong signature", "too long"],
)
def test_an_answer_that_is_no_signature_is_refused(
    tmp_path: Path, seal: Seal, fake: Fake, answer: tuple[int, bytes], code: str
) -> None:
    fake.answer = lambda _: (answer[0], answer[1].replace(b"KEYID", seal.keyid.encode()))
    configured = Remote(provider="remote", url=fake.url, keyid=seal.keyid, timeout=5)
    with pytest.raises(ToolError, match=code):
        seal_of(configured, tmp_path / "registre").sign(b"x")


def test_a_signature_by_another_key_or_of_other_bytes_is_refused(
    tmp_path: Path, seal: Seal, fake: Fake
) -> None:
    configured = Remote(provider="remote", url=fake.url, keyid=seal.keyid, timeout=5)
    fake.seal = installation_seal(tmp_path / "other")
    with pytest.raises(ToolError, match="SEAL-006"):
        seal_of(configured, tmp_path / "registre").sign(b"x")
    fake.seal = seal
    fake.answer = lambda asked: fake.signed({**asked, "digest": base64.b64encode(bytes(32)).decode()})
    with pytest.raises(ToolError, match="SEAL-006"):
        seal_of(configured, tmp_path / "registre").sign(b"x")


def test_a_remote_seal_that_is_silent_or_absent_is_told_in_time(
    tmp_path: Path, seal: Seal, fake: Fake
) -> None:
    def silent(_: dict[str, Any]) -> tuple[int, bytes]:
        fake.release.wait(10)
        return 200, b"{}"

    fake.answer = silent
    configured = Remote(provider="remote", url=fake.url, keyid=seal.keyid, timeout=0.1)
    with pytest.raises(ToolError, match=r"SEAL-005.*Timeout"):
        seal_of(configured, tmp_path / "registre").sign(b"x")
    fake.release.set()
    gone = configured.model_copy(update={"url": "http://127.0.0.1:1"})
    with pytest.raises(ToolError, match="SEAL-005"):
        seal_of(gone, tmp_path / "registre").sign(b"x")


def test_nothing_is_sent_in_the_clear_to_another_machine(tmp_path: Path, seal: Seal) -> None:
    configured = Remote(provider="remote", url="http://cachet.example", keyid=seal.keyid)
    with pytest.raises(ConfigError, match="SEAL-001"):
        seal_of(configured, tmp_path / "registre").sign(b"x")
