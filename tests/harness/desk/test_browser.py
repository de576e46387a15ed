"""The desk's page in a real browser: live without reload, by keyboard alone, inert, fit for everybody."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from harness.checks.rule import Finding
from harness.desk.board import Line
from harness.desk.page import Page
from harness.events import Event
from harness.observe.operator import Answer, NearMiss, Task
from protocol.errors import Text
from tests.harness.desk.test_page import HOSTILE
from tests.mock_dmp.ui.browser import Browser, program

pytestmark = pytest.mark.xdist_group("browser")  # one browser, not one a worker

AUDIT = (Path(__file__).parents[2] / "mock_dmp" / "ui" / "audit.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program()
    with Browser(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


@pytest.fixture
def browser(chromium: Browser) -> Iterator[Browser]:
    chromium.errors.clear()
    chromium.size(1280, 900)
    chromium.scheme("light")
    yield chromium
    chromium.goto("about:blank")


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    lines = [Line("CT-0.2-010", Text("Existence", "Existence")), Line("CT-9", Text("Après", "After"))]
    one = Page(0, title=Text("Ma campagne", "My campaign"), lang="fr", lines=lines)
    yield one
    chromium.goto("about:blank")  # it must not complain that the server is gone
    one.close()


def text(browser: Browser, region: str) -> str:
    return str(browser.value(f"document.getElementById('{region}').innerText"))


def fill(browser: Browser, field: str, value: str) -> None:
    browser.value(f"(document.getElementById('{field}').value = {value!r}, null)")


def test_everything_comes_without_reload(
    browser: Browser, page: Page, task: Callable[..., Task], near: NearMiss, findings: list[Finding]
) -> None:
    browser.goto(page.url)
    browser.value("(window.mark = 1, null)")
    assert "Rien à faire pour l'instant." in text(browser, "work")
    page.begin(task())
    browser.wait("document.getElementById('work').innerText.includes('Demandez si')")
    browser.wait("document.getElementById('news').textContent.startsWith('À faire')")
    page.waiting(datetime.now(UTC) - timedelta(seconds=41), (near,), False)
    browser.wait("document.getElementById('near').innerText.includes('175116399910283')")
    browser.wait("/^0:4[2-9]$/.test(document.querySelector('.timer').textContent)")
    page.done(task(), findings)
    browser.wait("document.getElementById('past').innerText.includes('2 écart(s)')")
    page.listen(Event("case-finished", datetime.now(UTC), "CT-0.2-010", {"verdict": "FAIL", "reason": None}))
    browser.wait("document.querySelector('.badge.FAIL') !== null")
    assert browser.value("window.mark") == 1
    assert browser.errors == []


def test_what_is_typed_survives_news_and_goes_with_its_task(
    browser: Browser, page: Page, task: Callable[..., Task], near: NearMiss
) -> None:
    page.begin(task(wants="declaration"))
    browser.goto(page.url)
    browser.value("(document.getElementById('declaration').focus(), null)")
    fill(browser, "declaration", "je vois")
    page.waiting(datetime.now(UTC), (near,), False)
    browser.wait("document.getElementById('near').innerText !== ''")
    assert browser.value("document.getElementById('declaration').value") == "je vois"
    assert browser.value("document.activeElement.id") == "declaration"
    page.begin(task(step=2))
    browser.wait("document.getElementById('work').innerText.includes('étape 2')")
    assert browser.value("document.activeElement.id") == "work"


def test_a_declaration_by_keyboard_alone(browser: Browser, page: Page, task: Callable[..., Task]) -> None:
    page.begin(task(wants="declaration"))
    browser.goto(page.url)
    browser.key("Tab")
    assert browser.value("document.activeElement.className") == "skip"
    browser.key("Enter")
    browser.key("Tab")
    assert browser.value("document.activeElement.id") == "declaration"
    fill(browser, "declaration", "le nom est en gras")
    browser.key("Tab")
    browser.key("Enter")
    browser.wait("document.querySelector('.notice')?.innerText === 'Réponse transmise.'")
    assert page.answer() == Answer("declaration", "le nom est en gras")
    assert browser.errors == []


def test_a_run_that_stops_and_comes_back(browser: Browser, task: Callable[..., Task]) -> None:
    first = Page(0, title=Text("Un", "One"), lang="fr")
    browser.goto(first.url)
    first.close()
    browser.wait("!document.getElementById('link').hidden")
    second = Page(first.port, title=Text("Deux", "Two"), lang="fr")
    second.begin(task())
    browser.wait("document.querySelector('h1')?.innerText === 'Deux'")
    assert "Demandez si" in text(browser, "work")
    browser.goto("about:blank")
    second.close()


def test_hostile_texts_run_nothing(browser: Browser, page: Page, task: Callable[..., Task]) -> None:
    browser.goto(page.url)
    hostile = Text(HOSTILE, HOSTILE)
    page.begin(task(case=HOSTILE, title=hostile, instruction=hostile, data=((hostile, HOSTILE),)))
    browser.wait("document.getElementById('work').innerText.includes('window.pwned')")
    assert browser.value("window.pwned") is None
    assert browser.value("document.querySelectorAll('main script, main img').length") == 0
    assert browser.errors == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_it_is_fit_for_everybody(
    browser: Browser,
    page: Page,
    task: Callable[..., Task],
    near: NearMiss,
    findings: list[Finding],
    scheme: str,
    width: int,
) -> None:
    """Names, labels, contrast, one main title, nothing wider than the screen: the audit of the live view."""
    page.done(task(), findings)
    page.begin(task(wants="screen", deadline=datetime.now(UTC) + timedelta(minutes=5)))
    page.waiting(datetime.now(UTC), (near,), True)
    browser.size(width, 900, mobile=width < 500)
    browser.scheme(scheme)
    browser.goto(page.url)
    assert browser.value(AUDIT) == []
    assert browser.value("document.documentElement.scrollWidth <= innerWidth")
