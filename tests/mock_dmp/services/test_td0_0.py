"""Identity from a NIR: stopped by default, served by switch."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from lxml import etree

from tests.mock_dmp.builders import Answered, Lps, Who, el


def certification(insured: str, birth: str, rank: str = "1", individual: str = "") -> etree._Element:
    values = (
        ("nirOD", insured),
        ("dateNaissance", birth),
        ("rangNaissance", rank),
        ("nirIndividu", individual),
    )
    return el(
        "pat:identityCertification", {}, *(el(f"pat:{name}", {}, text) for name, text in values if text)
    )


def said(answer: Answered, name: str = "status") -> str:
    return "".join(answer.all(f"pat:output/pat:{name}/text()"))


def test_stopped(reader: Lps) -> None:
    answer = reader.send("TD0.0", certification("280056399910181", "1980-05-14"), Who())
    assert said(answer) == "MockTransactionStopped"
    assert "INSi" in said(answer, "context") and "30/09/2023" in said(answer, "context")
    assert said(answer, "nirIndividu") == ""


@pytest.mark.parametrize(
    ("insured", "birth", "individual", "name"),
    [
        ("280056399910181", "1980-05-14", "", "AUTORISEE"),
        ("2800563999101", "1980-05-14", "", "AUTORISEE"),
        ("297022A999301", "1997-02-26", "", "CORSEDUSUD"),
        ("160012B99930224", "1960-01-01", "", "HAUTECORSE"),
        ("252209999940925", "1952-00-00", "", "LUNE"),
        ("280056399910181", "1969-12-24", "269126399920249", "ABSENTE"),
    ],
)
def test_served_by_switch(
    lps: Lps, change: Callable[..., None], insured: str, birth: str, individual: str, name: str
) -> None:
    change(td0_0_open=True)
    answer = lps.send("TD0.0", certification(insured, birth, individual=individual), Who())
    assert (said(answer), said(answer, "nomPatronymique")) == ("DMPOk", name)
    assert said(answer, "nirIndividu").startswith(individual[:13] or insured[:13])
    assert said(answer, "dateNaissance") == birth


@pytest.mark.parametrize(
    ("insured", "birth", "rank", "code"),
    [
        ("", "1980-05-14", "1", "MockInvalidRequest"),
        ("280056399910182", "1980-05-14", "1", "MockInvalidRequest"),
        ("28005", "1980-05-14", "1", "MockInvalidRequest"),
        ("280056399910181", "14/05/1980", "1", "MockInvalidRequest"),
        ("280056399910181", "", "1", "MockInvalidRequest"),
        ("280056399910181", "1980-05-14", "0", "MockInvalidRequest"),
        ("280056399910181", "1980-05-15", "1", "MockIdentityNotFound"),
        ("199126399999963", "1999-12-01", "1", "MockIdentityNotFound"),
    ],
)
def test_refused(
    lps: Lps, change: Callable[..., None], insured: str, birth: str, rank: str, code: str
) -> None:
    change(td0_0_open=True)
    answer = lps.send("TD0.0", certification(insured, birth, rank), Who())
    assert (answer.fault, said(answer)) == ("", code)
    assert said(answer, "context")


def test_an_element_twice(lps: Lps, change: Callable[..., None]) -> None:
    change(td0_0_open=True)
    body = certification("280056399910181", "1980-05-14")
    body.append(el("pat:nirOD", {}, "280056399910181"))
    assert said(lps.send("TD0.0", body, Who())) == "MockInvalidRequest"


def test_not_in_air(reader: Lps) -> None:
    who = Who(professional="medecin-hospitalier", structure="hopital", mode="INDIRECTE_RENFORCEE")
    answer = reader.send("TD0.0", certification("280056399910181", "1980-05-14"), who)
    assert answer.fault
