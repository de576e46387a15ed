"""Does a frame answer a step? Traits one by one, on messages that our driver writes and nobody sends."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from lxml import etree

from harness.campaign import Campaign, load_campaign
from harness.context import CaseContext
from harness.control import Platform
from harness.drive.build import build
from harness.drive.clock import SystemClock
from harness.drive.identity import Keyring
from harness.drive.ids import SeededIds
from harness.drive.lps import Lps
from harness.judging import Judging
from harness.naming import call_of, page_of
from harness.observe.operator import NearMiss
from harness.observe.reading import Frame, fact
from harness.observe.recognition import Compared, agree, ahead, compare, near, nearest, sentence
from harness.observe.source import Seen, as_received, seen_of
from harness.plan import Case
from harness.players.driver import _parameters as parameters_of
from harness.runner import declared
from harness.steps.api import parse_step
from harness.steps.browse import BrowseStep
from protocol import directory, safexml, transactions
from protocol.exchange import Exchange, Request, Response, Tls
from tests.harness.observe.conftest import EXISTS, FEED, OPEN, case
from tests.selfplay import PLANS

FOUND = {"drive": "TD3.1", "as": "cps", "patient": "recherche"}
OID = "1.2.250.1.213.1.1.4.1"


@pytest.fixture(scope="module")
def campaign() -> Campaign:
    return load_campaign(PLANS / "campagne-demo.yaml")


class Desk:
    """Steps and frames in a case."""

    def __init__(self, campaign: Campaign, keyring: Keyring, **more: Any) -> None:
        self.keyring = keyring
        told = case("CT-0.2-010", EXISTS, FEED, OPEN, **more)
        judging = Judging(transactions.load(), declared(campaign), {}, "L")
        self.context = CaseContext(
            Case.model_validate(told),
            campaign,
            Platform("https://127.0.0.1:1"),
            judging,
            keyring,
            SystemClock(),
            SeededIds("recognition"),
            values={"document": "2.25.1", "entry": "urn:uuid:0d0e1fb0-0000-4000-8000-000000000001"},
        )

    def step(self, plain: dict[str, Any]) -> Any:
        return parse_step(plain)

    def frame(self, plain: dict[str, Any]) -> Seen:
        """The frame that our driver would send for a step."""
        step, context = self.step(plain), self.context
        if isinstance(step, BrowseStep):
            path = f"/AccesDirect/{step.browse}/" + self._ins(step.patient)
            return seen_of("p", 1, exchange("GET", path, (), b""))
        identity = self.keyring.identity(step.as_.name)
        software = context.campaign.file.software
        message = build(
            step.drive,
            parameters_of(step, context, identity),
            identity,
            Lps(software.name, software.version, "TEST-OK-1", "x", software.oid_root),
            clock=context.clock,
            ids=context.ids,
            alterations=(),
        )
        return seen_of("k", 1, exchange("POST", message.path, message.headers, message.body))

    def compare(self, wanted: dict[str, Any], sent: dict[str, Any]) -> Compared:
        return compare(self.step(wanted), self.context, self.frame(sent))

    def _ins(self, key: str) -> str:
        return directory.patients()[key].ins.number


def exchange(method: str, path: str, headers: Any, body: bytes) -> Exchange:
    now = datetime.now(UTC)
    tls = Tls("TLSv1.2", "x", b"der")
    return Exchange(
        "id", "proxy", "", now, now, Request(method, path, tuple(headers), body), Response(200, (), b""), tls
    )


@pytest.fixture
def desk(campaign: Campaign, keyring: Keyring) -> Desk:
    return Desk(campaign, keyring)


def update(step: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {**step, **{("with" if name == "with_" else name): value for name, value in more.items()}}


FED = {"drive": "TD2.1", "as": "cps", "patient": "alimentation"}
HIDE = {
    "drive": "TD3.3d",
    "as": "cps",
    "patient": "recherche",
    "with": {"entry_uuid": "${entry}", "operation": "archive"},
}


@pytest.mark.parametrize(
    ("wanted", "sent", "missing"),
    [
        (EXISTS, EXISTS, []),
        (EXISTS, update(EXISTS, patient="recherche"), ["patient (INS)"]),
        (EXISTS, update(EXISTS, **{"as": "hopital"}), ["authentication", "card of the user"]),
        (EXISTS, update(EXISTS, **{"as": "cpe"}), ["card of the user"]),
        (EXISTS, FED | {"documents": [{}]}, ["what the software asks for"]),
        (FED | {"documents": [{}, {}]}, FED | {"documents": [{}]}, ["number of documents"]),
        (
            FED | {"documents": [{"visibility": ["MASQUE_PS"]}]},
            FED | {"documents": [{}]},
            ["visibility of the documents"],
        ),
        (
            FED | {"documents": [{}]},
            FED | {"documents": [{"visibility": ["MASQUE_PS"]}]},
            ["visibility of the documents"],
        ),
        (
            FED | {"documents": [{"replaces_entry": "${entry}"}]},
            FED | {"documents": [{}]},
            ["replacement of a document", "document that is replaced"],
        ),
        (
            FED | {"documents": [{}]},
            FED | {"documents": [{"replaces_entry": "${entry}"}]},
            ["replacement of a document"],
        ),
        (
            FED | {"documents": [{"unique_id": "2.25.7"}]},
            FED | {"documents": [{"unique_id": "2.25.8"}]},
            ["document that is sent"],
        ),
        (OPEN, OPEN, []),
        (OPEN, update(OPEN, with_={"unique_ids": ["2.25.2"]}), ["documents asked for"]),
        (FOUND, FOUND, []),
        (FOUND, update(FOUND, with_={"query": "GetAll"}), ["kind of search"]),
        (update(FOUND, with_={"access": "bris_de_glace", "access_reason": "x"}), FOUND, ["access mode"]),
        (
            update(FOUND, with_={"parameters": {"XDSDocumentEntryClassCode": [f"90^^{OID}"]}}),
            update(FOUND, with_={"parameters": {"XDSDocumentEntryClassCode": [f"90^^{OID}", f"10^^{OID}"]}}),
            [],
        ),
        (
            update(FOUND, with_={"parameters": {"XDSDocumentEntryClassCode": [f"90^^{OID}"]}}),
            FOUND,
            ["criterion DocumentEntryClassCode"],
        ),
        (update(FOUND, with_={"parameters": {"XDSDocumentEntryCreationTimeFrom": "20260202"}}), FOUND, []),
        (
            {"drive": "TD0.3", "as": "cps", "patient": "recherche", "with": {"action": "SUPPRESSION"}},
            {"drive": "TD0.3", "as": "cps", "patient": "recherche", "with": {"action": "AJOUT"}},
            ["adding or removing"],
        ),
        (HIDE, HIDE, []),
        (
            HIDE,
            update(HIDE, with_={"entry_uuid": "${entry}", "operation": "unarchive"}),
            ["operation on the document"],
        ),
        (
            HIDE,
            update(
                HIDE,
                with_={"entry_uuid": "urn:uuid:0d0e1fb0-0000-4000-8000-000000000002", "operation": "archive"},
            ),
            ["document concerned"],
        ),
        (
            {"browse": "Documents", "as": "cps", "patient": "recherche"},
            {"browse": "ParcoursDeSoins", "as": "cps", "patient": "recherche"},
            ["page that is opened"],
        ),
        (
            {"browse": "Documents", "as": "cps", "patient": "recherche"},
            {"browse": "Documents", "as": "cps", "patient": "recherche"},
            [],
        ),
    ],
)
def test_what_must_agree(
    desk: Desk, wanted: dict[str, Any], sent: dict[str, Any], missing: list[str]
) -> None:
    assert [one.what.en for one in desk.compare(wanted, sent).missing] == missing


def test_what_should_agree_is_a_remark(desk: Desk) -> None:
    other = update(EXISTS, **{"as": "cps-mt"})
    found = desk.compare(EXISTS, other)
    assert found.answers and [one.what.en for one in found.remarks] == ["professional"]
    dated = update(FOUND, with_={"parameters": {"XDSDocumentEntryCreationTimeFrom": "20260202"}})
    found = desk.compare(
        dated, update(FOUND, with_={"parameters": {"XDSDocumentEntryCreationTimeFrom": "20250101"}})
    )
    assert found.answers
    assert [(one.expected, one.found) for one in found.remarks] == [("20260202", "20250101")]


def test_a_frame_without_an_assertion_is_the_act_sent_wrong(desk: Desk) -> None:
    """The rules say that it lacks; another user's assertion would be another act."""
    sent = desk.frame(FOUND).exchange
    root = safexml.parse(sent.request.body)
    for security in safexml.xpath(root, "/soap:Envelope/soap:Header/wsse:Security"):
        security.getparent().remove(security)
    bare = seen_of("k", 1, replace(sent, request=replace(sent.request, body=etree.tostring(root))))
    compared = compare(desk.step(FOUND), desk.context, bare)
    assert compared.answers
    assert {one.what.en for one in compared.remarks} >= {"authentication", "card of the user"}
    assert not desk.compare(FOUND, {**FOUND, "as": "cpe"}).answers


