"""The session's clock: how it is set by the control API, and that what the mock dates follows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from mock_dmp import clock, control
from mock_dmp.acceptance.trust import Trust
from mock_dmp.clock import Reading
from mock_dmp.pki import PkiIndex
from mock_dmp.state import sessions, traces
from mock_dmp.state.engine import Store
from protocol.errors import UsageError
from protocol.exchange import Tls
from tests.mock_dmp.builders import Lps, Who, existence, signed
from tests.mock_dmp.lps_fixtures import change, lps
from tests.mock_dmp.submissions import find_documents

__all__ = ["change", "lps"]

A = "actif-autorise"
ROOT = "/control/v1/sessions/default/clock"
YEAR = 365 * 86_400
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def api(store: Store) -> Iterator[FlaskClient]:
    sessions.ensure_default(store)
    with control.create(store).test_client() as client:
        yield client


def now(api: FlaskClient) -> datetime:
    return datetime.fromisoformat(api.get(ROOT).get_json()["now"])


def test_it_is_set_moved_stopped_and_started_again(api: FlaskClient) -> None:
    told = api.put(ROOT, json={"set": "2027-01-01T00:00:00Z", "freeze": True}).get_json()
    assert (told["now"], told["frozen"]) == ("2027-01-01T00:00:00.000Z", True)
    assert api.put(ROOT, json={"move": 3600}).get_json()["now"] == "2027-01-01T01:00:00.000Z"
    assert api.put(ROOT, json={"move": -7200}).get_json()["now"] == "2026-12-31T23:00:00.000Z"
    told = api.put(ROOT, json={"release": True}).get_json()
    assert told["frozen"] is False
    assert timedelta() <= now(api) - datetime(2026, 12, 31, 23, tzinfo=UTC) < timedelta(seconds=30)
    told = api.put(ROOT, json={"set": "real"}).get_json()
    assert (told["frozen"], abs(told["offset_seconds"]) <= 1) == (False, True)
    assert api.put(ROOT, json={"freeze": True}).get_json()["frozen"] is True


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"set": "demain"},
        {"set": "2027-01-01T00:00:00"},
        {"set": 3},
        {"move": "1h"},
        {"move": True},
        {"move": 10**30},
        {"freeze": "yes"},
        {"freeze": True, "release": True},
        {"set": "2500-01-01T00:00:00Z", "freeze": True},
        {"colour": "red"},
    ],
)
def test_what_no_clock_can_show_changes_nothing(api: FlaskClient, body: dict[str, Any]) -> None:
    before = api.get(ROOT).get_json()
    answer = api.put(ROOT, json=body)
    assert answer.status_code == 400
    assert answer.get_json()["error"]["code"] in {"CLK-001", "CTL-004", "SET-002"}
    after = api.get(ROOT).get_json()
    assert (after["frozen"], after["offset_seconds"]) == (before["frozen"], before["offset_seconds"])


@settings(max_examples=50, deadline=None)
@given(moves=st.lists(st.integers(-YEAR, YEAR), max_size=6), frozen=st.booleans())
def test_moves_add_up(moves: list[int], frozen: bool) -> None:
    """The switches after each move, read again as `Session.now` does, with a real time that stands still."""
    reading = Reading(NOON, NOON, frozen)
    for seconds in moves:
        values = clock.turned(reading, {"move": seconds})
        stamp = str(values["clock_frozen_at"])
        moment = (
            datetime.fromisoformat(stamp)
            if stamp
            else NOON + timedelta(seconds=int(values["clock_offset_seconds"]))
        )
        reading = Reading(moment, NOON, bool(stamp))
    assert reading.now == NOON + timedelta(seconds=sum(moves))
    assert reading.frozen is frozen or not moves


def test_a_reading_refuses_both_ways_at_once() -> None:
    with pytest.raises(UsageError, match="CLK-001"):
        clock.turned(Reading(NOON, NOON, False), {"freeze": True, "release": True})


def tls(pki: PkiIndex, name: str) -> Tls:
    der = x509.load_pem_x509_certificate(pki.certificate(name).read_bytes()).public_bytes(Encoding.DER)
    return Tls("TLSv1.2", "ECDHE-RSA-AES256-GCM-SHA384", der)


def test_certificates_end_at_the_session_clock(
    lps: Lps, test_pki: PkiIndex, change: Callable[..., None]
) -> None:
    def ask(later: timedelta) -> str:
        change(clock_offset_seconds=int(later.total_seconds()))
        who = Who(issued=datetime.now(UTC) + later).on(A)
        assertion = signed(who, test_pki.certificate("cps-sign"), test_pki.key("cps-sign"))
        return lps.send("TD0.2", existence(A), assertion, tls=tls(test_pki, "cps-auth")).fault

    assert ask(timedelta(days=2 * 365)) == ""
    assert ask(timedelta(days=4 * 365)) == "DMPInvalidCertificate"
    change(**{"VIHF-CERT-DATES": "off"})
    assert ask(timedelta(days=4 * 365)) == "MockClientCertificate"
    change(**{"TLS-CLIENT-DATES": "warn"})
    assert ask(timedelta(days=4 * 365)) == ""
    change(**{"TLS-CLIENT-DATES": "refuse"})
    assert ask(timedelta(days=-30)) == "MockClientCertificate"


def test_an_authorisation_ends_at_the_session_clock(
    lps: Lps, api: FlaskClient, change: Callable[..., None]
) -> None:
    change(authorisation_days=30)
    path = f"/control/v1/sessions/default/patients/{A}/authorisations"
    api.post(path, json={"choice": "allow", "professional": "medecin"})

    def search() -> str:
        moment = datetime.fromisoformat(api.get(ROOT).get_json()["now"])
        return lps.send("TD3.1", find_documents(A), Who(issued=moment).on(A)).fault

    assert search() == ""
    api.put(ROOT, json={"move": 29 * 86_400})
    assert search() == ""
    api.put(ROOT, json={"move": 2 * 86_400})
    assert search() == "MockNotAuthorized"
    api.put(ROOT, json={"set": "real"})
    assert search() == ""


def test_freshness_and_traces_follow(lps: Lps, api: FlaskClient, store: Store) -> None:
    api.put(ROOT, json={"set": "2030-05-05T10:00:00Z", "freeze": True})
    then = datetime(2030, 5, 5, 10, tzinfo=UTC)
    assert lps.send("TD0.2", existence(A), Who().on(A)).fault == "MockVihfExpired"
    assert lps.send("TD0.2", existence(A), Who(issued=then).on(A)).fault == ""
    with store.read() as db:
        assert [line["at"] for line in traces.listing(db, "default")] == ["2030-05-05T10:00:00+00:00"]


def test_revocation_is_of_a_date_and_a_list_gets_old(test_pki: PkiIndex) -> None:
    trust = Trust.load([test_pki.ca], [test_pki.crl])
    revoked = x509.load_pem_x509_certificate(test_pki.certificate("revoked-org-sign").read_bytes())
    (crl,) = trust.revocations
    entry = crl.get_revoked_certificate_by_serial_number(revoked.serial_number)
    assert entry is not None
    assert trust.revoked(revoked, entry.revocation_date_utc)
    assert not trust.revoked(revoked, entry.revocation_date_utc - timedelta(seconds=1))
    assert crl.next_update_utc is not None
    assert trust.stale(revoked, crl.next_update_utc) is None
    assert trust.stale(revoked, crl.next_update_utc + timedelta(seconds=1)) == crl.next_update_utc
