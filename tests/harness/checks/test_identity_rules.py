"""Rules of TD0.5 and TD0.0: each passes on a right message and fails on the defect it is there for."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from harness.checks import api
from protocol.exchange import Exchange
from protocol.transactions import load
from tests.harness.checks.opening import opening, whole

Make = Callable[..., Exchange]
Edited = Callable[[Exchange, bytes, bytes], Exchange]
Answered = Callable[..., Exchange]
Failing = Callable[..., set[str]]

PERSON = b"""<subject typeCode="SUBJ"><registrationEvent classCode="REG" moodCode="EVN"><statusCode code="active"/>
<subject1 typeCode="SBJ"><patient classCode="PAT"><id root="1.2.250.1.213.1.4.10" extension="150016399910677"/>
<statusCode code="active"/><patientPerson><name><given>RENE</given><family qualifier="SP">OPPOSANT</family>
<family qualifier="BR">OPPOSANT</family></name><administrativeGenderCode code="M"/><birthTime value="19500109"/>
</patientPerson><subjectOf1><queryMatchObservation><code code="POURCENTAGE"/><value xsi:type="INT" value="%(score)s"/>
</queryMatchObservation></subjectOf1><subjectOf2><administrativeObservation>
<code code="OPPOSITION_ACCES_URGENCE" codeSystem="1.2.250.1.213.4.1.2.3"/><value xsi:type="BL" value="true"/>
</administrativeObservation></subjectOf2></patient></subject1></registrationEvent></subject>"""
FOUND = (
    b"""<PRPA_IN201306UV02 xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 ITSVersion="XML_1.0"><id root="0f1e2d3c-4b5a-4697-8888-777777777777"/>"""
    + opening(b"PRPA_IN201306UV02")
    + b"""<acknowledgement><typeCode code="AA"/><targetMessage>%(echo)s</targetMessage></acknowledgement>
<controlActProcess classCode="CACT" moodCode="EVN"><code code="PRPA_TE201306UV02"/>"""
    + PERSON % {b"score": b"100"}
    + PERSON % {b"score": b"80"}
    + b"""<queryAck>%(query)s<queryResponseCode code="OK"/><resultTotalQuantity value="3"/>
<resultCurrentQuantity value="2"/><resultRemainingQuantity value="1"/></queryAck><queryByParameter>%(query)s
<statusCode code="deliveredResponse"/>%(list)s</queryByParameter></controlActProcess></PRPA_IN201306UV02>"""
)
TOO_MANY = (
    b"""<PRPA_IN201306UV02 xmlns="urn:hl7-org:v3" ITSVersion="XML_1.0">
<id root="0f1e2d3c-4b5a-4697-8888-777777777777"/>"""
    + opening(b"PRPA_IN201306UV02")
    + b"""<acknowledgement>
