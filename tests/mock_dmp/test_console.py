"""The console: loopback only, never a service of the DMP, deaf to pages of other sites."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from mock_dmp.server import MockServer
from protocol.errors import ConfigError

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="module")
def served() -> Iterator[MockServer]:
    with MockServer(plain_http=True, threads=4, console=0) as server:
        yield server


Ask = Callable[..., tuple[int, dict[str, str], bytes]]


@pytest.fixture
def ask(served: MockServer) -> Ask:
    def make(
        path: str, method: str = "GET", body: bytes | None = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        place = urlsplit(served.console_url)
        connection = HTTPConnection(str(place.hostname), place.port, timeout=20)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, named)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    return make


def test_it_serves_the_view_and_the_control_api(ask: Ask) -> None:
    status, headers, _ = ask("/")
    assert (status, headers["Location"]) == (302, "/ui/")
    assert ask("/ui/")[0] == 200
    assert ask("/ui/static/ui.css")[0] == 200
    assert json.loads(ask("/control/v1/sessions")[2])[0]["name"] == "default"


@pytest.mark.parametrize(
    "path",
    [
        "/si-dmp-server/v2/services/patients",
        "/si-dmp-server/v2/services/patients?wsdl",
        "/s/default/si-dmp-server/v2/services/registry",
        "/AccesDirect/",
        "/s/default/AccesDirect/",
        "/s/x/../si-dmp-server/v2/services/patients",
        "//si-dmp-server/v2/services/patients",
        "/%73i-dmp-server/v2/services/patients",
        "/ui/../si-dmp-server/v2/services/patients",
        "/uix/",
        "/param-lps/",
    ],
)
def test_it_serves_nothing_else(ask: Ask, served: MockServer, path: str) -> None:
    for method in ("GET", "POST"):
        assert ask(path, method, b"<a/>" if method == "POST" else None)[0] in (400, 404)
    assert json.loads(ask("/control/v1/sessions/default/exchanges")[2]) == []


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:80",
        "127.0.0.1.evil.example",
        "0.0.0.0",  # noqa: S104 - a name to refuse
        "[::2]",
        "",
        "a@b",
        "[",
        "localhost.evil.example",
    ],
)
def test_another_name_is_refused(ask: Ask, host: str) -> None:
    """DNS rebinding: a page of that name, which now leads here, must read nothing."""
    assert ask("/control/v1/sessions", Host=host)[0] in (400, 421)


def test_names_of_loopback_are_taken(ask: Ask, served: MockServer) -> None:
    port = urlsplit(served.console_url).port
    for host in (f"127.0.0.1:{port}", f"localhost:{port}", f"[::1]:{port}", "LOCALHOST"):
        assert ask("/ui/", Host=host)[0] == 200, host


def test_writes_of_another_site_are_refused(ask: Ask, served: MockServer) -> None:
    own = served.console_url
    for number, (origin, status) in enumerate(
        (
            (own, 201),
            ("", 403),
            ("null", 403),
            ("http://evil.example", 403),
            (own.replace("http", "https"), 403),
            ("http://127.0.0.1:1", 403),
        )
    ):
        body = json.dumps({"name": f"s{number}"}).encode()
        assert ask("/control/v1/sessions", "POST", body, Origin=origin)[0] == status, origin
    assert ask("/control/v1/sessions", "POST", b'{"name": "plain"}')[0] == 201  # a program, not a page


def test_what_the_browser_says_of_the_origin_is_heard(ask: Ask) -> None:
    assert ask("/control/v1/sessions", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="no-cors")[0] == 403
    assert ask("/control/v1/sessions", Sec_Fetch_Site="same-site", Sec_Fetch_Mode="cors")[0] == 403
    assert (
        ask("/control/v1/sessions", "DELETE", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate")[0]
        == 403
    )
    assert ask("/ui/", Sec_Fetch_Site="same-origin")[0] == 200
    assert ask("/ui/", Sec_Fetch_Site="none", Sec_Fetch_Mode="navigate")[0] == 200
    assert (
        ask("/ui/", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate")[0] == 200
    )  # a link opens a page


def test_it_listens_on_loopback_only(served: MockServer) -> None:
    assert urlsplit(served.console_url).hostname == "127.0.0.1"
    assert not MockServer(plain_http=True).console_url


def test_a_port_in_use_is_said_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match="SRV-001") as refused:
            MockServer(plain_http=True, console=port).start()
        assert refused.value.field == "--console"
        assert str(port) in refused.value.found


@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_command_tells_where_it_is(tmp_path: Path, workers: str) -> None:
    if workers != "1" and not hasattr(os, "fork"):
        pytest.skip("several processes need fork")
    ready = tmp_path / "ready.json"
    command = [
        sys.executable,
        "cli.py",
        "serve",
        "--plain-http",
        "--port",
        "0",
        "--console",
        "0",
        "--lang",
        "en",
    ]
    command += ["--data", str(tmp_path / "data"), "--ready-file", str(ready), "--workers", workers]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert process.stdout is not None
        line = ""
        while "live view" not in line:
            line = process.stdout.readline()
            assert line, "the command ended"
        told = json.loads(ready.read_text())
        assert f"{told['console']}/ui/" in line
        for _ in range(4):
            connection = HTTPConnection(told["console"].removeprefix("http://"), timeout=20)
            connection.request("GET", "/ui/")
            assert connection.getresponse().status == 200
            connection.close()
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    assert process.returncode == 0
