"""Fault wrong-charset: the bytes are not in the encoding that is declared."""

from __future__ import annotations

from mock_dmp.faults.answering import Answering
from mock_dmp.faults.api import Parameter, fault
from protocol.errors import Text


@fault(
    "wrong-charset",
    family="xml",
    text=Text("Les octets ne sont pas dans l'encodage déclaré", "The bytes are not in the declared encoding"),
    reaction=Text(
        "Refuser la réponse, ou la lire selon le standard ; jamais un nom de patient mal décodé à l'écran",
        "Refuse the answer, or read it as the standard says; never a patient name decoded wrong",
    ),
    stage="bytes",
    forbids=("AFTER-ANSWER-USED", "AFTER-STORM"),
    parameters=(
        Parameter(
            "encoding",
            "invalid",
            Text(
                "invalid : octets qui ne sont pas de l'UTF-8 ; utf-16 : déclaré mais faux",
                "invalid: bytes that are no UTF-8; utf-16: declared but wrong",
            ),
            values=("invalid", "utf-16"),
        ),
    ),
    confidence="C",
)
def charset(answering: Answering, *, encoding: str) -> None:
    if encoding == "utf-16":
        answering.body = answering.body.replace(b"UTF-8", b"UTF-16", 2)
    else:
        answering.body = answering.body.replace(b"</soap:Body>", b"<!-- \xe9\xff --></soap:Body>", 1)
