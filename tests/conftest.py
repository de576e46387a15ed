"""Fixtures shared by every test: the test PKI, a running mock over mutual TLS, the official artefacts if any."""

from __future__ import annotations

import io
import os
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from harness.control import Control, TlsFiles
from harness.drive.build import build
from harness.drive.client import send, tls_of
from harness.drive.clock import SystemClock
from harness.drive.identity import Keyring
from harness.drive.ids import RandomIds
from harness.drive.lps import Lps
from harness.drive.message import OutgoingMessage
from mock_dmp import pki
from mock_dmp.server import MockServer
from protocol import directory, facts, safexml
from protocol.exchange import Exchange, header
from protocol.mime import read_multipart

ROOT = Path(__file__).resolve().parent.parent

# A test holds for every draw; CI sees the same ones each time, and `DMPCOMPAT_DRAWS=random` looks for others. How long
# an example takes on a machine that others load says nothing of it.
settings.register_profile(
    "dmpcompat",
    deadline=None,
    derandomize=os.environ.get("DMPCOMPAT_DRAWS") != "random",
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("dmpcompat")


@pytest.fixture(scope="session", autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Tests never touch the keys and packs of the person who runs them."""
    place = tmp_path_factory.mktemp("dmpcompat-home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DMPCOMPAT_HOME", str(place))
        yield place


@pytest.fixture(scope="session")
def pki_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A test PKI, made once a session."""
    folder = tmp_path_factory.mktemp("pki") / "pki"
    pki.init(folder)
    return folder


@pytest.fixture(scope="session")
def keyring(pki_folder: Path) -> Keyring:
    return Keyring(pki_folder)


@pytest.fixture(scope="module")
def mock(pki_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MockServer]:
    """A mock over mutual TLS, with the shipped data, for the tests of one module."""
    with MockServer(pki_folder=pki_folder, data_dir=tmp_path_factory.mktemp("mock")) as server:
        yield server


@pytest.fixture(scope="session")
def kits() -> Path:
    """The official artefacts that the user owns. Tests that need them are skipped where they are absent."""
    folder = Path(os.environ.get("DMPCOMPAT_KITS") or ROOT.parent / "shared" / "kits")
    if not (folder / "ans-cda").is_dir():
        pytest.skip(f"official artefacts not found in {folder} (set DMPCOMPAT_KITS)")
    return folder


@dataclass(frozen=True)
class Answer:
    """What came back: `codes` are fault subcodes, ebXML error codes, acknowledgement codes or a WS status."""

    message: OutgoingMessage
    exchange: Exchange

    @property
    def http(self) -> int:
        return self.exchange.response.status if self.exchange.response else 0

    @property
    def envelope(self) -> Any:
        assert self.exchange.response is not None, self.exchange.failure
        kind = header(self.exchange.response.headers, "Content-Type")
        body = self.exchange.response.body
        if kind.startswith("multipart/"):
            with read_multipart(io.BytesIO(body), kind) as parts:
                body = parts.root.read()
        return safexml.parse(body)

    @property
    def codes(self) -> set[str]:
        paths = (
            "//soap:Fault/soap:Code/soap:Subcode/soap:Value",
            "//hl7:acknowledgementDetail/hl7:code/@code",
            "//rs:RegistryError/@errorCode",
            "//hab:output/hab:status",
            "//pat:output/pat:status",
        )
        found = [item for path in paths for item in self.envelope.xpath(path, namespaces=facts.NS)]
        codes = {item if isinstance(item, str) else safexml.text(item) for item in found}
        if not codes and self.envelope.xpath("//soap:Fault", namespaces=facts.NS):
            codes = {
                safexml.text(item)
                for item in safexml.xpath(self.envelope, "//soap:Fault/soap:Code/soap:Value")
            }
        return {code.rpartition(":")[2] for code in codes}

    @property
    def status(self) -> str:
        """Status URN of an ebXML answer, "" for any other."""
        return "".join(self.envelope.xpath("//rs:RegistryResponse/@status", namespaces=facts.NS))

    @property
    def said(self) -> str:
        """Every text of the answer that is for a reader."""
        texts = [safexml.text(item) for item in safexml.xpath(self.envelope, "//soap:Reason/soap:Text")]
        texts += [
            safexml.text(item)
            for item in safexml.xpath(self.envelope, "//hl7:acknowledgementDetail/hl7:text")
        ]
        texts += [item.get("codeContext", "") for item in safexml.xpath(self.envelope, "//rs:RegistryError")]
        return " ".join(texts)


class Editor:
    """A software of an editor talking to a mock: builds, signs, alters, sends."""

    def __init__(self, keyring: Keyring, url: str, session: str = "") -> None:
        self.keyring = keyring
        self.base = url
        self.session = session or "default"
        self.url = url + (f"/s/{session}" if session else "")
        ca, pair = keyring.identity("hopital").ca_file, keyring.identity("hopital").tls
        self.control = Control(url, TlsFiles(ca, pair.certificate_file, pair.key_file))

    def make(
        self, transaction: str, params: Mapping[str, Any], actor: str = "cps", alter: Sequence[str] = ()
    ) -> OutgoingMessage:
        lps = Lps("LPS-TEST", "1.0.0", "TEST-OK-1")
        identity = self.keyring.identity(actor)
        return build(
            transaction, params, identity, lps, clock=SystemClock(), ids=RandomIds(), alterations=alter
        )

    def call(
        self, transaction: str, params: Mapping[str, Any], actor: str = "cps", alter: Sequence[str] = ()
    ) -> Answer:
        message = self.make(transaction, params, actor, alter)
        return self.send(message, actor)

    def send(self, message: OutgoingMessage, actor: str = "cps") -> Answer:
        return Answer(message, send(message, self.url, tls_of(self.keyring.identity(actor))))

    def documents(self) -> list[Any]:
        """What was fed to the session: signature documents left out, and what the data sets start with."""
        started = {key for key, patient in directory.patients().items() if patient.documents}
        listed = self.control.documents(self.session)
        return [one for one in listed if not one["signature"] and one["patient"] not in started]


@pytest.fixture
def editor(
    mock: MockServer, keyring: Keyring, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Editor]]:
    """Make editors; each with a session of its own unless told otherwise. Connections are closed at the end."""
    made: list[Editor] = []

    def make(session: str | None = None, settings: Mapping[str, Any] | None = None) -> Editor:
        name = f"t{len(made)}-{uuid.uuid4().hex[:8]}" if session is None else session
        one = Editor(keyring, mock.url, name)
        made.append(one)
        if name:
            one.control.create(name, settings or {})
        return one

    yield make
    for one in made:
        one.control.close()
