"""Frames that a step of the plan did not get: other answers, other requests, each to be judged in its place.

For the test that every expectation of the plan can fail. Nothing is sent: they are made of kept evidence.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from harness import evidence
from harness.checks.judged import Declared
from harness.checks.rule import Finding
from harness.judging import Judging
from harness.results import RunResult
from protocol import transactions
from protocol.exchange import Exchange, Headers, Response
from tests.selfplay import LOADED

_SOAP: Final[Headers] = (("Content-Type", "application/soap+xml"),)
_HTML: Final[Headers] = (("Content-Type", "text/html; charset=utf-8"),)
_ENVELOPE: Final = b'<soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope"><soap:Body>%b</soap:Body></soap:Envelope>'
_FAULT: Final = (
    b"<soap:Fault><soap:Code><soap:Value>soap:Receiver</soap:Value><soap:Subcode><soap:Value>soap:Autre</soap:Value>"
    b"</soap:Subcode></soap:Code></soap:Fault>"
)
#: What pages of the plan must not show, beside words.
_UNWANTED: Final = (
    b"<script></script><button value='bris-de-glace'>x</button><table><tr class='trace'></tr></table>"
)
_REFUSED: Final = ((b"Success", b"Failure"), (b'"AA"', b'"AE"'), (b"DMPOk", b"DMPKo"))


_QUOTED: Final = re.compile(r"'([A-Z]+)'")
#: Exchanges of the same transaction that are tried in the place of one.
_MOST: Final = 40


@dataclass(frozen=True)
class Station:
    """One exchange of the campaign, with all that its judgement depends on."""

    code: str
    step: int
    judging: Judging
    resolved: Mapping[str, Any]
    exchange: Exchange

    def expected(self, exchange: Exchange | None = None) -> tuple[Finding, ...]:
        """What the step finds of its own exchange, or of another in its place."""
        return self.judging.expectation(exchange or self.exchange, self.resolved)


def stations(result: RunResult) -> list[Station]:
    """Every exchange of a run that a step made."""
    found = []
    for case in LOADED.plan.cases:
        judging = Judging(transactions.load(), Declared(), LOADED.plan.severity, case.side)
        test = evidence.finished(result.evidence, case.code) or {}
        for step in test["steps"]:
            if "frame" in step:
                exchange = evidence.frame(result.evidence, case.code, step["frame"])
                found.append(Station(case.code, step["step"], judging, step["resolved"], exchange))
    return found


class OtherFrames:
    """What could have come, or gone, instead."""

    def __init__(self, all_of_them: list[Station]) -> None:
        self._of: dict[str, list[Exchange]] = defaultdict(list)
        self._in: dict[str, list[Exchange]] = defaultdict(list)
        for one in all_of_them:
            self._of[one.resolved["transaction"]].append(one.exchange)
            self._in[one.code].append(one.exchange)

    def instead(self, one: Station) -> Iterator[Exchange]:
        """Exchanges in the place of that one, the least laborious first."""
        here = one.exchange
        yield replace(here, response=Response(500, _SOAP, _ENVELOPE % _FAULT))
        yield replace(here, response=Response(200, _SOAP, _ENVELOPE % b""))
        yield replace(here, response=Response(299, _HTML, b"<html><title>?</title><body></body></html>"))
        yield replace(here, response=None, failure="answered: nothing")
        yield replace(here, request=replace(here.request, headers=_SOAP, body=_ENVELOPE % b""))
        if here.response is not None:
            yield from self._changed(one, here.response)
        for other in (*self._in[one.code], *self._of[one.resolved["transaction"]][:_MOST]):
            yield replace(here, response=other.response)
            yield replace(here, request=other.request)
            # The platform says back what it was told: a document that it should not have is then in its answer.
            yield replace(here, response=Response(200, other.request.headers, other.request.body))

    @staticmethod
    def _changed(one: Station, answer: Response) -> Iterator[Exchange]:
        refused = answer.body
        for before, after in _REFUSED:
            refused = refused.replace(before, after)
        accepted = re.sub(rb"(:status>)[^<]+<", rb"\1DMPOk<", answer.body)
        words = " ".join(one.resolved.get("page", {}).get("lacks", ())).encode()
        shown = answer.body.replace(b"</main>", b"<p>" + words + b"</p>" + _UNWANTED + b"</main>")
        altered = answer.body.replace(b"</ClinicalDocument>", b"</ClinicalDocument >").replace(
            b'"OK"', b'"NF"'
        )
        unasked = [
            re.sub(rb"(:lastName>)[^<]+<", rb"\1" + name.encode() + b"<", answer.body)
            for item in one.resolved.get("expect", {}).get("xpath", ())
            for name in _QUOTED.findall(item["path"])
        ]
        for body in (refused, accepted, shown, altered, *unasked):
            yield replace(one.exchange, response=replace(answer, body=body))


def never_failing(one: Station, others: OtherFrames) -> set[tuple[str, str, str]]:
    """The expectations of a step (rule, place, value) that no other frame turns."""
    left = {(item.rule, item.where, item.expected) for item in one.expected()}
    for exchange in others.instead(one):
        if not left:
            break
        left -= {
            (item.rule, item.where, item.expected) for item in one.expected(exchange) if item.status == "FAIL"
        }
    return left
