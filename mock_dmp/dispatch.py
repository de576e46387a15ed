"""One call from its bytes to the bytes of its answer: read, route, accept, handle, render, record.

Whatever happens the client gets an answer and the journal a line. The handler's writes are committed only
once the answer is whole; a refusal or a failure undoes them.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import cast

from lxml import etree
from sqlalchemy.exc import SQLAlchemyError

from mock_dmp import journal, registry, wire_rules
from mock_dmp.acceptance import policy
from mock_dmp.context import Attachment, Call, Carrier, Problem, Refusal, Reply, Session, Work
from mock_dmp.journal import Record
from mock_dmp.registry import Handler
from mock_dmp.render import soap as render
from mock_dmp.render.soap import Packaging
from mock_dmp.services import tracing
from mock_dmp.state import sessions
from mock_dmp.state.engine import Store
from mock_dmp.wire_rules import Wire
from protocol import catalogue, soap, transactions
from protocol.errors import Text, ToolError, UsageError, WireError
from protocol.exchange import Headers, Tls, header
from protocol.soap import SoapMessage
from protocol.transactions import Transaction

_LOG = logging.getLogger("dmpcompat.mock")
_RENDERERS = {"ebxml": "ebrim", "ack": "hl7v3", "ws": "habilitations"}
_TRANSPORT_CODES = {413: "MockMessageTooLarge", 431: "MockMessageTooLarge"}


@dataclass(frozen=True)
class Asked:
    """A request off the wire. `path` is without the session's prefix; the body is a blob.

    `problem` is (HTTP status, word) when the transport could not take it whole.
    """

    session: str
    method: str
    target: str
    path: str
    headers: Headers
    body: str
    size: int
    tls: Tls | None = None
    remote: str = ""
    problem: tuple[int, str] | None = None


@dataclass(frozen=True)
class Answer:
    """What goes on the wire; the body is a blob of `size` bytes."""

    status: int
    headers: Headers
    body: str
    size: int


@dataclass
class _Draft:
    """An answer before it is packed."""

    payload: etree._Element
    action: str
    packaging: Packaging
    status: int = 200
    attachments: tuple[Attachment, ...] = ()


@dataclass
class _Progress:
    """What is known of a request so far: a fault raised early must still answer in the right way."""

    asked: Asked
    record: Record
    session: Session | None = None
    message: SoapMessage | None = None
    transaction: Transaction | None = None
    warnings: list[Problem] = field(default_factory=list)

    def packaging(self) -> Packaging:
        """That of the request by default; a transaction that must answer in MTOM does."""
        came = "mtom" if "multipart/" in header(self.asked.headers, "Content-Type").lower() else "simple"
        wanted = self.session.settings.switch("answer_packaging") if self.session else "request"
        if wanted in ("simple", "mtom"):
            return cast(Packaging, wanted)
        if self.transaction is not None and self.transaction.mtom_response == "required":
            return "mtom"
        if wanted == "transaction" and self.transaction is not None:
            return "simple" if self.transaction.mtom_response == "never" else cast(Packaging, came)
        return cast(Packaging, came)

    def relates_to(self) -> str:
        return self.record.message_id


class Dispatcher:
    """Serves the SOAP endpoints of one store."""

    def __init__(
        self,
        store: Store,
        *,
        handlers: Mapping[str, Handler] | None = None,
        accept: Callable[[Call], None] | None = None,
    ) -> None:
        self._store = store
        self._handlers = registry.load() if handlers is None else handlers
        self._accept = policy.accept if accept is None else accept

    def serve(self, asked: Asked) -> Answer:
        """Answer one request, and keep it."""
        record = Record(
            session=asked.session,
            method=asked.method,
            target=asked.target,
            request_headers=asked.headers,
            request_body=asked.body,
            tls=asked.tls,
            remote=asked.remote,
        )
        progress = _Progress(asked, record)
        work = Work(self._store)
        try:
            try:
                return self._kept(self._whole(progress, work), progress, work)
            except (ToolError, SQLAlchemyError) as failure:
                work.rollback()
                return self._kept(self._packed(self._failed(progress, failure), progress), progress, work)
        finally:
            work.rollback()
            if progress.message is not None:
                progress.message.close()

    def _kept(self, answer: Answer, progress: _Progress, work: Work) -> Answer:
        """Commit what the call wrote and its line of the journal together: neither is ever there alone."""
        record = progress.record
        record.status, record.response_headers, record.response_body = (
            answer.status,
            answer.headers,
            answer.body,
        )
        record.warnings = [_plain(problem) for problem in progress.warnings]
        journal.add(work.db, record)
        work.commit()
        return answer

    def _failed(self, progress: _Progress, failure: Exception) -> _Draft:
        """What to answer to a failure: a session deleted meanwhile is not one of ours."""
        try:
            self._session(progress)
        except Refusal as gone:
            return _fault(progress, gone)
        except SQLAlchemyError:
            _LOG.exception("exchange %s: the database does not answer", progress.record.id)
        return _failed(progress, failure)

    def _whole(self, progress: _Progress, work: Work) -> Answer:
        """The whole answer, as bytes. Raises ToolError for what should not happen, and nothing else."""
        try:
            return self._packed(self._attempt(progress, work), progress)
        except ToolError:
            raise
        except Exception as problem:
            raise ToolError(
                "MOCK-002",
                Text("le simulateur a échoué", "the mock failed"),
                field=progress.record.transaction,
                found=f"{type(problem).__name__}: {problem}",
            ) from problem

    def _attempt(self, progress: _Progress, work: Work) -> _Draft:
        """The answer, a refusal being one."""
        try:
            call = self._receive(progress, work)
        except Refusal as refusal:
            if progress.message is None:
                progress.record.message_id = self._message_id(progress.asked)
            return _fault(progress, refusal)
        try:
            reply = self._run(call)
        except Refusal as refusal:
            tracing.refused(call, refusal)
            return _refused(progress, call, refusal)
        return _Draft(
            reply.payload,
            call.transaction.response_action,
            progress.packaging(),
            attachments=reply.attachments,
        )

    def _receive(self, progress: _Progress, work: Work) -> Call:
        """Transport, packaging, SOAP, routing. Raises Refusal."""
        asked, record = progress.asked, progress.record
        progress.session = self._session(progress)
        _transport(asked)
        offered = transactions.load().for_path(asked.path)
        if not offered:
            raise Refusal("wsa:DestinationUnreachable", context=asked.path)
        with self._store.blobs.open(asked.body) as stream:
            progress.message = wire_rules.read(stream, asked.headers, progress.session.settings)
        record.message_id = progress.message.envelope.addressing.message_id
        wire = Wire(asked.path, asked.headers, asked.tls, progress.message, offered)
        progress.transaction = wire.transaction
        record.transaction = progress.transaction.id if progress.transaction else ""
        progress.transaction, warnings = wire_rules.route(wire, progress.session.settings)
        progress.warnings.extend(warnings)
        return Call(
            session=progress.session,
            exchange_id=record.id,
            transaction=progress.transaction,
            message=progress.message,
            tls=asked.tls,
            work=work,
            warnings=progress.warnings,
        )

    def _message_id(self, asked: Asked) -> str:
        """What the answer to an unreadable message relates to (WS-Addressing 1.0 Core 3.4), if it is told."""
        if asked.problem is not None or asked.method != "POST":
            return ""
        with self._store.blobs.open(asked.body) as stream:
            return soap.message_id_of(stream, header(asked.headers, "Content-Type"))

    def _session(self, progress: _Progress) -> Session:
        """The session that is addressed. What names none is kept with the default one, as failed handshakes."""
        try:
            return sessions.find(self._store, progress.asked.session)
        except UsageError as problem:
            progress.record.session = sessions.DEFAULT
            raise Refusal(
                "wsa:DestinationUnreachable", problem.text, context=progress.asked.session
            ) from problem

    def _run(self, call: Call) -> Reply:
        """Acceptance, then the handler. Raises Refusal."""
        handle = self._handlers.get(call.transaction.id)
        if handle is None:
            raise Refusal("MockNotImplemented", context=call.transaction.id, carrier="fault")
        try:
            self._accept(call)
            with call.work.attempt():
                return handle(call)
        except WireError as problem:
            raise wire_rules.unreadable(problem) from problem

    def _packed(self, draft: _Draft, progress: _Progress) -> Answer:
        envelope = render.envelope(draft.payload, action=draft.action, relates_to=progress.relates_to())
        out = self._store.blobs.writer()
        try:
            content_type = render.pack(envelope, draft.attachments, draft.packaging, out)
            size, digest = out.size, out.commit()
        except BaseException:
            out.discard()
            raise
        headers = [
            ("Content-Type", content_type),
            ("Content-Length", str(size)),
            ("Date", formatdate(usegmt=True)),
            ("Server", "dmpcompat"),
        ]
        if draft.status == 405:
            headers.append(("Allow", "POST"))
        return Answer(draft.status, tuple(headers), digest, size)


def _transport(asked: Asked) -> None:
    """Raises Refusal for what HTTP itself could not take."""
    if asked.problem is not None:
        status, word = asked.problem
        rule = "HTTP-SIZE" if status in _TRANSPORT_CODES else ""
        raise Refusal(
            _TRANSPORT_CODES.get(status, "MockMalformedMessage"), context=f"HTTP : {word}", rule=rule
        )
    if asked.method != "POST":
        raise Refusal("MockMethodNotAllowed", context=asked.method, rule="HTTP-METHOD")


def _refused(progress: _Progress, call: Call, refusal: Refusal) -> _Draft:
    """By the carrier of the refusal, else of its code, where the transaction has it."""
    carrier = _carrier(call.transaction, refusal)
    if carrier == "fault":
        return _fault(progress, refusal)
    _mark(progress.record, refusal)
    renderer = importlib.import_module(f"mock_dmp.render.{_RENDERERS[carrier]}")
    payload = renderer.render_refusal(call, refusal)
    return _Draft(payload, call.transaction.response_action, progress.packaging())


def _carrier(transaction: Transaction, refusal: Refusal) -> Carrier:
    wanted = refusal.carrier or catalogue.error(refusal.code).carrier
    return wanted if wanted == "fault" or wanted == carrier_of(transaction) else "fault"


def carrier_of(transaction: Transaction) -> Carrier:
    """How the transaction says that it refuses, by its service."""
    if transaction.on_documents:
        return "ebxml"
    return "ack" if transaction.service in ("patients", "patientsPDQ") else "ws"


def _fault(progress: _Progress, refusal: Refusal) -> _Draft:
    _mark(progress.record, refusal)
    answer = render.fault(refusal.problems)
    status = fault_status(refusal.code, progress.session)
    if progress.asked.problem is not None:
        status = progress.asked.problem[0]  # HTTP's own refusals keep HTTP's own status
    return _Draft(answer.payload, answer.action, progress.packaging(), status)


def fault_status(code: str, session: Session | None) -> int:
    """HTTP status of a fault with that code, by the switch `fault_status`."""
    entry = catalogue.error(code)
    wanted = str(session.settings.switch("fault_status")) if session else "catalogue"
    if wanted == "catalogue" or (wanted == "binding" and entry.http_status != 500):
        return entry.http_status
    if wanted == "binding":
        return 500 if entry.soap_code == "Receiver" else 400
    return int(wanted)


def _failed(progress: _Progress, failure: Exception) -> _Draft:
    """Our own failure: told to the log with its trace, to the client in one sentence."""
    progress.record.outcome = "error"
    progress.record.code = "MockInternalError"
    progress.record.detail = str(failure)
    _LOG.error("exchange %s failed", progress.record.id, exc_info=failure)
    answer = render.fault([Problem("MockInternalError", context=f"échange {progress.record.id}")])
    return _Draft(answer.payload, answer.action, progress.packaging(), 500)


def _mark(record: Record, refusal: Refusal) -> None:
    record.outcome = "refused"
    record.code, record.rule = refusal.code, refusal.rule
    record.detail = " ".join(render.sentence(problem) for problem in refusal.problems)


def _plain(problem: Problem) -> dict[str, str]:
    return {
        "code": problem.code,
        "rule": problem.location,
        "fr": problem.text.fr or catalogue.error(problem.code).text.fr,
        "en": problem.text.en or catalogue.error(problem.code).text.en,
        "context": problem.context,
    }
