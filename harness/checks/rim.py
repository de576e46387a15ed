"""XPath shorthands over ebRIM elements: slots, codes, external identifiers, names. No verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lxml import etree

from harness.checks.judged import Judged, once_a_view
from harness.checks.xpath import attribute, first
from protocol import facts, safexml

LIST = "descendant::rim:RegistryObjectList"
_SLOT, _VALUE_LIST, _VALUE, _NAME, _LABEL, _CLASSIFICATION, _IDENTIFIER = (
    f"{{{facts.RIM}}}{name}"
    for name in (
        "Slot",
        "ValueList",
        "Value",
        "Name",
        "LocalizedString",
        "Classification",
        "ExternalIdentifier",
    )
)

#: Transactions that feed documents, that change metadata, and those of them that send a new version.
FEEDING = ("TD2.1", "TD2.2")
UPDATES = ("TD3.3a", "TD3.3b", "TD3.3c", "TD3.3d")
VERSIONS = ("TD3.3a", "TD3.3b")


@dataclass(frozen=True)
class Code:
    """A classification: its code, its coding scheme, its label, its element."""

    code: str
    scheme: str
    label: str
    element: etree._Element


@once_a_view
def entries(view: Judged) -> Sequence[etree._Element]:
    """Document entries of a submission or of an answer."""
    return view.in_payload(f"{LIST}/rim:ExtrinsicObject")


def is_signature(entry: etree._Element) -> bool:
    """Whether an entry is the one of the signature document (by its class or its type)."""
    return any(item.code == "E1762" for item in codes(entry, facts.DE_TYPE)) or any(
        item.code == "urn:oid:1.3.6.1.4.1.19376.1.2.1.1.1" for item in codes(entry, facts.DE_CLASS)
    )


@once_a_view
def signature_entries(view: Judged) -> Sequence[etree._Element]:
    """Entries of signature documents."""
    return [entry for entry in entries(view) if is_signature(entry)]


@once_a_view
def documents_entries(view: Judged) -> Sequence[etree._Element]:
    """Entries other than the signature's."""
    signatures = signature_entries(view)
    return [entry for entry in entries(view) if entry not in signatures]


@once_a_view
def sets(view: Judged) -> Sequence[etree._Element]:
    """Registry packages, save those classified as folders."""
    folder = f"rim:Classification/@classificationNode='{facts.FOLDER}'"
    return view.in_payload(f"{LIST}/rim:RegistryPackage[not({folder})]")


@once_a_view
def associations(view: Judged) -> Sequence[etree._Element]:
    return view.in_payload(f"{LIST}/rim:Association")


def slot(element: etree._Element, name: str) -> str:
    return next(iter(slot_values(element, name)), "")


def slot_values(element: etree._Element, name: str) -> list[str]:
    return [
        value
        for item in element.iterchildren(_SLOT)
        if item.get("name") == name
        for values in item.iterchildren(_VALUE_LIST)
        for value in map(safexml.text, values.iterchildren(_VALUE))
    ]


def classifications(element: etree._Element, scheme: str) -> list[etree._Element]:
    return [
        item
        for item in element.iterchildren(_CLASSIFICATION)
        if attribute(item, "classificationScheme") == scheme
    ]


def codes(element: etree._Element, scheme: str) -> list[Code]:
    return [code_of(item) for item in classifications(element, scheme)]


def code_of(item: etree._Element) -> Code:
    """What a classification says."""
    return Code(attribute(item, "nodeRepresentation"), slot(item, "codingScheme"), title(item), item)


def code_text(code: Code) -> str:
    return f"{code.code}^{code.scheme}"


def external(element: etree._Element, scheme: str) -> str:
    return next((attribute(item, "value") for item in externals(element, scheme)), "")


def externals(element: etree._Element, scheme: str) -> list[etree._Element]:
    return [
        item
        for item in element.iterchildren(_IDENTIFIER)
        if attribute(item, "identificationScheme") == scheme
    ]


def title(element: etree._Element) -> str:
    labels = (label for name in element.iterchildren(_NAME) for label in name.iterchildren(_LABEL))
    return next((value for label in labels if (value := label.get("value")) is not None), "")


def document_of(view: Judged, entry: etree._Element) -> bytes | None:
    """Bytes of the document that goes with an entry of a submission (same id, else same id but for case)."""
    wanted = attribute(entry, "id")
    pairs = [(attribute(element, "id"), data) for element, data in view.documents]
    exact = next((data for name, data in pairs if name == wanted), None)
    return (
        exact
        if exact is not None
        else next((data for name, data in pairs if name.lower() == wanted.lower()), None)
    )


def document_again(view: Judged, entry: etree._Element) -> bytes | None:
    """`document_of` by the second decoder: the last of several that have the same id."""
    wanted = attribute(entry, "id")
    named = [(attribute(element, "id"), element) for element in view.carriers]
    exact = [element for name, element in named if name == wanted]
    near = [element for name, element in named if name.lower() == wanted.lower()]
    return view.binary_again((exact or near)[-1]) if exact or near else None


def targets(view: Judged, kind: str) -> list[etree._Element]:
    return [item for item in associations(view) if attribute(item, "associationType") == kind]


def first_set(view: Judged) -> etree._Element | None:
    return next(iter(sets(view)), None)


def root_of_query(view: Judged) -> etree._Element | None:
    return None if view.payload is None else first(view.payload, "rim:AdhocQuery")
