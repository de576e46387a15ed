"""Registry objects as the mock keeps them: submission sets, document entries, associations.

Immutable values that know how to become JSON and back. They hold what was submitted (extra `urn:` slots
included) plus what the registry adds. No rule, no database, no XML here.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, Literal

from protocol import facts
from protocol.coded import Coded

Kind = Literal["entry", "set"]

#: Scheme of the author classification, patient and unique identifiers, by kind of object.
AUTHOR = {"entry": facts.DE_AUTHOR, "set": facts.SS_AUTHOR}
PATIENT_ID = {"entry": facts.DE_PATIENT_ID, "set": facts.SS_PATIENT_ID}
UNIQUE_ID = {"entry": facts.DE_UNIQUE_ID, "set": facts.SS_UNIQUE_ID}

#: formatCode and classCode that mark the detached signature document of a set (DMP signature document, IHE DSG).
SIGNATURE_FORMATS = frozenset({"http://www.w3.org/2000/09/xmldsig#", "urn:ihe:iti:dsg:detached:2014"})
SIGNATURE_CLASS = "urn:oid:1.3.6.1.4.1.19376.1.2.1.1.1"

#: Documents of the patient (EX_3.1-1040): class of expressions, and types that keep the class of their matter.
_PATIENT_CLASS = "90"
_PATIENT_TYPES = ("DOCPAT", "EXPPAT_")


@dataclass(frozen=True)
class Label:
    """One LocalizedString."""

    value: str
    lang: str = ""
    charset: str = ""


@dataclass(frozen=True)
class Slot:
    """A named list of values."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Classification:
    """`parent` is classifiedObject as sent; `node` is classificationNode, `code` nodeRepresentation."""

    id: str
    scheme: str
    node: str
    code: str
    slots: tuple[Slot, ...]
    name: tuple[Label, ...]
    parent: str = ""

    def values(self, slot: str) -> tuple[str, ...]:
        """All values of a slot, () when absent."""
        return tuple(value for item in self.slots if item.name == slot for value in item.values)

    def coded(self) -> Coded:
        """The code with its codingScheme and display name."""
        system = next(iter(self.values("codingScheme")), "")
        return Coded(self.code, system, self.name[0].value if self.name else "")


@dataclass(frozen=True)
class ExternalIdentifier:
    """`parent` is registryObject as it was sent."""

    id: str
    scheme: str
    value: str
    name: tuple[Label, ...]
    parent: str = ""


