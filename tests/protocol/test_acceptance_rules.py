from __future__ import annotations

from pathlib import Path

import pytest

from protocol import acceptance_rules as module
from protocol.acceptance_rules import STAGES, AcceptanceRule, Switch, rules, switches
from protocol.catalogue import error
from protocol.errors import ToolError
from protocol.transactions import Transaction, load


@pytest.mark.parametrize("one", rules().values(), ids=lambda one: one.id)
def test_a_rule_is_complete(one: AcceptanceRule) -> None:
    assert one.title.fr and one.title.en and one.source
    assert error(one.code).code == one.code


def test_rules_come_in_the_order_of_the_stages() -> None:
    ranks = [STAGES.index(rule.stage) for rule in rules().values()]
    assert ranks == sorted(ranks)
    assert set(ranks) == set(range(len(STAGES)))


@pytest.mark.parametrize(
    ("rule", "default"),
    [
        ("VIHF-CERT-KIND", "refuse"),
        ("VIHF-SHA1", "warn"),
        ("VIHF-SIGNED-DIRECT", "off"),
        ("VIHF-REPLAY", "off"),
        ("WSA-REPLY-TO", "off"),
        ("HN-PROFILE", "off"),
        ("HN-VERSION", "warn"),
        ("XDS-VALUE-SETS", "refuse"),
        ("XDS-SIGNATURE-REQUIRED", "refuse"),
        ("XDS-SIGNATURE-CRYPTO", "warn"),
        ("CDA-SCHEMA", "off"),
        ("CDA-COHERENCE", "warn"),
    ],
)
def test_defaults_that_others_rely_on(rule: str, default: str) -> None:
    assert rules()[rule].default == default


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ("VIHF-CERT-KIND", "DMPInvalidCertificate"),
        ("HN-ABSENT", "MockHomologationAbsent"),
        ("HN-UNKNOWN", "MockHomologationUnknown"),
        ("HN-UNLISTED", "MockHomologationUnknown"),
        ("HN-TEMPORARY", "MockHomologationTemporary"),
        ("HN-FAMILY", "MockHomologationOtherFamily"),
        ("HN-SUSPENDED", "MockHomologationSuspended"),
        ("HN-REVOKED", "MockHomologationRevoked"),
        ("VIHF-PRODUCTION-INS", "MockProductionIdentity"),
        ("WSA-ACTION", "wsa:ActionNotSupported"),
    ],
)
def test_each_refusal_has_its_own_code(rule: str, code: str) -> None:
    assert rules()[rule].code == code


@pytest.mark.parametrize("one", switches().values(), ids=lambda one: one.name)
def test_a_switch_is_complete(one: Switch) -> None:
    assert one.title.fr and one.title.en and one.source
    assert not one.values or one.default in one.values


def test_rules_and_switches_name_transactions_that_exist() -> None:
    known = {"*", *load().ids()}
    for one in (*rules().values(), *switches().values()):
        assert set(one.transactions) <= known
        assert len(one.transactions) == len(set(one.transactions))
    assert all(one.transactions for one in rules().values())


@pytest.mark.parametrize("one", tuple(load()), ids=lambda one: one.id)
def test_every_transaction_has_rules_of_its_own_or_those_of_any_call(one: Transaction) -> None:
    own = [rule.id for rule in rules().values() if one.id in rule.transactions]
    assert own or one.message == "none"


def test_a_file_may_name_its_transactions_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = RULE.replace("id: X", "id: Y, transactions: [TD0.4]")
    (tmp_path / "acceptance").mkdir()
    text = f"transactions: [TD0.3]\nrules: [{RULE}, {own}]"
    (tmp_path / "acceptance" / "x.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(module, "folder", lambda name: tmp_path)
    read = module.rules.__wrapped__()
    assert {name: one.transactions for name, one in read.items()} == {"X": ("TD0.3",), "Y": ("TD0.4",)}


RULE = "{id: X, stage: soap, default: refuse, code: DMPOk, title: {fr: a, en: b}, source: s, confidence: A}"
SWITCH = "{name: x, default: 1, values: [2, 3], title: {fr: a, en: b}, source: s, confidence: A}"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (f"rules: [{RULE}, {RULE}]", "ACC-001"),
        (f"rules: [{RULE.replace('DMPOk', 'DMPNo')}]", "DATA-014"),
        (f"rules: [{RULE.replace('soap', 'moon')}]", "DATA-014"),
        (f"rules: [{RULE.replace('refuse', 'maybe')}]", "DATA-014"),
        (f"rules: [{RULE.replace('source: s,', '')}]", "DATA-012"),
        (f"switches: [{SWITCH}]", "ACC-002"),
    ],
)
def test_a_wrong_file_is_refused(
    text: str, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "acceptance").mkdir()
    (tmp_path / "acceptance" / "x.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(module, "folder", lambda name: tmp_path)
    with pytest.raises(ToolError) as caught:
        module.rules.__wrapped__()
        module.switches.__wrapped__()
    assert caught.value.code == code
