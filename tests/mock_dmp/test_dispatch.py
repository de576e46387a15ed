"""From the bytes of a request to those of its answer, with handlers of the test's own."""

from __future__ import annotations

import email
import email.policy
import io
import logging
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from lxml import etree

from mock_dmp import journal
from mock_dmp.context import Attachment, Call, Problem, Refusal, Reply
from mock_dmp.dispatch import Dispatcher, carrier_of, fault_status
from mock_dmp.progress import Answer, Asked
from mock_dmp.state import assertions, patients, sessions, settings
from mock_dmp.state.engine import Store
from protocol import facts, transactions
from protocol.errors import MetadataError, Text

TD02 = transactions.load().by_id("TD0.2")
TD21 = transactions.load().by_id("TD2.1")
TD32 = transactions.load().by_id("TD3.2")
XOP_INCLUDE = f"{{{facts.XOP}}}Include"

Handler = Callable[[Call], Reply]


def message(
    action: str = TD02.action,
    root: str = TD02.request_root,
    *,
    message_id: str | None = "",
    to: str | None = "",
    soap: str = facts.SOAP12,
    extra: etree._Element | None = None,
) -> bytes:
    """An envelope; None leaves a header out, "" gives it an ordinary value."""
    envelope = etree.Element(f"{{{soap}}}Envelope", nsmap={"s": soap})
    header = etree.SubElement(envelope, f"{{{soap}}}Header")
    if action:
        etree.SubElement(header, f"{{{facts.WSA}}}Action").text = action
    if message_id is not None:
        etree.SubElement(header, f"{{{facts.WSA}}}MessageID").text = message_id or uuid.uuid4().urn
    if to is not None:
        etree.SubElement(header, f"{{{facts.WSA}}}To").text = to
    if extra is not None:
        header.append(extra)
    etree.SubElement(etree.SubElement(envelope, f"{{{soap}}}Body"), root)
    return etree.tostring(envelope)


def multipart(root: bytes) -> tuple[bytes, str]:
    """The same message as MTOM."""
    body = b'--b\r\nContent-Type: application/xop+xml; type="application/soap+xml"\r\nContent-ID: <r>\r\n\r\n'
    kind = 'multipart/related; boundary=b; type="application/xop+xml"; start="<r>"'
    return body + root + b"\r\n--b--\r\n", kind + '; start-info="application/soap+xml"'


def ok(call: Call) -> Reply:
    return Reply(etree.Element(call.transaction.response_root))


class Bench:
    """A dispatcher with one handler for every transaction, and what it answered."""

    def __init__(
        self, store: Store, handler: Handler = ok, accept: Callable[[Call], None] | None = None
    ) -> None:
        self.store = store
        sessions.ensure_default(store)
        handlers = {item.id: handler for item in transactions.load().implemented()}
        self.dispatcher = Dispatcher(store, handlers=handlers, accept=accept or (lambda _: None))

    def set(self, **values: Any) -> Bench:
        with self.store.write() as db:
            settings.change(db, "default", {key.replace("__", "-"): value for key, value in values.items()})
        return self

    def ask(
        self,
        body: bytes = b"",
        *,
        kind: str = "application/soap+xml",
        path: str = "",
        service: str = "patients",
        **more: Any,
    ) -> Answer:
        where = path or f"/si-dmp-server/v2/services/{service}"
        asked = {"session": "default", "method": "POST", "target": where, "path": where}
        headers = (("Content-Type", kind),)
        return self.dispatcher.serve(
            Asked(**(asked | more), headers=headers, body=self.store.blobs.put(body), size=len(body))
        )

    def body(self, answer: Answer) -> bytes:
        data = self.store.blobs.read(answer.body)
        assert len(data) == answer.size
        return data

    def root(self, answer: Answer) -> etree._Element:
        return etree.fromstring(self.body(answer))

    def last(self) -> dict[str, Any]:
        with self.store.read() as db:
            return journal.listing(db, "default")[-1]


