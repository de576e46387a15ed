"""Who sees which traces: the table, its bounds, and the filters of the control API."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, get_args

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from mock_dmp import control
from mock_dmp.state import sessions, traces
from mock_dmp.state.engine import Store
from mock_dmp.state.settings import Settings
from mock_dmp.state.traces import Trace
from mock_dmp.trace_rights import Kind, Viewer, seen, sights
from tests.mock_dmp.builders import Lps, Who, existence
from tests.mock_dmp.lps_fixtures import change, lps

__all__ = ["change", "lps"]

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
ROOT = "/control/v1/sessions/default/traces"
DEFAULT = Settings(MappingProxyType({}))

lines = st.lists(
    st.fixed_dictionaries(
        {
            "ps_id": st.sampled_from(["a", "b", ""]),
            "secret": st.booleans(),
            "at": st.integers(0, 500).map(lambda days: traces.stamp(NOW - timedelta(days=days))),
        }
    ),
    max_size=30,
)


def test_the_table_knows_every_viewer() -> None:
    assert set(sights()) == set(get_args(Kind))
    assert all(one.source and one.confidence in "ABC" for one in sights().values())


@given(lines)
def test_each_viewer_sees_what_the_table_says(found: list[dict[str, Any]]) -> None:
    young = [line for line in found if line["at"] >= traces.stamp(NOW - timedelta(days=365))]

    def shown(kind: Kind, ps_id: str = "") -> list[dict[str, Any]]:
        return seen(found, Viewer(kind, ps_id), NOW, DEFAULT)

    assert shown("medecin-traitant", "a") == young
    assert shown("patient") == young
    assert shown("professional", "a") == [line for line in young if line["ps_id"] == "a"]
    assert shown("representative") == [line for line in young if not line["secret"]]


@given(lines, st.integers(0, 5), st.integers(0, 400))
def test_bounds_keep_the_latest(found: list[dict[str, Any]], most: int, days: int) -> None:
    bounds = Settings(MappingProxyType({"traces_most": most, "traces_days": days}))
    kept = seen(found, Viewer("patient"), NOW, bounds)
    assert len(kept) <= (most or len(found))
    recent = [line for line in found if not days or line["at"] >= traces.stamp(NOW - timedelta(days=days))]
    assert kept == (recent[-most:] if most else recent)


@pytest.fixture
def api(store: Store) -> Iterator[FlaskClient]:
    sessions.ensure_default(store)
    with control.create(store).test_client() as client:
        yield client


def test_filters(api: FlaskClient, store: Store) -> None:
    with store.write() as db:
        for number, (ps_id, action, patient) in enumerate(
            [("a", "Consultation", "1"), ("b", "consultation", "1"), ("a", "recherche 100%", "2")]
        ):
            at = traces.stamp(NOW + timedelta(hours=number))
            traces.add(
                db,
                "default",
                Trace(
                    at,
                    "e",
                    "TD3.2",
                    action,
                    ps_id,
                    "s",
                    "r",
                    "DIRECTE",
                    "normal",
                    "",
                    False,
                    patient,
                    "",
                    "ok",
                ),
            )

    def found(query: str) -> list[int]:
        return [line["seq"] for line in api.get(f"{ROOT}?{query}").get_json()]

    assert found("") == [1, 2, 3]
    assert found("patient=1") == [1, 2]
    assert found("ps=a") == [1, 3]
    assert found("action=CONSULT") == [1, 2]
    assert found("action=0%25") == [3]
    assert found("action=%25") == [3]
    assert found("transaction=TD2.1") == []
    assert found("since=2026-06-01T13:00:00Z") == [2, 3]
    assert found("since=2026-06-01T15:00:00%2B02:00") == [2, 3]
    assert found("limit=1") == [3]
    assert found("patient=1&viewer=professional&viewer_ps=b") in ([2], [])
    for wrong in ("since=hier", "since=2026-06-01T13:00:00", "viewer=neighbour", "limit=-1"):
        assert api.get(f"{ROOT}?{wrong}").get_json()["error"]["code"] == "CTL-003"


def test_a_trace_tells_all_of_a_call(lps: Lps, api: FlaskClient, change: Callable[..., None]) -> None:
    who = Who(access="bris_de_glace", reason="coma").on("actif-autorise")
    lps.send("TD0.2", existence("actif-autorise"), who)
    (line,) = api.get(ROOT).get_json()
    assert line["transaction"] == "TD0.2"
    assert (line["ps_id"], line["structure_id"]) == ("899990000111", "499990000111001")
    assert (line["mode"], line["access"], line["reason"]) == ("DIRECTE", "bris_de_glace", "coma")
    assert (line["actor"], line["name"], line["software"]) == (
        "professional",
        "CLAUDE ESSAI",
        "LPS-TEST 1.0.0",
    )
    assert line["assertion"].startswith("_")
    assert line["result"] == "active"


def test_a_refused_call_leaves_a_trace_of_the_refusal(lps: Lps, api: FlaskClient) -> None:
    lps.send(
        "TD0.2", existence("actif-autorise"), Who(access="normal", structure="cabinet").on("actif-autorise")
    )
    assert len(api.get(f"{ROOT}?ps=899990000111").get_json()) == 1
