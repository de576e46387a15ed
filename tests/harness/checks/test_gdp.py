"""Rules on opening, reading, changing and closing a DMP: each passes on a right message and fails on its defect."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from harness.checks import api
from protocol.exchange import Exchange
from protocol.transactions import load
from tests.harness.checks.opening import opening, whole

Make = Callable[..., Exchange]
Edited = Callable[[Exchange, bytes, bytes], Exchange]
Answered = Callable[..., Exchange]
Failing = Callable[..., set[str]]

REQUESTS = ("TD1.1", "TD1.2", "TD1.3a", "TD1.3b", "TD1.4")

#: rule, transaction, name of the driver's alteration
ALTERED = [
    ("GDP-AUTHOR", "TD1.1", "no-author-name"),
    ("GDP-AUTHOR", "TD1.4", "no-author-name"),
    ("GDP-AUTHOR-VIHF", "TD1.3b", "author-of-another-structure"),
    ("GDP-CARD", "TD1.1", "no-card-traits"),
    ("GDP-CARD", "TD1.1", "card-long-birth-date"),
    ("GDP-CLOSING", "TD1.4", "no-closing-reason"),
    ("GDP-CONSENT", "TD1.1", "no-consent"),
    ("GDP-CONSENT", "TD1.2", "consent-refused"),
    ("GDP-CONSENT", "TD1.2", "undated-consent"),
    ("GDP-NAME", "TD1.4", "no-usual-name"),
    ("GDP-OPPOSITIONS", "TD1.1", "no-oppositions"),
    ("GDP-PATIENT-ID", "TD1.3b", "two-patients"),
    ("GDP-REPRESENTATIVE", "TD1.1", "unknown-quality"),
    ("GDP-SECRET", "TD1.1", "secret-creation"),
    ("GDP-STATUS", "TD1.4", "closing-left-active"),
    ("GDP-TELECOM", "TD1.2", "telecom-without-scheme"),
    ("GDP-TRAITS", "TD1.1", "no-birth-date"),
    ("GDP-TRAITS", "TD1.3b", "no-sex"),
    ("HL7-REASON", "TD1.2", "unknown-reason"),
    ("INS-SAME", "TD1.1", "patient-mismatch"),
    ("INS-KEY", "TD1.1", "wrong-ins-key"),
]
#: rule, transaction, what is changed in the bytes of a good request, by what
CHANGED = [
    ("GDP-STATUS", "TD1.1", rb'(registrationRequest [^>]+><statusCode code=")active', rb"\1terminated"),
    ("GDP-OBSERVATION", "TD1.1", rb'xsi:type="BL" value="true"', b'xsi:type="BL" value="oui"'),
    ("GDP-OBSERVATION", "TD1.3b", rb'xsi:type="BL"', b'xsi:type="ST"'),
    ("GDP-OBSERVATION", "TD1.1", b"OPPOSITION_BRIS_DE_GLACE", b"OPPOSITION_ACCES_URGENCE"),
    ("GDP-NAME", "TD1.1", rb'qualifier="BR"', b'qualifier="SP"'),
    ("GDP-NAME", "TD1.1", rb"(<patientPerson.*?<given>)[^<]+", rb"\1"),
    ("GDP-CARD", "TD1.1", b"CARTE_SESAM_VITALE", b"CARTE_BLEUE"),
    ("GDP-CARD-BIRTH", "TD1.1", rb"(<contactPerson.*?SP\">)[^<]+(.*?BR\">)[^<]+", rb"\1ZZZ\2ZZZ"),
    ("GDP-TELECOM", "TD1.1", rb'use="MC"', b'use="WP"'),
    ("GDP-CLOSING", "TD1.4", rb'codeSystem="1.2.250.1.213.4.1.2.4"', b'codeSystem="1.2.3"'),
    ("GDP-AUTHOR", "TD1.2", rb'(<assignedEntity [^>]+><id root=")1.2.250.1.71.4.2.1"', rb'\g<1>1.2.3"'),
    ("HL7-ENVELOPE", "TD1.1", rb'extension="PRPA_IN201311UV02"', b'extension="PRPA_IN201314UV02"'),
    ("HL7-QUERY", "TD1.3a", rb'statusCode code="new"', b'statusCode code="old"'),
]

ANSWER = b"""<g:%(root)s_Response xmlns:g="asip:ci-sis:gdp:2010"><%(name)s xmlns="urn:hl7-org:v3" ITSVersion="XML_1.0">
<id root="1.2.250.1.213.4.1.1.1.1" extension="0f1e2d3c-4b5a-4697-8888-999999999999"/>
<creationTime value="20261101101500"/><interactionId root="2.16.840.1.113883.1.6" extension="%(name)s"/>
<processingCode code="P"/><processingModeCode code="T"/><acceptAckCode code="NE"/>
<receiver><device><id root="1.2.250.1.999.1.1.8121"/></device></receiver>
<sender><device><id root="1.2.250.1.213.4.1.1.1"/></device></sender>
<acknowledgement typeCode="%(ack)s"><targetMessage>%(echo)s</targetMessage>%(detail)s</acknowledgement>
<controlActProcess><reasonCode code="%(reason)s"/>%(subject)s</controlActProcess></%(name)s></g:%(root)s_Response>"""
SUBJECT = b"""<subject><registrationEvent><statusCode code="completed"/><subject1><patient>
<id root="1.2.250.1.213.1.4.10" extension="%(ins)s"/><statusCode code="%(state)s"/><patientPerson><name>
<given>X</given><family qualifier="SP">Y</family></name></patientPerson></patient>
</subject1></registrationEvent></subject>"""
DETAIL = b'<acknowledgementDetail><code code="DMPFound"/><text>raison</text></acknowledgementDetail>'
RECORD = (
    b"""<PRPA_IN201308UV02 xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 ITSVersion="XML_1.0"><id root="0f1e2d3c-4b5a-4697-8888-999999999999"/>"""
    + opening(b"PRPA_IN201308UV02")
    + b"""<acknowledgement typeCode="AA"><targetMessage>%(echo)s</targetMessage></acknowledgement>
