"""Reads the detached XAdES signature document of a set: its manifest, and whether its signature holds.

XML-DSig core with C14N 1.0 or exclusive C14N, RSA or ECDSA, SHA-1 or SHA-2. Trust in the certificate is
decided elsewhere; the placeholder digest of the set itself is never compared.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from lxml import etree

from protocol import facts, safexml
from protocol.errors import SignatureRefused, Text, XmlRefused
from protocol.x509read import certificate_of

_C14N: Final = {
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315": (False, False),
    facts.C14N_COMMENTS: (False, True),
    facts.EXC_C14N: (True, False),
    f"{facts.EXC_C14N}WithComments": (True, True),
}
_DIGESTS: Final = {
    f"{facts.DS}sha1": "sha1",
    "http://www.w3.org/2001/04/xmlenc#sha256": "sha256",
    "http://www.w3.org/2001/04/xmldsig-more#sha384": "sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512": "sha512",
}
_METHODS: Final[dict[str, Callable[[], hashes.HashAlgorithm]]] = {
    f"{facts.DS}rsa-sha1": hashes.SHA1,
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256": hashes.SHA256,
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384": hashes.SHA384,
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512": hashes.SHA512,
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256": hashes.SHA256,
}


@dataclass(frozen=True)
class ManifestReference:
    """`uri` is `urn:oid:<uniqueId>`; `digest` the raw bytes; `method` and `transforms` are URIs."""

    uri: str
    digest: bytes
    method: str
    transforms: tuple[str, ...]

    def plainly(self, sha1: str, sha256: str) -> bool | None:
        """The same answer from digests in hex that are known already; None when `holds` must be asked."""
        known = {"sha1": sha1, "sha256": sha256}.get(_DIGESTS.get(self.method, ""))
        return None if self.transforms or known is None else self.digest.hex() == known.lower()

    def holds(self, document: bytes) -> bool:
        """Is that the digest of the document, once the transforms are applied?

        Raises SignatureRefused for an algorithm or a transform that is not known, or XML that can't be read.
        """
        data = document
        for transform in self.transforms:
            exclusive, comments = _canonicalisation(transform)
            try:
                root = safexml.parse(data, max_bytes=max(len(data), 1), huge=True)
            except XmlRefused as problem:
                raise _refused("transformation XML d'un document illisible", problem.message()) from problem
            # Octets are parsed into a whole document: what stands around its root is digested too.
            data = safexml.canonical(root.getroottree(), exclusive=exclusive, with_comments=comments)
        return _digest(self.method, data) == self.digest


@dataclass(frozen=True)
class SignatureDocument:
    """The parsed document: `root` is ds:Signature."""

    root: etree._Element
    references: tuple[ManifestReference, ...]

    def verify(self) -> x509.Certificate:
        """Check every digest of SignedInfo and the signature value; returns the signer's certificate.

        Raises SignatureRefused.
        """
        signed_info = self.root.find(f"{{{facts.DS}}}SignedInfo")
        if signed_info is None:
            raise _refused("SignedInfo absent", "")
        for reference in safexml.xpath(signed_info, "ds:Reference"):
            self._check(reference)
        if not any(
            reference.get("URI") == f"#{manifest.get('Id')}"
            for reference in safexml.xpath(signed_info, "ds:Reference")
            for manifest in safexml.xpath(self.root, "ds:Object/ds:Manifest")
        ):
            raise _refused("le manifeste n'est pas couvert par SignedInfo", "")
        certificate = self._certificate()
        method = safexml.value(signed_info, "ds:SignatureMethod/@Algorithm")
        exclusive, comments = _canonicalisation(
            safexml.value(signed_info, "ds:CanonicalizationMethod/@Algorithm")
        )
        data = safexml.canonical(signed_info, exclusive=exclusive, with_comments=comments)
        _verify(certificate, method, _bytes(safexml.value(self.root, "ds:SignatureValue")), data)
        return certificate

    def _check(self, reference: etree._Element) -> None:
        uri = reference.get("URI") or ""
        bearers = [node for node in self.root.iter(etree.Element) if uri == f"#{node.get('Id')}"]
        if len(bearers) != 1:
            raise _refused(f"ds:Reference {uri} désigne {len(bearers)} élément(s)", uri)
        exclusive, comments = False, False
        for transform in safexml.xpath(reference, "ds:Transforms/ds:Transform"):
            exclusive, comments = _canonicalisation(transform.get("Algorithm") or "")
        data = safexml.canonical(bearers[0], exclusive=exclusive, with_comments=comments)
        wanted = _bytes(safexml.value(reference, "ds:DigestValue"))
        if _digest(safexml.value(reference, "ds:DigestMethod/@Algorithm"), data) != wanted:
            raise _refused(f"le condensat de {uri} ne correspond pas", uri)

    def _certificate(self) -> x509.Certificate:
        encoded = safexml.value(self.root, "ds:KeyInfo/ds:X509Data/ds:X509Certificate")
        try:
            return certificate_of(_bytes(encoded))
        except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion) as problem:
            raise _refused("certificat absent ou illisible", str(problem)) from None


def read_signature_document(data: bytes) -> SignatureDocument:
    """Read the bytes of a signature document. Raises SignatureRefused, XmlRefused."""
    root = safexml.parse(data)
    if root.tag != f"{{{facts.DS}}}Signature":
        raise _refused("la racine n'est pas ds:Signature", str(root.tag))
    manifests = safexml.xpath(root, "ds:Object/ds:Manifest")
    if len(manifests) != 1:
        raise _refused("il faut exactement un ds:Manifest", str(len(manifests)))
    return SignatureDocument(
        root, tuple(_reference(item) for item in safexml.xpath(manifests[0], "ds:Reference"))
    )


def _reference(element: etree._Element) -> ManifestReference:
    return ManifestReference(
        uri=element.get("URI") or "",
        digest=_bytes(safexml.value(element, "ds:DigestValue")),
        method=safexml.value(element, "ds:DigestMethod/@Algorithm"),
        transforms=tuple(
            item.get("Algorithm") or "" for item in safexml.xpath(element, "ds:Transforms/ds:Transform")
        ),
    )


def _canonicalisation(uri: str) -> tuple[bool, bool]:
    if uri not in _C14N:
        raise _refused("transformation ou canonicalisation inconnue", uri)
    return _C14N[uri]


def _digest(method: str, data: bytes) -> bytes:
    if method not in _DIGESTS:
        raise _refused("algorithme de condensat inconnu", method)
    return hashlib.new(_DIGESTS[method], data, usedforsecurity=False).digest()


def _verify(certificate: x509.Certificate, method: str, signature: bytes, data: bytes) -> None:
    if method not in _METHODS:
        raise _refused("algorithme de signature inconnu", method)
    key, algorithm = certificate.public_key(), _METHODS[method]()
    try:
        if isinstance(key, rsa.RSAPublicKey) and "rsa-" in method:
            key.verify(signature, data, padding.PKCS1v15(), algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey) and "ecdsa-" in method:
            key.verify(_der(signature), data, ec.ECDSA(algorithm))
        else:
            raise _refused("la clé du certificat ne va pas avec l'algorithme", method)
    except InvalidSignature:
        raise _refused("la valeur de signature ne correspond pas au certificat", method) from None


def _der(signature: bytes) -> bytes:
    """XML-DSig writes r and s side by side; the library wants them in DER."""
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    half = len(signature) // 2
    return encode_dss_signature(int.from_bytes(signature[:half]), int.from_bytes(signature[half:]))


def _bytes(encoded: str) -> bytes:
    try:
        return base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError):
        raise _refused("base64 illisible dans la signature", encoded[:40]) from None


def _refused(cause: str, found: str) -> SignatureRefused:
    return SignatureRefused(
        "XADES-001", Text(cause, "the signature document can't be accepted"), found=found[:200]
    )
