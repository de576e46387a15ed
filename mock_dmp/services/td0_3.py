"""TD0.3: a professional, or a structure, authorises itself on a DMP, or takes that back (setAuthorization).

Only in normal mode and never when the patient forbade it: acceptance saw to that. Doing again what is done
already is a success that says so.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Literal, cast

from mock_dmp.acceptance.engine import Breach, judged
from mock_dmp.context import Call, Refusal, Reply
from mock_dmp.registry import handler
from mock_dmp.render.habilitations import OK, authorisation_response
from mock_dmp.rights import holder
from mock_dmp.services import tracing
from mock_dmp.services.identity import caller_of, patient_of
from mock_dmp.state import authorisations
from protocol import facts, safexml
from protocol.directory import Authorisation, Patient

Action = Literal["AJOUT", "SUPPRESSION"]

_ACTIONS = ("AJOUT", "SUPPRESSION")
_MT = "MEDECIN_TRAITANT"
_PHYSICIAN = "10"
_ALREADY = "Autorisation déjà présente : rien n'a été fait."
_ALREADY_MT = "Déjà médecin traitant de ce DMP : rien n'a été fait."
_NONE = "Aucune autorisation à retirer : rien n'a été fait."
_NOT_MT = "L'appelant n'est pas médecin traitant de ce DMP : rien n'a été fait."


@handler("TD0.3")
def set_authorization(call: Call) -> Reply:
    """Change the caller's own authorisation. Raises Refusal."""
    action, as_mt = _read(call)
    patient = patient_of(call)
    if patient is None:
        raise Refusal("MockPatientNotFound", carrier="ws")
    context = _add(call, patient, as_mt) if action == "AJOUT" else _remove(call, patient, as_mt)
    tracing.trace(call, f"autorisation {action}{' ' + _MT if as_mt else ''}", result=OK)
    return Reply(authorisation_response(context=context))


def _read(call: Call) -> tuple[Action, bool]:
    body = call.message.envelope.body
    action, role = safexml.value(body, "hab:action"), safexml.value(body, "hab:role")
    if action not in _ACTIONS:
        _refuse(call, Breach("setAuthorization/action", action or "absent", " ou ".join(_ACTIONS)))
    if role not in ("", _MT):
        _refuse(call, Breach("setAuthorization/role", role, _MT))
    if role and action == "AJOUT" and not _physician(call):
        raise Refusal(
            "DMPAccessDeniedByRightsService",
            context=f"rôle {_MT} — trouvé : {caller_of(call).role} — attendu : un médecin",
        )
    return cast(Action, action), bool(role)


def _refuse(call: Call, breach: Breach) -> None:
    """WS-STRUCTURE; a session that forgives it still gets no action that does not exist."""
    for item in judged("WS-STRUCTURE", breach, call.session.settings):
        call.warn(item.problem)
    raise Refusal("MockInvalidRequest", context=breach.context(), rule="WS-STRUCTURE")


def _physician(call: Call) -> bool:
    role = caller_of(call).role
    return (role.code, role.system) == (_PHYSICIAN, facts.OID_PROFESSIONS)


def _add(call: Call, patient: Patient, as_mt: bool) -> str:
    now, held = call.session.now(), _held(call, patient)
    valid = held is not None and authorisations.state_at(held, now) == "valid"
    if held is not None and valid and (held.medecin_traitant or not as_mt):
        return _ALREADY_MT if as_mt else _ALREADY
    if held is not None and valid:
        _save(call, patient, replace(held, medecin_traitant=True))
        return ""
    professional, structure = holder(caller_of(call))
    days = int(call.session.settings.switch("authorisation_days"))
    given = Authorisation(
        professional=professional,
        structure=structure,
        state="valid",
        medecin_traitant=as_mt,
        since=now,
        until=now + timedelta(days=days) if days > 0 else None,
    )
    _save(call, patient, given)
    return ""


def _remove(call: Call, patient: Patient, as_mt: bool) -> str:
    held = _held(call, patient)
    if held is None:
        return _NONE
    if as_mt:
        if not held.medecin_traitant:
            return _NOT_MT
        _save(call, patient, replace(held, medecin_traitant=False))
        return ""
    professional, structure = holder(caller_of(call))
    authorisations.remove(
        call.db, call.session.name, patient.key, professional=professional, structure=structure
    )
    return ""


def _held(call: Call, patient: Patient) -> Authorisation | None:
    professional, structure = holder(caller_of(call))
    return authorisations.find(
        call.db, call.session.name, patient.key, professional=professional, structure=structure
    )


def _save(call: Call, patient: Patient, given: Authorisation) -> None:
    authorisations.save(call.db, call.session.name, patient.key, given, at=call.session.now())
