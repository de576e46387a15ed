"""The parameters of each stored query, as a table (ITI TF-2a 3.18.4.1.2.3.7).

Data in Python because it is the shape of the protocol, not something that an edition changes. Whether the
folder queries are served is a switch: the DMP has no folder.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from protocol import facts

Kind = Literal["text", "status", "code", "time", "like", "patient", "uuid", "type", "number"]


@dataclass(frozen=True)
class Parameter:
    """`many`: a list in parentheses is expected; `conjunction`: the slot may be repeated (AND)."""

    kind: Kind
    many: bool = False
    required: bool = False
    conjunction: bool = False


@dataclass(frozen=True)
class Query:
    """`one_of`: exactly one of these must be given. `patient` names the patient parameter, "" when none.

    `folder`: it looks for folders.
    """

    name: str
    parameters: Mapping[str, Parameter]
    one_of: tuple[str, ...] = ()
    patient: str = field(default="")
    folder: bool = False


_ENTRY: Final = "$XDSDocumentEntry"
_SET: Final = "$XDSSubmissionSet"
_FOLDER: Final = "$XDSFolder"

_STATUS = Parameter("status", many=True, required=True)
_TIME = Parameter("time")
_CODES = Parameter("code", many=True)
_AND_CODES = Parameter("code", many=True, conjunction=True)
_UUIDS = Parameter("uuid", many=True)
_TEXTS = Parameter("text", many=True)
_PATIENT = Parameter("patient")

_DOCUMENT_FILTERS: Final = {
    f"{_ENTRY}FormatCode": _CODES,
    f"{_ENTRY}ConfidentialityCode": _AND_CODES,
    f"{_ENTRY}Type": Parameter("type", many=True),
}
_FIND_DOCUMENTS: Final = {
    f"{_ENTRY}PatientId": _PATIENT,
    f"{_ENTRY}Status": _STATUS,
    f"{_ENTRY}ClassCode": _CODES,
    f"{_ENTRY}TypeCode": _CODES,
    f"{_ENTRY}PracticeSettingCode": _CODES,
    f"{_ENTRY}HealthcareFacilityTypeCode": _CODES,
    f"{_ENTRY}EventCodeList": _AND_CODES,
    f"{_ENTRY}CreationTimeFrom": _TIME,
    f"{_ENTRY}CreationTimeTo": _TIME,
    f"{_ENTRY}ServiceStartTimeFrom": _TIME,
    f"{_ENTRY}ServiceStartTimeTo": _TIME,
    f"{_ENTRY}ServiceStopTimeFrom": _TIME,
    f"{_ENTRY}ServiceStopTimeTo": _TIME,
    f"{_ENTRY}AuthorPerson": Parameter("like", many=True),
    **_DOCUMENT_FILTERS,
}
_DOCUMENT_IDS: Final = {f"{_ENTRY}EntryUUID": _UUIDS, f"{_ENTRY}UniqueId": _TEXTS}
_LOGICAL_ID: Final = f"{_ENTRY}LogicalID"
_LEVEL: Final = {"$MetadataLevel": Parameter("number")}
_LINKS: Final = {"$XDSAssociationStatus": Parameter("status", many=True), **_LEVEL}

#: Parameters of the supplement Metadata Update: served, unless the session's rule QUERY-METADATA-UPDATE says no.
METADATA_UPDATE: Final = frozenset({_LOGICAL_ID, *_LINKS})

QUERIES: Final[Mapping[str, Query]] = {
    facts.Q_FIND_DOCUMENTS: Query("FindDocuments", _FIND_DOCUMENTS, patient=f"{_ENTRY}PatientId"),
    facts.Q_FIND_DOCUMENTS_BY_REFERENCE_ID: Query(
        "FindDocumentsByReferenceId",
        {
            **_FIND_DOCUMENTS,
            f"{_ENTRY}ReferenceIdList": Parameter("text", many=True, required=True, conjunction=True),
        },
        patient=f"{_ENTRY}PatientId",
    ),
    facts.Q_FIND_SUBMISSION_SETS: Query(
        "FindSubmissionSets",
        {
            f"{_SET}PatientId": _PATIENT,
            f"{_SET}Status": _STATUS,
            f"{_SET}SourceId": _TEXTS,
            f"{_SET}SubmissionTimeFrom": _TIME,
            f"{_SET}SubmissionTimeTo": _TIME,
            f"{_SET}AuthorPerson": Parameter("like"),
            f"{_SET}ContentType": _CODES,
        },
        patient=f"{_SET}PatientId",
    ),
    facts.Q_GET_ALL: Query(
        "GetAll",
        {
            "$patientId": _PATIENT,
            f"{_ENTRY}Status": _STATUS,
            f"{_SET}Status": _STATUS,
            "$XDSFolderStatus": Parameter("status", many=True),
            **_DOCUMENT_FILTERS,
        },
        patient="$patientId",
    ),
    facts.Q_GET_DOCUMENTS: Query(
        "GetDocuments",
        {**_DOCUMENT_IDS, _LOGICAL_ID: _UUIDS, **_LEVEL},
        one_of=(*_DOCUMENT_IDS, _LOGICAL_ID),
    ),
    facts.Q_GET_DOCUMENTS_AND_ASSOCIATIONS: Query(
        "GetDocumentsAndAssociations", {**_DOCUMENT_IDS, **_LINKS}, one_of=tuple(_DOCUMENT_IDS)
    ),
    facts.Q_GET_ASSOCIATIONS: Query(
        "GetAssociations", {"$uuid": Parameter("uuid", many=True, required=True), **_LINKS}
    ),
    facts.Q_GET_SUBMISSION_SETS: Query(
        "GetSubmissionSets", {"$uuid": Parameter("uuid", many=True, required=True), **_LEVEL}
    ),
    facts.Q_GET_SUBMISSION_SET_AND_CONTENTS: Query(
        "GetSubmissionSetAndContents",
        {
            f"{_SET}EntryUUID": Parameter("uuid"),
            f"{_SET}UniqueId": Parameter("text"),
            **_DOCUMENT_FILTERS,
            **_LEVEL,
        },
        one_of=(f"{_SET}EntryUUID", f"{_SET}UniqueId"),
    ),
    facts.Q_GET_RELATED_DOCUMENTS: Query(
        "GetRelatedDocuments",
        {
            f"{_ENTRY}EntryUUID": Parameter("uuid"),
            f"{_ENTRY}UniqueId": Parameter("text"),
            "$AssociationTypes": Parameter("text", many=True, required=True),
            **_LINKS,
        },
        one_of=(f"{_ENTRY}EntryUUID", f"{_ENTRY}UniqueId"),
    ),
    facts.Q_FIND_FOLDERS: Query(
        "FindFolders",
        {
            f"{_FOLDER}PatientId": _PATIENT,
            f"{_FOLDER}Status": _STATUS,
            f"{_FOLDER}LastUpdateTimeFrom": _TIME,
            f"{_FOLDER}LastUpdateTimeTo": _TIME,
            f"{_FOLDER}CodeList": _AND_CODES,
        },
        patient=f"{_FOLDER}PatientId",
        folder=True,
    ),
    facts.Q_GET_FOLDERS: Query(
        "GetFolders",
        {f"{_FOLDER}EntryUUID": _UUIDS, f"{_FOLDER}UniqueId": _TEXTS},
        one_of=(f"{_FOLDER}EntryUUID", f"{_FOLDER}UniqueId"),
        folder=True,
    ),
    facts.Q_GET_FOLDER_AND_CONTENTS: Query(
        "GetFolderAndContents",
        {
            f"{_FOLDER}EntryUUID": Parameter("uuid"),
            f"{_FOLDER}UniqueId": Parameter("text"),
            **_DOCUMENT_FILTERS,
        },
        one_of=(f"{_FOLDER}EntryUUID", f"{_FOLDER}UniqueId"),
        folder=True,
    ),
    facts.Q_GET_FOLDERS_FOR_DOCUMENT: Query(
        "GetFoldersForDocument",
        {f"{_ENTRY}EntryUUID": Parameter("uuid"), f"{_ENTRY}UniqueId": Parameter("text")},
        one_of=(f"{_ENTRY}EntryUUID", f"{_ENTRY}UniqueId"),
        folder=True,
    ),
}

STATUSES: Final = frozenset({facts.APPROVED, facts.DEPRECATED, facts.ARCHIVED, facts.DELETED})
