"""The catalogue, the statuses that a rule can't choose, the selection, the severity, the digest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from harness.checks import api, cda_header_document
from harness.checks.judged import Judged
from harness.checks.rule import Finding, Rule, check
from protocol.errors import Text, UsageError
from protocol.exchange import Exchange
from protocol.transactions import load

Make = Callable[..., Exchange]


def test_the_catalogue_is_large_and_each_rule_is_complete() -> None:
    rules = api.rules()
    assert len(rules) >= 90
    assert [name for name, count in Counter(item.id for item in rules).items() if count > 1] == []
    for item in rules:
        assert item.title.fr, item.id
        assert item.title.en, item.id
        assert item.mend.fr, item.id
        assert item.mend.en, item.id
        assert item.clause, item.id
        assert item.on, item.id


def test_the_generic_assertions_are_groups() -> None:
    groups = api.groups()
    assert {"A-TLS", "A-SOAP", "A-VIHF", "A-NUM", "A-INS"} <= set(groups)
    assert sum(len(members) for members in groups.values()) == len(api.rules())


def test_every_implemented_transaction_has_rules_on_both_sides() -> None:
    for transaction in load().implemented():
        own = [item for item in api.rules() if transaction.id in item.on]
        if transaction.message == "soap" and transaction.id != "TD0.1":
            assert {"request", "response"} <= {item.side for item in own}, transaction.id


def _rule(function: Callable[[Judged], Iterator[Finding]]) -> Rule[Judged]:
    return check("X-1", on=("*",), side="request", title=Text("a", "a"), group="X", clause="x")(function)


def test_a_rule_that_raises_is_an_error_and_one_that_yields_nothing_is_vacuous(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explodes(view: Judged) -> Iterator[Finding]:
        raise ValueError("panne")
        yield

    def silent(view: Judged) -> Iterator[Finding]:
        yield from ()

    for function, status, found in ((explodes, "ERROR", "ValueError: panne"), (silent, "VACUOUS", "")):
        monkeypatch.setattr(api, "rules", lambda function=function: (_rule(function),))
        findings = api.judge(make("TD0.2"), load().by_id("TD0.2"), sides=("request",))
        assert [(item.rule, item.status, item.found, item.exchange) for item in findings] == [
            ("X-1", status, found, "e1")
        ]


def test_only_keeps_rules_and_groups(make: Make) -> None:
    found = api.judge(make("TD0.2"), load().by_id("TD0.2"), only=["A-NUM", "HL7-REASON"])
    assert {item.rule for item in found} == {*api.groups()["A-NUM"], "HL7-REASON"}
    with pytest.raises(UsageError) as refused:
        api.judge(make("TD0.2"), load().by_id("TD0.2"), only=["HL7-REASONS"])
    assert "HL7-REASON" in refused.value.expected


def test_rules_of_another_transaction_have_no_say(make: Make) -> None:
    found = {item.rule for item in api.judge(make("TD0.2"), load().by_id("TD0.2"))}
    assert "HL7-REASON" in found
    assert "QUERY-ID" not in found
    assert "SS-ONE" not in found


def test_severity_is_applied_after_and_can_be_chosen() -> None:
    failing = [Finding("WSA-REPLY-TO", "FAIL", "request:"), Finding("WSA-TO", "FAIL", "request:")]
    assert [item.status for item in api.with_severity(failing)] == ["WARN", "FAIL"]
    chosen = api.with_severity(failing, {"WSA-REPLY-TO": "error", "WSA-TO": "off"})
    assert [(item.rule, item.status) for item in chosen] == [("WSA-REPLY-TO", "FAIL")]
    passing = replace(failing[0], status="PASS")
    assert api.with_severity([passing], {"WSA-REPLY-TO": "info"}) == [passing]


def test_explain_tells_a_rule_in_both_languages() -> None:
    french, english = api.explain("XDS-HASH"), api.explain("XDS-HASH", "en")
    assert "empreinte" in french
    assert "remède" in french
    assert "hash" in english
    assert "mend" in english
    with pytest.raises(UsageError):
        api.explain("XDS-HASCH")


def test_the_bundle_digest_is_stable_and_follows_the_source(monkeypatch: pytest.MonkeyPatch) -> None:
    before = api.rule_bundle_digest()
    assert len(before) == 64
    api.rule_bundle_digest.cache_clear()
    assert api.rule_bundle_digest() == before
    source = api.inspect.getsource
    monkeypatch.setattr(
        api.inspect,
        "getsource",
        lambda module: source(module) + ("#" if module is cda_header_document else ""),
    )
    api.rule_bundle_digest.cache_clear()
    assert api.rule_bundle_digest() != before
    monkeypatch.undo()
    api.rule_bundle_digest.cache_clear()


def test_findings_say_where_in_words_a_reader_follows(make: Make) -> None:
    exchange = make("TD2.1", "wrong-hash")
    wrong = [
        item
        for item in api.judge(exchange, load().by_id("TD2.1"), only=["XDS-HASH"])
        if item.status == "FAIL"
    ]
    assert len(wrong) == 1
    assert wrong[0].where.startswith(
        "request:/soap:Envelope/soap:Body/xds:ProvideAndRegisterDocumentSetRequest/"
    )
    assert len(wrong[0].expected) == 40
    assert wrong[0].found != wrong[0].expected
