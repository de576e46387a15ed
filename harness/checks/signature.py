"""Rules of the VIHF's signature, verified here from its definition: C14N by lxml, RSA by cryptography.

No XML signature library is used, so that this verdict and the mock's are independent. Trust in the authority and
revocation aren't judged: a bundle judged later has no list of that day.
"""

from __future__ import annotations

from collections.abc import Iterator

from cryptography import x509
from lxml import etree

from harness.checks.judged import Judged, once_a_view
from harness.checks.rule import ANY, Finding, check, failed, verdict
from harness.checks.transport import client_certificate, extended, usages, within_dates
from harness.checks.xmldsig import (
    ALGORITHMS,
    ENVELOPED,
    VERIFIED,
    Reference,
    agreed,
    read_references,
    signature_holds,
    signer,
)
from harness.checks.xpath import attribute, first, nodes, string
from protocol import facts
from protocol.errors import Text

VIHF = "A-VIHF"
CLAUSE = "VIHF, signature ; XML Signature Core"


@once_a_view
def _signature(view: Judged) -> etree._Element | None:
    return None if view.assertion is None else first(view.assertion, "ds:Signature")


@check(
    "SIG-PRESENT",
    on=ANY,
    side="request",
    group=VIHF,
    clause="VIHF, éléments SAML : obligatoire en indirect et en AIR ; en direct, des exemples publics en sont privés",
    title=Text("Le VIHF est signé", "The VIHF is signed"),
    confidence="B",
    mend=Text("signer l'assertion (ORG_SIGN ou certificat de signature de la carte)", "sign the assertion"),
)
def present(view: Judged) -> Iterator[Finding]:
    if view.assertion is not None:
        count = len(nodes(view.assertion, "ds:Signature"))
        yield verdict(count == 1, view.at(view.assertion), f"{count} ds:Signature", "1")


@check(
    "SIG-REFERENCE",
    on=ANY,
    side="request",
    group=VIHF,
    clause=CLAUSE,
    title=Text(
        "La signature couvre l'assertion qui la porte, et elle seule",
        "The signature covers the assertion that holds it, and nothing else",
    ),
    mend=Text(
        "une Reference vers #ID, transformations enveloped-signature et exc-c14n",
        "one Reference to #ID, transforms enveloped-signature and exc-c14n",
    ),
)
def reference(view: Judged) -> Iterator[Finding]:
    signature = _signature(view)
    if signature is None or view.assertion is None:
        return
    found = read_references(signature)
    where = view.at(signature) + "/ds:SignedInfo"
    identifier = attribute(view.assertion, "ID")
    yield verdict(
        [item.uri for item in found] == [f"#{identifier}"],
        where,
        " | ".join(item.uri for item in found),
        f"#{identifier}",
    )
    holders = view.nodes("descendant::*[@ID]")
    twins = [item for item in holders if attribute(item, "ID") == identifier]
    yield verdict(len(twins) == 1, where, f"{len(twins)} × ID={identifier}", "1")
    for item in found:
        good = set(item.transforms) <= {ENVELOPED, facts.EXC_C14N} and ENVELOPED in item.transforms
        yield verdict(good, where, " | ".join(item.transforms), f"{ENVELOPED} | {facts.EXC_C14N}")


@check(
    "SIG-DIGEST",
    on=ANY,
    side="request",
    group=VIHF,
    clause=CLAUSE,
    title=Text(
        "L'empreinte signée est celle de l'assertion reçue", "The signed digest is that of the assertion"
    ),
    mend=Text(
        "ne plus toucher à l'assertion après signature", "do not touch the assertion once it is signed"
    ),
)
def digest(view: Judged) -> Iterator[Finding]:
    signature = _signature(view)
    if signature is None or view.assertion is None:
        return
    for item in _own_references(view):
        yield _digest_of(view, signature, view.assertion, item)


@once_a_view
def _own_references(view: Judged) -> tuple[Reference, ...]:
    """Those that lead to the assertion."""
    signature = _signature(view)
    if signature is None or view.assertion is None:
        return ()
    named = f"#{attribute(view.assertion, 'ID')}"
    return tuple(item for item in read_references(signature) if item.uri == named)


def _digest_of(
    view: Judged, signature: etree._Element, assertion: etree._Element, item: Reference
) -> Finding:
    where = view.at(signature) + "/ds:SignedInfo/ds:Reference/ds:DigestValue"
    computed = _computed(view, assertion, item)
    if computed is None:
        return failed(where, item.digest_method, " | ".join(ALGORITHMS))
    return agreed(
        verdict(computed == item.digest, where, item.digest, computed),
        _holds(view, signature, assertion),
        view.opinion("VIHF", assertion, signer(signature), "ID"),
    )


def _computed(view: Judged, assertion: etree._Element, item: Reference) -> str | None:
    return view.kept(("VIHF", item), lambda: item.digest_of(assertion))


def _trouble(view: Judged, signature: etree._Element) -> str:
    return view.kept("VIHF", lambda: signature_holds(signature))


def _holds(view: Judged, signature: etree._Element, assertion: etree._Element) -> bool:
    """Whether the whole of it holds by our own code: its value, and the digest of the assertion."""
    named = _own_references(view)
    return (
        not _trouble(view, signature)
        and bool(named)
        and all(_computed(view, assertion, item) == item.digest for item in named)
    )


