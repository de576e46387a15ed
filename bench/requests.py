"""Requests made beforehand for `bench.load`: whole and signed, each with a VIHF of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench import load
from harness.drive import cda_document
from harness.drive.build import build
from harness.drive.cda_document import CdaDocument, Level1
from harness.drive.clock import SystemClock
from harness.drive.identity import Identity, Keyring
from harness.drive.ids import RandomIds
from harness.drive.lps import Lps
from harness.drive.message import OutgoingMessage
from harness.drive.subject import subject_of
from protocol import facts

PATIENT: Final = "actif-autorise"
#: Bytes of the PDF that makes a CDA of 20 KB; the signature document, the metadata and the VIHF come on top.
_PDF: Final = 12_400
_CLOCK: Final = SystemClock()
_IDS: Final = RandomIds()
_LPS: Final = Lps("LPS-TEST", "1.0.0", "TEST-OK-1")


@dataclass(frozen=True)
class Sender:
    """Who sends: one card of a test PKI."""

    identity: Identity

    @classmethod
    def of(cls, pki_folder: Path) -> Sender:
        return cls(Keyring(pki_folder).identity("cps"))

    def submissions(self, count: int) -> dict[str, bytes]:
        """TD2.1 requests of one new document each, by uniqueId of the document."""
        return dict(self._submission(_PDF) for _ in range(count))

    def _submission(self, size: int) -> tuple[str, bytes]:
        document = self._document(size)
        return document.unique_id, http(self._fed(document))

    def submission(self, size: int = 0) -> OutgoingMessage:
        """A TD2.1 message of one new document, whose PDF has that many bytes at least."""
        return self._fed(self._document(size))

    def _document(self, size: int) -> CdaDocument:
        wanted = Level1(size=size)
        return cda_document.level1(subject_of(PATIENT), self.identity, wanted, clock=_CLOCK, ids=_IDS)

    def _fed(self, document: CdaDocument) -> OutgoingMessage:
        return self._message("TD2.1", documents=[{"cda": document.content}])

    def requests(self, transaction: str, count: int, **params: object) -> list[bytes]:
        """So many requests that ask the same."""
        return [self.request(transaction, **params) for _ in range(count)]

    def request(self, transaction: str, **params: Any) -> bytes:
        """One HTTP/1.1 request, to be sent on a connection that stays open."""
        return http(self._message(transaction, **params))

    def _message(self, transaction: str, **params: Any) -> OutgoingMessage:
        whole: Mapping[str, Any] = {"patient": PATIENT} | params
        return build(transaction, whole, self.identity, _LPS, clock=_CLOCK, ids=_IDS)

    def load(self, url: str, requests: Sequence[bytes], folder: Path, clients: int) -> load.Load:
        """Send them all, and count the answers that say Success."""
        path = folder / "requests"
        load.write(path, requests)
        files = self.identity.tls
        tls = {
            "ca": str(self.identity.ca_file),
            "certificate": str(files.certificate_file),
            "key": str(files.key_file),
        }
        secure = url.startswith("https:")
        return load.run(load.Plan(url, str(path), clients, facts.SUCCESS, **(tls if secure else {})))


def http(message: OutgoingMessage) -> bytes:
    """The message as it goes over a connection that stays open."""
    return b"\r\n".join(_head(message)) + message.body


def _head(message: OutgoingMessage) -> Iterator[bytes]:
    yield f"{message.method} {message.path} HTTP/1.1".encode()
    yield b"Host: 127.0.0.1"
    for name, value in message.headers:
        yield f"{name}: {value}".encode()
    yield f"Content-Length: {len(message.body)}".encode()
    yield b""
    yield b""
