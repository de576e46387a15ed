"""A software of forty lines to test: it asks the DMP whether a patient has a record (TD0.2), with a VIHF that it signs.

`dmpcompat run … --hook "python lps.py"` starts it at each step, and tells it on standard input what is wanted.
TD0.2.xml, beside it, is the message, with `$names` to fill. It needs lxml, signxml and requests.
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

wanted = json.load(sys.stdin)
if wanted["wants"] != "frame":
    sys.exit()  # nothing is to be sent at this step
template = Path(__file__).with_name(f"{wanted['transaction']}.xml")
if not template.is_file():
    sys.exit(f"{wanted['transaction']}: this software can't do that")

now = datetime.now(UTC)
values = {name: str(uuid.uuid4()) for name in ("message", "assertion", "query")}
values |= {"patient": wanted["patient"]["ins"], "number": os.environ["LPS_NUMBER"]}
values |= {"software": wanted["software"]["name"], "version": wanted["software"]["version"]}
values |= {"now": f"{now:%Y-%m-%dT%H:%M:%SZ}", "end": f"{now + timedelta(minutes=5):%Y-%m-%dT%H:%M:%SZ}"}
values["stamp"] = f"{now:%Y%m%d%H%M%S}"

message = etree.parse(template, etree.XMLParser(remove_blank_text=True)).getroot()
for node in message.iter(etree.Element):
    node.text = Template(node.text).substitute(values) if node.text else None
    for name, text in node.items():
        node.set(name, Template(text).substitute(values))

vihf = message.find(".//{urn:oasis:names:tc:SAML:2.0:assertion}Assertion")
exclusive = "http://www.w3.org/2001/10/xml-exc-c14n#"
signer = XMLSigner(methods.enveloped, SignatureMethod.RSA_SHA256, DigestAlgorithm.SHA256, exclusive)
key, certificate = (PKI / "org-sign.key").read_bytes(), (PKI / "org-sign.pem").read_bytes()
signed = signer.sign(vihf, key=key, cert=certificate, reference_uri=vihf.get("ID"), id_attribute="ID")
vihf.getparent().replace(vihf, signed)

body = etree.tostring(message, encoding="UTF-8", xml_declaration=True)
kind = {"Content-Type": "application/soap+xml; charset=UTF-8"}
card = (PKI / "org-auth-cli.pem", PKI / "org-auth-cli.key")
answer = requests.post(wanted["url"], body, headers=kind, cert=card, verify=PKI / "ca.pem", timeout=30)
print(f"HTTP {answer.status_code}")
