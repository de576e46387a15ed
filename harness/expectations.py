"""What a step expects of the answer, and the findings that say whether it came.

Judged on the raw bytes of the response through the oracle's own view. Each expectation that is written
gives one finding or more; the rule names start with `EXPECT-`. Rules of conformity are `harness.checks`,
not here.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Literal

from lxml import etree
from pydantic import BaseModel, ConfigDict, Field, StrictBool, model_validator

from harness.checks.judged import Declared, Judged
from harness.checks.rule import Finding, Status
from harness.reception import Described, reception
from harness.substitution import substitute
from protocol import facts
from protocol.exchange import Exchange, header
from protocol.transactions import Transaction

#: Where each carrier puts its code; the subcode of a fault is a QName, compared by its local name or as
#: `prefix:name`.
_FAULT: Final = "//soap:Fault/soap:Code/soap:Subcode/soap:Value"
_FAULT_TOP: Final = "//soap:Fault/soap:Code/soap:Value"
_EBXML: Final = "//rs:RegistryErrorList/rs:RegistryError/@errorCode"
_ACK: Final = "//hl7:acknowledgement/@typeCode|//hl7:acknowledgement/hl7:typeCode/@code"
_ACK_CODE: Final = "//hl7:acknowledgement/hl7:acknowledgementDetail/hl7:code/@code"
_STATUS: Final = "//hab:output/hab:status|//pat:output/pat:status"
_QUERY_RESPONSE: Final = "//hl7:queryAck/hl7:queryResponseCode/@code"
_AUTHORISATION: Final = "//hl7:attentionLine[hl7:keyWordText/@code='AUTORISATION']/hl7:value/@code"
_PATIENT_STATUS: Final = "//hl7:patient/hl7:statusCode/@code"
_REGISTRY_STATUS: Final = "//rs:RegistryResponse/@status|//query:AdhocQueryResponse/@status"
#: Texts that an error carries for a reader.
_TEXTS: Final = (
    "//soap:Fault/soap:Reason/soap:Text",
    "//rs:RegistryError/@codeContext",
    "//rs:RegistryError",
    "//hl7:acknowledgementDetail/hl7:text",
    "//hab:output/hab:context",
    "//pat:output/pat:context",
)


#: What only the patient may know: compared, never quoted.
_SECRETS: Final = "//pat:login|//pat:password"
#: Longest text of an error that a finding quotes.
_LONGEST: Final = 500
#: First words of the failure of an exchange that the platform cut.
_REFUSALS: Final = frozenset({"tls", "cut"})


class XpathExpect(BaseModel):
    """One XPath on an envelope: exactly one of `equals`, `contains`, `matches`, `count`,
    `present`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str = Field(min_length=1)
    equals: str | None = None
    contains: str | None = None
    matches: str | None = None
    count: int | None = None
    present: StrictBool | None = None

    @model_validator(mode="after")
    def _one(self) -> XpathExpect:
        given = (self.equals, self.contains, self.matches, self.count, self.present)
        if sum(value is not None for value in given) > 1:
            raise ValueError("equals | contains | matches | count | present: one")
        return self


