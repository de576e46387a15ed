"""PAdES seal of a PDF, baseline LTA: the whole file, no change allowed after, time stamp and revocation data inside.

Sealing and verifying both work offline. pyHanko does the cryptography of documents; which certificates are believed is
the caller's.
"""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from asn1crypto import algos, parser, tsp
from asn1crypto import crl as asn1_crl
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from pyhanko.keys import load_cert_from_pemder, load_certs_from_pemder
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import PdfSignatureMetadata, PdfSigner, fields, signers
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
from pyhanko.sign.signers.pdf_signer import DSSContentSettings, TimestampDSSContentSettings
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.validation import validate_pdf_signature, validate_pdf_timestamp
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.errors import PathError, ValidationError
from pyhanko_certvalidator.registry import SimpleCertificateStore

from protocol.errors import ConfigError, EvidenceError, Text
from reports.sealing import documents, testauthority
from reports.sealing.documents import Folder
from reports.sealing.holding import RSA
from reports.sealing.providers import Held, InFile, held
from reports.sealing.stamping import Stamper

FIELD: Final = "Cachet"
_RESERVED: Final = 32_768
#: No signature of ours is longer (RSA of 4096 bits).
_SIGNATURE: Final = 512
#: How the library writes a signature.
_ROOM: Final = re.compile(rb"<[0-9A-F]+>")
#: What verifies a time stamp goes in before it: nothing then follows what it covers.
_INSIDE: Final = DSSContentSettings(
    include_vri=False,
    next_ts_settings=TimestampDSSContentSettings(include_vri=False, update_before_ts=True),
)
_CERTIFICATE: Final = f"{testauthority.SEAL}.pem"


@dataclass(frozen=True)
class Sealing:
    """With what a document is sealed: who signs, who stamps the time, whom a verifier will believe."""

    signer: signers.Signer
    stamper: TimeStamper
    believed: Believed


@dataclass(frozen=True)
class Sealed:
    """What a seal that holds says: its signer, and the moment that its time stamp proves."""

    signer: str
    at: datetime


class _Asked(TimeStamper):
    """Our stampers, as the library asks for one: what they answer is verified already."""

    def __init__(self, stamper: Stamper) -> None:
        super().__init__()
        self._stamper = stamper

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        return tsp.TimeStampResp.load(self._stamper.over(req.dump()))


class _HeldSigner(signers.Signer):
    """A certificate whose private key never leaves its holder."""

    def __init__(self, held: Held, certificate: asn1_x509.Certificate, chain: Any) -> None:
        self._held = held
        name = "sha256_rsa" if held.key.algorithm == RSA else "sha256_ecdsa"
        super().__init__(
            signing_cert=certificate,
            cert_registry=chain,
            signature_mechanism=algos.SignedDigestAlgorithm({"algorithm": name}),
        )

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        if digest_algorithm != "sha256":
            raise ValueError(digest_algorithm)
        return bytes(_SIGNATURE) if dry_run else self._held.sign(data)


def asked(stamper: Stamper) -> TimeStamper:
    """A stamper of ours for documents."""
    return _Asked(stamper)


def of_folder(place: Path | None = None) -> Sealing:
    """The seal of a folder of files (the installation's own by default). Raises ConfigError."""
    return of(documents.installation() if place is None else documents.of_folder(place))


def of(told: Folder | None) -> Sealing:
    """The seal of an X.509 side (the installation's own by default): certificates in files, the key where it lives.

    Raises ConfigError.
    """
    folder = told or documents.installation()
    place, configured = folder.place, folder.documents.seal
    try:
        chain = SimpleCertificateStore.from_certs(
            certificate for path in folder.roots for certificate in load_certs_from_pemder([str(path)])
        )
        if isinstance(configured, InFile):
            signer: signers.Signer = _of_files(place, configured, folder)
        else:
            der = load_cert_from_pemder(str(place / _CERTIFICATE))
            public: Any = x509.load_der_x509_certificate(der.dump()).public_key()
            signer = _HeldSigner(held(configured, public, _CERTIFICATE, place), der, chain)
    except (OSError, ValueError) as problem:
        raise _unusable(place, str(problem)) from problem
    return Sealing(signer, asked(folder.stamper), trust(folder.roots, documents.revoked(place)))


