"""Fault extra-part: a part that nothing names."""

from __future__ import annotations

import io

from mock_dmp.context import Attachment
from mock_dmp.faults.answering import Answering
from mock_dmp.faults.api import fault
from protocol.errors import Text

_STRANGER = b"<?xml version='1.0'?><etranger>ce document n'a pas \xc3\xa9t\xc3\xa9 demand\xc3\xa9</etranger>"


@fault(
    "extra-part",
    family="mtom",
    text=Text("Une partie que rien ne référence est jointe", "A part that nothing refers to is attached"),
    reaction=Text("Ignorer la partie orpheline", "Leave the orphan part alone"),
    stage="envelope",
    confidence="C",
)
def extra(answering: Answering) -> None:
    """Without effect on an answer that is not multipart."""
    stranger = Attachment("etranger@dmpcompat", "text/xml", lambda: io.BytesIO(_STRANGER))
    if answering.packaging == "mtom":
        answering.attachments = (*answering.attachments, stranger)
