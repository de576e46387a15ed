"""Enveloped XML signature of an assertion, written by hand on purpose.

A library that signs also refuses to sign badly; a harness must do both. Exclusive C14N from lxml, RSA from
cryptography, SHA-256 or (legacy of 2019 samples) SHA-1. It verifies nothing.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Final, Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from lxml import etree

from harness.drive import bind
from protocol.facts import DS

Hash = Literal["sha256", "sha1"]

SIGNATURE_METHODS: Final[Mapping[Hash, str]] = {
    "sha256": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
    "sha1": "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
}
DIGEST_METHODS: Final[Mapping[Hash, str]] = {
    "sha256": "http://www.w3.org/2001/04/xmlenc#sha256",
    "sha1": "http://www.w3.org/2000/09/xmldsig#sha1",
}


def sign_enveloped(
    element: etree._Element,
    key: rsa.RSAPrivateKey,
    certificate: x509.Certificate,
    *,
    hash_name: Hash = "sha256",
    position: int = 1,
) -> etree._Element:
    """Sign `element` (its attribute ID is the reference) and insert the ds:Signature at child `position`.

    Returns the ds:Signature. `position` 1 is right after Issuer, as a VIHF wants it.
    """
    scope = {
        "id": element.get("ID", ""),
        "signature_method": SIGNATURE_METHODS[hash_name],
        "digest_method": DIGEST_METHODS[hash_name],
        "digest": digest64(exclusive(element), hash_name),
        "certificate": certificate64(certificate),
    }
    signature = bind.fill("signature", scope)
    element.insert(position, signature)
    seal(signature, key, exclusive(signature[0]), hash_name)
    return signature


def seal(signature: etree._Element, key: rsa.RSAPrivateKey, signed_info: bytes, hash_name: Hash) -> None:
    """Put the signature of the canonical SignedInfo into ds:SignatureValue."""
    value = signature.find(f"{{{DS}}}SignatureValue")
    if value is None:
        raise ValueError("a ds:Signature has a ds:SignatureValue")
    value.text = base64.b64encode(key.sign(signed_info, padding.PKCS1v15(), _hash(hash_name))).decode("ascii")


def exclusive(element: etree._Element) -> bytes:
    """Exclusive C14N without comments."""
    return etree.tostring(element, method="c14n", exclusive=True, with_comments=False)


def digest64(data: bytes, hash_name: Hash) -> str:
    """Base64 of the digest of `data`."""
    state = hashes.Hash(_hash(hash_name))
    state.update(data)
    return base64.b64encode(state.finalize()).decode("ascii")


def certificate64(certificate: x509.Certificate) -> str:
    """Base64 of the DER, on one line."""
    return base64.b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode("ascii")


def _hash(name: Hash) -> hashes.HashAlgorithm:
    # SHA-1 is what cards signed with until 2020; the harness must be able to send it.
    return hashes.SHA256() if name == "sha256" else hashes.SHA1()  # noqa: S303 - what old cards sign with
