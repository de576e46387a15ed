"""One call from its bytes to the bytes of its answer: read, route, accept, handle, render, record.

Whatever happens the client gets an answer and the journal a line. The handler's writes are committed only
once the answer is whole; a refusal or a failure undoes them.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import formatdate
from functools import partial

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from mock_dmp import identifiers, journal, registry, wire_rules
from mock_dmp.acceptance import policy
from mock_dmp.context import Call, Carrier, Problem, Refusal, Reply, Session, Work
from mock_dmp.faults import packing, striking
from mock_dmp.faults.answering import Answering
from mock_dmp.journal import Record
from mock_dmp.progress import Answer, Asked, Draft, Progress
from mock_dmp.registry import Handler
from mock_dmp.render import soap as render
from mock_dmp.services import tracing
from mock_dmp.state import sessions
from mock_dmp.state.engine import Store
from mock_dmp.wire_rules import Wire
from protocol import catalogue, soap, transactions
from protocol.errors import Text, ToolError, UsageError, WireError
from protocol.exchange import header
from protocol.transactions import Transaction

_LOG = logging.getLogger("dmpcompat.mock")
_RENDERERS = {"ebxml": "ebrim", "ack": "hl7v3", "ws": "custom"}
_TRANSPORT_CODES = {413: "MockMessageTooLarge", 431: "MockMessageTooLarge"}


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
            faults=list(asked.faults),
        )
        progress = Progress(asked, record)
        work = Work(self._store)
        try:
            try:
                return self._kept(self._whole(progress, work), progress, work)
            except (ToolError, SQLAlchemyError) as failure:
                work.rollback()
                progress.interference = None
                return self._kept(self._packed(self._failed(progress, failure), progress), progress, work)
        finally:
            work.rollback()
            if progress.message is not None:
                progress.message.close()

    def _kept(self, answer: Answer, progress: Progress, work: Work) -> Answer:
        """Commit what the call wrote and its line of the journal together: neither is ever there alone."""
        work.refused()  # the answer is what it is
        record = progress.record
        record.status, record.response_headers, record.response_body = (
            answer.status,
            answer.headers,
            answer.body,
        )
        if answer.conduct is not None and answer.conduct.silent:
            record.status, record.response_headers, record.response_body = None, (), ""
            record.detail = f"panne : {', '.join(str(one['fault']) for one in record.faults)}"
        record.warnings = [_plain(problem) for problem in progress.warnings]
        journal.add(work.db, record)
        work.commit()
        return answer

    def _failed(self, progress: Progress, failure: Exception) -> Draft:
        """What to answer to a failure: a session deleted meanwhile is not one of ours."""
        try:
            self._session(progress)
        except Refusal as gone:
            return _fault(progress, gone)
        except SQLAlchemyError:
            _LOG.exception("exchange %s: the database does not answer", progress.record.id)
        return _failed(progress, failure)

    def _whole(self, progress: Progress, work: Work) -> Answer:
        """The whole answer, as bytes. Raises ToolError for what should not happen, and nothing else."""
        try:
            answer = self._packed(self._attempt(progress, work), progress)
            try:
                work.begin()  # a rival replay is refused even by who wrote nothing
            except Refusal as rival:
                work.rollback()
                answer = self._packed(self._turned_down(progress, work, rival), progress)
            return answer
        except ToolError:
            raise
        except Exception as problem:
            raise ToolError(
                "MOCK-002",
                Text("le simulateur a échoué", "the mock failed"),
                field=progress.record.transaction,
                found=f"{type(problem).__name__}: {problem}",
            ) from problem

    def _attempt(self, progress: Progress, work: Work) -> Draft:
        """The answer, a refusal being one."""
        try:
            call = self._receive(progress, work)
        except Refusal as refusal:
            if progress.message is None:
                progress.record.message_id = self._message_id(progress.asked)
            return _fault(progress, refusal)
        early = striking.begin(progress.interference, call, record=progress.record)
        if early is not None:
            return _refused(progress, call, early)
        try:
            reply = self._run(call, progress)
        except Refusal as refusal:
            served = None
            if not progress.gone:
                work.refused()
                served = striking.served_anyway(progress.interference, refusal, self._handlers)
            if served is None:
                return self._turned_down(progress, work, refusal)
            reply = served
        late = progress.interference.afterwards() if progress.interference is not None else None
        if late is not None:
            return _refused(progress, call, late)
        return Draft(
            reply.payload,
            call.transaction.response_action,
            progress.packaging(),
            attachments=reply.attachments,
        )

    def _turned_down(self, progress: Progress, work: Work, refusal: Refusal) -> Draft:
        """The refusal as an answer, traced when there is somebody, and a session, to trace it for."""
        work.refused()
        if progress.call is None:
            return _fault(progress, refusal)
        if not progress.gone:
            tracing.refused(progress.call, refusal)
        return _refused(progress, progress.call, refusal)

    def _receive(self, progress: Progress, work: Work) -> Call:
        """Transport, packaging, SOAP, routing. Raises Refusal."""
        asked, record = progress.asked, progress.record
        progress.session = self._session(progress)
        work.first(partial(_still_there, progress))
        if striking.troubled(progress.session):
            progress.interference = striking.interference(progress.session)
            progress.session = progress.interference.session
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
        progress.call = Call(
            session=progress.session,
            exchange_id=record.id,
            transaction=progress.transaction,
            message=progress.message,
            tls=asked.tls,
            work=work,
            warnings=progress.warnings,
        )
        return progress.call

    def _message_id(self, asked: Asked) -> str:
        """What the answer to an unreadable message relates to (WS-Addressing 1.0 Core 3.4), if it is told."""
        if asked.problem is not None or asked.method != "POST":
            return ""
        with self._store.blobs.open(asked.body) as stream:
            return soap.message_id_of(stream, header(asked.headers, "Content-Type"))

    def _session(self, progress: Progress) -> Session:
        """The session that is addressed. What names none is kept with the default one, as failed handshakes."""
        try:
            return sessions.find(self._store, progress.asked.session)
        except UsageError as problem:
            progress.record.session = sessions.DEFAULT
            raise Refusal(
                "wsa:DestinationUnreachable", problem.text, context=progress.asked.session
            ) from problem

    def _run(self, call: Call, progress: Progress) -> Reply:
        """Acceptance, then the handler. Raises Refusal."""
        try:
            try:
                self._accept(call)
            finally:  # acceptance may find that another transaction of the same action is meant
                progress.transaction = call.transaction
                progress.record.transaction = call.transaction.id
            handle = self._handlers.get(call.transaction.id)
            if handle is None:
                raise Refusal("MockNotImplemented", context=call.transaction.id, carrier="fault")
            if not call.transaction.on_documents:
                call.work.begin()  # what the handler reads nobody changes; those of documents look twice instead
            seed = str(call.session.settings.switch("identifiers_seed"))
            with call.work.attempt(), identifiers.seeded(seed, progress.asked.body):
                return handle(call)
        except WireError as problem:
            raise wire_rules.unreadable(problem) from problem

    def _packed(self, draft: Draft, progress: Progress) -> Answer:
        envelope = render.envelope(draft.payload, action=draft.action, relates_to=progress.relates_to())
        if progress.interference is not None:
            answering = Answering(
                progress.call, envelope, draft.attachments, draft.packaging, draft.status, progress.refusal
            )
            return Answer(*packing.packed(progress.interference, answering, self._store.blobs))
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
            ("Date", formatdate(_now(progress).timestamp(), usegmt=True)),
            ("Server", "dmpcompat"),
        ]
        if draft.status == 405:
            headers.append(("Allow", "POST"))
        return Answer(draft.status, tuple(headers), digest, size)


def _still_there(progress: Progress, db: Connection) -> Refusal | None:
    """Nothing of a call is written into another session than the one it began in, were it of the same name."""
    session = progress.session
    if session is None or sessions.created(db, session.name) == session.created:
        return None
    progress.gone = True
    progress.record.session = sessions.DEFAULT
    gone = sessions.unknown(session.name)
    return Refusal("wsa:DestinationUnreachable", gone.text, context=session.name)


def _now(progress: Progress) -> datetime:
    """The session's clock, the real one for a session that does not exist."""
    return progress.session.now() if progress.session is not None else datetime.now(UTC)


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


