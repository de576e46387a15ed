"""Each expectation on a page: where it holds, where it does not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

import pytest
from pydantic import ValidationError

from harness.page_expectations import PageExpect, judge_page, to_plain
from protocol.exchange import Exchange, Request, Response

NOW = datetime(2026, 6, 1, tzinfo=UTC)
PAGE = """<!DOCTYPE html><html lang="fr"><head><title>Accès refusé — simulateur</title><style>p { }</style></head>
<body><h1>Accès refusé</h1><p id="cause">DMP fermé.</p><p>Code : <code id="code">DMPClosed</code></p>
<ul><li>un</li><li>deux</li></ul></body></html>"""


def exchange(page: str | None = PAGE, status: int = 403, failure: str = "") -> Exchange:
    answer = None if page is None else Response(status, (("Location", "/AccesDirect/x"),), page.encode())
    asked = Request("GET", "/AccesDirect/x", (), b"")
    return Exchange("e1", "driver", "s", NOW, NOW, asked, answer, None, failure)


def statuses(under_test: Literal["L", "D"] = "L", of: Exchange | None = None, **expect: Any) -> list[str]:
    found = judge_page(PageExpect.model_validate(expect), of or exchange(), under_test=under_test)
    return [item.status for item in found]


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ({"http": 403}, {"http": 200}),
        ({"title": "Accès refusé"}, {"title": "Dossier"}),
        ({"code": "DMPClosed"}, {"code": "MockBlocked"}),
        ({"code": "MockBlocked | DMPClosed"}, {"code": "DMPClos"}),
        ({"location": "^/AccesDirect/"}, {"location": "^https:"}),
        ({"text": ["DMP fermé", "deux"]}, {"text": ["ouvert"]}),
        ({"lacks": ["ouvert", "p { }"]}, {"lacks": ["fermé"]}),
        ({"xpath": [{"path": "//li", "equals": "un"}]}, {"xpath": [{"path": "//li", "equals": "trois"}]}),
        ({"xpath": [{"path": "//li", "contains": "eu"}]}, {"xpath": [{"path": "//li", "contains": "z"}]}),
        ({"xpath": [{"path": "//li", "matches": "^d"}]}, {"xpath": [{"path": "//li", "matches": "^x"}]}),
        ({"xpath": [{"path": "//li", "count": 2}]}, {"xpath": [{"path": "//li", "count": 3}]}),
        ({"xpath": [{"path": "//li"}]}, {"xpath": [{"path": "//ol"}]}),
        ({"xpath": [{"path": "//ol", "present": False}]}, {"xpath": [{"path": "//li", "present": False}]}),
    ],
)
def test_each_expectation_holds_or_not(good: dict[str, Any], bad: dict[str, Any]) -> None:
    assert set(statuses(**good)) == {"PASS"}
    assert set(statuses(**bad)) == {"FAIL"}


def test_a_failed_status_quotes_the_error_of_the_page() -> None:
    (found,) = judge_page(PageExpect(http=200), exchange(), under_test="L")
    assert (found.found, found.expected) == ("403 — DMPClosed DMP fermé.", "200")


def test_no_answer_fails_the_platform_and_says_nothing_of_the_software() -> None:
    silent = exchange(None, failure="timeout: x")
    assert statuses(of=silent, http=200) == ["VACUOUS"]
    assert statuses("D", silent, http=200) == ["FAIL"]
    cut = exchange(None, failure="tls: refused")
    assert statuses(of=cut, connection="refused") == ["PASS"]
    assert statuses(of=silent, connection="refused") == ["FAIL"]


def test_what_is_no_page_is_judged_all_the_same() -> None:
    assert statuses(of=exchange("", 303), http=303, location="x") == ["PASS", "PASS"]
    assert statuses(of=exchange(""), text=["x"]) == ["FAIL"]


def test_captured_values_and_the_plain_form() -> None:
    expect = PageExpect(text=["${name}"], xpath=[]).resolved({"name": "DMP fermé"})
    assert expect.text == ["DMP fermé"]
    assert PageExpect.model_validate(to_plain(expect)) == expect
    assert PageExpect(code="A | B").codes() == {"A", "B"}
    with pytest.raises(ValidationError):
        PageExpect.model_validate({"texts": []})