def test_a_case_of_several_modes_takes_any_that_the_software_declares(
    campaign: Campaign, keyring: Keyring
) -> None:
    both = Desk(
        campaign, keyring, filters={"authentication": ["direct", "indirect"], "transactions": ["TD0.2"]}
    )
    found = both.compare(EXISTS, update(EXISTS, **{"as": "hopital"}))
    assert found.answers and "authentication" in [one.what.en for one in found.remarks]


def test_what_is_not_captured_yet_is_not_compared(desk: Desk) -> None:
    desk.context.values.clear()
    assert desk.compare(OPEN, update(OPEN, with_={"unique_ids": ["2.25.9"]})).answers


def test_a_frame_of_a_later_step_is_seen_coming(desk: Desk) -> None:
    hint = ahead(1, desk.context.case.steps, desk.context, desk.frame(FED | {"documents": [{}]}))
    assert hint.en == "this looks like step 2; we wait for step 1"
    assert not ahead(3, desk.context.case.steps, desk.context, desk.frame(EXISTS)).en


def test_the_nearest_miss_shares_most_and_is_the_latest(desk: Desk) -> None:
    step = desk.step(EXISTS)
    misses: list[tuple[NearMiss, Compared]] = []
    for key, sent in (
        ("a", FOUND),
        ("b", update(EXISTS, patient="recherche")),
        ("c", update(EXISTS, patient="alimentation")),
    ):
        seen = replace(desk.frame(sent), key=key)
        compared = compare(step, desk.context, seen)
        misses.append((near(seen, compared), compared))
    best = nearest(misses)
    assert best is not None and best.frame == "c" and nearest([]) is None
    assert sentence(best).fr == "patient (INS) : attendu 280056399910181, trouvé 185106399920556"


