"""Time stamps: what openssl accepts we accept, and whatever an authority answers wrong is refused, in time."""

from __future__ import annotations

import hashlib
import shutil
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509 import ReasonFlags

from protocol.errors import EvidenceError, ToolError
from reports.paper.layout import available
from tests.reports.sealing.conftest import BEGIN, YEAR, Authority

if missing := available():
    pytest.skip(missing.en, allow_module_level=True)

from asn1crypto import tsp

from reports.sealing import documents, stamping
from reports.sealing.stamping import Service, Stamper
from reports.sealing.unit import Unit, unit_of

DATA = b"une declaration"


@pytest.fixture
def side(authority: Callable[[str], Authority]) -> Authority:
    return authority("x509")


def unit(side: Authority, name: str = "timestamp", at: datetime | None = None) -> Unit:
    return unit_of(side.place / f"{name}.pem", side.place / f"{name}.key", at)


def stamper(side: Authority, source: Any) -> Stamper:
    folder = documents.of_folder(side.place)
    return Stamper(source, folder.roots, documents.revoked(side.place))


def test_a_stamp_holds_for_these_bytes_alone(side: Authority) -> None:
    made = stamper(side, unit(side)).stamp(DATA)
    roots = documents.of_folder(side.place).roots
    told = stamping.verify(made, DATA, roots)
    assert abs(told - datetime.now(UTC)) < timedelta(seconds=30)
    assert stamping.claimed(made, DATA) == told
    with pytest.raises(EvidenceError, match=r"STAMP-001.*messageImprint"):
        stamping.verify(made, DATA + b" ", roots)
    with pytest.raises(EvidenceError, match="STAMP-001"):
        stamping.claimed(made, DATA + b" ")


def test_no_byte_of_a_stamp_can_change(side: Authority) -> None:
    """Not one that would still be believed; nor is what was altered taken for somebody else's."""
    made = stamper(side, unit(side)).stamp(DATA)
    roots = documents.of_folder(side.place).roots
    assert stamping.consistent(made)
    for place in range(len(made)):
        altered = bytearray(made)
        altered[place] ^= 1
        with pytest.raises(EvidenceError, match="STAMP-001"):
            stamping.verify(bytes(altered), DATA, roots)
    for wrong in (made + b"\0", made[:-1], b"", b"0", b"\x30\x80"):
        with pytest.raises(EvidenceError, match="STAMP-001"):
            stamping.verify(wrong, DATA, roots)
        assert not stamping.consistent(wrong)


def test_openssl_agrees(side: Authority, authority: Callable[[str], Authority], tmp_path: Path) -> None:
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("openssl is not here")
    stranger = authority("stranger")
    for name, source, good in (("own", side, True), ("stranger", stranger, False)):
        made = stamper(source, unit(source)).stamp(DATA)
        (tmp_path / f"{name}.tsr").write_bytes(made)
        (tmp_path / "data").write_bytes(DATA)
        told = subprocess.run(
            [
                program,
                "ts",
                "-verify",
                "-data",
                "data",
                "-in",
                f"{name}.tsr",
                "-CAfile",
                str(side.place / "authority.pem"),
            ],
            cwd=tmp_path,
            capture_output=True,
            check=False,
        )
        assert (told.returncode == 0) is good
        if good:
            stamping.verify(made, DATA, documents.of_folder(side.place).roots)
        else:
            with pytest.raises(EvidenceError, match="STAMP-001"):
                stamping.verify(made, DATA, documents.of_folder(side.place).roots)


