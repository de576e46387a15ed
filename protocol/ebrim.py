"""Views of ebRIM requests: submissions (ITI-41, ITI-57), stored queries (ITI-18) and retrieves (ITI-43).

Lenient and without verdict: what is missing is "" or empty, values stay as written (no CX, DTM or query
grammar here). Only a structure that can't be a view at all raises MetadataError. Each view keeps its
`element` for rules that need more, such as a slot written twice (its values are joined here).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from lxml import etree

from protocol import facts, safexml
from protocol.coded import Coded
from protocol.errors import MetadataError, Text

Slots = Mapping[str, tuple[str, ...]]

_RIM = f"{{{facts.RIM}}}"
_XDS = f"{{{facts.XDSB}}}"
_QUERY = f"{{{facts.QUERY}}}"
_LIST = f"{_RIM}RegistryObjectList"
_SUBMIT = f"{{{facts.LCM}}}SubmitObjectsRequest"
_TRUE = ("true", "1")


@dataclass(frozen=True, slots=True)
class Author:
    """Slots of one author classification, as written: `person` is an XCN, `institutions` are XON."""

    person: str
    institutions: tuple[str, ...]
    roles: tuple[str, ...]
    specialties: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class EntryView:
    """A document entry (ExtrinsicObject). `id` may be symbolic; `version` is VersionInfo/@versionName."""

    id: str
    object_type: str
    mime_type: str
    lid: str
    status: str
    version: str
    slots: Slots
    title: str
    comments: str
    coded: Mapping[str, tuple[Coded, ...]]
    authors: tuple[Author, ...]
    unique_id: str
    patient_id: str
    element: etree._Element

    def codes(self, scheme: str) -> tuple[Coded, ...]:
        """Coded values of a classification scheme (facts.DE_…), in document order."""
        return self.coded.get(scheme, ())

    def slot(self, name: str) -> str:
        """First value of a slot; "" when absent."""
        return _first(self.slots, name)


@dataclass(frozen=True, eq=False)
class SetView:
    """A submission set: a RegistryPackage classified as such."""

    id: str
    slots: Slots
    title: str
    comments: str
    content_type: tuple[Coded, ...]
    authors: tuple[Author, ...]
    unique_id: str
    patient_id: str
    source_id: str
    element: etree._Element

    def slot(self, name: str) -> str:
        """First value of a slot; "" when absent."""
        return _first(self.slots, name)


@dataclass(frozen=True, eq=False)
class AssociationView:
    """`type` is the URI; `source` and `target` are ids, symbolic or `urn:uuid:`."""

    id: str
    type: str
    source: str
    target: str
    slots: Slots
    element: etree._Element

    def slot(self, name: str) -> str:
        """First value of a slot; "" when absent."""
        return _first(self.slots, name)


@dataclass(frozen=True, eq=False)
class Submission:
    """What a RegistryObjectList holds.

    `folders`, `unclassified`: ids of packages (folders; neither set nor folder). `refs`: ids of ObjectRefs.
    `documents`: the xds:Document elements by @id (bytes are reached through protocol.soap).
    """

    sets: tuple[SetView, ...]
    entries: tuple[EntryView, ...]
    associations: tuple[AssociationView, ...]
    folders: tuple[str, ...]
    documents: Mapping[str, etree._Element]
    unclassified: tuple[str, ...] = ()
    refs: tuple[str, ...] = ()


#: Classifications and ExternalIdentifiers that stand alone in the list, by the id of what they are about.
_Loose = Mapping[str, list[etree._Element]]


@dataclass(frozen=True, eq=False)
class Listed:
    """The same, as elements: for who reads them in a way of its own."""

    sets: tuple[etree._Element, ...]
    entries: tuple[etree._Element, ...]
    associations: tuple[etree._Element, ...]
    folders: tuple[str, ...]
    documents: Mapping[str, etree._Element]
    unclassified: tuple[str, ...]
    refs: tuple[str, ...]
    loose: _Loose


@dataclass(frozen=True, slots=True)
class Param:
    """One slot of a stored query: the name with its `$`, and its Value elements as written."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StoredQuery:
    """`composed` is @returnComposedObjects. A parameter repeated in several slots appears several times."""

    id: str
    return_type: str
    composed: bool
    params: tuple[Param, ...]


@dataclass(frozen=True, slots=True)
class DocumentRequest:
    """One document asked from a repository; `home` is "" when absent, as the DMP expects."""

    repository: str
    document: str
    home: str = ""


def read_submission(payload: etree._Element) -> Submission:
    """Read the object list of a submission or of a query's response.

    Takes a ProvideAndRegisterDocumentSetRequest, SubmitObjectsRequest, AdhocQueryResponse or the list itself.
    Raises MetadataError without exactly one object list, or when two documents bear the same id.
    """
    listed = list_submission(payload)
    loose = listed.loose
    return Submission(
        sets=tuple(_set(found, loose) for found in listed.sets),
        entries=tuple(_entry(found, loose) for found in listed.entries),
        associations=tuple(_association(found) for found in listed.associations),
        folders=listed.folders,
        documents=listed.documents,
        unclassified=listed.unclassified,
        refs=listed.refs,
    )