def test_facts_of_a_frame_are_those_of_its_author(desk: Desk, keyring: Keyring) -> None:
    step = desk.step(FED | {"documents": [{"unique_id": "2.25.7"}]})
    identity = keyring.identity("cps")
    software = desk.context.campaign.file.software
    lps = Lps(software.name, software.version, "TEST-OK-1", "x", software.oid_root)
    message = build(
        "TD2.1",
        parameters_of(step, desk.context, identity),
        identity,
        lps,
        clock=desk.context.clock,
        ids=desk.context.ids,
        alterations=(),
    )
    frame = Frame(
        seen_of("k", 1, exchange("POST", message.path, message.headers, message.body)), transactions.load()
    )
    for name in ("document_unique_ids", "submission_unique_id", "source_id", "assertion_id", "message_id"):
        assert fact(frame, name) == message.fact(name) != "", name
    assert fact(frame, "weather") == ""


@pytest.mark.parametrize(
    ("method", "target", "body", "call"),
    [
        ("GET", "/si-dmp-server/v2/services/patients?wsdl", b"", ""),
        ("GET", "/s/demo/param-lps/parametres.xml", b"", "param-lps"),
        ("POST", "/insi/v2", b"<x/>", "INSi"),
        ("GET", "/s/demo/AccesDirect/Documents/280056399910181", b"", "TD0.9"),
        ("GET", "https://127.0.0.1:8443/AccesDirect/TableauDeBord", b"", "TD0.9"),
        ("POST", "/si-dmp-server/v2/services/patients", b"<no xml", ""),
        ("", "", b"", ""),
    ],
)
def test_frames_that_are_no_business_call_are_known_as_such(
    method: str, target: str, body: bytes, call: str
) -> None:
    found = exchange(method, target, (), body)
    assert call_of(found) == call
    assert bool(page_of(found)) is (call == "TD0.9")
    assert seen_of("k", 1, found).business is (call == "TD0.9")


def test_an_answer_that_was_cut_is_told_so() -> None:
    whole = exchange("POST", "/x", (), b"")
    cut = replace(whole, response=Response(200, (("Content-Length", "12"),), b"short"))
    assert as_received(whole).failure == "" and as_received(cut).failure == "cut: 5 / 12"


def test_agreement_ignores_case_and_precision() -> None:
    assert agree("any", ("A", "b"), ("B",)) and not agree("any", ("a",), ())
    assert agree("all", ("a",), ("A", "b")) and not agree("all", ("a", "c"), ("a",))
    assert agree("same", (), ()) and not agree("same", ("a",), ("a", "b"))
    assert agree("starts", ("20260202",), ("20260202093000",)) and not agree("starts", ("2026",), ("2025",))
