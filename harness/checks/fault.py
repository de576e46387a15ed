"""Rules of SOAP faults: code, subcode, French reason, nothing beside the fault."""

from __future__ import annotations

from collections.abc import Iterator

from harness.checks.judged import Judged
from harness.checks.rule import ANY, Finding, check, verdict
from harness.checks.xpath import attribute, nodes, string, strings
from protocol.errors import Text

FAULT = "FAULT"
CODES = ("Sender", "Receiver", "MustUnderstand", "VersionMismatch", "DataEncodingUnknown")


@check(
    "FAULT-CODE",
    on=ANY,
    side="response",
    group=FAULT,
    clause="SOAP 1.2 partie 1 §5.4.6",
    title=Text("Le code de la faute est un code SOAP 1.2", "The code of the fault is a SOAP 1.2 code"),
    mend=Text("soap:Sender ou soap:Receiver", "soap:Sender or soap:Receiver"),
)
def code(view: Judged) -> Iterator[Finding]:
    if view.fault is not None:
        value = string(view.fault, "soap:Code/soap:Value")
        yield verdict(value.rpartition(":")[2] in CODES, view.at(view.fault), value, " | ".join(CODES))


@check(
    "FAULT-SUBCODE",
    on=ANY,
    side="response",
    group=FAULT,
    clause="code d'erreur du DMP porté par le Subcode",
    title=Text("La faute porte un sous-code d'erreur", "The fault carries an error subcode"),
    mend=Text(
        "porter le code d'erreur dans soap:Subcode/soap:Value",
        "carry the error code in soap:Subcode/soap:Value",
    ),
    confidence="B",
    default="warning",
)
def subcode(view: Judged) -> Iterator[Finding]:
    if view.fault is not None:
        value = string(view.fault, "soap:Code/soap:Subcode/soap:Value")
        simple = string(view.fault, "soap:Code/soap:Value").rpartition(":")[2] in CODES[2:]
        yield verdict(bool(value) or simple, view.at(view.fault), value, "soap:Subcode/soap:Value")


@check(
    "FAULT-REASON",
    on=ANY,
    side="response",
    group=FAULT,
    clause="SOAP 1.2 partie 1 §5.4.2",
    title=Text("La faute dit sa raison, avec sa langue", "The fault tells its reason, with its language"),
    mend=Text("un soap:Text avec xml:lang", "a soap:Text with xml:lang"),
)
def reason(view: Judged) -> Iterator[Finding]:
    if view.fault is None:
        return
    texts = nodes(view.fault, "soap:Reason/soap:Text")
    yield verdict(len(texts) > 0, view.at(view.fault), str(len(texts)), "≥ 1 soap:Reason/soap:Text")
    for text in texts:
        language = attribute(text, "{http://www.w3.org/XML/1998/namespace}lang")
        good = bool(language) and bool(strings(text, "string()")[0].strip())
        yield verdict(good, view.at(text), f'xml:lang="{language}"', "xml:lang + texte / text")


@check(
    "FAULT-ALONE",
    on=ANY,
    side="response",
    group=FAULT,
    clause="SOAP 1.2 partie 1 §5.4",
    title=Text("La faute est seule dans le corps", "The fault is alone in the body"),
    mend=Text("ne rien mettre à côté de soap:Fault", "put nothing beside soap:Fault"),
)
def alone(view: Judged) -> Iterator[Finding]:
    if view.fault is not None:
        count = len(view.nodes("(soap:Body|soap11:Body)/*"))
        yield verdict(count == 1, view.at(view.fault), str(count), "1")
