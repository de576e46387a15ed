"""The live view in a real browser: live without reload, inert, by keyboard alone, fit for everybody."""

from __future__ import annotations

import http.client
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from lxml import etree

from mock_dmp.expectations import Expectation, Facts
from mock_dmp.server import MockServer
from mock_dmp.state import expectations, sessions
from protocol.errors import Text
from tests.mock_dmp.builders import ACTIONS, BASE, PATHS, Who, el, envelope, existence, multipart, vihf
from tests.mock_dmp.submissions import Doc, Lot
from tests.mock_dmp.ui.browser import Browser, program

pytestmark = pytest.mark.xdist_group("browser")  # one browser, not one a worker

AUDIT = (Path(__file__).parent / "audit.js").read_text(encoding="utf-8")
HOSTILE = "</title><script>window.pwned = 1</script><img src=x onerror='window.pwned = 2'>{{7*7}}"
LIVE = "document.querySelector('.live.on') !== null"


@pytest.fixture(scope="module")
def served() -> Iterator[MockServer]:
    with MockServer(plain_http=True, console=0) as server:
        yield server


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program()
    with Browser(tmp_path_factory.mktemp("browser")) as opened:
        opened.send("Network.enable")
        yield opened


@pytest.fixture
def browser(chromium: Browser) -> Browser:
    chromium.errors.clear()
    chromium.size(1280, 900)
    chromium.scheme("light")
    return chromium


Send = Callable[..., int]


@pytest.fixture
def send(served: MockServer) -> Send:
    """Send a message to a session as an LPS would; the HTTP status of the answer."""

    def post(
        session: str,
        transaction: str,
        body: etree._Element,
        who: Who,
        parts: Mapping[str, bytes] | None = None,
    ) -> int:
        message = envelope(ACTIONS[transaction], body, vihf(who))
        kind = "application/soap+xml; charset=UTF-8"
        if parts is not None:
            kind, message = multipart(message, parts)
        connection = http.client.HTTPConnection(urlsplit(served.url).netloc, timeout=20)
        try:
            path = f"/s/{session}{BASE}{PATHS[transaction]}"
            connection.request("POST", path, message, {"Content-Type": kind, "X-Note": HOSTILE})
            return connection.getresponse().status
        finally:
            connection.close()

    return post


@pytest.fixture
def session(served: MockServer, request: pytest.FixtureRequest) -> Iterator[str]:
    name = f"s{abs(hash(request.node.nodeid)) % 10**8}"
    sessions.create(served.store, name, {"WSA-TO": "warn"})
    yield name
    if name in sessions.names(served.store):
        sessions.remove(served.store, name)


def page(served: MockServer, *steps: str) -> str:
    return "/".join((f"{served.console_url}/ui", *steps))


def exists(send: Send, session: str, patient: str = "actif-autorise") -> int:
    return send(session, "TD0.2", existence(patient), Who().on(patient))


def open_last(browser: Browser, served: MockServer, session: str) -> None:
    browser.goto(page(served, "sessions", session))
    browser.goto(browser.value("document.querySelector('#rows a').href"))


def test_an_exchange_appears_without_reload(
    browser: Browser, served: MockServer, session: str, send: Send
) -> None:
    browser.goto(page(served, "sessions", session))
    browser.wait(LIVE)
    assert browser.value("document.getElementById('nothing').hidden") is False
    browser.value("window.mark = 1")
    assert exists(send, session) == 200
    browser.wait("document.querySelectorAll('#rows tr').length === 1")
    assert browser.value("window.mark") == 1  # the same page
    assert browser.value("document.getElementById('nothing').hidden") is True
    text = browser.value("document.querySelector('#rows tr').innerText")
    assert "TD0.2" in text
    assert "Acceptée" in text
    browser.wait("document.getElementById('live-news').textContent === '1 nouvel échange'")
    live = browser.value(
        "document.querySelector('#rows tr').outerHTML.replace(/ class=.fresh./, '').replace(/\\s+/g, ' ')"
    )
    browser.goto(browser.value("document.querySelector('#rows a').href"))
    assert browser.value("document.querySelector('h1').innerText").startswith("TD0.2")
    browser.goto(page(served, "sessions", session))
    still = browser.value("document.querySelector('#rows tr').innerText.replace(/\\s+/g, ' ').trim()")
    assert still == " ".join(text.split()), live  # the server and the script draw the same line
    assert browser.errors == []


def test_the_filter_holds_for_what_comes(
    browser: Browser, served: MockServer, session: str, send: Send
) -> None:
    browser.goto(page(served, "sessions", f"{session}?outcome=refused"))
    browser.wait(LIVE)
    exists(send, session)
    assert send(session, "TD0.2", existence("actif-autorise"), Who(attributes={"VIHF_Version": "9"})) == 500
    browser.wait("document.querySelectorAll('#rows tr').length === 1")
    assert "Refusée" in browser.value("document.querySelector('#rows tr').innerText")


