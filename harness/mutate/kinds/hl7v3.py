"""Mutations of HL7 v3 messages: existence, consultation, opening, changing, closing, search (TD0.2, TD0.5, TD1.x)."""

from __future__ import annotations

from typing import Final

from harness.mutate.edits import add, drop, each, put, rename, shape, twin
from harness.mutate.registry import mutator

REQUEST: Final = "request"
ANSWER: Final = "answer"
_TEST: Final = ("TD0.2",)
_ASK: Final = ("TD0.2", "TD1.3a")
_OPEN: Final = ("TD1.1",)
_WRITE: Final = ("TD1.1", "TD1.2", "TD1.3b", "TD1.4")
_BODY: Final = "/soap:Envelope/soap:Body"
_MESSAGE: Final = f"{_BODY}/hl7:*"
_QUERY: Final = f"{_MESSAGE}/hl7:controlActProcess/hl7:queryByParameter"
_PATIENT: Final = "//hl7:registrationRequest/hl7:subject1/hl7:patient"
_PERSON: Final = f"{_PATIENT}/hl7:patientPerson"
_AUTHOR: Final = "//hl7:registrationRequest/hl7:author/hl7:assignedEntity"


def _observed(code: str) -> str:
    return f"{_PATIENT}/hl7:subjectOf[hl7:administrativeObservation/hl7:code[starts-with(@code, '{code}')]]"


mutator("hl7-id-no-root", over=REQUEST, on=_TEST, breaks="HL7-ID")(drop(f"{_MESSAGE}/hl7:id/@root"))
mutator("hl7-id-odd", over=REQUEST, on=_TEST, breaks="HL7-ID")(put(f"{_MESSAGE}/hl7:id/@root", "message"))
mutator("hl7-time-odd", over=REQUEST, on=_TEST, breaks="HL7-CREATION-TIME")(
    put(f"{_MESSAGE}/hl7:creationTime/@value", "2026-11-23")
)
mutator("hl7-time-of-a-day", over=REQUEST, on=_TEST, breaks="HL7-CREATION-TIME")(
    shape(f"{_MESSAGE}/hl7:creationTime/@value", lambda value: value[:8])
)
mutator("hl7-interaction-other", over=REQUEST, on=_TEST, breaks="HL7-ENVELOPE")(
    put(f"{_MESSAGE}/hl7:interactionId/@extension", "PRPA_IN201305UV02")
)
mutator("hl7-mode-other", over=REQUEST, on=_TEST, breaks="HL7-ENVELOPE")(
    put(f"{_MESSAGE}/hl7:processingModeCode/@code", "X")
)
mutator("hl7-acknowledge-never", over=REQUEST, on=_TEST, breaks="HL7-ENVELOPE")(
    put(f"{_MESSAGE}/hl7:acceptAckCode/@code", "XX")
)
mutator("hl7-sender-gone", over=REQUEST, on=_TEST, breaks="HL7-SENDER")(drop(f"{_MESSAGE}/hl7:sender"))
mutator("hl7-sender-odd", over=REQUEST, on=_TEST, breaks="HL7-SENDER")(
    put(f"{_MESSAGE}/hl7:sender/hl7:device/hl7:id/@root", "lps")
)
mutator("hl7-reason-other", over=REQUEST, on=_TEST, breaks="HL7-REASON")(
    put(f"{_MESSAGE}/hl7:controlActProcess/hl7:reasonCode/@codeSystem", "1.2.3")
)
mutator("hl7-query-no-id", over=REQUEST, on=_ASK, breaks="HL7-QUERY")(drop(f"{_QUERY}/hl7:queryId"))
mutator("hl7-query-old", over=REQUEST, on=_ASK, breaks="HL7-QUERY")(
    put(f"{_QUERY}/hl7:statusCode/@code", "executing")
)
mutator("hl7-parameter-gone", over=REQUEST, on=_ASK, breaks="HL7-PARAMETER")(
    drop(f"{_QUERY}//hl7:patientIdentifier/hl7:value")
)
mutator("hl7-parameter-twice", over=REQUEST, on=_ASK, breaks="HL7-PARAMETER")(
    twin(f"{_QUERY}//hl7:patientIdentifier/hl7:value")
)
mutator("hl7-parameter-meaning", over=REQUEST, on=_ASK, breaks="HL7-PARAMETER")(
    put(f"{_QUERY}//hl7:semanticsText", "PatientId")
)
mutator("hl7-patient-other", over=REQUEST, on=_TEST, breaks="INS-SAME")(
    shape(
        f"{_QUERY}//hl7:value/@extension",
        lambda value: "189036399920935" if value != "189036399920935" else "280056399910181",
    )
)
mutator("hl7-unknown-element", over=REQUEST, on=_TEST, breaks="XSD-HL7V3")(add(_MESSAGE, "<hl7:more/>"))
mutator("hl7-disordered", over=REQUEST, on=_TEST, breaks="XSD-HL7V3")(
    each(twin(f"{_MESSAGE}/hl7:sender"), drop(f"{_MESSAGE}/hl7:receiver"))
)

