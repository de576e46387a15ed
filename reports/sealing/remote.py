"""A key behind HTTP: `POST URL/sign` with keyid, algorithm and digest; the answer has the signature.

Only digests leave; Ed25519 signs bytes and not a digest, so there the bytes go (a checkpoint, which is public). The
contract is in docs/homologation.md.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from protocol import jsonread
from protocol.errors import ConfigError, Text, ToolError
from protocol.trust import ED25519
from reports.sealing.holding import Described
from reports.sealing.posting import NoAnswer, in_clear, posted

_LARGEST: Final = 64 * 1024


@dataclass(frozen=True)
class Service:
    """Its address, the authority of its TLS certificate (PEM) and the seconds that a signature may take."""

    url: str
    seconds: float
    authority: Path | None = None


def sign(service: Service, key: Described, bearer: str, data: bytes) -> bytes:
    """The signature of these bytes by that key, verified; ECDSA in DER. `bearer`: empty for none.

    Raises ConfigError for an address without TLS, ToolError when no signature of this key comes in time.
    """
    if in_clear(service.url):
        raise ConfigError(
            "SEAL-001",
            Text("ce cachet est inutilisable", "this seal can't be used"),
            field=service.url,
            expected="https://",
        )
    asked = {"keyid": key.keyid, "algorithm": key.algorithm}
    if key.algorithm == ED25519:
        asked["message"] = base64.b64encode(data).decode()
    else:
        asked["digest"] = base64.b64encode(hashlib.sha256(data).digest()).decode()
    answer = _posted(service, bearer, asked)
    try:
        if set(answer) != {"keyid", "signature"} or answer["keyid"] != key.keyid:
            raise ValueError(str(sorted(answer))[:80])
        made = base64.b64decode(answer["signature"], validate=True)
    except (TypeError, ValueError, binascii.Error) as problem:
        raise _failed(service, f"answer: {problem}") from problem
    return key.checked(made, data)


def _posted(service: Service, bearer: str, asked: dict[str, str]) -> dict[str, Any]:
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {bearer}"} if bearer else {})
    try:
        body = posted(
            f"{service.url.rstrip('/')}/sign",
            json.dumps(asked).encode(),
            headers,
            seconds=service.seconds,
            largest=_LARGEST,
            authority=service.authority,
        )
        answer = jsonread.loads(body)
    except NoAnswer as problem:
        raise _failed(service, str(problem)) from problem
    except ValueError as problem:
        raise _failed(service, type(problem).__name__) from problem
    if not isinstance(answer, dict):
        raise _failed(service, type(answer).__name__)
    return answer


def _failed(service: Service, found: str) -> ToolError:
    return ToolError(
        "SEAL-005",
        Text("le cachet distant n'a pas signé", "the remote seal did not sign"),
        field=service.url,
        found=found,
        mend=Text(
            "rétablir le service, puis refaire la même commande",
            "mend the service, then give the same command again",
        ),
    )