class Expect(BaseModel):
    """What the answer must be. Codes may list alternatives with `|`; `cause` is a regular expression."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    success: StrictBool | None = None
    http: int | None = None
    error: str = Field(default="", description="error code, whatever carries it")
    fault: str = ""
    ebxml: str = ""
    ack: str = ""
    ack_code: str = ""
    status: str = ""
    query_response: str = ""
    authorisation: str = ""
    patient_status: str = ""
    cause: str = ""
    retrieved: str = Field(default="", description="SHA-256 (hex) that a retrieved document must have")
    connection: Literal["", "refused"] = ""
    host: str = Field(
        default="",
        description="host and port that the request is sent to; first or other in a plan (see connection)",
    )
    seen: str = Field(default="", description="what the LPS must see that came back (harness.reception)")
    xpath: list[XpathExpect] = []
    request: list[XpathExpect] = Field(default=[], description="what the request itself must hold")

    def resolved(self, values: Mapping[str, str]) -> Expect:
        """The same with every `${name}` replaced. Raises ToolError for a value that was not captured."""
        return Expect.model_validate(substitute(self.model_dump(exclude_defaults=True), values))

    def codes(self) -> frozenset[str]:
        """Error codes that it names."""
        return frozenset(
            code.strip()
            for field in (self.error, self.fault, self.ebxml)
            for code in field.split("|")
            if code.strip()
        )

    def expressions(self) -> tuple[str, ...]:
        return tuple(item.path for item in (*self.xpath, *self.request))


def judge_answer(
    expect: Expect,
    exchange: Exchange,
    transaction: Transaction,
    *,
    under_test: Literal["L", "D"],
    known: Described | None = None,
) -> tuple[Finding, ...]:
    """Findings on what the request holds and on the answer of one exchange.

    No answer at all fails the platform when it is the one under test; otherwise nothing can be said of the
    software (VACUOUS), unless a refused connection is what was expected.
    """
    asked = Judged(exchange, "request", transaction, Declared())
    sent = tuple(
        _finding(exchange, _xpath("EXPECT-REQUEST", asked, item), "request") for item in expect.request
    )
    if expect.host:
        sent = (*sent, _host(expect.host, exchange))
    if expect.connection == "refused":
        return (*sent, _connection(exchange))
    if expect.seen:
        found = _seen(expect.seen, Judged(exchange, "response", transaction, Declared()), known)
        if found.status == "FAIL" or not _usable(expect, exchange):
            return (*sent, found)
        sent = (*sent, found)
    if exchange.response is None:
        status: Status = "FAIL" if under_test == "D" else "VACUOUS"
        return (*sent, Finding("EXPECT-ANSWER", status, "response:", exchange.failure, "SOAP", exchange.id))
    view = Judged(exchange, "response", transaction, Declared())
    judged = _judgements(expect, view, exchange.response.status)
    return (*sent, *(_finding(exchange, judgement, "response") for judgement in judged))


Judgement = tuple[str, bool, str, str, str]


def _judgements(expect: Expect, view: Judged, http: int) -> Iterator[Judgement]:
    """Each expectation; one that failed also quotes the error of the answer.

    After a failure on a SOAP fault the others are left out: they would repeat that there is no answer to read.
    """
    said = _said(view)
    for rule, good, where, found, expected in _expected(expect, view, http):
        if good or rule == "EXPECT-CAUSE" or not said:
            yield rule, good, where, found, expected
            continue
        codes = " ".join(_errors(view)) if view.root is not None else ""
        yield (
            rule,
            good,
            where,
            " — ".join(dict.fromkeys(part for part in (found or codes, said) if part)),
            expected,
        )
        if view.fault is not None:
            return


def _said(view: Judged) -> str:
    """Texts of the error that the answer carries, on one line, shortened; "" without any."""
    if view.root is None:
        return ""
    texts = (" ".join(text.split()) for path in _TEXTS for text in view.values(path))
    line = " ".join(dict.fromkeys(text for text in texts if text))
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def _expected(expect: Expect, view: Judged, http: int) -> Iterator[Judgement]:
    if view.root is None:
        yield "EXPECT-READABLE", False, "", view.trouble, "SOAP"
        return
    if expect.http is not None:
        yield "EXPECT-HTTP", http == expect.http, "status", str(http), str(expect.http)
    if expect.success is not None:
        yield _success(view, expect.success)
    for rule, wanted, read in _CODES:
        if choice := wanted(expect):
            found = read(view)
            yield rule, _among(choice, found), rule.removeprefix("EXPECT-").lower(), " ".join(found), choice
    if expect.cause:
        said = " ".join(text for path in _TEXTS for text in view.values(path) if text)
        yield (
            "EXPECT-CAUSE",
            re.search(expect.cause, said, re.IGNORECASE) is not None,
            "text",
            said,
            expect.cause,
        )
    if expect.retrieved:
        found_sums = [hashlib.sha256(data).hexdigest() for _, data in view.documents]
        yield (
            "EXPECT-RETRIEVED",
            expect.retrieved in found_sums,
            "document",
            " ".join(found_sums),
            expect.retrieved,
        )
    for item in expect.xpath:
        yield _xpath("EXPECT-XPATH", view, item)


def _finding(exchange: Exchange, judgement: Judgement, side: str) -> Finding:
    rule, good, where, found, expected = judgement
    return Finding(rule, "PASS" if good else "FAIL", f"{side}:{where}", found, expected, exchange.id)


_Reader = Callable[[Judged], list[str]]


def _values(path: str) -> _Reader:
    return lambda view: view.values(path)


def _errors(view: Judged) -> list[str]:
    return [value for path in (_FAULT, _EBXML, _ACK_CODE, _STATUS) for value in view.values(path)]


_CODES: Final[tuple[tuple[str, Callable[[Expect], str], _Reader], ...]] = (
    ("EXPECT-ERROR", lambda expect: expect.error, _errors),
    (
        "EXPECT-FAULT",
        lambda expect: expect.fault,
        lambda view: view.values(_FAULT) or view.values(_FAULT_TOP),
    ),
    ("EXPECT-EBXML", lambda expect: expect.ebxml, _values(_EBXML)),
    ("EXPECT-ACK", lambda expect: expect.ack, _values(_ACK)),
    ("EXPECT-ACK-CODE", lambda expect: expect.ack_code, _values(_ACK_CODE)),
    ("EXPECT-STATUS", lambda expect: expect.status, _values(_STATUS)),
    ("EXPECT-QUERY-RESPONSE", lambda expect: expect.query_response, _values(_QUERY_RESPONSE)),
    ("EXPECT-AUTHORISATION", lambda expect: expect.authorisation, _values(_AUTHORISATION)),
    ("EXPECT-PATIENT-STATUS", lambda expect: expect.patient_status, _values(_PATIENT_STATUS)),
)


def _success(view: Judged, wanted: bool) -> Judgement:
    """The success marker of the transaction, whatever carries it; a fault is never a success."""
    marks = [
        *(value == facts.SUCCESS for value in view.values(_REGISTRY_STATUS)),
        *(value == "AA" for value in view.values(_ACK)),
        *(value == "DMPOk" for value in view.values(_STATUS)),
    ]
    good = view.fault is None and bool(marks) and all(marks)
    found = " ".join(
        value
        for path in (_FAULT, _REGISTRY_STATUS, _EBXML, _ACK, _ACK_CODE, _STATUS)
        for value in view.values(path)
    )
    return "EXPECT-SUCCESS", good is wanted, "status", found, "success" if wanted else "no success"


def _among(choice: str, found: list[str]) -> bool:
    wanted = {code.strip() for code in choice.split("|")}
    return any(value in wanted or value.rpartition(":")[2] in wanted for value in found)


def _xpath(rule: str, view: Judged, item: XpathExpect) -> Judgement:
    try:
        values = view.values(item.path)
    except etree.XPathError as problem:
        return rule, False, item.path, str(problem), "XPath"
    found = _unsaid(view, " | ".join(values[:5]))
    for wanted, good in (
        (item.equals, item.equals in values),
        (item.contains, any(item.contains in value for value in values if item.contains is not None)),
        (item.matches, any(re.search(item.matches, value) for value in values if item.matches is not None)),
    ):
        if wanted is not None:
            return rule, bool(good), item.path, found, wanted
    if item.count is not None:
        return rule, len(values) == item.count, item.path, str(len(values)), str(item.count)
    present = item.present is not False
    return rule, bool(values) is present, item.path, found, "present" if present else "absent"


def _host(wanted: str, exchange: Exchange) -> Finding:
    found = header(exchange.request.headers, "Host")
    status: Status = "PASS" if found.lower() == wanted.lower() else "FAIL"
    return Finding("EXPECT-HOST", status, "request:Host", found, wanted, exchange.id)


def _usable(expect: Expect, exchange: Exchange) -> bool:
    """Whether the case expects more of an answer than what is seen of it."""
    more = expect.model_dump(exclude_defaults=True, exclude={"seen", "request", "host"})
    return exchange.response is not None and bool(more)


def _seen(wanted: str, view: Judged, known: Described | None) -> Finding:
    found = reception(view, known)
    good = found.word in {word.strip() for word in wanted.split("|")}
    told = f"{found.word} ({found.detail})" if found.detail else found.word
    return Finding(
        "EXPECT-SEEN", "PASS" if good else "FAIL", "response:", told[:_LONGEST], wanted, view.exchange.id
    )


def _unsaid(view: Judged, text: str) -> str:
    """The text without what only the patient may know."""
    for secret in filter(None, view.values(_SECRETS)):
        text = text.replace(secret, "•••")
    return text


def _connection(exchange: Exchange) -> Finding:
    """A refusal is the peer's act: a host that is down or too slow proves nothing."""
    refused = exchange.response is None and exchange.failure.partition(":")[0] in _REFUSALS
    found = f"HTTP {exchange.response.status}" if exchange.response else exchange.failure
    return Finding(
        "EXPECT-CONNECTION",
        "PASS" if refused else "FAIL",
        "connection:",
        found,
        "connexion refusée / connection refused",
        exchange.id,
    )


def to_plain(expect: Expect) -> dict[str, Any]:
    """Plain JSON of what was expected, for the evidence."""
    return expect.model_dump(exclude_defaults=True)
