"""A certificate for a reader: whose it is, who issued it, from when to when, and its fingerprint."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

from mock_dmp.ui.blocks import Row, row
from protocol.errors import NO_TEXT, Text
from protocol.exchange import Tls
from protocol.x509read import certificate_of

#: Attributes that RFC 4514 has no short name for.
_NAMES = {
    NameOID.SURNAME: "SN",
    NameOID.GIVEN_NAME: "GN",
    NameOID.TITLE: "T",
    NameOID.SERIAL_NUMBER: "serialNumber",
}


def of_connection(tls: Tls | None, at: datetime) -> tuple[Row, ...]:
    """The TLS connection and the certificate of its client."""
    if tls is None:
        return (row("TLS", "TLS", Text("sans TLS", "no TLS")),)
    shown = [row("TLS", "TLS", tls.version, tls.cipher)]
    if not tls.certificate:
        return (*shown, row("Certificat client", "Client certificate", ""))
    try:
        return (*shown, *rows(certificate_of(tls.certificate), at))
    except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion) as problem:
        return (*shown, row("Certificat illisible", "Unreadable certificate", str(problem)))


def rows(certificate: x509.Certificate, at: datetime) -> Iterator[Row]:
    """Facts of a certificate. Raises ValueError for one whose fields are malformed."""
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    outside = NO_TEXT if begin <= at <= end else Text("hors de ses dates", "outside of its dates")
    yield row("Certificat de", "Certificate of", certificate.subject.rfc4514_string(_NAMES))
    yield row("Émis par", "Issued by", certificate.issuer.rfc4514_string(_NAMES))
    yield row("Numéro de série", "Serial number", format(certificate.serial_number, "x"))
    yield row("Valable", "Valid", f"{begin:%Y-%m-%d %H:%M} → {end:%Y-%m-%d %H:%M} UTC", outside)
    yield row("Empreinte SHA-256", "SHA-256 fingerprint", certificate.fingerprint(hashes.SHA256()).hex())
