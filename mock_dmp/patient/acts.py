"""What a patient, or the legal representative of a minor, does to the DMP: each act is written, then traced.

Masking makes a new metadata version by the code of TD3.3a. Nothing here asks who the patient is: the site and the
control API do. Source: dmp-wire visibility codes (JDV_J58), authorisations, oppositions, traces.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final, Literal

from sqlalchemy import Connection

from mock_dmp import trace_rights
from mock_dmp.context import Session
from mock_dmp.minors import is_minor
from mock_dmp.patient import metadata
from mock_dmp.patient.metadata import Brought
from mock_dmp.rights import visible_to_patient
from mock_dmp.services.xds.changes import Changes, NewVersion
from mock_dmp.services.xds.registration import Accepted, registration
from mock_dmp.services.xds.updating import write
from mock_dmp.state import authorisations, documents, patients, traces
from mock_dmp.state.documents import Content
from mock_dmp.state.traces import Trace
from mock_dmp.state.xds_objects import RegistryObject, Slot
from protocol import directory, facts
from protocol.directory import Authorisation, Closure, Patient
from protocol.errors import Text, UsageError

Choice = Literal["allow", "forbid", "withdraw"]

_CHOICES: Final = {
    "allow": "autorisation donnée par le patient",
    "forbid": "blocage par le patient",
    "withdraw": "autorisation retirée par le patient",
}
#: What a patient may do to the status of one's own documents.
_STATUSES: Final = {
    "archive": (facts.APPROVED, facts.ARCHIVED, "archivage par le patient"),
    "unarchive": (facts.ARCHIVED, facts.APPROVED, "désarchivage par le patient"),
    "delete": (facts.APPROVED, facts.DELETED, "suppression par le patient"),
}
_CLOSING: Final = "FERMETURE_DEMANDE_PATIENT"


@dataclass(frozen=True)
class Acting:
    """Who acts, inside one write transaction. `representative`: a legal representative acts for the patient."""

    session: Session
    db: Connection
    patient: Patient
    representative: bool = False

    @property
    def minor(self) -> bool:
        return is_minor(self.patient, self.session.now().date(), self.session.settings)


def acting(session: Session, db: Connection, key: str, *, representative: bool | None = None) -> Acting:
    """The patient of that key. By default a representative acts for a minor.

    Raises UsageError (PAT-001 unknown patient, PAT-002 representative of somebody who is no minor).
    """
    patient = patients.by_key(db, session.name, key)
    if patient is None:
        raise UsageError("PAT-001", Text("patient inconnu", "unknown patient"), field="key", found=key)
    one = Acting(session, db, patient)
    if representative and not one.minor:
        raise UsageError(
            "PAT-002",
            Text("le patient n'est pas mineur", "the patient is no minor"),
            field="representative",
            found=key,
        )
    return replace(one, representative=one.minor if representative is None else representative)


def seen(one: Acting) -> list[RegistryObject]:
    """Documents that the patient, or the representative, may see, latest version of each, oldest first."""
    found = documents.entries(one.db, one.session.name, one.patient.key)
    latest = {entry.lid: entry for entry in sorted(found, key=lambda entry: entry.version)}
    return [
        entry
        for entry in latest.values()
        if visible_to_patient(entry, as_representative=one.representative) and entry.status != facts.DELETED
    ]


def document(one: Acting, unique_id: str) -> RegistryObject:
    """One of the documents that are seen. Raises UsageError (PAT-003)."""
    found = next((entry for entry in seen(one) if entry.unique_id == unique_id), None)
    if found is None:
        raise UsageError(
            "PAT-003", Text("document inconnu", "unknown document"), field="document", found=unique_id
        )
    return found


def content(one: Acting, unique_id: str) -> tuple[RegistryObject, Content]:
    """The document with where its bytes are; the reading is traced. Raises UsageError."""
    entry = document(one, unique_id)
    held = documents.content(one.db, one.session.name, unique_id)
    if held is None:
        raise UsageError(
            "PAT-003", Text("document inconnu", "unknown document"), field="document", found=unique_id
        )
    trace(one, "consultation par le patient", document=unique_id)
    return entry, held


def mask(one: Acting, unique_id: str, *, masked: bool) -> RegistryObject:
    """Mask a document to professionals, or unmask it: the new version, or the present one when nothing changes.

    Raises UsageError (document unknown, or not active; DMP not active).
    """
    _active(one)
    current = document(one, unique_id)
    if (facts.MASKED in current.visibility) == masked:
        return current
    if current.status != facts.APPROVED:
        raise _refused("document", current.status, "un document actif", "an active document")
    hidden = (current.visibility - {"N", facts.MASKED}) | ({facts.MASKED} if masked else set())
    _new_version(one, current, tuple(sorted(hidden)))
    verb = "masquage" if masked else "démasquage"
    trace(one, f"{verb} aux professionnels par le patient", document=unique_id)
    return document(one, unique_id)


def add(one: Acting, brought: Brought, data: bytes, *, secret: bool = False) -> RegistryObject:
    """File a document of the patient; `secret` hides it from the legal representatives of a minor.

    Raises UsageError (secret for an adult, or by a representative; type that a patient can't file; DMP not active).
    """
    _active(one)
    if brought.kind not in metadata.TYPES:
        raise _refused("type", brought.kind, *[", ".join(metadata.TYPES)] * 2)
    if secret and (not one.minor or one.representative):
        raise _refused("secret", "true", "un mineur lui-même", "a minor in person")
    hidden = (*brought.hidden, *((facts.HIDDEN_FROM_REPRESENTATIVES,) if secret else ()))
    now = one.session.now()
    entry = metadata.document(replace(brought, hidden=hidden), one.patient, now)
    package = metadata.submission_set(one.patient, now, "Dépôt du patient")
    sha1 = hashlib.sha1(data, usedforsecurity=False).hexdigest()
    held = Content(entry.unique_id, one.session.store.blobs.put(data), sha1, len(data))
    links = (metadata.member(package, entry),)
    accepted = Accepted(one.patient.key, (package, entry), links, {entry.id: held})
    whole = registration(accepted, lambda _: [])
    documents.register(one.db, one.session.name, whole, deprecated_status=facts.DEPRECATED)
    trace(one, "dépôt d'un document par le patient", document=entry.unique_id, secret=secret)
    return next(item for item in whole.objects if item.kind == "entry")


def set_status(one: Acting, unique_id: str, what: str) -> RegistryObject:
    """Archive, unarchive or delete a document that the patient filed. Raises UsageError."""
    _active(one)
    if what not in _STATUSES:
        raise _refused("action", what, *[", ".join(_STATUSES)] * 2)
    current = document(one, unique_id)
    before, after, action = _STATUSES[what]
    if not current.is_patients_own:
        raise _refused(
            "document", unique_id, "un document déposé par le patient", "a document that the patient filed"
        )
    if current.status != before:
        raise _refused("document", current.status, before, before)
    documents.set_status(one.db, one.session.name, current.id, after)
    trace(one, action, document=unique_id)
    return replace(current, status=after)


def choose(
    one: Acting, choice: Choice, *, professional: str = "", structure: str = ""
) -> Authorisation | None:
    """Allow, forbid, or take back what was said of a professional or a structure (keys of the directory).

    Raises UsageError (neither or both, unknown key, unknown choice, DMP not active).
    """
    _active(one)
    known = directory.professionals() if professional else directory.structures()
    if bool(professional) == bool(structure) or (professional or structure) not in known:
        raise _refused(
            "professional", professional or structure, "une clé de l'annuaire", "a key of the directory"
        )
    if choice not in _CHOICES:
        raise _refused("choice", choice, *[", ".join(_CHOICES)] * 2)
    db, name, now = one.db, one.session.name, one.session.now()
    held = authorisations.find(db, name, one.patient.key, professional=professional, structure=structure)
    given: Authorisation | None = None
    if choice == "withdraw":
        authorisations.remove(db, name, one.patient.key, professional=professional, structure=structure)
    else:
        days = int(one.session.settings.switch("authorisation_days"))
        until = now + timedelta(days=days) if days > 0 and choice == "allow" else None
        mt = held is not None and held.medecin_traitant and choice == "allow"
        state: Literal["valid", "forbidden"] = "valid" if choice == "allow" else "forbidden"
        given = Authorisation(professional, structure, state, mt, since=now, until=until)
        authorisations.save(db, name, one.patient.key, given, at=now)
    trace(one, f"{_CHOICES[choice]} : {professional or structure}")
    return given


def wish(one: Acting, text: str) -> Patient:
    """Write down the patient's wishes (volontés). Raises UsageError (DMP not active)."""
    _active(one)
    trace(one, "volontés exprimées par le patient")
    return _saved(one, replace(one.patient, dmp=replace(one.patient.dmp, wishes=text)))


def oppose(one: Acting, *, bris_de_glace: bool | None = None, acces_urgence: bool | None = None) -> Patient:
    """Oppose the emergency modes, or stop opposing; None leaves one as it is. Raises UsageError (DMP not active)."""
    _active(one)
    dmp = one.patient.dmp
    if bris_de_glace is not None:
        dmp = replace(dmp, opposition_bris_de_glace=bris_de_glace)
    if acces_urgence is not None:
        dmp = replace(dmp, opposition_acces_urgence=acces_urgence)
    trace(one, "oppositions changées par le patient")
    return _saved(one, replace(one.patient, dmp=dmp))


def close(one: Acting, reason: str = "") -> Patient:
    """Close the DMP, as the patient asks. Raises UsageError (DMP not active)."""
    _active(one)
    text = reason or "Fermeture à la demande du patient"
    trace(one, "fermeture demandée par le patient")
    closure = Closure(one.session.now().replace(microsecond=0), _CLOSING, text)
    return _saved(one, replace(one.patient, dmp=replace(one.patient.dmp, status="closed", closed=closure)))


def history(one: Acting) -> list[dict[str, Any]]:
    """Traces that the patient, or the representative, may see, oldest first."""
    lines = traces.listing(one.db, one.session.name, traces.Wanted(patient=one.patient.ins.number))
    kind: trace_rights.Kind = "representative" if one.representative else "patient"
    return trace_rights.seen(lines, trace_rights.Viewer(kind), one.session.now(), one.session.settings)


def trace(
    one: Acting, action: str, *, document: str = "", result: str = "Success", secret: bool = False
) -> None:
    """Append the line of an act of the patient."""
    patient = one.patient
    name = f"{next(iter(patient.given), '')} {patient.family_usual or patient.family_birth}".strip()
    traces.add(
        one.db,
        one.session.name,
        Trace(
            at=traces.stamp(one.session.now()),
            exchange="",
            transaction="",
            action=action,
            ps_id="",
            structure_id="",
            role="PATIENT",
            mode="",
            access="normal",
            reason="",
            secret=secret,
            patient=patient.ins.number,
            document=document,
            result=result,
            actor="representative" if one.representative else "patient",
            name=f"représentant légal de {name}" if one.representative else name,
        ),
    )


def _new_version(one: Acting, current: RegistryObject, hidden: tuple[str, ...]) -> None:
    package = metadata.submission_set(one.patient, one.session.now(), "Visibilité changée par le patient")
    entry = replace(metadata.with_visibility(current, hidden), id="version")
    link = metadata.member(package, entry, Slot("PreviousVersion", (str(current.version),)))
    version = NewVersion(entry=entry, members=(link,), current=current, patient=one.patient.key)
    changes = Changes(versions=(version,), statuses=(), others=())
    documents.hold(one.db, one.session.name, changes.held)
    write(one.db, one.session.name, one.patient.key, (package,), changes)


def _saved(one: Acting, patient: Patient) -> Patient:
    patients.save(one.db, one.session.name, patient)
    return patient


def _active(one: Acting) -> None:
    if one.patient.dmp.status != "active":
        raise _refused("dmp", one.patient.dmp.status, "un DMP actif", "an active DMP")


def _refused(field: str, found: str, fr: str, en: str) -> UsageError:
    return UsageError(
        "PAT-004",
        Text(f"action impossible : {fr} est attendu", f"impossible act: {en} is expected"),
        field=field,
        found=found,
    )