def _of_files(place: Path, configured: InFile, folder: Folder) -> signers.Signer:
    signer: signers.SimpleSigner | None = signers.SimpleSigner.load(
        str(place / (configured.key or f"{testauthority.SEAL}.key")),
        str(place / _CERTIFICATE),
        ca_chain_files=[str(path) for path in folder.roots],
    )
    if signer is None:
        raise _unusable(place, "key or certificate")
    return signer


@dataclass(frozen=True)
class Believed:
    """Whom to believe, offline: authorities, their revocation lists; `at`: the moment to look at, now by default."""

    roots: Sequence[asn1_x509.Certificate]
    revoked: Sequence[asn1_crl.CertificateList]
    at: datetime | None = None

    def context(
        self, at: datetime | None = None, inside: DocumentSecurityStore | None = None
    ) -> ValidationContext:
        """The same for the library, at a moment. `inside`: what a document embedded; it serves for a moment past."""
        told: dict[str, Any] = {
            "trust_roots": [*self.roots],
            "crls": [*self.revoked],
            "allow_fetching": False,
            "revocation_mode": "hard-fail",
            "moment": at or self.at,
        }
        if inside is None:
            return ValidationContext(**told)
        made: ValidationContext = inside.as_validation_context({**told, "retroactive_revinfo": True})
        return made


def believing(place: Path, at: datetime | None = None) -> Believed:
    """Whom to believe by an X.509 folder, at a moment (now by default). Raises ConfigError."""
    try:
        return trust(documents.of_folder(place).roots, documents.revoked(place), at)
    except (OSError, ValueError) as problem:
        raise _unusable(place, str(problem)) from problem


def trust(roots: Sequence[Path], revoked: Sequence[Path], at: datetime | None = None) -> Believed:
    """Whom to believe: authorities (PEM) and their revocation lists (DER). Raises OSError, ValueError."""
    return Believed(
        [*load_certs_from_pemder([str(path) for path in roots])],
        [asn1_crl.CertificateList.load(path.read_bytes()) for path in revoked],
        at,
    )


