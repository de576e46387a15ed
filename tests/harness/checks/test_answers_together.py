"""Rules over the answers of a run: they pass on answers that agree with what was fed, and fail on those that don't."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from harness.checks import api
from harness.checks.judged import Declared, Judged
from protocol.exchange import Exchange
from protocol.transactions import load

Make = Callable[..., Exchange]
Answered = Callable[..., Exchange]

NS = (
    b'xmlns:rs="urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0" xmlns:rim="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0" '
    b'xmlns:query="urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0" xmlns:xds="urn:ihe:iti:xds-b:2007"'
)
FED = b"<rs:RegistryResponse %b/>" % NS
TOLD = (
    b"<query:AdhocQueryResponse %b><rim:RegistryObjectList>%%b</rim:RegistryObjectList>"
    b"</query:AdhocQueryResponse>" % NS
)
GIVEN = (
    b"<xds:RetrieveDocumentSetResponse %b><xds:DocumentResponse><xds:DocumentUniqueId>%%b</xds:DocumentUniqueId>"
    b"<xds:mimeType>text/xml</xds:mimeType><xds:Document>%%b</xds:Document></xds:DocumentResponse>"
    b"</xds:RetrieveDocumentSetResponse>" % NS
)
RULES = ("SEQ-ANSWER-ID", "SEQ-ENTRY", "SEQ-RETRIEVED")
#: rule, which of the three answers (fed, told, given) is altered, what is changed in it, by what
ALTERED = [
    ("SEQ-ANSWER-ID", 1, rb"8888-999999999991", b"8888-999999999990"),
    ("SEQ-ENTRY", 1, rb'(<rim:ExtrinsicObject.*?</rim:Slot><rim:Name>.*?value=")', rb"\g<1>Autre "),
    ("SEQ-ENTRY", 1, rb'(name="creationTime"><[^>]+><[^>]+>)\d{14}', rb"\g<1>20200101000000"),
    ("SEQ-ENTRY", 1, rb'(name="hash"><[^>]+><[^>]+>)\w{40}', rb"\g<1>" + b"0" * 40),
    ("SEQ-ENTRY", 1, rb'nodeRepresentation="11488-4"', b'nodeRepresentation="34133-9"'),
    ("SEQ-RETRIEVED", 2, rb"<xds:Document>.*</xds:Document>", b"<xds:Document>PGEvPg==</xds:Document>"),
    ("SEQ-RETRIEVED", 2, rb"<xds:mimeType>text/xml", b"<xds:mimeType>application/pdf"),
]
BROKEN = {row[0] for row in ALTERED}


@pytest.fixture
def answers(make: Make, answered: Answered) -> list[tuple[Exchange, str]]:
    """A document is fed, found with the entry that was fed, and read back with its bytes."""
    feeding = make("TD2.1")
    entry = re.search(rb"<rim:ExtrinsicObject .*?</rim:ExtrinsicObject>", feeding.request.body, re.DOTALL)
    assert entry is not None
    unique_id = re.search(rb'2e82c1f6-a085-4c72-9da3-8640a32e42ab" value="([^"]+)"', entry[0])
    assert unique_id is not None
    document = Judged(feeding, "request", load().by_id("TD2.1"), Declared()).documents[0][1]
    told = (
        (feeding, "TD2.1", FED),
        (make("TD3.1"), "TD3.1", TOLD % entry[0]),
        (make("TD3.2"), "TD3.2", GIVEN % (unique_id[1], base64.b64encode(document))),
    )
    made = []
    for rank, (exchange, transaction, payload) in enumerate(told):
        answer = answered(exchange, payload)
        assert answer.response is not None
        body = answer.response.body.replace(b"8888-999999999999", b"8888-99999999999%d" % rank)
        made.append(
            (replace(answer, id=f"e{rank}", response=replace(answer.response, body=body)), transaction)
        )
    return made


def judged(answers: list[tuple[Exchange, str]]) -> dict[str, set[str]]:
    """Statuses of each rule over these answers, all judged."""
    findings = api.judge_answers([(exchange, load().by_id(name), True) for exchange, name in answers])
    return {rule: {item.status for item in findings if item.rule == rule} for rule in RULES}


def test_these_are_all_the_rules_over_answers() -> None:
    """Those of the registry's life are broken on runs, by mutators: tests.test_kill."""
    life = {item.id for item in api.rules() if item.module.endswith(".registry_life")}
    assert {item.id for item in api.rules() if item.side == "answers"} - life == set(RULES) == BROKEN


def test_answers_that_agree_break_no_rule(answers: list[tuple[Exchange, str]]) -> None:
    assert judged(answers) == {rule: {"PASS"} for rule in RULES}


@pytest.mark.parametrize(("rule", "rank", "pattern", "by"), ALTERED)
def test_an_answer_that_does_not_agree_breaks_its_rule(
    answers: list[tuple[Exchange, str]], rule: str, rank: int, pattern: bytes, by: bytes
) -> None:
    exchange, name = answers[rank]
    assert exchange.response is not None
    body, count = re.subn(pattern, by, exchange.response.body, count=1, flags=re.DOTALL)
    assert count == 1
    answers[rank] = (replace(exchange, response=replace(exchange.response, body=body)), name)
    assert "FAIL" in judged(answers)[rule]


def test_an_answer_that_is_only_known_is_not_judged(answers: list[tuple[Exchange, str]]) -> None:
    findings = api.judge_answers([(exchange, load().by_id(name), False) for exchange, name in answers])
    assert {item.status for item in findings} == {"VACUOUS"}
