"""The VIHF as it was received: every attribute, its validity, its signature and who signed it.

Read leniently, so that a wrong assertion can be looked at too. Whether the signature holds is the mock's to say.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterator
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from lxml import etree

from mock_dmp.ui.blocks import Block, Row, Table, row, table
from mock_dmp.ui.certificates import rows as certificate_rows
from mock_dmp.ui.masking import MASK, is_number
from protocol import safexml
from protocol.errors import NO_TEXT, Text
from protocol.soap import SoapMessage
from protocol.x509read import certificate_of

_TITLE = Text("VIHF (jeton d'authentification)", "VIHF (authentication token)")
_MOST = 4


def blocks(message: SoapMessage, at: datetime) -> Iterator[Block]:
    """Each assertion; `at` is when the message came, by the clock of the session."""
    found = message.envelope.assertions
    if not found:
        yield Block(_TITLE, problem=Text("aucune assertion dans l'en-tête", "no assertion in the header"))
    for assertion in found[:_MOST]:
        yield Block(_TITLE, tuple(_rows(assertion, at)), (_attributes(assertion),))
        yield _signature(assertion, at)


def _rows(assertion: etree._Element, at: datetime) -> Iterator[Row]:
    value = safexml.value
    issuer = value(assertion, "saml:Issuer")
    before, after = (value(assertion, f"saml:Conditions/@{name}") for name in ("NotBefore", "NotOnOrAfter"))
    yield row("Identifiant", "ID", assertion.get("ID", ""), f"SAML {assertion.get('Version', '')}")
    yield row("Émetteur", "Issuer", issuer, value(assertion, "saml:Issuer/@Format"))
    yield row("Utilisateur", "User", value(assertion, "saml:Subject/saml:NameID"))
    yield row("Émis le", "Issued", assertion.get("IssueInstant", ""))
    yield row("Authentifié le", "Authenticated", value(assertion, "saml:AuthnStatement/@AuthnInstant"))
    yield row(
        "Moyen d'authentification",
        "Authentication means",
        value(assertion, "saml:AuthnStatement/saml:AuthnContext/saml:AuthnContextClassRef"),
    )
    yield row("Valable du", "Valid from", before)
    yield row("Valable jusqu'au", "Valid until", after, _in_force(before, after, at))


def _in_force(before: str, after: str, at: datetime) -> Text:
    """Whether it was valid when it came; nothing when its dates can't be compared."""
    try:
        begin, end = (datetime.fromisoformat(one) if one else at for one in (before, after))
        return NO_TEXT if begin <= at <= end else Text("hors de ses dates", "outside of its dates")
    except (ValueError, TypeError):  # shown as they are written
        return NO_TEXT


def _attributes(assertion: etree._Element) -> Table:
    rows = []
    for attribute in safexml.xpath(assertion, "saml:AttributeStatement/saml:Attribute"):
        name = attribute.get("Name") or ""
        values = [_value(one) for one in safexml.xpath(attribute, "saml:AttributeValue")]
        rows.append((name, MASK if is_number(name) and any(values) else "\n".join(values)))
    return table(
        Text("Attributs du VIHF", "Attributes of the VIHF"),
        (Text("Attribut", "Attribute"), Text("Valeur", "Value")),
        rows,
    )


def _value(node: etree._Element) -> str:
    """Text of a value, or its code, system and label."""
    child = next((one for one in node if isinstance(one.tag, str)), None)
    if child is None or not child.get("code"):
        return safexml.text(node)
    return " · ".join(filter(None, (child.get(name) for name in ("code", "codeSystem", "displayName"))))


def _signature(assertion: etree._Element, at: datetime) -> Block:
    title = Text("Signature du VIHF", "Signature of the VIHF")
    signatures = safexml.xpath(assertion, "ds:Signature")
    if not signatures:
        return Block(title, problem=Text("le VIHF n'est pas signé", "the VIHF is not signed"))
    signature = signatures[0]
    shown = [
        row(
            "Algorithme", "Algorithm", safexml.value(signature, "ds:SignedInfo/ds:SignatureMethod/@Algorithm")
        ),
        row(
            "Condensat",
            "Digest",
            safexml.value(signature, "ds:SignedInfo/ds:Reference/ds:DigestMethod/@Algorithm"),
        ),
        row("Porte sur", "Covers", safexml.value(signature, "ds:SignedInfo/ds:Reference/@URI")),
    ]
    certificates = safexml.xpath(signature, "ds:KeyInfo/ds:X509Data/ds:X509Certificate")
    for encoded in certificates[:_MOST]:
        try:
            der = binascii.a2b_base64("".join(safexml.text(encoded).split()).encode("ascii", "replace"))
            shown += certificate_rows(certificate_of(der), at)
        except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion) as problem:
            shown.append(row("Certificat illisible", "Unreadable certificate", str(problem)))
    if not certificates:
        shown.append(row("Certificat", "Certificate", ""))
    return Block(title, tuple(shown))
