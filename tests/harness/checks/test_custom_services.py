"""Rules of the DMP's own services: each passes on a right message and fails on the defect it is there for."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.checks import api
from protocol.exchange import Exchange
from protocol.transactions import load

Make = Callable[..., Exchange]
Edited = Callable[[Exchange, bytes, bytes], Exchange]
Answered = Callable[..., Exchange]
Failing = Callable[..., set[str]]

LINE = b"""<p:patientlistData><p:patientIdentifier><p:nationalId>1999900000000000000101</p:nationalId>
<p:nationalIdType>1.2.250.1.213.1.4.2</p:nationalIdType></p:patientIdentifier><p:patientIdentifier>
<p:nationalId>280056399910181</p:nationalId><p:nationalIdType>1.2.250.1.213.1.4.10</p:nationalIdType>
</p:patientIdentifier><p:lastName>AUTORISEE</p:lastName><p:patronymicalName>AUTORISEE</p:patronymicalName>
<p:firstName>MARIE</p:firstName><p:dateOfBirth>19800514</p:dateOfBirth><p:MT>false</p:MT><p:message>false</p:message>
<p:lastAddDate>20260301080000</p:lastAddDate></p:patientlistData>"""
LIST = (
    b'<p:patientListResponse xmlns:p="urn:si-dmp-patients"><p:output>'
    + LINE
    + b"<p:status>DMPOk</p:status></p:output></p:patientListResponse>"
)
LIST_REFUSED = (
    b'<p:patientListResponse xmlns:p="urn:si-dmp-patients"><p:output><p:status>DMPKo</p:status>'
    b"<p:context>non</p:context></p:output></p:patientListResponse>"
)
SECRETS = b"<p:login>ABCD2345</p:login><p:password>aB3$-x+9</p:password>"
CREATED = (
    b'<p:createPatientAccessResponse xmlns:p="urn:si-dmp-patients"><p:output>'
    + SECRETS
    + b"<p:status>DMPOk</p:status></p:output></p:createPatientAccessResponse>"
)
UPDATED = (
    b'<p:patientOTPUpdateResponse xmlns:p="urn:si-dmp-patients"><p:output><p:status>DMPOk</p:status>'
    b"</p:output></p:patientOTPUpdateResponse>"
)
HOLDER = b"""<h:listOfAuthorizationByPatient><h:nationalId>899990000129</h:nationalId>
<h:nationalIdType>1.2.250.1.71.4.2.1</h:nationalIdType><h:firstName>DOMINIQUE</h:firstName>
<h:lastName>FICTIF</h:lastName><h:codeSpeciality>G15_10/SM54</h:codeSpeciality><h:libSpeciality>m</h:libSpeciality>
<h:startOfAuthorization>20260115080000</h:startOfAuthorization><h:lastActionDate>20260115080000</h:lastActionDate>
<h:mode>ACTIVE</h:mode><h:specificRight>MEDECIN_TRAITANT</h:specificRight></h:listOfAuthorizationByPatient>"""
HOLDERS = (
    b'<h:listAuthorizationByPatientResponse xmlns:h="urn:si-dmp-habilitations"><h:output>'
    + HOLDER
    + b"<h:status>DMPOk</h:status></h:output></h:listAuthorizationByPatientResponse>"
)


@pytest.mark.parametrize(
    ("transaction", "identity", "params"),
    [
        ("TD0.4", "cps", {}),
        ("TD0.4", "cps", {"date_type": "", "start_date": ""}),
        ("TD0.4", "cpe", {"owner": "899990000111"}),
        ("TD0.4", "hopital", {"date_type": "LASTAUTORIZATION"}),
        ("TD1.5a", "cps", {}),
        ("TD1.5a", "hopital", {"type": "EMAIL"}),
        ("TD1.5b", "cps", {}),
        ("TD1.5c", "cps", {"action": "SUPPRESSION"}),
        ("TD1.5d", "cpe", {}),
        ("TD1.6", "cps", {}),
        ("TD1.6", "cps", {"mode": ""}),
    ],
)
def test_right_requests_break_no_rule(
    make: Make, failing: Failing, transaction: str, identity: str, params: dict[str, str]
) -> None:
    assert failing(make(transaction, identity=identity, **params), transaction, sides=("request",)) == set()


DEFECTS = [
    ("TD0.4", "local-start-date", "LIST-START-DATE"),
    ("TD0.4", "day-out-of-calendar", "LIST-START-DATE"),
    ("TD0.4", "unknown-date-type", "LIST-DATE-TYPE"),
    ("TD0.4", "no-date-type", "LIST-DATE-TYPE"),
    ("TD0.4", "owner-of-another-structure", "LIST-OWNER"),
    ("TD1.5a", "unknown-channel-type", "ACCESS-TYPE"),
    ("TD1.5a", "landline-channel", "ACCESS-CHANNEL"),
    ("TD1.5a", "short-channel", "ACCESS-CHANNEL"),
    ("TD1.5b", "international-channel", "ACCESS-CHANNEL"),
    ("TD1.5c", "not-an-address", "ACCESS-CHANNEL"),
    ("TD1.5a", "no-channel", "ACCESS-CONTENT"),
    ("TD1.5b", "two-channels", "ACCESS-CONTENT"),
    ("TD1.5b", "unknown-channel-action", "ACCESS-ACTION"),
    ("TD1.5d", "credentials-sent", "ACCESS-CONTENT"),
    ("TD1.5d", "credentials-sent", "ACCESS-SECRETS-KEPT"),
    ("TD1.5a", "access-bris-de-glace", "ACCESS-MODE"),
    ("TD1.6", "unknown-list-mode", "AUTH-LIST-CONTENT"),
    ("TD1.6", "access-centre-15", "AUTH-LIST-ACCESS-MODE"),
    ("TD1.6", "no-resource", "INS-RESOURCE"),
    ("TD1.5c", "no-resource", "INS-RESOURCE"),
]


@pytest.mark.parametrize(
    ("transaction", "defect", "rule"),
    DEFECTS,
)
def test_a_defect_of_a_request_breaks_its_rule(
    make: Make, failing: Failing, transaction: str, defect: str, rule: str
) -> None:
    assert rule in failing(make(transaction, defect), transaction, sides=("request",))


EDITED = [
    ("TD0.4", "hopital", {}, b"LASTDOC", b"LASTDOC", "LIST-STRUCTURE"),
    ("TD0.4", "cps", {}, b"<pat:dateType>", b"<pat:mode/><pat:dateType>", "LIST-CONTENT"),
    ("TD0.4", "cps", {"start_date": "20991231000000"}, b"LASTDOC", b"LASTDOC", "LIST-START-DATE"),
    ("TD0.4", "cpe", {"owner": "ESSAI"}, b"LASTDOC", b"LASTDOC", "LIST-OWNER"),
    ("TD0.4", "cps", {"start_date": ""}, b"LASTDOC", b"LASTDOC", "LIST-DATE-TYPE"),
    ("TD1.5b", "cps", {}, b"AJOUT", b"SUPPRESSION", "ACCESS-ACTION"),
    ("TD1.6", "cps", {}, b"<hab:mode>", b"<hab:role/><hab:mode>", "AUTH-LIST-CONTENT"),
]


@pytest.mark.parametrize(
    ("transaction", "identity", "params", "pattern", "by", "rule"),
    EDITED,
)
def test_an_edited_request_breaks_its_rule(
    make: Make,
    edited: Edited,
    failing: Failing,
    transaction: str,
    identity: str,
    params: dict[str, str],
    pattern: bytes,
    by: bytes,
    rule: str,
) -> None:
    wrong = edited(make(transaction, identity=identity, **params), pattern, by)
    assert rule in failing(wrong, transaction, sides=("request",))


@pytest.mark.parametrize(
    ("transaction", "payload"),
    [
        ("TD0.4", LIST),
        ("TD0.4", LIST_REFUSED),
        ("TD0.4", LIST.replace(LINE, b"")),
        ("TD0.4", LIST.replace(b"19800514", b"19520000")),
        ("TD1.5a", CREATED),
        ("TD1.5d", CREATED.replace(b"createPatientAccess", b"updatePatientAccess")),
        (
            "TD1.5a",
            CREATED.replace(SECRETS, b"").replace(
                b"DMPOk</p:status>", b"X</p:status><p:context>x</p:context>"
            ),
        ),
        ("TD1.5b", UPDATED),
        ("TD1.5c", UPDATED.replace(b"</p:output>", b"<p:context>rien</p:context></p:output>")),
        ("TD1.6", HOLDERS),
        ("TD1.6", HOLDERS.replace(HOLDER, b"")),
    ],
)
def test_right_answers_break_no_rule(
    make: Make, answered: Answered, failing: Failing, transaction: str, payload: bytes
) -> None:
    assert failing(answered(make(transaction), payload), transaction, sides=("response",)) == set()


ANSWERS = [
    ("TD0.4", LIST, b"<p:status>DMPOk</p:status>", b"", "LIST-STATUS"),
    ("TD0.4", LIST, b"DMPOk", b"DMPKo", "LIST-STATUS"),
    ("TD0.4", LIST_REFUSED, b"<p:context>non</p:context>", b"", "LIST-STATUS"),
    ("TD0.4", LIST, b"280056399910181", b"280056399910182", "LIST-IDENTIFIERS"),
    ("TD0.4", LIST, b"1.2.250.1.213.1.4.10", b"1.2.250.1.213.1.4.8", "LIST-IDENTIFIERS"),
    ("TD0.4", LIST, b"1999900000000000000101", b"19999", "LIST-IDENTIFIERS"),
    ("TD0.4", LIST, b"MARIE", b"", "LIST-TRAITS"),
    ("TD0.4", LIST, b"19800514", b"14/05/1980", "LIST-TRAITS"),
    ("TD0.4", LIST, b"<p:MT>false", b"<p:MT>non", "LIST-TRAITS"),
    ("TD0.4", LIST, b"20260301080000", b"20260301", "LIST-DATES"),
    ("TD0.4", LIST, b"20260301080000", b"20260101080000", "LIST-SINCE"),
    ("TD0.4", LIST, b"<p:lastAddDate>20260301080000</p:lastAddDate>", b"", "LIST-SINCE"),
    ("TD0.4", LIST, LINE, LINE + LINE, "LIST-ONCE"),
    ("TD1.5a", CREATED, b"<p:status>DMPOk</p:status>", b"", "ACCESS-STATUS"),
    ("TD1.5a", CREATED, b"DMPOk", b"DMPKo", "ACCESS-STATUS"),
    ("TD1.5a", CREATED, b"DMPOk", b"DMPKo", "ACCESS-CREDENTIALS"),
    ("TD1.5a", CREATED, b"ABCD2345", b"ABCD-345", "ACCESS-CREDENTIALS"),
    ("TD1.5a", CREATED, b"aB3$-x+9", b"aB3$-x+", "ACCESS-CREDENTIALS"),
    ("TD1.5a", CREATED, SECRETS, b"", "ACCESS-CREDENTIALS"),
    ("TD1.5b", UPDATED, b"DMPOk", b"", "ACCESS-STATUS"),
    ("TD1.5b", UPDATED, b"<p:status>", SECRETS + b"<p:status>", "ACCESS-NO-SECRET"),
    ("TD1.6", HOLDERS, b"DMPOk", b"DMPKo", "AUTH-LIST-STATUS"),
    ("TD1.6", HOLDERS, b"1.2.250.1.71.4.2.1", b"1.2.250.1.71.4.2", "AUTH-LIST-HOLDER"),
    ("TD1.6", HOLDERS, b"FICTIF", b"", "AUTH-LIST-HOLDER"),
    ("TD1.6", HOLDERS, b"G15_10/SM54", b"SM54", "AUTH-LIST-SPECIALITY"),
    ("TD1.6", HOLDERS, b"<h:libSpeciality>m</h:libSpeciality>", b"", "AUTH-LIST-SPECIALITY"),
    (
        "TD1.6",
        HOLDERS,
        b"<h:lastActionDate>20260115080000",
        b"<h:lastActionDate>20250115080000",
        "AUTH-LIST-DATES",
    ),
    (
        "TD1.6",
        HOLDERS,
        b"<h:startOfAuthorization>20260115080000",
        b"<h:startOfAuthorization>x",
        "AUTH-LIST-DATES",
    ),
    ("TD1.6", HOLDERS, b"<h:mode>ACTIVE", b"<h:mode>EXPIREE", "AUTH-LIST-MODE"),
    ("TD1.6", HOLDERS, HOLDER, HOLDER + HOLDER, "AUTH-LIST-MODE"),
    ("TD1.6", HOLDERS, b"MEDECIN_TRAITANT", b"MT", "AUTH-LIST-RIGHT"),
    ("TD1.6", HOLDERS, b"G15_10", b"G15_60", "AUTH-LIST-RIGHT"),
]


@pytest.mark.parametrize(
    ("transaction", "payload", "before", "after", "rule"),
    ANSWERS,
)
def test_a_defect_of_an_answer_breaks_its_rule(
    make: Make,
    answered: Answered,
    failing: Failing,
    transaction: str,
    payload: bytes,
    before: bytes,
    after: bytes,
    rule: str,
) -> None:
    assert before in payload
    wrong = payload.replace(before, after)
    assert rule in failing(answered(make(transaction), wrong), transaction, sides=("response",))


def test_a_line_of_another_mode_than_asked_is_seen(make: Make, answered: Answered, failing: Failing) -> None:
    forbidden = HOLDERS.replace(b"ACTIVE", b"INTERDITE")
    assert (
        failing(answered(make("TD1.6", mode="INTERDITE"), forbidden), "TD1.6", sides=("response",)) == set()
    )
    for mode, payload in (("ACTIVE", forbidden), ("INTERDITE", HOLDERS)):
        wrong = answered(make("TD1.6", mode=mode), payload)
        assert "AUTH-LIST-MODE" in failing(wrong, "TD1.6", sides=("response",))


@pytest.mark.parametrize(
    "payload", [CREATED, CREATED.replace(b"DMPOk", b"DMPKo"), CREATED.replace(b"ABCD", b"AB-D")]
)
def test_no_finding_quotes_a_secret(make: Make, answered: Answered, payload: bytes) -> None:
    exchange = answered(make("TD1.5a"), payload)
    findings = api.judge(exchange, load().by_id("TD1.5a"), sides=("response",))
    told = str(findings)
    assert "ACCESS-CREDENTIALS" in told
    assert "2345" not in told
    assert "aB3$-x+9" not in told


def test_the_rules_say_the_same_of_masked_answers(make: Make, answered: Answered, failing: Failing) -> None:
    """Evidence overwrites both secrets with X, byte for byte."""
    masked = CREATED.replace(b"ABCD2345", b"XXXXXXXX").replace(b"aB3$-x+9", b"XXXXXXXX")
    assert failing(answered(make("TD1.5a"), masked), "TD1.5a", sides=("response",)) == set()


#: The rules that this module breaks (tests.harness.checks.broken).
BROKEN = {row[-1] for row in (*DEFECTS, *EDITED, *ANSWERS)}
