"""The HL7 v3 messages that open, reopen, change and close a DMP (TD1.1, TD1.2, TD1.3b, TD1.4), from their parameters.

What a parameter does not say comes from the record of the patient in the data sets, so that a change sends back
what was read. Parameters, in the shape of datasets/patients where there is one:
`prefix`, `family_usual`, `telecom`, `address`, `legal_representative`, `birth_place` (an address),
`card` (family_usual, family_birth, given, birth YYMMDD: traits as the Vitale card has them),
`oppose_bris_de_glace`, `oppose_acces_urgence` (null: not sent), `consent`, `consent_at` (DTM).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from lxml import etree

from harness.drive import bind
from harness.drive.clock import dtm
from harness.drive.draft import Draft, wrong_param
from harness.drive.identity import specialty_of
from harness.drive.subject import Subject
from protocol.coded import Coded
from protocol.facts import OID_REASONS
from protocol.patientrecord import patient_to_plain

PERSON: Final = ("prefix", "family_usual", "telecom", "address", "legal_representative", "birth_place")
OPPOSITIONS: Final = ("oppose_bris_de_glace", "oppose_acces_urgence")
CONSENT: Final = ("consent", "consent_at")

_ADDRESS: Final = ("lines", "locator", "postal_code", "city", "country")
_OBSERVED: Final = {
    "oppose_bris_de_glace": "OPPOSITION_BRIS_DE_GLACE",
    "oppose_acces_urgence": "OPPOSITION_ACCES_URGENCE",
}
_HELD: Final = {
    "oppose_bris_de_glace": "opposition_bris_de_glace",
    "oppose_acces_urgence": "opposition_acces_urgence",
}
_CARD_LENGTH: Final = 27


@dataclass(frozen=True)
class Form:
    """One of the four messages: interaction, reason, statuses, and which parts it has."""

    interaction: str
    reason: tuple[str, str]
    patient_status: str = "active"
    full: bool = True
    card: bool = False
    observations: tuple[Mapping[str, str], ...] = field(default=())
    closing: Mapping[str, str] | None = None


def write(draft: Draft, form: Form, *, request_status: str = "active") -> etree._Element:
    """The payload. Raises UsageError without a patient, or for a parameter of the wrong kind."""
    subject = draft.subject
    if subject is None:
        raise wrong_param(draft.transaction, "patient", None, "patient")
    identifier = draft.ids.uuid()
    draft.facts["query_message_id"] = identifier
    code, label = form.reason
    header = bind.fill(
        "hl7_header",
        {
            "lps": draft.lps,
            "message": identifier,
            "created": dtm(draft.clock.now()),
            "interaction": form.interaction,
        },
    )
    registration = bind.fill(
        "registration_request",
        {
            "subject": subject,
            "request_status": request_status,
            "patient_status": form.patient_status,
            "person": _person(draft, subject, form),
            "observations": list(form.observations),
            "user": draft.identity.user,
            "specialty": specialty_of(draft.identity.user),
            "structure": draft.identity.structure,
        },
    )
    scope = {
        "header": list(header),
        "reason": Coded(code, OID_REASONS, label),
        "registration": registration,
        "closing": form.closing,
    }
    return bind.fill(form.interaction.removesuffix("UV02").lower(), scope)


def consent(draft: Draft, code: str) -> tuple[Mapping[str, str], ...]:
    """The observation of the patient's consent, true and dated now unless told otherwise."""
    given = draft.params.get("consent", True)
    if given is None:
        return ()
    at = draft.text("consent_at") or dtm(draft.clock.now())
    return ({"code": code, "value": _yes(draft, "consent", given), "at": at},)


def oppositions(draft: Draft, *, default: bool | None) -> tuple[Mapping[str, str], ...]:
    """Those that a parameter tells, else those of the record; `default` when there is no record."""
    record = draft.subject.record if draft.subject else None
    found = []
    for name, code in _OBSERVED.items():
        held = getattr(record.dmp, _HELD[name]) if record is not None and default is None else default
        value = draft.params.get(name, held)
        if value is not None:
            found.append({"code": code, "value": _yes(draft, name, value), "at": ""})
    return tuple(found)


