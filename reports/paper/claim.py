"""The short signed claim of the QR code: a compact JWS (ES256) that a phone can read and anyone verify.

It says which reference, which result, which software, and the digest of the signed statement. It never holds the wire
number.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any, Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from protocol.errors import EvidenceError, Text
from protocol.trust import ALGORITHM, TrustedKey, moment, stamp
from reports.keys import Seal
from reports.model import Report

_TYPE: Final = "dmpc+jws"
_HINT: Final = 16
_COORDINATE: Final = 32


def claims(report: Report, digest: str) -> dict[str, Any]:
    """What the code says. `digest`: SHA-256 (hex) of the signed payload."""
    return {
        "ref": report.reference,
        "res": report.result,
        "sw": f"{report.software.name} {report.software.version}",
        "iat": stamp(report.issued),
        "sha256": digest,
    }


def signed(told: Mapping[str, Any], seal: Seal) -> str:
    """The claim as a compact JWS (RFC 7515): written here, since a seal may keep its key to itself."""
    header = {"alg": "ES256", "typ": _TYPE, "kid": seal.keyid[:_HINT]}
    payload = json.dumps(dict(told), ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    told_apart = f"{_url(json.dumps(header, separators=(',', ':')).encode())}.{_url(payload.encode())}"
    # ECDSA as X.509 writes it, to the two numbers side by side of JOSE (RFC 7518 section 3.4).
    r, s = decode_dss_signature(seal.sign(told_apart.encode()))
    return f"{told_apart}.{_url(r.to_bytes(_COORDINATE) + s.to_bytes(_COORDINATE))}"


def read(text: str, trusted: Mapping[str, TrustedKey]) -> dict[str, Any]:
    """The claim of a code, verified. Raises EvidenceError."""
    for key in trusted.values():
        if key.algorithm != ALGORITHM or key.role != "seal":
            continue
        try:
            found = jws.deserialize_compact(text, _public(key))
        except (JoseError, ValueError):
            continue
        if found.headers().get("typ") == _TYPE:
            told = _members(found.payload)
            if key.distrust_after is None or moment(told["iat"]) <= key.distrust_after:
                return told
    raise _refused(text[:40])


def _members(payload: bytes) -> dict[str, Any]:
    try:
        told = json.loads(payload)
        moment(told["iat"])
    except (ValueError, TypeError, KeyError, RecursionError) as problem:
        raise _refused(str(problem)) from problem
    return dict(told)


def _refused(found: str) -> EvidenceError:
    return EvidenceError(
        "CLAIM-001",
        Text("le code QR n'est signé par aucune clé de confiance", "the QR code is signed by no trusted key"),
        found=found,
    )


def _url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _public(key: TrustedKey) -> ECKey:
    pem = key.public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return ECKey.import_key(pem)
