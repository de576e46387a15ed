"""The signature document of a submission set: a detached XAdES 1.1.1 signature over a Manifest.

The Manifest holds the digest of each document (canonical when it is XML) and a placeholder for the set; the
signature covers the Manifest and the signed properties. SHA-1 by default, as the samples of the interface do;
SHA-256 is a switch. Source: IHE DSG as the DMP profiles it, feeding of documents.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree

from harness.drive import bind, sign
from harness.drive.clock import saml_instant
from protocol import safexml
from protocol.errors import XmlRefused
from protocol.facts import DS


@dataclass(frozen=True)
class Signed:
    """A document of the set: its uniqueId and its bytes."""

    unique_id: str
    content: bytes


def signature_document(
    submission: str,
    documents: Sequence[Signed],
    key: rsa.RSAPrivateKey,
    certificate: x509.Certificate,
    *,
    identifier: str,
    at: datetime,
    hash_name: sign.Hash = "sha1",
) -> bytes:
    """Write the signature document of the set `submission` (its uniqueId).

    `identifier` becomes the Id of the signature (`S-` in front when it starts with a digit, since an XML id
    may not).
    """
    scope = {
        "id": identifier if identifier[:1].isalpha() else f"S-{identifier}",
        "submission": submission,
        "documents": [_manifest_line(document, hash_name) for document in documents],
        "signature_method": sign.SIGNATURE_METHODS[hash_name],
        "digest_method": sign.DIGEST_METHODS[hash_name],
        "certificate": sign.certificate64(certificate),
        "certificate_digest": sign.digest64(certificate.public_bytes(serialization.Encoding.DER), hash_name),
        "issuer": certificate.issuer.rfc4514_string(),
        "serial": certificate.serial_number,
        "signing_time": saml_instant(at),
    }
    signature = bind.fill("xades", scope)
    seal(signature, key, hash_name)
    return safexml.serialize(signature)


def seal(signature: etree._Element, key: rsa.RSAPrivateKey, hash_name: sign.Hash) -> None:
    """Compute both references, then sign: call it again after a change to sign the change too."""
    for reference in signature.iterfind(f"{{{DS}}}SignedInfo/{{{DS}}}Reference"):
        wanted = reference.get("URI", "")[1:]
        target = next(node for node in signature.iter() if node.get("Id") == wanted)
        digest = reference.find(f"{{{DS}}}DigestValue")
        if digest is None:
            raise ValueError("a ds:Reference has a ds:DigestValue")
        digest.text = sign.digest64(inclusive(target), hash_name)
    sign.seal(signature, key, inclusive(signature[0]), hash_name)


def inclusive(element: etree._Element) -> bytes:
    """C14N 1.0 with comments of one element of a larger tree.

    Inclusive C14N writes every namespace in scope; lxml forgets those that ancestors declare and the element
    doesn't use, hence the copy that declares them all.
    """
    root = etree.Element(element.tag, dict(element.attrib), nsmap=element.nsmap)
    root.text = element.text
    root.extend(copy.deepcopy(child) for child in element)
    return etree.tostring(root, method="c14n", exclusive=False, with_comments=True)


def _manifest_line(document: Signed, hash_name: sign.Hash) -> dict[str, object]:
    try:
        tree = safexml.parse(document.content, huge=True).getroottree()
        octets, is_xml = etree.tostring(tree, method="c14n", with_comments=True), True
    except XmlRefused:
        octets, is_xml = document.content, False
    return {"unique_id": document.unique_id, "digest": sign.digest64(octets, hash_name), "is_xml": is_xml}