_RECORD: Final = f"{_MESSAGE}/hl7:controlActProcess/hl7:subject"
mutator("hl7-answer-target-other", over=ANSWER, on=_ASK, breaks="HL7-ACKNOWLEDGEMENT")(
    put(f"{_MESSAGE}/hl7:acknowledgement/hl7:targetMessage/hl7:id/@extension", "other")
)
mutator("hl7-answer-kind-unknown", over=ANSWER, on=_ASK, breaks="HL7-ACKNOWLEDGEMENT")(
    put(f"{_MESSAGE}/hl7:acknowledgement/@typeCode", "OK")
)
mutator("hl7-answer-refusal-mute", over=ANSWER, on=_ASK, breaks="HL7-ACKNOWLEDGEMENT")(
    put(f"{_MESSAGE}/hl7:acknowledgement/@typeCode", "AE")
)
mutator("hl7-answer-code-unknown", over=ANSWER, on=_ASK, breaks="HL7-ANSWER")(
    put("//hl7:queryAck/hl7:queryResponseCode/@code", "QE")
)
mutator("hl7-answer-ok-nothing", over=ANSWER, on=_ASK, breaks="HL7-ANSWER")(drop(_RECORD))
mutator("hl7-answer-two-records", over=ANSWER, on=_ASK, breaks="HL7-ANSWER")(twin(_RECORD))
mutator("hl7-answer-state-unknown", over=ANSWER, on=_ASK, breaks="HL7-STATE")(
    put(f"{_RECORD}/hl7:registrationEvent/hl7:subject1/hl7:patient/hl7:statusCode/@code", "closed")
)
mutator("hl7-answer-closed-undated", over=ANSWER, on=_ASK, breaks="HL7-STATE")(
    put(f"{_RECORD}/hl7:registrationEvent/hl7:subject1/hl7:patient/hl7:statusCode/@code", "terminated")
)
mutator("hl7-answer-authorisation", over=ANSWER, on=_TEST, breaks="HL7-AUTHORISATION")(
    put(f"{_MESSAGE}/hl7:attentionLine[hl7:keyWordText/@code='AUTORISATION']/hl7:value/@code", "OUI")
)
mutator("hl7-answer-patient-other", over=ANSWER, on=_ASK, breaks="HL7-PATIENT")(
    put(f"{_RECORD}//hl7:patient/hl7:id[@root='1.2.250.1.213.1.4.10']/@extension", "189036399920935")
)
mutator("hl7-answer-domain", over=ANSWER, on=_TEST, breaks="HL7-INS-OID")(
    put(f"{_RECORD}//hl7:patient/hl7:id[@root='1.2.250.1.213.1.4.10']/@root", "1.2.250.1.213.1.4.9")
)
mutator("hl7-answer-local-time", over=ANSWER, on=_TEST, breaks="HL7-UTC")(
    shape(
        f"{_MESSAGE}/hl7:creationTime/@value",
        lambda value: value[:8] + f"{(int(value[8:10]) + 2) % 24:02}" + value[10:],
    )
)
mutator("hl7-request-local-time", over=REQUEST, on=(*_ASK, "TD1.1"), breaks="HL7-REQUEST-UTC")(
    shape(
        f"{_MESSAGE}/hl7:creationTime/@value",
        lambda value: value[:8] + f"{(int(value[8:10]) + 1) % 24:02}" + value[10:],
    )
)