def _refused(progress: Progress, call: Call, refusal: Refusal) -> Draft:
    """By the carrier of the refusal, else of its code, where the transaction has it."""
    carrier = _carrier(call.transaction, refusal)
    if carrier == "fault":
        return _fault(progress, refusal)
    progress.refusal = refusal
    _mark(progress.record, refusal)
    renderer = importlib.import_module(f"mock_dmp.render.{_RENDERERS[carrier]}")
    payload = renderer.render_refusal(call, refusal)
    return Draft(payload, call.transaction.response_action, progress.packaging())


def _carrier(transaction: Transaction, refusal: Refusal) -> Carrier:
    wanted = refusal.carrier or catalogue.error(refusal.code).carrier
    own = carrier_of(transaction)
    return own if wanted == own else "fault"


def carrier_of(transaction: Transaction) -> Carrier:
    """How the transaction says that it refuses, by its service."""
    if transaction.on_documents:
        return "ebxml"
    return "ack" if transaction.service in ("patients", "patientsPDQ") else "ws"


def _fault(progress: Progress, refusal: Refusal) -> Draft:
    progress.refusal = refusal
    _mark(progress.record, refusal)
    answer = render.fault(refusal.problems)
    status = fault_status(refusal.code, progress.session)
    if progress.asked.problem is not None:
        status = progress.asked.problem[0]  # HTTP's own refusals keep HTTP's own status
    return Draft(answer.payload, answer.action, progress.packaging(), status)


def fault_status(code: str, session: Session | None) -> int:
    """HTTP status of a fault with that code, by the switch `fault_status`."""
    entry = catalogue.error(code)
    wanted = str(session.settings.switch("fault_status")) if session else "catalogue"
    if wanted == "catalogue" or (wanted == "binding" and entry.http_status != 500):
        return entry.http_status
    if wanted == "binding":
        return 500 if entry.soap_code == "Receiver" else 400
    return int(wanted)


def _failed(progress: Progress, failure: Exception) -> Draft:
    """Our own failure: told to the log with its trace, to the client in one sentence."""
    progress.record.outcome = "error"
    progress.record.code = "MockInternalError"
    progress.record.detail = str(failure)
    _LOG.error("exchange %s failed", progress.record.id, exc_info=failure)
    answer = render.fault([Problem("MockInternalError", context=f"échange {progress.record.id}")])
    return Draft(answer.payload, answer.action, progress.packaging(), 500)


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
