"""The desk's page over plain HTTP: what it shows, what it takes, and whom it refuses."""

from __future__ import annotations

import http.client
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from lxml import html

from harness.checks.rule import Finding
from harness.desk import site
from harness.desk.board import Line
from harness.desk.page import Page
from harness.events import Event
from harness.observe.operator import Answer, NearMiss, Task
from protocol.errors import ConfigError, Text

HOSTILE = "</title><script>window.pwned = 1</script><img src=x onerror='window.pwned = 2'>{{7*7}}\x1b\u202e"


@pytest.fixture
def page() -> Iterator[Page]:
    lines = [Line("CT-0.2-010", Text("Existence", "Existence")), Line("CT-9", Text("Après", "After"))]
    one = Page(
        0, title=Text("Ma campagne", "My campaign"), lang="fr", lines=lines, view="http://127.0.0.1:1/ui/"
    )
    yield one
    one.close()


@dataclass(frozen=True)
class Got:
    status: int
    headers: dict[str, str]
    text: str

    @property
    def root(self) -> Any:
        return html.fromstring(self.text)


def ask(page: Page, path: str = "/", method: str = "GET", body: bytes | None = None, **headers: str) -> Got:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    link = http.client.HTTPConnection("127.0.0.1", page.port, timeout=20)
    try:
        link.request(method, path, body, named)
        answer = link.getresponse()
        return Got(answer.status, dict(answer.getheaders()), answer.read().decode())
    finally:
        link.close()


def form(page: Page, **changes: str) -> dict[str, str]:
    """What the page's own form would send."""
    root = ask(page).root
    found = {name: root.xpath(f"//input[@name='{name}']/@value")[0] for name in ("token", "serial")}
    return found | changes


def post(page: Page, fields: dict[str, str], **headers: str) -> Got:
    usual = {
        "Content_Type": "application/x-www-form-urlencoded",
        "Host": f"127.0.0.1:{page.port}",
        "Origin": f"http://127.0.0.1:{page.port}",
        "Sec_Fetch_Site": "same-origin",
    }
    kept = {name: value for name, value in (usual | headers).items() if value}
    return ask(page, "/answer", "POST", urlencode(fields).encode(), **kept)


def upload(page: Page, name: str, data: bytes, **fields: str) -> Got:
    lines = [
        f'--sep\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
        for key, value in form(page, kind="screen", **fields).items()
    ]
    head = f'--sep\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
    body = b"".join((*lines, head, data, b"\r\n--sep--\r\n"))
    return ask(page, "/answer", "POST", body, Content_Type="multipart/form-data; boundary=sep")


def notice(page: Page) -> str:
    return " ".join(ask(page).root.xpath("//*[contains(@class, 'notice')]/text()"))


def test_it_shows_the_task_the_data_and_the_plan(
    page: Page, task: Callable[..., Task], near: NearMiss
) -> None:
    assert "Rien à faire pour l'instant." in ask(page).root.text_content()
    page.begin(task(deadline=datetime(2026, 1, 31, 9, 0, tzinfo=UTC)))
    page.waiting(datetime.now(UTC), (near,), True)
    root = ask(page).root
    text = " ".join(root.text_content().split())
    for said in (
        "CT-0.2-010 — étape 1 sur 2",
        "Demandez si le patient a un DMP.",
        "INS280056399910181",
        "J'attends votre logiciel depuis 0:00, jusqu'à 09:00:00 UTC",
        "La plateforme ne répond plus",
        "patient280056399910181175116399910283",
        "Après à venir",
        "0 / 2",
    ):
        assert said.replace(" ", "") in text.replace(" ", ""), said
    assert root.xpath("//a[@rel='noopener noreferrer']/@href") == ["http://127.0.0.1:1/ui/"]


def test_in_english_too(page: Page, task: Callable[..., Task]) -> None:
    page.begin(task(wants="screen"))
    got = ask(page, "/?lang=en")
    assert "Waiting for you: a screen copy" in got.text
    assert got.root.get("lang") == "en"
    assert "dmpcompat-lang=en" in got.headers["Set-Cookie"]


