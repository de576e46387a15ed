"""Asking a witness on the network for its cosignature of a register's checkpoint (C2SP tlog-witness, the log's side).

What comes back is believed no more than a file would be: `Register.cosign` verifies it.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

import requests

from protocol.errors import EvidenceError, Text, ToolError, UsageError
from reports.register import checkpoint, merkle
from reports.register.checkpoint import Checkpoint
from reports.register.store import Register
from reports.register.witness_http import ADD, SIZE_TYPE, Request

_TIMEOUT: Final = (5.0, 30.0)
_LARGEST: Final = 64 * 1024
_DIGITS: Final = 19


def ask(url: str, register: Register) -> Checkpoint:
    """The checkpoint of now with the lines that the witness at `url` adds. Raises ToolError when it can't be reached,
    UsageError for a URL that is none, EvidenceError when it refuses.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        raise UsageError(
            "ASK-003", Text("adresse refusée", "address refused"), found=url, expected="https://…"
        )
    point, leaves = register.checkpoint(), register.leaves()
    hashes = [merkle.leaf_hash(leaf) for leaf in leaves[: point.size]]
    status, media, text = _posted(url, Request(0, (), point))
    if status == HTTPStatus.CONFLICT and media == SIZE_TYPE:
        old = _size(text)
        if not 0 < old <= point.size:
            raise _refused(url, status, text)
        proof = merkle.consistency(hashes, old)
        status, media, text = _posted(url, Request(old, proof, point))
        if status == HTTPStatus.CONFLICT:
            raise EvidenceError(
                "ASK-004",
                Text(
                    "le témoin connaît une autre histoire de ce registre",
                    "the witness knows another history of this register",
                ),
                field=url,
                found=f"{status} {text.strip()[:200]}",
            )
    if status != HTTPStatus.OK:
        raise _refused(url, status, text)
    return checkpoint.parse(str(point) + text)


def _posted(url: str, request: Request) -> tuple[int, str, str]:
    try:
        with requests.post(
            url.rstrip("/") + ADD, data=bytes(request), timeout=_TIMEOUT, allow_redirects=False, stream=True
        ) as got:
            data = got.raw.read(_LARGEST)
    except (requests.RequestException, OSError) as problem:
        raise ToolError(
            "ASK-001",
            Text("le témoin ne répond pas", "the witness does not answer"),
            field=url,
            found=type(problem).__name__,
        ) from problem
    return got.status_code, got.headers.get("Content-Type", ""), data.decode("utf-8", "replace")


def _size(text: str) -> int:
    digits = text.strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= _DIGITS else -1


def _refused(url: str, status: int, text: str) -> EvidenceError:
    return EvidenceError(
        "ASK-002",
        Text("le témoin refuse de cosigner", "the witness refuses to cosign"),
        field=url,
        found=f"{status} {text.strip()[:200]}",
    )
