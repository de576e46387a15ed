"""Writers of the XDS.b answers: RegistryResponse, AdhocQueryResponse, RetrieveDocumentSetResponse.

Element order is that of the ebRS/ebRIM 3 schemas. The mock's own writer: nothing here is shared with the
side that drives or judges. It decides nothing: it is given objects and errors.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from lxml import etree

from mock_dmp.context import Call, Problem, Refusal
from mock_dmp.render.soap import sentence
from mock_dmp.state.xds_objects import (
    Association,
    Classification,
    ExternalIdentifier,
    Label,
    RegistryObject,
    Slot,
)
from protocol import facts

_ASSOCIATION_TYPE = "urn:oasis:names:tc:ebxml-regrep:ObjectType:RegistryObject:Association"
_CLASSIFICATION_TYPE = "urn:oasis:names:tc:ebxml-regrep:ObjectType:RegistryObject:Classification"
_IDENTIFIER_TYPE = "urn:oasis:names:tc:ebxml-regrep:ObjectType:RegistryObject:ExternalIdentifier"
_PACKAGE_TYPE = "urn:oasis:names:tc:ebxml-regrep:ObjectType:RegistryObject:RegistryPackage"
#: For what was written here: nothing in it comes from outside unescaped.
_OWN = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True, collect_ids=False)
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


@dataclass(frozen=True)
class RetrievedDocument:
    """One DocumentResponse; `content_id` names the MIME part that carries the bytes."""

    repository: str
    unique_id: str
    mime_type: str
    content_id: str
    home: str = ""


def registry_response(errors: Sequence[Problem] = (), *, status: str = "") -> etree._Element:
    """rs:RegistryResponse: Failure when one of the errors is an Error, else Success, unless `status` says."""
    answer = etree.Element(_rs("RegistryResponse"), nsmap={"rs": facts.RS}, status=status or _status(errors))
    _error_list(answer, errors)
    return answer


def query_response(
    objects: Iterable[RegistryObject | Association],
    *,
    references: bool = False,
    errors: Sequence[Problem] = (),
    repository: str = facts.OID_REPOSITORY,
) -> etree._Element:
    """query:AdhocQueryResponse (ITI-18): whole objects or ObjectRef; the list is there even when empty."""
    found = tuple(objects)
    answer = etree.Element(
        f"{{{facts.QUERY}}}AdhocQueryResponse",
        nsmap={"query": facts.QUERY, "rim": facts.RIM, "rs": facts.RS},
        status=_status(errors),
        startIndex="0",
        totalResultCount=str(len(found)),
    )
    _error_list(answer, errors)
    listing = etree.SubElement(answer, _rim("RegistryObjectList"))
    for item in found:
        if references:
            etree.SubElement(listing, _rim("ObjectRef"), id=item.id)
        elif isinstance(item, Association):
            _association(listing, item)
        elif item.kind == "set":
            _package(listing, item)
        else:
            listing.append(etree.fromstring(_entry_bytes(item, repository), _OWN))
    return answer


def retrieve_response(
    documents: Sequence[RetrievedDocument], errors: Sequence[Problem] = ()
) -> etree._Element:
    """xds:RetrieveDocumentSetResponse (ITI-43): one xop:Include a document; PartialSuccess when some fail."""
    status = facts.PARTIAL_SUCCESS if documents and errors else ""
    answer = etree.Element(
        _xds("RetrieveDocumentSetResponse"), nsmap={"xds": facts.XDSB, "rs": facts.RS, "xop": facts.XOP}
    )
    answer.append(registry_response(errors, status=status))
    for document in documents:
        response = etree.SubElement(answer, _xds("DocumentResponse"))
        if document.home:
            etree.SubElement(response, _xds("HomeCommunityId")).text = document.home
        etree.SubElement(response, _xds("RepositoryUniqueId")).text = document.repository
        etree.SubElement(response, _xds("DocumentUniqueId")).text = document.unique_id
        etree.SubElement(response, _xds("mimeType")).text = document.mime_type
        body = etree.SubElement(response, _xds("Document"))
        etree.SubElement(body, f"{{{facts.XOP}}}Include", href=f"cid:{document.content_id}")
    return answer


def render_refusal(call: Call, refusal: Refusal) -> etree._Element:
    """The answer of a transaction on documents that fails: its own root, with the RegistryErrorList."""
    root = call.transaction.response_root
    if root == f"{{{facts.QUERY}}}AdhocQueryResponse":
        return query_response((), errors=refusal.problems)
    if root == _xds("RetrieveDocumentSetResponse"):
        return retrieve_response((), refusal.problems)
    return registry_response(refusal.problems)


def _status(errors: Sequence[Problem]) -> str:
    return facts.FAILURE if any(error.severity == "error" for error in errors) else facts.SUCCESS


def _error_list(parent: etree._Element, errors: Sequence[Problem]) -> None:
    if not errors:
        return
    worst = facts.SEVERITY_WARNING if _status(errors) == facts.SUCCESS else facts.SEVERITY_ERROR
    listing = etree.SubElement(parent, _rs("RegistryErrorList"), highestSeverity=worst)
    for error in errors:
        severity = facts.SEVERITY_ERROR if error.severity == "error" else facts.SEVERITY_WARNING
        item = etree.SubElement(
            listing,
            _rs("RegistryError"),
            errorCode=error.code,
            codeContext=sentence(error),
            severity=severity,
        )
        if error.location:
            item.set("location", error.location)


@lru_cache(maxsize=2048)
def _entry_bytes(entry: RegistryObject, repository: str) -> bytes:
    """The same object is always written the same way: reading its bytes again is faster than writing it anew."""
    holder = etree.Element(_rim("RegistryObjectList"), nsmap={"rim": facts.RIM})
    _entry(holder, entry, repository)
    return etree.tostring(holder[0])


def _entry(parent: etree._Element, entry: RegistryObject, repository: str) -> None:
    element = etree.SubElement(
        parent,
        _rim("ExtrinsicObject"),
        id=entry.id,
        lid=entry.lid,
        objectType=entry.object_type,
        status=entry.status,
        mimeType=entry.mime_type,
        isOpaque="false",
    )
    _described(element, entry.with_slot("repositoryUniqueId", repository))


def _package(parent: etree._Element, package: RegistryObject) -> None:
    element = etree.SubElement(
        parent,
        _rim("RegistryPackage"),
        id=package.id,
        lid=package.lid,
        objectType=_PACKAGE_TYPE,
        status=package.status,
    )
    _described(element, package)


def _described(element: etree._Element, item: RegistryObject) -> None:
    if item.home:
        element.set("home", item.home)
    _slots(element, item.slots)
    _labels(element, "Name", item.name)
    _labels(element, "Description", item.description)
    etree.SubElement(element, _rim("VersionInfo"), versionName=str(item.version))
    for classification in item.classifications:
        _classification(element, item.id, classification)
    for identifier in item.identifiers:
        _identifier(element, item.id, identifier)


def _classification(parent: etree._Element, owner: str, item: Classification) -> None:
    element = etree.SubElement(
        parent,
        _rim("Classification"),
        id=item.id,
        lid=item.id,
        objectType=_CLASSIFICATION_TYPE,
        classifiedObject=owner,
    )
    if item.node:
        element.set("classificationNode", item.node)
    else:
        element.set("classificationScheme", item.scheme)
        element.set("nodeRepresentation", item.code)
    _slots(element, item.slots)
    _labels(element, "Name", item.name)
    etree.SubElement(element, _rim("VersionInfo"), versionName="1")


def _identifier(parent: etree._Element, owner: str, item: ExternalIdentifier) -> None:
    element = etree.SubElement(
        parent,
        _rim("ExternalIdentifier"),
        id=item.id,
        lid=item.id,
        objectType=_IDENTIFIER_TYPE,
        registryObject=owner,
        identificationScheme=item.scheme,
        value=item.value,
    )
    _labels(element, "Name", item.name)
    etree.SubElement(element, _rim("VersionInfo"), versionName="1")


def _association(parent: etree._Element, item: Association) -> None:
    element = etree.SubElement(
        parent,
        _rim("Association"),
        id=item.id,
        lid=item.id,
        objectType=_ASSOCIATION_TYPE,
        status=item.status,
        associationType=item.type,
        sourceObject=item.source,
        targetObject=item.target,
    )
    _slots(element, item.slots)
    etree.SubElement(element, _rim("VersionInfo"), versionName="1")


def _slots(parent: etree._Element, slots: Sequence[Slot]) -> None:
    for slot in sorted(slots, key=lambda item: item.name):
        element = etree.SubElement(parent, _rim("Slot"), name=slot.name)
        values = etree.SubElement(element, _rim("ValueList"))
        for value in slot.values:
            etree.SubElement(values, _rim("Value")).text = value


def _labels(parent: etree._Element, name: str, labels: Sequence[Label]) -> None:
    if not labels:
        return
    element = etree.SubElement(parent, _rim(name))
    for label in labels:
        text = etree.SubElement(element, _rim("LocalizedString"), value=label.value)
        if label.charset:
            text.set("charset", label.charset)
        if label.lang:
            text.set(_XML_LANG, label.lang)


def _rim(name: str) -> str:
    return f"{{{facts.RIM}}}{name}"


def _rs(name: str) -> str:
    return f"{{{facts.RS}}}{name}"


def _xds(name: str) -> str:
    return f"{{{facts.XDSB}}}{name}"