@pytest.fixture
def bench(store: Store) -> Bench:
    return Bench(store)


def content_type(answer: Answer) -> str:
    return dict(answer.headers)["Content-Type"]


def subcode(root: etree._Element) -> str:
    return root.findtext(f".//{{{facts.SOAP12}}}Subcode/{{{facts.SOAP12}}}Value") or ""


def code(root: etree._Element) -> str:
    return root.findtext(f".//{{{facts.SOAP12}}}Code/{{{facts.SOAP12}}}Value") or ""


def reason(root: etree._Element) -> str:
    return root.findtext(f".//{{{facts.SOAP12}}}Reason/{{{facts.SOAP12}}}Text") or ""


def test_an_answer_relates_to_its_request(bench: Bench) -> None:
    answer = bench.ask(message(message_id="urn:uuid:11111111-2222-3333-4444-555555555555"))
    root = bench.root(answer)
    wsa = f"{{{facts.WSA}}}"
    assert answer.status == 200
    assert content_type(answer) == "application/soap+xml; charset=UTF-8"
    assert root.tag == f"{{{facts.SOAP12}}}Envelope"
    assert root.findtext(f".//{wsa}Action") == TD02.response_action
    assert root.findtext(f".//{wsa}RelatesTo") == "urn:uuid:11111111-2222-3333-4444-555555555555"
    assert root.findtext(f".//{wsa}To") == facts.WSA_ANONYMOUS
    assert (root.findtext(f".//{wsa}MessageID") or "").startswith("urn:uuid:")
    assert root[1][0].tag == TD02.response_root


def test_the_exchange_is_in_the_journal_with_its_bytes(bench: Bench) -> None:
    sent = message()
    answer = bench.ask(sent)
    line = bench.last()
    assert (line["transaction"], line["outcome"], line["code"]) == ("TD0.2", "answered", "")
    kept = journal.exchange(bench.store, "default", line["id"])
    assert kept is not None
    assert kept.request.body == sent
    assert kept.response is not None
    assert kept.response.body == bench.body(answer)
    assert kept.response.headers == answer.headers


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (b"", "soap:MockMalformedMessage"),
        (b"<a", "soap:MockMalformedMessage"),
        (b"<a/>", "soap:MockMalformedMessage"),
        (b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', "soap:MockMalformedMessage"),
        (message(message_id=None), "wsa:MessageAddressingHeaderRequired"),
        (message(message_id="not-a-urn"), "wsa:MessageAddressingHeaderRequired"),
        (message(to=None), "wsa:MessageAddressingHeaderRequired"),
        (message(action=""), "wsa:MessageAddressingHeaderRequired"),
        (message(action="urn:unknown"), "wsa:ActionNotSupported"),
        (message(action=TD21.action, root=TD21.request_root), "wsa:ActionNotSupported"),
        (message(root="{urn:hl7-org:v3}PRPA_IN201311UV02"), "wsa:ActionNotSupported"),
    ],
)
def test_unacceptable_messages_are_faults(bench: Bench, sent: bytes, expected: str) -> None:
    answer = bench.ask(sent)
    root = bench.root(answer)
    assert answer.status == 500
    assert code(root) == "soap:Sender"
    assert subcode(root) == expected
    assert bench.last()["outcome"] == "refused"
    assert bench.last()["code"] in (expected, expected.removeprefix("soap:"))


def test_the_reason_is_french_and_names_the_cause(bench: Bench) -> None:
    root = bench.root(bench.ask(message(action="urn:unknown")))
    words = root.find(f".//{{{facts.SOAP12}}}Text")
    assert words is not None
    assert words.get("{http://www.w3.org/XML/1998/namespace}lang") == "fr"
    assert "urn:unknown" in reason(root)
    assert TD02.action in reason(root)
    assert root.findtext(f".//{{{facts.WSA}}}Action") == "http://www.w3.org/2005/08/addressing/fault"


