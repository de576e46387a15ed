"""Fault corrupt-part: bits of a binary part are flipped, the same ones each time."""

from __future__ import annotations

import io
from dataclasses import replace

from mock_dmp.context import Attachment
from mock_dmp.faults.answering import Answering, drawn
from mock_dmp.faults.api import Parameter, fault
from protocol.errors import Text


@fault(
    "corrupt-part",
    family="mtom",
    text=Text("Quelques bits d'une partie binaire sont inversés", "Some bits of a binary part are flipped"),
    reaction=Text(
        "Comparer l'empreinte du document à celle de sa fiche ; ne pas montrer un document altéré",
        "Compare the document's hash with that of its entry; do not show an altered document",
    ),
    stage="envelope",
    forbids=("AFTER-STORM",),
    parameters=(
        Parameter(
            "flips", 8, Text("nombre de bits inversés", "number of bits flipped"), least=1, most=10_000
        ),
        Parameter("seed", 0, Text("graine du tirage des bits", "seed of the choice of bits")),
    ),
    confidence="B",
)
def corrupt(answering: Answering, *, flips: int, seed: int) -> None:
    answering.attachments = tuple(_flipped(part, flips, seed) for part in answering.attachments)


def _flipped(part: Attachment, flips: int, seed: int) -> Attachment:
    with part.open() as stream:
        data = bytearray(stream.read())
    draw = drawn(seed, len(data))
    for place in draw.sample(range(len(data)), min(flips, len(data))):
        data[place] ^= 1 << draw.randrange(8)
    whole = bytes(data)
    return replace(part, open=lambda: io.BytesIO(whole))