def list_submission(payload: etree._Element) -> Listed:
    """The parts of the object list, unread. Takes and raises what `read_submission` does."""
    objects = _object_list(payload)
    loose = _loose(objects)
    sets: list[etree._Element] = []
    folders: list[str] = []
    unclassified: list[str] = []
    for package in objects.iterchildren(f"{_RIM}RegistryPackage"):
        nodes = {part.get("classificationNode") for part in _parts(package, "Classification", loose)}
        if facts.SUBMISSION_SET in nodes:
            sets.append(package)
        elif facts.FOLDER in nodes:
            folders.append(package.get("id", ""))
        else:
            unclassified.append(package.get("id", ""))
    return Listed(
        sets=tuple(sets),
        entries=tuple(objects.iterchildren(f"{_RIM}ExtrinsicObject")),
        associations=tuple(objects.iterchildren(f"{_RIM}Association")),
        folders=tuple(folders),
        documents=_documents(payload),
        unclassified=tuple(unclassified),
        refs=tuple(found.get("id", "") for found in objects.iterchildren(f"{_RIM}ObjectRef")),
        loose=loose,
    )


def patient_of_submission(payload: etree._Element) -> str:
    """patientId (CX) of the first submission set, "" when absent. Raises what `read_submission` does."""
    listed = list_submission(payload)
    first = next(iter(listed.sets), None)
    return "" if first is None else _external(first, facts.SS_PATIENT_ID, listed.loose)


def read_query(payload: etree._Element) -> StoredQuery:
    """Read an AdhocQueryRequest; values keep their grammar (protocol.storedquery).

    Raises MetadataError for another root, or without exactly one AdhocQuery.
    """
    _expect(payload, f"{_QUERY}AdhocQueryRequest")
    queries = list(payload.iterchildren(f"{_RIM}AdhocQuery"))
    if len(queries) != 1:
        raise _not_one("rim:AdhocQuery", payload, len(queries))
    option = payload.find(f"{_QUERY}ResponseOption")
    return StoredQuery(
        id=queries[0].get("id", ""),
        return_type="" if option is None else option.get("returnType", ""),
        composed=option is not None and option.get("returnComposedObjects", "").strip() in _TRUE,
        params=tuple(Param(name, values) for name, values in _slot_values(queries[0])),
    )


def read_retrieve(payload: etree._Element) -> tuple[DocumentRequest, ...]:
    """Read a RetrieveDocumentSetRequest; empty when it asks for nothing.

    Raises MetadataError for another root.
    """
    _expect(payload, f"{_XDS}RetrieveDocumentSetRequest")
    return tuple(
        DocumentRequest(
            repository=safexml.text(asked.find(f"{_XDS}RepositoryUniqueId")),
            document=safexml.text(asked.find(f"{_XDS}DocumentUniqueId")),
            home=safexml.text(asked.find(f"{_XDS}HomeCommunityId")),
        )
        for asked in payload.iterchildren(f"{_XDS}DocumentRequest")
    )


def _object_list(payload: etree._Element) -> etree._Element:
    if payload.tag == _LIST:
        return payload
    holders = [payload, *payload.iterchildren(_SUBMIT)]
    found = [objects for holder in holders for objects in holder.iterchildren(_LIST)]
    if len(found) != 1:
        raise _not_one("rim:RegistryObjectList", payload, len(found))
    return found[0]


def _loose(objects: etree._Element) -> _Loose:
    about: dict[str, list[etree._Element]] = {}
    for tag, attribute in (("Classification", "classifiedObject"), ("ExternalIdentifier", "registryObject")):
        for found in objects.iterchildren(f"{_RIM}{tag}"):
            about.setdefault(found.get(attribute, ""), []).append(found)
    return about


def _parts(owner: etree._Element, tag: str, loose: _Loose) -> Iterator[etree._Element]:
    """Its own children of that tag, then those that stand alone and name it."""
    yield from owner.iterchildren(f"{_RIM}{tag}")
    identifier = owner.get("id", "")
    if identifier:
        yield from (found for found in loose.get(identifier, ()) if found.tag == f"{_RIM}{tag}")


