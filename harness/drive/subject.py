"""The patient that a message is about, as the driver needs to know it.

Accepts a key of the test patients, a record of the directory, or a mapping of a plan. Numbers of real
identity domains are refused: the tool never carries production data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from protocol import directory
from protocol.errors import Text, UsageError
from protocol.facts import OID_INS_TEST, PRODUCTION_INS_OIDS


@dataclass(frozen=True)
class Subject:
    """INS number (15 characters) and its domain; traits may be empty but where a document needs them.

    `birth` is YYYYMMDD, `sex` is M, F or U. `birth_place` is the INSEE code of the place. `record`: the whole
    record, when the patient is one of the data sets.
    """

    number: str
    oid: str = OID_INS_TEST
    family_birth: str = ""
    family_usual: str = ""
    given: tuple[str, ...] = ()
    sex: str = "U"
    birth: str = ""
    birth_place: str = ""
    record: directory.Patient | None = field(default=None, compare=False, repr=False)

    @property
    def cx(self) -> str:
        """`{INS}^^^&{oid}&ISO^NH`, as VIHF and XDS write it."""
        return f"{self.number}^^^&{self.oid}&ISO^NH"


def subject_of(value: object) -> Subject:
    """Turn the parameter `patient` of a message into a Subject. Raises UsageError."""
    found = _read(value)
    if found.oid in PRODUCTION_INS_OIDS:
        raise UsageError(
            "SUBJ-001",
            Text("une identité de production est refusée", "a production identity is refused"),
            field="patient",
            found=found.oid,
            expected=OID_INS_TEST,
            mend=Text("employer un patient de test", "use a test patient"),
        )
    return found


def _read(value: object) -> Subject:
    if isinstance(value, Subject):
        return value
    if isinstance(value, directory.Patient):
        return _from_record(value)
    if isinstance(value, str):
        return _from_text(value)
    if isinstance(value, Mapping):
        return _from_mapping(value)
    raise _unusable(value)


def _from_record(patient: directory.Patient) -> Subject:
    return Subject(
        number=patient.ins.number,
        oid=patient.ins.oid,
        family_birth=patient.family_birth,
        family_usual=patient.family_usual,
        given=patient.given,
        sex=patient.sex,
        birth=patient.birth_stamp,
        birth_place=patient.birth_place.insee,
        record=patient,
    )


def _from_text(value: str) -> Subject:
    known = directory.patients().get(value)
    if known is not None:
        return _from_record(known)
    number, _, rest = value.partition("^^^&")
    if not number or (not rest and not number[:1].isdigit()):
        raise _unusable(value)
    return Subject(number, rest.partition("&")[0] or OID_INS_TEST)


def _from_mapping(value: Mapping[str, object]) -> Subject:
    allowed = ("number", "oid", "family_birth", "family_usual", "given", "sex", "birth", "birth_place")
    strange = [name for name in value if name not in allowed]
    if strange or not isinstance(value.get("number"), str):
        raise UsageError(
            "SUBJ-003",
            Text("description de patient inutilisable", "unusable description of a patient"),
            field="patient",
            found=", ".join(map(str, strange)) or "number",
            expected=", ".join(allowed),
        )
    given = value.get("given", ())
    traits: dict[str, Any] = {name: str(item) for name, item in value.items() if name != "given"}
    names = tuple(map(str, given)) if isinstance(given, (list, tuple)) else (str(given),)
    return Subject(given=names, **traits)


def _unusable(value: object) -> UsageError:
    return UsageError(
        "SUBJ-002",
        Text("patient inconnu", "unknown patient"),
        field="patient",
        found=str(value)[:80],
        expected=", ".join(directory.patients()),
    )