def _yes(draft: Draft, name: str, value: object) -> str:
    if not isinstance(value, bool):
        raise wrong_param(draft.transaction, name, value, "true | false")
    return "true" if value else "false"


def _person(draft: Draft, subject: Subject, form: Form) -> dict[str, Any]:
    known: dict[str, Any] = patient_to_plain(subject.record) if subject.record is not None else {}
    told = known | {name: draft.params[name] for name in PERSON if name in draft.params}
    usual = told.get("family_usual") or subject.family_usual
    person: dict[str, Any] = {
        "prefix": told.get("prefix") or "",
        "usual": usual or subject.family_birth,
        "birth_name": subject.family_birth,
        "given": list(subject.given),
        "telecom": [],
        "sex": "",
        "birth": "",
        "address": None,
        "representative": [],
        "card": [],
        "birth_place": [],
    }
    if not form.full:
        return person
    born = _address(draft, "birth_place", _birth_place(told.get("birth_place")))
    return person | {
        "telecom": _telecom(draft, told),
        "sex": subject.sex,
        "birth": subject.birth,
        "address": _address(draft, "address", told.get("address")),
        "representative": _representative(draft, told.get("legal_representative")),
        "card": [_card(draft, subject)] if form.card else [],
        "birth_place": [{"addr": born}] if born is not None else [],
    }


def _telecom(draft: Draft, told: Mapping[str, Any]) -> list[dict[str, Any]]:
    """`use` MAIL is a mailto: without @use; a value that has a scheme is sent as it is."""
    found = []
    for one in told.get("telecom") or []:
        if not isinstance(one, Mapping):
            raise wrong_param(draft.transaction, "telecom", one, "list of mappings")
        use, value = str(one.get("use", "")), str(one.get("value", ""))
        scheme = "" if value.startswith(("tel:", "mailto:")) else ("mailto:" if use == "MAIL" else "tel:")
        found.append({"use": None if use in ("", "MAIL") else use, "value": scheme + value})
    return found


def _address(draft: Draft, name: str, value: object) -> etree._Element | None:
    if value is None:
        return None
    if not isinstance(value, Mapping) or set(value) - set(_ADDRESS):
        raise wrong_param(draft.transaction, name, value, ", ".join(_ADDRESS))
    where = {part: value.get(part) or "" for part in _ADDRESS} | {"lines": list(value.get("lines") or [])}
    return bind.fill("hl7_address", where)


def _birth_place(value: Any) -> Any:
    """The record has an INSEE code and a label, which an addr has no better place for."""
    if isinstance(value, Mapping) and "insee" in value:
        return {"postal_code": value["insee"], "city": value.get("label")}
    return value


def _representative(draft: Draft, value: object) -> list[dict[str, Any]]:
    if value is None:
        return []
    if not isinstance(value, Mapping) or "family" not in value:
        raise wrong_param(draft.transaction, "legal_representative", value, "quality, family, given…")
    return [
        {
            "quality": value.get("quality", ""),
            "prefix": value.get("prefix") or "",
            "family": value["family"],
            "given": list(value.get("given") or []),
            "address": _address(draft, "legal_representative.address", value.get("address")),
            "telecom": _telecom(draft, value),
        }
    ]


def _card(draft: Draft, subject: Subject) -> dict[str, Any]:
    """Traits as a card holds them: capitals without accents, one first name, YYMMDD."""
    told = draft.params.get("card") or {}
    if not isinstance(told, Mapping):
        raise wrong_param(draft.transaction, "card", told, "family_usual, family_birth, given, birth")
    card = {
        "family_usual": _on_card(subject.family_usual or subject.family_birth),
        "family_birth": _on_card(subject.family_birth),
        "given": [_on_card(given) for given in subject.given[:1]],
        "birth": subject.birth[2:],
    }
    return card | dict(told)


def _on_card(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text)
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return plain.upper()[:_CARD_LENGTH]
