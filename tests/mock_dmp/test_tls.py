"""The TLS side over real sockets: who is let in, who is not, and what the journal says of it."""

from __future__ import annotations

import http.client
import shutil
import ssl
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from mock_dmp import tls
from mock_dmp.pki import PkiIndex, load
from mock_dmp.server import MockServer
from protocol import facts
from protocol.errors import ConfigError

Context = Callable[..., ssl.SSLContext]
Connect = Callable[..., ssl.SSLSocket]
Lines = Callable[..., list[dict[str, Any]]]
Eventually = Callable[[Callable[[], Any]], Any]


@pytest.mark.parametrize("suite", facts.TLS_SUITES)
def test_each_documented_suite_is_served(
    mock: MockServer, connect: Connect, client_context: Context, suite: str
) -> None:
    context = client_context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(suite)
    found = connect(mock, context).cipher()
    assert found is not None
    assert found[:2] == (suite, "TLSv1.2")


@pytest.mark.parametrize(
    ("certificate", "reason"),
    [
        ("", "certificate-missing"),
        ("expired-org-auth-cli", "certificate-expired"),
        ("revoked-org-auth-cli", "certificate-revoked"),
        ("other-ca-org-auth-cli", "certificate-unknown-ca"),
        ("wrong-usage-org-auth-cli", "certificate-wrong-usage"),
        ("org-sign", "certificate-wrong-usage"),
    ],
)
def test_a_wrong_certificate_is_refused_and_journaled(
    serve: Callable[..., MockServer],
    connect: Connect,
    client_context: Context,
    lines: Lines,
    eventually: Eventually,
    certificate: str,
    reason: str,
) -> None:
    server = serve(threads=1)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        connect(server, client_context(certificate))
    found = eventually(lambda: lines(server, outcome="handshake"))
    assert [line["code"] for line in found] == [reason]
    assert found[0]["failure"]
    assert found[0]["response"] is None


def _only(version: ssl.TLSVersion) -> Callable[[ssl.SSLContext], None]:
    def restrict(context: ssl.SSLContext) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # old versions are the point here
            context.minimum_version = context.maximum_version = version
        context.set_ciphers("ALL:@SECLEVEL=0")

    return restrict


def _suite(name: str) -> Callable[[ssl.SSLContext], None]:
    def restrict(context: ssl.SSLContext) -> None:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(name)

    return restrict


@pytest.mark.parametrize(
    ("restrict", "reason"),
    [
        (_only(ssl.TLSVersion.TLSv1_1), "protocol-unsupported"),
        (_only(ssl.TLSVersion.TLSv1_3), "protocol-unsupported"),
        (_suite("AES256-GCM-SHA384"), "cipher-unsupported"),
        (_suite("ECDHE-RSA-AES128-SHA"), "cipher-unsupported"),
    ],
)
def test_other_versions_and_suites_are_refused(
    serve: Callable[..., MockServer],
    connect: Connect,
    client_context: Context,
    lines: Lines,
    eventually: Eventually,
    restrict: Callable[[ssl.SSLContext], None],
    reason: str,
) -> None:
    server, context = serve(threads=1), client_context()
    restrict(context)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        connect(server, context)
    assert [line["code"] for line in eventually(lambda: lines(server, outcome="handshake"))] == [reason]


def test_tls13_is_behind_a_switch(serve: Callable[..., MockServer], connect: Connect) -> None:
    assert connect(serve(tls13=True, threads=1)).version() == "TLSv1.3"


def test_the_application_sees_the_certificate(
    mock: MockServer, connect: Connect, test_pki: PkiIndex, lines: Lines
) -> None:
    sock = connect(mock)
    sock.sendall(b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
    answer = http.client.HTTPResponse(sock)
    answer.begin()
    answer.read()
    found = lines(mock, code="wsa:DestinationUnreachable")[-1]["tls"]
    expected = x509.load_pem_x509_certificate(test_pki.certificate("org-auth-cli").read_bytes())
    assert x509.load_der_x509_certificate(bytes.fromhex(found["certificate"])) == expected
    assert found["version"] == "TLSv1.2"
    assert found["cipher"] in facts.TLS_SUITES


def test_an_expired_server_certificate_is_a_configuration_error(tmp_path: Path, test_pki: PkiIndex) -> None:
    folder = tmp_path / "pki"
    shutil.copytree(test_pki.folder, folder)
    for suffix in ("pem", "key"):
        shutil.copy(test_pki.folder / f"expired-org-auth-cli.{suffix}", folder / f"server.{suffix}")
    with pytest.raises(ConfigError, match="TLS-002"):
        tls.server_context(load(folder))


@pytest.mark.parametrize("name", ["server.pem", "server.key", "ca.pem", "crl.pem"])
def test_a_damaged_file_is_named(tmp_path: Path, test_pki: PkiIndex, name: str) -> None:
    folder = tmp_path / "pki"
    shutil.copytree(test_pki.folder, folder)
    (folder / name).write_text("-----BEGIN NOTHING-----")
    with pytest.raises(ConfigError, match="TLS-001") as caught:
        tls.server_context(load(folder))
    assert caught.value.field.endswith(name) or name == "server.key"


def test_reasons_of_connections_that_just_go_away() -> None:
    assert tls.reason_of(ConnectionResetError(104, "Connection reset by peer"))[0] == "closed-by-client"
    assert tls.reason_of(OSError("?")) == ("handshake-failed", "?")