def _entry(element: etree._Element, loose: _Loose) -> EntryView:
    classifications = tuple(_parts(element, "Classification", loose))
    version = element.find(f"{_RIM}VersionInfo")
    return EntryView(
        id=element.get("id", ""),
        object_type=element.get("objectType", ""),
        mime_type=element.get("mimeType", ""),
        lid=element.get("lid", ""),
        status=element.get("status", ""),
        version="" if version is None else version.get("versionName", ""),
        slots=_slots(element),
        title=_localized(element, "Name"),
        comments=_localized(element, "Description"),
        coded=_coded(classifications, but=facts.DE_AUTHOR),
        authors=_authors(classifications, facts.DE_AUTHOR),
        unique_id=_external(element, facts.DE_UNIQUE_ID, loose),
        patient_id=_external(element, facts.DE_PATIENT_ID, loose),
        element=element,
    )


def _set(element: etree._Element, loose: _Loose) -> SetView:
    classifications = tuple(_parts(element, "Classification", loose))
    return SetView(
        id=element.get("id", ""),
        slots=_slots(element),
        title=_localized(element, "Name"),
        comments=_localized(element, "Description"),
        content_type=_coded(classifications, but=facts.SS_AUTHOR).get(facts.SS_CONTENT_TYPE, ()),
        authors=_authors(classifications, facts.SS_AUTHOR),
        unique_id=_external(element, facts.SS_UNIQUE_ID, loose),
        patient_id=_external(element, facts.SS_PATIENT_ID, loose),
        source_id=_external(element, facts.SS_SOURCE_ID, loose),
        element=element,
    )


def _association(element: etree._Element) -> AssociationView:
    return AssociationView(
        id=element.get("id", ""),
        type=element.get("associationType", ""),
        source=element.get("sourceObject", ""),
        target=element.get("targetObject", ""),
        slots=_slots(element),
        element=element,
    )


def _documents(payload: etree._Element) -> Mapping[str, etree._Element]:
    documents: dict[str, etree._Element] = {}
    for document in payload.iterchildren(f"{_XDS}Document"):
        identifier = document.get("id", "")
        if identifier in documents:
            raise MetadataError(
                "EBRIM-003",
                Text("deux documents portent le même id", "two documents bear the same id"),
                field="xds:Document/@id",
                found=identifier,
            )
        documents[identifier] = document
    return MappingProxyType(documents)


def _slot_values(owner: etree._Element) -> Iterator[tuple[str, tuple[str, ...]]]:
    for slot in owner.iterchildren(f"{_RIM}Slot"):
        values = slot.iterfind(f"{_RIM}ValueList/{_RIM}Value")
        yield slot.get("name", ""), tuple(safexml.text(value) for value in values)


def _slots(owner: etree._Element) -> Slots:
    slots: dict[str, list[str]] = {}
    for name, values in _slot_values(owner):
        slots.setdefault(name, []).extend(values)
    return MappingProxyType({name: tuple(values) for name, values in slots.items()})


def _first(slots: Slots, name: str) -> str:
    return next(iter(slots.get(name, ())), "")


def _localized(owner: etree._Element, tag: str) -> str:
    found = owner.find(f"{_RIM}{tag}/{_RIM}LocalizedString")
    return "" if found is None else found.get("value", "")


def _external(owner: etree._Element, scheme: str, loose: _Loose) -> str:
    found = _parts(owner, "ExternalIdentifier", loose)
    return next((part.get("value", "") for part in found if part.get("identificationScheme") == scheme), "")


def _coded(classifications: Iterable[etree._Element], *, but: str) -> Mapping[str, tuple[Coded, ...]]:
    """Coded values by scheme, leaving out the scheme of authors, which is not coded."""
    coded: dict[str, list[Coded]] = {}
    for found in classifications:
        scheme = found.get("classificationScheme", "")
        if scheme and scheme != but:
            system = _first(_slots(found), "codingScheme")
            value = Coded(found.get("nodeRepresentation", ""), system, _localized(found, "Name"))
            coded.setdefault(scheme, []).append(value)
    return MappingProxyType({scheme: tuple(values) for scheme, values in coded.items()})


def _authors(classifications: Iterable[etree._Element], scheme: str) -> tuple[Author, ...]:
    slots = [_slots(found) for found in classifications if found.get("classificationScheme") == scheme]
    return tuple(
        Author(
            person=_first(found, "authorPerson"),
            institutions=found.get("authorInstitution", ()),
            roles=found.get("authorRole", ()),
            specialties=found.get("authorSpecialty", ()),
        )
        for found in slots
    )


def _expect(payload: etree._Element, tag: str) -> None:
    if payload.tag != tag:
        raise MetadataError(
            "EBRIM-001",
            Text(
                "le corps du message n'est pas celui attendu",
                "the body of the message isn't the expected one",
            ),
            field=safexml.path_of(payload),
            found=str(payload.tag),
            expected=tag,
        )


def _not_one(name: str, payload: etree._Element, count: int) -> MetadataError:
    return MetadataError(
        "EBRIM-002",
        Text(f"il faut exactement un {name}", f"exactly one {name} is needed"),
        field=safexml.path_of(payload),
        found=str(count),
        expected="1",
    )
