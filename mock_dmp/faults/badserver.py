"""Server certificates that a client must refuse, issued on demand by the authorities of the test PKI."""

from __future__ import annotations

import ssl
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from mock_dmp import tls
from mock_dmp.pki import PkiIndex, issue, profiles
from mock_dmp.pki.issue import Issued
from protocol.errors import ConfigError, Text

#: expired: out of its dates; other-ca: of an authority that nobody trusts; other-name: for another host.
FLAWS: Final = ("expired", "other-ca", "other-name")
_NAMES: Final = ("localhost", "127.0.0.1", "::1")


def bad_context(index: PkiIndex, flaw: str) -> ssl.SSLContext:
    """The server's context with a leaf that has this flaw. Raises ConfigError without the authority's key."""
    issuer = _authority(index, "other-ca" if flaw == "other-ca" else "ca")
    names = ("autre.exemple.invalid",) if flaw == "other-name" else _NAMES
    profile = replace(profiles.server(names[0]), flaw="expired" if flaw == "expired" else "")
    made = issue.leaf(profile, issuer, issue.new_key(), datetime.now(UTC), names)
    context = tls.server_context(index)
    with tempfile.TemporaryDirectory(prefix="dmpcompat-fault-") as folder:  # only its owner may enter
        pem, secret = Path(folder, "server.pem"), Path(folder, "server.key")
        pem.write_bytes(made.certificate.public_bytes(serialization.Encoding.PEM))
        secret.write_bytes(
            made.key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        context.load_cert_chain(pem, secret)
    return context


def _authority(index: PkiIndex, name: str) -> Issued:
    try:
        certificate = x509.load_pem_x509_certificate((index.folder / f"{name}.pem").read_bytes())
        key = serialization.load_pem_private_key((index.folder / f"{name}.key").read_bytes(), None)
    except (OSError, ValueError, TypeError) as problem:
        raise _unusable(name, str(problem)) from problem
    if not isinstance(key, rsa.RSAPrivateKey):
        raise _unusable(name, type(key).__name__)
    return Issued(certificate, key)


def _unusable(name: str, found: str) -> ConfigError:
    return ConfigError(
        "FLT-010",
        Text("clé de l'autorité de test inutilisable", "unusable key of the test authority"),
        field=f"{name}.key",
        found=found,
    )
