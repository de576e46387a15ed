"""The registry objects that a patient brings: a document of class 90, and the submission set of each act.

Written with the codes of the patient's word (EXP_PATIENT), so that any software lists and reads them as others.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from mock_dmp.identifiers import new_uuid
from mock_dmp.state.xds_objects import (
    Association,
    Classification,
    ExternalIdentifier,
    Label,
    RegistryObject,
    Slot,
)
from protocol import codes, facts
from protocol.directory import Patient
from protocol.identifiers.cx import Cx
from protocol.identifiers.xcn import Xcn

_WORD: Final = ("EXP_PATIENT", "1.2.250.1.213.1.1.4.6")
_CLASS: Final = ("90", "1.2.250.1.213.1.1.4.1")
_TYPES: Final = "1.2.250.1.213.1.1.4.12"
_FORMAT: Final = ("urn:asipSante:modelesHorsProfils:2011", "1.2.250.1.213.1.1.4.2.282")
#: Types that a patient may file (JDV_J66).
TYPES: Final = ("EXPPAT_1", "EXPPAT_2", "EXPPAT_3")


@dataclass(frozen=True)
class Brought:
    """A document that the patient files. `kind`: one of TYPES; `media`: its MIME type; `hidden`: codes of JDV_J58."""

    title: str
    kind: str
    media: str
    hidden: tuple[str, ...] = ()


def document(brought: Brought, patient: Patient, at: datetime) -> RegistryObject:
    """The entry, as a submission would bring it: symbolic id, no hash nor size yet."""
    own = "document"
    return RegistryObject(
        kind="entry",
        id=own,
        object_type=facts.STABLE_DOCUMENT,
        mime_type=brought.media,
        slots=(
            Slot("creationTime", (_dtm(at),)),
            Slot("languageCode", ("fr-FR",)),
            # A software that masks the document sends its metadata back: all that feeding asks for is there.
            Slot("legalAuthenticator", (_person(patient),)),
            Slot("serviceStartTime", (_dtm(at),)),
            Slot("sourcePatientId", (_cx(patient),)),
            Slot("sourcePatientInfo", _traits(patient)),
        ),
        name=(Label(brought.title, "fr-FR", "UTF8"),),
        description=(),
        classifications=(
            _author(facts.DE_AUTHOR, patient, own),
            _code(facts.DE_CLASS, *_CLASS, "JDV_J57", own),
            _code(facts.DE_TYPE, brought.kind, _TYPES, "JDV_J66", own),
            _code(facts.DE_FORMAT, *_FORMAT, "JDV_J60", own),
            _code(facts.DE_FACILITY, *_WORD, "JDV_J61", own),
            _code(facts.DE_PRACTICE, *_WORD, "JDV_J62", own),
            *confidentiality(brought.hidden, own),
        ),
        identifiers=(
            _identifier(facts.DE_PATIENT_ID, _cx(patient), own),
            _identifier(facts.DE_UNIQUE_ID, f"2.25.{new_uuid().int}", own),
        ),
    )


def submission_set(patient: Patient, at: datetime, title: str) -> RegistryObject:
    """The set that brings an act of the patient."""
    own = "lot"
    return RegistryObject(
        kind="set",
        id=own,
        object_type="",
        mime_type="",
        slots=(Slot("submissionTime", (_dtm(at),)),),
        name=(Label(title, "fr-FR", "UTF8"),),
        description=(),
        classifications=(
            _author(facts.SS_AUTHOR, patient, own),
            _code(facts.SS_CONTENT_TYPE, *_WORD, "JDV_J59", own),
        ),
        identifiers=(
            _identifier(facts.SS_PATIENT_ID, _cx(patient), own),
            _identifier(facts.SS_SOURCE_ID, facts.OID_DMP, own),
            _identifier(facts.SS_UNIQUE_ID, f"2.25.{new_uuid().int}", own),
        ),
    )


def member(package: RegistryObject, entry: RegistryObject, *slots: Slot) -> Association:
    """The association that brings an object in."""
    return Association(
        id="membre",
        type=facts.HAS_MEMBER,
        source=package.id,
        target=entry.id,
        slots=(Slot("SubmissionSetStatus", ("Original",)), *slots),
    )


def with_visibility(entry: RegistryObject, hidden: tuple[str, ...]) -> RegistryObject:
    """The entry with the codes N and those, and no other of visibility: as a software changes it (TD3.3a)."""
    others = tuple(item for item in entry.classifications if item.scheme != facts.DE_CONFIDENTIALITY)
    return replace(entry, classifications=(*others, *confidentiality(hidden, entry.id)))


def confidentiality(hidden: tuple[str, ...], own: str) -> tuple[Classification, ...]:
    """N, then each code of visibility."""
    normal = _code(facts.DE_CONFIDENTIALITY, "N", facts.OID_CONFIDENTIALITY, "JDV_J58", own)
    return (
        normal,
        *(_code(facts.DE_CONFIDENTIALITY, code, facts.OID_VISIBILITY, "JDV_J58", own) for code in hidden),
    )


def _author(scheme: str, patient: Patient, own: str) -> Classification:
    return Classification(_symbolic(), scheme, "", "", (Slot("authorPerson", (_person(patient),)),), (), own)


def _person(patient: Patient) -> str:
    family = patient.family_usual or patient.family_birth
    return str(Xcn(patient.ins.number, family, next(iter(patient.given), ""), patient.ins.oid, "D", "NH"))


def _traits(patient: Patient) -> tuple[str, ...]:
    """Fields of PID: name of birth, date of birth, sex."""
    given = next(iter(patient.given), "")
    return (
        f"PID-5|{patient.family_birth}^{given}^^^^^L",
        f"PID-7|{patient.birth_stamp}",
        f"PID-8|{patient.sex}",
    )


def _code(scheme: str, value: str, system: str, values: str, own: str) -> Classification:
    label = codes.value_set(values).label(value, system) or value
    slots = (Slot("codingScheme", (system,)),)
    return Classification(_symbolic(), scheme, "", value, slots, (Label(label, "fr-FR", "UTF8"),), own)


def _identifier(scheme: str, value: str, own: str) -> ExternalIdentifier:
    return ExternalIdentifier(_symbolic(), scheme, value, (), own)


def _cx(patient: Patient) -> str:
    return str(Cx(patient.ins.number, patient.ins.oid, "NH"))


def _symbolic() -> str:
    return f"x{new_uuid().hex}"


def _dtm(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%d%H%M%S")
