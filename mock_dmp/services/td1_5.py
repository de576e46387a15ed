"""TD1.5: the patient's internet account: create it (a), its one-time code channels (b, c), new credentials (d).

Login and password go to the caller and nowhere else: no trace and no warning ever holds them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, cast

from mock_dmp.acceptance.engine import Breach
from mock_dmp.context import Call, Refusal, Reply
from mock_dmp.registry import handler
from mock_dmp.render.custom import OK
from mock_dmp.render.custom_patients import channel_response, credentials_response
from mock_dmp.services import custom, tracing
from mock_dmp.state import accounts
from mock_dmp.state.accounts import Account, Channel, ChannelType
from protocol.customservices import read_channel, read_reissue
from protocol.directory import Patient

_TYPES: Final = ("SMS", "EMAIL")
_ACTIONS: Final = ("AJOUT", "MODIFICATION", "SUPPRESSION")
_SHAPES: Final = {
    "SMS": (re.compile(r"0[67][0-9]{8}"), "10 chiffres, 06 ou 07 d'abord"),
    "EMAIL": (re.compile(r"[^\s@<>\"]+@[^\s@<>\".]+(\.[^\s@<>\".]+)+"), "nom@domaine"),
}
_SAME: Final = "Le canal est déjà celui-là : rien n'a été fait."


@dataclass(frozen=True)
class _Change:
    action: str
    channel: Channel


@handler("TD1.5a")
def create_access(call: Call) -> Reply:
    """Open the account and give its credentials. Raises Refusal."""
    wanted = _change(call)
    patient = custom.record_of(call)
    if accounts.find(call.db, call.session.name, patient.key) is not None:
        raise Refusal("DMPPatientAccessAlreadyExists", carrier="ws")
    made = accounts.create(call.db, call.session.name, patient, wanted.channel)
    tracing.trace(call, "création de l'accès internet du patient", result=OK)
    return Reply(credentials_response("createPatientAccess", made.login, made.password))


@handler("TD1.5b")
def add_channel(call: Call) -> Reply:
    """Add a channel. Raises Refusal."""
    return _update(call)


@handler("TD1.5c")
def change_channel(call: Call) -> Reply:
    """Change the channel of a type, or remove one. Raises Refusal."""
    return _update(call)


@handler("TD1.5d")
def reissue(call: Call) -> Reply:
    """Give a new password. Raises Refusal."""
    custom.read(call, read_reissue)
    patient = custom.record_of(call)
    _account(call, patient)
    new_login = call.session.settings.on("reissue_changes_login")
    given = accounts.reissue(call.db, call.session.name, patient.key, new_login=new_login)
    tracing.trace(call, "réédition des identifiants du patient", result=OK)
    return Reply(credentials_response("updatePatientAccess", given.login, given.password))


def _update(call: Call) -> Reply:
    wanted = _change(call)
    patient = custom.record_of(call)
    held = _account(call, patient)
    done = {"AJOUT": _add, "MODIFICATION": _replace, "SUPPRESSION": _remove}[wanted.action]
    context = done(call, patient, held, wanted.channel)
    tracing.trace(call, f"canal de code à usage unique : {wanted.action}", result=OK)
    return Reply(channel_response(context))


def _add(call: Call, patient: Patient, held: Account, channel: Channel) -> str:
    taken = call.session.settings.on("one_channel_a_type") and held.of_type(channel.type)
    if taken or not accounts.add(call.db, call.session.name, patient.key, channel):
        raise Refusal("DMPPatientAccessOTPAlreadyExists", context=channel.type, carrier="ws")
    return ""


def _replace(call: Call, patient: Patient, held: Account, channel: Channel) -> str:
    if held.of_type(channel.type) == (channel,):
        return _SAME
    if not accounts.change(call.db, call.session.name, patient.key, channel):
        raise Refusal("MockPatientAccessOTPNotFound", context=channel.type, carrier="ws")
    return ""


def _remove(call: Call, patient: Patient, _held: Account, channel: Channel) -> str:
    if not accounts.remove(call.db, call.session.name, patient.key, channel):
        raise Refusal("MockPatientAccessOTPNotFound", context=channel.type, carrier="ws")
    return ""


def _account(call: Call, patient: Patient) -> Account:
    held = accounts.find(call.db, call.session.name, patient.key)
    if held is None:
        raise Refusal("MockPatientAccessNotFound", carrier="ws")
    return held


def _change(call: Call) -> _Change:
    """What is asked, once it is known to be askable. Raises Refusal."""
    asked = custom.read(call, read_channel)
    for name, text in (("type", asked.type), ("canal", asked.value)):
        if not text:
            custom.refuse(call, "WS-CONTENT", Breach(name, "absent", "une valeur"))
    if asked.type not in _TYPES:
        custom.refuse(call, "WS-CHANNEL-TYPE", Breach("type", asked.type, " ou ".join(_TYPES)))
    shape, expected = _SHAPES[asked.type]
    if not shape.fullmatch(asked.value):
        custom.judge(call, "WS-CHANNEL-VALUE", Breach("canal", asked.value, expected))
    if call.transaction.id != "TD1.5a" and asked.action not in _ACTIONS:
        custom.refuse(
            call, "WS-CHANNEL-ACTION", Breach("action", asked.action or "absent", " ou ".join(_ACTIONS))
        )
    return _Change(asked.action, Channel(cast(ChannelType, asked.type), asked.value))