# Opening, changing, closing
mutator("gdp-no-name", over=REQUEST, on=_WRITE, breaks="GDP-NAME")(
    drop(f"{_PERSON}/hl7:name/hl7:family", every=True)
)
mutator("gdp-name-unqualified", over=REQUEST, on=_WRITE, breaks="GDP-NAME")(
    drop(f"{_PERSON}/hl7:name/hl7:family/@qualifier")
)
mutator("gdp-name-empty", over=REQUEST, on=_WRITE, breaks="GDP-NAME")(
    put(f"{_PERSON}/hl7:name/hl7:given", "")
)
mutator("gdp-sex-unknown", over=REQUEST, on=_OPEN, breaks="GDP-TRAITS")(
    put(f"{_PERSON}/hl7:administrativeGenderCode/@code", "UN")
)
mutator("gdp-birth-slashes", over=REQUEST, on=_OPEN, breaks="GDP-TRAITS")(
    put(f"{_PERSON}/hl7:birthTime/@value", "24/12/1969")
)
mutator("gdp-telecom-no-scheme", over=REQUEST, on=_OPEN, breaks="GDP-TELECOM")(
    put(f"{_PERSON}/hl7:telecom/@value", "0400000010")
)
mutator("gdp-quality-unknown", over=REQUEST, on=_OPEN, breaks="GDP-REPRESENTATIVE")(
    put(f"{_PERSON}/hl7:personalRelationship/hl7:code/@code", "AMI")
)
mutator("gdp-representative-nameless", over=REQUEST, on=_OPEN, breaks="GDP-REPRESENTATIVE")(
    drop(f"{_PERSON}/hl7:personalRelationship/hl7:relationshipHolder1/hl7:name")
)
mutator("gdp-card-gone", over=REQUEST, on=_OPEN, breaks=("GDP-CARD", "EX_GEN-1265"))(
    drop(f"{_PERSON}/hl7:contactParty")
)
mutator("gdp-card-birth", over=REQUEST, on=_OPEN, breaks="GDP-CARD-BIRTH")(
    put(f"{_PERSON}/hl7:contactParty//hl7:birthTime/@value", "19691225")
)
mutator("gdp-two-identifiers", over=REQUEST, on=_WRITE, breaks="GDP-PATIENT-ID")(twin(f"{_PATIENT}/hl7:id"))
mutator("gdp-no-identifier", over=REQUEST, on=_WRITE, breaks="GDP-PATIENT-ID")(drop(f"{_PATIENT}/hl7:id"))
mutator("gdp-status-other", over=REQUEST, on=_WRITE, breaks="GDP-STATUS")(
    put(f"{_PATIENT}/hl7:statusCode/@code", "new")
)
mutator("gdp-consent-gone", over=REQUEST, on=("TD1.1", "TD1.2"), breaks=("GDP-CONSENT", "EX_1.1-1010"))(
    drop(_observed("CONSENTEMENT"))
)
mutator("gdp-consent-refused", over=REQUEST, on=("TD1.1", "TD1.2"), breaks="GDP-CONSENT")(
    put(f"{_observed('CONSENTEMENT')}/hl7:administrativeObservation/hl7:value/@value", "false")
)
mutator("gdp-consent-undated", over=REQUEST, on=("TD1.1", "TD1.2"), breaks="GDP-CONSENT")(
    drop(f"{_observed('CONSENTEMENT')}/hl7:administrativeObservation/hl7:effectiveTime")
)
mutator("gdp-opposition-gone", over=REQUEST, on=_OPEN, breaks=("GDP-OPPOSITIONS", "EX_1.1-1050"))(
    drop(_observed("OPPOSITION"))
)
mutator("gdp-observation-word", over=REQUEST, on=_OPEN, breaks="GDP-OBSERVATION")(
    put(f"{_observed('OPPOSITION')}/hl7:administrativeObservation/hl7:value/@value", "non")
)
mutator("gdp-observation-system", over=REQUEST, on=_OPEN, breaks="GDP-OBSERVATION")(
    put(f"{_observed('OPPOSITION')}/hl7:administrativeObservation/hl7:code/@codeSystem", "1.2.3")
)
mutator("gdp-author-gone", over=REQUEST, on=_WRITE, breaks="GDP-AUTHOR")(
    drop("//hl7:registrationRequest/hl7:author")
)
mutator("gdp-author-nameless", over=REQUEST, on=_WRITE, breaks="GDP-AUTHOR")(
    put(f"{_AUTHOR}/hl7:assignedPerson/hl7:name/hl7:family", "")
)
mutator("gdp-author-other", over=REQUEST, on=_WRITE, breaks="GDP-AUTHOR-VIHF")(
    put(f"{_AUTHOR}/hl7:id/@extension", "899990000202")
)
mutator("gdp-closing-no-reason", over=REQUEST, on=("TD1.4",), breaks="GDP-CLOSING")(drop("//hl7:reasonOf"))
mutator("gdp-closing-system", over=REQUEST, on=("TD1.4",), breaks="GDP-CLOSING")(
    put("//hl7:reasonOf/hl7:detectedIssueEvent/hl7:code/@codeSystem", "1.2.3")
)
mutator("gdp-secret", over=REQUEST, on=_OPEN, breaks="GDP-SECRET")(
    add(
        "//saml:AttributeStatement",
        '<saml:Attribute Name="urn:oasis:names:tc:xspa:1.0:resource:patient:hl7:confidentiality-code">'
        "<saml:AttributeValue>INVISIBLE_REPRESENTANTS_LEGAUX</saml:AttributeValue></saml:Attribute>",
    )
)
mutator("gdp-unknown-element", over=REQUEST, on=_OPEN, breaks="XSD-HL7V3")(
    rename(f"{_PERSON}/hl7:birthTime", "birthDate")
)
_DONE: Final = "//hl7:registrationEvent"
mutator("gdp-answer-envelope", over=ANSWER, on=_WRITE, breaks=("GDP-ANSWER-ENVELOPE", "XSD-HL7V3"))(
    drop("//hl7:interactionId")
)
mutator("gdp-answer-message-other", over=ANSWER, on=_WRITE, breaks="GDP-ANSWER-MESSAGE")(
    rename(
        "//*[starts-with(local-name(), 'PRPA_IN') and not(contains(local-name(), 'Response'))]",
        "PRPA_IN201399UV02",
    )
)
mutator("gdp-answer-patient-other", over=ANSWER, on=_WRITE, breaks="GDP-ANSWER-PATIENT")(
    put(
        f"{_DONE}/hl7:subject1/hl7:patient/hl7:id[@root='1.2.250.1.213.1.4.10']/@extension", "189036399920888"
    )
)
mutator("record-no-name", over=ANSWER, on=("TD1.3a",), breaks="GDP-RECORD")(
    drop(f"{_DONE}//hl7:patientPerson/hl7:name")
)
mutator("record-no-birth", over=ANSWER, on=("TD1.3a",), breaks="GDP-RECORD")(
    drop(f"{_DONE}//hl7:patientPerson/hl7:birthTime")
)
mutator("record-opposition-word", over=ANSWER, on=("TD1.3a",), breaks="GDP-RECORD-OPPOSITIONS")(
    put("//hl7:administrativeObservation[starts-with(hl7:code/@code, 'OPPOSITION')]/hl7:value/@value", "oui")
)
mutator("record-opposition-lost", over=ANSWER, on=("TD1.3a",), breaks="GDP-RECORD-OPPOSITIONS")(
    drop(
        "//hl7:subjectOf[starts-with(hl7:administrativeObservation/hl7:code/@code, 'OPPOSITION')]", every=True
    )
)
mutator("record-telecom-odd", over=ANSWER, on=("TD1.3a",), breaks="GDP-RECORD-CONTACT")(
    put(f"{_DONE}//hl7:patientPerson/hl7:telecom/@value", "0600")
)

