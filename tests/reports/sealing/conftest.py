"""An X.509 side of tests, of any dates: authority, seal, time-stamping units; tokens of SoftHSM."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIBRARY = next(
    (
        path
        for path in (
            Path("/usr/lib/softhsm/libsofthsm2.so"),
            *Path("/usr/lib").glob("*/softhsm/libsofthsm2.so"),
        )
        if path.is_file()
    ),
    None,
)
PIN = "123456"
YEAR = timedelta(days=365)
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Tokens:
    """Tokens of SoftHSM, in one folder of this process: the library reads its configuration once."""

    program: str
    folder: Path

    def make(self, keys: dict[str, bytes]) -> str:
        """A new token that holds these keys (PEM) under these labels; its own label."""
        name = f"dmpcompat-{secrets.token_hex(6)}"
        self._run("--init-token", "--free", "--label", name, "--so-pin", "0000", "--pin", PIN)
        for rank, (label, pem) in enumerate(keys.items(), 1):
            path = self.folder / f"{name}-{rank}.pem"
            path.write_bytes(pem)
            self._run(
                *(
                    "--import",
                    str(path),
                    "--token",
                    name,
                    "--label",
                    label,
                    "--id",
                    f"{rank:02x}",
                    "--pin",
                    PIN,
                )
            )
        import pkcs11

        pkcs11.lib(str(LIBRARY)).reinitialize()
        return name

    def lose(self, name: str) -> Callable[[], None]:
        """Take a token away, as if it was unplugged; what is returned puts it back."""
        import pkcs11

        place = next(
            path.parent
            for path in self.folder.glob("tokens/*/token.object")
            if name.encode() in path.read_bytes()
        )
        aside = self.folder / f"aside-{name}"
        place.rename(aside)
        pkcs11.lib(str(LIBRARY)).reinitialize()

        def back() -> None:
            aside.rename(place)
            pkcs11.lib(str(LIBRARY)).reinitialize()

        return back

    def _run(self, *arguments: str) -> None:
        subprocess.run([self.program, *arguments], check=True, capture_output=True, timeout=30)


@pytest.fixture
def tokens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tokens:
    """SoftHSM, or the test is skipped."""
    pytest.importorskip("pkcs11", reason="python-pkcs11 is absent (extra `hsm`)")
    program = shutil.which("softhsm2-util")
    if program is None or LIBRARY is None:
        pytest.skip("SoftHSM is absent (Debian package softhsm2)")
    place = Path(os.environ.get("SOFTHSM2_CONF", str(tmp_path / "softhsm2.conf")))
    if not place.exists():
        (place.parent / "tokens").mkdir(exist_ok=True)
        place.write_text(
            f"directories.tokendir = {place.parent / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n"
        )
    os.environ["SOFTHSM2_CONF"] = str(place)
    monkeypatch.setenv("DMPCOMPAT_SEAL_PIN", PIN)
    return Tokens(program, place.parent)


@dataclass
class Authority:
    """A certification authority whose folder is that of an installation."""

    place: Path
    private: ec.EllipticCurvePrivateKey
    revoked: tuple[tuple[int, datetime, x509.ReasonFlags | None], ...] = ()

    @property
    def name(self) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Autorité d'essai")])

    def issue(
        self,
        name: str,
        begins: datetime,
        ends: datetime,
        *,
        stamps: bool = False,
        subject: str = "",
        serves: bool = False,
    ) -> int:
        """A certificate and its key in files of that name; the serial number."""
        private = ec.generate_private_key(ec.SECP256R1())
        told = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject or name)])
        builder = _builder(self.name, told, private.public_key(), begins, ends).add_extension(
            x509.BasicConstraints(ca=False, path_length=None), critical=True
        )
        if stamps:
            builder = builder.add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True
            )
        if serves:
            names = [x509.IPAddress(ip_address("127.0.0.1"))]
            issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.private.public_key())
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
            builder = builder.add_extension(issuer, critical=False)
        builder = builder.add_extension(_usage(), critical=True)
        made = builder.sign(self.private, hashes.SHA256())
        _written(self.place, name, made, private)
        return made.serial_number

    def revoke(self, serial: int, at: datetime, reason: x509.ReasonFlags | None) -> None:
        self.revoked += ((serial, at, reason),)
        self.list(BEGIN)

    def list(self, at: datetime) -> None:
        """The revocation list."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.name)
            .last_update(at)
            .next_update(at + 30 * YEAR)
            .add_extension(x509.CRLNumber(1), critical=False)
        )
        for serial, since, reason in self.revoked:
            one = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(since)
            if reason is not None:
                one = one.add_extension(x509.CRLReason(reason), critical=False)
            builder = builder.add_revoked_certificate(one.build())
        made = builder.sign(self.private, hashes.SHA256())
        (self.place / "authority.crl").write_bytes(made.public_bytes(serialization.Encoding.DER))


@pytest.fixture
def authority(tmp_path: Path) -> Callable[[str], Authority]:
    """A maker of authorities: thirty years, with a seal and a unit of ten."""

    def make(name: str) -> Authority:
        place = tmp_path / name
        place.mkdir()
        found = Authority(place, ec.generate_private_key(ec.SECP256R1()))
        root = (
            _builder(found.name, found.name, found.private.public_key(), BEGIN, BEGIN + 30 * YEAR)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(_usage(signs=True), critical=True)
            .sign(found.private, hashes.SHA256())
        )
        _written(place, "authority", root, found.private)
        found.issue("seal", BEGIN, BEGIN + 10 * YEAR, subject="Cachet d'essai")
        found.issue("timestamp", BEGIN, BEGIN + 10 * YEAR, stamps=True)
        found.list(BEGIN)
        return found

    return make


def _builder(
    issuer: x509.Name, subject: x509.Name, public: ec.EllipticCurvePublicKey, begins: datetime, ends: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .issuer_name(issuer)
        .subject_name(subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _usage(*, signs: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        content_commitment=not signs,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )


def _written(
    place: Path, name: str, certificate: x509.Certificate, private: ec.EllipticCurvePrivateKey
) -> None:
    (place / f"{name}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (place / f"{name}.key").write_bytes(pem)
