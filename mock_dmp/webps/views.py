"""What each Web-PS page shows: plain values for its template. Rights on each document are applied here, in silence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from mock_dmp import trace_rights
from mock_dmp.rights import Standing, holder
from mock_dmp.state import authorisations, documents, patients, traces
from mock_dmp.state.xds_objects import RegistryObject
from mock_dmp.trace_rights import Viewer
from mock_dmp.webps.opening import Opening
from protocol import directory, facts
from protocol.directory import Authorisation, Patient
from protocol.errors import IdentifierError
from protocol.identifiers.xcn import parse_xcn

#: How many documents the home of a DMP shows.
_LATEST: Final = 5
#: Types of the vaccination record and of the wishes (JDV_J66).
_VACCINATION: Final = frozenset({"11369-6", "87273-9", "96874-3"})
_WISHES: Final = frozenset({"EXPPAT_1", "EXPPAT_3"})
_STATUS: Final = {
    facts.APPROVED: "actif",
    facts.ARCHIVED: "archivé",
    facts.DEPRECATED: "remplacé",
    facts.DELETED: "supprimé",
}
_VISIBILITY: Final = {
    facts.MASKED: "masqué aux professionnels",
    facts.HIDDEN_FROM_PATIENT: "non visible du patient",
    facts.HIDDEN_FROM_REPRESENTATIVES: "non visible des représentants légaux",
}
_STATES: Final = {"valid": "valide", "expired": "expirée", "forbidden": "bloqué", None: "aucune"}


@dataclass(frozen=True)
class Shown:
    """One line of a list of documents."""

    entry: RegistryObject

    @property
    def values(self) -> dict[str, str]:
        entry = self.entry
        kinds = entry.codes(facts.DE_TYPE)
        return {
            "unique_id": entry.unique_id,
            "title": entry.title or "(sans titre)",
            "type": ", ".join(kind.label or kind.code for kind in kinds),
            "date": _day(entry.slot("serviceStartTime") or entry.slot("creationTime")),
            "author": ", ".join(dict.fromkeys(map(_author, entry.author_values("authorPerson")))),
            "status": _STATUS.get(entry.status, entry.status),
            "visibility": ", ".join(label for code, label in _VISIBILITY.items() if code in entry.visibility),
            "media": entry.mime_type,
        }


def dashboard(one: Opening) -> dict[str, Any]:
    """Without INS: the DMPs that the caller may open; with one: whether it exists, and on what terms."""
    session, now = one.visit.session, one.visit.session.now()
    professional, structure = holder(one.caller)
    if one.ins:
        return {"found": existence(one), "listed": []}
    people, places = ({professional}, ()) if professional else ((), {structure})
    with session.store.read() as db:
        held = authorisations.held_by(db, session.name, professionals=people, structures=places)
        valid = {one.patient: one.given for one in held if authorisations.state_at(one.given, now) == "valid"}
        known = patients.by_keys(db, session.name, list(valid))
    listed = [
        identity(patient) | {"mt": valid[patient.key].medecin_traitant}
        for patient in known
        if patient.dmp.status == "active"
    ]
    return {"found": None, "listed": listed}


def existence(one: Opening) -> dict[str, Any]:
    """What TD0.2 would say, for a reader."""
    if one.patient is None or one.patient.dmp.status == "absent":
        return {"status": "absent", "patient": None, "authorisation": "", "mt": False, "closed": ""}
    who, closed = one.standing(normally=True), one.patient.dmp.closed
    return {
        "status": one.patient.dmp.status,
        "patient": identity(one.patient),
        "authorisation": "bloqué" if who.blocked else _STATES[who.state],
        "mt": who.medecin_traitant,
        "closed": f"{closed.at:%d/%m/%Y} : {closed.text}" if closed else "",
    }


def home(one: Opening) -> dict[str, Any]:
    """The last documents."""
    return {"documents": [item.values for item in _documents(one)][:_LATEST]}


def listing(one: Opening) -> dict[str, Any]:
    """Documents by type and status, as the filters of the page ask; and one of them when it is named."""
    kind, status = one.visit.query("type"), one.visit.query("statut")
    everything = _documents(one, every_status=True)
    wanted = status or "actif"
    kept = [item for item in everything if wanted in ("tous", item.values["status"])]
    shown = [item.values for item in kept if not kind or kind == item.values["type"]]
    return {
        "documents": shown,
        "types": sorted({item.values["type"] for item in everything}),
        "statuses": (*_STATUS.values(), "tous"),
        "kind": kind,
        "status": wanted,
    }


def pathway(one: Opening) -> dict[str, Any]:
    """Documents along the time."""
    items = sorted(_documents(one), key=_start)
    return {"documents": [item.values for item in items]}


def history(one: Opening) -> dict[str, Any]:
    """The traces that the caller may see, latest first."""
    session, patient = one.visit.session, one.patient
    assert patient is not None  # noqa: S101 - the record was checked
    mt = one.standing(normally=True).medecin_traitant
    viewer = Viewer("medecin-traitant" if mt else "professional", one.person.ps_id)
    with session.store.read() as db:
        lines = traces.listing(db, session.name, traces.Wanted(patient=patient.ins.number))
    seen = trace_rights.seen(lines, viewer, session.now(), session.settings)
    return {"traces": seen[::-1], "all": mt, "days": session.settings.switch("traces_days")}


def management(one: Opening) -> dict[str, Any]:
    """Administrative data, and who is allowed or blocked."""
    session, patient = one.visit.session, one.patient
    assert patient is not None  # noqa: S101 - the record was checked
    with session.store.read() as db:
        given = authorisations.of_patient(db, session.name, patient.key)
    now, mt = session.now(), one.standing(normally=True).medecin_traitant
    return {
        "record": patient,
        "authorisations": [_given(item, authorisations.state_at(item, now)) for item in given],
        "may_block": mt,
        "professionals": [
            (key, f"{item.given} {item.family} ({item.role.label})")
            for key, item in directory.professionals().items()
            if item.ps_id != one.person.ps_id
        ],
    }


def wishes(one: Opening) -> dict[str, Any]:
    """What the patient wrote, opposes, and filed about it."""
    return {"record": one.patient, "documents": _of_types(one, _WISHES)}


def vaccination(one: Opening) -> dict[str, Any]:
    """Documents of the vaccination record."""
    return {"documents": _of_types(one, _VACCINATION)}


def settings(one: Opening) -> dict[str, Any]:
    """The practice situations to choose from."""
    places = [(key, directory.structures()[key].name) for key in one.person.structures]
    return {"situations": places, "chosen": one.structure.key if one.structure else ""}


VIEWS: Final[Mapping[str, Callable[[Opening], dict[str, Any]]]] = {
    "TableauDeBord": dashboard,
    "DossierPatient": home,
    "GestionDMPPatient": management,
    "Documents": listing,
    "ParcoursDeSoins": pathway,
    "HistoriqueAcces": history,
    "Parametrages": settings,
    "VolontesEtDroits": wishes,
    "CarnetVaccination": vaccination,
}


def identity(patient: Patient) -> dict[str, str]:
    """The traits of a patient, for the head of a page."""
    return {
        "ins": patient.ins.number,
        "name": " ".join(filter(None, (patient.family_usual or patient.family_birth, *patient.given[:1]))),
        "birth_name": patient.family_birth,
        "born": f"{patient.birth_date:%d/%m/%Y}",
        "sex": patient.sex,
    }


def found_document(one: Opening, unique_id: str) -> RegistryObject | None:
    """The document of the patient that has that uniqueId, if the caller may read it."""
    held = _documents(one, every_status=True)
    return next((item.entry for item in held if item.entry.unique_id == unique_id), None)


def _of_types(one: Opening, types: frozenset[str]) -> list[dict[str, str]]:
    return [
        item.values
        for item in _documents(one)
        if types & {code.code for code in item.entry.codes(facts.DE_TYPE)}
    ]


def _documents(one: Opening, *, every_status: bool = False) -> list[Shown]:
    """Documents that the caller may read, latest first, each in its latest version; active ones unless told."""
    session, patient = one.visit.session, one.patient
    assert patient is not None  # noqa: S101 - the record was checked
    who = one.standing()
    with session.store.read() as db:
        entries = documents.entries(db, session.name, patient.key)
    latest = {entry.lid: entry for entry in sorted(entries, key=lambda entry: entry.version)}
    kept = [
        Shown(entry)
        for entry in latest.values()
        if not entry.is_signature
        and (every_status or entry.status == facts.APPROVED)
        and _reads(who, entry, one)
    ]
    return sorted(kept, key=_start, reverse=True)


def _reads(who: Standing, entry: RegistryObject, one: Opening) -> bool:
    return who.reads(entry, one.visit.session.settings)


def _start(item: Shown) -> str:
    return item.entry.slot("serviceStartTime") or item.entry.slot("creationTime")


def _day(stamp: str) -> str:
    """A DTM as a French date; as it is when it is something else."""
    return f"{stamp[6:8]}/{stamp[4:6]}/{stamp[:4]}" if len(stamp) >= 8 and stamp[:8].isdigit() else stamp


def _author(value: str) -> str:
    try:
        read = parse_xcn(value)
    except IdentifierError:
        return ""
    return " ".join(filter(None, (read.given, read.family)))


def _given(item: Authorisation, state: str) -> dict[str, Any]:
    if item.professional:
        person = directory.professionals().get(item.professional)
        name = f"{person.given} {person.family} ({person.role.label})" if person else item.professional
    else:
        place = directory.structures().get(item.structure)
        name = place.name if place else item.structure
    return {
        "name": name,
        "key": item.professional,
        "state": _STATES.get(state, state),
        "mt": item.medecin_traitant,
        "since": f"{item.since:%d/%m/%Y}",
        "until": f"{item.until:%d/%m/%Y}" if item.until else "",
    }
