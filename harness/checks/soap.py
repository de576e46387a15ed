"""Rules of the SOAP envelope: readable, 1.2, one body, the payload of the transaction, one Security header."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from harness.checks.judged import Judged
from harness.checks.rule import ANY, Finding, check, failed, passed, verdict
from harness.checks.xpath import nodes
from protocol import facts
from protocol.errors import Text

SOAP = "A-SOAP"


@check(
    "SOAP-READABLE",
    on=ANY,
    side="both",
    group=SOAP,
    clause="XML 1.0 ; RFC 2387 ; SOAP 1.2 §5 (DTD interdite)",
    title=Text(
        "Le message se lit : MIME cohérent, XML bien formé, sans DTD ni entité",
        "The message can be read: coherent MIME, well-formed XML, no DTD, no entity",
    ),
    mend=Text(
        "corriger l'emballage ou le XML à l'endroit indiqué", "mend the packaging or the XML at that place"
    ),
)
def readable(view: Judged) -> Iterator[Finding]:
    if view.refused_below_soap:
        return
    where = f"{view.side}:bytes 0-{len(view.body)}"
    yield failed(where, view.trouble, "XML 1.0") if view.root is None else passed(where)


@check(
    "SOAP-VERSION",
    on=ANY,
    side="both",
    group=SOAP,
    clause="SOAP 1.2 partie 1 §5.1 ; ITI TF-2 appendice V.3",
    title=Text("L'enveloppe est SOAP 1.2", "The envelope is SOAP 1.2"),
    mend=Text(
        f"racine Envelope dans l'espace de noms {facts.SOAP12}", f"root Envelope in namespace {facts.SOAP12}"
    ),
)
def version(view: Judged) -> Iterator[Finding]:
    if view.root is not None:
        yield verdict(
            view.soap == facts.SOAP12, view.at(view.root), str(view.root.tag), f"{{{facts.SOAP12}}}Envelope"
        )


@check(
    "SOAP-STRUCTURE",
    on=ANY,
    side="both",
    group=SOAP,
    clause="SOAP 1.2 partie 1 §5",
    title=Text(
        "L'enveloppe tient un en-tête et un corps, le corps un seul élément",
        "The envelope holds one header and one body, the body a single element",
    ),
    mend=Text("Header puis Body, un seul élément dans Body", "Header then Body, a single element in Body"),
)
def structure(view: Judged) -> Iterator[Finding]:
    if not view.soap or view.root is None:
        return
    names = [etree.QName(child).localname for child in nodes(view.root, "*")]
    yield verdict(names == ["Header", "Body"], view.at(view.root), ", ".join(names), "Header, Body")
    for body in view.nodes("soap:Body|soap11:Body"):
        count = len(nodes(body, "*"))
        yield verdict(count == 1, view.at(body), str(count), "1")


@check(
    "SOAP-PAYLOAD",
    on=ANY,
    side="both",
    group=SOAP,
    clause="racines des corps par transaction",
    title=Text("Le corps est celui de la transaction", "The payload is the one of the transaction"),
    mend=Text(
        "vérifier nom et espace de noms de la racine du corps",
        "check name and namespace of the payload's root",
    ),
)
def payload(view: Judged) -> Iterator[Finding]:
    if view.payload is None or view.fault is not None:
        return
    asked = view.transaction.request_root if view.side == "request" else view.transaction.response_root
    if asked:
        yield verdict(view.payload.tag == asked, view.at(view.payload), str(view.payload.tag), asked)


@check(
    "SOAP-SECURITY",
    on=ANY,
    side="request",
    group=SOAP,
    clause="WS-Security : un en-tête, une assertion VIHF",
    title=Text(
        "Un seul en-tête wsse:Security, qui tient une seule assertion",
        "One wsse:Security header, which holds one assertion",
    ),
    mend=Text("un VIHF, et un seul, dans wsse:Security", "one VIHF, and only one, in wsse:Security"),
)
def security(view: Judged) -> Iterator[Finding]:
    if not view.soap:
        return
    headers = view.nodes("(soap:Header|soap11:Header)/wsse:Security")
    yield verdict(len(headers) == 1, f"{view.side}:wsse:Security", str(len(headers)), "1")
    everywhere = view.nodes("descendant::saml:Assertion")
    inside = view.nodes("(soap:Header|soap11:Header)/wsse:Security/saml:Assertion")
    good = len(inside) == 1 and len(everywhere) == 1
    yield verdict(good, f"{view.side}:saml:Assertion", f"{len(inside)} / {len(everywhere)}", "1 / 1")


@check(
    "SOAP-MUST-UNDERSTAND",
    on=ANY,
    side="both",
    group=SOAP,
    clause="SOAP 1.2 partie 1 §5.2.3",
    title=Text("Aucun en-tête inconnu n'exige d'être compris", "No unknown header demands to be understood"),
    mend=Text("retirer l'en-tête ou son mustUnderstand", "remove the header or its mustUnderstand"),
)
def must_understand(view: Judged) -> Iterator[Finding]:
    for header in view.nodes("(soap:Header|soap11:Header)/*[@soap:mustUnderstand or @soap11:mustUnderstand]"):
        namespace = etree.QName(header).namespace
        yield verdict(
            namespace in (facts.WSA, facts.WSSE), view.at(header), str(header.tag), "wsa:* | wsse:Security"
        )


@check(
    "SOAP-UTF8",
    on=ANY,
    side="both",
    group=SOAP,
    clause="ITI TF-2 appendice V : UTF-8",
    title=Text("Le message est en UTF-8", "The message is UTF-8"),
    mend=Text("encoder en UTF-8", "encode in UTF-8"),
    confidence="B",
    default="warning",
)
def utf8(view: Judged) -> Iterator[Finding]:
    if view.root is not None:
        said = view.root.getroottree().docinfo.encoding or "UTF-8"
        yield verdict(said.upper() == "UTF-8", f"{view.side}:<?xml?>", said, "UTF-8")
