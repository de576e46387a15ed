"""Rules of the stored query of TD3.1: query, parameters, grammar of the values.

The grammar is read here on its own: numbers bare, strings between quotes (doubled inside), lists between parentheses.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from lxml import etree

from harness.checks.forms import cx, is_dtm
from harness.checks.judged import Judged
from harness.checks.rim import root_of_query
from harness.checks.rule import Finding, check, verdict
from harness.checks.xpath import attribute, nodes, string, strings
from protocol import facts
from protocol.errors import Text

XDS = "XDS-QUERY"
ON = ("TD3.1",)
DOC, SET, FOLDER = "$XDSDocumentEntry", "$XDSSubmissionSet", "$XDSFolder"


@dataclass(frozen=True)
class Query:
    """What one stored query asks: parameters that must be there, groups of which exactly one must be."""

    name: str
    required: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()
    #: The DMP takes the patient of the VIHF when this one is absent.
    spared: tuple[str, ...] = field(default=())


_DOC_IDS = (f"{DOC}EntryUUID", f"{DOC}UniqueId")
_SET_IDS = (f"{SET}EntryUUID", f"{SET}UniqueId")
_FOLDER_IDS = (f"{FOLDER}EntryUUID", f"{FOLDER}UniqueId")
QUERIES: Final = {
    facts.Q_FIND_DOCUMENTS: Query(
        "FindDocuments", (f"{DOC}PatientId", f"{DOC}Status"), (), (f"{DOC}PatientId",)
    ),
    facts.Q_FIND_DOCUMENTS_BY_REFERENCE_ID: Query(
        "FindDocumentsByReferenceId",
        (f"{DOC}PatientId", f"{DOC}Status", f"{DOC}ReferenceIdList"),
        (),
        (f"{DOC}PatientId",),
    ),
    facts.Q_FIND_SUBMISSION_SETS: Query(
        "FindSubmissionSets", (f"{SET}PatientId", f"{SET}Status"), (), (f"{SET}PatientId",)
    ),
    facts.Q_FIND_FOLDERS: Query("FindFolders", (f"{FOLDER}PatientId", f"{FOLDER}Status")),
    facts.Q_GET_ALL: Query("GetAll", ("$patientId", f"{DOC}Status", f"{SET}Status", f"{FOLDER}Status")),
    facts.Q_GET_DOCUMENTS: Query("GetDocuments", (), (*_DOC_IDS, f"{DOC}LogicalID")),
    facts.Q_GET_FOLDERS: Query("GetFolders", (), _FOLDER_IDS),
    facts.Q_GET_ASSOCIATIONS: Query("GetAssociations", ("$uuid",)),
    facts.Q_GET_DOCUMENTS_AND_ASSOCIATIONS: Query("GetDocumentsAndAssociations", (), _DOC_IDS),
    facts.Q_GET_SUBMISSION_SETS: Query("GetSubmissionSets", ("$uuid",)),
    facts.Q_GET_SUBMISSION_SET_AND_CONTENTS: Query("GetSubmissionSetAndContents", (), _SET_IDS),
    facts.Q_GET_RELATED_DOCUMENTS: Query("GetRelatedDocuments", ("$AssociationTypes",), _DOC_IDS),
    facts.Q_GET_FOLDER_AND_CONTENTS: Query("GetFolderAndContents", (), _FOLDER_IDS),
    facts.Q_GET_FOLDERS_FOR_DOCUMENT: Query("GetFoldersForDocument", (), _DOC_IDS),
}
#: Queries about one object: its id is a single value.
_ONE_OBJECT: Final = (
    facts.Q_GET_RELATED_DOCUMENTS,
    facts.Q_GET_FOLDER_AND_CONTENTS,
    facts.Q_GET_FOLDERS_FOR_DOCUMENT,
)
#: Parameters that take one value, without parentheses.
_SINGLE: Final = re.compile(r"\$(XDS\w+)?(P|p)atientId$|.*Time(From|To)$")
#: Parameters that may come in several slots (AND).
_AND: Final = (
    f"{DOC}EventCodeList",
    f"{DOC}ConfidentialityCode",
    f"{FOLDER}CodeList",
    f"{DOC}ReferenceIdList",
)
_CODED: Final = re.compile(r"\$XDS.*(Code|CodeList|ContentType)$")
_STRING = r"'(?:[^']|'')*'"
_ITEM = rf"(?:{_STRING}|-?\d+)"
_VALUE: Final = re.compile(rf"\s*(?:{_ITEM}|\(\s*{_ITEM}(?:\s*,\s*{_ITEM})*\s*\))\s*")


def _parameters(view: Judged) -> list[etree._Element]:
    query = root_of_query(view)
    return [] if query is None else nodes(query, "rim:Slot")


def _values(parameter: etree._Element) -> list[str]:
    return strings(parameter, "rim:ValueList/rim:Value")


def _items(text: str) -> list[str]:
    """Values of one grammar text, quotes undone."""
    found = re.findall(_ITEM, text)
    return [item[1:-1].replace("''", "'") if item.startswith("'") else item for item in found]


@check(
    "QUERY-ID",
    on=ON,
    side="request",
    group=XDS,
    clause="ITI TF-2 §3.18.4.1.2.3.7",
    title=Text("La requête mémorisée est connue", "The stored query is known"),
    mend=Text("urn:uuid: + identifiant de la requête", "urn:uuid: + id of the query"),
)
def query_id(view: Judged) -> Iterator[Finding]:
    query = root_of_query(view)
    if view.payload is not None:
        found = "" if query is None else attribute(query, "id")
        yield verdict(
            found in QUERIES, view.at(query if query is not None else view.payload), found, "urn:uuid: connu"
        )


@check(
    "QUERY-RETURN",
    on=ON,
    side="request",
    group=XDS,
    clause="ITI TF-2 §3.18.4.1.2.3.2",
    title=Text(
        "ResponseOption demande LeafClass ou ObjectRef", "ResponseOption asks for LeafClass or ObjectRef"
    ),
    mend=Text("returnComposedObjects=true avec LeafClass", "returnComposedObjects=true with LeafClass"),
)
def return_type(view: Judged) -> Iterator[Finding]:
    if view.payload is None:
        return
    kind = string(view.payload, "query:ResponseOption/@returnType")
    where = view.at(view.payload) + "/query:ResponseOption"
    yield verdict(kind in ("LeafClass", "ObjectRef"), where + "/@returnType", kind, "LeafClass | ObjectRef")
    composed = string(view.payload, "query:ResponseOption/@returnComposedObjects")
    if kind == "LeafClass":
        yield verdict(composed in ("true", "1"), where + "/@returnComposedObjects", composed, "true")


@check(
    "QUERY-PARAMETERS",
    on=ON,
    side="request",
    group=XDS,
    clause="ITI TF-2 §3.18.4.1.2.3.7 : paramètres par requête",
    title=Text("Les paramètres obligatoires sont là", "The mandatory parameters are there"),
    mend=Text(
        "ajouter le paramètre qui manque, ou n'en garder qu'un du groupe",
        "add the missing parameter, or keep one of the group",
    ),
)
def required(view: Judged) -> Iterator[Finding]:
    query = root_of_query(view)
    asked = QUERIES.get(attribute(query, "id")) if query is not None else None
    if asked is None or query is None:
        return
    names = {attribute(item, "name") for item in _parameters(view)}
    for name in asked.required:
        if name not in asked.spared:
            yield verdict(name in names, view.at(query), "présent / present" if name in names else "", name)
    if asked.one_of:
        found = [name for name in asked.one_of if name in names]
        yield verdict(len(found) == 1, view.at(query), " | ".join(found), "1 × " + " | ".join(asked.one_of))


@check(
    "QUERY-NAMES",
    on=ON,
    side="request",
    group=XDS,
    clause="ITI TF-2 §3.18.4.1.2.3.4",
    title=Text(
        "Les paramètres commencent par $ et ne se répètent pas à tort",
        "Parameters start with $, none repeated",
    ),
    mend=Text("grouper les valeurs dans un seul Slot", "group the values in a single Slot"),
)
def names_rule(view: Judged) -> Iterator[Finding]:
    counts = Counter(attribute(item, "name") for item in _parameters(view))
    for item in _parameters(view):
        name = attribute(item, "name")
        good = name.startswith("$") and (counts[name] == 1 or name in _AND)
        yield verdict(good, view.at(item), f"{counts[name]} × {name}", "1 × $…")


@check(
    "QUERY-GRAMMAR",
    on=ON,
    side="request",
    group=XDS,
    clause="ITI TF-2 §3.18.4.1.2.3.5 ; 256 caractères par Value",
    title=Text("Les valeurs suivent la grammaire des requêtes", "Values follow the grammar of queries"),
    mend=Text(
        "'texte', ('a','b') ou 123 ; apostrophe doublée", "'text', ('a','b') or 123; a quote is doubled"
    ),
)
def grammar(view: Judged) -> Iterator[Finding]:
    for item in _parameters(view):
        values = _values(item)
        for value in values:
            good = _VALUE.fullmatch(value) is not None and len(value) <= 256
            yield verdict(good, view.at(item), value, "'…' | ('…','…') | 123")
        if not values:
            yield verdict(False, view.at(item), "", "≥ 1 Value")


@check(
    "QUERY-SINGLE",
    on=ON,
    side="request",
    group=XDS,
    clause="interface DMP, recherche : identifiant de patient entre apostrophes, sans parenthèses",
    title=Text(
        "Un paramètre à valeur unique vient sans parenthèses", "A single-valued parameter has no parentheses"
    ),
    mend=Text("'valeur' et non ('valeur')", "'value', not ('value')"),
)
def single(view: Judged) -> Iterator[Finding]:
    for item in _parameters(view):
        if _SINGLE.match(attribute(item, "name")):
            values = _values(item)
            good = len(values) == 1 and "(" not in values[0][:2] and len(_items(values[0])) == 1
            yield verdict(good, view.at(item), " ".join(values), "'…'")


@check(
    "QUERY-LIST",
    on=ON,
    side="request",
    group=XDS,
    clause="ITI TF-2 §3.18.4.1.2.3.5 : parenthèses pour les listes",
    title=Text(
        "Un paramètre à plusieurs valeurs vient entre parenthèses", "A multi-valued parameter has parentheses"
    ),
    mend=Text("('valeur'), même pour une seule", "('value'), even for a single one"),
)
def lists(view: Judged) -> Iterator[Finding]:
    query = root_of_query(view)
    one_object = query is not None and attribute(query, "id") in _ONE_OBJECT
    for item in _parameters(view):
        name = attribute(item, "name")
        if not _SINGLE.match(name) and name.startswith("$XDS") and not name.startswith(f"{SET}EntryUUID"):
            alone = one_object and name.endswith(("EntryUUID", "UniqueId"))
            for value in _values(item):
                if not alone and not name.startswith((f"{SET}UniqueId", f"{SET}AuthorPerson")):
                    yield verdict(value.strip().startswith("("), view.at(item), value, "('…')")


@check(
    "QUERY-PATIENT",
    on=ON,
    side="request",
    group=XDS,
    clause="ITI TF-3 : patientId en CX",
    title=Text("L'identifiant de patient cherché est un CX", "The patient id searched for is a CX"),
    mend=Text("'{INS}^^^&{oid}&ISO^NH'", "'{INS}^^^&{oid}&ISO^NH'"),
)
def patient(view: Judged) -> Iterator[Finding]:
    for item in _parameters(view):
        if attribute(item, "name").lower().endswith("patientid"):
            for value in (one for text in _values(item) for one in _items(text)):
                yield verdict(cx(value) is not None, view.at(item), value, "{INS}^^^&{oid}&ISO^NH")


@check(
    "QUERY-STATUS",
    on=ON,
    side="request",
    group=XDS,
    clause="ITI TF-3 §4.2.1.6 ; statuts DMP Archived et Deleted",
    title=Text("Les statuts cherchés sont des URN connues", "The statuses searched for are known URNs"),
    mend=Text(
        "urn:oasis:names:tc:ebxml-regrep:StatusType:Approved…",
        "urn:oasis:names:tc:ebxml-regrep:StatusType:Approved…",
    ),
)
def status(view: Judged) -> Iterator[Finding]:
    known = (facts.APPROVED, facts.DEPRECATED, facts.ARCHIVED, facts.DELETED)
    for item in _parameters(view):
        if attribute(item, "name").endswith("Status"):
            for value in (one for text in _values(item) for one in _items(text)):
                yield verdict(value in known, view.at(item), value, " | ".join(known))


@check(
    "QUERY-CODED",
    on=ON,
    side="request",
    group=XDS,
    clause="ITI TF-2 §3.18.4.1.2.3.4 : code^^système",
    title=Text("Un code cherché est donné avec son système", "A code searched for comes with its scheme"),
    mend=Text("'code^^système'", "'code^^scheme'"),
)
def coded(view: Judged) -> Iterator[Finding]:
    for item in _parameters(view):
        if _CODED.match(attribute(item, "name")):
            for value in (one for text in _values(item) for one in _items(text)):
                pieces = value.split("^")
                good = len(pieces) == 3 and bool(pieces[0]) and not pieces[1] and bool(pieces[2])
                yield verdict(good, view.at(item), value, "code^^codingScheme")


@check(
    "QUERY-TIMES",
    on=ON,
    side="request",
    group=XDS,
    clause="ITI TF-3 : DTM ; bornes From incluse, To exclue",
    title=Text("Les bornes de dates sont des DTM en bon ordre", "The bounds are DTMs in the right order"),
    mend=Text("DTM en UTC ; From avant To", "DTM in UTC; From before To"),
    requirements=("EX_3.1-1070",),
)
def times(view: Judged) -> Iterator[Finding]:
    bounds: dict[str, str] = {}
    for item in _parameters(view):
        name = attribute(item, "name")
        if name.endswith(("TimeFrom", "TimeTo")):
            for value in (one for text in _values(item) for one in _items(text)):
                yield verdict(is_dtm(value), view.at(item), value, "YYYYMMDDhhmmss")
                bounds[name] = value
    for name, low in bounds.items():
        high = bounds.get(name.removesuffix("From") + "To") if name.endswith("From") else None
        if high is not None:
            good = low.ljust(14, "0") <= high.ljust(14, "0")
            yield verdict(good, f"request:{name}", f"{low} … {high}", "From ≤ To")
