"""Mutations of searches, retrievals and updates (TD3.1, TD3.2, TD3.3), asked and answered, and of ebXML answers."""

from __future__ import annotations

from typing import Final

from harness.mutate.edits import add, drop, each, put, rename, shape, twin
from harness.mutate.registry import mutator

REQUEST: Final = "request"
ANSWER: Final = "answer"
_FIND: Final = ("TD3.1",)
_GET: Final = ("TD3.2",)
_QUERY: Final = "//rim:AdhocQuery"
_SLOT: Final = f"{_QUERY}/rim:Slot"
_DOCUMENTS: Final = f"{_QUERY}[@id='urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d']"
_STATUS: Final = f"{_SLOT}[contains(@name, 'EntryStatus')]"
_VALUE: Final = "rim:ValueList/rim:Value"

mutator("query-unknown", over=REQUEST, on=_FIND, breaks="QUERY-ID")(
    put(f"{_QUERY}/@id", "urn:uuid:14d4debf-0000-4251-9a74-a90016b0af0d")
)
mutator("query-gone", over=REQUEST, on=_FIND, breaks="QUERY-ID")(drop(_QUERY))
mutator("query-return-unknown", over=REQUEST, on=_FIND, breaks="QUERY-RETURN")(
    put("//query:ResponseOption/@returnType", "RegistryObject")
)
mutator("query-not-composed", over=REQUEST, on=_FIND, breaks="QUERY-RETURN")(
    put("//query:ResponseOption/@returnComposedObjects", "false")
)
mutator("query-no-option", over=REQUEST, on=_FIND, breaks="QUERY-RETURN")(drop("//query:ResponseOption"))
mutator("query-status-gone", over=REQUEST, on=_FIND, breaks="QUERY-PARAMETERS")(
    drop(f"{_DOCUMENTS}/rim:Slot[contains(@name, 'EntryStatus')]")
)
mutator("query-parameter-twice", over=REQUEST, on=_FIND, breaks="QUERY-NAMES")(
    twin(f"{_SLOT}[contains(@name, 'PatientId')]")
)
mutator("query-name-no-dollar", over=REQUEST, on=_FIND, breaks="QUERY-NAMES")(
    shape(f"{_SLOT}/@name", lambda name: name.removeprefix("$"))
)
mutator("query-no-quotes", over=REQUEST, on=_FIND, breaks="QUERY-GRAMMAR")(
    shape(f"{_SLOT}[contains(@name, 'PatientId')]/{_VALUE}", lambda value: value.strip("'"))
)
mutator("query-no-value", over=REQUEST, on=_FIND, breaks="QUERY-GRAMMAR")(drop(f"{_STATUS}/{_VALUE}"))
mutator("query-patient-list", over=REQUEST, on=_FIND, breaks="QUERY-SINGLE")(
    shape(f"{_SLOT}[contains(@name, 'PatientId')]/{_VALUE}", lambda value: f"({value})")
)
mutator("query-status-single", over=REQUEST, on=_FIND, breaks="QUERY-LIST")(
    shape(f"{_STATUS}/{_VALUE}", lambda value: value.strip("()"))
)
mutator("query-patient-odd", over=REQUEST, on=_FIND, breaks="QUERY-PATIENT")(
    shape(f"{_SLOT}[contains(@name, 'PatientId')]/{_VALUE}", lambda value: value.replace("&ISO", ""))
)
mutator("query-patient-other", over=REQUEST, on=_FIND, breaks="INS-SAME")(
    shape(f"{_SLOT}[contains(@name, 'PatientId')]/{_VALUE}", lambda value: "'280056399910181" + value[16:])
)
mutator("query-status-unknown", over=REQUEST, on=_FIND, breaks="QUERY-STATUS")(
    put(f"{_STATUS}/{_VALUE}", "('urn:oasis:names:tc:ebxml-regrep:StatusType:Accepted')")
)
mutator("query-time-odd", over=REQUEST, on=_FIND, breaks="QUERY-TIMES")(
    put(f"{_SLOT}[contains(@name, 'Time')]/{_VALUE}", "'2026-01-01'")
)
mutator("query-time-backwards", over=REQUEST, on=_FIND, breaks="QUERY-TIMES")(
    each(
        *(
            add(
                _DOCUMENTS,
                f'<rim:Slot name="$XDSDocumentEntryServiceStopTime{end}"><rim:ValueList><rim:Value>{day}</rim:Value>'
                "</rim:ValueList></rim:Slot>",
            )
            for end, day in (("From", "'20260201'"), ("To", "'20260101'"))
        )
    )
)
mutator("query-coded-made-odd", over=REQUEST, on=_FIND, breaks="QUERY-CODED")(
    add(
        _DOCUMENTS,
        "<rim:Slot name=\"$XDSDocumentEntryTypeCode\"><rim:ValueList><rim:Value>('11488-4')</rim:Value>"
        "</rim:ValueList></rim:Slot>",
    )
)
mutator("query-unknown-element", over=REQUEST, on=_FIND, breaks="XSD-XDS")(
    add("//query:AdhocQueryRequest", "<query:Limit/>")
)

