"""Rules on opening, reopening, changing and closing a DMP: a good request breaks none, each has its own breach.

A rule that warns is told by the journal; any of them can be made to refuse, to warn, or be turned off.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from mock_dmp import journal
from mock_dmp.acceptance.gdp import GDP, folded, is_minor
from mock_dmp.state import patients
from protocol import directory
from protocol.acceptance_rules import rules
from tests.mock_dmp.administrative import message, observation, problems, said, send
from tests.mock_dmp.builders import Answered, Lps, Who

GOOD = {"TD1.1": "absent", "TD1.2": "ferme", "TD1.3b": "actif-autorise", "TD1.4": "actif-autorise"}
ANSWERS = {
    "TD1.1": ("PRPA_IN201312UV02", "PRPA_IN201313UV02"),
    "TD1.2": ("PRPA_IN201315UV02", "PRPA_IN201316UV02"),
    "TD1.3b": ("PRPA_IN201315UV02", "PRPA_IN201316UV02"),
    "TD1.4": ("PRPA_IN201315UV02", "PRPA_IN201316UV02"),
}
RELATION = (
    '<contactParty classCode="CON"><code code="CARTE',
    '<personalRelationship><code code="{}" codeSystem="2.16.840.1.113883.1.11.19579"/><relationshipHolder1><name>'
    "<family>TUTEUR</family>{}</name></relationshipHolder1></personalRelationship>"
    '<contactParty classCode="CON"><code code="CARTE',
)
BR, SP = "OPPOSITION_BRIS_DE_GLACE", 'qualifier="SP"'

#: rule, transaction, what is changed in the good request, a word of what is told
BREACHES: list[tuple[str, str, tuple[str, str], str]] = [
    ("GDP-STATUS", "TD1.1", ('<statusCode code="active"/>', '<statusCode code="terminated"/>'), "statusCode"),
    ("GDP-STATUS", "TD1.4", ('"terminated"', '"active"'), "terminated"),
    ("GDP-NAME", "TD1.1", ("<given>NADINE</given></name><telecom", "</name><telecom"), "given"),
    ("GDP-NAME", "TD1.4", (f" {SP}", ""), "SP"),
    ("GDP-TRAITS", "TD1.1", ('administrativeGenderCode code="F"', 'administrativeGenderCode code="X"'), "X"),
    ("GDP-TRAITS", "TD1.3b", ('birthTime value="19800514"', 'birthTime value="800514"'), "AAAAMMJJ"),
    ("GDP-LUNAR", "TD1.3b", ('"19800514"', '"19800500"'), "19800501"),
    ("GDP-IDENTITY", "TD1.3b", ('"19800514"', '"19800515"'), "19800514"),
    (
        "GDP-IDENTITY",
        "TD1.2",
        ('administrativeGenderCode code="M"', 'administrativeGenderCode code="F"'),
        "M",
    ),
    ("GDP-IDENTITY", "TD1.4", (">AUTORISEE<", ">AUTRE<"), "AUTORISEE"),
    ("GDP-IDENTITY", "TD1.4", (">MARIE<", ">ZOÉ<"), "MARIE"),
    ("GDP-CARD", "TD1.1", ("CARTE_SESAM_VITALE", "CARTE_BLEUE"), "CARTE_BLEUE"),
    ("GDP-CARD", "TD1.1", ('"691224"', '"19691224"'), "AAMMJJ"),
    ("GDP-CARD", "TD1.1", ("contactPerson", "contactThing"), "incomplet"),
    ("GDP-CARD", "TD1.1", ("contactParty", "otherParty"), "contactParty"),
    ("GDP-CARD-TRAITS", "TD1.1", ('"691224"', '"691225"'), "691225"),
    (
        "GDP-CARD-TRAITS",
        "TD1.1",
        (
            '<contactPerson><name><family qualifier="SP">ABSENTE',
            '<contactPerson><name><family qualifier="SP">B',
        ),
        "family",
    ),
    ("GDP-CONSENT", "TD1.1", ("CONSENTEMENT_OUVERTURE_DMP", "CONSENTEMENT_REACTIVATION_DMP"), "absente"),
    (
        "GDP-CONSENT",
        "TD1.2",
        ('<value xsi:type="BL" value="true"', '<value xsi:type="BL" value="false"'),
        "true",
    ),
    ("GDP-CONSENT", "TD1.1", ('effectiveTime value="20260101"', 'effectiveTime value="2026"'), "2026"),
    ("GDP-CONSENT", "TD1.2", ('<effectiveTime value="20260102030405"/>', ""), "effectiveTime"),
    ("GDP-OPPOSITIONS", "TD1.1", (observation(BR, "false"), ""), BR),
    ("GDP-OBSERVATION", "TD1.3b", ('xsi:type="BL" value="true"', 'xsi:type="BL" value="oui"'), "oui"),
    ("GDP-OBSERVATION", "TD1.3b", ('codeSystem="1.2.250.1.213.4.1.2.3"', 'codeSystem="1.2"'), "1.2"),
    ("GDP-OBSERVATION", "TD1.3b", ("</patient>", f"{observation(BR, 'false')}</patient>"), "2 fois"),
    ("GDP-AUTHOR", "TD1.2", ("<family>ESSAI</family>", "<family/>"), "family"),
    ("GDP-AUTHOR", "TD1.4", ("<given>CLAUDE</given>", "<given> </given>"), "given"),
    ("GDP-AUTHOR-VIHF", "TD1.1", ("899990000111", "899990000129"), "899990000129"),
    ("GDP-TELECOM", "TD1.1", ("tel:0600000041", "0600000041"), "tel:"),
    ("GDP-TELECOM", "TD1.3b", ("<addr>", '<telecom value="mailto:a@b.fr"/>' * 3 + "<addr>"), "3 au plus"),
    (
        "GDP-REPRESENTATIVE",
        "TD1.1",
        (RELATION[0], RELATION[1].format("VOISIN", "<given>A</given>")),
        "VOISIN",
    ),
    ("GDP-REPRESENTATIVE", "TD1.1", (RELATION[0], RELATION[1].format("MTH", "")), "prénom"),
    ("GDP-CLOSING", "TD1.4", ('codeSystem="1.2.250.1.213.4.1.2.4"', ""), "FERMETURE_DEMANDE_PATIENT"),
    ("GDP-CLOSING-CODE", "TD1.4", ("FERMETURE_DEMANDE_PATIENT", "DECES"), "DECES"),
    ("HL7-STRUCTURE", "TD1.1", ('<id root="1.2.3.4" extension="m1"/>', ""), "identifiant"),
    (
        "HL7-INTERACTION",
        "TD1.4",
        ('extension="PRPA_IN201314UV02"', 'extension="PRPA_IN201311UV02"'),
        "201314",
    ),
    (
        "HL7-RECEIVER",
        "TD1.2",
        ('<receiver><device><id root="1.2.250.1.213.4.1.1.1"/>', "<receiver><device>"),
        "1.1",
    ),
]
WARNING = {name for name, rule in rules().items() if rule.default == "warn"}


def warned(lps: Lps) -> list[str]:
    """Rules of the warnings of the last exchange."""
    with lps.store.read() as db:
        last = journal.listing(db, lps.session)[-1]
    return [item["rule"] for item in last["warnings"]]


@pytest.mark.parametrize("transaction", GOOD)
def test_a_good_request_is_accepted_without_a_word(lps: Lps, transaction: str) -> None:
    answer = send(lps, transaction, GOOD[transaction])
    assert message(answer) == (ANSWERS[transaction][0], "AA"), said(answer)
    assert warned(lps) == []


@pytest.mark.parametrize(("rule", "transaction", "change", "word"), BREACHES)
def test_each_rule_sees_its_breach(
    lps: Lps,
    change: tuple[str, str],
    rule: str,
    transaction: str,
    word: str,
) -> None:
    answer = send(lps, transaction, GOOD[transaction], change)
    if rule in WARNING:
        assert rule in warned(lps)
        assert message(answer)[1] == "AA", said(answer)
        return
    assert message(answer) == (ANSWERS[transaction][1], "AE")
    assert problems(answer)[0] == rules()[rule].code
    assert word in said(answer)


def test_every_rule_has_a_breach_here() -> None:
    elsewhere = {"GDP-MINOR", "GDP-SECRET"}
    assert set(GDP.ids) - {row[0] for row in BREACHES} == elsewhere


def test_all_that_is_wrong_is_told_at_once(lps: Lps) -> None:
    answer = send(lps, "TD1.1", "absent", ("<family>ESSAI</family>", ""), ('"691224"', '"6912"'))
    assert problems(answer) == ["MockInvalidRequest", "MockInvalidRequest"]
    assert "AAMMJJ" in said(answer)
    assert "author" in said(answer)


def test_a_refused_request_changes_nothing(lps: Lps) -> None:
    with lps.store.read() as db:
        before = patients.every(db, lps.session)
    for rule, transaction, change, _ in BREACHES:
        if rule not in WARNING:
            send(lps, transaction, GOOD[transaction], change)
    with lps.store.read() as db:
        assert patients.every(db, lps.session) == before


def _quietly(
    lps: Lps, change: Callable[..., None], transaction: str, edit: tuple[str, str], **values: str
) -> Answered:
    change(**values)
    return send(lps, transaction, GOOD[transaction], edit)


def test_severities_follow_the_session(lps: Lps, change: Callable[..., None]) -> None:
    edit = ('"691224"', '"691225"')
    assert _quietly(lps, change, "TD1.1", edit, GDP__CARD__TRAITS="refuse").all(
        ".//hl7:acknowledgementDetail"
    )
    assert message(_quietly(lps, change, "TD1.1", edit, GDP__CARD__TRAITS="off"))[1] == "AA"
    assert warned(lps) == []


def test_with_the_rules_off_what_can_be_kept_is(lps: Lps, change: Callable[..., None]) -> None:
    change(**{rule.replace("-", "__"): "off" for rule in GDP.ids})
    edits = (
        ('administrativeGenderCode code="F"', "administrativeGenderCode"),
        ("tel:0600000041", "fax:0600000041"),
        ('effectiveTime value="20260101"', 'effectiveTime value="hier"'),
        (RELATION[0], RELATION[1].format("VOISIN", "")),
    )
    assert message(send(lps, "TD1.1", "absent", *edits))[1] == "AA"
    with lps.store.read() as db:
        kept = patients.by_key(db, lps.session, "absent")
    assert kept is not None
    assert (kept.sex, kept.telecom) == ("F", ())
    assert kept.legal_representative is not None and kept.legal_representative.quality == "RESPRSN"
    assert kept.dmp.consent_at == kept.dmp.opened


def test_a_minor_without_a_representative_is_a_warning(lps: Lps) -> None:
    with lps.store.write() as db:
        known = directory.patients()["mineur"]
        dmp = replace(known.dmp, status="absent", opened=None)
        patients.save(db, lps.session, replace(known, dmp=dmp))
    assert message(send(lps, "TD1.1", "mineur"))[1] == "AA"
    assert warned(lps) == ["GDP-MINOR"]


def test_the_age_of_majority_is_a_setting(lps: Lps, change: Callable[..., None]) -> None:
    change(age_majorite=120)
    send(lps, "TD1.1", "absent")
    assert "GDP-MINOR" in warned(lps)


def test_no_secret_connection_to_create(lps: Lps, change: Callable[..., None]) -> None:
    answer = send(lps, "TD1.1", "absent", who=Who(secret=True))
    assert (message(answer)[0], problems(answer)) == ("PRPA_IN201313UV02", ["MockSecretConnection"])
    change(GDP__SECRET="off")
    assert message(send(lps, "TD1.1", "absent", who=Who(secret=True)))[1] == "AA"


def test_an_unreadable_request_is_acknowledged_with_what_can_be_read(lps: Lps) -> None:
    answer = send(lps, "TD1.4", "actif-autorise", ("registrationRequest", "autre"))
    assert message(answer) == ("PRPA_IN201316UV02", "AE")
    assert answer.one(".//hl7:targetMessage/hl7:id/@extension") == "m1"
    assert answer.one(".//hl7:reasonCode/@code") == "FERM"


@pytest.mark.parametrize("reason", ["AUTRE", "TEST_EXST", ""])
def test_an_unknown_reason_is_told_before_anything_else(lps: Lps, reason: str) -> None:
    answer = send(lps, "TD1.4", "actif-autorise", ('"FERM"', f'"{reason}"'))
    assert message(answer) == ("PRPA_IN201316UV02", "AE")
    assert "REAC" in said(answer)


@pytest.mark.parametrize(
    ("transaction", "who", "code"),
    [
        ("TD1.1", Who(access="bris_de_glace", reason="urgence"), "MockWrongAccessMode"),
        ("TD1.4", Who(access="centre_15"), "MockWrongAccessMode"),
    ],
)
def test_only_in_normal_mode(lps: Lps, transaction: str, who: Who, code: str) -> None:
    assert problems(send(lps, transaction, GOOD[transaction], who=who)) == [code]


def test_names_compare_without_accents_case_nor_signs() -> None:
    assert folded("L'Étang-sur-Œuvre") == folded("l etang SUR ŒUVRE")
    assert folded("ÉLOÏSE") == "ELOISE"


def test_majority_is_reached_on_the_birthday() -> None:
    from datetime import date

    assert is_minor(date(2008, 6, 2), date(2026, 6, 1), 18)
    assert not is_minor(date(2008, 6, 1), date(2026, 6, 1), 18)
