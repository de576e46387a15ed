"""TD0.3: a professional, or a structure, authorises itself on a DMP, or takes that back (setAuthorization).

Only in normal mode and never when the patient forbade it: acceptance saw to that. Doing again what is done
already is a success that says so.
"""

from __future__ import annotations

from typing import Literal, cast

from mock_dmp.acceptance.engine import Breach, judged
from mock_dmp.context import Call, Refusal, Reply
from mock_dmp.registry import handler
from mock_dmp.render.habilitations import OK, authorisation_response
from mock_dmp.services import tracing
from mock_dmp.services.authorising import authorise, withdraw
from mock_dmp.services.identity import caller_of, patient_of
from protocol import facts, safexml

Action = Literal["AJOUT", "SUPPRESSION"]

_ACTIONS = ("AJOUT", "SUPPRESSION")
_MT = "MEDECIN_TRAITANT"
_PHYSICIAN = "10"


@handler("TD0.3")
def set_authorization(call: Call) -> Reply:
    """Change the caller's own authorisation. Raises Refusal."""
    action, as_mt = _read(call)
    patient = patient_of(call)
    if patient is None:
        raise Refusal("MockPatientNotFound", carrier="ws")
    change = authorise if action == "AJOUT" else withdraw
    context = change(call.db, call.session, caller_of(call), patient, as_mt=as_mt)
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
