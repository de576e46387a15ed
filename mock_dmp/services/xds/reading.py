"""From the body of an ITI-41 request to registry objects, ids still as the sender wrote them.

Lenient: what is missing is empty, what is double stays double, so that the rules can say so. The views of
`protocol.ebrim` find the objects; parts that views join (slots, labels) are read from their elements.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lxml import etree

from mock_dmp.state.xds_objects import (
    Association,
    Classification,
    ExternalIdentifier,
    Kind,
    Label,
    RegistryObject,
    Slot,
)
from protocol import ebrim, facts, safexml
from protocol.errors import SoapError
from protocol.soap import Binary, SoapMessage

_RIM = f"{{{facts.RIM}}}"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


@dataclass(frozen=True)
class Submitted:
    """One submission as it was sent. `documents` by xds:Document/@id; `dangling` ids have no bytes.

    `sets` has one item when the message is right.
    """

    sets: tuple[RegistryObject, ...]
    entries: tuple[RegistryObject, ...]
    associations: tuple[Association, ...]
    folders: tuple[str, ...]
    documents: Mapping[str, Binary]
    dangling: tuple[str, ...] = ()
    unclassified: tuple[str, ...] = ()

    @property
    def objects(self) -> tuple[RegistryObject, ...]:
        return (*self.sets, *self.entries)

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of all objects and associations, as sent."""
        return (*(item.id for item in self.objects), *(link.id for link in self.associations))

    def document(self, entry_id: str, *, same_case: bool = True) -> Binary | None:
        """The bytes of an entry; some senders change the case of the id between entry and document."""
        if same_case or entry_id in self.documents:
            return self.documents.get(entry_id)
        wanted = entry_id.lower()
        return next((found for name, found in self.documents.items() if name.lower() == wanted), None)


def read_submitted(message: SoapMessage) -> Submitted:
    """Read the body of a ProvideAndRegisterDocumentSetRequest. Raises MetadataError (no object list)."""
    read = ebrim.list_submission(message.envelope.body)
    loose = _loose(message.envelope.body)
    documents: dict[str, Binary] = {}
    dangling: list[str] = []
    for name, element in read.documents.items():
        try:
            documents[name] = message.binary(element)
        except SoapError:
            dangling.append(name)
    return Submitted(
        sets=tuple(_object("set", element, loose) for element in read.sets),
        entries=tuple(_object("entry", element, loose) for element in read.entries),
        associations=tuple(_association(element) for element in read.associations),
        folders=read.folders,
        documents=documents,
        dangling=tuple(dangling),
        unclassified=read.unclassified,
    )


_Loose = Mapping[str, tuple[etree._Element, ...]]


def _loose(body: etree._Element) -> _Loose:
    """Classifications and identifiers that stand alone in the list, by the object they name (ebRIM allows)."""
    about: dict[str, tuple[etree._Element, ...]] = {}
    for listing in body.iter(f"{_RIM}RegistryObjectList"):
        for tag, attribute in (
            ("Classification", "classifiedObject"),
            ("ExternalIdentifier", "registryObject"),
        ):
            for found in listing.iterchildren(f"{_RIM}{tag}"):
                about[found.get(attribute, "")] = (*about.get(found.get(attribute, ""), ()), found)
    return about


def _object(kind: Kind, element: etree._Element, loose: _Loose) -> RegistryObject:
    more = loose.get(element.get("id", ""), ())
    parts = [*element.iterchildren(), *more]
    return RegistryObject(
        kind=kind,
        id=element.get("id", ""),
        object_type=element.get("objectType", ""),
        mime_type=element.get("mimeType", ""),
        slots=tuple(_slots(element)),
        name=tuple(_labels(element, "Name")),
        description=tuple(_labels(element, "Description")),
        classifications=tuple(_classification(part) for part in parts if part.tag == f"{_RIM}Classification"),
        identifiers=tuple(_identifier(part) for part in parts if part.tag == f"{_RIM}ExternalIdentifier"),
        home=element.get("home", ""),
        lid=element.get("lid", ""),
        status=element.get("status", ""),
    )


def _classification(element: etree._Element) -> Classification:
    return Classification(
        id=element.get("id", ""),
        scheme=element.get("classificationScheme", ""),
        node=element.get("classificationNode", ""),
        code=element.get("nodeRepresentation", ""),
        slots=tuple(_slots(element)),
        name=tuple(_labels(element, "Name")),
        parent=element.get("classifiedObject", ""),
    )


def _identifier(element: etree._Element) -> ExternalIdentifier:
    return ExternalIdentifier(
        id=element.get("id", ""),
        scheme=element.get("identificationScheme", ""),
        value=element.get("value", ""),
        name=tuple(_labels(element, "Name")),
        parent=element.get("registryObject", ""),
    )


def _association(element: etree._Element) -> Association:
    return Association(
        id=element.get("id", ""),
        type=element.get("associationType", ""),
        source=element.get("sourceObject", ""),
        target=element.get("targetObject", ""),
        slots=tuple(_slots(element)),
        classified=element.find(f"{_RIM}Classification") is not None,
    )


def _slots(element: etree._Element) -> Iterator[Slot]:
    for slot in element.iterchildren(f"{_RIM}Slot"):
        values = slot.iterfind(f"{_RIM}ValueList/{_RIM}Value")
        yield Slot(slot.get("name", ""), tuple(safexml.text(value) for value in values))


def _labels(element: etree._Element, tag: str) -> Iterator[Label]:
    for found in element.iterfind(f"{_RIM}{tag}/{_RIM}LocalizedString"):
        yield Label(found.get("value", ""), found.get(_LANG, ""), found.get("charset", ""))
