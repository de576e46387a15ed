"""Verifies an enveloped XML signature (XML-DSig) and gives back what was signed, and nothing else.

The certificate comes from the signature itself: whether its authority, revocation and usage make it
trustworthy is decided elsewhere. Everything but the plain form of the VIHF is refused: one signature, in the
element itself, one reference to that very element, no ds:Object, only enveloped and canonical transforms.
"""

from __future__ import annotations

import binascii
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from signxml.exceptions import InvalidDigest
from signxml.verifier import SignatureConfiguration, VerifyResult, XMLVerifier

from protocol import facts
from protocol.dn import same_dn, signer_dn
from protocol.errors import NO_TEXT, SignatureRefused, Text
from protocol.safexml import parse, text, value, xpath
from protocol.x509read import certificate_of

__all__ = ["Verified", "same_dn", "signer_dn", "verify_enveloped"]

_ENVELOPED: Final = f"{facts.DS}enveloped-signature"
_CANONICAL: Final = frozenset(str(method.value) for method in CanonicalizationMethod)
_METHODS: Final = frozenset(m for m in SignatureMethod if not m.name.startswith(("HMAC_", "DSA_")))
_DIGESTS: Final = frozenset(DigestAlgorithm)
_KNOWN: Final = tuple(frozenset(str(one.value) for one in several) for several in (_METHODS, _DIGESTS))
_MAX_CERTIFICATES: Final = 8
_IDS: Final = "//*[@*[local-name() = 'ID' or local-name() = 'Id' or local-name() = 'id'] = $wanted]"
#: What signxml lets out besides its own errors when a signature is oddly made.
_ODD: Final = (ValueError, TypeError, AttributeError, LookupError, NotImplementedError, etree.LxmlError)


@dataclass(frozen=True)
class Verified:
    """`element` is parsed again from the very bytes that were digested: take everything from it.

    Methods are URIs.
    """

    element: etree._Element
    certificate: x509.Certificate
    signature_method: str
    digest_method: str

    @property
    def uses_sha1(self) -> bool:
        return any(method.endswith("sha1") for method in (self.signature_method, self.digest_method))


def verify_enveloped(element: etree._Element, *, at: datetime, allow_sha1: bool = True) -> Verified:
    """Verify the signature that `element` (with attribute ID) envelops, its certificate being valid at `at`.

    VIHF signature: XML-DSig core, exclusive C14N, RSA or ECDSA. Raises SignatureRefused: SIG-ABSENT,
    SIG-SEVERAL, SIG-REFERENCE, SIG-ID-TWICE, SIG-TRANSFORM, SIG-OBJECT, SIG-ALGORITHM, SIG-SHA1,
    SIG-CERTIFICATE, SIG-VALIDITY, SIG-DIGEST, SIG-VALUE, SIG-STRUCTURE.
    """
    alone = parse(etree.tostring(element, with_tail=False))
    signature = _only_signature(alone)
    digest_method = _check_reference(alone, signature)
    method = value(signature, "ds:SignedInfo/ds:SignatureMethod/@Algorithm")
    _check_algorithms(method, digest_method, allow_sha1)
    certificate = _certificate(signature)
    _check_validity(certificate, at)
    result = _verify(alone, certificate, at)
    signed = parse(result.signed_data)
    if signed.tag != alone.tag or signed.get("ID") != alone.get("ID"):
        raise _refused(
            "SIG-REFERENCE",
            Text("la signature couvre un autre élément", "the signature covers another element"),
            found=str(signed.tag),
            expected=str(alone.tag),
        )
    return Verified(signed, certificate, method, digest_method)


def _only_signature(alone: etree._Element) -> etree._Element:
    direct = xpath(alone, "ds:Signature")
    everywhere = xpath(alone, ".//ds:Signature")
    if not everywhere:
        raise _refused(
            "SIG-ABSENT",
            Text("l'élément n'est pas signé", "the element is not signed"),
            expected="ds:Signature",
        )
    if len(everywhere) > 1 or len(direct) != 1:
        raise _refused(
            "SIG-SEVERAL",
            Text("une seule signature, directement dans l'élément", "one signature, directly in the element"),
            found=f"{len(direct)} + {len(everywhere) - len(direct)}",
            expected="1 + 0",
        )
    if xpath(direct[0], "ds:Object"):
        raise _refused("SIG-OBJECT", Text("ds:Object est interdit ici", "ds:Object is forbidden here"))
    return direct[0]


