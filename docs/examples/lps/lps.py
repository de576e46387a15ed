"""The smallest software that can be tested: asks the DMP whether a patient has a record (TD0.2).

`dmpcompat run … --hook` starts it at each step and tells it on standard input what is wanted. TD0.2.xml, beside it, is
the message with `$names` to fill. It needs lxml, signxml and requests; PKI names the folder of certificates.
"""

import json
import os
import sys
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from string import Template

import requests
from lxml import etree
from signxml import DigestAlgorithm, SignatureMethod, XMLSigner, methods

PKI = Path(os.environ.get("PKI", "pki"))
SAML = "{urn:oasis:names:tc:SAML:2.0:assertion}"

wanted = json.load(sys.stdin)
template = Path(__file__).with_name(f"{wanted['transaction']}.xml")
if not template.is_file():
    sys.exit(f"{wanted['transaction']}: not in this software")

now = datetime.now(UTC)
values = {name: str(uuid.uuid4()) for name in ("message", "assertion", "query")} | {
    "patient": wanted["patient"]["ins"], "software": wanted["software"]["name"],
    "version": wanted["software"]["version"], "number": os.environ["LPS_NUMBER"],
    "now": f"{now:%Y-%m-%dT%H:%M:%SZ}", "end": f"{now + timedelta(minutes=5):%Y-%m-%dT%H:%M:%SZ}",
    "stamp": f"{now:%Y%m%d%H%M%S}",
}  # fmt: skip
message = etree.parse(template, etree.XMLParser(remove_blank_text=True)).getroot()
for node in message.iter(etree.Element):
    node.text = Template(node.text).substitute(values) if node.text else None
    node.attrib.update({name: Template(text).substitute(values) for name, text in node.items()})

vihf = message.find(f".//{SAML}Assertion")
signer = XMLSigner(methods.enveloped, SignatureMethod.RSA_SHA256, DigestAlgorithm.SHA256,
                   c14n_algorithm="http://www.w3.org/2001/10/xml-exc-c14n#")  # fmt: skip
key, certificate = (PKI / "org-sign.key").read_bytes(), (PKI / "org-sign.pem").read_bytes()
signed = signer.sign(vihf, key=key, cert=certificate, reference_uri=vihf.get("ID"), id_attribute="ID")
vihf.getparent().replace(vihf, signed)

answer = requests.post(
    wanted["url"], etree.tostring(message, encoding="UTF-8", xml_declaration=True), timeout=30,
    headers={"Content-Type": "application/soap+xml; charset=UTF-8"},
    cert=(PKI / "org-auth-cli.pem", PKI / "org-auth-cli.key"), verify=PKI / "ca.pem",
)  # fmt: skip
print(f"HTTP {answer.status_code}")
