"""Prolonging the proof of a sealed PDF: one more time stamp over all of it, while the last one still holds.

A seal is proven as long as the certificate of the last time stamp is in force. The document grows by an update that a
verification knows for what it is; nothing else of it changes.
"""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path
from typing import Any

from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import PdfTimeStamper

from harness.evidence import write_atomic
from protocol.errors import Text, UsageError
from reports.sealing import documents, pades
from reports.sealing.pades import Sealing


def renew(path: Path) -> str:
    """Stamp a sealed PDF once more, by the authority of this installation; returns until when it is then proven.

    Raises EvidenceError when its seal does not hold (any more), ConfigError and ToolError when no stamp can be had:
    nothing is then written.
    """
    if path.suffix.lower() != ".pdf":
        raise UsageError(
            "STAMP-007", Text("ce n'est pas un PDF", "this is no PDF"), field=str(path), expected="*.pdf"
        )
    made = renewed(path.read_bytes(), pades.of(documents.installation()))
    write_atomic(path, made)
    return f"{until(made):%Y-%m-%d}"


def renewed(pdf: bytes, sealing: Sealing) -> bytes:
    """The document with one more time stamp, which holds. Raises as `renew`."""
    pades.verify(pdf, sealing.believed)
    out = io.BytesIO()
    with pades.by_library():
        PdfTimeStamper(sealing.stamper).update_archival_timestamp_chain(
            PdfFileReader(io.BytesIO(pdf), strict=True),
            sealing.believed.context(),
            in_place=False,
            output=out,
        )
    made = out.getvalue()
    pades.verify(made, sealing.believed)
    return made


def until(pdf: bytes) -> datetime:
    """The end of the certificate of the last time stamp."""
    last: Any = PdfFileReader(io.BytesIO(pdf), strict=True).embedded_timestamp_signatures[-1]
    end: datetime = last.signer_cert.not_valid_after
    return end