def test_pause_holds_and_resume_shows(browser: Browser, served: MockServer, session: str, send: Send) -> None:
    browser.goto(page(served, "sessions", session))
    browser.wait(LIVE)
    browser.value("document.getElementById('live-pause').focus()")
    browser.key(" ")
    browser.wait("document.getElementById('live-pause').textContent === 'Reprendre'")
    exists(send, session)
    exists(send, session)
    browser.wait("document.getElementById('live-state').textContent === 'Suspendu — 2 en attente'")
    assert browser.value("document.querySelectorAll('#rows tr').length") == 0
    browser.key("Enter")
    browser.wait("document.querySelectorAll('#rows tr').length === 2")
    order = browser.value("[...document.querySelectorAll('#rows tr')].map((one) => Number(one.dataset.seq))")
    assert order == sorted(order, reverse=True)


def test_the_end_of_a_session_is_told(browser: Browser, served: MockServer, session: str) -> None:
    browser.goto(page(served, "sessions", session))
    browser.wait(LIVE)
    sessions.remove(served.store, session)
    browser.wait("document.getElementById('live-state').textContent.includes('existe plus')")


def test_hostile_content_runs_nothing(browser: Browser, served: MockServer, session: str, send: Send) -> None:
    browser.goto(page(served, "sessions", session))
    browser.wait(LIVE)
    data = etree.tostring(el("hl7:ClinicalDocument", {}, el("hl7:title", {}, HOSTILE)))
    body, parts = Lot(documents=(Doc(data=data, title=HOSTILE),)).build()
    send(session, "TD2.1", body, Who(name_id=HOSTILE).on("alimentation"), parts)
    browser.wait("document.querySelectorAll('#rows tr').length === 1")
    assert browser.value("window.pwned") is None
    open_last(browser, served, session)
    assert HOSTILE in browser.value("document.querySelector('main').innerText")
    assert HOSTILE not in browser.value("document.documentElement.innerHTML")
    assert browser.value("window.pwned") is None
    assert browser.value("document.title").endswith("vue en direct")
    assert browser.value("document.querySelectorAll('main script, main img').length") == 0
    assert browser.errors == []


def test_the_policy_would_stop_a_script_all_the_same(browser: Browser, served: MockServer) -> None:
    browser.goto(page(served, ""))
    browser.value(
        "document.body.insertAdjacentHTML('beforeend', \"<img src='/ui/none' onerror='window.pwned = 1'>"
        "<a id='trap' href='javascript:window.pwned = 2'>x</a>\")"
    )
    browser.value(
        "(() => { const one = document.createElement('script'); one.textContent = 'window.pwned = 3';"
        " document.body.append(one); document.getElementById('trap').click(); })()"
    )
    browser.until(lambda: len(browser.errors) >= 3, "the refusals")
    assert browser.value("window.pwned") is None
    assert [one for one in browser.errors if "Content Security Policy" in one]


def test_nothing_is_loaded_from_elsewhere(
    browser: Browser, served: MockServer, session: str, send: Send
) -> None:
    exists(send, session)
    browser.goto(page(served, "sessions", session))
    browser.wait(LIVE)
    asked = [
        one["params"]["request"]["url"]
        for one in browser.events
        if one["method"] == "Network.requestWillBeSent"
    ]
    assert asked
    assert all(url.startswith(served.console_url) for url in asked)


FOCUSABLE = """
[...document.querySelectorAll("a[href], button, input, select, summary, [tabindex='0']")]
  .filter((one) => one.checkVisibility()).map((one) => one.outerHTML.slice(0, 120))
"""
FOCUSED = """
(() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const style = getComputedStyle(one), box = one.getBoundingClientRect();
  const outline = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  return { html: one.outerHTML.slice(0, 120), outline, seen: box.width > 0 && box.height > 0 };
})()
"""


def walk(browser: Browser) -> list[dict[str, Any]]:
    """What the Tab key goes through, from the top of the page to its end."""
    browser.value("document.activeElement.blur()")
    steps: list[dict[str, Any]] = []
    while len(steps) < 300:
        browser.key("Tab")
        step = browser.value(FOCUSED)
        if step is None or (steps and step["html"] == steps[0]["html"]):
            return steps
        steps.append(step)
    raise AssertionError("the Tab key never comes back")


