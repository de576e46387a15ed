"""The synthetic world of the tests: professionals, structures, patients and wire numbers of LPS.

Reads datasets/directory, datasets/patients and datasets/lps. What is here is only the starting state: the
mock copies it into each session and changes its copy. Nobody here exists (test ranges, INS domain of tests).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Literal, TypeVar

from protocol.coded import Coded
from protocol.datafolders import folder
from protocol.errors import DmpcompatError, Text, ToolError
from protocol.patientrecord import (
    Address,
    Authorisation,
    AuthorisationState,
    Birthplace,
    Closure,
    DmpState,
    DmpStatus,
    InsNumber,
    Patient,
    Telecom,
    patient_from,
    patient_to_plain,
    read_patient,
)
from protocol.strictdata import Fields, plain
from protocol.yamlread import YamlDocument, read_yaml

__all__ = [
    "Address",
    "Authorisation",
    "AuthorisationState",
    "Birthplace",
    "Closure",
    "DmpState",
    "DmpStatus",
    "InsNumber",
    "NumberStatus",
    "Patient",
    "Product",
    "Professional",
    "Structure",
    "Telecom",
    "WireNumber",
    "numbers",
    "patient_from",
    "patient_to_plain",
    "patients",
    "professionals",
    "structures",
]

Card = Literal["CPS", "CPF", "CPE", "none"]
NumberStatus = Literal["active", "suspended", "revoked"]

_NUMBER_STATUS: Final[tuple[NumberStatus, ...]] = ("active", "suspended", "revoked")
_CARDS: Final[tuple[Card, ...]] = ("CPS", "CPF", "CPE", "none")


@dataclass(frozen=True)
class Structure:
    """`struct_id` is the Struct_IdNat, prefix included. `parent`: key of the legal entity, "" if none."""

    key: str
    struct_id: str
    name: str
    sector: Coded
    active: bool
    parent: str


@dataclass(frozen=True)
class Professional:
    """`ps_id` is the PS_IdNat, prefix included. `structures`: keys of the structures it is linked to, usual first.

    `card`: CPS (professional), CPF (in training), CPE (employee), none (an automaton has no bearer).
    """

    key: str
    ps_id: str
    family: str
    given: str
    card: Card
    role: Coded
    specialty: Coded | None
    structures: tuple[str, ...]


@dataclass(frozen=True)
class Product:
    """A product of a family: LPS_Nom and the LPS_Version that were declared."""

    name: str
    versions: tuple[str, ...]


@dataclass(frozen=True)
class WireNumber:
    """One LPS_ID_HOMOLOGATION_DMP. `value` is what travels: opaque, compared exactly, never printed."""

    key: str
    value: str
    family: str
    products: tuple[Product, ...]
    profiles: tuple[str, ...]
    status: NumberStatus


T = TypeVar("T", Structure, Professional, Patient, WireNumber)


@cache
def structures() -> Mapping[str, Structure]:
    """Structures by key, in the order of the files. Raises ToolError when the data set is wrong."""
    return _of_files("directory", "structures*.yaml", "structures", _structure)


@cache
def professionals() -> Mapping[str, Professional]:
    """Professionals by key, in the order of the files. Raises ToolError when the data set is wrong."""
    return _of_files("directory", "professionals*.yaml", "professionals", _professional)


@cache
def patients() -> Mapping[str, Patient]:
    """Patients by key, in the order of the files. Raises ToolError when the data set is wrong."""
    return _of_files("patients", "*.yaml", "patients", read_patient)


@cache
def numbers() -> Mapping[str, WireNumber]:
    """Wire numbers by key. Raises ToolError when the data set is wrong."""
    document = read_yaml(folder("datasets") / "lps" / "numbers.yaml")
    return _by_key(Fields(document.data, document).each("numbers", _number), document)


def number_from(data: Any, name: str, *, error: type[DmpcompatError] = ToolError) -> WireNumber:
    """One wire number from plain data of the shape of datasets/lps (the control API declares with it).

    Raises `error`, which names the field.
    """
    return _number(Fields(data, plain(data, name), error=error))


def number_to_plain(number: WireNumber) -> dict[str, Any]:
    """The inverse of `number_from`."""
    products = [{"name": one.name, "versions": list(one.versions)} for one in number.products]
    return {**vars(number), "products": products, "profiles": list(number.profiles)}


def _structure(fields: Fields) -> Structure:
    read = Structure(
        key=fields.text("key"),
        struct_id=fields.text("struct_id"),
        name=fields.text("name"),
        sector=_code(fields.inner("sector")),
        active=fields.flag("active", True),
        parent=fields.text("parent", ""),
    )
    fields.done()
    return read


def _professional(fields: Fields) -> Professional:
    read = Professional(
        key=fields.text("key"),
        ps_id=fields.text("ps_id"),
        family=fields.text("family"),
        given=fields.text("given"),
        card=fields.one_of("card", _CARDS),
        role=_code(fields.inner("role")),
        specialty=fields.optional("specialty", _code),
        structures=fields.texts("structures"),
    )
    fields.done()
    return read


def _number(fields: Fields) -> WireNumber:
    read = WireNumber(
        key=fields.text("key"),
        value=fields.text("value"),
        family=fields.text("family"),
        products=fields.each("products", _product, empty=False),
        profiles=fields.texts("profiles"),
        status=fields.one_of("status", _NUMBER_STATUS),
    )
    fields.done()
    return read


def _product(fields: Fields) -> Product:
    read = Product(fields.text("name"), fields.texts("versions"))
    fields.done()
    return read


def _code(fields: Fields) -> Coded:
    read = Coded(fields.text("code"), fields.text("system"), fields.text("label"))
    fields.done()
    return read


def _of_files(place: str, pattern: str, key: str, read: Callable[[Fields], T]) -> dict[str, T]:
    """The items of every file, each once."""
    found: dict[str, T] = {}
    for path in sorted((folder("datasets") / place).glob(pattern), key=lambda one: one.stem):
        document = read_yaml(path)
        for item in Fields(document.data, document).each(key, read):
            _add(found, item, document)
    return found


def _by_key(items: Iterable[T], document: YamlDocument) -> dict[str, T]:
    found: dict[str, T] = {}
    for item in items:
        _add(found, item, document)
    return found


def _add(found: dict[str, T], item: T, document: YamlDocument) -> None:
    if item.key in found:
        raise ToolError(
            "DIR-001", Text("clé donnée deux fois", "key given twice"), field=document.name, found=item.key
        )
    found[item.key] = item
