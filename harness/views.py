"""Decoded views of a frame for a reader: the TLS connection, the attributes of the VIHF.

They explain the bytes, they are never judged. Secrets are masked by the caller's Masker; a private key is
never here.
"""

from __future__ import annotations

from typing import Any

from cryptography.hazmat.primitives import hashes

from harness.checks.judged import Declared, Judged
from harness.checks.xpath import attribute, nodes, string, strings
from harness.masking import Masker
from protocol import safexml
from protocol.exchange import Exchange
from protocol.transactions import Transaction
from protocol.x509read import certificate_of

_NUMBER = "LPS_ID_HOMOLOGATION_DMP"


def tls(exchange: Exchange) -> dict[str, Any]:
    """Version, suite, subject and fingerprint of the client certificate; empty without TLS."""
    if exchange.tls is None:
        return {}
    view: dict[str, Any] = {"version": exchange.tls.version, "cipher": exchange.tls.cipher}
    if exchange.tls.certificate:
        try:
            certificate = certificate_of(exchange.tls.certificate)
        except ValueError as problem:
            return {**view, "unreadable": str(problem)}
        view |= {
            "subject": certificate.subject.rfc4514_string(),
            "issuer": certificate.issuer.rfc4514_string(),
            "serial": format(certificate.serial_number, "x"),
            "not_after": certificate.not_valid_after_utc.isoformat(),
            "sha256": certificate.fingerprint(hashes.SHA256()).hex(),
        }
    return view


def vihf(exchange: Exchange, transaction: Transaction, masker: Masker) -> dict[str, Any]:
    """Attributes of the assertion of the request, the number masked; empty when there isn't exactly one."""
    judged = Judged(exchange, "request", transaction, Declared())
    assertion = judged.assertion
    if assertion is None:
        return {}
    values = {
        attribute(item, "Name"): [_value(one) for one in nodes(item, "saml:AttributeValue")]
        for item in nodes(assertion, "saml:AttributeStatement/saml:Attribute")
    }
    if _NUMBER in values:
        values[_NUMBER] = [masker.shown()]
    return {
        "id": attribute(assertion, "ID"),
        "issue_instant": attribute(assertion, "IssueInstant"),
        "issuer": string(assertion, "saml:Issuer"),
        "name_id": string(assertion, "saml:Subject/saml:NameID"),
        "authn_context": strings(assertion, "saml:AuthnStatement/saml:AuthnContext/*"),
        "signed": bool(nodes(assertion, "ds:Signature")),
        "attributes": values,
    }


def _value(element: Any) -> str:
    coded = nodes(element, "*[@code]")
    if coded:
        return " ".join(
            filter(None, (attribute(coded[0], name) for name in ("code", "codeSystem", "displayName")))
        )
    return safexml.text(element)
