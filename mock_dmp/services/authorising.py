"""A professional, or a structure, authorises itself on a DMP or takes that back: by TD0.3 and on the Web-PS pages.

Whether the caller may is decided before. Each function returns what to tell the user, "" when it was done.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from sqlalchemy import Connection

from mock_dmp.context import Caller, Session
from mock_dmp.rights import holder
from mock_dmp.state import authorisations
from protocol.directory import Authorisation, Patient

_ALREADY: Final = "Autorisation déjà présente : rien n'a été fait."
_ALREADY_MT: Final = "Déjà médecin traitant de ce DMP : rien n'a été fait."
_NONE: Final = "Aucune autorisation à retirer : rien n'a été fait."
_NOT_MT: Final = "L'appelant n'est pas médecin traitant de ce DMP : rien n'a été fait."


def authorise(
    db: Connection, session: Session, caller: Caller, patient: Patient, *, as_mt: bool = False
) -> str:
    """Give the caller a valid authorisation, as médecin traitant DMP when told so."""
    now, held = session.now(), _held(db, session, caller, patient)
    valid = held is not None and authorisations.state_at(held, now) == "valid"
    if held is not None and valid and (held.medecin_traitant or not as_mt):
        return _ALREADY_MT if as_mt else _ALREADY
    if held is not None and valid:
        _save(db, session, patient, replace(held, medecin_traitant=True))
        return ""
    professional, structure = holder(caller)
    days = int(session.settings.switch("authorisation_days"))
    given = Authorisation(
        professional=professional,
        structure=structure,
        state="valid",
        medecin_traitant=as_mt,
        since=now,
        until=now + timedelta(days=days) if days > 0 else None,
    )
    _save(db, session, patient, given)
    return ""


def withdraw(
    db: Connection, session: Session, caller: Caller, patient: Patient, *, as_mt: bool = False
) -> str:
    """Take the caller's authorisation away, or only that it is médecin traitant DMP."""
    held = _held(db, session, caller, patient)
    if held is None:
        return _NONE
    if as_mt:
        if not held.medecin_traitant:
            return _NOT_MT
        _save(db, session, patient, replace(held, medecin_traitant=False))
        return ""
    professional, structure = holder(caller)
    authorisations.remove(db, session.name, patient.key, professional=professional, structure=structure)
    return ""


def _held(db: Connection, session: Session, caller: Caller, patient: Patient) -> Authorisation | None:
    professional, structure = holder(caller)
    return authorisations.find(db, session.name, patient.key, professional=professional, structure=structure)


def _save(db: Connection, session: Session, patient: Patient, given: Authorisation) -> None:
    authorisations.save(db, session.name, patient.key, given, at=session.now())
