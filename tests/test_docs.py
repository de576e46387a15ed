"""The documentation says what is: generated pages are current, links resolve, names and commands exist."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import click
import pytest
from pydantic import BaseModel

import cli
import generate
from harness import expectation_words
from harness.call_expectations import CallExpect, Since
from harness.campaign import (
    CampaignFile,
    NotApplicable,
    PlanReference,
    Software,
    Target,
    Vendor,
    load_campaign,
)
from harness.checks import api as checks
from harness.declaring import Family
from harness.expectations import Expect, XpathExpect
from harness.feeding import Fed
from harness.packs import defects as pack_defects
from harness.page_expectations import PageExpect
from harness.plan import Case, Filters, Plan, load_plan
from harness.plans.lint import lint_rules
from harness.scope import scope
from harness.steps.asserting import Comparison
from harness.steps.browse import BrowseStep
from harness.steps.call import CallStep, CallWith
from harness.steps.drive import Actor, Connection, DriveStep, Product, Save
from harness.steps.fault import FaultStep, Within
from harness.steps.handshake import Handshakes
from harness.steps.patient import Act, PatientStep
from harness.steps.prepare import ClockChange, PatientSeed, Preparation
from harness.steps.traces import Reading, TracesStep
from harness.steps.watch import Window
from mock_dmp.state import settings
from protocol import acceptance_rules, catalogue, transactions

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted(DOCS.rglob("*.md")),
]
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
#: Options of other programs that the pages name.
_FOREIGN = {"--cert"}


def blocks(text: str, *kinds: str) -> list[str]:
    return [body for kind, body in _FENCE.findall(text) if kind in kinds]


def spans(text: str) -> list[str]:
    return _SPAN.findall(_FENCE.sub("", text))


def slugs(page: Path) -> set[str]:
    """Anchors of the headings of a page, as Git hosts make them."""
    titles = re.findall(r"^#+ (.+)$", _FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


# ------------------------------------------------------------------ generated pages


def test_what_is_generated_is_current() -> None:
    """But for the exchanges, which tests/test_selfplay.py compares with those of its run."""
    stale = [str(path.relative_to(ROOT)) for path in generate.stale()]
    assert stale == [], "run: make docs"


def test_a_size_may_move_a_little_and_nothing_else() -> None:
    same = generate.same
    page = "a 1000 bytes, 100 to 2000 bytes b"
    assert same(page, "a 1004 bytes, 105 to 1990 bytes b")
    assert not same(page, "a 1200 bytes, 100 to 2000 bytes b")
    assert not same(page, "a 1000 bytes, 100 to 2100 bytes b")
    assert not same(page, "a 1000 characters, 100 to 2000 bytes b")
    assert not same(page, "a 1000 bytes, 2000 bytes b")
    assert not same(page, "a 1000 bytes, 100 to 2000 bytes c")


def test_every_rule_switch_error_and_alteration_has_its_line() -> None:
    for page, names in (
        ("acceptance-rules.md", [*acceptance_rules.rules(), *acceptance_rules.switches()]),
        ("checks.md", [rule.id for rule in checks.rules()]),
        ("errors.md", list(catalogue.entries())),
        ("alterations.md", [item.name for item in generate.defects.alterations()]),
    ):
        text = (DOCS / "reference" / page).read_text(encoding="utf-8")
        assert [name for name in names if f"| `{name}` |" not in text] == []


def test_a_cell_never_breaks_its_table() -> None:
    assert generate.table(("a",), [("x | y\nz",)]) == "| a |\n| --- |\n| x \\| y z |"


def test_a_changed_block_is_stale_and_an_unknown_one_is_refused() -> None:
    page = "# x\n\n<!-- generated: cases -->\nPERIMÉ\n<!-- end -->\nkept\n"
    filled = generate.filled(page, "TD0.2")
    assert "PERIMÉ" not in filled
    assert "CT-0.2-010" in filled
    assert filled.endswith("<!-- end -->\nkept\n")
    with pytest.raises(KeyError):
        generate.filled(page.replace("cases", "mistake"), "TD0.2")


@pytest.mark.parametrize("one", transactions.load().implemented(), ids=lambda one: one.id)
def test_the_page_of_a_transaction_shows_an_exchange_and_its_blocks(one: Any) -> None:
    text = (DOCS / "transactions" / f"{one.id}.md").read_text(encoding="utf-8")
    assert re.findall(r"<!-- generated: (\w+) -->", text) == ["errors", "checks", "cases"]
    captured = "\n".join(blocks(text, "xml", "html", "http"))
    assert re.search(generate.EXCHANGE, text)
    opened = "GET /AccesDirect/" if one.message == "url" else "POST /si-dmp-server/v2/services/"
    assert opened in captured
    assert "HTTP/1.1 200" in captured or "HTTP/1.1 500" in captured
    assert "TEST-OK" not in captured


# ------------------------------------------------------------------ the page of all transactions


def test_every_transaction_is_told_with_what_is_not_known_of_it() -> None:
    text = (DOCS / "transactions.md").read_text(encoding="utf-8")
    sections = {part.split(":", 1)[0]: part for part in text.split("\n## ")[1:]}
    for one in transactions.load():
        told = sections[one.id]
        assert [item.what.en for item in one.unknown if item.what.en not in told] == []
        assert all(code in told for code in (one.action, one.service_path, *one.auth, *one.profiles))
        assert one.message == "none" or re.search(r"[1-9][0-9]* in [1-9][0-9]* cases", told), one.id


def test_every_inferred_rule_is_told_with_what_turns_it_off() -> None:
    text = (DOCS / "transactions.md").read_text(encoding="utf-8")
    wanted = [
        *(rule.id for rule in acceptance_rules.rules().values() if rule.confidence != "A"),
        *(
            one.name
            for one in acceptance_rules.switches().values()
            if one.confidence != "A" and one.transactions
        ),
        *(rule.id for rule in checks.rules() if rule.confidence != "A"),
    ]
    assert [
        name for name in wanted if not re.search(rf"^\| `{name}` \| .* \| [BC] \| .+ \|$", text, re.M)
    ] == []


# ------------------------------------------------------------------ the twelve functions

FUNCTIONS = sorted((DOCS / "functions").glob("[0-9]*.md"))


def test_there_are_twelve_functions_and_a_list_of_them() -> None:
    assert [int(page.name[:2]) for page in FUNCTIONS] == list(range(1, 13))
    listed = (DOCS / "functions" / "README.md").read_text(encoding="utf-8")
    for page in FUNCTIONS:
        title = page.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
        number, _, name = title.partition(". ")
        assert f"| {number} | [{name}]({page.name}) |" in listed


@pytest.mark.parametrize("page", FUNCTIONS, ids=lambda page: page.stem)
def test_the_page_of_a_function_is_whole(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"<!-- generated: (\w+) -->", text) == ["facts", "requirements", "refusals", "cases"]
    shown = blocks(text, "xml", "html", "http")
    assert re.search(generate.EXCHANGE, text)
    assert re.match(r"(POST|GET) /", shown[0])
    assert any(body.startswith("HTTP/1.1 200") for body in shown)
    about, _ = generate.function_of(text)
    assert all(f"[{one.id}](../transactions/{one.id}.md)" in text for one in about)


@pytest.mark.parametrize("page", FUNCTIONS, ids=lambda page: page.stem)
def test_the_cases_of_a_function_are_in_the_demonstration(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    campaign = load_campaign(ROOT / "test_plans" / "campagne-demo.yaml")
    played = {one.case.code for one in scope(campaign, transactions.load()) if one.state == "included"}
    about, patterns = generate.function_of(text)
    told = {case.code for case in generate.matching(patterns)}
    assert told
    assert told <= played
    assert set(re.findall(r"^\| `(CT-[^`]+)`", text, re.M)) == told
    shown = {found[1] for found in re.finditer(generate.EXCHANGE, text)}
    assert shown <= played
    assert {one.id for one in about} <= {
        name for case in generate.matching(patterns) for name in case.filters.transactions
    }


@pytest.mark.parametrize("page", FUNCTIONS, ids=lambda page: page.stem)
def test_the_command_of_a_function_plays_some_of_its_cases(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    told = {case.code for case in generate.matching(generate.function_of(text)[1])}
    commands = [words for words in said(text) if words[0] == "demo"]
    assert commands
    for words in commands:
        for option, pattern in pairwise(words):
            assert option != "--only" or {case.code for case in generate.matching([pattern])} & told


# ------------------------------------------------------------------ links


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_relative_links_resolve(page: Path) -> None:
    broken = []
    for target in _LINK.findall(_FENCE.sub("", page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        place = (page.parent / path).resolve() if path else page
        if not place.exists() or (anchor and anchor not in slugs(place)):
            broken.append(target)
    assert broken == []


# ------------------------------------------------------------------ commands


def said(text: str) -> Iterator[list[str]]:
    """The `dmpcompat …` command lines of a page, as words."""
    lines = [
        line for body in blocks(text, "sh", "console", "") for line in body.replace("\\\n", " ").splitlines()
    ]
    for line in [*lines, *spans(text)]:
        for part in re.split(r"[;|&]|\s#|#\s", line):
            found = re.match(r"\s*dmpcompat\s+(\S.*)", part)
            if found:
                yield shlex.split(found[1])


def unknown_words(words: list[str]) -> list[str]:
    """Sub-commands and options that do not exist."""
    command: click.Command = cli.dmpcompat
    left = list(words)
    while isinstance(command, click.Group) and left and not left[0].startswith("-"):
        found = command.commands.get(left[0])
        if found is None:
            return [left[0]]
        command = found
        left.pop(0)
    known = {name for param in command.params for name in (*param.opts, *param.secondary_opts)}
    known |= {"-h", "--help"}
    return [word for word in left if word.startswith("--") and word.partition("=")[0] not in known]


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_commands_exist(page: Path) -> None:
    wrong = {
        " ".join(words): unknown
        for words in said(page.read_text(encoding="utf-8"))
        if (unknown := unknown_words(words))
    }
    assert wrong == {}


def every_option(command: click.Command) -> set[str]:
    options = {name for param in command.params for name in param.opts}
    if isinstance(command, click.Group):
        options = options.union(*(every_option(one) for one in command.commands.values()))
    return options


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_options_named_alone_exist(page: Path) -> None:
    known = every_option(cli.dmpcompat) | _FOREIGN
    named = {span.split()[0] for span in spans(page.read_text(encoding="utf-8")) if span.startswith("--")}
    assert named - known == set()


def test_what_the_tests_of_commands_catch() -> None:
    assert unknown_words(["frobnicate"]) == ["frobnicate"]
    assert unknown_words(["pki", "init", "pki", "--nope"]) == ["--nope"]
    assert unknown_words(["run", "c.yaml", "--only=CT-0.2-010", "--out", "d"]) == []
    assert list(said("```sh\ndmpcompat serve --pki pki &  # and more\n```")) == [["serve", "--pki", "pki"]]


# ------------------------------------------------------------------ names


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_codes_and_rules_that_are_named_exist(page: Path) -> None:
    rules = {*acceptance_rules.rules(), *(rule.id for rule in checks.rules()), *checks.groups()}
    rules |= {*expectation_words.names(), *pack_defects.KINDS, *codes_of_files()}
    rules |= {rule.code for rule in lint_rules()} | {"PLAN-050", "PLAN-051"}
    cases = {case.code for case in generate.cases()}
    strangers = []
    for span in spans(page.read_text(encoding="utf-8")):
        if re.fullmatch(r"CT-[\w.]+-\d{3}", span):
            known = cases
        elif re.fullmatch(r"(Mock|XDS|DMP|wsa:|soap:)\w*[a-z]\w*", span):
            known = {*catalogue.entries(), *_WORDS}
        elif re.fullmatch(r"[A-Z0-9]+(-[A-Z0-9]+)+", span) and not span.startswith(("TEST-", "TST-")):
            known = rules | _WORDS
        else:
            continue
        strangers += [span] if span not in known else []
    assert strangers == []


@cache
def codes_of_files() -> frozenset[str]:
    """Codes of errors that pages name: those of the sources."""
    kinds = "ZIP|FILE|XML|XDM|CHECK|EXCH|PACK|PRE|CAPT|AUTH|PROXY|IMPORT"
    kinds += "|REG|DOSSIER|HOMO|STATUS|SEAL|PADES|PAPER|TRUST|KEEP|STAMP|VERIFY|CHKPT|COSIGN"
    code = re.compile(rf"\b(?:{kinds})-[A-Z0-9-]+")
    parts = ("harness", "harness/files", "harness/packs", "harness/preflight", "harness/capture", "protocol")
    sources = [path for part in parts for path in (ROOT / part).glob("*.py")]
    sources += sorted((ROOT / "reports").rglob("*.py"))
    return frozenset(found for path in sources for found in code.findall(path.read_text(encoding="utf-8")))


#: Look like a code or a rule, and are something else.
_WORDS = {
    "LPS-TEST",
    "DB-005",
    "EVID-010",
    "PACK-006",
    "wsa:Action",
    "wsa:MessageID",
    "wsa:To",
    "wsa:ReplyTo",
    "wsa:RelatesTo",
    "ECDHE-RSA-CHACHA20-POLY1305",
} | {f"ECDHE-RSA-AES{rest}" for rest in ("128-GCM-SHA256", "256-GCM-SHA384", "256-SHA384")}


def fields(*models: type[BaseModel]) -> set[str]:
    return {field.alias or name for model in models for name, field in model.model_fields.items()}


def test_every_field_of_campaign_and_plan_is_told() -> None:
    text = (DOCS / "campaign.md").read_text(encoding="utf-8")
    wanted = fields(CampaignFile, Software, Vendor, PlanReference, Target, NotApplicable)
    wanted |= fields(Plan, Case, Filters, DriveStep, Actor, Product, Save, Fed, Expect, XpathExpect)
    wanted |= fields(Preparation, PatientSeed, Comparison, ClockChange, FaultStep, Within)
    wanted |= fields(BrowseStep, PageExpect, PatientStep, Act, TracesStep, Reading)
    wanted |= fields(Window, CallStep, CallWith, CallExpect, Since, Handshakes, Connection, Family, Product)
    assert {name for name in wanted if not re.search(rf"\b{re.escape(name)}\b", text)} == set()


def test_the_campaign_and_the_plan_that_are_shown_are_right(tmp_path: Path) -> None:
    campaign, plan = blocks((DOCS / "campaign.md").read_text(encoding="utf-8"), "yaml")
    (tmp_path / "campagne.yaml").write_text(campaign, encoding="utf-8")
    (tmp_path / "mon-plan.yaml").write_text(plan, encoding="utf-8")
    assert (
        load_campaign(tmp_path / "campagne.yaml", environ={"DMP_NUMBER": "TEST-OK-1"}).number == "TEST-OK-1"
    )
    assert load_plan(tmp_path / "mon-plan.yaml").plan.cases[0].code == "CT-X-010"


@pytest.mark.parametrize("name", ["mock.md"])
def test_settings_that_are_shown_are_accepted(name: str) -> None:
    bodies = [
        json.loads(one) for one in re.findall(r"-d '(\{.*?\})'", (DOCS / name).read_text("utf-8"), re.DOTALL)
    ]
    others = {"status", "ins", "name", "sha256", "subject"}
    values = [body.get("settings", body) for body in bodies if "settings" in body or not others & body.keys()]
    assert values
    for one in values:
        for setting, value in one.items():
            assert settings.check(setting, value) == value
