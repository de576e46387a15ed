"""Sites under a prefix: which one answers, with which path and session."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from werkzeug.test import Client

from mock_dmp import mounts
from mock_dmp.app import MockApp
from mock_dmp.mounts import Mounts
from mock_dmp.state.engine import Store
from protocol.errors import ToolError


def echo(_store: Store) -> mounts.Wsgi:
    def site(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        told = (environ["dmpcompat.session"], environ["SCRIPT_NAME"], environ["PATH_INFO"])
        return [repr(told).encode()]

    return site


@pytest.fixture
def client(store: Store, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr(mounts, "load", lambda: {"/echo/": echo})
    return Client(MockApp(store))


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/echo/", ("default", "/echo", "/")),
        ("/echo", ("default", "/echo", "")),
        ("/echo/a/b", ("default", "/echo", "/a/b")),
        ("/s/x/echo/a", ("x", "/s/x/echo", "/a")),
        ("/echo/%C3%A9", ("default", "/echo", "/Ã©")),
    ],
)
def test_a_site_gets_its_own_path(client: Client, path: str, told: tuple[str, str, str]) -> None:
    assert client.get(path).text == repr(told)


def test_other_paths_are_not_its_business(client: Client) -> None:
    with client.get("/echoes") as answer:
        assert answer.status_code == 405  # as any other path outside the services


def test_one_prefix_has_one_site(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mounts, "_FACTORIES", {})
    mounts.mount("/echo/")(echo)
    mounts.mount("/echo/")(echo)  # the same module, imported again
    with pytest.raises(ToolError, match="MOCK-003"):
        mounts.mount("/echo/")(lambda store: echo(store))


def test_the_sites_of_the_product_load(store: Store) -> None:
    for prefix in mounts.load():
        assert Mounts(store).prefix_of(prefix) == prefix
