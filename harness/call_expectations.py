"""What a call that is not of the DMP must give (INSi, parameter file), and the findings that say whether it did.

Judged on raw bytes. Calls of the DMP are `harness.expectations`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from lxml import etree
from pydantic import BaseModel, ConfigDict, Field

from harness.checks.judged import Declared, Judged
from harness.checks.rule import Finding
from harness.expectations import XpathExpect
from harness.substitution import substitute
from protocol import transactions
from protocol.exchange import Exchange, header

_CODE = "//*[local-name()='RESULTAT']/*[local-name()='CR']/*[local-name()='CodeCR']"
_ACTIVE = "//*[local-name()='INSACTIF']/*[local-name()='IdIndividu']/*"
_OLDER = "//*[local-name()='INSHISTO']"
_FAULT = "//soap:Fault/soap:Code/soap:Subcode/soap:Value | //*[local-name()='Erreur']/@code"
_PARAMETERS = "//*[local-name()='parametre']"


class Since(BaseModel):
    """At most so many seconds after a moment that was saved (ISO 8601)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    moment: str = Field(min_length=1)
    seconds: int = Field(ge=1)


class CallExpect(BaseModel):
    """What comes back, and what the request itself must hold."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    http: int | None = None
    code: str = Field(default="", description="INSi: code of the answer, 00, 01 or 02")
    number: str = Field(default="", description="INSi: the matricule that is answered, key included")
    older: int | None = Field(default=None, ge=0, description="INSi: how many older INS are answered")
    fault: str = Field(default="", description="INSi: subcode or code of the fault")
    parameters: dict[str, str] = Field(default={}, description="values of the parameter file")
    location: str = Field(default="", description="where a redirection leads: a regular expression")
    since: Since | None = None
    request: list[XpathExpect] = []

    def resolved(self, values: Mapping[str, str]) -> CallExpect:
        """The same with every `${name}` replaced. Raises ToolError for a value that was not captured."""
        return CallExpect.model_validate(substitute(self.model_dump(exclude_defaults=True), values))


def judge_call(expect: CallExpect, exchange: Exchange, name: str) -> tuple[Finding, ...]:
    """Findings on one call; `name` is that of a neighbour (protocol.transactions.NEIGHBOURS)."""
    transaction = transactions.NEIGHBOURS[name]
    asked = Judged(exchange, "request", transaction, Declared())
    view = Judged(exchange, "response", transaction, Declared())
    found = [*_requested(expect, asked), *_answered(expect, exchange, view)]
    return tuple(
        Finding(rule, "PASS" if good else "FAIL", where, seen, wanted, exchange.id)
        for rule, good, where, seen, wanted in found
    )


_Judgement = tuple[str, bool, str, str, str]


def _requested(expect: CallExpect, view: Judged) -> Iterator[_Judgement]:
    if expect.since is not None:
        moment = datetime.fromisoformat(expect.since.moment)
        passed = view.exchange.started - moment
        good = passed <= timedelta(seconds=expect.since.seconds)
        yield (
            "EXPECT-WITHIN",
            good,
            "request:",
            f"{int(passed.total_seconds())} s",
            f"≤ {expect.since.seconds} s",
        )
    for item in expect.request:
        values = _values(view, item.path)
        good, wanted = _compared(item, values)
        yield "EXPECT-REQUEST", good, f"request:{item.path}", " | ".join(values[:5]), wanted


def _answered(expect: CallExpect, exchange: Exchange, view: Judged) -> Iterator[_Judgement]:
    answer = exchange.response
    if answer is None:
        yield "EXPECT-ANSWER", False, "response:", exchange.failure, "HTTP"
        return
    if expect.http is not None:
        yield (
            "EXPECT-HTTP",
            answer.status == expect.http,
            "response:status",
            str(answer.status),
            str(expect.http),
        )
    if expect.location:
        found = header(answer.headers, "Location")
        good = re.search(expect.location, found) is not None
        yield "EXPECT-LOCATION", good, "response:Location", found, expect.location
    for wanted, paths in ((expect.code, _CODE), (expect.fault, _FAULT)):
        if wanted:
            values = _values(view, paths)
            good = any(value.rpartition(":")[2] == wanted for value in values)
            yield "EXPECT-INSI", good, "response:", " ".join(values), wanted
    if expect.number:
        found = "".join(_values(view, _ACTIVE))
        yield "EXPECT-INSI", found == expect.number, "response:INSACTIF", found, expect.number
    if expect.older is not None:
        count = len(_values(view, _OLDER))
        yield "EXPECT-INSI", count == expect.older, "response:INSHISTO", str(count), str(expect.older)
    told = _parameters(view)
    for name, wanted in expect.parameters.items():
        found = told.get(name, "")
        yield "EXPECT-PARAMETER", found == wanted, f"response:{name}", found, wanted


def _values(view: Judged, path: str) -> list[str]:
    if view.root is None:
        return []
    try:
        return view.values(path)
    except etree.XPathError:
        return []


def _parameters(view: Judged) -> dict[str, str]:
    """Name -> value of the file, XML or properties."""
    if view.root is not None:
        return {str(one.get("nom")): str(one.get("valeur")) for one in view.nodes(_PARAMETERS)}
    text = view.body.decode("utf-8", "replace")
    pairs = (line.partition("=") for line in text.splitlines())
    return {name.strip(): value.strip() for name, equal, value in pairs if equal}


def _compared(item: XpathExpect, values: list[str]) -> tuple[bool, str]:
    if item.equals is not None:
        return item.equals in values, item.equals
    if item.matches is not None:
        return any(re.search(item.matches, value) for value in values), item.matches
    if item.contains is not None:
        return any(item.contains in value for value in values), item.contains
    if item.count is not None:
        return len(values) == item.count, str(item.count)
    present = item.present is not False
    return bool(values) is present, "present" if present else "absent"


def to_plain(expect: CallExpect) -> dict[str, Any]:
    """Plain JSON of what was expected, for the evidence."""
    return expect.model_dump(exclude_defaults=True)
