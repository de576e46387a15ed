"""A software of an editor for tests that feed a lot: prepares submissions, sends them, finds and retrieves."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from harness.drive import cda_document
from harness.drive.build import build
from harness.drive.cda_document import Level1
from harness.drive.client import send, tls_of
from harness.drive.clock import SystemClock
from harness.drive.identity import Keyring
from harness.drive.ids import RandomIds
from harness.drive.lps import Lps
from harness.drive.message import OutgoingMessage
from harness.drive.subject import subject_of
from protocol import facts
from protocol.exchange import Exchange, header
from protocol.soap import read_message

PATIENT = "actif-autorise"
IDS = RandomIds()


@dataclass
class Submission:
    """A set of documents; `attempts` are the messages that carried it and what came of them."""

    set_id: str
    documents: dict[str, bytes]
    attempts: list[tuple[OutgoingMessage, Exchange]] = field(default_factory=list)
    acknowledged: bool = False


class Software:
    """The driver with one card."""

    def __init__(self, keyring: Keyring, url: str = "") -> None:
        self.identity = keyring.identity("cps")
        self.lps = Lps("LPS-TEST", "1.0.0", "TEST-OK-1")
        self.url = url

    def prepare(self, documents: int = 2, **wanted: Any) -> Submission:
        """Documents that will be sent as they are, as often as needed; `wanted`: fields of Level1."""
        made = [
            cda_document.level1(
                subject_of(PATIENT), self.identity, Level1(**wanted), clock=SystemClock(), ids=IDS
            )
            for _ in range(documents)
        ]
        return Submission(IDS.oid("1.2.3.4"), {one.unique_id: one.content for one in made})

    def feed(self, submission: Submission) -> str:
        """Status, or code of the error or of the fault; "" without a whole answer."""
        message = self.make(
            "TD2.1",
            documents=[{"cda": content} for content in submission.documents.values()],
            submission_unique_id=submission.set_id,
        )
        exchange = send(message, self.url, tls_of(self.identity))
        submission.attempts.append((message, exchange))
        if exchange.response is None or exchange.failure:
            return ""
        with answer_of(exchange) as answer:
            submission.acknowledged |= answer.get("status") == facts.SUCCESS
            codes = answer.xpath(
                "//rs:RegistryError/@errorCode | //soap:Subcode/soap:Value/text()", namespaces=facts.NS
            )
            return str(codes[0] if codes else answer.get("status"))

    def listed(self) -> list[str]:
        """TD3.1: uniqueIds of the patient's documents, one an entry."""
        exchange = send(self.make("TD3.1", query="FindDocuments"), self.url, tls_of(self.identity))
        scheme = facts.DE_UNIQUE_ID
        with answer_of(exchange) as answer:
            assert answer.get("status") == facts.SUCCESS
            path = f".//rim:ExternalIdentifier[@identificationScheme='{scheme}']/@value"
            return [str(value) for value in answer.xpath(path, namespaces=facts.NS)]

    def retrieve(self, unique_ids: list[str]) -> dict[str, bytes]:
        """TD3.2: bytes by uniqueId."""
        message = self.make("TD3.2", unique_ids=unique_ids)
        exchange = send(message, self.url, tls_of(self.identity))
        assert exchange.response is not None, exchange.failure
        kind = header(exchange.response.headers, "Content-Type")
        with read_message(io.BytesIO(exchange.response.body), kind) as read:
            found: dict[str, bytes] = {}
            for one in read.envelope.body.findall(".//{*}DocumentResponse"):
                content = one.find("{*}Document")
                assert content is not None
                found[one.findtext("{*}DocumentUniqueId", "")] = read.binary(content).read()
            return found

    def make(self, transaction: str, **params: Any) -> OutgoingMessage:
        whole = {"patient": PATIENT} | params
        return build(transaction, whole, self.identity, self.lps, clock=SystemClock(), ids=IDS)


@contextmanager
def answer_of(exchange: Exchange) -> Iterator[Any]:
    assert exchange.response is not None, exchange.failure
    kind = header(exchange.response.headers, "Content-Type")
    with read_message(io.BytesIO(exchange.response.body), kind) as read:
        yield read.envelope.body
