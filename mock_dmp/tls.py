"""The server's side of TLS: context, and the words for a handshake that fails.

TLS 1.2 with exactly the documented suites and a client certificate of our CA that is not on its CRL.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from mock_dmp.pki import PkiIndex
from protocol import facts
from protocol.errors import ConfigError, Text
from protocol.x509read import certificate_of

#: OpenSSL's `reason` -> our stable word for the journal.
_REASONS = {
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": "certificate-missing",
    "UNSUPPORTED_PROTOCOL": "protocol-unsupported",
    "VERSION_TOO_LOW": "protocol-unsupported",
    "WRONG_VERSION_NUMBER": "not-tls",
    "HTTP_REQUEST": "plain-http",
    "HTTPS_PROXY_REQUEST": "plain-http",
    "NO_SHARED_CIPHER": "cipher-unsupported",
    "NO_SUITABLE_SIGNATURE_ALGORITHM": "cipher-unsupported",
    "NO_SHARED_SIGNATURE_ALGORITHMS": "cipher-unsupported",
    "TLSV1_ALERT_UNKNOWN_CA": "server-refused-by-client",
    "SSLV3_ALERT_BAD_CERTIFICATE": "server-refused-by-client",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "server-refused-by-client",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "server-refused-by-client",
    "TLSV1_ALERT_PROTOCOL_VERSION": "protocol-unsupported",
    "UNEXPECTED_EOF_WHILE_READING": "closed-by-client",
}
#: X509_V_ERR_* -> our word.
_VERIFY = {
    9: "certificate-not-yet-valid",
    10: "certificate-expired",
    18: "certificate-unknown-ca",
    19: "certificate-unknown-ca",
    20: "certificate-unknown-ca",
    21: "certificate-unknown-ca",
    23: "certificate-revoked",
    26: "certificate-wrong-usage",
}


def server_context(
    pki: PkiIndex, *, tls13: bool = False, suites: tuple[str, ...] = facts.TLS_SUITES
) -> ssl.SSLContext:
    """Context of the mock.

    `tls13` allows TLS 1.3 beside 1.2 (the LPS channel documents 1.2 only). Raises ConfigError when a file is
    unreadable, or the server's certificate expired.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.maximum_version = ssl.TLSVersion.TLSv1_3 if tls13 else ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_TICKET
    context.set_ciphers(":".join(suites))
    certificate = pki.certificate("server")
    _check_dates(certificate)
    _load(certificate, lambda: context.load_cert_chain(certificate, pki.key("server")))
    _load(pki.ca, lambda: context.load_verify_locations(pki.ca))
    _load(pki.crl, lambda: context.load_verify_locations(pki.crl))
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    return context


def reason_of(problem: Exception) -> tuple[str, str]:
    """(stable word, sentence of the library) for a handshake that failed."""
    if isinstance(problem, ssl.SSLCertVerificationError):
        word = _VERIFY.get(problem.verify_code, "certificate-refused")
        return word, str(problem.verify_message)
    if isinstance(problem, (ssl.SSLEOFError, ConnectionError)):
        return "closed-by-client", _clean(str(problem))
    if isinstance(problem, ssl.SSLError):
        return _REASONS.get(problem.reason or "", "handshake-failed"), _clean(str(problem))
    return "handshake-failed", _clean(str(problem))


def _clean(text: str) -> str:
    """Without the source position of the library, which says nothing to a reader."""
    return re.sub(r"\s*\(_ssl\.c:\d+\)", "", text)


def _check_dates(path: Path) -> None:
    try:
        certificate = certificate_of(path.read_bytes())
    except (OSError, ValueError) as problem:
        raise _unusable(path, str(problem)) from problem
    end = certificate.not_valid_after_utc
    if end <= datetime.now(UTC):
        raise ConfigError(
            "TLS-002",
            Text("le certificat du serveur est expiré", "the server's certificate has expired"),
            field=str(path),
            found=end.isoformat(),
            expected="> " + datetime.now(UTC).isoformat(timespec="seconds"),
            mend=Text(
                "refaire la PKI : dmpcompat pki init --force", "make it again: dmpcompat pki init --force"
            ),
        )


def _load(path: Path, load: Callable[[], None]) -> None:
    try:
        load()
    except (OSError, ssl.SSLError) as problem:
        raise _unusable(path, _clean(str(problem))) from problem


def _unusable(path: Path, found: str) -> ConfigError:
    return ConfigError(
        "TLS-001",
        Text("certificat, clé ou liste illisible", "certificate, key or list can't be read"),
        field=str(path),
        found=found,
        mend=Text("refaire la PKI : dmpcompat pki init --force", "make it again: dmpcompat pki init --force"),
    )
