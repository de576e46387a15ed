"""Certificates and revocation lists from outside: whatever is wrong with one is a ValueError, names that hide it too.

The library decodes a name when it is asked for, and has errors of its own for versions and algorithms.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

_T = TypeVar("_T")


def certificate_of(data: bytes) -> x509.Certificate:
    """A certificate, in DER or PEM. Raises ValueError."""
    pem = data.lstrip().startswith(b"-----") or b"-----BEGIN CERTIFICATE" in data
    return _read(x509.load_pem_x509_certificate if pem else x509.load_der_x509_certificate, data, _decoded)


def certificates_of(data: bytes) -> list[x509.Certificate]:
    """The certificates of a PEM file, one at least. Raises ValueError."""
    return _read(x509.load_pem_x509_certificates, data, lambda found: [_decoded(one) for one in found])


def revocations_of(data: bytes) -> x509.CertificateRevocationList:
    """A revocation list, in DER or PEM. Raises ValueError."""
    pem = data.lstrip().startswith(b"-----")
    return _read(x509.load_pem_x509_crl if pem else x509.load_der_x509_crl, data, _listed)


def _read(load: Callable[[bytes], _T], data: bytes, look: Callable[[_T], object]) -> _T:
    try:
        found = load(data)
        look(found)
    except (x509.InvalidVersion, UnsupportedAlgorithm) as problem:
        raise ValueError(str(problem)) from problem
    return found


def _decoded(found: x509.Certificate) -> object:
    return found.subject, found.issuer, found.not_valid_before_utc, found.not_valid_after_utc, found.version


def _listed(found: x509.CertificateRevocationList) -> object:
    return found.issuer, found.last_update_utc, found.next_update_utc
