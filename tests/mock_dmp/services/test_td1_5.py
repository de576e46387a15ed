"""The patient's internet account: opened once, its channels, its credentials, and who never sees them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from lxml import etree

from mock_dmp.state import accounts, traces
from mock_dmp.state.accounts import Account, Channel
from tests.mock_dmp.builders import Answered, Lps, Who, existence
from tests.mock_dmp.custom_messages import custom, said, status

WITHOUT, WITH, ATTACHED = "actif-sans-autorisation", "actif-autorise", "rattache-mes"
MOBILE = {"type": "SMS", "canal": "0612345678"}
MAIL = {"type": "EMAIL", "canal": "paul@example.org"}


def create(lps: Lps, patient: str = WITHOUT, **fields: str) -> Answered:
    return lps.send("TD1.5a", custom("pat:createPatientAccess", **fields), Who().on(patient))


def update(lps: Lps, action: str, patient: str = WITH, **fields: str) -> Answered:
    transaction = "TD1.5b" if action == "AJOUT" else "TD1.5c"
    return lps.send(transaction, custom("pat:patientOTPUpdate", **fields, action=action), Who().on(patient))


def reissue(lps: Lps, patient: str = WITH) -> Answered:
    return lps.send("TD1.5d", custom("pat:updatePatientAccess"), Who().on(patient))


def credentials(answer: Answered) -> tuple[str, str]:
    return answer.one("pat:output/pat:login"), answer.one("pat:output/pat:password")


def held(lps: Lps, patient: str = WITH) -> Account | None:
    with lps.store.read() as db:
        return accounts.find(db, "default", patient)


def shown(lps: Lps, patient: str) -> str:
    """The flag of the existence test."""
    answer = lps.send("TD0.2", existence(patient), Who().on(patient))
    return answer.one("//*[hl7:code/@code = 'COMPTE_INTERNET_OUVERT']/hl7:value/@value")


def test_an_account_is_opened_once_and_the_existence_test_tells(lps: Lps) -> None:
    assert shown(lps, WITHOUT) == "false"
    answer = create(lps, **MOBILE)
    assert [etree.QName(node).localname for node in answer.all("pat:output/*")] == [
        "login",
        "password",
        "status",
    ]
    account = held(lps, WITHOUT)
    assert account is not None
    assert credentials(answer) == (account.login, account.password)
    assert account.channels == (Channel("SMS", "0612345678"),)
    assert shown(lps, WITHOUT) == "true"
    again = create(lps, **MAIL)
    assert status(again) == "DMPPatientAccessAlreadyExists"
    assert again.all("//pat:login | //pat:password") == []
    assert held(lps, WITHOUT) == account


def test_a_refused_creation_leaves_nothing(lps: Lps) -> None:
    assert status(create(lps, type="SMS", canal="0512345678")) == "MockInvalidRequest"
    assert held(lps, WITHOUT) is None
    assert shown(lps, WITHOUT) == "false"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"type": "SMS", "canal": "0512345678"}, "06 ou 07"),
        ({"type": "SMS", "canal": "061234567"}, "06 ou 07"),
        ({"type": "SMS", "canal": "+33612345678"}, "06 ou 07"),
        ({"type": "SMS", "canal": "06 12 34 56 78"}, "06 ou 07"),
        ({"type": "SMS", "canal": "paul@example.org"}, "06 ou 07"),
        ({"type": "EMAIL", "canal": "0612345678"}, "nom@domaine"),
        ({"type": "EMAIL", "canal": "paul@"}, "nom@domaine"),
        ({"type": "EMAIL", "canal": "paul@example"}, "nom@domaine"),
        ({"type": "EMAIL", "canal": "a b@example.org"}, "nom@domaine"),
        ({"type": "FAX", "canal": "0612345678"}, "SMS ou EMAIL"),
        ({"canal": "0612345678"}, "type"),
        ({"type": "SMS"}, "canal"),
    ],
)
def test_bad_channels_are_refused_by_the_status(reader: Lps, fields: dict[str, str], expected: str) -> None:
    answer = create(reader, **fields)
    assert status(answer) == "MockInvalidRequest"
    assert expected in said(answer)


def test_a_session_may_take_any_number_but_no_unknown_type(lps: Lps, change: Callable[..., None]) -> None:
    change(WS__CHANNEL__VALUE="warn", WS__CHANNEL__TYPE="off")
    assert status(create(lps, type="FAX", canal="0512345678")) == "MockInvalidRequest"
    assert status(create(lps, type="SMS", canal="0512345678")) == "DMPOk"


def test_life_of_a_channel(lps: Lps) -> None:
    create(lps, **MOBILE)
    assert status(update(lps, "AJOUT", WITHOUT, **MAIL)) == "DMPOk"
    assert status(update(lps, "AJOUT", WITHOUT, **MAIL)) == "DMPPatientAccessOTPAlreadyExists"
    changed = {"type": "EMAIL", "canal": "paul.sansdroit@example.org"}
    assert status(update(lps, "MODIFICATION", WITHOUT, **changed)) == "DMPOk"
    again = update(lps, "MODIFICATION", WITHOUT, **changed)
    assert (status(again), "rien n'a été fait" in said(again)) == ("DMPOk", True)
    assert status(update(lps, "SUPPRESSION", WITHOUT, **MAIL)) == "MockPatientAccessOTPNotFound"
    assert status(update(lps, "SUPPRESSION", WITHOUT, **changed)) == "DMPOk"
    assert status(update(lps, "MODIFICATION", WITHOUT, **changed)) == "MockPatientAccessOTPNotFound"
    account = held(lps, WITHOUT)
    assert account is not None
    assert account.channels == (Channel("SMS", "0612345678"),)


def test_one_channel_a_type_unless_the_session_says_otherwise(lps: Lps, change: Callable[..., None]) -> None:
    other = {"type": "SMS", "canal": "0712345678"}
    assert status(update(lps, "AJOUT", **other)) == "DMPPatientAccessOTPAlreadyExists"
    change(one_channel_a_type=False)
    assert status(update(lps, "AJOUT", **other)) == "DMPOk"
    assert status(update(lps, "AJOUT", **other)) == "DMPPatientAccessOTPAlreadyExists"
    account = held(lps)
    assert account is not None
    assert len(account.of_type("SMS")) == 2


@pytest.mark.parametrize("action", ["", "REMPLACEMENT", "ajout"])
def test_an_unknown_action_is_refused(reader: Lps, action: str) -> None:
    answer = reader.send("TD1.5b", custom("pat:patientOTPUpdate", **MOBILE, action=action), Who().on(WITH))
    assert status(answer) == "MockInvalidRequest"
    assert "AJOUT ou MODIFICATION ou SUPPRESSION" in said(answer)


def test_credentials_are_issued_again(lps: Lps, change: Callable[..., None]) -> None:
    first = held(lps)
    login, password = credentials(reissue(lps))
    assert first is not None
    assert login == first.login
    assert password != first.password
    now = held(lps)
    assert now is not None
    assert (now.login, now.password) == (login, password)
    assert now.channels == first.channels
    change(reissue_changes_login=True)
    assert credentials(reissue(lps))[0] != login


def test_without_an_account_nothing_can_be_changed(reader: Lps) -> None:
    for answer in (
        update(reader, "AJOUT", WITHOUT, **MOBILE),
        update(reader, "SUPPRESSION", WITHOUT, **MOBILE),
        reissue(reader, WITHOUT),
    ):
        assert status(answer) == "MockPatientAccessNotFound"
        assert "TD1.5a" in said(answer)


@pytest.mark.parametrize(
    ("patient", "code"),
    [(ATTACHED, "MockAttachedToMes"), ("ferme", "DMPClosed"), ("absent", "MockPatientNotFound")],
)
def test_the_state_of_the_dmp_is_told_by_the_status(reader: Lps, patient: str, code: str) -> None:
    for answer in (
        create(reader, patient, **MOBILE),
        update(reader, "AJOUT", patient, **MOBILE),
        update(reader, "MODIFICATION", patient, **MOBILE),
        reissue(reader, patient),
    ):
        assert answer.fault == ""
        assert status(answer) == code
        assert answer.all("//pat:login | //pat:password") == []


def test_attachment_is_a_rule_of_its_own(lps: Lps, change: Callable[..., None]) -> None:
    change(RIGHTS__MES="off")
    assert status(reissue(lps, ATTACHED)) == "DMPOk"


def test_the_answer_is_that_of_the_operation(reader: Lps) -> None:
    for answer, root in (
        (create(reader, **{"type": "?"}), "createPatientAccessResponse"),
        (update(reader, "AJOUT", WITHOUT, **MOBILE), "patientOTPUpdateResponse"),
        (reissue(reader, WITHOUT), "updatePatientAccessResponse"),
    ):
        assert etree.QName(answer.payload).localname == root


def test_strangers_in_the_body_are_warned_of_or_refused(lps: Lps, change: Callable[..., None]) -> None:
    body = custom("pat:updatePatientAccess", login="ABCD2345")
    assert status(lps.send("TD1.5d", body, Who().on(WITH))) == "DMPOk"
    change(WS__STRANGER="refuse")
    body = custom("pat:updatePatientAccess", login="ABCD2345")
    assert status(lps.send("TD1.5d", body, Who().on(WITH))) == "MockInvalidRequest"


def test_no_trace_holds_a_secret(lps: Lps) -> None:
    given = {*credentials(create(lps, **MOBILE)), *credentials(reissue(lps, WITHOUT))}
    with lps.store.read() as db:
        lines = str(traces.listing(db, "default"))
    assert "TD1.5a" in lines
    assert "TD1.5d" in lines
    assert not [secret for secret in given if secret in lines]