@pytest.mark.parametrize("which", ["index", "session", "exchange"])
def test_the_keyboard_reaches_everything(
    browser: Browser, served: MockServer, session: str, send: Send, which: str
) -> None:
    exists(send, session)
    to(browser, served, session, which)
    steps = walk(browser)
    assert 'class="skip"' in steps[0]["html"]
    assert sorted({one["html"] for one in steps}) == sorted(set(browser.value(FOCUSABLE)))
    assert [one["html"] for one in steps if not (one["outline"] and one["seen"])] == []


def test_the_skip_link_skips(browser: Browser, served: MockServer) -> None:
    browser.goto(page(served, ""))
    browser.key("Tab")
    browser.key("Enter")
    browser.wait("document.activeElement.id === 'content'")


def to(browser: Browser, served: MockServer, session: str, which: str) -> None:
    if which == "exchange":
        open_last(browser, served, session)
    else:
        browser.goto(page(served, *(("sessions", session) if which == "session" else ("",))))
    if which == "session":
        browser.wait(LIVE)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("lang", ["fr", "en"])
def test_pages_are_fit_for_everybody(
    browser: Browser, served: MockServer, session: str, send: Send, scheme: str, lang: str
) -> None:
    sentence = Text("Alimenter", "Feed")
    expectations.post(
        served.store, session, [Expectation("", Facts("TD2.1", "1"), "CT-2.1-010", "1", sentence)]
    )
    body, parts = Lot().build()
    send(session, "TD2.1", body, Who().on("alimentation"), parts)
    send(session, "TD2.1", body, Who(attributes={"VIHF_Version": "9"}).on("alimentation"), parts)
    browser.scheme(scheme)
    browser.goto(page(served, f"?lang={lang}"))
    found = {}
    for which in ("index", "session", "exchange"):
        to(browser, served, session, which)
        browser.value("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        browser.value("document.getAnimations().forEach((one) => one.finish())")
        found[which] = browser.value(AUDIT)
    browser.goto(page(served, "nothing"))
    found["problem"] = browser.value(AUDIT)
    browser.goto(page(served, "?lang=fr"))
    assert found == {which: [] for which in found}


def test_the_audit_sees_faults(browser: Browser, served: MockServer) -> None:
    """A check that can't fail proves nothing."""
    browser.goto(page(served, ""))
    browser.value(
        "document.querySelector('main').insertAdjacentHTML('beforeend', '<h4>x</h4><button></button><input>"
        '<table><tr><th>a</th></tr></table><nav></nav><h1>y</h1><p class="trap">pale</p><a href="#no">z</a>\')'
    )
    browser.value("document.querySelector('.trap').style.color = 'rgb(200, 200, 200)'")
    faults = "\n".join(browser.value(AUDIT))
    for wanted in (
        "no name: button",
        "no name: input",
        "h1: 2",
        "heading skipped",
        "without caption",
        "without scope",
    ):
        assert wanted in faults
    for wanted in ("navigation without a name", "contrast", "leads nowhere: no"):
        assert wanted in faults


@pytest.mark.parametrize("width", [640, 320])
@pytest.mark.parametrize("which", ["index", "session", "exchange"])
def test_a_page_reflows_when_zoomed(
    browser: Browser, served: MockServer, session: str, send: Send, which: str, width: int
) -> None:
    """1280 px at 200 % and at 400 %: tables scroll in their frame, the page never sideways."""
    exists(send, session)
    browser.size(width, 700)
    to(browser, served, session, which)
    assert browser.value("document.documentElement.scrollWidth") <= width


def test_it_works_without_javascript(browser: Browser, served: MockServer, session: str, send: Send) -> None:
    exists(send, session)
    browser.send("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.goto(page(served, "sessions", f"{session}?transaction=TD0.2"))
        assert "TD0.2" in browser.value("document.querySelector('#rows tr').innerText")
        assert "Sans JavaScript" in browser.value("document.getElementById('live-state').innerText")
        assert browser.value("document.getElementById('live-pause').hidden") is True
    finally:
        browser.send("Emulation.setScriptExecutionDisabled", value=False)


def test_the_nearest_expectation_is_shown(
    browser: Browser, served: MockServer, session: str, send: Send
) -> None:
    wanted = Facts("TD0.2", "1" * 15)
    expectations.post(
        served.store, session, [Expectation("", wanted, "CT-0.2-010", "1", Text("Vérifier", "Check"))]
    )
    browser.goto(page(served, "sessions", session))
    browser.wait(LIVE)
    exists(send, session)
    browser.wait("document.querySelectorAll('#rows tr').length === 1")
    assert "non attendu" in browser.value("document.querySelector('#rows tr').innerText")
    open_last(browser, served, session)
    section = browser.value("document.querySelector('[aria-labelledby=nearest]').innerText")
    assert "CT-0.2-010" in section
    assert "Patient (INS)" in section
    assert "1" * 15 in section
