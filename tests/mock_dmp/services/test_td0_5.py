"""Search without INS: exact and near, limits, rights, refusals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from lxml import etree

from mock_dmp.pki import PkiIndex
from protocol import facts
from tests.mock_dmp.builders import Answered, Lps, Who, el, signed

REGULATOR = Who(professional="medecin-regulateur", structure="centre-15", access="centre_15")
FOLDED = (
    "D'HERBE-OUTREMONT",
    "d’herbe outremont",
    "D HERBE OUTREMONT",
    "L'étang-sur-Oeuvre",
    "L'ÉTANG SUR ŒUVRE",
)


def search(
    family: str = "",
    given: str = "",
    *,
    birth: str = "",
    sex: str = "",
    postal_code: str = "",
    city: str = "",
    near: bool = False,
    near_address: bool = False,
    trigger: str = "PRPA_TE201305UV02",
    interaction: str = "PRPA_IN201305UV02",
    more: tuple[etree._Element, ...] = (),
) -> etree._Element:
    def value(name: str, parent: str, use: bool, *children: etree._Element, **attributes: str) -> Any:
        return el(
            f"hl7:{parent}", {}, el(f"hl7:{name}", attributes | ({"use": "SRCH"} if use else {}), *children)
        )

    criteria: list[etree._Element] = []
    if sex:
        criteria.append(value("value", "livingSubjectAdministrativeGender", False, code=sex))
    if birth:
        criteria.append(value("value", "livingSubjectBirthTime", False, value=birth))
    if family or given:
        names = [el(f"hl7:{name}", {}, text) for name, text in (("family", family), ("given", given)) if text]
        criteria.append(value("value", "livingSubjectName", near, *names))
    if postal_code or city:
        parts = [
            el(f"hl7:{name}", {}, text)
            for name, text in (("postalCode", postal_code), ("city", city))
            if text
        ]
        criteria.append(value("value", "patientAddress", near_address, *parts))
    return el(
        "hl7:PRPA_IN201305UV02",
        {"ITSVersion": "XML_1.0"},
        el("hl7:id", {"root": "1.2.3.4", "extension": "m1"}),
        el("hl7:interactionId", {"root": facts.OID_INTERACTIONS, "extension": interaction}),
        el("hl7:receiver", {}, el("hl7:device", {}, el("hl7:id", {"root": facts.OID_DMP}))),
        el("hl7:sender", {}, el("hl7:device", {}, el("hl7:id", {"root": "1.2.3.4"}))),
        el(
            "hl7:controlActProcess",
            {"classCode": "CACT", "moodCode": "EVN"},
            el("hl7:code", {"code": trigger, "codeSystem": facts.OID_INTERACTIONS}),
            el(
                "hl7:queryByParameter",
                {},
                el("hl7:queryId", {"root": "1.2.3.4", "extension": "q1"}),
                el("hl7:statusCode", {"code": "new"}),
                el("hl7:parameterList", {}, *criteria, *more),
            ),
        ),
    )


def numbers(answer: Answered) -> list[str]:
    return [str(one) for one in answer.all(f".//hl7:patient/hl7:id[@root='{facts.OID_INS_TEST}']/@extension")]


def scores(answer: Answered) -> list[int]:
    path = ".//hl7:queryMatchObservation[hl7:code/@code='POURCENTAGE']/hl7:value/@value"
    return [int(one) for one in answer.all(path)]


def code(answer: Answered) -> str:
    found = answer.all("hl7:acknowledgement/hl7:acknowledgementDetail/hl7:code/@code")
    return str(found[0]) if found else ""


@pytest.mark.parametrize("name", FOLDED)
def test_names_are_compared_folded(reader: Lps, name: str) -> None:
    answer = reader.send("TD0.5", search(name), REGULATOR)
    assert answer.one("hl7:acknowledgement/hl7:typeCode/@code") == "AA"
    assert numbers(answer) == ["278086399930424"]
    assert scores(answer) == [100]


def test_the_whole_answer(reader: Lps) -> None:
    answer = reader.send("TD0.5", search("opposant", "rené", birth="19500109", sex="M"), REGULATOR)
    assert answer.one("hl7:controlActProcess/hl7:code/@code") == "PRPA_TE201306UV02"
    assert answer.one("hl7:acknowledgement/hl7:targetMessage/hl7:id/@extension") == "m1"
    patient = answer.all(".//hl7:patient")[0]
    event = patient.getparent().getparent()
    assert event.find(f"{{{facts.HL7}}}statusCode").get("code") == "active"
    assert answer.one(".//hl7:patient/hl7:statusCode/@code") == "active"
    assert answer.one(".//hl7:patientPerson/hl7:birthTime/@value") == "19500109"
    assert answer.one(".//hl7:administrativeObservation/hl7:code/@code") == "OPPOSITION_ACCES_URGENCE"
    assert answer.one(".//hl7:administrativeObservation/hl7:value/@value") == "true"
    ack = ".//hl7:queryAck/"
    assert answer.one(f"{ack}hl7:queryId/@extension") == "q1"
    assert answer.one(f"{ack}hl7:queryResponseCode/@code") == "OK"
    counts = [
        answer.one(f"{ack}hl7:result{name}Quantity/@value") for name in ("Total", "Current", "Remaining")
    ]
    assert counts == ["1", "1", "0"]
    said = ".//hl7:queryByParameter/hl7:parameterList/hl7:livingSubjectName/"
    assert answer.one(f"{said}hl7:value/hl7:family") == "opposant"
    assert answer.all(".//hl7:telecom") == []


def test_nobody_is_an_answer(reader: Lps) -> None:
    answer = reader.send("TD0.5", search("PERSONNEDECENOM"), REGULATOR)
    assert answer.one("hl7:acknowledgement/hl7:typeCode/@code") == "AA"
    assert answer.one(".//hl7:queryResponseCode/@code") == "NF"
    assert numbers(answer) == []


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (search("HOMONYME", "CLAUDE"), 3),
        (search("HOMONYME", "CLAUDE", birth="19730211"), 2),
        (search("HOMONYME", "CLAUDE", birth="19730211", postal_code="99020"), 1),
        (search("HOMONYME", city="Bourg-fictif"), 1),
        (search("HOMONYME", sex="F"), 0),
        (search("HOMONYME", "PAUL"), 0),
        (search("PRENOMS", "BERTILLE"), 1),
        (search("LUNE", birth="19520000"), 1),
        (search("CLOTURE"), 0),  # closed
        (search("ABSENTE"), 0),  # no DMP
    ],
    ids=lambda value: str(value) if isinstance(value, int) else "search",
)
def test_exact_criteria_all_hold(reader: Lps, asked: etree._Element, found: int) -> None:
    answer = reader.send("TD0.5", asked, REGULATOR)
    assert len(numbers(answer)) == found
    assert set(scores(answer)) <= {100}


def test_near_names(reader: Lps) -> None:
    exact = reader.send("TD0.5", search("LEFAUCHEUX", "MATHIEU"), REGULATOR)
    near = reader.send("TD0.5", search("LEFAUCHEUX", "MATHIEU", near=True), REGULATOR)
    assert (len(numbers(exact)), scores(near)[0]) == (1, 100)
    assert len(numbers(near)) == 3
    assert scores(near) == sorted(scores(near), reverse=True)
    assert all(60 <= score < 100 for score in scores(near)[2:])


def test_a_near_name_of_the_same_day(reader: Lps) -> None:
    """Mistyped beyond what sounds alike: the birth date proposes, the score decides."""
    answer = reader.send("TD0.5", search("OPOSENT", birth="19500109", near=True), REGULATOR)
    assert numbers(answer) == ["150016399910677"]
    other = reader.send("TD0.5", search("ZZYZX", birth="19500109", near=True), REGULATOR)
    assert numbers(other) == []


def test_a_near_address_only_scores(reader: Lps) -> None:
    asked = {"family": "HOMONYME", "given": "CLAUDE", "birth": "19730211", "city": "PORT FICTIF"}
    held = reader.send("TD0.5", search(**asked), REGULATOR)
    near = reader.send("TD0.5", search(**asked, near_address=True), REGULATOR)
    assert (len(numbers(held)), len(numbers(near))) == (1, 2)
    assert numbers(near)[0] == numbers(held)[0]
    assert scores(near)[1] < scores(near)[0] == 100


def test_more_than_ten_is_refused(lps: Lps, change: Callable[..., None]) -> None:
    answer = lps.send("TD0.5", search("NOMBREUX"), REGULATOR)
    assert answer.one("hl7:acknowledgement/hl7:typeCode/@code") == "AE"
    assert code(answer) == "MockTooManyPatients"
    assert "préciser" in answer.one("hl7:acknowledgement/hl7:acknowledgementDetail/hl7:text")
    assert numbers(answer) == []
    change(PDQ__TOO__MANY="warn")
    answer = lps.send("TD0.5", search("NOMBREUX"), REGULATOR)
    assert len(numbers(answer)) == 10
    ack = ".//hl7:queryAck/"
    counts = [
        answer.one(f"{ack}hl7:result{name}Quantity/@value") for name in ("Total", "Current", "Remaining")
    ]
    assert counts == ["12", "10", "2"]
    change(pdq_limit=12, PDQ__TOO__MANY="refuse")
    assert len(numbers(lps.send("TD0.5", search("NOMBREUX"), REGULATOR))) == 12


def test_closed_dmps_by_switch(lps: Lps, change: Callable[..., None]) -> None:
    change(pdq_closed_found=True)
    answer = lps.send("TD0.5", search("CLOTURE"), REGULATOR)
    assert sorted(answer.all(".//hl7:patient/hl7:statusCode/@code")) == ["terminated"] * 2


def test_the_least_score_is_a_switch(lps: Lps, change: Callable[..., None]) -> None:
    change(pdq_least_score=99)
    assert len(numbers(lps.send("TD0.5", search("LEFAUCHEUX", "MATHIEU", near=True), REGULATOR))) == 1


@pytest.mark.parametrize("access", ["normal", "bris_de_glace"])
def test_regulation_only(reader: Lps, access: str) -> None:
    who = Who(professional="medecin-regulateur", structure="centre-15", access=access, reason="Urgence")
    answer = reader.send("TD0.5", search("AUTORISEE"), who)
    assert answer.fault == "MockWrongAccessMode"


def test_an_employee_may_not(reader: Lps) -> None:
    who = Who(professional="secretaire", access="centre_15")
    answer = reader.send("TD0.5", search("AUTORISEE"), who)
    assert answer.fault == "DMPAccessDeniedByRightsService"


def test_an_organisation_may_in_regulation(trusting: Lps, test_pki: PkiIndex) -> None:
    who = Who(professional="medecin-hospitalier", structure="hopital", mode="INDIRECTE", access="centre_15")
    assertion = signed(who, test_pki.certificate("org-sign"), test_pki.key("org-sign"))
    answer = trusting.send("TD0.5", search("AUTORISEE"), assertion)
    assert answer.fault == "", answer.reason
    assert numbers(answer) == ["280056399910181"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (search(birth="19500109"), "livingSubjectName"),
        (search("A"), "2 lettres"),
        (search("OPPOSANT", birth="09/01/1950"), "AAAAMMJJ"),
        (search("OPPOSANT", birth="19501332"), "AAAAMMJJ"),
        (search("OPPOSANT", sex="H"), "M ou F"),
        (search("OPPOSANT", trigger="PRPA_TE201306UV02"), "PRPA_TE201305UV02"),
        (search("OPPOSANT", interaction="PRPA_IN201307UV02"), "interactionId"),
        (
            search("OPPOSANT", more=(el("hl7:livingSubjectName", {}, el("hl7:value", {})),)),
            "deux fois",
        ),
    ],
    ids=["no-name", "short", "date", "calendar", "sex", "trigger", "interaction", "twice"],
)
def test_bad_requests(reader: Lps, asked: etree._Element, said: str) -> None:
    answer = reader.send("TD0.5", asked, REGULATOR)
    assert (answer.fault, code(answer)) == ("", "MockInvalidRequest")
    detail = answer.one("hl7:acknowledgement/hl7:acknowledgementDetail/hl7:text")
    assert said in detail
    assert answer.one(".//hl7:queryResponseCode/@code") == "AE"


def test_a_forgiving_session(lps: Lps, change: Callable[..., None]) -> None:
    change(PDQ__NAME="warn", PDQ__SEX="off")
    answer = lps.send("TD0.5", search(birth="19500109"), REGULATOR)
    assert numbers(answer) == ["150016399910677"]
    assert numbers(lps.send("TD0.5", search("OPPOSANT", sex="H"), REGULATOR)) == []


def test_a_wildcard_is_a_letter_like_others(reader: Lps) -> None:
    assert numbers(reader.send("TD0.5", search("OPPOS%"), REGULATOR)) == []
    assert numbers(reader.send("TD0.5", search("OPPOSANT", "%"), REGULATOR)) == []
    assert code(reader.send("TD0.5", search("%%", sex="M"), REGULATOR)) == "MockInvalidRequest"
