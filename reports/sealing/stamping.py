"""RFC 3161 time stamps over any bytes: the local test unit, or a service by URL; verified offline.

A stamp says that these bytes existed at that moment: a key that is distrusted later takes nothing of what it sealed
before. What an authority answers is verified before anybody keeps it.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Final, Protocol

from asn1crypto import cms, core, tsp
from asn1crypto import crl as asn1_crl
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from rfc3161_client import VerificationError, VerifierBuilder, decode_timestamp_response

from protocol.errors import DmpcompatError, EvidenceError, Text, ToolError
from protocol.x509read import certificate_of, certificates_of, revocations_of
from reports.sealing.posting import NoAnswer, posted

_MEDIA: Final = "application/timestamp-query"
_LARGEST: Final = 256 * 1024
_NONCE_BITS: Final = 63
#: What a reader is shown of the library's own words.
_SHOWN: Final = 200
#: Why a certificate may be revoked and its earlier stamps stay good (RFC 3161 section 4).
_HARMLESS: Final = frozenset({"superseded", "cessation_of_operation", "affiliation_changed"})


class _Response(core.Sequence):  # type: ignore[misc] # the library says nothing of its types
    """A response (RFC 3161 section 2.4.2), which has no token when the request is refused."""

    _fields: ClassVar = [
        ("status", tsp.PKIStatusInfo),
        ("time_stamp_token", cms.ContentInfo, {"optional": True}),
    ]


class Authority(Protocol):
    """Answers a request (RFC 3161), both in DER."""

    def answer(self, request: bytes) -> bytes:
        """Raises ToolError when there is no answer."""


@dataclass(frozen=True)
class Service:
    """A time-stamping service by its address (RFC 3161 section 3.4). Only a digest leaves."""

    url: str
    seconds: float = 20.0
    authority: Path | None = None

    def answer(self, request: bytes) -> bytes:
        try:
            return posted(
                self.url,
                request,
                {"Content-Type": _MEDIA},
                seconds=self.seconds,
                largest=_LARGEST,
                authority=self.authority,
            )
        except NoAnswer as problem:
            raise ToolError(
                "STAMP-002",
                Text("le service d'horodatage ne répond pas", "the time-stamping service does not answer"),
                field=self.url,
                found=str(problem),
                mend=_LATER,
            ) from problem


@dataclass(frozen=True)
class Stamper:
    """Asks an authority, and believes its answer under these roots (PEM) and revocation lists (DER) only."""

    source: Authority
    roots: Sequence[Path]
    revoked: Sequence[Path] = ()

    def stamp(self, data: bytes) -> bytes:
        """A time stamp response (DER) over these bytes. Raises ToolError when none can be had, or none that holds."""
        return self.over(request_for(hashlib.sha256(data).digest()))

    def over(self, request: bytes) -> bytes:
        """The response to a request, verified. Raises ToolError."""
        response = self.source.answer(request)
        asked = tsp.TimeStampReq.load(request)
        try:
            token = _token(response)
            told, wanted = token["nonce"].native, asked["nonce"].native
            if told != wanted:
                raise _refused("nonce", str(told), str(wanted))
            _verified(response, asked["message_imprint"]["hashed_message"].native, self.roots, self.revoked)
        except DmpcompatError as problem:
            raise ToolError(
                "STAMP-003",
                Text(
                    "la réponse de l'autorité d'horodatage est refusée",
                    "the answer of the time-stamping authority is refused",
                ),
                field=problem.field or getattr(self.source, "url", ""),
                found=problem.found,
                expected=problem.expected,
                mend=_LATER,
            ) from problem
        return response


def request_for(digest: bytes) -> bytes:
    """A request (DER) over a SHA-256, with a nonce, that asks for the certificate."""
    imprint = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": digest}
    nonce = secrets.randbits(_NONCE_BITS)
    asked = {"version": "v1", "message_imprint": imprint, "nonce": nonce, "cert_req": True}
    made: bytes = tsp.TimeStampReq(asked).dump()
    return made


def verify(response: bytes, data: bytes, roots: Sequence[Path], revoked: Sequence[Path] = ()) -> datetime:
    """The moment that a response proves for these bytes, believed under these roots (PEM, several in a file or not) and
    revocation lists (DER). Raises EvidenceError.
    """
    return _verified(response, hashlib.sha256(data).digest(), roots, revoked)


def claimed(response: bytes, data: bytes) -> datetime:
    """The moment that a response claims for these bytes; who says so is not looked at. Raises EvidenceError when it is
    of other bytes.
    """
    token = _token(response)
    _refuse_other(token, hashlib.sha256(data).digest())
    moment: datetime = token["gen_time"].native
    return moment


def consistent(response: bytes) -> bool:
    """Whether the certificate that a response carries signed it, whoever that is: what was altered is not."""
    from pyhanko.sign.general import CMSExtractionError, CMSStructuralError, extract_signer_info
    from pyhanko.sign.validation.errors import SignatureValidationError
    from pyhanko.sign.validation.generic_cms import extract_certs_for_validation, validate_sig_integrity

    try:
        _refuse_odd(response)
        signed = tsp.TimeStampResp.load(response, strict=True)["time_stamp_token"]["content"]
        content = bytes(signed["encap_content_info"]["content"])
        certificate, signer = extract_certs_for_validation(signed).signer_cert, extract_signer_info(signed)
        digest = hashlib.new(signer["digest_algorithm"]["algorithm"].native, content).digest()
        told = validate_sig_integrity(signer, certificate, "tst_info", digest)
    except (
        CMSExtractionError,
        CMSStructuralError,
        SignatureValidationError,
        InvalidSignature,
        UnsupportedAlgorithm,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
    ):
        return False  # what can't be read was altered as well
    return told == (True, True)


def _verified(response: bytes, digest: bytes, roots: Sequence[Path], revoked: Sequence[Path]) -> datetime:
    _refuse_other(_token(response), digest)
    try:
        _refuse_odd(response)
        told = decode_timestamp_response(response)
        believed = [root for path in roots for root in certificates_of(path.read_bytes())]
        embedded = [certificate_of(one) for one in told.signed_data.certificates]
        between = [one for one in embedded if one.issuer != one.subject]
        _under_one_of(believed, between, told, digest)
        moment: datetime = told.tst_info.gen_time
        _refuse_revoked(told, moment, revoked)
    except (VerificationError, ValueError, KeyError, TypeError, OSError) as problem:
        raise _refused("", f"{type(problem).__name__}: {problem}"[:_SHOWN]) from problem
    return moment


def _under_one_of(roots: Sequence[Any], between: Sequence[Any], told: Any, digest: bytes) -> None:
    """Each root alone: an authority may have had two keys under one name, and the verifier looks at one of them.

    Raises VerificationError.
    """
    problem = VerificationError("no root")
    for root in roots:
        builder = VerifierBuilder().add_root_certificate(root)
        for certificate in between:
            builder = builder.add_intermediate_certificate(certificate)
        try:
            with _panicking():
                builder.build().verify(told, digest)
        except VerificationError as refused:
            problem = refused
        else:
            return
    raise problem


@contextmanager
def _panicking() -> Iterator[None]:
    """The verifier is compiled code: on a certificate that OpenSSL can't take it gives up with what is no `Exception`,
    of a class that can't be named. Raises ValueError instead.
    """
    try:
        yield
    except BaseException as problem:
        if type(problem).__name__ != "PanicException":
            raise
        raise ValueError(f"panic: {problem}"[:200]) from None


def _token(response: bytes) -> Any:
    """What is stamped (TSTInfo), of a response that was granted."""
    if len(response) > _LARGEST:
        raise _refused("size", str(len(response)), f"<= {_LARGEST}")
    try:
        told = _Response.load(response, strict=True)
        status = told["status"]
        if status["status"].native != "granted":
            failed = " ".join(sorted(status["fail_info"].native or ()))
            said = " ".join(status["status_string"].native or ())
            raise _refused("status", f"{status['status'].native} {failed} {said}".strip(), "granted")
        content = told["time_stamp_token"]["content"]["encap_content_info"]["content"]
        found = tsp.TSTInfo.load(bytes(content), strict=True)
        _ = (found["nonce"].native, found["gen_time"].native, found["message_imprint"].native)
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise _refused("", f"{type(problem).__name__}: {problem}") from problem
    return found


def _refuse_odd(response: bytes) -> None:
    """What no signature covers and the verifier does not look at is as the standards say. Raises ValueError."""
    signed = _Response.load(response)["time_stamp_token"]["content"]
    signer = signed["signer_infos"][0]
    if (signed["version"].native, signer["version"].native) != ("v3", "v1"):
        raise ValueError(f"versions {signed['version'].native} {signer['version'].native}")
    algorithm, digest = signer["signature_algorithm"], signer["digest_algorithm"]["algorithm"].native
    name = algorithm["algorithm"].native
    if name != "rsassa_pkcs1v15" and algorithm.hash_algo != digest:  # that one names no digest
        raise ValueError(f"{name} {digest}")


def _refuse_other(token: Any, digest: bytes) -> None:
    imprint = token["message_imprint"]
    found = (imprint["hash_algorithm"]["algorithm"].native, imprint["hashed_message"].native)
    if found != ("sha256", digest):
        raise _refused("messageImprint", f"{found[0]} {found[1].hex()}", f"sha256 {digest.hex()}")


def _refuse_revoked(told: Any, moment: datetime, revoked: Sequence[Path]) -> None:
    signer = next(iter(told.signed_data.signer_infos))
    for path in revoked:
        listed = asn1_crl.CertificateList.load(path.read_bytes())
        if revocations_of(listed.dump()).issuer != signer.issuer:
            continue
        for one in listed["tbs_cert_list"]["revoked_certificates"]:
            if one["user_certificate"].native != signer.serial_number:
                continue
            reason = one.crl_reason_value.native if one.crl_reason_value is not None else "unspecified"
            since = one["revocation_date"].native
            if reason not in _HARMLESS or since <= moment:
                raise _refused("certificate", f"revoked {since} ({reason})")


def _refused(field: str, found: str, expected: str = "") -> EvidenceError:
    return EvidenceError(
        "STAMP-001",
        Text("l'horodatage ne tient pas", "the time stamp does not hold"),
        field=field,
        found=found,
        expected=expected,
    )


_LATER: Final = Text(
    "vérifier l'adresse et l'autorité déclarées, puis refaire la même commande",
    "check the declared address and authority, then give the same command again",
)