def seal(pdf: bytes, sealing: Sealing, reason: str) -> bytes:
    """The document with its seal: an invisible field, so that the page stays what it was."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    metadata = PdfSignatureMetadata(
        field_name=FIELD,
        reason=reason,
        subfilter=SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=MDPPerm.NO_CHANGES,
        md_algorithm="sha256",
        embed_validation_info=True,
        dss_settings=_INSIDE,
        use_pades_lta=True,
        validation_context=sealing.believed.context(),
    )
    fields.append_signature_field(writer, fields.SigFieldSpec(FIELD))
    signer = PdfSigner(metadata, signer=sealing.signer, timestamper=sealing.stamper)
    with by_library():
        out: Any = signer.sign_pdf(writer, bytes_reserved=_RESERVED)
    made: bytes = out.getvalue()
    return made


@contextmanager
def by_library() -> Iterator[None]:
    """The library at work: its errors for a reader, and no warning that nothing is fetched, since all is at hand.

    Raises ConfigError for certificates that can't do it (ended, revoked, of an authority that is not declared).
    """
    log = logging.getLogger("pyhanko.sign.signers.pdf_signer")
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    except (PdfError, ValueError, ValidationError, PathError, OSError) as problem:
        raise ConfigError(
            "PADES-011",
            Text(
                "ces certificats et clés ne scellent pas ce document",
                "these certificates and keys don't seal this document",
            ),
            found=f"{type(problem).__name__}: {problem}",
            mend=Text(
                "regarder dates, authority.pem et authority.crl du dossier des certificats",
                "look at dates, authority.pem and authority.crl in the folder of certificates",
            ),
        ) from problem
    finally:
        log.setLevel(before)


def verify(pdf: bytes, believed: Believed) -> Sealed:
    """What the seal says. Raises EvidenceError: no seal or several, altered, cut or followed by other bytes, not
    trusted, changed after the seal.

    The last time stamp of the document is judged now; each one before it, and the seal, at the hour of the next one:
    it proves that they held while their certificates were in force (PAdES, long-term validation).
    """
    if not pdf.rstrip(b"\r\n").endswith(b"%%EOF"):
        text = Text(
            "le fichier ne finit pas où finit le document", "the file does not end where the document does"
        )
        raise _refused("PADES-007", text, str(pdf[-16:]))
    try:
        reader = PdfFileReader(io.BytesIO(pdf), strict=True)
        sealed = reader.embedded_regular_signatures
        if len(sealed) != 1:
            text = Text("un cachet et un seul est attendu", "exactly one seal is expected")
            raise _refused("PADES-002", text, str(len(sealed)))
        for one in reader.embedded_signatures:
            _refuse_padded(pdf, [int(bound) for bound in one.byte_range])
        since = _stamps(reader, believed)
        context = believed.context(since, DocumentSecurityStore.read_dss(reader))
        status = validate_pdf_signature(
            sealed[0], signer_validation_context=context, ts_validation_context=context
        )
    except EvidenceError:
        raise
    # What makes the reader stumble on a broken file is of every kind: decimals, missing keys, wrong types.
    except (
        PdfError,
        SignatureValidationError,
        ArithmeticError,
        LookupError,
        ValueError,
        TypeError,
        AttributeError,
        OSError,
    ) as problem:
        text = Text("le PDF scellé ne se lit pas", "the sealed PDF can't be read")
        raise _refused("PADES-001", text, f"{type(problem).__name__}: {problem}") from problem
    return _said(status)


def _refuse_padded(pdf: bytes, covered: Sequence[int]) -> None:
    """A signature does not cover the room that is kept for it: it is in there, as it was written, and then zeros.

    Raises EvidenceError, ValueError.
    """
    start, length, resumes, _ = covered
    room = pdf[start + length : resumes]
    contents = bytes.fromhex(room[1:-1].decode("ascii")) if _ROOM.fullmatch(room) else b""
    used = parser.peek(contents) if contents else 0
    if not used or any(contents[used:]):
        text = Text("des octets sont cachés dans une signature", "bytes are hidden in a signature")
        raise _refused("PADES-008", text, contents[used:].lstrip(b"\0")[:16].hex())


def _said(status: Any) -> Sealed:
    if not status.bottom_line:
        raise _refused(
            "PADES-003", Text("le cachet ne tient pas", "the seal does not hold"), status.summary()
        )
    stamp = status.timestamp_validity
    if stamp is None or not stamp.valid or not stamp.trusted:
        text = Text("l'horodatage du cachet ne tient pas", "the time stamp of the seal does not hold")
        raise _refused("PADES-004", text)
    level = status.modification_level
    if level is None or level > ModificationLevel.LTA_UPDATES:
        text = Text("le document a changé après le cachet", "the document changed after the seal")
        raise _refused("PADES-006", text, str(level))
    return Sealed(_name_of(status.signing_cert.subject), stamp.timestamp)


def _name_of(subject: Any) -> str:
    """The common name of a certificate's subject; all of the subject where it has none, or several."""
    name = subject.native.get("common_name")
    return name if isinstance(name, str) else str(subject.human_friendly)


def _stamps(reader: PdfFileReader, believed: Believed) -> datetime:
    """Judge the time stamps of the document, the newest first; returns the hour of the oldest. Raises EvidenceError."""
    text = Text("l'horodatage du document ne tient pas", "the time stamp of the document does not hold")
    chain = sorted(reader.embedded_timestamp_signatures, key=lambda one: one.signed_revision, reverse=True)
    if not chain:
        raise _refused("PADES-005", text, "0")
    inside, at = DocumentSecurityStore.read_dss(reader), believed.at
    for rank, stamp in enumerate(chain):
        context = believed.context() if rank == 0 else believed.context(at, inside)
        status = validate_pdf_timestamp(stamp, validation_context=context)
        whole = status.coverage is not None and status.coverage >= SignatureCoverageLevel.ENTIRE_REVISION
        if not (status.valid and status.trusted and whole):
            raise _refused("PADES-005", text, f"{len(chain) - rank}/{len(chain)} {status.summary()}")
        if at is not None and rank and status.timestamp > at:
            raise _refused("PADES-005", text, f"{status.timestamp} > {at}")
        at = oldest = status.timestamp
    return oldest


def _unusable(place: Path, found: str) -> ConfigError:
    return ConfigError(
        "PADES-010",
        Text("le cachet est inutilisable", "the seal can't be used"),
        field=str(place),
        found=found,
    )


def _refused(code: str, text: Text, found: str = "") -> EvidenceError:
    return EvidenceError(code, text, field="PDF", found=found)
