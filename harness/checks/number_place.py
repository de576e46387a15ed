"""A-NUM: the wire number is where it must be and nowhere else in a request. It is secret, and never shown."""

from __future__ import annotations

from collections.abc import Iterator

from harness.checks.judged import Judged
from harness.checks.rule import ANY, Finding, check, verdict
from harness.checks.vihf_product import NUM, NUMBER
from protocol import safexml
from protocol.errors import Text


@check(
    "NUM-PLACE",
    on=ANY,
    side="request",
    group=NUM,
    clause="numéro d'homologation secret : ni adresse, ni en-tête, ni document ne le porte",
    title=Text(
        "Le numéro d'homologation n'est écrit que dans son attribut",
        "The homologation number is written in its attribute only",
    ),
    mend=Text(
        "retirer le numéro de tout ce qui n'est pas le VIHF", "remove the number from all but the VIHF"
    ),
    requirements=("EX_GEN-1490",),
    confidence="B",
)
def place(view: Judged) -> Iterator[Finding]:
    number = view.declared.wire_number
    if not number or view.assertion is None:
        return
    wanted = number.encode()
    lines = "\n".join((view.exchange.request.target, *(value for _, value in view.headers)))
    yield verdict(number not in lines, "request:http", *_count(lines.count(number), 0))
    held = sum(safexml.text(item).count(number) for item in view.attribute_values(NUMBER))
    written = view.body.count(wanted)
    yield verdict(written <= held, "request:", *_count(written, held))
    for element, data in view.documents:
        yield verdict(wanted not in data, view.at(element), *_count(data.count(wanted), 0))


def _count(found: int, expected: int) -> tuple[str, str]:
    return f"{found} ×", f"{expected} ×"