_ASKED: Final = "//xds:DocumentRequest"
mutator("retrieve-nothing", over=REQUEST, on=_GET, breaks="RETRIEVE-REQUEST")(drop(_ASKED, every=True))
mutator("retrieve-by-uuid", over=REQUEST, on=_GET, breaks="RETRIEVE-REQUEST")(
    put(f"{_ASKED}/xds:DocumentUniqueId", "urn:uuid:00000000-0000-4000-8000-000000000000")
)
mutator("retrieve-no-repository", over=REQUEST, on=_GET, breaks="RETRIEVE-REQUEST")(
    drop(f"{_ASKED}/xds:RepositoryUniqueId")
)
mutator("retrieve-other-repository", over=REQUEST, on=_GET, breaks="RETRIEVE-REPOSITORY")(
    put(f"{_ASKED}/xds:RepositoryUniqueId", "1.2.3.4")
)
mutator("retrieve-twice", over=REQUEST, on=_GET, breaks="RETRIEVE-ONCE")(twin(_ASKED))

# Answers
_SUCCESS: Final = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success"
_ENTRY: Final = "//rim:RegistryObjectList/rim:ExtrinsicObject"
_EBXML: Final = ("TD2.1", "TD3.1", "TD3.2", "TD3.3a", "TD3.3c", "TD3.3d")
mutator("ebxml-status-short", over=ANSWER, on=_EBXML, breaks="RS-STATUS")(
    shape("//*[@status]/@status", lambda value: value.rpartition(":")[2])
)
mutator("ebxml-status-gone", over=ANSWER, on=_EBXML, breaks=("RS-STATUS", "XSD-XDS"))(
    drop("//*[@status]/@status")
)
mutator("ebxml-success-with-error", over=ANSWER, on=_EBXML, breaks="RS-ERRORS")(
    each(drop("//none"), put("//*[@status and rs:RegistryErrorList]/@status", _SUCCESS))
)
mutator("ebxml-failure-without-error", over=ANSWER, on=_EBXML, breaks="RS-ERRORS")(
    drop("//*[contains(@status, 'Failure')]/rs:RegistryErrorList")
)
mutator("ebxml-error-no-code", over=ANSWER, on=_EBXML, breaks="RS-ERROR-CONTENT")(
    drop("//rs:RegistryError/@errorCode")
)
mutator("ebxml-error-no-context", over=ANSWER, on=_EBXML, breaks="RS-ERROR-CONTENT")(
    put("//rs:RegistryError/@codeContext", "")
)
mutator("ebxml-error-severity", over=ANSWER, on=_EBXML, breaks="RS-ERROR-CONTENT")(
    put("//rs:RegistryError/@severity", "Error")
)
mutator("ebxml-highest-lower", over=ANSWER, on=_EBXML, breaks="RS-HIGHEST")(
    put(
        "//rs:RegistryErrorList/@highestSeverity", "urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:Warning"
    )
)
mutator("found-list-gone", over=ANSWER, on=_FIND, breaks="RS-LIST")(drop("//rim:RegistryObjectList"))
mutator("found-count-wrong", over=ANSWER, on=_FIND, breaks="RS-COUNT")(
    put("//query:AdhocQueryResponse/@totalResultCount", "77")
)
mutator("found-twice", over=ANSWER, on=_FIND, breaks="RS-ONCE")(twin(_ENTRY))
mutator("found-as-references", over=ANSWER, on=_FIND, breaks="RS-RETURN-TYPE")(rename(_ENTRY, "ObjectRef"))
mutator("found-id-symbolic", over=ANSWER, on=_FIND, breaks="RS-OBJECT-IDS")(
    put(f"{_ENTRY}/@id", "Document01")
)
mutator("found-repository-other", over=ANSWER, on=_FIND, breaks="RS-REPOSITORY")(
    put(f"{_ENTRY}/rim:Slot[@name='repositoryUniqueId']/{_VALUE}", "1.2.3")
)
mutator("found-slot-lost", over=ANSWER, on=_FIND, breaks="RS-ENTRY-SLOTS")(
    drop(f"{_ENTRY}/rim:Slot[@name='creationTime']")
)
mutator("found-repository-lost", over=ANSWER, on=_FIND, breaks=("RS-ENTRY", "RS-REPOSITORY"))(
    drop(f"{_ENTRY}/rim:Slot[@name='repositoryUniqueId']")
)
mutator("found-version-odd", over=ANSWER, on=_FIND, breaks="RS-VERSION")(
    shape(
        f"{_ENTRY}[@lid and rim:VersionInfo]/rim:VersionInfo/@versionName",
        lambda one: "2" if one == "1" else "1",
    )
)
mutator("found-status-not-asked", over=ANSWER, on=_FIND, breaks="RS-ENTRY-STATUS")(
    put(f"{_ENTRY}/@status", "urn:oasis:names:tc:ebxml-regrep:StatusType:Deprecated")
)
mutator("found-unique-id-lost", over=ANSWER, on=_FIND, breaks="RS-ENTRY")(
    drop(
        f"{_ENTRY}/rim:ExternalIdentifier[@identificationScheme='urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab']"
    )
)
_GIVEN: Final = "//xds:DocumentResponse"
mutator("given-other", over=ANSWER, on=_GET, breaks="RETRIEVE-DOCUMENTS")(
    put(f"{_GIVEN}/xds:DocumentUniqueId", "2.25.1")
)
mutator("given-twice", over=ANSWER, on=_GET, breaks="RETRIEVE-DOCUMENTS")(twin(_GIVEN))
mutator("given-empty", over=ANSWER, on=_GET, breaks="RETRIEVE-CONTENT")(drop(f"{_GIVEN}/xds:Document"))
mutator("given-media-odd", over=ANSWER, on=_GET, breaks="RETRIEVE-CONTENT")(
    put(f"{_GIVEN}/xds:mimeType", "xml")
)
mutator("given-less-than-told", over=ANSWER, on=_GET, breaks="RETRIEVE-STATUS")(drop(_GIVEN))
mutator("given-inline", over=ANSWER, on=_GET, breaks="MTOM-REFERENCED")(
    each(drop(f"{_GIVEN}/xds:Document/xop:Include"), put(f"{_GIVEN}/xds:Document", "PA=="))
)

