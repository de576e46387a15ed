"""Rules of registry answers: status, errors, and the objects a query returns."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from harness.checks.forms import is_urn_uuid
from harness.checks.judged import Judged
from harness.checks.rim import FEEDING, LIST, UPDATES, external
from harness.checks.rule import Finding, check, verdict
from harness.checks.xpath import attribute, nodes, string
from protocol import facts
from protocol.errors import Text

XDS = "XDS-RESPONSE"
ON = (*FEEDING, "TD3.1", "TD3.2", *UPDATES)
QUERY = ("TD3.1",)
CARRIERS = (
    "self::rs:RegistryResponse",
    "self::query:AdhocQueryResponse",
    "self::xds:RetrieveDocumentSetResponse/rs:RegistryResponse",
)


def _answers(view: Judged) -> list[etree._Element]:
    return [item for path in CARRIERS for item in view.in_payload(path)]


def _errors(answer: etree._Element) -> list[etree._Element]:
    return nodes(answer, "rs:RegistryErrorList/rs:RegistryError")


@check(
    "RS-STATUS",
    on=ON,
    side="response",
    group=XDS,
    clause="ITI TF-3 §4.2.4",
    title=Text("La réponse porte un statut connu", "The answer carries a known status"),
    mend=Text(
        "Success, Failure, ou PartialSuccess en consultation",
        "Success, Failure, or PartialSuccess when reading",
    ),
)
def status(view: Judged) -> Iterator[Finding]:
    allowed = [facts.SUCCESS, facts.FAILURE]
    if view.transaction.id not in (*FEEDING, *UPDATES):
        allowed.append(facts.PARTIAL_SUCCESS)
    for item in _answers(view):
        found = attribute(item, "status")
        yield verdict(found in allowed, view.at(item) + "/@status", found, " | ".join(allowed))


@check(
    "RS-ERRORS",
    on=ON,
    side="response",
    group=XDS,
    clause="ITI TF-3 §4.2.4.1",
    title=Text(
        "Un échec porte une erreur, une réussite n'en porte pas", "A failure carries an error, a success none"
    ),
    mend=Text("accorder le statut et les erreurs", "make status and errors agree"),
)
def errors(view: Judged) -> Iterator[Finding]:
    for item in _answers(view):
        count = sum(attribute(error, "severity") != facts.SEVERITY_WARNING for error in _errors(item))
        failing = attribute(item, "status") != facts.SUCCESS
        yield verdict(
            (count > 0) == failing, view.at(item), f"{count} RegistryError", "≥ 1" if failing else "0"
        )


@check(
    "RS-ERROR-CONTENT",
    on=ON,
    side="response",
    group=XDS,
    clause="ITI TF-3 §4.2.4.1 : errorCode, codeContext, severity",
    title=Text(
        "Chaque erreur dit son code, sa raison et sa gravité",
        "Each error tells its code, reason and severity",
    ),
    mend=Text("errorCode, codeContext et severity", "errorCode, codeContext and severity"),
)
def error_content(view: Judged) -> Iterator[Finding]:
    for error in (one for item in _answers(view) for one in _errors(item)):
        where = view.at(error)
        yield verdict(
            bool(attribute(error, "errorCode")), where + "/@errorCode", attribute(error, "errorCode"), "code"
        )
        context = attribute(error, "codeContext")
        yield verdict(bool(context.strip()), where + "/@codeContext", context, "texte / text")
        severity = attribute(error, "severity")
        known = (facts.SEVERITY_ERROR, facts.SEVERITY_WARNING)
        yield verdict(severity in known, where + "/@severity", severity, " | ".join(known))


@check(
    "RS-HIGHEST",
    on=ON,
    side="response",
    group=XDS,
    clause="ebRS 3.0 : highestSeverity",
    title=Text(
        "highestSeverity, s'il est donné, est la pire gravité", "highestSeverity, if given, is the worst one"
    ),
    mend=Text(
        "mettre la pire gravité, ou retirer l'attribut", "put the worst severity, or remove the attribute"
    ),
)
def highest(view: Judged) -> Iterator[Finding]:
    for item in _answers(view):
        for group in nodes(item, "rs:RegistryErrorList[@highestSeverity]"):
            severities = {attribute(error, "severity") for error in nodes(group, "rs:RegistryError")}
            worst = facts.SEVERITY_ERROR if facts.SEVERITY_ERROR in severities else facts.SEVERITY_WARNING
            found = attribute(group, "highestSeverity")
            yield verdict(found == worst, view.at(group) + "/@highestSeverity", found, worst)


@check(
    "RS-LIST",
    on=QUERY,
    side="response",
    group=XDS,
    clause="ebRS 3.0 : RegistryObjectList obligatoire, après les erreurs",
    title=Text(
        "La réponse de recherche porte une RegistryObjectList", "The answer carries a RegistryObjectList"
    ),
    mend=Text("une RegistryObjectList, même vide", "one RegistryObjectList, even empty"),
)
def object_list(view: Judged) -> Iterator[Finding]:
    for item in view.in_payload("self::query:AdhocQueryResponse"):
        count = len(nodes(item, "rim:RegistryObjectList"))
        yield verdict(count == 1, view.at(item), f"{count} RegistryObjectList", "1")


@check(
    "RS-RETURN-TYPE",
    on=QUERY,
    side="response",
    group=XDS,
    clause="ITI TF-2 §3.18.4.1.2.3.2",
    title=Text("Les objets rendus sont du genre demandé", "The objects returned are of the kind asked for"),
    mend=Text("rendre le genre d'objets demandé", "return the kind of objects asked for"),
)
def return_type(view: Judged) -> Iterator[Finding]:
    asked = view.request.payload
    kind = string(asked, "query:ResponseOption/@returnType") if asked is not None else ""
    for item in view.in_payload(f"{LIST}/*"):
        reference = etree.QName(item).localname == "ObjectRef"
        yield verdict(reference == (kind == "ObjectRef"), view.at(item), etree.QName(item).localname, kind)


@check(
    "RS-OBJECT-IDS",
    on=QUERY,
    side="response",
    group=XDS,
    clause="ITI TF-3 §4.2.1.3 : urn:uuid: partout",
    title=Text("Tout objet rendu a un identifiant urn:uuid:", "Every object returned has a urn:uuid: id"),
    mend=Text("remplacer les id symboliques par des urn:uuid:", "replace symbolic ids by urn:uuid:"),
)
def object_ids(view: Judged) -> Iterator[Finding]:
    for item in view.in_payload(f"{LIST}//rim:*[@id]"):
        yield verdict(
            is_urn_uuid(attribute(item, "id")), view.at(item) + "/@id", attribute(item, "id"), "urn:uuid:"
        )


@check(
    "RS-ENTRY",
    on=QUERY,
    side="response",
    group=XDS,
    clause="interface DMP, réponse de recherche ; ITI TF-3 : statut, lid, dépôt, hash, size",
    title=Text(
        "Une fiche rendue porte ce que le registre y ajoute",
        "An entry returned carries what the registry adds to it",
    ),
    mend=Text("ajouter ce que le registre calcule", "add what the registry computes"),
)
def entry(view: Judged) -> Iterator[Finding]:
    for item in view.in_payload(f"{LIST}/rim:ExtrinsicObject"):
        where = view.at(item)
        state, logical = attribute(item, "status"), attribute(item, "lid")
        known = (facts.APPROVED, facts.DEPRECATED, facts.ARCHIVED, facts.DELETED)
        yield verdict(state in known, where + "/@status", state, " | ".join(known))
        yield verdict(is_urn_uuid(logical), where + "/@lid", logical, "urn:uuid:")
        names = [attribute(slot, "name") for slot in nodes(item, "rim:Slot")]
        for name in ("hash", "size", "repositoryUniqueId"):
            yield verdict(
                name in names, f"{where}/{name}", "présent / present" if name in names else "", name
            )
        for name, scheme in (("uniqueId", facts.DE_UNIQUE_ID), ("patientId", facts.DE_PATIENT_ID)):
            value = external(item, scheme)
            yield verdict(bool(value), f"{where}/{name}", value, name)


@check(
    "RS-ENTRY-STATUS",
    on=QUERY,
    side="response",
    group=XDS,
    clause="ITI TF-2 §3.18 : seuls les statuts demandés",
    title=Text(
        "Les fiches rendues ont un statut demandé", "The entries returned have a status that was asked for"
    ),
    mend=Text("filtrer par statut", "filter by status"),
)
def entry_status(view: Judged) -> Iterator[Finding]:
    asked = " ".join(
        view.request.values("descendant::rim:AdhocQuery/rim:Slot[@name='$XDSDocumentEntryStatus']//rim:Value")
    )
    for item in view.in_payload(f"{LIST}/rim:ExtrinsicObject") if asked else []:
        state = attribute(item, "status")
        yield verdict(f"'{state}'" in asked, view.at(item) + "/@status", state, asked)
