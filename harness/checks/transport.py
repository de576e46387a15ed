"""Rules of the connection and of HTTP: TLS, suite, client certificate, method, media type, status.

The observer of the connection is whoever captured the exchange; without TLS facts these rules are vacuous.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from functools import lru_cache

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from harness.checks.judged import Judged
from harness.checks.rule import ANY, Finding, check, failed, passed, verdict
from protocol import facts
from protocol.errors import Text
from protocol.x509read import certificate_of

TLS = "A-TLS"
HTTP = "HTTP"
WIRE = "TLS du canal LPS : version 1.2, quatre suites (juillet 2025)"


@check(
    "TLS-VERSION",
    on=ANY,
    side="connection",
    group=TLS,
    clause=WIRE,
    title=Text("La connexion est en TLS 1.2", "The connection is TLS 1.2"),
    mend=Text("configurer le client en TLS 1.2", "configure the client for TLS 1.2"),
)
def tls_version(view: Judged) -> Iterator[Finding]:
    if view.exchange.tls is not None:
        version = view.exchange.tls.version
        yield verdict(version == "TLSv1.2", "request:tls", version, "TLSv1.2")


@check(
    "TLS-SUITE",
    on=ANY,
    side="connection",
    group=TLS,
    clause=WIRE,
    title=Text("La suite cryptographique est l'une de celles du DMP", "The cipher suite is one of the DMP's"),
    mend=Text("proposer l'une des suites documentées", "offer one of the documented suites"),
)
def tls_suite(view: Judged) -> Iterator[Finding]:
    if view.exchange.tls is not None:
        cipher = view.exchange.tls.cipher
        yield verdict(cipher in facts.TLS_SUITES, "request:tls", cipher, " | ".join(facts.TLS_SUITES))


@check(
    "TLS-CLIENT-CERTIFICATE",
    on=ANY,
    side="connection",
    group=TLS,
    clause="authentification mutuelle dans tous les modes",
    title=Text("Le client présente un certificat", "The client sends a certificate"),
    mend=Text(
        "présenter le certificat d'authentification (carte ou ORG_AUTH_CLI)",
        "send the authentication certificate (card or ORG_AUTH_CLI)",
    ),
    requirements=("EX_GEN-1450",),
)
def tls_client_certificate(view: Judged) -> Iterator[Finding]:
    if view.exchange.tls is not None:
        size = len(view.exchange.tls.certificate)
        yield verdict(size > 0, "request:tls", f"{size} o / B" if size else "", "X.509")


@check(
    "TLS-CERTIFICATE-KIND",
    on=ANY,
    side="connection",
    group=TLS,
    clause="certificat d'authentification pour TLS, certificat de signature pour le VIHF",
    title=Text(
        "Le certificat client est un certificat d'authentification",
        "The client certificate is an authentication certificate",
    ),
    mend=Text(
        "ne pas présenter le certificat de signature en TLS", "do not use the signature certificate for TLS"
    ),
    confidence="B",
)
def tls_certificate_kind(view: Judged) -> Iterator[Finding]:
    certificate = client_certificate(view)
    if certificate is not None:
        found = usages(certificate)
        good = "digitalSignature" in found and ("clientAuth" in found or not extended(certificate))
        yield verdict(good, "request:tls", ", ".join(found), "digitalSignature, clientAuth")


@check(
    "TLS-CERTIFICATE-DATES",
    on=ANY,
    side="connection",
    group=TLS,
    clause="certificat en cours de validité",
    title=Text("Le certificat client est en cours de validité", "The client certificate is within its dates"),
    mend=Text("renouveler le certificat", "renew the certificate"),
    requirements=("EX_AIR-080",),
)
def tls_certificate_dates(view: Judged) -> Iterator[Finding]:
    certificate = client_certificate(view)
    if certificate is not None:
        yield within_dates(certificate, view, "request:tls")


@check(
    "HTTP-METHOD",
    on=ANY,
    side="request",
    group=HTTP,
    clause="ITI TF-2 appendice V ; SOAP 1.2 partie 2 §7",
    title=Text("La requête est un POST", "The request is a POST"),
    mend=Text("envoyer les requêtes SOAP par POST", "send SOAP requests by POST"),
)
def http_method(view: Judged) -> Iterator[Finding]:
    method = view.exchange.request.method
    yield verdict(method == "POST", "request:", method, "POST")


@check(
    "HTTP-PATH",
    on=ANY,
    side="request",
    group=HTTP,
    clause="chemins de service sous /si-dmp-server/",
    title=Text(
        "Le chemin est celui du service de la transaction", "The path is the one of the transaction's service"
    ),
    mend=Text("utiliser l'URL du service documentée", "use the documented address of the service"),
)
def http_path(view: Judged) -> Iterator[Finding]:
    service = view.transaction.service
    if service:
        path = view.exchange.request.target.split("?")[0].rstrip("/")
        yield verdict(path.endswith(f"/services/{service}"), "request:", path, f"…/services/{service}")


@check(
    "HTTP-MEDIA",
    on=ANY,
    side="both",
    group=HTTP,
    clause="SOAP 1.2 partie 2 §7 ; XOP §4",
    title=Text(
        "Le Content-Type est celui d'un message SOAP 1.2", "The Content-Type is that of a SOAP 1.2 message"
    ),
    mend=Text(
        "application/soap+xml, ou multipart/related de type application/xop+xml",
        "application/soap+xml, or multipart/related of type application/xop+xml",
    ),
)
def http_media(view: Judged) -> Iterator[Finding]:
    if view.refused_below_soap:
        return
    expected = "application/soap+xml | multipart/related; type=application/xop+xml"
    good = view.media == "application/soap+xml" or (
        view.multipart and view.parameters.get("type", "").lower() == "application/xop+xml"
    )
    yield verdict(good, f"{view.side}:Content-Type", view.header("Content-Type"), expected)


@check(
    "HTTP-STATUS",
    on=ANY,
    side="response",
    group=HTTP,
    clause="SOAP 1.2 partie 2 §7.5.2",
    title=Text(
        "Une réponse métier arrive en HTTP 200, une faute en 400 ou 500",
        "A business answer comes with HTTP 200, a fault with 400 or 500",
    ),
    mend=Text(
        "200 pour une réponse métier, 400 ou 500 pour une faute",
        "200 for a business answer, 400 or 500 for a fault",
    ),
)
def http_status(view: Judged) -> Iterator[Finding]:
    answer = view.exchange.response
    if answer is not None and view.root is not None and not view.refused_below_soap:
        allowed = (200,) if view.fault is None else (400, 500)
        yield verdict(
            answer.status in allowed, "response:status", str(answer.status), " | ".join(map(str, allowed))
        )


@check(
    "HTTP-NO-PRODUCTION",
    on=ANY,
    side="request",
    group=HTTP,
    clause="aucun hôte réel dans un essai",
    title=Text("L'hôte appelé n'est pas un hôte réel du DMP", "The host is not a real host of the DMP"),
    mend=Text("viser le bouchon ou l'hôte d'essai déclaré", "aim at the mock or at the declared test host"),
    requirements=("EX_GEN-1430",),
    confidence="C",
    default="warning",
)
def http_no_production(view: Judged) -> Iterator[Finding]:
    host = view.header("Host").split(":")[0].lower()
    if host:
        yield verdict(not host.endswith("dmp.gouv.fr"), "request:Host", host, "≠ *.dmp.gouv.fr")


def client_certificate(view: Judged) -> x509.Certificate | None:
    """The certificate of the connection, None when there is none or it isn't readable."""
    der = view.exchange.tls.certificate if view.exchange.tls else b""
    return read_certificate(der) if der else None