def test_we_answer_a_request_of_openssl(side: Authority, tmp_path: Path) -> None:
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("openssl is not here")
    (tmp_path / "data").write_bytes(DATA)
    subprocess.run(
        [program, "ts", "-query", "-data", "data", "-sha256", "-cert", "-out", "asked.tsq"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    (tmp_path / "told.tsr").write_bytes(unit(side).answer((tmp_path / "asked.tsq").read_bytes()))
    authority = str(side.place / "authority.pem")
    subprocess.run(
        [program, "ts", "-verify", "-queryfile", "asked.tsq", "-in", "told.tsr", "-CAfile", authority],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )


@pytest.mark.parametrize(
    ("reason", "since", "good"),
    [
        (None, BEGIN + YEAR, False),
        (ReasonFlags.key_compromise, BEGIN + YEAR, False),
        (ReasonFlags.superseded, BEGIN + YEAR, True),
        (ReasonFlags.superseded, BEGIN, False),
    ],
    ids=["no reason", "compromised", "superseded later", "superseded before"],
)
def test_a_revoked_unit(side: Authority, reason: ReasonFlags | None, since: datetime, good: bool) -> None:
    """RFC 3161 section 4: what a unit stamped before it was replaced stays good; a stolen key's never."""
    serial = side.issue("unit", BEGIN, BEGIN + 9 * YEAR, stamps=True)
    made = stamper(side, unit(side, "unit", BEGIN + YEAR / 2)).stamp(DATA)
    side.revoke(serial, since, reason)
    folder = documents.of_folder(side.place)
    if good:
        stamping.verify(made, DATA, folder.roots, documents.revoked(side.place))
        return
    with pytest.raises(EvidenceError, match=r"STAMP-001.*revoked"):
        stamping.verify(made, DATA, folder.roots, documents.revoked(side.place))


def test_an_rsa_unit_stamps_too(side: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    """As earlier installations made theirs."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    monkeypatch.setattr("tests.reports.sealing.conftest.ec.generate_private_key", lambda _: private)
    side.issue("timestamp", BEGIN, BEGIN + 10 * YEAR, stamps=True)
    made = stamper(side, unit(side)).stamp(DATA)
    assert stamping.verify(made, DATA, documents.of_folder(side.place).roots)
    assert stamping.consistent(made)


def test_a_certificate_that_is_for_something_else(side: Authority) -> None:
    for name, at in (("seal", None), ("timestamp", BEGIN - YEAR), ("timestamp", BEGIN + 11 * YEAR)):
        with pytest.raises(ToolError, match="STAMP-003"):
            stamper(side, unit(side, name, at)).stamp(DATA)


# --- an authority that answers wrong

Answer = Callable[[bytes], tuple[int, bytes]]


class Wrong:
    """A service of tests."""

    def __init__(self) -> None:
        self.answer: Answer = lambda _: (500, b"")
        self.slowly = False
        self.promised = 0
        self.over = threading.Event()
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = self.rfile.read(int(self.headers["Content-Length"]))
                code, body = service.answer(asked)
                try:
                    self.send_response(code)
                    self.send_header("Content-Length", str(len(body) + service.promised))
                    self.send_header("Location", "/again")
                    self.end_headers()
                    for byte in body if service.slowly else ():
                        self.wfile.write(bytes([byte]))
                        if service.over.wait(0.02):
                            return
                    if not service.slowly:
                        self.wfile.write(body)
                except OSError:
                    service.over.set()  # whoever asked went away: the test wanted it

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/tsa?x=1"


@pytest.fixture
def wrong() -> Iterator[Wrong]:
    made = Wrong()
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield made
    made.over.set()
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def test_a_service_is_asked_as_the_standard_says(side: Authority, wrong: Wrong) -> None:
    asked: list[bytes] = []

    def answer(request: bytes) -> tuple[int, bytes]:
        asked.append(request)
        return 200, unit(side).answer(request)

    wrong.answer = answer
    made = stamper(side, Service(wrong.url, 5)).stamp(DATA)
    stamping.verify(made, DATA, documents.of_folder(side.place).roots)
    request = tsp.TimeStampReq.load(asked[0]).native
    assert request["message_imprint"]["hashed_message"] == hashlib.sha256(DATA).digest()
    assert request["cert_req"] and request["nonce"]
    assert DATA not in asked[0]


def test_over_tls_the_declared_authority_alone_is_believed(side: Authority, wrong: Wrong) -> None:
    side.issue("server", BEGIN, BEGIN + 10 * YEAR, serves=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(side.place / "server.pem", side.place / "server.key")
    wrong.server.socket = context.wrap_socket(wrong.server.socket, server_side=True)
    wrong.answer = lambda asked: (200, unit(side).answer(asked))
    url = wrong.url.replace("http:", "https:")
    assert stamper(side, Service(url, 5, side.place / "authority.pem")).stamp(DATA)
    with pytest.raises(ToolError, match=r"STAMP-002.*SSLCertVerificationError"):
        stamper(side, Service(url, 5)).stamp(DATA)
    with pytest.raises(ToolError, match="STAMP-002"):
        stamper(side, Service(url, 5, side.place / "absent.pem")).stamp(DATA)


def _other(side: Authority, change: Callable[[Any], None]) -> Answer:
    """Answers to another request than the one that came."""

    def answer(request: bytes) -> tuple[int, bytes]:
        asked = tsp.TimeStampReq.load(request)
        change(asked)
        return 200, unit(side).answer(asked.dump(force=True))

    return answer


def _imprint(asked: Any) -> None:
    asked["message_imprint"]["hashed_message"] = bytes(32)


def _nonce(asked: Any) -> None:
    asked["nonce"] = 1


def _no_nonce(asked: Any) -> None:
    del asked["nonce"]


def _refusal(_: bytes) -> tuple[int, bytes]:
    told = {"status": "rejection", "status_string": ["non"], "fail_info": {"bad_request"}}
    status = tsp.PKIStatusInfo(told).dump()
    return 200, bytes([0x30, len(status)]) + status


def _mods(side: Authority) -> Answer:
    def answer(request: bytes) -> tuple[int, bytes]:
        made = tsp.TimeStampResp.load(unit(side).answer(request))
        made["status"]["status"] = "granted_with_mods"
        return 200, made.dump(force=True)

    return answer


ANSWERS: dict[str, tuple[Callable[[Authority], Answer], str]] = {
    "HTTP 500": (lambda _: lambda __: (500, b"x"), "STAMP-002.*HTTP 500"),
    "redirected": (lambda _: lambda __: (302, b"x"), "STAMP-002.*HTTP 302"),
    "empty": (lambda _: lambda __: (200, b""), "STAMP-003"),
    "a page": (lambda _: lambda __: (200, b"<html>"), "STAMP-003"),
    "huge": (lambda _: lambda __: (200, bytes(300_000)), "STAMP-002.*262144"),
    "refused": (lambda _: _refusal, "STAMP-003.*rejection bad_request non"),
    "granted with changes": (_mods, "STAMP-003.*granted_with_mods"),
    "other nonce": (lambda side: _other(side, _nonce), "STAMP-003.*nonce"),
    "no nonce": (lambda side: _other(side, _no_nonce), "STAMP-003.*nonce"),
    "other imprint": (lambda side: _other(side, _imprint), "STAMP-003.*messageImprint"),
    "more after it": (
        lambda side: lambda asked: (200, unit(side).answer(asked) + b"\0"),
        "STAMP-003",
    ),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_a_wrong_answer_is_refused(side: Authority, wrong: Wrong, name: str) -> None:
    make, code = ANSWERS[name]
    wrong.answer = make(side)
    with pytest.raises(ToolError, match=code) as caught:
        stamper(side, Service(wrong.url, 5)).stamp(DATA)
    assert caught.value.mend.fr and caught.value.field


def test_an_answer_under_another_authority_is_refused(
    side: Authority, wrong: Wrong, authority: Callable[[str], Authority]
) -> None:
    stranger = authority("stranger")
    wrong.answer = lambda asked: (200, unit(stranger).answer(asked))
    with pytest.raises(ToolError, match="STAMP-003"):
        stamper(side, Service(wrong.url, 5)).stamp(DATA)


@pytest.mark.parametrize("slowly", [False, True], ids=["silent", "byte after byte"])
def test_an_answer_that_does_not_end_is_cut_in_time(side: Authority, wrong: Wrong, slowly: bool) -> None:
    def silent(_: bytes) -> tuple[int, bytes]:
        wrong.over.wait(5)
        return 200, b""

    wrong.slowly = slowly
    wrong.answer = (lambda asked: (200, unit(side).answer(asked))) if slowly else silent
    begun = time.monotonic()
    with pytest.raises(ToolError, match=r"STAMP-002.*Timeout"):
        stamper(side, Service(wrong.url, 0.15)).stamp(DATA)
    assert time.monotonic() - begun < 2


def test_nobody_there_and_half_an_answer(side: Authority, wrong: Wrong) -> None:
    with pytest.raises(ToolError, match="STAMP-002"):
        stamper(side, Service("http://127.0.0.1:1/", 1)).stamp(DATA)
    wrong.answer = lambda asked: (200, unit(side).answer(asked))
    wrong.promised = 7
    with pytest.raises(ToolError, match=r"STAMP-002.*7 bytes missing"):
        stamper(side, Service(wrong.url, 1)).stamp(DATA)