def test_it_follows_verdicts_and_findings(
    page: Page, task: Callable[..., Task], findings: list[Finding]
) -> None:
    now = datetime.now(UTC)
    page.listen(Event("case-started", now, "CT-0.2-010", {"title": {"fr": "Existence", "en": "Existence"}}))
    page.begin(task())
    page.done(task(), findings)
    assert "2 écart(s)" in ask(page).text
    assert "un VIHF, et un seul, dans wsse:Security" in ask(page).text
    reason = {"fr": "assertion absente", "en": "no assertion"}
    page.listen(Event("case-finished", now, "CT-0.2-010", {"verdict": "FAIL", "reason": reason}))
    root = ask(page).root
    assert root.xpath("//span[@class='badge FAIL']/text()") == ["FAIL"]
    assert "assertion absente" in ask(page).text
    page.listen(Event("run-finished", now, "", {}))
    assert "Le plan est terminé." in ask(page).text


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"kind": "retry"}, Answer("retry")),
        ({"kind": "stop"}, Answer("stop")),
        ({"kind": "skip", "reason": " pas fait "}, Answer("skip", "pas fait")),
        ({"kind": "impossible", "reason": "sans carte"}, Answer("impossible", "sans carte")),
        ({"kind": "declaration", "reason": "vu"}, Answer("declaration", "vu")),
    ],
)
def test_answers(page: Page, task: Callable[..., Task], fields: dict[str, str], expected: Answer) -> None:
    page.begin(task(wants="declaration"))
    got = post(page, form(page, **fields))
    assert (got.status, got.headers["Location"]) == (303, "/")
    assert page.answer() == expected
    assert page.answer() is None
    assert notice(page) == "Réponse transmise."


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"kind": "skip", "reason": "  "}, "DESK-002"),
        ({"kind": "declaration", "reason": "x" * 20_001}, "DESK-002"),
        ({"kind": "rm"}, "DESK-001"),
        ({"kind": "screen"}, "DESK-006"),
        ({"kind": "retry", "serial": "0"}, "Cette étape est finie"),
        ({"kind": "retry", "serial": "9" * 40}, "Cette étape est finie"),
    ],
)
def test_what_is_no_answer_is_told(
    page: Page, task: Callable[..., Task], fields: dict[str, str], said: str
) -> None:
    page.begin(task())
    assert post(page, form(page, **fields)).status == 303
    assert page.answer() is None
    assert said in notice(page)


def test_an_answer_to_a_task_that_is_over_is_not_taken(page: Page, task: Callable[..., Task]) -> None:
    page.begin(task())
    stale = form(page, kind="skip", reason="trop tard")
    page.done(task(), ())
    page.begin(task(step=2))
    post(page, stale)
    assert page.answer() is None
    assert "finie" in notice(page)


def test_a_screen_is_uploaded(page: Page, task: Callable[..., Task], png: bytes) -> None:
    page.begin(task(wants="screen"))
    assert upload(page, "C:\\\\temp\\\\écran.png", png).status == 303
    found = page.answer()
    assert found is not None
    assert (found.kind, found.name, found.data) == ("screen", "écran.png", png)


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"<svg xmlns='x'/>", "DESK-004"), (b"\x89PNG\r\n\x1a\nx", "EVID-034"), (b"MZ\0", "EVID-030")],
)
def test_what_is_no_screen_is_not_taken(
    page: Page, task: Callable[..., Task], data: bytes, said: str
) -> None:
    page.begin(task(wants="screen"))
    upload(page, "a.png", data)
    assert page.answer() is None
    assert said in notice(page)


def test_an_upload_is_bounded(page: Page, task: Callable[..., Task], monkeypatch: pytest.MonkeyPatch) -> None:
    page.begin(task(wants="screen"))
    fields = form(page)
    length = str(site.MAX_BYTES * 2)
    got = ask(
        page, "/answer", "POST", b"", Content_Type="multipart/form-data; boundary=sep", Content_Length=length
    )
    assert got.status == 413
    assert fields["token"] not in got.text


REFUSED = [
    ({"Host": "evil.example:80"}, 421),
    ({"Host": "127.0.0.1.evil.example"}, 421),
    ({"Origin": "http://evil.example"}, 403),
    ({"Origin": "null"}, 403),
    ({"Origin": "http://localhost:1"}, 403),
    ({"Sec_Fetch_Site": "cross-site"}, 403),
    ({"Sec_Fetch_Site": "same-site", "Origin": ""}, 403),
]


