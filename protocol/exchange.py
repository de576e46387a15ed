"""The Exchange: the bytes of a request and of its response exactly as they crossed the wire.

Everything turns around this value: the mock records it, the driver produces it, checks judge it, evidence
keeps it. It is immutable. It decodes nothing.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal

from protocol import jsonread
from protocol.errors import EvidenceError, Text
from protocol.regularfile import FileRefused, read_regular

Origin = Literal["mock", "driver", "proxy", "import"]
Headers = tuple[tuple[str, str], ...]
#: Marks of an exchange, after its side and a colon.
RESERIALISED: Final = "reserialised"
SUPPOSED: Final = "supposed"
UNDATED: Final = "undated"
#: More than any message, or its description.
_LARGEST: Final = 1024 * 1024 * 1024


def header(headers: Headers, name: str) -> str:
    """First value of a header, compared without case; "" when absent."""
    return next((value for key, value in headers if key.lower() == name.lower()), "")


@dataclass(frozen=True)
class Request:
    method: str
    target: str
    headers: Headers
    body: bytes


@dataclass(frozen=True)
class Response:
    status: int
    headers: Headers
    body: bytes


@dataclass(frozen=True)
class Tls:
    """Facts of the connection. `certificate`: DER of the client's certificate, b"" when it sent none."""

    version: str
    cipher: str
    certificate: bytes


@dataclass(frozen=True)
class Exchange:
    """One request and its response. `response` is None when none came; `failure` then says why.

    `marks`: what here is not the bytes of the wire, and must not be judged as if it were: RESERIALISED, a side's
    body went through a text log; SUPPOSED, its headers are not those that were sent; UNDATED, when is not known for
    sure. `<side>:<mark>`.
    """

    id: str
    origin: Origin
    session: str
    started: datetime
    ended: datetime
    request: Request
    response: Response | None
    tls: Tls | None = None
    failure: str = ""
    marks: tuple[str, ...] = ()

    def digest(self) -> str:
        """SHA-256 (hex) over both bodies: what a report refers to."""
        answer = self.response.body if self.response else b""
        parts = hashlib.sha256(self.request.body).digest() + hashlib.sha256(answer).digest()
        return hashlib.sha256(parts).hexdigest()

    def facts(self) -> dict[str, Any]:
        """Everything but the bodies, as plain JSON values."""
        return {
            "id": self.id,
            "origin": self.origin,
            "session": self.session,
            "started": _stamp(self.started),
            "ended": _stamp(self.ended),
            "request": {
                "method": self.request.method,
                "target": self.request.target,
                "headers": [list(pair) for pair in self.request.headers],
            },
            "response": None
            if self.response is None
            else {"status": self.response.status, "headers": [list(pair) for pair in self.response.headers]},
            "tls": None
            if self.tls is None
            else {
                "version": self.tls.version,
                "cipher": self.tls.cipher,
                "certificate": self.tls.certificate.hex(),
            },
            "failure": self.failure,
            **({"marks": list(self.marks)} if self.marks else {}),
        }

    def save(self, folder: Path, stem: str) -> tuple[Path, ...]:
        """Write `<stem>_requete`, `<stem>_reponse` (.xml, .mime, .html or .bin) and `<stem>_echange.json`.

        Returns the paths. The bodies are the bytes of the wire; the suffix only helps to open them.
        """
        folder.mkdir(parents=True, exist_ok=True)
        written = [folder / f"{stem}_requete{suffix(self.request.headers)}"]
        written[0].write_bytes(self.request.body)
        if self.response is not None:
            written.append(folder / f"{stem}_reponse{suffix(self.response.headers)}")
            written[-1].write_bytes(self.response.body)
        written.append(folder / f"{stem}_echange.json")
        written[-1].write_text(
            json.dumps(self.facts(), ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8"
        )
        return tuple(written)


def from_facts(facts: dict[str, Any], request_body: bytes, response_body: bytes) -> Exchange:
    """The inverse of `Exchange.facts`. Raises EvidenceError when a field is missing or of the wrong kind."""
    try:
        asked, answered, tls = facts["request"], facts["response"], facts["tls"]
        json.dumps(facts, ensure_ascii=False).encode()  # half of a surrogate pair can't be kept
        return Exchange(
            id=str(facts["id"]),
            origin=facts["origin"],
            session=str(facts["session"]),
            started=_moment(facts["started"]),
            ended=_moment(facts["ended"]),
            request=Request(
                str(asked["method"]), str(asked["target"]), _pairs(asked["headers"]), request_body
            ),
            response=None
            if answered is None
            else Response(int(answered["status"]), _pairs(answered["headers"]), response_body),
            tls=None
            if tls is None
            else Tls(str(tls["version"]), str(tls["cipher"]), bytes.fromhex(tls["certificate"])),
            failure=str(facts["failure"]),
            marks=tuple(str(mark) for mark in facts.get("marks", ())),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as problem:
        raise EvidenceError(
            "EXCH-001",
            Text(
                "la description de l'échange est illisible", "the description of the exchange can't be read"
            ),
            found=str(problem),
        ) from problem


def load(folder: Path, stem: str) -> Exchange:
    """Read what `Exchange.save` wrote. Raises EvidenceError."""
    try:
        described = read_regular(folder / f"{stem}_echange.json", _LARGEST)
        asked, answer = (_body(folder, f"{stem}_{side}") for side in ("requete", "reponse"))
        if asked is None:
            raise FileNotFoundError(f"{stem}_requete")
        bodies = read_regular(asked, _LARGEST), read_regular(answer, _LARGEST) if answer else b""
    except (OSError, FileRefused) as problem:
        raise _unreadable(str(folder / stem), problem) from problem
    return from_bytes(str(folder / stem), described, *bodies)


def from_bytes(name: str, described: bytes, request_body: bytes, response_body: bytes) -> Exchange:
    """The same from what its files hold; `name` is told when they can't be read. Raises EvidenceError."""
    try:
        facts = jsonread.loads(described)
    except (ValueError, RecursionError) as problem:
        raise _unreadable(name, problem) from problem
    return from_facts(facts, request_body, response_body)


def _unreadable(name: str, problem: Exception) -> EvidenceError:
    return EvidenceError(
        "EXCH-002",
        Text("l'échange n'est pas lisible", "the exchange can't be read"),
        field=name,
        found=str(problem),
    )


def suffix(headers: Headers) -> str:
    """Suffix of the file of a body: it only helps to open it."""
    media = header(headers, "Content-Type").partition(";")[0].strip().lower()
    if media == "text/html":
        return ".html"
    return ".mime" if media.startswith("multipart/") else ".xml" if media.endswith("xml") else ".bin"


def _body(folder: Path, name: str) -> Path | None:
    """The file of that name whatever its suffix, None when there is none. Raises FileNotFoundError for two."""
    found = sorted(path for path in folder.glob(f"{name}.*") if path.is_file())
    if len(found) > 1:
        raise FileNotFoundError(f"{name}: {len(found)} files")
    return found[0] if found else None


def _pairs(raw: list[list[str]]) -> Headers:
    return tuple((str(name), str(value)) for name, value in raw)


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