def test_control_characters_do_not_break_the_fault(bench: Bench) -> None:
    root = bench.root(bench.ask(message(), path="/caf\x00\x1b"))
    assert subcode(root) == "wsa:DestinationUnreachable"


def test_version_and_must_understand_are_codes_of_soap(bench: Bench) -> None:
    root = bench.root(bench.ask(message(soap=facts.SOAP11)))
    assert (code(root), subcode(root)) == ("soap:VersionMismatch", "")
    unknown = etree.Element("{urn:x}Tool")
    unknown.set(f"{{{facts.SOAP12}}}mustUnderstand", "1")
    root = bench.root(bench.ask(message(extra=unknown)))
    assert (code(root), subcode(root)) == ("soap:MustUnderstand", "")
    assert "{urn:x}Tool" in reason(root)


def test_soap_11_is_behind_a_switch(bench: Bench) -> None:
    assert bench.set(lenient_soap11=True).ask(message(soap=facts.SOAP11)).status == 200


@pytest.mark.parametrize(
    ("more", "status", "expected"),
    [
        ({"method": "GET"}, 405, "MockMethodNotAllowed"),
        ({"kind": "text/plain"}, 415, "MockUnsupportedMediaType"),
        ({"kind": ""}, 415, "MockUnsupportedMediaType"),
        ({"path": "/elsewhere"}, 404, "wsa:DestinationUnreachable"),
        ({"session": "nobody"}, 404, "wsa:DestinationUnreachable"),
        ({"problem": (413, "body-too-large")}, 413, "MockMessageTooLarge"),
        ({"problem": (400, "malformed-chunk")}, 400, "MockMalformedMessage"),
    ],
)
def test_http_refusals_keep_their_status(
    bench: Bench, more: dict[str, Any], status: int, expected: str
) -> None:
    answer = bench.ask(message(), **more)
    assert answer.status == status
    assert subcode(bench.root(answer)).removeprefix("soap:") == expected
    assert ("Allow", "POST") in answer.headers or status != 405


def test_a_rule_may_warn_or_be_off(bench: Bench) -> None:
    assert bench.set(WSA__TO="warn").ask(message(to=None)).status == 200
    assert [warning["rule"] for warning in bench.last()["warnings"]] == ["WSA-TO"]
    assert bench.set(WSA__TO="off").ask(message(to=None)).status == 200
    assert bench.last()["warnings"] == []


def test_the_body_routes_when_the_action_rules_are_off(bench: Bench) -> None:
    bench.set(WSA__ACTION="off", **{"WSA-ACTION-COHERENCE": "off"})
    assert bench.ask(message(action="urn:unknown")).status == 200
    assert subcode(bench.root(bench.ask(message(root="{urn:x}y")))) == "wsa:ActionNotSupported"


def test_the_http_action_never_routes(bench: Bench) -> None:
    assert bench.ask(message(), kind='application/soap+xml; action="urn:other"').status == 200
    assert bench.last()["warnings"][0]["context"] == 'Content-Type; action="urn:other"'


def test_a_transaction_that_nobody_serves_says_so(bench: Bench) -> None:
    bench.dispatcher = Dispatcher(bench.store, handlers={}, accept=lambda call: None)
    answer = bench.ask(message())
    assert subcode(bench.root(answer)) == "soap:MockNotImplemented"


def test_feeding_wants_mtom(bench: Bench) -> None:
    simple = message(TD21.action, TD21.request_root)
    assert bench.ask(simple, service="repository").status == 415
    assert bench.ask(*multipart(simple)[:1], kind=multipart(simple)[1], service="repository").status == 200


