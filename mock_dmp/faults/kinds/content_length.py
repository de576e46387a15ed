"""Fault content-length-too-long: the body is whole, and more is announced than ever comes."""

from __future__ import annotations

from mock_dmp.faults.answering import Answering
from mock_dmp.faults.api import Parameter, fault
from protocol.errors import Text


@fault(
    "content-length-too-long",
    family="http",
    text=Text(
        "La longueur annoncée dépasse celle du corps, qui est entier ; la connexion se ferme",
        "The announced length is more than the body, which is whole; the connection closes",
    ),
    reaction=Text(
        "Tenir la réponse pour incomplète, sans attendre sans fin",
        "Hold the answer for incomplete, without waiting forever",
    ),
    stage="conduct",
    forbids=("AFTER-OTHER-BYTES", "AFTER-STORM"),
    parameters=(
        Parameter("extra", 100, Text("octets annoncés en trop", "bytes announced too many"), least=1),
    ),
    confidence="B",
)
def content_length(answering: Answering, *, extra: int) -> None:
    answering.announced = len(answering.body) + extra
    answering.behave(end="close")
