"""Server-sent events: the exchanges of a session as they are recorded, and what happens to the session itself.

Who finds a seat (`mock_dmp.state.changes`) is told at once, for half a minute, then its browser calls again. Who
finds none gets what there is and calls again every two seconds: nobody is refused, and workers stay free.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from flask import Response, request

from mock_dmp.expectations import Verdict
from mock_dmp.state import expectations
from mock_dmp.state.engine import Store
from mock_dmp.ui import listing, secrets
from mock_dmp.ui.listing import Filter, Line
from mock_dmp.ui.masking import Masker
from mock_dmp.ui.visible import visible
from protocol.errors import Lang


@dataclass(frozen=True)
class Pace:
    """Seconds: a seat is held for `seat`; the database is asked again every `poll` (another process may have written),
    never sooner than `rest` after the last time; a sign of life every `beat`. `again`: for who has no seat.
    """

    seat: float = 30.0
    poll: float = 1.0
    rest: float = 0.15
    beat: float = 5.0
    again: float = 2.0


@dataclass(frozen=True)
class Watch:
    """What one viewer watches: exchanges of `session` with seq > `after` that pass the filter."""

    session: str
    wanted: Filter
    after: int
    lang: Lang = "fr"


def response(store: Store, session: str, lang: Lang, pace: Pace | None = None) -> Response:
    """The answer to the current request for events. Nothing (204, which ends it) for a session that is gone.

    `Last-Event-ID`, else `?after=`, says what the viewer saw last; without them it starts with what comes.
    """
    with store.read() as db:
        if not listing.created(db, session):
            return Response(status=204)
        start = listing.last_seq(db, session)
    told = request.headers.get("Last-Event-ID") or request.args.get("after", "")
    after = int(told) if told.isascii() and told.isdigit() and len(told) < 16 else start
    watch = Watch(session, Filter.asked(request.args), after, lang)
    return Response(
        events(store, watch, pace or Pace()),
        mimetype="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


def events(store: Store, watch: Watch, pace: Pace) -> Iterator[bytes]:
    """The stream of one viewer, as bytes of text/event-stream. Ends by itself."""
    with store.read() as db:
        masker, born = secrets.of_session(db, watch.session), listing.created(db, watch.session)
    with store.changes.seat() as seated:
        again = round(1000 * (min(0.3, pace.again) if seated else pace.again))
        yield f"retry: {again}\n\n".encode()
        yield _event("mode", {"live": seated})
        end = time.monotonic() + (pace.seat if seated else 0)
        beat = time.monotonic()
        while True:
            seen = store.changes.count
            told = list(_news(store, watch, masker, born))
            yield from (line for _, line in told)
            if told and told[-1][0] < 0:  # the session is gone, or another one now
                return
            watch = replace(watch, after=max([watch.after, *(seq for seq, _ in told)]))
            if time.monotonic() >= end or store.changes.closed:
                return
            if len(told) < listing.PAGE:
                time.sleep(min(pace.rest, max(0.0, end - time.monotonic())))
                store.changes.wait(seen, min(pace.poll, max(0.0, end - time.monotonic())))
            if time.monotonic() - beat >= pace.beat:
                beat = time.monotonic()
                yield b": \n\n"  # a viewer who went away is noticed by writing to it


def _news(store: Store, watch: Watch, masker: Masker, born: str) -> Iterator[tuple[int, bytes]]:
    """What came since, as (seq, event); seq -1 for the last event of a session that is no more what it was."""
    expectations.settle(store, watch.session)
    with store.read() as db:
        now = listing.created(db, watch.session)
        if now != born:
            yield -1, _event("reset" if now else "gone", {"session": watch.session})
            return
        lines = listing.since(db, watch.session, watch.wanted, watch.after, lang=watch.lang)
        verdicts = expectations.verdicts(db, watch.session, [line.id for line in lines])
    for line in lines:
        yield line.seq, _event("exchange", plain(line, verdicts.get(line.id), masker), line.seq)


def plain(line: Line, verdict: Verdict | None, masker: Masker) -> dict[str, Any]:
    """One exchange as JSON values, its texts masked and made visible."""
    shown: dict[str, Any] = {
        name: visible(masker.text(value)) if isinstance(value, str) else value
        for name, value in asdict(line).items()
    }
    shown["expected"] = None if verdict is None else verdict.expected
    shown["case"] = "" if verdict is None else visible(masker.text(verdict.case))
    return shown


def _event(kind: str, data: dict[str, Any], identifier: int | None = None) -> bytes:
    """One event. JSON has no line end of its own, so nothing in it can begin another field."""
    head = "" if identifier is None else f"id: {identifier}\n"
    return f"{head}event: {kind}\ndata: {json.dumps(data)}\n\n".encode()
