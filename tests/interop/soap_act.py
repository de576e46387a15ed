"""A generic SOAP library as the LPS: `zeep`, `node` (node-soap) or `cxf` sends, the VIHF is made by hand.

Told on standard input what `dmpcompat run --hook` tells; knows TD0.2 and TD3.1. PKI: the folder of certificates.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path
from typing import Any

import requests
import zeep
from lxml import etree

sys.path.insert(0, str(Path(__file__).resolve().parent))
import vihf

HERE = Path(__file__).resolve().parent
PKI = Path(os.environ["PKI"])
SENDER = "2.25.271828182845904523536028747135266249"
Tree = dict[str, Any]


def existence(ins: str, domain: str) -> Tree:
    """TD0.2; keys `@x` are attributes."""
    device = {"@classCode": "DEV", "@determinerCode": "INSTANCE"}
    identifier = {"value": {"@root": domain, "@extension": ins}, "semanticsText": "Patient.id"}
    query = {
        "queryId": {"@root": SENDER, "@extension": str(uuid.uuid4())},
        "statusCode": {"@code": "new"},
        "parameterList": {"patientIdentifier": identifier},
    }
    reason = {
        "@code": "TEST_EXST",
        "@codeSystem": "1.2.250.1.213.1.1.4.11",
        "@displayName": "Test d'existence de dossier",
    }
    return {
        "@ITSVersion": "XML_1.0",
        "id": {"@root": SENDER, "@extension": str(uuid.uuid4())},
        "creationTime": {"@value": "20260131083000"},
        "interactionId": {"@root": "2.16.840.1.113883.1.6", "@extension": "PRPA_IN201307UV02"},
        "processingCode": {"@code": "D"},
        "processingModeCode": {"@code": "T"},
        "acceptAckCode": {"@code": "AL"},
        "receiver": {"@typeCode": "RCV", "device": {**device, "id": {"@root": "1.2.250.1.213.4.1.1.1"}}},
        "sender": {"@typeCode": "SND", "device": {**device, "id": {"@root": SENDER}}},
        "controlActProcess": {
            "@classCode": "CACT", "@moodCode": "EVN", "reasonCode": reason, "queryByParameter": query
        },
    }  # fmt: skip


def search(ins: str, domain: str) -> Tree:
    """TD3.1, FindDocuments."""
    patient = f"'{ins}^^^&{domain}&ISO^NH'"
    approved = "('urn:oasis:names:tc:ebxml-regrep:StatusType:Approved')"
    return {
        "ResponseOption": {"@returnComposedObjects": "true", "@returnType": "LeafClass"},
        "AdhocQuery": {
            "@id": "urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d",
            "Slot": [
                {"@name": "$XDSDocumentEntryPatientId", "ValueList": {"Value": [patient]}},
                {"@name": "$XDSDocumentEntryStatus", "ValueList": {"Value": [approved]}},
            ],
        },
    }


CALLS = {"TD0.2": ("PRPA_IN201307UV02", existence), "TD3.1": ("AdhocQueryRequest", search)}


def by_zeep(wanted: Tree, operation: str, body: Tree, header: etree._Element) -> None:
    tls = wanted["actor"]["tls"]
    with requests.Session() as http:
        http.trust_env = False
        http.verify, http.cert = str(PKI / "ca.pem"), (str(PKI / f"{tls}.pem"), str(PKI / f"{tls}.key"))
        client = zeep.Client(wanted["url"] + "?wsdl", transport=zeep.Transport(session=http))
        client.service[operation](**plain(body), _soapheaders=[header])


def by_node(wanted: Tree, operation: str, body: Tree, header: etree._Element) -> None:
    tls = wanted["actor"]["tls"]
    action = (
        "urn:hl7-org:v3:PRPA_IN201307UV02"
        if wanted["transaction"] == "TD0.2"
        else "urn:ihe:iti:2007:RegistryStoredQuery"
    )
    wsa = "http://www.w3.org/2005/08/addressing"
    headers = [etree.Element(f"{{{wsa}}}{name}") for name in ("Action", "MessageID", "To")]
    for element, text in zip(headers, (action, f"urn:uuid:{uuid.uuid4()}", wanted["url"]), strict=True):
        element.text = text
    job = {
        "wsdl": wanted["url"] + "?wsdl",
        "operation": operation,
        "headers": [etree.tostring(one, encoding="unicode") for one in (*headers, header)],
        "args": attributed(body),
        "ca": str(PKI / "ca.pem"),
        "cert": str(PKI / f"{tls}.pem"),
        "key": str(PKI / f"{tls}.key"),
    }
    run([str(shutil.which("node")), str(HERE / "call.cjs")], json.dumps(job))


def by_cxf(wanted: Tree, operation: str, body: Tree, header: etree._Element) -> None:
    """Apache CXF is given the payload of the example as a tree: it has no model of HL7 v3 without generated classes."""
    payload = vihf.message(wanted).find("{http://www.w3.org/2003/05/soap-envelope}Body/*")
    with tempfile.TemporaryDirectory() as place:
        for name, element in (("WITNESS_VIHF", header), ("WITNESS_BODY", payload)):
            os.environ[name] = f"{place}/{name}.xml"
            Path(os.environ[name]).write_bytes(etree.tostring(element))
        jars = f"{os.environ['DMPCOMPAT_CXF']}/*"
        run([str(shutil.which("java")), "-cp", jars, str(HERE / "cxf" / "Existence.java")], "")


def run(words: list[str], told: str) -> None:
    done = subprocess.run(words, input=told, text=True, capture_output=True, timeout=120, check=False)
    print(done.stdout[-500:])
    if done.returncode:
        raise RuntimeError(done.stderr[-500:])


def plain(tree: Any) -> Any:
    """For zeep, attributes are fields like others."""
    if isinstance(tree, dict):
        return {name.lstrip("@"): plain(value) for name, value in tree.items()}
    return [plain(item) for item in tree] if isinstance(tree, list) else tree


def attributed(tree: Any) -> Any:
    """For node-soap, attributes are under a key of their own."""
    if isinstance(tree, dict):
        inner = {name: attributed(value) for name, value in tree.items() if not name.startswith("@")}
        attributes = {name[1:]: value for name, value in tree.items() if name.startswith("@")}
        return {**({"attributes": attributes} if attributes else {}), **inner}
    return [attributed(item) for item in tree] if isinstance(tree, list) else tree


def main() -> int:
    wanted = json.load(sys.stdin)
    if wanted["transaction"] not in CALLS:
        print(f"{wanted['transaction']}: this software can't do that", file=sys.stderr)
        return 1
    operation, make = CALLS[wanted["transaction"]]
    body = make(wanted["patient"]["ins"], wanted["patient"]["domain"])
    client = {"zeep": by_zeep, "node": by_node, "cxf": by_cxf}[sys.argv[1]]
    try:
        client(wanted, operation, body, vihf.security(wanted, PKI))
    except (
        zeep.exceptions.Fault,
        RuntimeError,
    ) as answer:  # it was sent: what came back is not the hook's matter
        print(f"answered: {str(answer)[:300]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
