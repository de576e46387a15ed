"""TD0.4: the DMPs that the caller may open (patientList): those where it holds an authorisation valid now.

Not about one patient: what the VIHF says of one is left aside. A DMP that the patient closed to the caller, or to
its structure, is left out in silence, as are closed ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from mock_dmp import rights
from mock_dmp.acceptance.engine import Breach
from mock_dmp.context import Call, Caller, Reply
from mock_dmp.registry import handler
from mock_dmp.render.custom import OK
from mock_dmp.render.custom_patients import PatientLine, patient_list_response
from mock_dmp.services import custom, tracing
from mock_dmp.services.identity import caller_of
from mock_dmp.state import activity, authorisations, directory, patients
from mock_dmp.state.activity import Activity
from mock_dmp.state.authorisations import Held
from protocol import directory as known
from protocol import facts
from protocol.customservices import PatientListRequest, read_patient_list
from protocol.directory import Patient
from protocol.errors import IdentifierError
from protocol.identifiers.dtm import parse_dtm

#: Spelt as the interface does.
_BY_AUTHORISATION: Final = "LASTAUTORIZATION"
_BY_DOCUMENT: Final = "LASTDOC"
_TYPES: Final = (_BY_AUTHORISATION, _BY_DOCUMENT)


@dataclass(frozen=True)
class _Wanted:
    """Whose DMPs: keys of a professional and of structures (one of them is empty); then since when."""

    ps_id: str
    professional: str
    structures: tuple[str, ...]
    date_type: str
    since: datetime | None


@handler("TD0.4")
def list_patients(call: Call) -> Reply:
    """Answer with the DMPs. Raises Refusal."""
    wanted = _wanted(call)
    with call.session.store.read() as db:
        held = _valid(call, db, wanted)
        found = [one for one in patients.by_keys(db, call.session.name, list(held)) if _listed(call, one)]
        seen = activity.of_patients(
            db,
            call.session.name,
            found,
            professional=wanted.ps_id,
            structures=[
                known.structures()[key].struct_id for key in wanted.structures if key in known.structures()
            ],
        )
    lines = [_line(one, held[one.key], seen[one.key]) for one in found if _fed(seen[one.key], wanted)]
    tracing.trace(call, "liste des DMP autorisés", result=OK)
    return Reply(patient_list_response(lines))


def _valid(call: Call, db: Connection, wanted: _Wanted) -> Mapping[str, Held]:
    """The authorisations that hold now and are as new as asked, by patient.

    None where the patient blocked the caller or its structure.
    """
    caller = caller_of(call)
    people = {wanted.professional, rights.professional_key(caller)} - {""}
    places = {*wanted.structures, *rights.structure_keys(caller)}
    now, found, blocked = call.session.now(), dict[str, Held](), set[str]()
    rows = authorisations.held_by(db, call.session.name, professionals=people, structures=places)
    for one in rows:
        state = authorisations.state_at(one.given, now)
        if state == "forbidden":
            blocked.add(one.patient)
        own = one.given.professional == wanted.professional != "" or one.given.structure in wanted.structures
        if state == "valid" and own and _newer(one, found.get(one.patient)):
            found[one.patient] = one
    since = wanted.since if wanted.date_type == _BY_AUTHORISATION else None
    return {
        key: one
        for key, one in found.items()
        if key not in blocked and (since is None or one.given.since >= since)
    }


def _newer(one: Held, other: Held | None) -> bool:
    return other is None or other.given.since < one.given.since


def _listed(call: Call, patient: Patient) -> bool:
    return patient.dmp.status == "active" or (
        patient.dmp.status == "closed" and call.session.settings.on("closed_dmps_listed")
    )


def _fed(seen: Activity, wanted: _Wanted) -> bool:
    """Was a document added since the date, where one asks by document?"""
    if wanted.since is None or wanted.date_type != _BY_DOCUMENT:
        return True
    return seen.add is not None and seen.add >= wanted.since


def _line(patient: Patient, held: Held, seen: Activity) -> PatientLine:
    """The caller's last opening, the DMP's last change and last document; INS-C first when there is one."""
    older = ((patient.ins_c, facts.OID_INS_C),) if patient.ins_c else ()
    return PatientLine(
        identifiers=(*older, (patient.ins.number, patient.ins.oid)),
        last_name=patient.family_usual or patient.family_birth,
        birth_name=patient.family_birth,
        first_name=patient.given[0] if patient.given else "",
        civility=patient.prefix,
        birth=patient.birth_stamp,
        medecin_traitant=held.given.medecin_traitant,
        last_access=seen.access,
        last_update=seen.update,
        last_add=seen.add,
    )


def _wanted(call: Call) -> _Wanted:
    """What is asked, once it is known to be askable. Raises Refusal."""
    asked, caller = custom.read(call, read_patient_list), caller_of(call)
    since = _since(call, asked)
    if asked.date_type not in ("", *_TYPES):
        custom.judge(call, "WS-LIST-DATE-TYPE", Breach("dateType", asked.date_type, " ou ".join(_TYPES)))
    elif asked.start_date and not asked.date_type:
        custom.judge(call, "WS-LIST-DATE-TYPE", Breach("dateType", "absent", " ou ".join(_TYPES)))
    if caller.mode == "INDIRECTE" and (asked.date_type != _BY_AUTHORISATION or since is None):
        found = asked.date_type or "dateType absent"
        custom.judge(
            call, "WS-LIST-STRUCTURE", Breach("patientList", found, f"{_BY_AUTHORISATION} et startDate")
        )
    owner = _owner(call, caller, asked.owner)
    professional, structure = rights.holder(caller)
    if owner:
        person = directory.professional(owner)
        return _Wanted(owner, person.key if person else owner, (), asked.date_type, since)
    if structure:
        return _Wanted("", "", rights.structure_keys(caller), asked.date_type, since)
    return _Wanted(caller.ps_id, professional, (), asked.date_type, since)


def _since(call: Call, asked: PatientListRequest) -> datetime | None:
    if not asked.start_date:
        return None
    try:
        written = parse_dtm(asked.start_date)
    except IdentifierError:
        written = None
    if written is None or written.precision != "second":
        custom.judge(call, "WS-LIST-DATE", Breach("startDate", asked.start_date, "AAAAMMJJhhmmss, UTC"))
    return written.start if written else None


def _owner(call: Call, caller: Caller, owner: str) -> str:
    """The professional for whom an employee asks, "" for none (note 2 of the matrix)."""
    if not owner or owner == caller.ps_id:
        return ""
    person = directory.professional(owner)
    near = person is not None and bool(set(rights.structure_keys(caller)) & set(person.structures))
    if not rights.is_employee(caller):
        custom.judge(
            call, "WS-LIST-OWNER", Breach("psOwnerId", owner, "absent : l'appelant n'est pas un employé")
        )
        return ""
    if not near:
        custom.judge(
            call,
            "WS-LIST-OWNER",
            Breach("psOwnerId", owner, "un professionnel de la structure de l'appelant"),
        )
    return owner
