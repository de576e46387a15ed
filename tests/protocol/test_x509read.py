"""A certificate that is spoilt is read, or is a ValueError: no error of the library's own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID

from protocol.x509read import certificate_of, certificates_of, revocations_of
from tests.mutations import spoilt_bytes, survives

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "autorité de test")])
START = datetime(2026, 1, 1, tzinfo=UTC)


def certificate() -> x509.Certificate:
    made = x509.CertificateBuilder(NAME, NAME, KEY.public_key(), 7, START, START + timedelta(days=9))
    return made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(KEY, None)


def listing() -> x509.CertificateRevocationList:
    made = x509.CertificateRevocationListBuilder(NAME, START, START + timedelta(days=9))
    return made.sign(KEY, None)


@pytest.mark.parametrize("encoding", [serialization.Encoding.DER, serialization.Encoding.PEM])
def test_spoilt(encoding: serialization.Encoding) -> None:
    good, revoked = certificate().public_bytes(encoding), listing().public_bytes(encoding)
    assert certificate_of(good).fingerprint(hashes.SHA256()) == certificate().fingerprint(hashes.SHA256())
    assert revocations_of(revoked).issuer == NAME
    for data in spoilt_bytes(good, 600):
        survives(certificate_of, data, allowed=ValueError)
    for data in spoilt_bytes(revoked, 300):
        survives(revocations_of, data, allowed=ValueError)


def test_several() -> None:
    good = certificate().public_bytes(serialization.Encoding.PEM)
    assert len(certificates_of(good * 3)) == 3
    for data in spoilt_bytes(good * 3, 200):
        survives(certificates_of, data, allowed=ValueError)


def test_a_version_that_nobody_knows() -> None:
    der = bytearray(certificate().public_bytes(serialization.Encoding.DER))
    der[der.index(b"\xa0\x03\x02\x01\x02") + 4] = 18
    with pytest.raises(ValueError, match="18"):
        certificate_of(bytes(der))