# Search without an INS
_FIND: Final = ("TD0.5",)
_LIST: Final = f"{_QUERY}/hl7:parameterList"
mutator("pdq-status-old", over=REQUEST, on=_FIND, breaks="PDQ-ENVELOPE")(
    put(f"{_QUERY}/hl7:statusCode/@code", "old")
)
mutator("pdq-id-odd", over=REQUEST, on=_FIND, breaks="PDQ-IDENTIFIERS")(
    put(f"{_QUERY}/hl7:queryId/@root", "x")
)
mutator("pdq-name-short", over=REQUEST, on=_FIND, breaks="PDQ-NAME")(
    put(f"{_LIST}/hl7:livingSubjectName/hl7:value/hl7:family", "O")
)
mutator("pdq-criterion-unknown", over=REQUEST, on=_FIND, breaks="PDQ-CRITERIA")(
    rename(f"{_LIST}/hl7:livingSubjectBirthTime", "birthTime")
)
mutator("pdq-criterion-meaning", over=REQUEST, on=_FIND, breaks="PDQ-CRITERIA")(
    put(f"{_LIST}/hl7:livingSubjectBirthTime/hl7:semanticsText", "birth")
)
mutator("pdq-sex-word", over=REQUEST, on=_FIND, breaks="PDQ-VALUES")(
    put(f"{_LIST}/hl7:livingSubjectAdministrativeGender/hl7:value/@code", "H")
)
mutator("pdq-birth-slashes", over=REQUEST, on=_FIND, breaks="PDQ-VALUES")(
    put(f"{_LIST}/hl7:livingSubjectBirthTime/hl7:value/@value", "09/01/1950")
)
mutator("pdq-normal-access", over=REQUEST, on=_FIND, breaks="PDQ-REGULATION")(
    put("//hl7:PurposeOfUse/@code", "normal")
)
_SUBJECT: Final = "//hl7:registrationEvent/hl7:subject1/hl7:patient"
mutator("pdq-answer-kind", over=ANSWER, on=_FIND, breaks="PDQ-ACKNOWLEDGEMENT")(
    put(f"{_MESSAGE}/hl7:acknowledgement/hl7:typeCode/@code", "OK")
)
mutator("pdq-answer-count", over=ANSWER, on=_FIND, breaks="PDQ-COUNT")(
    put("//hl7:queryAck/hl7:resultTotalQuantity/@value", "9")
)
mutator("pdq-answer-key", over=ANSWER, on=_FIND, breaks="PDQ-CANDIDATE")(
    shape(f"{_SUBJECT}/hl7:id/@extension", lambda value: value[:13] + "00")
)
mutator("pdq-answer-nameless", over=ANSWER, on=_FIND, breaks="PDQ-CANDIDATE")(
    drop(f"{_SUBJECT}/hl7:patientPerson/hl7:name")
)
mutator("pdq-answer-score", over=ANSWER, on=_FIND, breaks="PDQ-SCORE")(
    put(f"{_SUBJECT}//hl7:queryMatchObservation/hl7:value/@value", "101")
)
mutator("pdq-answer-opposition", over=ANSWER, on=_FIND, breaks="PDQ-OPPOSITION")(
    drop(f"{_SUBJECT}/hl7:subjectOf2")
)
mutator("pdq-answer-other-sex", over=ANSWER, on=_FIND, breaks="PDQ-FIT")(
    shape(
        f"{_SUBJECT}/hl7:patientPerson/hl7:administrativeGenderCode/@code",
        lambda code: "F" if code == "M" else "M",
    )
)
mutator("pdq-answer-echo", over=ANSWER, on=_FIND, breaks="PDQ-ECHO")(
    put("//hl7:queryAck/hl7:queryId/@extension", "other")
)
