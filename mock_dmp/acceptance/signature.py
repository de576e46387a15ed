"""Stage signature: the VIHF is signed where it must be, rightly, by a trusted signature certificate.

What follows reads the very bytes that were signed (`Verified.element`), never the tree as received.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from datetime import datetime, timedelta

from mock_dmp.acceptance.demand import SIGNATURE, Demand
from mock_dmp.acceptance.engine import Breach, breach_of
from mock_dmp.acceptance.trust import for_signing, in_dates, is_card
from protocol import safexml
from protocol.errors import SignatureRefused, Text, VihfError, XmlRefused
from protocol.signature import same_dn, signer_dn, verify_enveloped
from protocol.vihf import read_vihf
from protocol.x509read import certificate_of

#: Errors of the reader that are about the certificate, not about the signature.
_CERTIFICATE = frozenset({"SIG-VALIDITY", "SIG-CERTIFICATE"})


@SIGNATURE.rule("VIHF-SIGNED-INDIRECT")
def signed_indirect(demand: Demand) -> Iterator[Breach]:
    """An organisation signs its VIHF, in indirect mode and AIR."""
    if not demand.direct and not _has_signature(demand):
        yield Breach("saml:Assertion/ds:Signature", "absente", f"une signature en mode {demand.vihf.mode}")


@SIGNATURE.rule("VIHF-SIGNED-DIRECT")
def signed_direct(demand: Demand) -> Iterator[Breach]:
    """A card may not sign (samples exist both ways): off by default."""
    if demand.direct and not _has_signature(demand):
        yield Breach("saml:Assertion/ds:Signature", "absente", "une signature")


@SIGNATURE.rule("VIHF-SIGNATURE")
def signature(demand: Demand) -> Iterator[Breach]:
    """Verify, and take the VIHF from what was signed."""
    if demand.assertion is None or not _has_signature(demand):
        return
    try:
        _verify(demand)
    except SignatureRefused as problem:
        # Its dates are the certificate's business: DMPInvalidCertificate rather than a wrong signature.
        code = "DMPInvalidCertificate" if problem.code in _CERTIFICATE else ""
        breach = breach_of(problem)
        yield Breach(breach.where, breach.found, breach.expected, breach.text, code)
    except (VihfError, XmlRefused) as problem:
        yield breach_of(problem)


@SIGNATURE.rule("VIHF-SHA1")
def sha1(demand: Demand) -> Iterator[Breach]:
    """SHA-1 is tolerated, and told."""
    if demand.signed and demand.uses_sha1:
        yield Breach("ds:SignedInfo", "SHA-1", "SHA-256")


@SIGNATURE.rule("VIHF-CERT-KIND")
def certificate_kind(demand: Demand) -> Iterator[Breach]:
    """A signature certificate, not the authentication one (DMPInvalidCertificate)."""
    if demand.certificate is not None and not for_signing(demand.certificate):
        yield Breach(
            "ds:X509Certificate",
            signer_dn(demand.certificate),
            "un certificat de signature (carte) ou ORG_SIGN",
            Text(
                "Le certificat ayant signé le VIHF est invalide : ce n'est pas un certificat de signature",
                "The certificate that signed the VIHF is invalid: not a signature certificate",
            ),
        )


@SIGNATURE.rule("VIHF-CERT-KIND")
def seal_of_organisation(demand: Demand) -> Iterator[Breach]:
    """In indirect mode and AIR an ORG_SIGN seal: a card would speak for any colleague of its structure."""
    if not demand.direct and demand.certificate is not None and is_card(demand.certificate):
        yield Breach(
            "ds:X509Certificate",
            signer_dn(demand.certificate),
            f"le certificat ORG_SIGN d'une organisation en mode {demand.vihf.mode}",
            Text(
                "Le certificat ayant signé le VIHF est invalide : c'est celui d'une carte",
                "The certificate that signed the VIHF is invalid: it is that of a card",
            ),
        )


@SIGNATURE.rule("VIHF-CERT-TRUST")
def certificate_trust(demand: Demand) -> Iterator[Breach]:
    """Issued by an authority of the platform."""
    if demand.certificate is None or demand.trust is None:
        return
    if not demand.trust.issued(demand.certificate):
        yield Breach(
            "ds:X509Certificate",
            f"émis par {demand.certificate.issuer.rfc4514_string()}",
            "une autorité reconnue de la plateforme",
        )


@SIGNATURE.rule("VIHF-CERT-DATES")
def certificate_dates(demand: Demand) -> Iterator[Breach]:
    """Within its dates at the session's clock."""
    certificate = demand.certificate
    if certificate is not None and not in_dates(certificate, demand.now):
        yield Breach(
            "ds:X509Certificate",
            f"valide du {certificate.not_valid_before_utc:%Y-%m-%d} au {certificate.not_valid_after_utc:%Y-%m-%d}",
            f"un certificat valide le {demand.now:%Y-%m-%d}",
        )


@SIGNATURE.rule("VIHF-CERT-REVOKED")
def certificate_revoked(demand: Demand) -> Iterator[Breach]:
    """Not on the authority's revocation list, at the session's clock."""
    if demand.certificate is None or demand.trust is None:
        return
    if demand.trust.revoked(demand.certificate, demand.now):
        yield Breach(
            "ds:X509Certificate", f"révoqué : {signer_dn(demand.certificate)}", "un certificat non révoqué"
        )


@SIGNATURE.rule("VIHF-CRL-DATES")
def list_in_dates(demand: Demand) -> Iterator[Breach]:
    """The authority's revocation list is not older than its next update, at the session's clock."""
    if demand.certificate is None or demand.trust is None:
        return
    end = demand.trust.stale(demand.certificate, demand.now)
    if end is not None:
        yield Breach(
            "liste de révocation",
            f"à renouveler le {end:%Y-%m-%d}",
            f"une liste à jour le {demand.now:%Y-%m-%d}",
        )


@SIGNATURE.rule("VIHF-ISSUER")
def issuer(demand: Demand) -> Iterator[Breach]:
    """Issuer is the subject of the signing certificate, in RFC 2253 order."""
    if demand.certificate is None:
        return
    wanted = signer_dn(demand.certificate)
    if not same_dn(demand.vihf.issuer, wanted):
        yield Breach("saml:Issuer", demand.vihf.issuer, wanted)


def _verify(demand: Demand) -> None:
    """The certificate's own dates are a rule apart, so they must not stop the verification."""
    assert demand.assertion is not None  # noqa: S101 - by construction
    at = demand.now
    try:
        verified = verify_enveloped(demand.assertion, at=at)
    except SignatureRefused as problem:
        if problem.code != "SIG-VALIDITY":
            raise
        verified = verify_enveloped(demand.assertion, at=_inside(demand) or at)
    demand.told = read_vihf(verified.element)
    demand.certificate = verified.certificate
    demand.uses_sha1 = verified.uses_sha1
    demand.signed = True


def _inside(demand: Demand) -> datetime | None:
    """A moment at which the certificate of the signature is valid."""
    assert demand.assertion is not None  # noqa: S101 - by construction
    encoded = safexml.value(demand.assertion, "ds:Signature/ds:KeyInfo/ds:X509Data/ds:X509Certificate")
    try:
        certificate = certificate_of(b64decode("".join(encoded.split())))
    except ValueError:
        return None
    return certificate.not_valid_before_utc + timedelta(seconds=1)


def _has_signature(demand: Demand) -> bool:
    return demand.assertion is not None and bool(safexml.xpath(demand.assertion, ".//ds:Signature"))
