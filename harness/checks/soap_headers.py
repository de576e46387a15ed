"""Rules of SOAP headers and faults beyond WS-Addressing's own: whom the answer is for, what Security holds, QNames."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lxml import etree

from harness.checks.judged import Judged
from harness.checks.rule import ANY, Finding, check, verdict
from harness.checks.wsa import HEADER, SOAP
from harness.checks.xpath import attribute, local_name, nodes, string
from protocol import facts, safexml
from protocol.errors import Text

_ENCRYPTION: Final = "http://www.w3.org/2001/04/xmlenc#"
_LANGUAGE: Final = "{http://www.w3.org/XML/1998/namespace}lang"


@check(
    "WSA-ANSWER-TO",
    on=ANY,
    side="response",
    group=SOAP,
    clause="WS-Addressing 1.0 §3.4 : la réponse va à l'adresse de ReplyTo",
    title=Text("wsa:To de la réponse est l'adresse anonyme", "wsa:To of the answer is the anonymous address"),
    mend=Text(facts.WSA_ANONYMOUS, facts.WSA_ANONYMOUS),
    confidence="B",
    default="warning",
)
def answer_to(view: Judged) -> Iterator[Finding]:
    for item in view.nodes(f"{HEADER}/wsa:To") if view.soap else []:
        found = safexml.text(item)
        yield verdict(found == facts.WSA_ANONYMOUS, view.at(item), found, facts.WSA_ANONYMOUS)


@check(
    "WSA-REPLY-UNDERSTOOD",
    on=ANY,
    side="request",
    group=SOAP,
    clause="interface DMP : mustUnderstand sur ReplyTo, quand il est envoyé",
    title=Text("wsa:ReplyTo porte mustUnderstand", "wsa:ReplyTo carries mustUnderstand"),
    mend=Text('mustUnderstand="true" sur wsa:ReplyTo', 'mustUnderstand="true" on wsa:ReplyTo'),
    confidence="B",
    default="info",
)
def reply_understood(view: Judged) -> Iterator[Finding]:
    names = (f"{{{facts.SOAP12}}}mustUnderstand", f"{{{facts.SOAP11}}}mustUnderstand", "mustUnderstand")
    for item in view.nodes(f"{HEADER}/wsa:ReplyTo"):
        value = next((attribute(item, name) for name in names if item.get(name)), "")
        yield verdict(value in ("true", "1"), view.at(item), value, "true | 1")


@check(
    "SOAP-SECURITY-BARE",
    on=ANY,
    side="request",
    group=SOAP,
    clause="interface DMP : ni horodatage, ni signature du corps, ni chiffrement",
    title=Text(
        "wsse:Security ne tient que le VIHF ; rien n'est chiffré dans le message",
        "wsse:Security holds the VIHF only; nothing in the message is encrypted",
    ),
    mend=Text(
        "retirer Timestamp, BinarySecurityToken, signature ou chiffrement de WS-Security",
        "remove the Timestamp, BinarySecurityToken, signature or encryption of WS-Security",
    ),
    confidence="B",
    default="warning",
)
def security_bare(view: Judged) -> Iterator[Finding]:
    for header in view.nodes(f"{HEADER}/wsse:Security"):
        others = [local_name(one) for one in nodes(header, "*") if one.tag != f"{{{facts.SAML}}}Assertion"]
        yield verdict(not others, view.at(header), ", ".join(others) or "–", "saml:Assertion")
    if view.root is not None and view.soap:
        found = next(view.root.iter(f"{{{_ENCRYPTION}}}*"), None)
        yield verdict(found is None, view.at(found), "" if found is None else str(found.tag), "0 xenc:*")


@check(
    "FAULT-QNAME",
    on=ANY,
    side="response",
    group="FAULT",
    clause="SOAP 1.2 partie 1 §5.4.1.1, §5.4.1.3 : des noms qualifiés",
    title=Text(
        "Les codes de la faute sont des noms qualifiés, le premier dans l'espace de noms de SOAP 1.2",
        "The codes of the fault are qualified names, the first one in the namespace of SOAP 1.2",
    ),
    mend=Text(
        "déclarer le préfixe du code ; soap:Sender avec le préfixe de l'enveloppe",
        "declare the prefix of the code; soap:Sender with the prefix of the envelope",
    ),
)
def qnames(view: Judged) -> Iterator[Finding]:
    if view.fault is None:
        return
    for item in nodes(view.fault, "soap:Code/soap:Value"):
        found = _namespace(item)
        yield verdict(found == facts.SOAP12, view.at(item), f"{safexml.text(item)} ({found})", facts.SOAP12)
    for item in nodes(view.fault, "soap:Code/descendant::soap:Subcode/soap:Value"):
        prefixed = ":" in safexml.text(item)
        good = bool(_namespace(item)) or not prefixed
        yield verdict(good, view.at(item), safexml.text(item), "xmlns:…")


def _namespace(item: etree._Element) -> str:
    """Namespace of the name that an element holds, "" when its prefix is not declared."""
    prefix = safexml.text(item).strip().rpartition(":")[0]
    return str(item.nsmap.get(prefix or None) or "")


@check(
    "FAULT-FRENCH",
    on=ANY,
    side="response",
    group="FAULT",
    clause="interface DMP : la raison de la faute est une phrase française",
    title=Text("Une raison de la faute est en français", "One reason of the fault is in French"),
    mend=Text('xml:lang="fr"', 'xml:lang="fr"'),
    confidence="C",
    default="info",
)
def french(view: Judged) -> Iterator[Finding]:
    if view.fault is not None:
        found = [attribute(one, _LANGUAGE) for one in nodes(view.fault, "soap:Reason/soap:Text")]
        good = any(one.lower().startswith("fr") for one in found)
        # A fault about addressing or SOAP itself is the stack's, in the stack's language.
        own = bool(
            string(view.fault, "soap:Code/soap:Subcode/soap:Value").rpartition(":")[2].startswith("DMP")
        )
        if own:
            yield verdict(good, view.at(view.fault), " | ".join(found), "fr")