@pytest.mark.parametrize(("headers", "status"), REFUSED)
def test_other_sites_are_refused(
    page: Page, task: Callable[..., Task], headers: dict[str, str], status: int
) -> None:
    page.begin(task())
    assert post(page, form(page, kind="stop"), **headers).status == status
    assert page.answer() is None


@pytest.mark.parametrize("token", ["", "x", "é"])
def test_a_form_without_the_token_is_refused(page: Page, task: Callable[..., Task], token: str) -> None:
    page.begin(task())
    assert post(page, form(page, kind="stop", token=token)).status == 403
    assert page.answer() is None


def test_a_name_that_was_rebound_reads_nothing(page: Page, task: Callable[..., Task]) -> None:
    page.begin(task())
    for path in ("/", "/state", "/static/desk.js"):
        got = ask(page, path, Host="rebound.example")
        assert (got.status, got.text) == (421, "421\n")
    assert ask(page, "/state", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="cors").status == 403
    assert ask(page, "/", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate").status == 200


def test_a_get_changes_nothing(page: Page, task: Callable[..., Task]) -> None:
    page.begin(task())
    assert ask(page, "/answer?" + urlencode(form(page, kind="stop"))).status == 405
    assert page.answer() is None


def test_hostile_texts_are_inert(page: Page, task: Callable[..., Task]) -> None:
    hostile = Text(HOSTILE, HOSTILE)
    page.begin(task(case=HOSTILE, title=hostile, instruction=hostile, data=((hostile, HOSTILE),)))
    page.done(task(title=hostile), [Finding("X", "FAIL", HOSTILE, HOSTILE, HOSTILE)])
    page.begin(task(case=HOSTILE, title=hostile, instruction=hostile, data=((hostile, HOSTILE),)))
    for text in (ask(page).text, *json.loads(ask(page, "/state").text)["regions"].values()):
        assert "<script>window" not in text
        assert "<img" not in text
        assert "\x1b" not in text
        assert "\u202e" not in text
    got = ask(page)
    assert "{{7*7}}" in got.text
    assert "script-src 'self'" in got.headers["Content-Security-Policy"]
    assert got.headers["X-Frame-Options"] == "DENY"
    assert got.headers["Cache-Control"] == "no-store"


def test_the_state_waits_for_a_change(page: Page, task: Callable[..., Task]) -> None:
    first = json.loads(ask(page, "/state").text)
    found: list[Any] = []
    waiting = threading.Thread(
        target=lambda: found.append(json.loads(ask(page, f"/state?after={first['version']}").text))
    )
    waiting.start()
    page.begin(task())
    waiting.join(10)
    assert found[0]["version"] > first["version"]
    assert found[0]["serial"] == 1
    assert "Demandez si" in found[0]["regions"]["work"]
    assert re.fullmatch(r"À faire : .*", found[0]["news"])


def test_more_readers_than_seats_are_answered_at_once(page: Page) -> None:
    version = json.loads(ask(page, "/state").text)["version"]
    waiting = [threading.Thread(target=ask, args=(page, f"/state?after={version}")) for _ in range(6)]
    for one in waiting:
        one.start()
    end = time.monotonic() + 10
    told: dict[str, Any] = {"again": 0}
    while not told["again"] and time.monotonic() < end:
        told = json.loads(ask(page, "/state?after=-1").text)
    assert told["again"] == 2000
    page.board.notice(Text("fini", "over"))
    for one in waiting:
        one.join(10)


def test_waiting_without_news_is_no_change(page: Page, task: Callable[..., Task]) -> None:
    page.begin(task())
    since = datetime.now(UTC)
    page.waiting(since, (), False)
    version = page.board.view().version
    page.waiting(since, (), False)
    assert page.board.view().version == version


def test_a_port_that_is_taken_is_a_wrong_set_up(page: Page) -> None:
    with pytest.raises(ConfigError) as caught:
        Page(page.port, title=Text("x", "x"), lang="fr")
    assert caught.value.code == "DESK-020"
