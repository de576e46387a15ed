"""TD3.1: search of documents, IHE ITI-18 Registry Stored Query.

Parameters: `query` (name such as FindDocuments, or `urn:uuid:…`), `parameters` (mapping of slot name, `$`
left out or not, to a text, a number, a list, or a list of lists for an AND), `return_type` (LeafClass or ObjectRef),
`composed` (bool). FindDocuments, FindSubmissionSets and GetAll take the patient and the Approved status by
default; `patient_parameter: false` leaves the patient out. A text is quoted, a list is put in parentheses;
`{raw: …}` goes as it is. A list longer than 256 characters is split over several values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lxml import etree

from harness.drive import bind
from harness.drive.draft import Draft, wrong_param
from harness.drive.registry import message
from protocol import facts

QUERIES: Final[Mapping[str, str]] = {
    "FindDocuments": facts.Q_FIND_DOCUMENTS,
    "FindSubmissionSets": facts.Q_FIND_SUBMISSION_SETS,
    "FindFolders": facts.Q_FIND_FOLDERS,
    "GetAll": facts.Q_GET_ALL,
    "GetDocuments": facts.Q_GET_DOCUMENTS,
    "GetFolders": facts.Q_GET_FOLDERS,
    "GetFolderAndContents": facts.Q_GET_FOLDER_AND_CONTENTS,
    "GetFoldersForDocument": facts.Q_GET_FOLDERS_FOR_DOCUMENT,
    "GetAssociations": facts.Q_GET_ASSOCIATIONS,
    "GetDocumentsAndAssociations": facts.Q_GET_DOCUMENTS_AND_ASSOCIATIONS,
    "GetSubmissionSets": facts.Q_GET_SUBMISSION_SETS,
    "GetSubmissionSetAndContents": facts.Q_GET_SUBMISSION_SET_AND_CONTENTS,
    "GetRelatedDocuments": facts.Q_GET_RELATED_DOCUMENTS,
    "FindDocumentsByReferenceId": facts.Q_FIND_DOCUMENTS_BY_REFERENCE_ID,
}
_PATIENT: Final[Mapping[str, str]] = {
    "FindDocuments": "$XDSDocumentEntryPatientId",
    "FindDocumentsByReferenceId": "$XDSDocumentEntryPatientId",
    "FindSubmissionSets": "$XDSSubmissionSetPatientId",
    "FindFolders": "$XDSFolderPatientId",
    "GetAll": "$patientId",
}
_STATUS: Final[Mapping[str, tuple[str, ...]]] = {
    "FindDocuments": ("$XDSDocumentEntryStatus",),
    "FindDocumentsByReferenceId": ("$XDSDocumentEntryStatus",),
    "FindSubmissionSets": ("$XDSSubmissionSetStatus",),
    "FindFolders": ("$XDSFolderStatus",),
    "GetAll": ("$XDSDocumentEntryStatus", "$XDSSubmissionSetStatus", "$XDSFolderStatus"),
}
#: Longest Value in ebRIM (LongName).
LONGEST_VALUE: Final = 256


@message(
    "TD3.1",
    service="registry",
    action="urn:ihe:iti:2007:RegistryStoredQuery",
    parameters=("query", "parameters", "return_type", "composed", "patient_parameter"),
)
def write(draft: Draft) -> etree._Element:
    """Payload AdhocQueryRequest. Raises UsageError."""
    name = draft.text("query", "FindDocuments")
    if name not in QUERIES and not name.startswith("urn:"):
        raise wrong_param(draft.transaction, "query", name, " | ".join(QUERIES))
    return_type = draft.text("return_type", "LeafClass")
    scope = {
        "query_id": QUERIES.get(name, name),
        "return_type": return_type,
        "composed": bool(draft.params.get("composed", return_type == "LeafClass")),
        "slots": _slots(draft, name),
    }
    return bind.fill("td3_1", scope)


def _slots(draft: Draft, query: str) -> list[dict[str, object]]:
    given = draft.params.get("parameters", {})
    if not isinstance(given, Mapping):
        raise wrong_param(draft.transaction, "parameters", given, "mapping")
    chosen = {key if key.startswith("$") else f"${key}": value for key, value in given.items()}
    usual: dict[str, object] = {}
    if query in _PATIENT and draft.subject and draft.params.get("patient_parameter", True):
        usual[_PATIENT[query]] = draft.subject.cx
    usual |= {status: [facts.APPROVED] for status in _STATUS.get(query, ())}
    slots = []
    for name, value in (usual | chosen).items():
        if value is None:
            continue
        for group in _groups(value):
            slots.append({"name": name, "values": _values(draft, name, group)})
    return slots


def _groups(value: object) -> list[object]:
    """A list of lists is one slot a list (AND between them, OR inside each)."""
    if isinstance(value, (list, tuple)) and value and all(isinstance(item, (list, tuple)) for item in value):
        return list(value)
    return [value]


def _values(draft: Draft, name: str, value: object) -> list[str]:
    if isinstance(value, Mapping) and set(value) == {"raw"}:
        raw = value["raw"]
        return [str(item) for item in raw] if isinstance(raw, (list, tuple)) else [str(raw)]
    if isinstance(value, (list, tuple)):
        return _lists([_atom(draft, name, item) for item in value])
    return [_atom(draft, name, value)]


def _atom(draft: Draft, name: str, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise wrong_param(draft.transaction, name, value, "text | number | list")
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


def _lists(atoms: list[str]) -> list[str]:
    """`('a','b')`, cut into several when it grows longer than a Value may be."""
    values, current = [], ""
    for atom in atoms:
        longer = f"{current},{atom}" if current else atom
        if current and len(longer) + 2 > LONGEST_VALUE:
            values.append(f"({current})")
            longer = atom
        current = longer
    return [*values, f"({current})"]
