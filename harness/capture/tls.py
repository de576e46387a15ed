"""Both sides of the proxy's TLS: the server that the LPS sees, the client that the platform sees.

TLS 1.2 and the documented suites on both. The mock has a server context of its own: the harness does not import it,
and the two must not be wrong together.
"""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from protocol.errors import ConfigError, Text
from protocol.facts import TLS_SUITES
from protocol.x509read import certificate_of

_AGAIN = Text("refaire la PKI : dmpcompat pki init", "make the PKI again: dmpcompat pki init")


def server_context(pki: Path, client_ca: Path) -> ssl.SSLContext:
    """`server.pem` and its key; client certificates of `client_ca`, not on `crl.pem` if there is one.

    Raises ConfigError (PROXY-002).
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _narrow(context)
    certificate, key, revoked = pki / "server.pem", pki / "server.key", pki / "crl.pem"
    _load(certificate, lambda: context.load_cert_chain(certificate, key))
    _load(client_ca, lambda: context.load_verify_locations(client_ca))
    if revoked.exists() and client_ca == pki / "ca.pem":
        _load(revoked, lambda: context.load_verify_locations(revoked))
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    context.verify_mode = ssl.CERT_REQUIRED
    return context


class Identities:
    """The certificates with a key of a PKI folder, as clients of a platform whose authority is `upstream_ca`."""

    def __init__(self, pki: Path, upstream_ca: Path) -> None:
        self._pki = pki
        self._ca = upstream_ca
        self._stems = dict(_pairs(pki))
        self.context = lru_cache(maxsize=64)(self._context)

    def named(self, stem: str) -> str:
        """The same name, if there is such a pair. Raises ConfigError (PROXY-001)."""
        if stem in self._stems.values():
            return stem
        raise ConfigError(
            "PROXY-001",
            Text(
                "identité absente du dossier de certificats", "no such identity in the folder of certificates"
            ),
            field=str(self._pki),
            found=stem,
            expected=", ".join(sorted(self._stems.values())),
        )

    def of(self, certificate: bytes) -> str | None:
        """The pair whose certificate (DER) this is; None when the folder has no key for it."""
        return self._stems.get(hashlib.sha256(certificate).hexdigest())

    def _context(self, stem: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        _narrow(context)
        certificate, key = self._pki / f"{stem}.pem", self._pki / f"{stem}.key"
        _load(self._ca, lambda: context.load_verify_locations(self._ca))
        _load(certificate, lambda: context.load_cert_chain(certificate, key))
        return context


def said(problem: BaseException) -> str:
    """What the library says of a failure of TLS, without the place in its own source."""
    if isinstance(problem, ssl.SSLCertVerificationError):
        return str(problem.verify_message)
    return str(problem).partition(" (_ssl.c")[0] or type(problem).__name__


def _narrow(context: ssl.SSLContext) -> None:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_TICKET
    context.set_ciphers(":".join(TLS_SUITES))


def _pairs(pki: Path) -> list[tuple[str, str]]:
    """SHA-256 of each certificate that has a key, and its name; authorities are no identities."""
    found = []
    for key in sorted(pki.glob("*.key")):
        path = key.with_suffix(".pem")
        if key.stem in ("ca", "other-ca", "server") or not path.exists():
            continue
        try:
            certificate = certificate_of(path.read_bytes())
        except (OSError, ValueError) as problem:
            raise _unusable(path, str(problem)) from problem
        found.append((hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest(), key.stem))
    return found


def _load(path: Path, load: Callable[[], None]) -> None:
    try:
        load()
    except (OSError, ssl.SSLError) as problem:
        raise _unusable(path, said(problem)) from problem


def _unusable(path: Path, found: str) -> ConfigError:
    text = Text("certificat, clé ou liste illisible", "certificate, key or list can't be read")
    return ConfigError("PROXY-002", text, field=str(path), found=found, mend=_AGAIN)
