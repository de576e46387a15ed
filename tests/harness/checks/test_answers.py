"""Each rule on answers passes on an answer written by hand and fails on the defect it is there for."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from harness.checks import api
from protocol.exchange import Exchange, Response
from protocol.transactions import load
from tests.harness.checks.opening import opening, whole

Make = Callable[..., Exchange]
Answered = Callable[..., Exchange]
Failing = Callable[..., set[str]]

RS = b"urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0"
STATUS = b"urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:"
SEVERITY = b"urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:Error"
UUID = b"urn:uuid:0f1e2d3c-4b5a-4697-8888-00000000000"

SUCCESS = b'<rs:RegistryResponse xmlns:rs="' + RS + b'" status="' + STATUS + b'Success"/>'
FAILURE = (
    b'<rs:RegistryResponse xmlns:rs="' + RS + b'" status="' + STATUS + b'Failure"><rs:RegistryErrorList '
    b'highestSeverity="'
    + SEVERITY
    + b'"><rs:RegistryError errorCode="XDSRepositoryError" codeContext="raison" '
    b'severity="' + SEVERITY + b'"/></rs:RegistryErrorList></rs:RegistryResponse>'
)
HABILITATION = (
    b'<h:setAuthorizationResponse xmlns:h="urn:si-dmp-habilitations"><h:output><h:status>DMPOk</h:status>'
    b"</h:output></h:setAuthorizationResponse>"
)
FAULT = (
    b"<soap:Fault><soap:Code><soap:Value>soap:Sender</soap:Value><soap:Subcode><soap:Value>soap:DMPInvalidCertificate"
    b'</soap:Value></soap:Subcode></soap:Code><soap:Reason><soap:Text xml:lang="fr">raison</soap:Text></soap:Reason>'
    b"</soap:Fault>"
)
ENTRY = (
    b'<r:ExtrinsicObject id="' + UUID + b'1" lid="' + UUID + b'1" mimeType="text/xml" '
    b'status="urn:oasis:names:tc:ebxml-regrep:StatusType:Approved" objectType="x">'
    + b"".join(
        b'<r:Slot name="' + name + b'"><r:ValueList><r:Value>' + value + b"</r:Value></r:ValueList></r:Slot>"
        for name, value in (
            (b"hash", b"1"),
            (b"size", b"1"),
            (b"repositoryUniqueId", b"1.2.250.1.213.4.1.1.1.2"),
            (b"creationTime", b"20261101101500"),
            (b"serviceStartTime", b"20261101101500"),
            (b"languageCode", b"fr-FR"),
            (b"sourcePatientId", b"1"),
        )
    )
    + b'<r:VersionInfo versionName="1"/>'
    + b"".join(
        b'<r:Classification id="' + UUID + b'2" classifiedObject="' + UUID + b'1" nodeRepresentation="a" '
        b'classificationScheme="urn:uuid:' + scheme + b'"/>'
        for scheme in (
            b"41a5887f-8865-4c09-adf7-e362475b143a",
            b"f0306f51-975f-434e-a61c-c59651d33983",
            b"a09d5840-386c-46f2-b5ad-9c3699a4309d",
            b"f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1",
            b"cccf5598-8b07-4b77-a05e-ae952c785ead",
            b"f4f85eac-e6cb-4883-b524-f2705394840f",
        )
    )
    + b"".join(
        b'<r:ExternalIdentifier id="' + UUID + b'3" registryObject="' + UUID + b'1" value="' + value + b'" '
        b'identificationScheme="urn:uuid:' + scheme + b'"/>'
        for value, scheme in (
            (
                b"280056399910181^^^&amp;1.2.250.1.213.1.4.10&amp;ISO^NH",
                b"58a6f841-87b3-4a3e-92fd-a8ffeff98427",
            ),
            (b"1.2.3.4.5", b"2e82c1f6-a085-4c72-9da3-8640a32e42ab"),
        )
    )
    + b"</r:ExtrinsicObject>"
)
QUERY = (
    b'<q:AdhocQueryResponse xmlns:q="urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0" '
    b'xmlns:r="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0" status="' + STATUS + b'Success" '
    b'totalResultCount="1"><r:RegistryObjectList>' + ENTRY + b"</r:RegistryObjectList></q:AdhocQueryResponse>"
)
EXISTENCE = (
    b"""<PRPA_IN201308UV02 xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 ITSVersion="XML_1.0"><id root="0f1e2d3c-4b5a-4697-8888-777777777777"/>"""
    + opening(b"PRPA_IN201308UV02")
    + b"""<attentionLine><keyWordText code="AUTORISATION" codeSystem="1.2.250.1.213.4.1.2.6.1"/>
