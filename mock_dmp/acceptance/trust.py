"""Is a certificate of our PKI, in its dates, not revoked, and made for signing? One answer a question.

One level of authority, as the test PKI has. Which refusal follows is for the stages.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from protocol.errors import ConfigError, Text
from protocol.x509read import certificates_of, revocations_of


@dataclass(frozen=True)
class Trust:
    """Authorities and their revocation lists."""

    authorities: tuple[x509.Certificate, ...]
    revocations: tuple[x509.CertificateRevocationList, ...] = ()

    @classmethod
    def load(cls, authorities: Iterable[Path], revocations: Iterable[Path] = ()) -> Self:
        """Read PEM files. Raises ConfigError."""
        try:
            return cls(
                tuple(c for path in authorities for c in certificates_of(path.read_bytes())),
                tuple(revocations_of(path.read_bytes()) for path in revocations),
            )
        except (OSError, ValueError) as problem:
            raise ConfigError(
                "PKI-020",
                Text("autorité ou liste de révocation illisible", "unreadable authority or revocation list"),
                found=str(problem),
            ) from problem

    def issued(self, certificate: x509.Certificate) -> bool:
        """Was it issued by one of the authorities?"""
        return any(_issued_by(certificate, authority) for authority in self.authorities)

    def revoked(self, certificate: x509.Certificate, at: datetime | None = None) -> bool:
        """Is it on a list that its own authority signed? With `at` (UTC): was it by then?"""
        for crl in self.revocations:
            if crl.issuer != certificate.issuer:
                continue
            genuine = any(
                authority.subject == crl.issuer and crl.is_signature_valid(authority.public_key())  # type: ignore[arg-type]  # kinds of keys that a CA may hold
                for authority in self.authorities
            )
            entry = crl.get_revoked_certificate_by_serial_number(certificate.serial_number)
            if genuine and entry is not None and (at is None or entry.revocation_date_utc <= at):
                return True
        return False

    def stale(self, certificate: x509.Certificate, at: datetime) -> datetime | None:
        """Until when the newest list of its authority held, if that is before `at` (UTC); else None."""
        ends = [
            crl.next_update_utc
            for crl in self.revocations
            if crl.issuer == certificate.issuer and crl.next_update_utc is not None
        ]
        return max(ends) if ends and max(ends) < at else None


def in_dates(certificate: x509.Certificate, at: datetime) -> bool:
    """Is the certificate within its dates at that moment (UTC)?"""
    return certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc


def for_signing(certificate: x509.Certificate) -> bool:
    """A signature certificate: it may sign content, and it isn't one for TLS clients.

    An IGC-Santé authentication certificate has digitalSignature and clientAuth; a signature one has
    nonRepudiation (contentCommitment), and no clientAuth.
    """
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return False
    return usage.content_commitment and ExtendedKeyUsageOID.CLIENT_AUTH not in _extended(certificate)


def is_card(certificate: x509.Certificate) -> bool:
    """A person's certificate, not an organisation's: its subject has a family name (IGC-Santé)."""
    return bool(certificate.subject.get_attributes_for_oid(NameOID.SURNAME))


def _extended(certificate: x509.Certificate) -> tuple[x509.ObjectIdentifier, ...]:
    try:
        return tuple(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except x509.ExtensionNotFound:
        return ()


def _issued_by(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True