<typeCode code="AE"/><targetMessage>%(echo)s</targetMessage><acknowledgementDetail><code code="MockTooManyPatients"/>
<text>Trop de patients</text></acknowledgementDetail></acknowledgement><controlActProcess>
<code code="PRPA_TE201306UV02"/><queryAck>%(query)s
<queryResponseCode code="AE"/></queryAck></controlActProcess></PRPA_IN201306UV02>"""
)
CERTIFIED = b"""<p:identityCertificationResponse xmlns:p="urn:si-dmp-patients"><p:output><p:status>DMPOk</p:status>
<p:nirIndividu>297022A99930191</p:nirIndividu><p:prenom>DOMINIQUE</p:prenom>
<p:nomPatronymique>CORSEDUSUD</p:nomPatronymique><p:dateNaissance>1997-02-26</p:dateNaissance></p:output>
</p:identityCertificationResponse>"""
STOPPED = b"""<p:identityCertificationResponse xmlns:p="urn:si-dmp-patients"><p:output>
<p:status>MockTransactionStopped</p:status><p:context>INSi</p:context></p:output></p:identityCertificationResponse>"""

#: rule, what is changed in the bytes of a good search, by what
QUESTIONS = [
    ("PDQ-ENVELOPE", rb'code code="PRPA_TE201305UV02"', b'code code="PRPA_TE201306UV02"'),
    ("PDQ-ENVELOPE", rb'acceptAckCode code="AL"', b'acceptAckCode code="NE"'),
    ("PDQ-IDENTIFIERS", rb'<queryId root="[^"]+"', b'<queryId root="hopital"'),
    ("PDQ-IDENTIFIERS", rb'creationTime value="\d+"', b'creationTime value="2026"'),
    ("PDQ-NAME", rb"<family>OPPOSANT<", b"<family>O<"),
    ("PDQ-NAME", rb"<family>OPPOSANT</family>", b""),
    ("PDQ-CRITERIA", rb">LivingSubject.birthTime<", b">LivingSubject.name<"),
    ("PDQ-CRITERIA", rb"<livingSubjectBirthTime>(.*)</livingSubjectBirthTime>", rb"<birth>\1</birth>"),
    ("PDQ-VALUES", rb'value value="19500109"', b'value value="09/01/1950"'),
    ("PDQ-VALUES", rb'use="SRCH"', b'use="APPROX"'),
    ("PDQ-VALUES", rb'value code="M"', b'value code="1"'),
    ("PDQ-NO-REASON", b"<queryByParameter>", b'<reasonCode code="TEST_EXST"/><queryByParameter>'),
]
#: rule, what is changed in the bytes of a good answer, by what
ANSWERS = [
    ("PDQ-ACKNOWLEDGEMENT", rb'<typeCode code="AA"/>', b""),
    ("PDQ-ACKNOWLEDGEMENT", rb"<targetMessage>.*?</targetMessage>", b""),
    ("PDQ-COUNT", rb'Code code="OK"', b'Code code="NF"'),
    ("PDQ-COUNT", rb'CurrentQuantity value="2"', b'CurrentQuantity value="3"'),
    ("PDQ-COUNT", rb'TotalQuantity value="3"', b'TotalQuantity value="beaucoup"'),
    ("PDQ-CANDIDATE", rb'extension="150016399910677"', b'extension="150016399910678"'),
    (
        "PDQ-CANDIDATE",
        rb'<registrationEvent([^>]*)><statusCode code="active"',
        rb'<registrationEvent\1><statusCode code="x"',
    ),
    ("PDQ-CANDIDATE", rb'<family qualifier="BR">OPPOSANT</family>', b""),
    ("PDQ-SCORE", rb'type="INT" value="100"', b'type="INT" value="101"'),
    ("PDQ-SCORE", rb'type="INT" value="100"', b'type="REAL" value="100"'),
    ("PDQ-SCORE", rb'type="INT" value="100"', b'type="INT" value="70"'),
    ("PDQ-OPPOSITION", rb'xsi:type="BL" value="true"', b'xsi:type="BL" value="oui"'),
    ("PDQ-OPPOSITION", rb"<subjectOf2>.*?</subjectOf2>", b""),
    ("PDQ-FIT", rb'birthTime value="19500109"', b'birthTime value="19500110"'),
    ("PDQ-FIT", rb'administrativeGenderCode code="M"', b'administrativeGenderCode code="F"'),
    ("PDQ-ECHO", rb"<queryAck><queryId [^>]+>", b"<queryAck>"),
    (
        "PDQ-ECHO",
        rb"<given>RENE</given><family>|<family>OPPOSANT</family><given>RENE</given>",
        b"<family>X</family>",
    ),
]
CERTIFICATION_QUESTIONS = [
    ("CERT-NIR", rb"297022A99930191", b"297022A99930192"),
    ("CERT-NIR", rb"<pat:nirOD>.*?</pat:nirOD>", b""),
    ("CERT-BIRTH", rb"1997-02-26", b"26/02/1997"),
    ("CERT-BIRTH", rb"(rangNaissance>)1<", rb"\g<1>0<"),
]
CERTIFICATION_ANSWERS = [
    ("CERT-ANSWER", rb"<p:status>DMPOk</p:status>", b""),
    ("CERT-ANSWER", rb"<p:prenom>.*?</p:prenom>", b""),
    ("CERT-ANSWER", rb"<p:status>DMPOk<", b"<p:status>MockIdentityNotFound<"),
    ("CERT-SAME", rb"297022A99930191", b"297022099930191"),
    ("CERT-SAME", rb"1997-02-26", b"1997-02-27"),
]


@pytest.fixture
def search(make: Make, answered: Answered) -> Callable[..., Exchange]:
    """The good search with that answer, whose places are filled with what the question says."""

    def _search(payload: bytes, pattern: bytes = b"", by: bytes = b"") -> Exchange:
        exchange = make("TD0.5")
        inside = exchange.request.body.split(b"<soap:Body>")[1]
        places = {
            b"echo": _found(rb"<id root=[^>]+>", inside),
            b"query": _found(rb"<queryId [^>]+>", inside),
            b"list": _found(rb"<parameterList>.*</parameterList>", inside),
        }
        filled = whole(payload) % places
        if pattern:
            filled, count = re.subn(pattern, by, filled, count=1, flags=re.DOTALL)
            assert count == 1, pattern
        return answered(exchange, filled)

    return _search


def _found(pattern: bytes, data: bytes) -> bytes:
    found = re.search(pattern, data, re.DOTALL)
    assert found is not None, pattern
    return found.group(0)


def test_right_messages_break_no_rule(search: Callable[..., Exchange], failing: Failing) -> None:
    assert failing(search(FOUND), "TD0.5") == set()
    assert failing(search(TOO_MANY), "TD0.5") == set()


@pytest.mark.parametrize(("rule", "pattern", "by"), QUESTIONS)
def test_a_wrong_search_breaks_its_rule(
    make: Make, edited: Edited, failing: Failing, rule: str, pattern: bytes, by: bytes
) -> None:
    assert rule in failing(edited(make("TD0.5"), pattern, by), "TD0.5")


def test_a_search_is_for_regulation(make: Make, failing: Failing) -> None:
    assert "PDQ-REGULATION" in failing(make("TD0.5", access="normal"), "TD0.5")
    assert "PDQ-CRITERIA" in failing(make("TD0.5", "criterion-twice"), "TD0.5")


@pytest.mark.parametrize(("rule", "pattern", "by"), ANSWERS)
def test_a_wrong_answer_breaks_its_rule(
    search: Callable[..., Exchange], failing: Failing, rule: str, pattern: bytes, by: bytes
) -> None:
    assert rule in failing(search(FOUND, pattern, by), "TD0.5", sides=("response",))


def test_more_than_ten_patients_break_the_count(search: Callable[..., Exchange], failing: Failing) -> None:
    many = FOUND.replace(PERSON % {b"score": b"80"}, (PERSON % {b"score": b"80"}) * 10)
    many = many.replace(b'CurrentQuantity value="2"', b'CurrentQuantity value="11"')
    many = many.replace(b'TotalQuantity value="3"', b'TotalQuantity value="12"')
    assert failing(search(many), "TD0.5", sides=("response",)) == {"PDQ-COUNT"}


def test_a_refusal_without_a_reason(search: Callable[..., Exchange], failing: Failing) -> None:
    bare = search(TOO_MANY, rb"<acknowledgementDetail>.*</acknowledgementDetail>", b"")
    assert "PDQ-ACKNOWLEDGEMENT" in failing(bare, "TD0.5", sides=("response",))


@pytest.mark.parametrize("payload", [CERTIFIED, STOPPED])
def test_right_certifications(make: Make, answered: Answered, failing: Failing, payload: bytes) -> None:
    """Calling it at all is only told, never a failure: the scenario is historic."""
    exchange = answered(make("TD0.0"), payload)
    assert failing(exchange, "TD0.0") <= {"CERT-STOPPED"}
    assert api.rule("CERT-STOPPED").default == "info"
    assert "CERT-STOPPED" in failing(exchange, "TD0.0", sides=("request",))
    seen = {item.rule: item.status for item in api.judge(exchange, load().by_id("TD0.0"))}
    assert (seen["CERT-NIR"], seen["CERT-BIRTH"], seen["CERT-ANSWER"]) == ("PASS", "PASS", "PASS")


@pytest.mark.parametrize(("rule", "pattern", "by"), CERTIFICATION_QUESTIONS)
def test_a_wrong_certification_breaks_its_rule(
    make: Make, edited: Edited, failing: Failing, rule: str, pattern: bytes, by: bytes
) -> None:
    assert rule in failing(edited(make("TD0.0"), pattern, by), "TD0.0")


@pytest.mark.parametrize(("rule", "pattern", "by"), CERTIFICATION_ANSWERS)
def test_a_wrong_certification_answer_breaks_its_rule(
    make: Make, answered: Answered, failing: Failing, rule: str, pattern: bytes, by: bytes
) -> None:
    wrong, count = re.subn(pattern, by, CERTIFIED, count=1, flags=re.DOTALL)
    assert count == 1
    assert rule in failing(answered(make("TD0.0"), wrong), "TD0.0", sides=("response",))


#: For the test that counts them all.
BROKEN = {
    *(row[0] for row in (*QUESTIONS, *ANSWERS, *CERTIFICATION_QUESTIONS, *CERTIFICATION_ANSWERS)),
    "PDQ-REGULATION",
    "CERT-STOPPED",
}


def test_every_rule_of_these_groups_is_broken_here() -> None:
    assert {item.id for item in api.rules() if item.group in ("PDQ", "CERT")} == BROKEN
