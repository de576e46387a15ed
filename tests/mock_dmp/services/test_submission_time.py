"""submissionTime beside the session's clock: not ahead of it by more than the session admits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mock_dmp.state import sessions
from mock_dmp.state.engine import Store
from protocol import facts
from protocol.identifiers.dtm import dtm_of
from tests.mock_dmp.builders import Lps, Who
from tests.mock_dmp.feeding import WHO, P, feed
from tests.mock_dmp.submissions import Lot
from tests.mock_dmp.updating import MT, Update, registered


def ahead(by: timedelta = timedelta(0)) -> str:
    return str(dtm_of(datetime.now(UTC) + by))


@pytest.mark.parametrize(
    ("by", "length", "outcome"),
    [
        (timedelta(minutes=-30), 14, "Success"),
        (timedelta(minutes=4), 14, "Success"),
        (timedelta(minutes=10), 14, "Failure"),
        (timedelta(days=400), 4, "Failure"),
        (timedelta(0), 8, "Success"),
    ],
)
def test_it_may_be_ahead_by_the_drift_of_two_clocks(
    lps: Lps, by: timedelta, length: int, outcome: str
) -> None:
    told = ahead(by)[:length]
    answer = feed(lps, Lot(submitted=told))
    assert answer.xds == outcome
    if outcome == "Failure":
        [(code, context)] = answer.errors
        assert code == "XDSRegistryMetadataError"
        assert "submissionTime" in context
        assert told in context


def test_the_session_decides(lps: Lps, change: Callable[..., None]) -> None:
    assert feed(lps, Lot(submitted=ahead(timedelta(hours=2)))).xds == "Failure"
    change(submission_ahead_seconds=10_000)
    assert feed(lps, Lot(submitted=ahead(timedelta(hours=2)))).xds == "Success"
    change(submission_ahead_seconds=0, XDS__SUBMISSION__TIME="off")
    assert feed(lps, Lot(submitted=ahead(timedelta(hours=2)))).xds == "Success"


def test_it_is_the_clock_of_the_session(lps: Lps, store: Store, change: Callable[..., None]) -> None:
    change(clock_offset_seconds=-86_400)
    now = sessions.find(store, "default").now()
    then: Who = replace(WHO, issued=now)
    assert feed(lps, Lot(submitted=str(dtm_of(now))), then).xds == "Success"
    assert feed(lps, Lot(submitted=ahead()), then).xds == "Failure"


def test_an_update_too(lps: Lps) -> None:
    lot = Lot()
    assert feed(lps, lot).xds == "Success"
    entry = registered(lps, lot.documents[0].unique_id, P, MT)
    update = Update(P).status(str(entry.get("id")), facts.APPROVED, facts.ARCHIVED)
    body = update.build()
    [value] = body.xpath(
        "//rim:RegistryPackage/rim:Slot[@name='submissionTime']//rim:Value", namespaces=facts.NS
    )
    value.text = ahead(timedelta(hours=2))
    answer = lps.send("TD3.3", body, WHO)
    assert (answer.xds, answer.codes) == ("Failure", ["XDSRegistryMetadataError"])