@dataclass(frozen=True)
class RegistryObject:
    """A submission set or a document entry; `lid` and `status` are empty until it is registered."""

    kind: Kind
    id: str
    object_type: str
    mime_type: str
    slots: tuple[Slot, ...]
    name: tuple[Label, ...]
    description: tuple[Label, ...]
    classifications: tuple[Classification, ...]
    identifiers: tuple[ExternalIdentifier, ...]
    home: str = ""
    lid: str = ""
    version: int = 1
    status: str = ""

    def __hash__(self) -> int:
        """Enough to tell objects apart, without walking through all that they hold."""
        return hash((self.id, self.version, self.status))

    def values(self, slot: str) -> tuple[str, ...]:
        """All values of a slot, () when absent."""
        return tuple(value for item in self.slots if item.name == slot for value in item.values)

    def slot(self, name: str) -> str:
        """First value of a slot, "" when absent."""
        return next(iter(self.values(name)), "")

    def classified(self, scheme: str) -> tuple[Classification, ...]:
        """Its classifications of a scheme, in order."""
        return tuple(item for item in self.classifications if item.scheme == scheme)

    def codes(self, scheme: str) -> tuple[Coded, ...]:
        """Its codes of a scheme, in order."""
        return tuple(item.coded() for item in self.classified(scheme))

    def identifier(self, scheme: str) -> str:
        """Value of an ExternalIdentifier, "" when absent."""
        return next((item.value for item in self.identifiers if item.scheme == scheme), "")

    @property
    def unique_id(self) -> str:
        """uniqueId, "" when absent."""
        return self.identifier(UNIQUE_ID[self.kind])

    @property
    def patient_id(self) -> str:
        """patientId (CX) as written, "" when absent."""
        return self.identifier(PATIENT_ID[self.kind])

    @property
    def title(self) -> str:
        """First label of Name."""
        return self.name[0].value if self.name else ""

    @property
    def authors(self) -> tuple[Classification, ...]:
        """One classification an author."""
        return self.classified(AUTHOR[self.kind])

    def author_values(self, slot: str) -> tuple[str, ...]:
        """Every value of `authorPerson`, `authorInstitution`… over all authors."""
        return tuple(value for author in self.authors for value in author.values(slot))

    @property
    def type_code(self) -> str:
        """`code^^scheme` of the type of an entry, "" unless it has exactly one."""
        types = self.codes(facts.DE_TYPE)
        return f"{types[0].code}^^{types[0].system}" if len(types) == 1 else ""

    @cached_property
    def is_signature(self) -> bool:
        """Is it the detached signature document of its set?"""
        return self.kind == "entry" and (
            any(code.code in SIGNATURE_FORMATS for code in self.codes(facts.DE_FORMAT))
            or any(code.code == SIGNATURE_CLASS for code in self.codes(facts.DE_CLASS))
        )

    @property
    def visibility(self) -> frozenset[str]:
        """Its confidentiality codes: N, MASQUE_PS, INVISIBLE_PATIENT, INVISIBLE_REPRESENTANTS_LEGAUX…"""
        return frozenset(code.code for code in self.codes(facts.DE_CONFIDENTIALITY))

    @property
    def is_patients_own(self) -> bool:
        """Did the patient put it there? By class 90, else by type: DOCPAT and EXPPAT have classes of their own."""
        types = (code.code for code in self.codes(facts.DE_TYPE))
        classes = (code.code for code in self.codes(facts.DE_CLASS))
        return any(code.startswith(_PATIENT_TYPES) for code in types) or _PATIENT_CLASS in classes

    def with_slot(self, name: str, value: str) -> RegistryObject:
        """The same object whose slot `name` has exactly that value."""
        others = tuple(item for item in self.slots if item.name != name)
        return replace(self, slots=(*others, Slot(name, (value,))))

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            **{item.name: getattr(self, item.name) for item in fields(self)},
            "slots": _plain(self.slots),
            "name": _plain(self.name),
            "description": _plain(self.description),
            "classifications": [
                {**vars(item), "slots": _plain(item.slots), "name": _plain(item.name)}
                for item in self.classifications
            ],
            "identifiers": [{**vars(item), "name": _plain(item.name)} for item in self.identifiers],
        }


@dataclass(frozen=True)
class Association:
    """A typed link between two objects; `classified`: it came with a classification."""

    id: str
    type: str
    source: str
    target: str
    slots: tuple[Slot, ...] = ()
    status: str = facts.APPROVED
    classified: bool = False

    def values(self, slot: str) -> tuple[str, ...]:
        """All values of a slot, () when absent."""
        return tuple(value for item in self.slots if item.name == slot for value in item.values)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {**vars(self), "slots": _plain(self.slots)}


def object_from_json(raw: dict[str, Any], *, status: str | None = None) -> RegistryObject:
    """The inverse of `RegistryObject.to_json`; `status`, when given, is the one it has now."""
    return RegistryObject(
        **{
            **raw,
            "status": raw["status"] if status is None else status,
            "slots": _slots(raw["slots"]),
            "name": _labels(raw["name"]),
            "description": _labels(raw["description"]),
            "classifications": tuple(
                Classification(**{**item, "slots": _slots(item["slots"]), "name": _labels(item["name"])})
                for item in raw["classifications"]
            ),
            "identifiers": tuple(
                ExternalIdentifier(**{**item, "name": _labels(item["name"])}) for item in raw["identifiers"]
            ),
        }
    )


def association_from_json(raw: dict[str, Any]) -> Association:
    """The inverse of `Association.to_json`."""
    return Association(**{**raw, "slots": _slots(raw["slots"])})


def _plain(parts: tuple[Slot, ...] | tuple[Label, ...]) -> list[dict[str, Any]]:
    return [dict(vars(part)) for part in parts]


def _slots(raw: list[dict[str, Any]]) -> tuple[Slot, ...]:
    return tuple(Slot(item["name"], tuple(item["values"])) for item in raw)


def _labels(raw: list[dict[str, Any]]) -> tuple[Label, ...]:
    return tuple(Label(**item) for item in raw)
