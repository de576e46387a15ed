"""What a handler is given and what it gives back: Session, Call, Reply, Refusal.

Business code sees these and `mock_dmp.state`; it never sees HTTP, the envelope of the answer or the journal
(`mock_dmp.dispatch` owns those).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, BinaryIO, Literal

from sqlalchemy import Connection

from mock_dmp.state.engine import Store, Writing
from mock_dmp.state.settings import Settings
from protocol.errors import NO_TEXT, Text

if TYPE_CHECKING:
    from lxml import etree

    from protocol.coded import Coded
    from protocol.directory import Patient, Professional, Structure
    from protocol.exchange import Tls
    from protocol.soap import SoapMessage
    from protocol.transactions import Transaction
    from protocol.vihf import Vihf

Carrier = Literal["fault", "ebxml", "ack", "ws"]


@dataclass(frozen=True)
class Problem:
    """One error or warning of an answer. `code` is of the error catalogue; NO_TEXT stands for its text.

    `context` names the object and the attribute at fault (ebXML codeContext, HL7 detail), `location` is for
    the implementer.
    """

    code: str
    text: Text = NO_TEXT
    context: str = ""
    location: str = ""
    severity: Literal["error", "warning"] = "error"


class Refusal(Exception):
    """The mock says no, in the documented way. Not an error of ours.

    `carrier` overrides the catalogue's (fault, ebxml, ack, ws); `rule` is the id of the acceptance rule that
    refused; `more` holds the other problems found (a registry returns all it can find in one list).
    """

    def __init__(
        self,
        code: str,
        text: Text = NO_TEXT,
        *,
        context: str = "",
        location: str = "",
        carrier: Carrier | None = None,
        rule: str = "",
        more: Sequence[Problem] = (),
    ) -> None:
        self.problems: tuple[Problem, ...] = (Problem(code, text, context, location), *more)
        self.carrier = carrier
        self.rule = rule
        super().__init__(f"{code}: {text.en or context}")

    @property
    def code(self) -> str:
        return self.problems[0].code

    @property
    def text(self) -> Text:
        return self.problems[0].text


@dataclass(frozen=True)
class Attachment:
    """One binary part of an answer: `content_id` without brackets; `open` gives a fresh stream."""

    content_id: str
    content_type: str
    open: Callable[[], BinaryIO]


@dataclass(frozen=True)
class Reply:
    """The payload of the Body, and the parts that its xop:Include elements point at."""

    payload: etree._Element
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True)
class Caller:
    """Who calls, once accepted. Ids are the national ones (PS_IdNat, Struct_IdNat).

    `access` is the purpose of use. `professional` and `structure` are the records of the directory, None
    when it does not hold them.
    """

    mode: Literal["DIRECTE", "INDIRECTE", "INDIRECTE_RENFORCEE"]
    ps_id: str
    structure_id: str
    role: Coded
    specialty: Coded | None = None
    access: Literal["normal", "bris_de_glace", "centre_15"] = "normal"
    secret: bool = False
    wire_number: str = ""
    professional: Professional | None = None
    structure: Structure | None = None


@dataclass(frozen=True)
class Session:
    """One isolated state of the mock, with its settings as they were when the call came in."""

    name: str
    settings: Settings
    store: Store
    created: str = ""

    def now(self) -> datetime:
        """The session's clock, UTC: real, shifted (`clock_offset_seconds`) or frozen (`clock_frozen_at`)."""
        frozen = str(self.settings.switch("clock_frozen_at"))
        if frozen:
            return datetime.fromisoformat(frozen).astimezone(UTC)
        return datetime.now(UTC) + timedelta(seconds=int(self.settings.switch("clock_offset_seconds")))


class Work:
    """The transaction of one call, begun at first use and ended by the dispatcher alone.

    While it is open nobody else writes (SQLite), so costly computing goes before the first use of `db`.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._writing: Writing | None = None
        self._first: list[Callable[[Connection], Refusal | None]] = []
        self._last: list[Callable[[Connection], None]] = []
        self._refused = False

    @property
    def db(self) -> Connection:
        """A connection inside the call's write transaction. Raises the Refusal of what is done `first`."""
        if self._writing is None:
            self._writing = self._store.begin_write()
            connection = self._writing.connection
            refusal = next(filter(None, (act(connection) for act in self._first)), None)
            if refusal is not None and not self._refused:
                self._refused = True
                raise refusal
        return self._writing.connection

    def begin(self) -> None:
        """Begin the transaction now, unless it is; raises as `db` does."""
        _ = self.db

    def first(self, act: Callable[[Connection], Refusal | None]) -> None:
        """Have `act` look and write before anything else whenever the transaction begins, up to a refusal.

        For what must be settled where no rival can interfere, without holding others up before that.
        """
        self._first.append(act)

    def last(self, act: Callable[[Connection], None]) -> None:
        """Have `act` write as the work is committed: for what nobody reads before, such as traces."""
        self._last.append(act)

    def refused(self) -> None:
        """The call is refused already: what is done `first` is still done, and changes nothing any more."""
        self._refused = True

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """What is written inside is undone when an exception leaves; what was written before stays."""
        before = list(self._last)
        try:
            if self._writing is not None:
                with self._writing.connection.begin_nested():
                    yield
                return
            try:
                yield
            except BaseException:
                self.rollback()
                raise
        except BaseException:
            self._last = before
            raise

    def commit(self) -> None:
        waiting, self._last = self._last, []
        for act in waiting:
            act(self.db)
        writing, self._writing = self._writing, None
        if writing is not None:
            writing.commit()

    def rollback(self) -> None:
        self._last = []
        writing, self._writing = self._writing, None
        if writing is not None:
            writing.rollback()


@dataclass
class Call:
    """One request that could be read, on its way through acceptance and its handler.

    `vihf`, `caller` and `patient` (the VIHF's, as acceptance saw it) are set by acceptance. What acceptance writes
    through `db` (replay memory, traces) stays when the handler refuses; what the handler wrote does not.
    """

    session: Session
    exchange_id: str
    transaction: Transaction
    message: SoapMessage
    tls: Tls | None
    work: Work
    vihf: Vihf | None = None
    caller: Caller | None = None
    patient: Patient | None = None
    warnings: list[Problem] = field(default_factory=list)

    @property
    def db(self) -> Connection:
        """The call's write transaction (see Work)."""
        return self.work.db

    def warn(self, problem: Problem) -> None:
        """Keep for the journal, and for the answer where its carrier has warnings (ebXML)."""
        self.warnings.append(problem)