@pytest.mark.parametrize(
    ("wanted", "asked_mtom", "transaction", "mtom"),
    [
        ("request", False, TD02, False),
        ("request", True, TD02, True),
        ("request", False, TD32, True),
        ("transaction", True, TD02, False),
        ("transaction", False, TD32, True),
        ("transaction", True, TD21, True),
        ("simple", True, TD32, False),
        ("mtom", False, TD02, True),
    ],
)
def test_packaging_of_the_answer(
    bench: Bench, wanted: str, asked_mtom: bool, transaction: Any, mtom: bool
) -> None:
    body, kind = message(transaction.action, transaction.request_root), "application/soap+xml"
    if asked_mtom:
        body, kind = multipart(body)
    answer = bench.set(answer_packaging=wanted).ask(body, kind=kind, service=transaction.service)
    assert answer.status == 200
    assert content_type(answer).startswith("multipart/related" if mtom else "application/soap+xml")


def test_faults_of_an_mtom_service_are_multipart_too(store: Store) -> None:
    def refuse(_: Call) -> Reply:
        raise Refusal("DMPAccessDeniedByRightsService")

    answer = Bench(store, refuse).ask(message(TD32.action, TD32.request_root), service="repository")
    assert answer.status == 500
    assert content_type(answer).startswith("multipart/related")


def _with_document(call: Call) -> Reply:
    payload = etree.Element(call.transaction.response_root)
    etree.SubElement(etree.SubElement(payload, "doc"), XOP_INCLUDE).set("href", "cid:a%3Ab@c")
    return Reply(
        payload, (Attachment("a:b@c", "application/pdf\r\nX: y", lambda: io.BytesIO(b"\r\n--b\x00")),)
    )


def test_attachments_travel_as_they_are(store: Store) -> None:
    bench = Bench(store, _with_document)
    answer = bench.ask(message(TD32.action, TD32.request_root), service="repository")
    head = f"Content-Type: {content_type(answer)}\r\n\r\n".encode()
    found = email.message_from_bytes(head + bench.body(answer), policy=email.policy.HTTP)
    root, part = list(found.iter_parts())
    assert root.get_content_type() == "application/xop+xml"
    assert f"<{found['Content-Type'].params['start'].strip('<>')}>" == root["Content-ID"]
    assert part["Content-ID"] == "<a:b@c>"
    assert part["X"] is None
    assert bench.body(answer).count(b"\r\n--b\x00") == 1


def test_attachments_come_inside_a_simple_answer(store: Store) -> None:
    bench = Bench(store, _with_document).set(answer_packaging="simple")
    root = bench.root(bench.ask(message(TD32.action, TD32.request_root), service="repository"))
    assert root.findtext(".//doc") == "DQotLWIA"


def test_a_refusal_undoes_the_handler_but_not_acceptance(store: Store) -> None:
    def accept(call: Call) -> None:
        now = call.session.now()
        assertions.remember(call.db, "default", "_1", call.exchange_id, until=now.replace(year=2099), now=now)

    def refuse(call: Call) -> Reply:
        patient = patients.every(call.db, "default")[0]
        from dataclasses import replace

        patients.save(call.db, "default", replace(patient, family_birth="CHANGE"))
        raise Refusal("DMPAccessDeniedByRightsService", Text("non", "no"), context="ici")

    bench = Bench(store, refuse, accept)
    root = bench.root(bench.ask(message()))
    assert subcode(root) == "soap:DMPAccessDeniedByRightsService"
    assert reason(root).endswith("non — ici")
    with store.write() as db:
        assert all(one.family_birth != "CHANGE" for one in patients.every(db, "default"))
        now = sessions.find(store, "default").now()
        seen = assertions.remember(db, "default", "_1", "other", until=now, now=now)
    assert seen == bench.last()["id"]


def test_what_a_handler_wrote_stays_when_it_answers(store: Store) -> None:
    def write(call: Call) -> Reply:
        from dataclasses import replace

        patient = patients.every(call.db, "default")[0]
        patients.save(call.db, "default", replace(patient, family_birth="CHANGE"))
        return ok(call)

    Bench(store, write).ask(message())
    with store.read() as db:
        assert any(one.family_birth == "CHANGE" for one in patients.every(db, "default"))


