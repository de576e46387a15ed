"""Mutations of certificates: of the connection and of the signature of the VIHF. Keys are made for the occasion."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from lxml import etree

from harness.mutate.edits import select
from harness.mutate.registry import Wire, mutator

_ON: Final = ("TD0.2", "TD3.1")
_FROM: Final = datetime(2020, 1, 1, tzinfo=UTC)


@cache
def _certificate(*, days: int, signs: bool) -> bytes:
    """DER of a self-signed certificate of an organisation: of signature, or of authentication."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "MUTANT - TEST")])
    usage = x509.KeyUsage(not signs, signs, False, False, False, False, False, False, False)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(_FROM)
        .not_valid_after(_FROM + timedelta(days=days))
        .add_extension(usage, critical=True)
    )
    if not signs:
        purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
        made = made.add_extension(purpose, critical=False)
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def _presented(wire: Wire, der: bytes) -> bool:
    if wire.tls is None:
        return False
    wire.tls = replace(wire.tls, certificate=der)
    return True


def _joined(root: etree._Element, der: bytes) -> bool:
    for one in select(root, "//wsse:Security/saml:Assertion/ds:Signature//ds:X509Certificate"):
        one.text = base64.b64encode(der).decode()
        return True
    return False


@mutator("tls-expired", over="wire-request", on=_ON, breaks="TLS-CERTIFICATE-DATES")
def tls_expired(wire: Wire, _: Random) -> bool:
    return _presented(wire, _certificate(days=30, signs=False))


@mutator("tls-of-signature", over="wire-request", on=_ON, breaks="TLS-CERTIFICATE-KIND")
def tls_of_signature(wire: Wire, _: Random) -> bool:
    return _presented(wire, _certificate(days=20_000, signs=True))


@mutator("tls-of-another", over="wire-request", on=_ON, breaks=("TLS-HOLDER", "VIHF-SAME-HOLDER"))
def tls_of_another(wire: Wire, _: Random) -> bool:
    """The certificate of an organisation under the VIHF of a card."""
    return b">DIRECTE<" in wire.body and _presented(wire, _certificate(days=20_000, signs=False))


@mutator(
    "tls-of-another-structure", over="wire-request", on=("TD0.4", "TD1.1", "TD2.1"), breaks="TLS-STRUCTURE"
)
def tls_of_another_structure(wire: Wire, _: Random) -> bool:
    return b">INDIRECTE<" in wire.body and _presented(wire, _certificate(days=20_000, signs=False))


@mutator("tls-no-card", over="wire-request", on=("TD0.9",), breaks="WEBPS-CARD")
def tls_no_card(wire: Wire, _: Random) -> bool:
    """The certificate of an organisation, where a card is asked for."""
    return _presented(wire, _certificate(days=20_000, signs=False))


@mutator("signer-expired", over="request", on=_ON, breaks="SIG-CERTIFICATE-DATES")
def signer_expired(root: etree._Element, _: Random) -> bool:
    return _joined(root, _certificate(days=30, signs=True))


@mutator("signer-of-authentication", over="request", on=_ON, breaks="SIG-CERTIFICATE-KIND")
def signer_of_authentication(root: etree._Element, _: Random) -> bool:
    return _joined(root, _certificate(days=20_000, signs=False))


@mutator(
    "signer-other-structure",
    over="request",
    on=("TD2.1",),
    breaks=("SIG-STRUCTURE", "SIG-ISSUER", "VIHF-SAME-HOLDER"),
)
def signer_other_structure(root: etree._Element, _: Random) -> bool:
    return _joined(root, _certificate(days=20_001, signs=True))