@check(
    "SIG-VALUE",
    on=ANY,
    side="request",
    group=VIHF,
    clause=CLAUSE,
    title=Text("La valeur de signature se vérifie avec le certificat joint", "The signature value verifies"),
    mend=Text("signer SignedInfo canonisé avec la clé du certificat joint", "sign the canonical SignedInfo"),
)
def value(view: Judged) -> Iterator[Finding]:
    signature = _signature(view)
    if signature is not None and view.assertion is not None:
        where, trouble = view.at(signature) + "/ds:SignatureValue", _trouble(view, signature)
        yield agreed(
            verdict(not trouble, where, trouble or VERIFIED, VERIFIED),
            _holds(view, signature, view.assertion),
            view.opinion("VIHF", view.assertion, signer(signature), "ID"),
        )


@check(
    "SIG-CERTIFICATE-KIND",
    on=ANY,
    side="request",
    group=VIHF,
    clause="certificat de signature de la carte ou ORG_SIGN",
    title=Text(
        "Le VIHF est signé avec un certificat de signature", "The VIHF is signed with a signature certificate"
    ),
    mend=Text(
        "signer avec le certificat de signature, pas avec celui d'authentification",
        "sign with the signature certificate, not with the authentication one",
    ),
)
def certificate_kind(view: Judged) -> Iterator[Finding]:
    certificate = _signer(view)
    if certificate is not None:
        found = usages(certificate)
        signs = "nonRepudiation" in found or ("digitalSignature" in found and not extended(certificate))
        good = signs and "clientAuth" not in found and "serverAuth" not in found
        yield verdict(good, "request:ds:X509Certificate", ", ".join(found), "nonRepudiation, ≠ clientAuth")


@check(
    "SIG-CERTIFICATE-DATES",
    on=ANY,
    side="request",
    group=VIHF,
    clause="certificat en cours de validité",
    title=Text(
        "Le certificat du signataire est en cours de validité", "The signer's certificate is within its dates"
    ),
    mend=Text("renouveler le certificat", "renew the certificate"),
)
def certificate_dates(view: Judged) -> Iterator[Finding]:
    certificate = _signer(view)
    if certificate is not None:
        yield within_dates(certificate, view, "request:ds:X509Certificate")


@check(
    "SIG-ISSUER",
    on=ANY,
    side="request",
    group=VIHF,
    clause="VIHF, éléments SAML : Issuer = nom du sujet du certificat signataire, ordre RFC 2253",
    title=Text("Issuer est le nom du signataire", "Issuer is the name of the signer"),
    mend=Text(
        "recopier le DN du certificat de signature (ST= et non S=)", "copy the DN of the signing certificate"
    ),
)
def issuer(view: Judged) -> Iterator[Finding]:
    certificate = _signer(view)
    if certificate is not None and view.assertion is not None:
        found = string(view.assertion, "saml:Issuer")
        expected = certificate.subject.rfc4514_string()
        yield verdict(
            _same_name(found, certificate.subject), view.at(view.assertion) + "/saml:Issuer", found, expected
        )


@check(
    "SIG-ALGORITHM",
    on=ANY,
    side="request",
    group=VIHF,
    clause="VIHF, signature : SHA-1 toléré, SHA-256 attendu",
    title=Text("La signature n'emploie pas SHA-1", "The signature does not use SHA-1"),
    mend=Text("passer à RSA-SHA256", "move to RSA-SHA256"),
    confidence="B",
    default="warning",
)
def algorithm(view: Judged) -> Iterator[Finding]:
    signature = _signature(view)
    if signature is not None:
        used = [attribute(item, "Algorithm") for item in nodes(signature, "ds:SignedInfo//*[@Algorithm]")]
        weak = [name for name in used if name.endswith("sha1")]
        yield verdict(not weak, view.at(signature) + "/ds:SignedInfo", " | ".join(weak), "SHA-256")


@check(
    "SIG-STRUCTURE",
    on=ANY,
    side="request",
    group=VIHF,
    clause="indirect : OU du certificat = structure, ou son entité juridique",
    title=Text(
        "En mode indirect, la structure du VIHF est celle des certificats",
        "In indirect modes, the structure of the VIHF is that of the certificates",
    ),
    mend=Text(
        "employer les certificats de la structure déclarée", "use the certificates of the declared structure"
    ),
    confidence="B",
    default="warning",
)
def structure(view: Judged) -> Iterator[Finding]:
    certificate = _signer(view)
    if certificate is None or not view.vihf("Authentification_mode").startswith("INDIRECTE"):
        return
    said = view.vihf("Identifiant_Structure")
    units = _units(certificate)
    yield verdict(said in units, "request:Identifiant_Structure", said, " | ".join(units))
    peer = client_certificate(view)
    if peer is not None:
        yield verdict(
            bool(set(units) & set(_units(peer))), "request:tls", " | ".join(_units(peer)), " | ".join(units)
        )


def _signer(view: Judged) -> x509.Certificate | None:
    signature = _signature(view)
    return None if signature is None else signer(signature)


def _units(certificate: x509.Certificate) -> list[str]:
    found = certificate.subject.get_attributes_for_oid(x509.NameOID.ORGANIZATIONAL_UNIT_NAME)
    return [str(item.value) for item in found]


def _same_name(text: str, subject: x509.Name) -> bool:
    """Whether a text is that name: RDNs in RFC 2253 order, spaces and order inside a multi-valued RDN left free."""
    try:
        said = x509.Name.from_rfc4514_string(
            text.replace(", ", ","), {"SN": x509.NameOID.SURNAME, "GN": x509.NameOID.GIVEN_NAME}
        )
    except ValueError:
        return False
    return [_pairs(item) for item in said.rdns] == [_pairs(item) for item in subject.rdns]


def _pairs(rdn: x509.RelativeDistinguishedName) -> set[tuple[str, str]]:
    return {(item.oid.dotted_string, str(item.value)) for item in rdn}