def _check_reference(alone: etree._Element, signature: etree._Element) -> str:
    """One reference, to the element itself, by an ID that nothing else bears. Returns the digest method."""
    references = xpath(signature, "ds:SignedInfo/ds:Reference")
    identifier = alone.get("ID") or ""
    uris = [reference.get("URI") for reference in references]
    if not identifier or uris != [f"#{identifier}"]:
        raise _refused(
            "SIG-REFERENCE",
            Text(
                "la signature doit référencer l'élément signé, et lui seul", "the signature must refer to it"
            ),
            field="ds:Reference/@URI",
            found=", ".join(str(uri) for uri in uris)[:200],
            expected=f"#{identifier}",
        )
    bearers = alone.xpath(_IDS, wanted=identifier)
    if not isinstance(bearers, list) or len(bearers) != 1:
        raise _refused(
            "SIG-ID-TWICE",
            Text("plusieurs éléments portent l'identifiant signé", "several elements bear the signed ID"),
            found=identifier[:200],
        )
    transforms = [node.get("Algorithm") or "" for node in xpath(references[0], "ds:Transforms/ds:Transform")]
    foreign = [name for name in transforms if name != _ENVELOPED and name not in _CANONICAL]
    if foreign or transforms.count(_ENVELOPED) != 1 or len(transforms) > 2:
        raise _refused(
            "SIG-TRANSFORM",
            Text("transformations refusées", "transforms refused"),
            field="ds:Transforms",
            found=", ".join(transforms)[:200],
            expected=f"{_ENVELOPED}, {facts.EXC_C14N}",
        )
    return value(references[0], "ds:DigestMethod/@Algorithm")


def _check_algorithms(method: str, digest: str, allow_sha1: bool) -> None:
    for found, allowed in zip((method, digest), _KNOWN, strict=True):
        if found not in allowed:
            raise _refused(
                "SIG-ALGORITHM",
                Text("algorithme de signature refusé", "signature algorithm refused"),
                found=found[:200],
                expected="RSA-SHA256",
            )
        if "sha1" in found.lower() and not allow_sha1:
            raise _refused(
                "SIG-SHA1",
                Text("SHA-1 n'est plus admis", "SHA-1 is no longer accepted"),
                found=found,
                expected="SHA-256",
            )


def _certificate(signature: etree._Element) -> x509.Certificate:
    """The signer's certificate: the only one, or of a chain the one that issued none of the others."""
    encoded = [text(node) for node in xpath(signature, "ds:KeyInfo/ds:X509Data/ds:X509Certificate")]
    if not encoded or len(encoded) > _MAX_CERTIFICATES:
        raise _no_certificate(f"{len(encoded)}")
    try:
        chain = [certificate_of(binascii.a2b_base64(_compact(one))) for one in encoded]
        names = [(one.subject, one.issuer) for one in chain]  # decoded only now, may be malformed
        issuers = [issuer for _, issuer in names]
        leaves = [one for one in chain if len(chain) == 1 or one.subject not in issuers]
    except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion) as problem:
        raise _no_certificate(str(problem)) from None
    if len(leaves) != 1:
        raise _no_certificate(f"{len(leaves)} / {len(chain)}")
    return leaves[0]


def _compact(encoded: str) -> bytes:
    return encoded.encode("utf-8").translate(None, b" \t\r\n")


def _check_validity(certificate: x509.Certificate, at: datetime) -> None:
    try:
        begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    except ValueError as problem:
        raise _no_certificate(str(problem)) from None
    if not begin <= at <= end:
        raise _refused(
            "SIG-VALIDITY",
            Text(
                "certificat de signature expiré ou pas encore valide", "signing certificate out of its dates"
            ),
            found=f"{at:%Y-%m-%dT%H:%M:%SZ}",
            expected=f"{begin:%Y-%m-%dT%H:%M:%SZ} … {end:%Y-%m-%dT%H:%M:%SZ}",
            mend=Text("signer avec un certificat en cours de validité", "sign with a valid certificate"),
        )


def _verify(alone: etree._Element, certificate: x509.Certificate, at: datetime) -> VerifyResult:
    configuration = SignatureConfiguration(
        location="./",
        expect_references=1,
        signature_methods=_METHODS,
        digest_algorithms=_DIGESTS,
        # A KeyValue beside the certificate is never used: the certificate is pinned.
        ignore_ambiguous_key_info=True,
        verification_time=at,
    )
    try:
        result = XMLVerifier().verify(
            alone, x509_cert=certificate, id_attribute="ID", expect_config=configuration
        )
    except InvalidDigest as problem:
        raise _refused(
            "SIG-DIGEST",
            Text("le contenu signé a été modifié", "the signed content was altered"),
            found=str(problem)[:200],
            mend=Text("signer en dernier, sans reformater ensuite", "sign last, do not reformat afterwards"),
        ) from None
    except InvalidSignature as problem:
        raise _refused(
            "SIG-VALUE",
            Text(
                "la signature ne correspond pas au certificat", "the signature does not match the certificate"
            ),
            found=str(problem)[:200],
        ) from None
    except (UnsupportedAlgorithm, *_ODD) as problem:
        raise _refused(
            "SIG-STRUCTURE",
            Text("signature mal construite", "badly built signature"),
            found=str(problem)[:200],
        ) from None
    if isinstance(result, list):
        raise _refused("SIG-REFERENCE", Text("plusieurs références", "several references"))
    return result


def _no_certificate(found: str) -> SignatureRefused:
    return _refused(
        "SIG-CERTIFICATE",
        Text("certificat de signature absent ou illisible", "signing certificate absent or unreadable"),
        field="ds:KeyInfo/ds:X509Data/ds:X509Certificate",
        found=found[:200],
    )


def _refused(
    code: str, words: Text, *, field: str = "", found: str = "", expected: str = "", mend: Text = NO_TEXT
) -> SignatureRefused:
    return SignatureRefused(code, words, field=field, found=found, expected=expected, mend=mend)
