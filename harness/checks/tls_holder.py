"""Rules on whose certificate the connection shows, against what the VIHF says of user and structure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cryptography import x509
from cryptography.x509.oid import NameOID

from harness.checks.judged import Judged
from harness.checks.rule import ANY, Finding, check, verdict
from harness.checks.transport import TLS, client_certificate
from harness.checks.xpath import string
from protocol.errors import Text

_DIRECT: Final = "DIRECTE"


def _said(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> list[str]:
    return [str(one.value) for one in certificate.subject.get_attributes_for_oid(oid)]


@check(
    "TLS-HOLDER",
    on=ANY,
    side="connection",
    group=TLS,
    clause="authentification directe : la connexion montre le certificat de la carte de l'utilisateur",
    title=Text(
        "En mode direct, le certificat de la connexion est celui de l'utilisateur",
        "In direct mode, the certificate of the connection is the user's",
    ),
    mend=Text(
        "présenter le certificat d'authentification de la carte lue",
        "send the authentication certificate of the card that was read",
    ),
    confidence="C",
    default="warning",
)
def holder(view: Judged) -> Iterator[Finding]:
    """Said of unsigned assertions too, which VIHF-HOLDER can't judge."""
    certificate = client_certificate(view)
    if certificate is None or view.assertion is None or view.vihf("Authentification_mode") != _DIRECT:
        return
    user = string(view.assertion, "saml:Subject/saml:NameID").strip()
    found = " ".join(_said(certificate, NameOID.COMMON_NAME))
    yield verdict(bool(user) and (user in found or found in user), "request:tls", found, user)


@check(
    "TLS-STRUCTURE",
    on=ANY,
    side="connection",
    group=TLS,
    clause="indirect et AIR : OU du certificat ORG_AUTH_CLI = structure, ou son entité juridique",
    title=Text(
        "En mode indirect, le certificat de la connexion est celui de la structure du VIHF",
        "In indirect modes, the certificate of the connection is that of the VIHF's structure",
    ),
    mend=Text(
        "présenter le certificat ORG_AUTH_CLI de la structure", "send the ORG_AUTH_CLI of the structure"
    ),
    requirements=("EX_GEN-1450",),
    confidence="B",
    default="warning",
)
def structure(view: Judged) -> Iterator[Finding]:
    certificate = client_certificate(view)
    mode = view.vihf("Authentification_mode")
    if certificate is not None and mode and mode != _DIRECT:
        units = _said(certificate, NameOID.ORGANIZATIONAL_UNIT_NAME)
        wanted = view.vihf("Identifiant_Structure")
        yield verdict(wanted in units, "request:tls", " | ".join(units), wanted)
