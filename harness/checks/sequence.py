"""Rules over the requests of a whole run: what must be new each time is new each time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from harness.checks.judged import Judged
from harness.checks.rule import Finding, check_sequence, verdict
from harness.checks.xpath import attribute
from protocol.errors import Text


@check_sequence(
    "SEQ-MESSAGE-ID",
    group="A-SOAP",
    clause="WS-Addressing 1.0 §3.1 : MessageID unique",
    title=Text("Chaque message a un MessageID neuf", "Each message has a new MessageID"),
    mend=Text("tirer un UUID à chaque envoi", "draw a UUID for each message"),
)
def message_id(views: Sequence[Judged]) -> Iterator[Finding]:
    yield from _fresh(
        views, lambda view: view.value("(soap:Header|soap11:Header)/wsa:MessageID"), "wsa:MessageID"
    )


@check_sequence(
    "SEQ-ASSERTION-ID",
    group="A-VIHF",
    clause="SAML 2.0 core §1.3.4 : ID unique",
    title=Text("Chaque VIHF a un identifiant neuf", "Each VIHF has a new id"),
    mend=Text("émettre un VIHF par appel", "issue one VIHF a call"),
)
def assertion_id(views: Sequence[Judged]) -> Iterator[Finding]:
    def identifier(view: Judged) -> str:
        return "" if view.assertion is None else attribute(view.assertion, "ID")

    yield from _fresh(views, identifier, "saml:Assertion/@ID")


def _fresh(views: Sequence[Judged], read: Callable[[Judged], str], name: str) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for view in views:
        value = read(view)
        if value:
            first = seen.setdefault(value, view.exchange.id)
            expected = "neuf / new" if first == view.exchange.id else f"neuf / new (≠ {first})"
            finding = verdict(first == view.exchange.id, f"request:{name}", value, expected)
            yield replace(finding, exchange=view.exchange.id)
