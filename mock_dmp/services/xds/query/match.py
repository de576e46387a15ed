"""Does an object satisfy the criteria of a query? (ITI TF-2a 3.18.4.1.2.3)

Inside a slot OR, between slots AND, From inclusive, To exclusive, `%` and `_` in LIKE. Rights are not
looked at here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from mock_dmp.services.xds.query.criteria import Criteria
from mock_dmp.state.xds_objects import RegistryObject
from protocol import facts
from protocol.errors import IdentifierError
from protocol.identifiers.dtm import Dtm, parse_dtm
from protocol.storedquery import like

_CODES: Final = {
    "$XDSDocumentEntryClassCode": facts.DE_CLASS,
    "$XDSDocumentEntryTypeCode": facts.DE_TYPE,
    "$XDSDocumentEntryPracticeSettingCode": facts.DE_PRACTICE,
    "$XDSDocumentEntryHealthcareFacilityTypeCode": facts.DE_FACILITY,
    "$XDSDocumentEntryEventCodeList": facts.DE_EVENT,
    "$XDSDocumentEntryConfidentialityCode": facts.DE_CONFIDENTIALITY,
    "$XDSDocumentEntryFormatCode": facts.DE_FORMAT,
    "$XDSSubmissionSetContentType": facts.SS_CONTENT_TYPE,
}
_TIMES: Final = {
    "$XDSDocumentEntryCreationTime": "creationTime",
    "$XDSDocumentEntryServiceStartTime": "serviceStartTime",
    "$XDSDocumentEntryServiceStopTime": "serviceStopTime",
    "$XDSSubmissionSetSubmissionTime": "submissionTime",
}
_REFERENCES: Final = "urn:ihe:iti:xds:2013:referenceIdList"


def matches_entry(entry: RegistryObject, criteria: Criteria) -> bool:
    """Does a document entry satisfy every `$XDSDocumentEntry…` criterion?"""
    return _matches(entry, criteria, "$XDSDocumentEntry")


def matches_set(package: RegistryObject, criteria: Criteria) -> bool:
    """Does a submission set satisfy every `$XDSSubmissionSet…` criterion?"""
    return _matches(package, criteria, "$XDSSubmissionSet")


def _matches(item: RegistryObject, criteria: Criteria, prefix: str) -> bool:
    return all(
        any(_value(item, name, value) for value in group)
        for name, groups in criteria.items()
        if name.startswith(prefix)
        for group in groups
    )


def _value(item: RegistryObject, name: str, value: str) -> bool:
    if name in _CODES:
        return any(f"{code.code}^^{code.system}" == value for code in item.codes(_CODES[name]))
    if name.endswith(("From", "To")):
        return _in_time(item, name, value)
    return _PLAIN.get(name.removeprefix("$XDSDocumentEntry").removeprefix("$XDSSubmissionSet"), _ignored)(
        item, value
    )


def _in_time(item: RegistryObject, name: str, bound: str) -> bool:
    """A time that is missing, or that can't be read, satisfies no bound."""
    moment = _moment(item.slot(_TIMES[name.removesuffix("From").removesuffix("To")]))
    limit = _moment(bound)
    if moment is None or limit is None:
        return False
    return moment.between(since=limit) if name.endswith("From") else moment.between(until=limit)


def _moment(text: str) -> Dtm | None:
    try:
        return parse_dtm(text) if text else None
    except IdentifierError:
        return None


def _ignored(_item: RegistryObject, _value: str) -> bool:
    return True


_PLAIN: Final[Mapping[str, Callable[[RegistryObject, str], bool]]] = {
    "Status": lambda item, value: item.status == value,
    "Type": lambda item, value: item.object_type == value,
    "SourceId": lambda item, value: item.identifier(facts.SS_SOURCE_ID) == value,
    "AuthorPerson": lambda item, value: any(
        like(value, person) for person in item.author_values("authorPerson")
    ),
    "ReferenceIdList": lambda item, value: value in item.values(_REFERENCES),
}
