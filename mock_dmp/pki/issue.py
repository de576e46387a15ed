"""Makes keys, certificates and the CRL from profiles, in memory. Writes no file."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from mock_dmp.pki.profiles import EXTENDED, KEY_USAGES, Profile

_YEAR = timedelta(days=365)
_NAMES = {
    "C": NameOID.COUNTRY_NAME,
    "ST": NameOID.STATE_OR_PROVINCE_NAME,
    "O": NameOID.ORGANIZATION_NAME,
    "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "CN": NameOID.COMMON_NAME,
    "SN": NameOID.SURNAME,
    "GN": NameOID.GIVEN_NAME,
}
_EXTENDED = {
    "server": ExtendedKeyUsageOID.SERVER_AUTH,
    "client": ExtendedKeyUsageOID.CLIENT_AUTH,
    "mail": ExtendedKeyUsageOID.EMAIL_PROTECTION,
}
_ALL_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


@dataclass(frozen=True)
class Issued:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey


def new_key() -> rsa.RSAPrivateKey:
    """An RSA key of 2048 bits."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def new_keys(count: int) -> Iterator[rsa.RSAPrivateKey]:
    """That many keys, drawn on every core: making one takes most of the time of a PKI."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(lambda _: new_key(), range(count))


def authority(profile: Profile, at: datetime) -> Issued:
    """A self-signed CA, valid from well before `at` (it must have issued the expired ones) for ten years."""
    key = new_key()
    name = _name(profile)
    builder = _builder(name, name, key.public_key(), at - 3 * _YEAR, at + 10 * _YEAR)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_key_usage(KEY_USAGES["ca"]), critical=True)
    return Issued(builder.sign(key, hashes.SHA256()), key)


def leaf(
    profile: Profile, issuer: Issued, key: rsa.RSAPrivateKey, at: datetime, names: Iterable[str] = ()
) -> Issued:
    """A certificate of that profile, flaw included. `names` are DNS names or addresses (server only)."""
    start, end = at - timedelta(days=1), at + 3 * _YEAR
    if profile.flaw == "expired":
        start, end = at - 2 * _YEAR, at - timedelta(days=30)
    authority_key = issuer.key.public_key()
    builder = _builder(_name(profile), issuer.certificate.subject, key.public_key(), start, end)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key), critical=False
    )
    usages, extended = KEY_USAGES[profile.role], EXTENDED[profile.role]
    if profile.flaw == "wrong-usage":
        usages, extended = frozenset({"key_encipherment"}), "server"
    builder = builder.add_extension(_key_usage(usages), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([_EXTENDED[extended]]), critical=False)
    alternatives = [_general(name) for name in names]
    if alternatives:
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    return Issued(builder.sign(issuer.key, hashes.SHA256()), key)


def revocations(issuer: Issued, revoked: Iterable[x509.Certificate], at: datetime) -> bytes:
    """The CRL in PEM. Its next update is as far as the CA's end: a test PKI has nobody to renew it."""
    builder = x509.CertificateRevocationListBuilder(
        issuer.certificate.subject, at - timedelta(days=1), issuer.certificate.not_valid_after_utc
    )
    for certificate in revoked:
        entry = x509.RevokedCertificateBuilder(certificate.serial_number, at - timedelta(days=1))
        builder = builder.add_revoked_certificate(
            entry.add_extension(x509.CRLReason(x509.ReasonFlags.key_compromise), critical=False).build()
        )
    builder = builder.add_extension(x509.CRLNumber(1), critical=False)
    builder = builder.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), critical=False
    )
    return builder.sign(issuer.key, hashes.SHA256()).public_bytes(Encoding.PEM)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: rsa.RSAPublicKey, start: datetime, end: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _name(profile: Profile) -> x509.Name:
    return x509.Name(
        [
            x509.RelativeDistinguishedName([x509.NameAttribute(_NAMES[kind], value) for kind, value in rdn])
            for rdn in profile.subject
        ]
    )


def _key_usage(wanted: frozenset[str]) -> x509.KeyUsage:
    return x509.KeyUsage(**{usage: usage in wanted for usage in _ALL_USAGES})


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
