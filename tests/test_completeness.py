"""A transaction said to be implemented is whole: handler, message, checks, plan cases, documentation.

Each test lists what is missing, by name. A transaction without a message of its own (`message: none`, the
authentication) needs neither handler nor message; its checks are those of the VIHF, made on every call.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from harness.checks import api as checks
from harness.drive import registry as messages
from harness.drive import urls
from harness.plan import PLAN_SCHEMA, Case, load_plan
from harness.steps.browse import BrowseStep
from mock_dmp import mounts
from mock_dmp import registry as handlers
from mock_dmp.webps import views
from protocol import webps
from protocol.acceptance_rules import rules as acceptance_rules
from protocol.catalogue import entries
from protocol.datafolders import folder
from protocol.requirements import requirements
from protocol.transactions import Transaction, load
from protocol.yamlread import read_yaml

ROOT = Path(__file__).resolve().parent.parent
IMPLEMENTED = load().implemented()


@cache
def cases() -> tuple[Case, ...]:
    paths = sorted(folder("test_plans").rglob("*.yaml"))
    plans = [path for path in paths if (read_yaml(path).data or {}).get("schema") == PLAN_SCHEMA]
    return tuple(case for path in plans for case in load_plan(path).plan.cases)


def lacking_code(one: Transaction) -> list[str]:
    if one.message == "none":
        return []
    if one.message == "url":
        return lacking_address(one)
    lacking = []
    if one.id not in handlers.load():
        lacking.append(f"no handler: mock_dmp/services, @handler({one.id!r})")
    if one.id not in messages.transactions():
        lacking.append(f"no driver message: harness/drive/messages, @message({one.id!r})")
    return lacking


def lacking_address(one: Transaction) -> list[str]:
    """An address opened in a browser: a site of the mock answers it, and the driver writes it."""
    lacking = []
    if webps.PREFIX not in mounts.load() or one.id not in webps.TRANSACTIONS:
        lacking.append(f"no site: mock_dmp/pages, @mount({webps.PREFIX!r})")
    if one.id not in urls.transactions():
        lacking.append("no address of the driver: harness/drive/urls.py")
    return lacking


def lacking_checks(one: Transaction) -> list[str]:
    if one.message == "none":
        vihf = [rule for rule in checks.rules() if "*" in rule.on and "VIHF" in rule.group]
        return [] if vihf else ["no check of the VIHF on every call: harness/checks"]
    own = [rule for rule in checks.rules() if one.id in rule.on]
    return [
        f"no {side} check: harness/checks, @check(…, on=({one.id!r},), side={side!r})"
        for side in ("request", "response")
        if not any(rule.side in (side, "both") for rule in own)
    ]


def lacking_cases(one: Transaction) -> list[str]:
    types = {case.type for case in cases() if one.id in case.filters.transactions}
    lacking = [] if types & {"N", "L"} else ["no passing plan case: test_plans, type N or L"]
    return lacking if types & {"E", "S"} else [*lacking, "no failing plan case: test_plans, type E or S"]


def lacking_page(one: Transaction) -> list[str]:
    page = ROOT / "docs" / "transactions" / f"{one.id}.md"
    return [] if page.is_file() else [f"no page: {page.relative_to(ROOT)}"]


@pytest.mark.parametrize("one", IMPLEMENTED, ids=lambda one: one.id)
def test_the_code_is_there(one: Transaction) -> None:
    assert lacking_code(one) == []


@pytest.mark.parametrize("one", IMPLEMENTED, ids=lambda one: one.id)
def test_the_checks_are_there(one: Transaction) -> None:
    assert lacking_checks(one) == []


@pytest.mark.parametrize("one", IMPLEMENTED, ids=lambda one: one.id)
def test_the_plan_cases_are_there(one: Transaction) -> None:
    assert lacking_cases(one) == []


@pytest.mark.parametrize("one", IMPLEMENTED, ids=lambda one: one.id)
def test_the_page_is_there(one: Transaction) -> None:
    assert lacking_page(one) == []


def test_every_page_of_the_site_has_a_view_and_a_case() -> None:
    opened = {step.browse for case in cases() for step in case.steps if isinstance(step, BrowseStep)}
    assert set(webps.pages()) == set(views.VIEWS)
    assert set(webps.pages()) <= opened
    assert opened & webps.removed()


def test_nothing_is_implemented_on_the_quiet() -> None:
    ids = {one.id for one in IMPLEMENTED}
    assert set(urls.transactions()) <= ids
    assert set(handlers.load()) <= ids
    assert set(messages.transactions()) <= ids


def test_the_driver_and_the_data_agree() -> None:
    for transaction_id in messages.transactions():
        spec, one = messages.spec(transaction_id), load().by_id(transaction_id)
        assert (spec.service, spec.action) == (one.service, one.action)
        assert spec.mtom == (one.mtom_request == "required")


def test_checks_name_transactions_and_requirements_that_exist() -> None:
    known = {*load().ids(), "*"}
    strangers = {
        rule.id: [
            *(one for one in rule.on if one not in known),
            *(one for one in rule.requirements if one not in requirements()),
        ]
        for rule in checks.rules()
    }
    assert {rule: names for rule, names in strangers.items() if names} == {}


def test_every_requirement_of_an_implemented_transaction_that_frames_decide_has_a_check_or_a_case() -> None:
    covered = {name for rule in checks.rules() for name in rule.requirements}
    covered |= {name for case in cases() for name in case.requirements}
    wanted = {name for one in IMPLEMENTED for name in one.requirements if requirements()[name].wire == "yes"}
    assert wanted - covered - OUT_OF_REACH.keys() == set()
    assert covered & OUT_OF_REACH.keys() == set(), "covered now: take it off the list"


#: Decided by frames, but out of reach of the driver of today: what each waits for.
OUT_OF_REACH = {
    "EX_GEN-1300": "needs several INS in the file of a real software",
}


def test_every_refusal_of_the_mock_can_be_expected_by_a_plan() -> None:
    expected = {code for one in IMPLEMENTED for code in one.error_codes}
    refusing = {rule.code for rule in acceptance_rules().values() if rule.default == "refuse"}
    assert refusing <= expected <= set(entries())