<value xsi:type="CV" code="VALIDE"
 codeSystem="1.2.250.1.213.4.1.2.6.2"/></attentionLine>
<acknowledgement typeCode="AA"><targetMessage>%(echo)s</targetMessage></acknowledgement>
<controlActProcess><reasonCode code="TEST_EXST"/><subject><registrationEvent><statusCode code="completed"/>
<effectiveTime value="20261101101500"/><subject1><patient><id root="1.2.250.1.213.1.4.10" extension="%(ins)s"/>
<statusCode code="active"/><patientPerson><name><prefix>Mme</prefix><given>X</given><family qualifier="SP">Y</family>
</name><administrativeGenderCode code="F"/><birthTime value="19800514"/></patientPerson><subjectOf>
<administrativeObservation><code code="COMPTE_INTERNET_OUVERT" codeSystem="1.2.250.1.213.4.1.2.9"/>
<value xsi:type="BL" value="true"/></administrativeObservation></subjectOf></patient></subject1></registrationEvent>
</subject><queryAck>%(query)s<queryResponseCode code="OK"/>
</queryAck></controlActProcess></PRPA_IN201308UV02>"""
)
PARTS = b"""--b\r\nContent-Type: application/xop+xml; type="application/soap+xml"\r\nContent-ID: <r@x>\r
Content-Transfer-Encoding: binary\r\n\r\n%(root)s\r\n--b\r\nContent-Type: text/xml\r\nContent-ID: <d:1@x>\r
Content-Transfer-Encoding: binary\r\n\r\n%(document)s\r\n--b--\r\n"""
MULTIPART = (
    'multipart/related; boundary="b"; type="application/xop+xml"; '
    'start="<r@x>"; start-info="application/soap+xml"'
)
RETRIEVED = (
    b'<x:RetrieveDocumentSetResponse xmlns:x="urn:ihe:iti:xds-b:2007"><rs:RegistryResponse xmlns:rs="'
    + RS
    + b'" status="urn:ihe:iti:2007:ResponseStatusType:PartialSuccess"><rs:RegistryErrorList><rs:RegistryError '
    b'errorCode="XDSDocumentUniqueIdError" codeContext="1.2.3.4.6" severity="' + SEVERITY + b'"/>'
    b"</rs:RegistryErrorList></rs:RegistryResponse><x:DocumentResponse><x:RepositoryUniqueId>1.2.250.1.213.4.1.1.1.2"
    b"</x:RepositoryUniqueId><x:DocumentUniqueId>1.2.3.4.5</x:DocumentUniqueId><x:mimeType>text/xml</x:mimeType>"
    b'<x:Document><o:Include xmlns:o="http://www.w3.org/2004/08/xop/include" href="cid:d%3A1@x"/></x:Document>'
    b"</x:DocumentResponse></x:RetrieveDocumentSetResponse>"
)


@pytest.fixture
def good(make: Make, answered: Answered) -> Callable[[str], Exchange]:
    """A transaction and its good answer; "FAULT" is TD0.2 with a fault."""

    def existence() -> Exchange:
        exchange = make("TD0.2")
        echo = re.search(rb"<id root=[^>]+>", exchange.request.body.split(b"<soap:Body>")[1])
        number = re.search(rb'extension="(\d{15})"', exchange.request.body)
        assert echo is not None
        assert number is not None
        query = re.search(rb"<queryId [^>]+>", exchange.request.body)
        assert query is not None
        places = {b"echo": echo.group(0), b"ins": number.group(1), b"query": query.group(0)}
        return answered(exchange, whole(EXISTENCE) % places)

    def retrieved() -> Exchange:
        simple = answered(make("TD3.2"), RETRIEVED)
        assert simple.response is not None
        body = PARTS % {b"root": simple.response.body, b"document": b"<a/>"}
        return replace(simple, response=Response(200, (("Content-Type", MULTIPART),), body))

    def _good(name: str) -> Exchange:
        if name == "FAULT":
            return answered(make("TD0.2"), FAULT, status=500)
        if name == "TD0.2":
            return existence()
        if name == "TD3.2":
            return retrieved()
        payload = {"TD0.3": HABILITATION, "TD2.1": SUCCESS, "TD2.1-KO": FAILURE, "TD3.1": QUERY}[name]
        return answered(make(name.removesuffix("-KO")), payload)

    return _good


GOOD = {
    "TD0.2": "TD0.2",
    "TD0.3": "TD0.3",
    "TD2.1": "TD2.1",
    "TD2.1-KO": "TD2.1",
    "TD3.1": "TD3.1",
    "TD3.2": "TD3.2",
}

#: rule, answer, what is changed in it, by what
CHANGED = [
    ("FAULT-CODE", "FAULT", rb"soap:Sender", b"soap:Client"),
    ("FAULT-SUBCODE", "FAULT", rb"<soap:Subcode>.*</soap:Subcode>", b""),
    ("FAULT-REASON", "FAULT", rb' xml:lang="fr"', b""),
    ("FAULT-REASON", "FAULT", rb"<soap:Text.*</soap:Text>", b""),
    ("FAULT-ALONE", "FAULT", rb"</soap:Fault>", b"</soap:Fault><autre/>"),
    ("HAB-STATUS", "TD0.3", rb"<h:status>DMPOk</h:status>", b""),
    ("HAB-STATUS", "TD0.3", rb">DMPOk<", b">MockNotAuthorized<"),
    ("HL7-ID", "TD0.2", rb'<id root="0f1e2d3c-4b5a-4697-8888-777777777777"', b'<id root="dmp"'),
    ("HL7-CREATION-TIME", "TD0.2", rb'creationTime value="20261101101500"', b'creationTime value="2026"'),
    ("HL7-ACKNOWLEDGEMENT", "TD0.2", rb"<targetMessage>.*?</targetMessage>", b""),
    ("HL7-ACKNOWLEDGEMENT", "TD0.2", rb'typeCode="AA"', b'typeCode="AE"'),
    ("HL7-ANSWER", "TD0.2", rb'queryResponseCode code="OK"', b'queryResponseCode code="NF"'),
    ("HL7-STATE", "TD0.2", rb'statusCode code="active"', b'statusCode code="open"'),
    (
        "HL7-STATE",
        "TD0.2",
        rb'(<effectiveTime value=")\d+(.*statusCode code=")active',
        rb"\g<1>\g<2>terminated",
    ),
    ("HL7-AUTHORISATION", "TD0.2", rb'code="VALIDE"', b'code="OUI"'),
    ("HL7-PATIENT", "TD0.2", rb'extension="\d{15}"', b'extension="1"'),
    ("HTTP-STATUS", "FAULT", None, b"200"),
    ("HTTP-STATUS", "TD2.1", None, b"500"),
    ("MTOM-ANSWER", "TD3.2", None, b"simple"),
    ("RETRIEVE-DOCUMENTS", "TD3.2", rb"1\.2\.3\.4\.5<", b"9.9.9<"),
    ("RETRIEVE-CONTENT", "TD3.2", rb"<x:mimeType>[^<]+", b"<x:mimeType>xml"),
    ("RETRIEVE-CONTENT", "TD3.2", rb"<x:Document>.*</x:Document>", b""),
    ("RETRIEVE-STATUS", "TD3.2", rb"urn:ihe:iti:2007:ResponseStatusType:PartialSuccess", STATUS + b"Failure"),
    ("RS-STATUS", "TD2.1", rb"ResponseStatusType:Success", b"ResponseStatusType:Bien"),
    ("RS-ERRORS", "TD2.1-KO", rb"ResponseStatusType:Failure", b"ResponseStatusType:Success"),
    ("RS-ERROR-CONTENT", "TD2.1-KO", rb'codeContext="raison"', b'codeContext=""'),
    ("RS-HIGHEST", "TD2.1-KO", rb'highestSeverity="[^"]+"', b'highestSeverity="x"'),
    ("RS-LIST", "TD3.1", rb"<r:RegistryObjectList>.*</r:RegistryObjectList>", b""),
    (
        "RS-RETURN-TYPE",
        "TD3.1",
        rb"<r:ExtrinsicObject .*</r:ExtrinsicObject>",
        b'<r:ObjectRef id="' + UUID + b'1"/>',
    ),
    ("RS-OBJECT-IDS", "TD3.1", rb'id="urn:uuid:[^"]+"', b'id="Document01"'),
    ("RS-ENTRY", "TD3.1", rb'name="hash"', b'name="autre"'),
    ("RS-ENTRY-SLOTS", "TD3.1", rb'name="languageCode"', b'name="autre"'),
    ("RS-REPOSITORY", "TD3.1", rb">1.2.250.1.213.4.1.1.1.2<", b">1.2.3<"),
    ("RS-VERSION", "TD3.1", rb'versionName="1"', b'versionName="2"'),
    ("RS-VERSION", "TD3.1", rb'lid="urn:uuid:0', b'lid="urn:uuid:1'),
    ("RS-COUNT", "TD3.1", rb'totalResultCount="1"', b'totalResultCount="2"'),
    ("RS-ONCE", "TD3.1", rb"</r:RegistryObjectList>", ENTRY + b"</r:RegistryObjectList>"),
    ("HL7-INS-OID", "TD0.2", rb'<id root="1.2.250.1.213.1.4.10"', b'<id root="1.2.250.1.213.1.4.2"'),
    ("RS-ENTRY-STATUS", "TD3.1", rb"StatusType:Approved", b"StatusType:Deprecated"),
    ("SOAP-READABLE", "TD2.1", rb"</soap:Envelope>", b""),
    (
        "SOAP-VERSION",
        "TD2.1",
        rb"http://www.w3.org/2003/05/soap-envelope",
        b"http://schemas.xmlsoap.org/soap/envelope/",
    ),
    ("WSA-ACTION", "TD2.1", rb"<wsa:Action>[^<]+", b"<wsa:Action>urn:autre"),
    ("WSA-RELATES-TO", "TD2.1", rb"<wsa:RelatesTo>[^<]+", b"<wsa:RelatesTo>urn:uuid:autre"),
]
BROKEN = {row[0] for row in CHANGED}


@pytest.mark.parametrize("name", [*GOOD, "FAULT"])
def test_a_good_answer_breaks_no_rule(good: Callable[[str], Exchange], failing: Failing, name: str) -> None:
    assert failing(good(name), GOOD.get(name, "TD0.2")) == set()


@pytest.mark.parametrize(("rule", "name", "pattern", "by"), CHANGED)
def test_a_changed_answer_breaks_its_rule(
    good: Callable[[str], Exchange], failing: Failing, rule: str, name: str, pattern: bytes | None, by: bytes
) -> None:
    exchange = good(name)
    assert exchange.response is not None
    if pattern is not None:
        body, count = re.subn(pattern, by, exchange.response.body, count=1, flags=re.DOTALL)
        assert count == 1
        changed = replace(exchange.response, body=body)
    elif by == b"simple":
        inline = re.sub(
            rb"<x:Document>.*</x:Document>", b"<x:Document>PGEvPg==</x:Document>", exchange.response.body
        )
        root = inline.split(b"\r\n\r\n")[1].split(b"\r\n--b")[0]
        changed = Response(200, (("Content-Type", "application/soap+xml"),), root)
    else:
        changed = replace(exchange.response, status=int(by))
    found = failing(replace(exchange, response=changed), GOOD.get(name, "TD0.2"), sides=("response",))
    assert rule in found


def test_rules_on_an_answer_that_never_came_are_vacuous(make: Make) -> None:
    exchange = replace(make("TD2.1"), failure="connexion refusée")
    findings = api.judge(exchange, load().by_id("TD2.1"), sides=("response",))
    assert findings
    assert {item.status for item in findings} == {"VACUOUS"}
    assert "connexion refusée" in {item.found for item in findings}


def test_an_http_error_without_soap_is_left_to_http(make: Make, failing: Failing) -> None:
    plain = Response(415, (("Content-Type", "text/plain"),), "type de média refusé".encode())
    assert failing(replace(make("TD2.1"), response=plain), "TD2.1") == set()
    assert "SOAP-READABLE" in failing(replace(make("TD2.1"), response=replace(plain, status=200)), "TD2.1")