@lru_cache(maxsize=64)
def read_certificate(der: bytes) -> x509.Certificate | None:
    try:
        return certificate_of(der)
    except ValueError:
        return None


def usages(certificate: x509.Certificate) -> list[str]:
    """Names of the key usages and extended usages that matter here."""
    found: list[str] = []
    for extension in certificate.extensions:
        value = extension.value
        if isinstance(value, x509.KeyUsage):
            found += ["digitalSignature"] if value.digital_signature else []
            found += ["nonRepudiation"] if value.content_commitment else []
        if isinstance(value, x509.ExtendedKeyUsage):
            found += ["clientAuth"] if ExtendedKeyUsageOID.CLIENT_AUTH in value else []
            found += ["serverAuth"] if ExtendedKeyUsageOID.SERVER_AUTH in value else []
            found += ["emailProtection"] if ExtendedKeyUsageOID.EMAIL_PROTECTION in value else []
    return found


def extended(certificate: x509.Certificate) -> bool:
    """Whether the certificate limits its extended usages at all."""
    return any(extension.oid == ExtensionOID.EXTENDED_KEY_USAGE for extension in certificate.extensions)


def within_dates(certificate: x509.Certificate, view: Judged, where: str) -> Finding:
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    moment = view.now if view.now.tzinfo else view.now.replace(tzinfo=UTC)
    expected = f"{start:%Y-%m-%dT%H:%M:%SZ} … {end:%Y-%m-%dT%H:%M:%SZ}"
    if start <= moment <= end:
        return passed(where, expected)
    return failed(where, f"{moment:%Y-%m-%dT%H:%M:%SZ}", expected)
