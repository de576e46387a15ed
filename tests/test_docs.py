"""The documentation says what is: generated pages are current, links resolve, names and commands exist."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import pytest
from pydantic import BaseModel

import cli
from harness import expectation_words
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
from harness.expectations import Expect, XpathExpect
from harness.feeding import Fed
from harness.page_expectations import PageExpect
from harness.plan import Case, Filters, Plan, load_plan
from harness.steps.asserting import Comparison
from harness.steps.browse import BrowseStep
from harness.steps.drive import Actor, DriveStep, Product, Save
from harness.steps.fault import FaultStep, Within
from harness.steps.patient import Act, PatientStep
from harness.steps.prepare import ClockChange, PatientSeed, Preparation
from harness.steps.traces import Reading, TracesStep
from mock_dmp.state import settings
from protocol import acceptance_rules, catalogue, transactions

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
#: Options of other programs that the pages name.
_FOREIGN = {"--cert"}


@cache
def generate() -> ModuleType:
    """docs/generate.py, which is a script and no package."""
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


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
    stale = [str(path.relative_to(ROOT)) for path in generate().stale()]
    assert stale == [], "run: python docs/generate.py"


def test_every_rule_switch_error_and_alteration_has_its_line() -> None:
    for page, names in (
        ("acceptance-rules.md", [*acceptance_rules.rules(), *acceptance_rules.switches()]),
        ("checks.md", [rule.id for rule in checks.rules()]),
        ("errors.md", list(catalogue.entries())),
        ("alterations.md", [item.name for item in generate().defects.alterations()]),
    ):
        text = (DOCS / "reference" / page).read_text(encoding="utf-8")
        assert [name for name in names if f"| `{name}` |" not in text] == []


def test_a_cell_never_breaks_its_table() -> None:
    assert generate().table(("a",), [("x | y\nz",)]) == "| a |\n| --- |\n| x \\| y z |"


def test_a_changed_block_is_stale_and_an_unknown_one_is_refused() -> None:
    page = "# x\n\n<!-- generated: cases -->\nPERIMÉ\n<!-- end -->\nkept\n"
    filled = generate().filled(page, "TD0.2")
    assert "PERIMÉ" not in filled
    assert "CT-0.2-010" in filled
    assert filled.endswith("<!-- end -->\nkept\n")
    with pytest.raises(KeyError):
        generate().filled(page.replace("cases", "mistake"), "TD0.2")


@pytest.mark.parametrize("one", transactions.load().implemented(), ids=lambda one: one.id)
def test_the_page_of_a_transaction_shows_an_exchange_and_its_blocks(one: Any) -> None:
    text = (DOCS / "transactions" / f"{one.id}.md").read_text(encoding="utf-8")
    assert re.findall(r"<!-- generated: (\w+) -->", text) == ["errors", "checks", "cases"]
    captured = "\n".join(blocks(text, "xml", "html"))
    opened = "GET /AccesDirect/" if one.message == "url" else "POST /si-dmp-server/v2/services/"
    assert opened in captured
    assert "HTTP/1.1 200" in captured or "HTTP/1.1 500" in captured
    assert "TEST-OK" not in captured


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
    rules |= set(expectation_words.names())
    cases = {case.code for case in generate().cases()}
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


#: Look like a code or a rule, and are something else.
_WORDS = {
    "LPS-TEST",
    "EVID-010",
    "wsa:Action",
    "wsa:MessageID",
    "wsa:To",
    "wsa:ReplyTo",
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
    others = {"status", "ins", "name"}
    values = [body.get("settings", body) for body in bodies if "settings" in body or not others & body.keys()]
    assert values
    for one in values:
        for setting, value in one.items():
            assert settings.check(setting, value) == value
