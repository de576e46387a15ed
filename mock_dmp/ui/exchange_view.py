"""Everything that the page of one exchange shows, read from the journal: facts, why, decoded parts, bytes, traces."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from lxml import etree
from sqlalchemy import select

from mock_dmp import journal, observed
from mock_dmp.context import Session
from mock_dmp.expectations import Verdict
from mock_dmp.state import expectations
from mock_dmp.state.engine import Store
from mock_dmp.state.traces import traces
from mock_dmp.ui import certificates, listing, secrets
from mock_dmp.ui.blocks import Block, Excerpt, Row
from mock_dmp.ui.decode import assertion, documents, envelope, payload
from mock_dmp.ui.excerpts import TEXT_BYTES, excerpt
from mock_dmp.ui.masking import OVERLAP, Masker
from mock_dmp.ui.why import Why, why
from protocol.errors import NO_TEXT, DmpcompatError, Text
from protocol.exchange import Tls, header
from protocol.soap import SoapMessage

Side = Literal["request", "response"]
SIDES: Final[tuple[Side, ...]] = ("request", "response")
_MOST_TRACES: Final = 100
_PRETTY_BYTES: Final = 256 * 1024
#: What pages for people and files are made of: nothing to decode.
_PAGES: Final = frozenset(
    {
        "text/html",
        "text/plain",
        "text/css",
        "application/x-www-form-urlencoded",
        "application/pdf",
        "application/json",
    }
)


@dataclass(frozen=True)
class Half:
    """A request or a response. `size` in bytes; `problem` why it was not decoded; `pretty` its envelope, indented."""

    headers: tuple[tuple[str, str], ...]
    raw: Excerpt
    size: int
    blocks: tuple[Block, ...]
    pretty: str = ""
    problem: Text = NO_TEXT


@dataclass(frozen=True)
class View:
    """One exchange. `line` are the facts of the journal; `before` and `after` ids of its neighbours."""

    line: dict[str, Any]
    milliseconds: int
    title: Text
    tls: tuple[Row, ...]
    why: Why
    request: Half
    response: Half | None
    traces: tuple[dict[str, Any], ...]
    verdict: Verdict | None
    before: str
    after: str


def find(store: Store, session: Session, exchange: str) -> tuple[View, Masker] | None:
    """The view, and the masker through which it must be shown; None when there is no such exchange."""
    expectations.settle(store, session.name)
    with store.read() as db:
        line = journal.find(db, session.name, exchange)
        if line is None:
            return None
        before, after = listing.neighbours(db, session.name, line["seq"])
        written = db.execute(
            select(traces)
            .where(traces.c.session == session.name, traces.c.exchange == exchange)
            .order_by(traces.c.seq)
            .limit(_MOST_TRACES)
        )
        acts = tuple(dict(row._mapping) for row in written)
        verdict = expectations.verdicts(db, session.name, [exchange]).get(exchange)
    with ExitStack() as opened:
        asked, asked_problem = _message(store, line, "request", opened)
        answered, answered_problem = _message(store, line, "response", opened)
        with store.read() as db:
            masker = secrets.of_session(db, session.name, _secrets(asked) + _secrets(answered))
        at = _at(session, line)
        return (
            View(
                line=line,
                milliseconds=listing.elapsed(line["started"], line["ended"]),
                title=listing.title_of(line["transaction"]),
                tls=certificates.of_connection(_tls(line), at),
                why=why(line, answered.envelope.body if answered else None, session.settings),
                request=_half(store, line, "request", asked, asked_problem, masker, at),
                response=None
                if line["response"] is None
                else _half(store, line, "response", answered, answered_problem, masker, at),
                traces=acts,
                verdict=verdict,
                before=before,
                after=after,
            ),
            masker,
        )


def _message(
    store: Store, line: dict[str, Any], side: Side, opened: ExitStack
) -> tuple[SoapMessage | None, Text]:
    """The message of a side, or why there is none. Closed with `opened`."""
    digest, about = line[f"{side}_body"], line[side]
    if not digest or not about or not store.blobs.holds(digest):
        return None, NO_TEXT
    if store.blobs.size(digest) > observed.BOUNDS.total_bytes:
        return None, Text(
            "message trop gros pour être décodé ici ; le télécharger",
            "message too big to be decoded here; download it",
        )
    if not store.blobs.size(digest):
        return None, NO_TEXT
    media = (
        header(tuple((name, value) for name, value in about["headers"]), "Content-Type")
        .partition(";")[0]
        .strip()
    )
    if media.lower() in _PAGES:
        return None, Text(
            f"page web ou fichier ({media}), montré tel quel plus bas", f"page or file ({media}), shown below"
        )
    try:
        return opened.enter_context(observed.open_message(store, digest, about["headers"])), NO_TEXT
    except DmpcompatError as problem:
        return None, Text(problem.message("fr"), problem.message("en"))


def _half(
    store: Store,
    line: dict[str, Any],
    side: Side,
    message: SoapMessage | None,
    problem: Text,
    masker: Masker,
    at: datetime,
) -> Half:
    digest = line[f"{side}_body"]
    start, size = _start(store, digest)
    return Half(
        headers=masker.headers((name, value) for name, value in line[side]["headers"]),
        raw=excerpt(start, size, masker),
        size=size,
        blocks=tuple(_blocks(message, side, masker, at)) if message else (),
        pretty=_pretty(message, masker) if message else "",
        problem=problem,
    )


def _blocks(message: SoapMessage, side: Side, masker: Masker, at: datetime) -> Iterator[Block]:
    yield from envelope.blocks(message)
    if side == "request":
        yield from assertion.blocks(message, at)
    yield from payload.blocks(message.envelope.body)
    yield from documents.blocks(message, masker)


def _pretty(message: SoapMessage, masker: Masker) -> str:
    """The envelope with indentation, for the eyes: the bytes are what counts. "" when it is too big."""
    whole = etree.tostring(message.envelope.root)
    if len(whole) > _PRETTY_BYTES:
        return ""
    masked, _ = masker.body(etree.tostring(message.envelope.root, pretty_print=True, encoding="UTF-8"))
    return masked.decode("utf-8", "replace")


def _start(store: Store, digest: str) -> tuple[bytes, int]:
    """The first bytes of a blob and its size; nothing when it went away."""
    if not digest or not store.blobs.holds(digest):
        return b"", 0
    with store.blobs.open(digest) as stream:
        return stream.read(TEXT_BYTES + OVERLAP), store.blobs.size(digest)


def _secrets(message: SoapMessage | None) -> list[str]:
    return secrets.carried(message.envelope.root) if message else []


def _tls(line: dict[str, Any]) -> Tls | None:
    told = line["tls"]
    return Tls(told["version"], told["cipher"], bytes.fromhex(told["certificate"])) if told else None


def _at(session: Session, line: dict[str, Any]) -> datetime:
    """When the exchange came, by the clock of the session as it is set now."""
    if session.settings.switch("clock_frozen_at"):
        return session.now()
    offset = int(session.settings.switch("clock_offset_seconds"))
    return datetime.fromisoformat(line["started"]) + timedelta(seconds=offset)
