"""The X.509 side of a test installation: authority, seal, time-stamping unit, revocation list; made on first use.

Their names say that they are tests. An authority replaces the folder by its own: same file names, its own certificates.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from protocol.datafolders import home

CA: Final = "authority"
SEAL: Final = "seal"
TSA: Final = "timestamp"
CRL: Final = "authority.crl"
_YEARS: Final = timedelta(days=3650)


def folder() -> Path:
    """The user's own, made when it is not there."""
    place = home() / "x509"
    if not (place / CRL).exists():
        make(place)
    return place


def existing() -> Path | None:
    """The user's own when it is there: a verification makes no authority."""
    place = home() / "x509"
    return place if (place / CRL).exists() else None


def make(place: Path) -> None:
    """Make the test authority in that folder, whole or not at all; whoever was first counts."""
    place.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=".x509-", dir=place.parent))
    try:
        _fill(made)
        made.rename(place)
    except OSError:
        shutil.rmtree(made, ignore_errors=True)
        if not (place / CRL).exists():
            raise


def _fill(place: Path) -> None:
    now = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)
    authority = ec.generate_private_key(ec.SECP256R1())
    name = _name("Autorité de TEST dmpcompat — sans valeur officielle")
    root = (
        _builder(name, name, authority.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(sign_certificates=True), critical=True)
        .sign(authority, hashes.SHA256())
    )
    _write(place, CA, root, authority)
    seal = ec.generate_private_key(ec.SECP256R1())
    sealed = (
        _builder(name, _name("Cachet de TEST dmpcompat — sans valeur officielle"), seal.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(), critical=True)
        .sign(authority, hashes.SHA256())
    )
    _write(place, SEAL, sealed, seal)
    stamping = ec.generate_private_key(ec.SECP256R1())
    unit = (
        _builder(
            name, _name("Horodatage de TEST dmpcompat — sans valeur officielle"), stamping.public_key(), now
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        .sign(authority, hashes.SHA256())
    )
    _write(place, TSA, unit, stamping)
    revoked = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(name)
        .last_update(now)
        .next_update(now + _YEARS)
        .add_extension(x509.CRLNumber(1), critical=False)
        .sign(authority, hashes.SHA256())
    )
    (place / CRL).write_bytes(revoked.public_bytes(serialization.Encoding.DER))


def _name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "FR"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "dmpcompat TEST"),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _builder(
    issuer: x509.Name, subject: x509.Name, public: ec.EllipticCurvePublicKey, now: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .issuer_name(issuer)
        .subject_name(subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + _YEARS)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _usage(*, sign_certificates: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not sign_certificates,
        content_commitment=not sign_certificates,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _write(
    place: Path, name: str, certificate: x509.Certificate, private: ec.EllipticCurvePrivateKey
) -> None:
    (place / f"{name}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    data = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    descriptor = os.open(place / f"{name}.key", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)