def test_an_unexpected_failure_is_a_receiver_fault_and_leaves_nothing(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(call: Call) -> Reply:
        with_patient = patients.every(call.db, "default")[0]
        from dataclasses import replace

        patients.save(call.db, "default", replace(with_patient, family_birth="CHANGE"))
        return Reply(etree.Element(str(1 // 0)))

    bench = Bench(store, broken)
    with caplog.at_level(logging.ERROR, "dmpcompat.mock"):
        answer = bench.ask(message())
    root = bench.root(answer)
    assert (answer.status, code(root), subcode(root)) == (500, "soap:Receiver", "soap:MockInternalError")
    assert "ZeroDivisionError" not in reason(root)
    line = bench.last()
    assert (line["outcome"], line["id"] in reason(root)) == ("error", True)
    assert "ZeroDivisionError" in line["detail"]
    assert line["failure"] == ""
    assert "Traceback" in caplog.text
    with store.read() as db:
        assert all(one.family_birth != "CHANGE" for one in patients.every(db, "default"))


def test_an_answer_that_can_not_be_packed_is_a_failure_too(store: Store) -> None:
    def gone(call: Call) -> Reply:
        lost = Attachment("a", "text/plain", lambda: store.blobs.open("0" * 64))
        return Reply(etree.Element(call.transaction.response_root), (lost,))

    bench = Bench(store, gone)
    answer = bench.ask(message(TD32.action, TD32.request_root), service="repository")
    assert answer.status == 500
    assert bench.last()["outcome"] == "error"


def test_bytes_that_a_handler_can_not_read_are_the_senders_fault(store: Store) -> None:
    def read(_: Call) -> Reply:
        raise MetadataError("EBRIM-X", Text("illisible", "unreadable"), field="Slot")

    root = Bench(store, read).root(Bench(store, read).ask(message()))
    assert (code(root), subcode(root)) == ("soap:Sender", "soap:MockMalformedMessage")


def test_warnings_of_a_handler_are_journaled(store: Store) -> None:
    def warn(call: Call) -> Reply:
        call.warn(Problem("MockMalformedMessage", Text("bizarre", "odd"), "ici", severity="warning"))
        return ok(call)

    bench = Bench(store, warn)
    bench.ask(message())
    assert bench.last()["warnings"][0]["fr"] == "bizarre"


@pytest.mark.parametrize(
    ("wanted", "code_of", "status"),
    [
        ("catalogue", "MockInvalidVihf", 500),
        ("binding", "MockInvalidVihf", 400),
        ("binding", "MockInternalError", 500),
        ("binding", "MockUnsupportedMediaType", 415),
        ("500", "MockUnsupportedMediaType", 500),
        ("200", "MockInvalidVihf", 200),
    ],
)
def test_fault_status_by_switch(bench: Bench, wanted: str, code_of: str, status: int) -> None:
    bench.set(fault_status=wanted)
    assert fault_status(code_of, sessions.find(bench.store, "default")) == status


def test_each_service_has_its_way_to_refuse() -> None:
    found = {item.service: carrier_of(item) for item in transactions.load() if item.service}
    assert found["registry"] == found["repository"] == "ebxml"
    assert found["patients"] == "ack"
    assert found["habilitations"] == "ws"


def test_what_names_no_session_is_kept_with_the_default_one(store: Store) -> None:
    """And is not found in a session of that name made later."""
    sessions.ensure_default(store)
    body = message()
    asked = Asked(
        session="later",
        method="POST",
        target="/s/later" + TD02.service_path,
        path=TD02.service_path,
        headers=(("Content-Type", "application/soap+xml"),),
        body=store.blobs.put(body),
        size=len(body),
    )
    assert Dispatcher(store, handlers={}).serve(asked).status == 404
    sessions.create(store, "later")
    with store.read() as db:
        assert journal.listing(db, "later") == []
        assert [line["request"]["target"] for line in journal.listing(db, "default")] == [asked.target]
