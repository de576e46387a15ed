"""A VIHF made by hand for clients that are not ours: the assertion of docs/examples/lps, signed by signxml."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from string import Template
from typing import Any

from lxml import etree
from signxml import DigestAlgorithm, SignatureMethod, XMLSigner, methods

MESSAGE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "lps" / "TD0.2.xml"
WSSE = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd}"
SAML = "{urn:oasis:names:tc:SAML:2.0:assertion}"
#: What the assertion of a card says where that of the establishment says something else.
CARD = {
    "1990000010": "499990000111001",
    "SA01^1.2.250.1.71.4.2.4": "SA07^1.2.250.1.71.4.2.4",
    "INDIRECTE": "DIRECTE",
    "CAMILLE EPREUVE": "CLAUDE ESSAI",
    "899990000137": "899990000111",
    "urn:oasis:names:tc:SAML:2.0:ac:classes:Password": "urn:oasis:names:tc:SAML:2.0:ac:classes:SmartcardPKI",
    "SM04": "SM26",
    "Cardiologie": "Qualification en médecine générale",
    "CN=HOPITAL FICTIF DES ESSAIS - TEST,OU=1990000010,O=HOPITAL FICTIF DES ESSAIS,ST=Test (00),C=FR": (
        "2.5.4.4=ESSAI+2.5.4.42=CLAUDE+CN=899990000111,OU=499990000111001,O=DMPCOMPAT TEST,C=FR"
    ),
}  # fmt: skip


def message(wanted: Mapping[str, Any]) -> etree._Element:
    """The example's message with what is wanted in it, not signed."""
    now = datetime.now(UTC)
    values = {name: str(uuid.uuid4()) for name in ("message", "assertion", "query")} | {
        "patient": wanted["patient"]["ins"], "number": "TEST-OK-1", "stamp": f"{now:%Y%m%d%H%M%S}",
        "software": wanted["software"]["name"], "version": wanted["software"]["version"],
        "now": f"{now:%Y-%m-%dT%H:%M:%SZ}", "end": f"{now + timedelta(minutes=5):%Y-%m-%dT%H:%M:%SZ}",
    }  # fmt: skip
    root = etree.parse(MESSAGE, etree.XMLParser(remove_blank_text=True)).getroot()
    swap = CARD if wanted["actor"]["mode"] == "DIRECTE" else {}
    for node in root.iter(etree.Element):
        if node.text:
            node.text = Template(swap.get(node.text, node.text)).substitute(values)
        for name, text in node.items():
            node.set(name, Template(swap.get(text, text)).substitute(values))
    return root


def security(wanted: Mapping[str, Any], pki: Path) -> etree._Element:
    """The wsse:Security header, its assertion signed with the certificate that the step names."""
    header = message(wanted).find(f".//{WSSE}Security")
    assert header is not None
    assertion = header.find(f"{SAML}Assertion")
    assert assertion is not None
    signer = XMLSigner(
        methods.enveloped,
        SignatureMethod.RSA_SHA256,
        DigestAlgorithm.SHA256,
        "http://www.w3.org/2001/10/xml-exc-c14n#",
    )
    stem = wanted["actor"]["sign"]
    key, certificate = (pki / f"{stem}.key").read_bytes(), (pki / f"{stem}.pem").read_bytes()
    signed = signer.sign(
        assertion, key=key, cert=certificate, reference_uri=assertion.get("ID"), id_attribute="ID"
    )
    header.replace(assertion, signed)
    return header