<controlActProcess><reasonCode code="CNSLT_DATA"/><subject><registrationEvent><statusCode code="completed"/><subject1>
<patient><id root="1.2.250.1.213.1.4.10" extension="%(ins)s"/><statusCode code="active"/><patientPerson><name>
<given>X</given><family qualifier="SP">Y</family><family qualifier="BR">Z</family></name>
<telecom value="tel:0600000000"/>
<administrativeGenderCode code="F"/><birthTime value="19520000"/><deceasedInd value="false"/></patientPerson>
<subjectOf><administrativeObservation><code code="OPPOSITION_BRIS_DE_GLACE" codeSystem="1.2.250.1.213.4.1.2.3"/>
<value xsi:type="BL" value="true"/></administrativeObservation></subjectOf><subjectOf><administrativeObservation>
<code code="OPPOSITION_ACCES_URGENCE" codeSystem="1.2.250.1.213.4.1.2.3"/><value xsi:type="BL" value="false"/>
</administrativeObservation></subjectOf></patient></subject1></registrationEvent></subject>
<queryAck>%(query)s<queryResponseCode code="OK"/></queryAck></controlActProcess></PRPA_IN201308UV02>"""
)
#: transaction -> root of the question, message that accepts, message that refuses
_KINDS = {
    "TD1.1": (b"PRPA_IN201311UV02", b"PRPA_IN201312UV02", b"PRPA_IN201313UV02"),
    **dict.fromkeys(
        ("TD1.2", "TD1.3b", "TD1.4"), (b"PRPA_IN201314UV02", b"PRPA_IN201315UV02", b"PRPA_IN201316UV02")
    ),
}
#: rule, good answer, what is changed in it, by what
ANSWERS = [
    ("GDP-ANSWER-MESSAGE", "TD1.1", b"asip:ci-sis:gdp:2010", b"urn:autre"),
    (
        "GDP-ANSWER-MESSAGE",
        "TD1.2",
        rb"<PRPA_IN201315UV02(.*)</PRPA_IN201315UV02",
        rb"<PRPA_IN201316UV02\1</PRPA_IN201316UV02",
    ),
    ("GDP-ANSWER-MESSAGE", "TD1.1-KO", b'typeCode="AE"', b'typeCode="AA"'),
    ("GDP-ANSWER-ENVELOPE", "TD1.3b", b'acceptAckCode code="NE"', b'acceptAckCode code="AL"'),
    ("GDP-ANSWER-ENVELOPE", "TD1.1", b'reasonCode code="CREA_RD"', b'reasonCode code="REAC"'),
    ("GDP-ANSWER-ENVELOPE", "TD1.1-KO", b'root="1.2.250.1.213.4.1.1.1.1"', b'root="1.2.3"'),
    ("GDP-ANSWER-PATIENT", "TD1.4", b'statusCode code="terminated"', b'statusCode code="active"'),
    ("GDP-ANSWER-PATIENT", "TD1.1", rb'extension="\d{15}"', b'extension="1"'),
    ("GDP-ANSWER-PATIENT", "TD1.1", rb"<subject .*</subject>", b""),
    ("GDP-ANSWER-PATIENT", "TD1.2", b'"completed"', b'"active"'),
    ("GDP-RECORD", "TD1.3a", b'qualifier="SP"', b'qualifier="XX"'),
    ("GDP-RECORD", "TD1.3a", b'deceasedInd value="false"', b'deceasedInd value="non"'),
    (
        "GDP-RECORD",
        "TD1.3a",
        b"<acknowledgement ",
        b"<attentionLine><keyWordText/></attentionLine><acknowledgement ",
    ),
    ("GDP-RECORD-OPPOSITIONS", "TD1.3a", b"OPPOSITION_ACCES_URGENCE", b"AUTRE"),
    ("GDP-RECORD-OPPOSITIONS", "TD1.3a", rb'value="true"', b'value="oui"'),
    ("GDP-RECORD-CONTACT", "TD1.3a", b"tel:0600000000", b"0600000000"),
    ("HL7-ACKNOWLEDGEMENT", "TD1.1-KO", rb"<acknowledgementDetail>.*</acknowledgementDetail>", b""),
    ("HL7-ACKNOWLEDGEMENT", "TD1.1", rb"<targetMessage>.*?</targetMessage>", b""),
    ("HL7-ID", "TD1.1", rb'<id root="[^"]+" extension="0f1e', b'<id root="dmp" extension="0f1e'),
    ("HL7-CREATION-TIME", "TD1.4", b'creationTime value="20261101101500"', b'creationTime value="2026"'),
]
BROKEN = {row[0] for row in (*ALTERED, *CHANGED, *ANSWERS)}


@pytest.fixture
def good(make: Make, answered: Answered) -> Callable[[str], Exchange]:
    """An exchange with a good answer, `-KO` for a refusal."""

    def _good(name: str) -> Exchange:
        transaction, refused = name.removesuffix("-KO"), name.endswith("-KO")
        exchange = make(transaction)
        echo = re.search(rb"<PRPA[^>]+>(<id [^>]+>)", exchange.request.body)
        ins = re.search(rb'"1.2.250.1.213.1.4.10" extension="(\d{15})"', exchange.request.body)
        assert echo is not None and ins is not None
        said = {b"echo": echo.group(1), b"ins": ins.group(1)}
        if transaction == "TD1.3a":
            query = re.search(rb"<queryId [^>]+>", exchange.request.body)
            assert query is not None
            said[b"query"] = query.group(0)
            return answered(exchange, whole(RECORD) % said)
        reason = re.search(rb'<reasonCode code="(\w+)"', exchange.request.body)
        assert reason is not None
        root, accepted, not_accepted = _KINDS[transaction]
        state = b"terminated" if transaction == "TD1.4" else b"active"
        said |= {
            b"root": root,
            b"name": not_accepted if refused else accepted,
            b"ack": b"AE" if refused else b"AA",
            b"detail": DETAIL if refused else b"",
            b"reason": reason.group(1),
            b"subject": b"" if refused else SUBJECT % {b"ins": ins.group(1), b"state": state},
        }
        return answered(
            exchange, whole(ANSWER % said), action=load().by_id(transaction).response_action.encode()
        )

    return _good


@pytest.mark.parametrize("transaction", REQUESTS)
@pytest.mark.parametrize("identity", ["cps", "hopital", "cpe"])
def test_a_good_request_breaks_no_rule(make: Make, failing: Failing, transaction: str, identity: str) -> None:
    assert failing(make(transaction, identity=identity), transaction, sides=("request",)) == set()


@pytest.mark.parametrize(("rule", "transaction", "name"), ALTERED)
def test_an_altered_request_breaks_its_rule(
    make: Make, failing: Failing, rule: str, transaction: str, name: str
) -> None:
    assert rule in failing(make(transaction, name), transaction, sides=("request",))


@pytest.mark.parametrize(("rule", "transaction", "pattern", "by"), CHANGED)
def test_a_changed_request_breaks_its_rule(
    make: Make, edited: Edited, failing: Failing, rule: str, transaction: str, pattern: bytes, by: bytes
) -> None:
    assert rule in failing(edited(make(transaction), pattern, by), transaction, sides=("request",))


@pytest.mark.parametrize("name", [*REQUESTS, "TD1.1-KO", "TD1.4-KO"])
def test_a_good_answer_breaks_no_rule(good: Callable[[str], Exchange], failing: Failing, name: str) -> None:
    assert failing(good(name), name.removesuffix("-KO"), sides=("response",)) == set()


@pytest.mark.parametrize(("rule", "name", "pattern", "by"), ANSWERS)
def test_a_changed_answer_breaks_its_rule(
    good: Callable[[str], Exchange], failing: Failing, rule: str, name: str, pattern: bytes, by: bytes
) -> None:
    exchange = good(name)
    assert exchange.response is not None
    body, count = re.subn(pattern, by, exchange.response.body, count=1, flags=re.DOTALL)
    assert count == 1
    changed = replace(exchange, response=replace(exchange.response, body=body))
    assert rule in failing(changed, name.removesuffix("-KO"), sides=("response",))


def test_what_a_message_may_leave_out_is_not_asked_for(make: Make, failing: Failing) -> None:
    bare = make("TD1.3b", telecom=[], address=None, legal_representative=None, oppose_bris_de_glace=None)
    assert failing(bare, "TD1.3b", sides=("request",)) == set()
    findings = api.judge(bare, load().by_id("TD1.3b"), sides=("request",))
    assert {item.rule for item in findings if item.status == "VACUOUS"} >= {
        "GDP-TELECOM",
        "GDP-REPRESENTATIVE",
    }


def test_a_lunar_birth_date_is_one(edited: Edited, make: Make, failing: Failing) -> None:
    lunar = edited(make("TD1.1"), rb'(birthTime value=")\d{8}"', rb'\g<1>19520000"')
    assert failing(lunar, "TD1.1", sides=("request",)) == {"GDP-CARD-BIRTH"}


def test_nil_elements_are_passed_over(edited: Edited, make: Make, failing: Failing) -> None:
    nil = b'<telecom xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/><administrativeGender'
    assert failing(edited(make("TD1.1"), b"<administrativeGender", nil), "TD1.1", sides=("request",)) == set()
