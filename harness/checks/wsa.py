"""Rules of WS-Addressing headers, in requests and in answers.

What clients of the field leave out without harm (mustUnderstand, ReplyTo) is a warning here.
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from harness.checks.forms import is_urn_uuid
from harness.checks.judged import Judged
from harness.checks.rule import ANY, Finding, check, failed, verdict
from harness.checks.xpath import attribute, string
from protocol import facts, safexml
from protocol.errors import Text

SOAP = "A-SOAP"
CLAUSE = "WS-Addressing 1.0 ; ITI TF-2 appendice V.3.2"
HEADER = "(soap:Header|soap11:Header)"


def _headers(view: Judged, name: str) -> list[etree._Element]:
    return view.nodes(f"{HEADER}/wsa:{name}")


@check(
    "WSA-ACTION",
    on=ANY,
    side="both",
    group=SOAP,
    clause=CLAUSE,
    title=Text("wsa:Action est celle de la transaction", "wsa:Action is the one of the transaction"),
    mend=Text(
        "copier l'URI d'action documentée, à la casse près", "copy the documented action URI, case included"
    ),
)
def action(view: Judged) -> Iterator[Finding]:
    if not view.soap or view.fault is not None:
        return
    asked = view.transaction.action if view.side == "request" else view.transaction.response_action
    found = _headers(view, "Action") if asked else []
    if asked and not found:
        yield failed(f"{view.side}:wsa:Action", "", asked)
    for item in found:
        yield verdict(safexml.text(item) == asked, view.at(item), safexml.text(item), asked)


@check(
    "WSA-MESSAGE-ID",
    on=ANY,
    side="both",
    group=SOAP,
    clause=CLAUSE,
    title=Text("wsa:MessageID est un UUID en URN", "wsa:MessageID is a UUID as a URN"),
    mend=Text(
        "urn:uuid: suivi d'un UUID neuf à chaque message", "urn:uuid: then a new UUID for each message"
    ),
)
def message_id(view: Judged) -> Iterator[Finding]:
    found = _headers(view, "MessageID")
    if view.soap and not found:
        yield failed(f"{view.side}:wsa:MessageID", "", "urn:uuid:…")
    for item in found:
        value = safexml.text(item)
        yield verdict(
            is_urn_uuid(value), view.at(item), value, "urn:uuid:xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"
        )


@check(
    "WSA-TO",
    on=ANY,
    side="request",
    group=SOAP,
    clause=CLAUSE,
    title=Text("wsa:To est présent (il peut être vide)", "wsa:To is there (it may be empty)"),
    mend=Text("ajouter wsa:To", "add wsa:To"),
)
def to(view: Judged) -> Iterator[Finding]:
    if view.soap:
        count = len(_headers(view, "To"))
        yield verdict(count == 1, f"{view.side}:wsa:To", str(count), "1")


@check(
    "WSA-REPLY-TO",
    on=ANY,
    side="request",
    group=SOAP,
    clause=CLAUSE,
    title=Text("wsa:ReplyTo demande une réponse anonyme", "wsa:ReplyTo asks for an anonymous reply"),
    mend=Text(
        f"wsa:ReplyTo/wsa:Address = {facts.WSA_ANONYMOUS}", f"wsa:ReplyTo/wsa:Address = {facts.WSA_ANONYMOUS}"
    ),
    confidence="B",
    default="warning",
)
def reply_to(view: Judged) -> Iterator[Finding]:
    if not view.soap:
        return
    value = string(view.root, f"{HEADER}/wsa:ReplyTo/wsa:Address") if view.root is not None else ""
    yield verdict(value == facts.WSA_ANONYMOUS, f"{view.side}:wsa:ReplyTo", value, facts.WSA_ANONYMOUS)


@check(
    "WSA-MUST-UNDERSTAND",
    on=ANY,
    side="request",
    group=SOAP,
    clause=f"{CLAUSE} ; mustUnderstand sur Action",
    title=Text("wsa:Action porte mustUnderstand", "wsa:Action carries mustUnderstand"),
    mend=Text('mustUnderstand="true" sur wsa:Action', 'mustUnderstand="true" on wsa:Action'),
    confidence="B",
    default="warning",
)
def must_understand(view: Judged) -> Iterator[Finding]:
    for item in _headers(view, "Action"):
        names = (f"{{{facts.SOAP12}}}mustUnderstand", f"{{{facts.SOAP11}}}mustUnderstand", "mustUnderstand")
        value = next((attribute(item, name) for name in names if item.get(name)), "")
        yield verdict(value in ("true", "1"), view.at(item), value, "true | 1")


@check(
    "WSA-ONCE",
    on=ANY,
    side="both",
    group=SOAP,
    clause="WS-Addressing SOAP Binding §3.2",
    title=Text(
        "Chaque en-tête d'adressage figure une fois au plus", "Each addressing header is there once at most"
    ),
    mend=Text("retirer l'en-tête en double", "remove the duplicate header"),
)
def once(view: Judged) -> Iterator[Finding]:
    for name in ("Action", "MessageID", "To", "ReplyTo", "From", "FaultTo"):
        found = _headers(view, name)
        if found:
            yield verdict(len(found) == 1, view.at(found[-1]), str(len(found)), "1")


@check(
    "WSA-RELATES-TO",
    on=ANY,
    side="response",
    group=SOAP,
    clause="WS-Addressing 1.0 §3.4",
    title=Text(
        "wsa:RelatesTo renvoie au MessageID de la requête", "wsa:RelatesTo names the request's MessageID"
    ),
    mend=Text("recopier le MessageID de la requête", "copy the request's MessageID"),
)
def relates_to(view: Judged) -> Iterator[Finding]:
    asked = view.request.value(f"{HEADER}/wsa:MessageID")
    if view.soap and asked:
        found = view.values(f"{HEADER}/wsa:RelatesTo")
        yield verdict(asked in found, f"{view.side}:wsa:RelatesTo", " | ".join(found), asked)


@check(
    "WSA-ACTION-PARAMETER",
    on=ANY,
    side="request",
    group=SOAP,
    clause="RFC 3902 : paramètre action",
    title=Text(
        "Le paramètre action du Content-Type, s'il est donné, dit la même chose que wsa:Action",
        "The action parameter of Content-Type, when given, says the same as wsa:Action",
    ),
    mend=Text("accorder le paramètre, ou le retirer", "make the parameter agree, or remove it"),
    confidence="C",
    default="info",
)
def action_parameter(view: Judged) -> Iterator[Finding]:
    said = view.parameters.get("action", "")
    if said and view.soap:
        asked = view.value(f"{HEADER}/wsa:Action")
        yield verdict(said == asked, f"{view.side}:Content-Type", said, asked)
