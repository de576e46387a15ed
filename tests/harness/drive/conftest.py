"""A small PKI of the tests of the driver, made once a run, and ready-made identities, patients, documents."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from harness.drive.build import build
from harness.drive.clock import SetClock
from harness.drive.identity import Identity, Keyring
from harness.drive.ids import SeededIds
from harness.drive.lps import Lps
from harness.drive.message import OutgoingMessage
from protocol import directory
from tests.harness import entries

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
_STEMS = ("org-auth-cli", "org-sign", "cps-auth", "cps-sign", "cpe-auth", "cpe-sign", "server")


def _certificate(
    stem: str, key: rsa.RSAPrivateKey, issuer: tuple[x509.Name, rsa.RSAPrivateKey] | None
) -> x509.Certificate:
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "FR"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "HOPITAL FICTIF"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "1990000010"),
            x509.NameAttribute(NameOID.COMMON_NAME, stem),
        ]
    )
    issued_by, signing = issuer or (name, key)
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issued_by)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    if stem == "server":
        names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(signing, hashes.SHA256())


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`ca.pem` and, for each stem, `<stem>.pem` and `<stem>.key`. One RSA key for all leaves: keys are slow."""
    folder = tmp_path_factory.mktemp("pki")
    keys = [rsa.generate_private_key(65537, 2048) for _ in range(2)]
    ca = _certificate("TEST AC", keys[0], None)
    (folder / "ca.pem").write_bytes(ca.public_bytes(serialization.Encoding.PEM))
    for stem in _STEMS:
        certificate = _certificate(stem, keys[1], (ca.subject, keys[0]))
        (folder / f"{stem}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        (folder / f"{stem}.key").write_bytes(
            keys[1].private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
    return folder


@pytest.fixture(scope="session")
def keyring(pki: Path) -> Keyring:
    return Keyring(pki)


@pytest.fixture(scope="session")
def hospital(keyring: Keyring) -> Identity:
    return keyring.identity("hopital")


@pytest.fixture(scope="session")
def card(keyring: Keyring) -> Identity:
    return keyring.identity("cps")


@pytest.fixture(scope="session")
def lps() -> Lps:
    number = directory.numbers()["TEST-OK-1"].value
    return Lps("LPS-TEST", "1.0.0", number, "poste-1", "1.2.250.1.999.1.1.8121")


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


#: What TD1.1, TD1.2 and TD1.3b say of a patient beside the identity.
ADMINISTRATIVE: dict[str, Any] = {
    "telecom": [{"use": "MC", "value": "0600000031"}, {"use": "MAIL", "value": "essai@example.org"}],
    "address": {"lines": ["1 rue de l'Essai"], "postal_code": "99000", "city": "VILLE-FICTIVE"},
    "legal_representative": {"quality": "RESPRSN", "family": "TUTEUR", "given": ["ÉLOI"]},
}
#: Parameters that make a good message of each transaction.
GOOD: dict[str, dict[str, Any]] = {
    "TD0.0": {"patient": "actif-autorise", "insured": "297022A99930191", "birth": "1997-02-26"},
    "TD0.2": {"patient": "actif-autorise"},
    "TD0.3": {"patient": "actif-autorise", "action": "AJOUT"},
    "TD0.4": {"patient": "actif-autorise", "date_type": "LASTDOC", "start_date": "20260115080000"},
    "TD0.5": {
        "patient": "actif-autorise",
        "family": "OPPOSANT",
        "given": "RENE",
        "birth": "19500109",
        "sex": "M",
        "postal_code": "99000",
        "approximate": ["name"],
    },
    "TD1.5a": {"patient": "actif-sans-autorisation"},
    "TD1.5b": {"patient": "actif-autorise"},
    "TD1.5c": {"patient": "actif-autorise"},
    "TD1.5d": {"patient": "actif-autorise"},
    "TD1.6": {"patient": "actif-autorise"},
    "TD1.1": {"patient": "absent", **ADMINISTRATIVE},
    "TD1.2": {"patient": "ferme", **ADMINISTRATIVE},
    "TD1.3a": {"patient": "actif-autorise"},
    "TD1.3b": {"patient": "actif-autorise", **ADMINISTRATIVE},
    "TD1.4": {"patient": "actif-autorise"},
    "TD2.1": {"patient": "alimentation", "documents": [{"level1": {}}, {"level1": {"media": "text/plain"}}]},
    "TD3.1": {"patient": "actif-autorise", "query": "FindDocuments"},
    "TD3.2": {"patient": "actif-autorise", "unique_ids": ["1.2.3.4.5", "1.2.3.4.6"]},
    **entries.GOOD,
}


@pytest.fixture(scope="session")
def good() -> dict[str, dict[str, Any]]:
    """Parameters of a good message, by transaction."""
    return GOOD


@pytest.fixture(scope="session")
def make(hospital: Identity, lps: Lps) -> Callable[..., OutgoingMessage]:
    """Make the good message of a transaction, or one with other parameters or defects."""

    def _make(
        transaction: str,
        *alterations: str,
        identity: Identity | None = None,
        software: Lps | None = None,
        seed: int = 7,
        **params: Any,
    ) -> OutgoingMessage:
        return build(
            transaction,
            GOOD[transaction] | params,
            identity or hospital,
            software or lps,
            clock=SetClock(NOW),
            ids=SeededIds(seed),
            alterations=alterations,
        )

    return _make
