"""A synthetic patient and the state of its DMP, and its plain form.

The same shape serves datasets/patients and the control API of the mock. Which patients exist is in
`protocol.directory`; how a session changes them is for the mock.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, Final

from protocol.errors import DmpcompatError, Text, ToolError
from protocol.patientmodel import (
    QUALITIES,
    Address,
    Authorisation,
    AuthorisationState,
    Birthplace,
    Closure,
    DmpState,
    DmpStatus,
    InsNumber,
    Patient,
    Representative,
    Sex,
    Telecom,
    TelecomUse,
)
from protocol.strictdata import Fields, plain

__all__ = [
    "Address",
    "Authorisation",
    "AuthorisationState",
    "Birthplace",
    "Closure",
    "DmpState",
    "DmpStatus",
    "InsNumber",
    "Patient",
    "Representative",
    "Sex",
    "Telecom",
    "TelecomUse",
    "patient_from",
    "patient_to_plain",
    "read_patient",
]

_DMP_STATUS: Final[tuple[DmpStatus, ...]] = ("absent", "active", "closed")
_STATES: Final[tuple[AuthorisationState, ...]] = ("valid", "expired", "forbidden")
_SEXES: Final[tuple[Sex, ...]] = ("M", "F", "U")
_USES: Final[tuple[TelecomUse, ...]] = ("MC", "HP", "MAIL")
#: Month or day unknown (00), or a month that no calendar has (13 to 99).
_LUNAR: Final = re.compile(r"[0-9]{4}(?:(?:00|1[3-9]|[2-9][0-9])[0-9]{2}|[0-9]{2}00)")


def patient_from(data: Any, name: str, *, error: type[DmpcompatError] = ToolError) -> Patient:
    """One patient from plain data of the same shape as datasets/patients (the control API seeds with it).

    Raises `error`, which names the field.
    """
    return read_patient(Fields(data, plain(data, name), error=error))


def read_patient(fields: Fields) -> Patient:
    """One patient from its fields; see `patient_from`."""
    patient = Patient(
        key=fields.text("key"),
        ins=_ins(fields.inner("ins")),
        ins_c=fields.text("ins_c", ""),
        family_birth=fields.text("family_birth"),
        family_usual=fields.text("family_usual", ""),
        given=fields.texts("given"),
        prefix=fields.text("prefix", ""),
        sex=fields.one_of("sex", _SEXES),
        birth_date=_day(fields, "birth_date"),
        birth_place=_birthplace(fields.inner("birth_place")),
        telecom=fields.each("telecom", _telecom),
        address=fields.optional("address", _address),
        deceased=fields.flag("deceased", False),
        minor=fields.flag("minor", False),
        dmp=_dmp(fields.inner("dmp")),
        authorisations=fields.each("authorisations", _authorisation),
        documents=_documents(fields),
        legal_representative=fields.optional("legal_representative", _representative),
        other_ins=fields.each("other_ins", _ins),
        birth_lunar=_lunar(fields),
    )
    fields.done()
    return patient


def _documents(fields: Fields) -> tuple[Mapping[str, Any], ...]:
    """Described for who seeds them: only their shape is looked at here."""
    raw = fields.raw("documents", [])
    if not isinstance(raw, list) or not all(isinstance(item, Mapping) for item in raw):
        text = Text("une liste d'objets est attendue", "a list of mappings is expected")
        raise fields.refuse("DATA-014", text, "documents", raw)
    return tuple(raw)


def patient_to_plain(patient: Patient) -> dict[str, Any]:
    """The inverse of `patient_from`: plain values ready for YAML or JSON."""
    return {
        "key": patient.key,
        "ins": {"number": patient.ins.number, "oid": patient.ins.oid},
        "ins_c": patient.ins_c or None,
        "family_birth": patient.family_birth,
        "family_usual": patient.family_usual or None,
        "given": list(patient.given),
        "prefix": patient.prefix or None,
        "sex": patient.sex,
        "birth_date": patient.birth_date.isoformat(),
        "birth_lunar": patient.birth_lunar or None,
        "birth_place": {"insee": patient.birth_place.insee, "label": patient.birth_place.label or None},
        "telecom": _telecom_to_plain(patient.telecom),
        "address": _address_to_plain(patient.address),
        "deceased": patient.deceased,
        "minor": patient.minor,
        "dmp": _dmp_to_plain(patient.dmp),
        "authorisations": [_authorisation_to_plain(item) for item in patient.authorisations],
        "documents": [dict(item) for item in patient.documents],
        "legal_representative": _representative_to_plain(patient.legal_representative),
        "other_ins": [{"number": item.number, "oid": item.oid} for item in patient.other_ins],
    }


def _address_to_plain(where: Address | None) -> dict[str, Any] | None:
    return (
        None
        if where is None
        else {
            "lines": list(where.lines),
            "locator": where.locator or None,
            "postal_code": where.postal_code or None,
            "city": where.city or None,
            "country": where.country or None,
        }
    )


def _telecom_to_plain(telecom: tuple[Telecom, ...]) -> list[dict[str, Any]]:
    return [{"use": item.use, "value": item.value} for item in telecom]


def _representative_to_plain(who: Representative | None) -> dict[str, Any] | None:
    return (
        None
        if who is None
        else {
            "quality": who.quality,
            "family": who.family,
            "given": list(who.given),
            "prefix": who.prefix or None,
            "address": _address_to_plain(who.address),
            "telecom": _telecom_to_plain(who.telecom),
        }
    )


def _dmp_to_plain(dmp: DmpState) -> dict[str, Any]:
    closed = dmp.closed
    return {
        "status": dmp.status,
        "opened": _stamp(dmp.opened),
        "closed": None
        if closed is None
        else {"at": _stamp(closed.at), "code": closed.code, "text": closed.text or None},
        "internet_account": dmp.internet_account,
        "attached_to_mes": dmp.attached_to_mes,
        "opposition_bris_de_glace": dmp.opposition_bris_de_glace,
        "opposition_acces_urgence": dmp.opposition_acces_urgence,
        "consent_at": _stamp(dmp.consent_at),
        "wishes": dmp.wishes or None,
    }


def _authorisation_to_plain(given: Authorisation) -> dict[str, Any]:
    holder = {"professional": given.professional} if given.professional else {"structure": given.structure}
    return {
        **holder,
        "state": given.state,
        "medecin_traitant": given.medecin_traitant,
        "since": _stamp(given.since),
        "until": _stamp(given.until),
    }


def _ins(fields: Fields) -> InsNumber:
    read = InsNumber(fields.text("number"), fields.text("oid"))
    fields.done()
    return read


def _birthplace(fields: Fields) -> Birthplace:
    read = Birthplace(fields.text("insee"), fields.text("label", ""))
    fields.done()
    return read


def _address(fields: Fields) -> Address:
    read = Address(
        fields.texts("lines", ()),
        fields.text("postal_code", ""),
        fields.text("city", ""),
        fields.text("country", ""),
        fields.text("locator", ""),
    )
    fields.done()
    return read


def _telecom(fields: Fields) -> Telecom:
    read = Telecom(fields.one_of("use", _USES), fields.text("value"))
    fields.done()
    return read


def _representative(fields: Fields) -> Representative:
    read = Representative(
        quality=fields.one_of("quality", QUALITIES),
        family=fields.text("family"),
        given=fields.texts("given"),
        prefix=fields.text("prefix", ""),
        address=fields.optional("address", _address),
        telecom=fields.each("telecom", _telecom),
    )
    fields.done()
    return read


def _dmp(fields: Fields) -> DmpState:
    read = DmpState(
        status=fields.one_of("status", _DMP_STATUS),
        opened=_moment(fields, "opened"),
        closed=fields.optional("closed", _closure),
        internet_account=fields.flag("internet_account", False),
        attached_to_mes=fields.flag("attached_to_mes", False),
        opposition_bris_de_glace=fields.flag("opposition_bris_de_glace", False),
        opposition_acces_urgence=fields.flag("opposition_acces_urgence", False),
        consent_at=_moment(fields, "consent_at"),
        wishes=fields.text("wishes", ""),
    )
    fields.done()
    if (read.status == "closed") != (read.closed is not None):
        raise fields.refuse(
            "DIR-002",
            Text(
                "un DMP fermé, et lui seul, dit quand et pourquoi",
                "a closed DMP, and only it, says when and why",
            ),
            "closed",
            read.status,
        )
    return read


def _closure(fields: Fields) -> Closure:
    read = Closure(_required_moment(fields, "at"), fields.text("code"), fields.text("text", ""))
    fields.done()
    return read


def _authorisation(fields: Fields) -> Authorisation:
    read = Authorisation(
        professional=fields.text("professional", ""),
        structure=fields.text("structure", ""),
        state=fields.one_of("state", _STATES),
        medecin_traitant=fields.flag("medecin_traitant", False),
        since=_required_moment(fields, "since"),
        until=_moment(fields, "until"),
    )
    fields.done()
    if bool(read.professional) == bool(read.structure):
        raise fields.refuse(
            "DIR-003",
            Text(
                "un professionnel ou une structure, pas les deux", "a professional or a structure, not both"
            ),
            "professional",
            read.professional,
        )
    return read


def _required_moment(fields: Fields, key: str) -> datetime:
    return _utc(fields, key, fields.text(key))


def _moment(fields: Fields, key: str) -> datetime | None:
    """A moment, None when absent."""
    written = fields.text(key, "")
    return _utc(fields, key, written) if written else None


def _utc(fields: Fields, key: str, written: str) -> datetime:
    """A moment written with its zone, turned to UTC."""
    try:
        moment = datetime.fromisoformat(written)
        utc = moment.astimezone(UTC) if moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        utc = None
    if utc is not None:
        return utc
    raise fields.refuse(
        "DATA-015",
        Text("moment mal écrit ou sans fuseau", "moment badly written or without a zone"),
        key,
        written,
        expected="2026-01-31T08:30:00Z",
    )


def _day(fields: Fields, key: str) -> date:
    written = fields.text(key)
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise fields.refuse(
            "DATA-016", Text("date mal écrite", "date badly written"), key, written, expected="2026-01-31"
        ) from None


def _lunar(fields: Fields) -> str:
    """YYYYMMDD of a day that the calendar does not hold, "" when it is not given."""
    written = fields.text("birth_lunar", "")
    if not written or _LUNAR.fullmatch(written):
        return written
    raise fields.refuse(
        "DATA-017",
        Text("date lunaire mal écrite", "lunar date badly written"),
        "birth_lunar",
        written,
        expected="19520000",
    )


def _stamp(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds").replace("+00:00", "Z")
