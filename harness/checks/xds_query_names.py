"""Rules of the names and kinds of the parameters of a stored query (TD3.1). Values and grammar: xds_query."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from lxml import etree

from harness.checks.forms import is_oid, is_urn_uuid
from harness.checks.judged import Judged
from harness.checks.rim import root_of_query
from harness.checks.rule import Finding, check, verdict
from harness.checks.xds_query import DOC, FOLDER, SET
from harness.checks.xpath import attribute, nodes, strings
from protocol import facts
from protocol.errors import Text

XDS: Final = "XDS-QUERY"
ON: Final = ("TD3.1",)
_DOCUMENTS: Final = tuple(
    f"{DOC}{name}"
    for name in (
        *(
            "PatientId",
            "Status",
            "ClassCode",
            "TypeCode",
            "PracticeSettingCode",
            "HealthcareFacilityTypeCode",
        ),
        *("FormatCode", "EventCodeList", "ConfidentialityCode", "AuthorPerson", "Type", "ReferenceIdList"),
        *(
            f"{moment}{bound}"
            for moment in ("CreationTime", "ServiceStartTime", "ServiceStopTime")
            for bound in ("From", "To")
        ),
    )
)
_SETS: Final = tuple(
    f"{SET}{name}"
    for name in (
        "PatientId",
        "Status",
        "SourceId",
        "SubmissionTimeFrom",
        "SubmissionTimeTo",
        "AuthorPerson",
        "ContentType",
    )
)
_FOLDERS: Final = tuple(
    f"{FOLDER}{name}"
    for name in ("PatientId", "Status", "LastUpdateTimeFrom", "LastUpdateTimeTo", "CodeList")
)
_IDS: Final = tuple(
    f"{one}{name}" for one in (DOC, SET, FOLDER) for name in ("EntryUUID", "UniqueId", "LogicalID")
)
_OTHERS: Final = (
    "$uuid",
    "$patientId",
    "$AssociationTypes",
    "$homeCommunityId",
    "$MetadataLevel",
    "$XDSAssociationStatus",
)
KNOWN: Final = frozenset((*_DOCUMENTS, *_SETS, *_FOLDERS, *_IDS, *_OTHERS))
_TYPES: Final = (facts.STABLE_DOCUMENT, "urn:uuid:34268e47-fdf5-41a6-ba33-82133c465248")
_ASSOCIATIONS: Final = re.compile(
    r"urn:(?:oasis:names:tc:ebxml-regrep|ihe:iti:2007|ihe:iti:2010):AssociationType:[A-Za-z_]+"
)


def _parameters(view: Judged) -> list[tuple[etree._Element, str, list[str]]]:
    """(slot, name, strings of its values with their quotes undone)."""
    query = root_of_query(view)
    return [
        (
            item,
            attribute(item, "name"),
            re.findall(r"'((?:[^']|'')*)'", " ".join(strings(item, "rim:ValueList/rim:Value"))),
        )
        for item in (nodes(query, "rim:Slot") if query is not None else [])
    ]


@check(
    "QUERY-KNOWN",
    on=ON,
    side="request",
    group=XDS,
    clause="ITI TF-2 §3.18.4.1.2.3.7 : paramètres des requêtes mémorisées",
    title=Text("Chaque paramètre est d'une requête mémorisée", "Each parameter is one of a stored query"),
    mend=Text(
        "corriger le nom du paramètre : le registre l'ignore", "correct the name: the registry ignores it"
    ),
    confidence="B",
    default="warning",
)
def known(view: Judged) -> Iterator[Finding]:
    for item, name, _ in _parameters(view):
        if name.startswith("$") and not name.endswith("Scheme"):
            yield verdict(name in KNOWN, view.at(item) + "/@name", name, "$XDS…")


@check(
    "QUERY-OLD-SCHEME",
    on=ON,
    side="request",
    group=XDS,
    clause="ITI TF-2 §3.18 : système dans le code, plus de paramètre …Scheme",
    title=Text(
        "Le système d'un code n'est pas un paramètre à part",
        "The scheme of a code is no parameter of its own",
    ),
    mend=Text("'code^^système' dans le paramètre du code", "'code^^scheme' in the parameter of the code"),
)
def old_scheme(view: Judged) -> Iterator[Finding]:
    for item, name, _ in _parameters(view):
        yield verdict(not name.endswith("Scheme"), view.at(item) + "/@name", name, "≠ …Scheme")


@check(
    "QUERY-IDS",
    on=ON,
    side="request",
    group=XDS,
    clause="ITI TF-2 §3.18.4.1.2.3.7 : entryUUID en urn:uuid:, uniqueId en OID",
    title=Text(
        "Les identifiants cherchés ont la forme de leur paramètre", "The ids searched for fit their parameter"
    ),
    mend=Text(
        "urn:uuid: pour …EntryUUID et $uuid ; OID pour …UniqueId",
        "urn:uuid: for …EntryUUID and $uuid; OID for …UniqueId",
    ),
)
def ids(view: Judged) -> Iterator[Finding]:
    for item, name, values in _parameters(view):
        for value in values:
            if name == "$uuid" or name.endswith(("EntryUUID", "LogicalID")):
                yield verdict(is_urn_uuid(value), view.at(item), value, "urn:uuid:…")
            elif name.endswith("UniqueId"):
                yield verdict(is_oid(value.partition("^")[0]), view.at(item), value, "OID")


@check(
    "QUERY-TYPE",
    on=ON,
    side="request",
    group=XDS,
    clause="ITI TF-2 §3.18 : $XDSDocumentEntryType, stable ou à la demande",
    title=Text("Le genre de fiche cherché est connu", "The kind of entry searched for is known"),
    mend=Text("urn:uuid: du document stable ou à la demande", "urn:uuid: of stable or on-demand documents"),
)
def kind(view: Judged) -> Iterator[Finding]:
    for item, name, values in _parameters(view):
        if name == f"{DOC}Type":
            for value in values:
                yield verdict(value in _TYPES, view.at(item), value, " | ".join(_TYPES))


@check(
    "QUERY-ASSOCIATIONS",
    on=ON,
    side="request",
    group=XDS,
    clause="ITI TF-2 §3.18 : $AssociationTypes en URN",
    title=Text("Les associations cherchées sont des URN", "The associations searched for are URNs"),
    mend=Text("urn:ihe:iti:2007:AssociationType:RPLC…", "urn:ihe:iti:2007:AssociationType:RPLC…"),
)
def association_types(view: Judged) -> Iterator[Finding]:
    for item, name, values in _parameters(view):
        if name == "$AssociationTypes":
            for value in values:
                yield verdict(
                    _ASSOCIATIONS.fullmatch(value) is not None,
                    view.at(item),
                    value,
                    "urn:…:AssociationType:…",
                )


@check(
    "QUERY-PAGING",
    on=ON,
    side="request",
    group=XDS,
    clause="ITI TF-2 §3.18 : pas de pagination",
    title=Text("La recherche ne demande pas de page", "The search asks for no page"),
    mend=Text(
        "retirer startIndex et maxResults, ou 0 et -1", "remove startIndex and maxResults, or 0 and -1"
    ),
    confidence="C",
    default="info",
)
def paging(view: Judged) -> Iterator[Finding]:
    for item in view.in_payload("self::query:AdhocQueryRequest"):
        found = f"{item.get('startIndex', '0')} {item.get('maxResults', '-1')}"
        yield verdict(found == "0 -1", view.at(item), found, "0 -1")
