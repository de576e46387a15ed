"""Just enough of XML Signature for the oracle: references, digests, the value, the certificate that is joined.

Written from the recommendation on lxml's C14N and cryptography; no other signature code of the project is used.
"""

from __future__ import annotations

import base64
import binascii
import copy
import hashlib
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from lxml import etree

from harness.checks.rule import Finding
from harness.checks.xpath import attribute, first, nodes, string
from protocol import facts, safexml
from protocol.x509read import certificate_of

#: What is shown of a signature value that holds.
VERIFIED: Final = "vérifiée / verified"
ENVELOPED: Final = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
_C14N: Final = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
#: Canonicalisations: (exclusive, with comments).
_FORMS: Final = {
    _C14N: (False, False),
    facts.C14N_COMMENTS: (False, True),
    facts.EXC_C14N: (True, False),
    facts.EXC_C14N + "WithComments": (True, True),
}
ALGORITHMS: Final = {
    "http://www.w3.org/2000/09/xmldsig#sha1": "sha1",
    "http://www.w3.org/2001/04/xmlenc#sha256": "sha256",
    "http://www.w3.org/2001/04/xmldsig-more#sha384": "sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512": "sha512",
}
_HASHES: Final[dict[str, hashes.HashAlgorithm]] = {
    "sha1": hashes.SHA1(),  # noqa: S303 - official samples use it; SIG-ALGORITHM says so
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


@dataclass(frozen=True)
class Reference:
    """One ds:Reference: its URI, its transforms, its digest as written (base64)."""

    uri: str
    kind: str
    transforms: tuple[str, ...]
    digest_method: str
    digest: str

    def digest_of(self, target: etree._Element) -> str | None:
        """Base64 digest of an element after these transforms; None when one of them is unknown."""
        name = ALGORITHMS.get(self.digest_method)
        data = self._bytes_of(target)
        return None if name is None or data is None else encoded_digest(name, data)

    def _bytes_of(self, target: etree._Element) -> bytes | None:
        exclusive, comments = False, False
        for transform in self.transforms:
            if transform == ENVELOPED:
                target = _without_signature(target)
            elif transform in _FORMS:
                exclusive, comments = _FORMS[transform]
            else:
                return None
        return canonical(target, exclusive=exclusive, comments=comments)


def encoded_digest(name: str, data: bytes) -> str:
    # Its own constructor: `hashlib.new` looks the algorithm up in OpenSSL each time.
    made = getattr(hashlib, name)(data, usedforsecurity=False)
    return base64.b64encode(made.digest()).decode()


def canonical(element: etree._Element, *, exclusive: bool, comments: bool) -> bytes:
    return safexml.canonical(element, exclusive=exclusive, with_comments=comments)


def read_references(
    signature: etree._Element, path: str = "ds:SignedInfo/ds:Reference"
) -> tuple[Reference, ...]:
    return tuple(
        Reference(
            attribute(item, "URI"),
            attribute(item, "Type"),
            tuple(attribute(step, "Algorithm") for step in nodes(item, "ds:Transforms/ds:Transform")),
            attribute(next(iter(nodes(item, "ds:DigestMethod")), item), "Algorithm"),
            "".join(string(item, "ds:DigestValue").split()),
        )
        for item in nodes(signature, path)
    )


def signer(signature: etree._Element) -> x509.Certificate | None:
    """The first certificate of KeyInfo; None when there is none that can be read."""
    text = string(signature, "ds:KeyInfo/ds:X509Data/ds:X509Certificate")
    return _certificate(text) if text else None


@lru_cache(maxsize=64)
def _certificate(text: str) -> x509.Certificate | None:
    """Senders are few: each certificate is read once."""
    try:
        return certificate_of(base64.b64decode("".join(text.split())))
    except ValueError:
        return None


def signature_holds(signature: etree._Element) -> str:
    """Verify SignatureValue over the canonical SignedInfo. Returns "" when it holds, else what is wrong."""
    certificate = signer(signature)
    info = first(signature, "ds:SignedInfo")
    if certificate is None or info is None:
        return "ds:X509Certificate" if certificate is None else "ds:SignedInfo"
    form = attribute(next(iter(nodes(info, "ds:CanonicalizationMethod")), info), "Algorithm")
    method = attribute(next(iter(nodes(info, "ds:SignatureMethod")), info), "Algorithm")
    name = _HASHES.get(method.rpartition("-")[2])
    if form not in _FORMS or name is None:
        return form if form not in _FORMS else method
    exclusive, comments = _FORMS[form]
    try:
        given = base64.b64decode("".join(string(signature, "ds:SignatureValue").split()), validate=True)
        _verify(certificate, given, canonical(info, exclusive=exclusive, comments=comments), name)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, binascii.Error) as problem:
        return str(problem) or type(problem).__name__
    return ""


def agreed(finding: Finding, holds: bool, refused: str) -> Finding:
    """The finding of our own code, AMBIGUOUS when the two verifiers differ on the whole signature.

    `holds`: what our own code says of it. `refused`: why the second refuses it, "" when it accepts it.
    """
    if holds == (not refused):
        return finding
    other = refused or VERIFIED
    return replace(finding, status="AMBIGUOUS", found=f"{finding.found} ≠ {other}")


def _verify(certificate: x509.Certificate, given: bytes, data: bytes, name: hashes.HashAlgorithm) -> None:
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        key.verify(given, data, padding.PKCS1v15(), name)
    elif isinstance(key, ec.EllipticCurvePublicKey):
        half = len(given) // 2
        pair = int.from_bytes(given[:half]), int.from_bytes(given[half:])
        key.verify(encode_dss_signature(*pair), data, ec.ECDSA(name))
    else:
        raise UnsupportedAlgorithm(type(key).__name__)


def _without_signature(element: etree._Element) -> etree._Element:
    """A copy in its own context, without the signature that is its child; ancestors' namespaces stay in scope."""
    # The path of lxml with namespaces spelled out: the one with prefixes would need their declarations.
    place = element.getroottree().getelementpath(element)
    target = copy.deepcopy(element.getroottree()).find(place)
    if target is None:
        raise ValueError(f"no element at {place} in a copy of its own tree")
    for signature in nodes(target, "ds:Signature"):
        before, parent = signature.getprevious(), signature.getparent()
        tail = signature.tail or ""
        if parent is not None:
            if before is not None:
                before.tail = (before.tail or "") + tail
            else:
                parent.text = (parent.text or "") + tail
            parent.remove(signature)
    return target
