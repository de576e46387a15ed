"""Defects of the SOAP envelope and of WS-Addressing."""

from __future__ import annotations

from lxml import etree

from harness.drive.alterations import pick
from harness.drive.alterations.registry import alteration
from harness.drive.draft import Draft
from protocol.facts import SOAP11, SOAP12, WSA

_DECLARATION = b"<?xml version='1.0' encoding='UTF-8'?>\n"
_OTHER_ACTIONS = {
    "TD3.1": "urn:ihe:iti:2007:RetrieveDocumentSet",
    **dict.fromkeys(("TD0.2", "TD1.3a"), "urn:ihe:iti:2007:RegistryStoredQuery"),
}


@alteration("unknown-action", stage="envelope", fr="wsa:Action inconnue", en="unknown wsa:Action")
def unknown_action(draft: Draft) -> None:
    _action(draft, "urn:dmpcompat:action:inconnue")


@alteration(
    "action-body-mismatch",
    stage="envelope",
    fr="wsa:Action d'une autre transaction que celle du corps",
    en="wsa:Action of another transaction than the body's",
)
def action_mismatch(draft: Draft) -> None:
    _action(draft, _OTHER_ACTIONS.get(draft.transaction, "urn:hl7-org:v3:PRPA_IN201307UV02"))


@alteration("missing-action", stage="envelope", fr="wsa:Action absente", en="no wsa:Action")
def missing_action(draft: Draft) -> None:
    pick.drop(pick.first(draft.tree("envelope"), "//wsa:Action"))


@alteration("missing-message-id", stage="envelope", fr="wsa:MessageID absent", en="no wsa:MessageID")
def missing_message_id(draft: Draft) -> None:
    pick.drop(pick.first(draft.tree("envelope"), "//wsa:MessageID"))


@alteration("missing-to", stage="envelope", fr="wsa:To absent", en="no wsa:To")
def missing_to(draft: Draft) -> None:
    pick.drop(pick.first(draft.tree("envelope"), "//wsa:To"))


@alteration(
    "missing-reply-to",
    stage="envelope",
    fr="wsa:ReplyTo absent (toléré selon le réglage)",
    en="no wsa:ReplyTo (tolerated by setting)",
)
def missing_reply_to(draft: Draft) -> None:
    pick.drop(pick.first(draft.tree("envelope"), "//wsa:ReplyTo"))


@alteration(
    "no-addressing", stage="envelope", fr="aucun en-tête WS-Addressing", en="no WS-Addressing header at all"
)
def no_addressing(draft: Draft) -> None:
    for node in list(draft.tree("envelope")[0]):
        if isinstance(node.tag, str) and etree.QName(node).namespace == WSA:
            pick.drop(node)


@alteration(
    "unknown-must-understand",
    stage="envelope",
    fr="en-tête inconnu marqué mustUnderstand",
    en="unknown header marked mustUnderstand",
)
def unknown_header(draft: Draft) -> None:
    header = pick.first(draft.tree("envelope"), "soap:Header")
    node = etree.SubElement(header, "{urn:dmpcompat:inconnu}Exigence", nsmap={"i": "urn:dmpcompat:inconnu"})
    node.set(f"{{{SOAP12}}}mustUnderstand", "true")


@alteration("soap11", stage="envelope", fr="enveloppe SOAP 1.1", en="SOAP 1.1 envelope")
def soap11(draft: Draft) -> None:
    old = draft.tree("envelope")
    new = etree.Element(f"{{{SOAP11}}}Envelope", nsmap={**_prefixes(old), "soap": SOAP11})
    for child in list(old):
        name = etree.QName(child)
        part = etree.SubElement(new, f"{{{SOAP11}}}{name.localname}")
        part.extend(list(child))
    for node in new[0]:
        if node.attrib.pop(f"{{{SOAP12}}}mustUnderstand", None):
            node.set(f"{{{SOAP11}}}mustUnderstand", "1")
    # Declarations only: exclusive C14N doesn't see them, so the signature of the assertion holds.
    etree.cleanup_namespaces(new, keep_ns_prefixes=["xsi"])
    draft.envelope = new


@alteration(
    "wrong-root",
    stage="payload",
    fr="élément racine du corps inconnu de la transaction",
    en="root element of the body unknown to the transaction",
)
def wrong_root(draft: Draft) -> None:
    payload = draft.tree("payload")
    name = etree.QName(payload)
    payload.tag = f"{{{name.namespace}}}{name.localname}Inconnu"


@alteration("empty-soap-body", stage="envelope", fr="corps SOAP vide", en="empty SOAP body")
def empty_soap_body(draft: Draft) -> None:
    for node in list(pick.first(draft.tree("envelope"), "soap:Body")):
        pick.drop(node)


@alteration(
    "two-payloads",
    stage="envelope",
    fr="deux éléments dans le corps SOAP",
    en="two elements in the SOAP body",
)
def two_payloads(draft: Draft) -> None:
    body = pick.first(draft.tree("envelope"), "soap:Body")
    etree.SubElement(body, "{urn:dmpcompat:inconnu}Second")


@alteration(
    "doctype-in-envelope",
    stage="bytes",
    fr="déclaration DOCTYPE dans l'enveloppe",
    en="DOCTYPE declaration in the envelope",
)
def doctype(draft: Draft) -> None:
    _declare(draft, b"<!DOCTYPE Envelope [<!ELEMENT x ANY>]>")


@alteration(
    "entity-expansion",
    stage="bytes",
    fr="entités imbriquées qui se multiplient (« billion laughs »)",
    en="nested entities that multiply (billion laughs)",
)
def entity_expansion(draft: Draft) -> None:
    lines = [b'<!ENTITY e0 "lol">']
    lines += [b'<!ENTITY e%d "%s">' % (n, b"&e%d;" % (n - 1) * 10) for n in range(1, 10)]
    _declare(draft, b"<!DOCTYPE Envelope [" + b"".join(lines) + b"]>", b"&e9;")


@alteration(
    "external-entity",
    stage="bytes",
    fr="entité externe qui désigne un fichier du serveur",
    en="external entity that names a file of the server",
)
def external_entity(draft: Draft) -> None:
    _declare(draft, b'<!DOCTYPE Envelope [<!ENTITY x SYSTEM "file:///etc/hostname">]>', b"&x;")


@alteration(
    "deep-nesting",
    stage="envelope",
    fr="dix mille éléments imbriqués dans un en-tête",
    en="ten thousand nested elements in a header",
)
def deep_nesting(draft: Draft) -> None:
    node = pick.first(draft.tree("envelope"), "soap:Header")
    for _ in range(10_000):
        node = etree.SubElement(node, "{urn:dmpcompat:inconnu}n")


def _declare(draft: Draft, doctype: bytes, reference: bytes = b"") -> None:
    """Put a document type in front of the envelope and a reference in wsa:To.

    Bytes, because no parser or writer of ours lets such a thing through.
    """
    marked = draft.body.replace(_DECLARATION, _DECLARATION + doctype, 1)
    draft.body = marked.replace(b"</wsa:To>", reference + b"</wsa:To>", 1) if reference else marked


def _action(draft: Draft, value: str) -> None:
    pick.first(draft.tree("envelope"), "//wsa:Action").text = value


def _prefixes(root: etree._Element) -> dict[str | None, str]:
    return {prefix: uri for prefix, uri in root.nsmap.items() if uri != SOAP12}