# Updates
_NEW: Final = ("TD3.3a", "TD3.3b")
_STATE: Final = ("TD3.3c", "TD3.3d")
_LINK: Final = "//rim:Association[contains(@associationType, 'UpdateAvailabilityStatus')]"
_HAS: Final = "//rim:Association[contains(@associationType, 'HasMember')]"
mutator("update-nothing", over=REQUEST, on=_STATE, breaks="UPD-OPERATION")(drop(_LINK, every=True))
mutator("update-no-entry", over=REQUEST, on=_NEW, breaks="UPD-OPERATION")(drop(_ENTRY, every=True))
mutator("update-signed", over=REQUEST, on=_NEW, breaks="UPD-UNSIGNED")(
    put(f"{_HAS}/@associationType", "urn:ihe:iti:2007:AssociationType:signs")
)
mutator("update-no-logical-id", over=REQUEST, on=_NEW, breaks="UPD-LOGICAL-ID")(drop(f"{_ENTRY}/@lid"))
mutator("update-id-logical", over=REQUEST, on=_NEW, breaks="UPD-LOGICAL-ID")(
    put(f"{_ENTRY}/@lid", "NewVersion01")
)
mutator("update-no-previous", over=REQUEST, on=_NEW, breaks="UPD-PREVIOUS-VERSION")(
    drop(f"{_HAS}/rim:Slot[@name='PreviousVersion']")
)
mutator("update-previous-word", over=REQUEST, on=_NEW, breaks="UPD-PREVIOUS-VERSION")(
    put(f"{_HAS}/rim:Slot[@name='PreviousVersion']/{_VALUE}", "première")
)
mutator("update-no-repository", over=REQUEST, on=_NEW, breaks="UPD-COPY")(
    drop(f"{_ENTRY}/rim:Slot[@name='repositoryUniqueId']")
)
mutator("update-confidentiality", over=REQUEST, on=_NEW, breaks=("UPD-CODES", "DE-CONFIDENTIALITY"))(
    drop(
        f"{_ENTRY}/rim:Classification[@classificationScheme='urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f']",
        every=True,
    )
)
mutator("update-status-short", over=REQUEST, on=_STATE, breaks="UPD-STATUS")(
    put(f"{_LINK}/rim:Slot[@name='NewStatus']/{_VALUE}", "Archived")
)
mutator("update-status-same", over=REQUEST, on=_STATE, breaks="UPD-STATUS")(
    put(
        f"{_LINK}/rim:Slot[@name='NewStatus']/{_VALUE}", "urn:oasis:names:tc:ebxml-regrep:StatusType:Approved"
    )
)
mutator("update-target-symbolic", over=REQUEST, on=_STATE, breaks="UPD-TARGET")(
    put(f"{_LINK}/@targetObject", "Document01")
)
mutator("update-source-other", over=REQUEST, on=_STATE, breaks="UPD-TARGET")(
    put(f"{_LINK}/@sourceObject", "Other")
)
