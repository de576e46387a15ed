"""RFC 3161 time stamps over any bytes: the local test unit, or a service by URL; verified offline.

A stamp says that these bytes existed at that moment: a key that is distrusted later takes nothing of what it sealed
before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol

import requests
from asn1crypto import tsp
from cryptography import x509
from pyhanko.sign.timestamps import TimeStamper
from rfc3161_client import (
    TimestampRequestBuilder,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from protocol.errors import EvidenceError, Text, ToolError

_MEDIA: Final = "application/timestamp-query"
_TIMEOUT: Final = (5.0, 30.0)
_LARGEST: Final = 256 * 1024


class Stamper(Protocol):
    """Gives a time stamp response (DER) over some bytes."""

    def stamp(self, data: bytes) -> bytes:
        """Raises ToolError when none can be had."""


class OfUnit:
    """The local unit that also stamps documents (`reports.sealing.pades`)."""

    def __init__(self, unit: TimeStamper) -> None:
        self._unit: Any = unit

    def stamp(self, data: bytes) -> bytes:
        asked = self._unit.request_cms(hashlib.sha256(data).digest(), "sha256")
        request = next(part for part in asked if isinstance(part, tsp.TimeStampReq))
        answer: bytes = self._unit.request_tsa_response(request).dump()
        return answer


class OfService:
    """A time-stamping service by its address (RFC 3161 section 3.4)."""

    def __init__(self, url: str) -> None:
        self._url = url

    def stamp(self, data: bytes) -> bytes:
        query = TimestampRequestBuilder().data(data).build().as_bytes()
        try:
            answer = requests.post(self._url, data=query, headers={"Content-Type": _MEDIA}, timeout=_TIMEOUT)
            answer.raise_for_status()
        except requests.RequestException as problem:
            raise ToolError(
                "STAMP-002",
                Text("le service d'horodatage ne répond pas", "the time-stamping service does not answer"),
                field=self._url,
                found=type(problem).__name__,
            ) from problem
        return answer.content


def verify(response: bytes, data: bytes, roots: Sequence[Path]) -> datetime:
    """The moment that a response proves for these bytes. Raises EvidenceError."""
    try:
        if len(response) > _LARGEST:
            raise ValueError(f"{len(response)} bytes")
        told = decode_timestamp_response(response)
        embedded = tsp.TimeStampResp.load(response)["time_stamp_token"]["content"]["certificates"]
        builder = VerifierBuilder()
        for path in roots:
            builder = builder.add_root_certificate(x509.load_pem_x509_certificate(path.read_bytes()))
        for certificate in embedded:
            found = x509.load_der_x509_certificate(certificate.chosen.dump())
            if found.issuer == found.subject:
                continue
            builder = builder.add_intermediate_certificate(found)
        builder.build().verify_message(told, data)
    except (VerificationError, ValueError, KeyError, TypeError, OSError) as problem:
        raise EvidenceError(
            "STAMP-001",
            Text("l'horodatage ne tient pas", "the time stamp does not hold"),
            found=f"{type(problem).__name__}: {problem}",
        ) from problem
    moment: datetime = told.tst_info.gen_time
    return moment
