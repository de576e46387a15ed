"""What a step expects of a web page, and the findings that say whether it came.

Judged on the raw bytes of the answer, read as HTML by lxml; so the same evidence gives the same findings. Rules of
conformity are `harness.checks`, not here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from lxml import etree
from pydantic import BaseModel, ConfigDict, Field

from harness.checks.pages import PageView, page_view
from harness.checks.rule import Finding, Status
from harness.expectations import XpathExpect
from harness.substitution import substitute
from protocol.exchange import Exchange, header

_LONGEST = 300


class PageExpect(BaseModel):
    """What the page must be. `code` may list alternatives with `|`; `text` and `lacks` are plain words."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    http: int | None = None
    title: str = Field(default="", description="what the title of the page contains")
    code: str = Field(default="", description="error code that the page shows")
    text: list[str] = Field(default=[], description="words that the page contains")
    lacks: list[str] = Field(default=[], description="words that it does not contain")
    location: str = Field(default="", description="regular expression of the address it redirects to")
    connection: Literal["", "refused"] = ""
    xpath: list[XpathExpect] = []

    def resolved(self, values: Mapping[str, str]) -> PageExpect:
        """The same with every `${name}` replaced. Raises ToolError for a value that was not captured."""
        return PageExpect.model_validate(substitute(self.model_dump(exclude_defaults=True), values))

    def codes(self) -> frozenset[str]:
        """Error codes that it names."""
        return frozenset(code.strip() for code in self.code.split("|") if code.strip())


def judge_page(
    expect: PageExpect, exchange: Exchange, *, under_test: Literal["L", "D"]
) -> tuple[Finding, ...]:
    """Findings on the page of one exchange; no answer at all fails the platform when it is under test."""
    if expect.connection == "refused":
        refused = exchange.response is None and exchange.failure.partition(":")[0] in ("tls", "cut")
        return (_finding(exchange, "EXPECT-CONNECTION", refused, "connection:", exchange.failure, "refused"),)
    if exchange.response is None:
        status: Status = "FAIL" if under_test == "D" else "VACUOUS"
        return (Finding("EXPECT-ANSWER", status, "response:", exchange.failure, "HTML", exchange.id),)
    view = page_view(exchange.response.body)
    return tuple(
        _finding(exchange, rule, good, f"response:{where}", found, expected)
        for rule, good, where, found, expected in _judgements(expect, exchange, view)
    )


Judgement = tuple[str, bool, str, str, str]


def _judgements(expect: PageExpect, exchange: Exchange, view: PageView) -> Iterator[Judgement]:
    assert exchange.response is not None  # noqa: S101 - asked by the caller
    answer = exchange.response
    shown = view.code or str(answer.status)
    if expect.http is not None:
        found = str(answer.status) + (f" — {view.code} {view.cause}" if view.code else "")
        yield "EXPECT-HTTP", answer.status == expect.http, "status", found, str(expect.http)
    if expect.title:
        yield "EXPECT-TITLE", expect.title in view.title, "title", view.title or shown, expect.title
    if expect.code:
        yield "EXPECT-ERROR", view.code in expect.codes(), "code", shown, expect.code
    if expect.location:
        found = header(answer.headers, "Location")
        good = re.search(expect.location, found) is not None
        yield "EXPECT-LOCATION", good, "Location", found or shown, expect.location
    for words in expect.text:
        yield "EXPECT-TEXT", words in view.text, "text", view.text[:_LONGEST], words
    for words in expect.lacks:
        yield "EXPECT-TEXT", words not in view.text, "text", words if words in view.text else "", f"≠ {words}"
    for item in expect.xpath:
        yield _xpath(view, item)


def _xpath(view: PageView, item: XpathExpect) -> Judgement:
    try:
        values = view.values(item.path)
    except etree.XPathError as problem:
        return "EXPECT-XPATH", False, item.path, str(problem), "XPath"
    found = " | ".join(value[:_LONGEST] for value in values[:5])
    if item.equals is not None:
        return "EXPECT-XPATH", item.equals in values, item.path, found, item.equals
    if item.contains is not None:
        wanted = item.contains
        return "EXPECT-XPATH", any(wanted in value for value in values), item.path, found, wanted
    if item.matches is not None:
        pattern = re.compile(item.matches)
        return "EXPECT-XPATH", any(pattern.search(value) for value in values), item.path, found, item.matches
    if item.count is not None:
        return "EXPECT-XPATH", len(values) == item.count, item.path, str(len(values)), str(item.count)
    present = item.present is not False
    return "EXPECT-XPATH", bool(values) is present, item.path, found, "present" if present else "absent"


def _finding(exchange: Exchange, rule: str, good: bool, where: str, found: str, expected: str) -> Finding:
    return Finding(rule, "PASS" if good else "FAIL", where, found, expected, exchange.id)


def to_plain(expect: PageExpect) -> dict[str, Any]:
    """Plain JSON of what was expected, for the evidence."""
    return expect.model_dump(exclude_defaults=True)
