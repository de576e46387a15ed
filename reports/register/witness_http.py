"""A witness on the network, as the logs of that world ask one: `POST /add-checkpoint` (C2SP tlog-witness).

The body is the size of the last checkpoint (`old N`), a consistency proof, a blank line, the new checkpoint; the answer
is the cosignature, or a status that says why not. What may be cosigned is decided by `reports.register.witness`.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from cheroot import wsgi

from protocol.errors import DmpcompatError, EvidenceError, Text
from reports.register import checkpoint
from reports.register.checkpoint import Checkpoint
from reports.register.witness import (
    Behind,
    Conflict,
    Forked,
    Growth,
    Refused,
    Unknown,
    Unproven,
    Unsigned,
    Witness,
)

ADD: Final = "/add-checkpoint"
SIZE_TYPE: Final = "text/x.tlog.size"
_PLAIN: Final = "text/plain; charset=utf-8"
_LARGEST: Final = 80 * 1024
_MOST: Final = 63
_NODE: Final = 32
_OLD: Final = re.compile(r"old (0|[1-9][0-9]{0,18})")
_STATUS: Final[tuple[tuple[type[Refused], HTTPStatus], ...]] = (
    (Unknown, HTTPStatus.NOT_FOUND),
    (Unsigned, HTTPStatus.FORBIDDEN),
    (Behind, HTTPStatus.BAD_REQUEST),
    (Conflict, HTTPStatus.CONFLICT),
    (Forked, HTTPStatus.CONFLICT),
    (Unproven, HTTPStatus.UNPROCESSABLE_ENTITY),
)

Answer = tuple[HTTPStatus, str, str]


@dataclass(frozen=True)
class Request:
    """What is asked: the size it starts from, the proof, the checkpoint."""

    old: int
    proof: tuple[bytes, ...]
    point: Checkpoint

    def growth(self) -> Growth:
        """The proof as the witness reads it: its first node is the old root itself where that is a whole subtree."""

        def nodes(last: Checkpoint) -> tuple[bytes, ...]:
            whole = 0 < last.size < self.point.size and last.size & (last.size - 1) == 0
            return (last.root, *self.proof) if whole else self.proof

        return nodes

    def __bytes__(self) -> bytes:
        lines = [f"old {self.old}", *(base64.b64encode(node).decode() for node in self.proof)]
        return ("\n".join(lines) + f"\n\n{self.point}").encode()


def read(body: bytes) -> Request:
    """Raises EvidenceError for a body that is none."""
    try:
        head, separator, note = body.decode("utf-8").partition("\n\n")
        first, *encoded = head.split("\n")
        old = _OLD.fullmatch(first)
        if not separator or old is None or len(encoded) > _MOST:
            raise ValueError(first[:40])
        proof = tuple(base64.b64decode(line, validate=True) for line in encoded)
        if any(len(node) != _NODE for node in proof):
            raise ValueError("proof")
    except (ValueError, binascii.Error) as problem:
        raise EvidenceError(
            "WITNESS-011",
            Text("demande illisible", "the request can't be read"),
            found=str(problem),
            expected="old N",
        ) from problem
    return Request(int(old[1]), proof, checkpoint.parse(note))


def answer(witness: Witness, body: bytes) -> Answer:
    """Status, media type and text of the answer to a request."""
    try:
        asked = read(body)
    except EvidenceError as problem:
        return HTTPStatus.BAD_REQUEST, _PLAIN, problem.message("en") + "\n"
    try:
        made = witness.cosign(asked.point, asked.growth(), asked.old)
    except (Conflict, Forked) as problem:
        return HTTPStatus.CONFLICT, SIZE_TYPE, f"{problem.size}\n"
    except Refused as problem:
        status = next(status for kind, status in _STATUS if isinstance(problem, kind))
        return status, _PLAIN, problem.message("en") + "\n"
    except (DmpcompatError, OSError):
        return HTTPStatus.INTERNAL_SERVER_ERROR, _PLAIN, "this witness can't work\n"
    return HTTPStatus.OK, _PLAIN, made.only([witness.key]).signature_lines


def application(witness: Witness) -> Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]:
    """The WSGI application of a witness."""

    def app(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        status, media, text = _answered(witness, environ)
        data = text.encode()
        extra = [("Allow", "POST")] if status == HTTPStatus.METHOD_NOT_ALLOWED else []
        start(
            f"{status.value} {status.phrase}",
            [("Content-Type", media), ("Content-Length", str(len(data))), *extra],
        )
        return [data]

    return app


def server(witness: Witness, host: str, port: int) -> wsgi.Server:
    """A server to be started; plain HTTP: a checkpoint is public and signed."""
    made = wsgi.Server((host, port), application(witness), numthreads=4)
    made.max_request_body_size = _LARGEST
    return made


def _answered(witness: Witness, environ: dict[str, Any]) -> Answer:
    if environ.get("PATH_INFO") != ADD:
        return HTTPStatus.NOT_FOUND, _PLAIN, "POST /add-checkpoint\n"
    if environ.get("REQUEST_METHOD") != "POST":
        return HTTPStatus.METHOD_NOT_ALLOWED, _PLAIN, "POST /add-checkpoint\n"
    length = str(environ.get("CONTENT_LENGTH") or "")
    if not length.isascii() or not length.isdigit():
        return HTTPStatus.LENGTH_REQUIRED, _PLAIN, "Content-Length\n"
    if len(length) > len(str(_LARGEST)) or int(length) > _LARGEST:
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _PLAIN, f"<= {_LARGEST}\n"
    return answer(witness, environ["wsgi.input"].read(int(length)))
