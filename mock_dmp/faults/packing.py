"""Packs an answer that faults or defects spoil: XML, then bytes, then what is said of them in the headers."""

from __future__ import annotations

import io
from email.utils import formatdate

from mock_dmp.conduct import Conduct
from mock_dmp.faults.answering import Answering
from mock_dmp.faults.striking import Interference
from mock_dmp.render import soap as render
from mock_dmp.state.blobs import Blobs
from protocol.exchange import Headers

Packed = tuple[int, Headers, str, int, Conduct]


def packed(found: Interference, answering: Answering, blobs: Blobs) -> Packed:
    """Status, headers, digest of the blob of the body, its size, conduct: the body is what really leaves."""
    found.spoil_envelope(answering)
    out = io.BytesIO()
    kind = render.pack(answering.envelope, answering.attachments, answering.packaging, out)
    answering.body = out.getvalue()
    answering.headers = (("Content-Type", kind), ("Date", formatdate(usegmt=True)), ("Server", "dmpcompat"))
    found.spoil_bytes(answering)
    size = len(answering.body)
    announced = size if answering.announced is None else answering.announced
    answering.set_header("Content-Length", str(announced))
    return answering.status, answering.headers, blobs.put(answering.body), size, answering.conduct
