"""A synthetic patient and the state of its DMP, and its plain form.

The same shape serves datasets/patients and the control API of the mock. Which patients exist is in
`protocol.directory`; how a session changes them is for the mock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final, Literal

from protocol.errors import DmpcompatError, Text, ToolError
from protocol.strictdata import Fields, plain

DmpStatus = Literal["absent", "active", "closed"]
AuthorisationState = Literal["valid", "expired", "forbidden"]
Sex = Literal["M", "F", "U"]
TelecomUse = Literal["MC", "HP", "MAIL"]

_DMP_STATUS: Final[tuple[DmpStatus, ...]] = ("absent", "active", "closed")
_STATES: Final[tuple[AuthorisationState, ...]] = ("valid", "expired", "forbidden")
_SEXES: Final[tuple[Sex, ...]] = ("M", "F", "U")
_USES: Final[tuple[TelecomUse, ...]] = ("MC", "HP", "MAIL")


@dataclass(frozen=True)
class InsNumber:
    """15 characters, key included, and the OID of the domain."""

    number: str
    oid: str


@dataclass(frozen=True)
class Birthplace:
    insee: str
    label: str


@dataclass(frozen=True)
class Address:
    lines: tuple[str, ...]
    postal_code: str
    city: str
    country: str


@dataclass(frozen=True)
class Telecom:
    """`use`: MC mobile, HP home, MAIL electronic address; `value` without its scheme."""

    use: TelecomUse
    value: str


@dataclass(frozen=True)
class Closure:
    """Why and when a DMP was closed."""

    at: datetime
    code: str
    text: str


@dataclass(frozen=True)
class DmpState:
    """State of the record. The oppositions say true when the patient opposes."""

    status: DmpStatus
    opened: datetime | None
    closed: Closure | None
    internet_account: bool
    attached_to_mes: bool
    opposition_bris_de_glace: bool
    opposition_acces_urgence: bool


@dataclass(frozen=True)
class Authorisation:
    """Exactly one of `professional`, `structure` holds a key. Moments are UTC."""

    professional: str
    structure: str
    state: AuthorisationState
    medecin_traitant: bool
    since: datetime
    until: datetime | None


@dataclass(frozen=True)
class Patient:
    """A patient and its DMP. `family_usual` may be "" (never filled by the patient); `sex` is M, F or U."""

    key: str
    ins: InsNumber
    ins_c: str
    family_birth: str
    family_usual: str
    given: tuple[str, ...]
    prefix: str
    sex: Sex
    birth_date: date
    birth_place: Birthplace
    telecom: tuple[Telecom, ...]
    address: Address | None
    deceased: bool
    minor: bool
    dmp: DmpState
    authorisations: tuple[Authorisation, ...]
    documents: tuple[Mapping[str, Any], ...]


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
    where = patient.address
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
        "birth_place": {"insee": patient.birth_place.insee, "label": patient.birth_place.label},
        "telecom": [{"use": item.use, "value": item.value} for item in patient.telecom],
        "address": None
        if where is None
        else {
            "lines": list(where.lines),
            "postal_code": where.postal_code,
            "city": where.city,
            "country": where.country,
        },
        "deceased": patient.deceased,
        "minor": patient.minor,
        "dmp": _dmp_to_plain(patient.dmp),
        "authorisations": [_authorisation_to_plain(item) for item in patient.authorisations],
        "documents": [dict(item) for item in patient.documents],
    }


def _dmp_to_plain(dmp: DmpState) -> dict[str, Any]:
    closed = dmp.closed
    return {
        "status": dmp.status,
        "opened": _stamp(dmp.opened),
        "closed": None
        if closed is None
        else {"at": _stamp(closed.at), "code": closed.code, "text": closed.text},
        "internet_account": dmp.internet_account,
        "attached_to_mes": dmp.attached_to_mes,
        "opposition_bris_de_glace": dmp.opposition_bris_de_glace,
        "opposition_acces_urgence": dmp.opposition_acces_urgence,
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
    read = Birthplace(fields.text("insee"), fields.text("label"))
    fields.done()
    return read


def _address(fields: Fields) -> Address:
    read = Address(
        fields.texts("lines"), fields.text("postal_code"), fields.text("city"), fields.text("country")
    )
    fields.done()
    return read


def _telecom(fields: Fields) -> Telecom:
    read = Telecom(fields.one_of("use", _USES), fields.text("value"))
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
    read = Closure(_required_moment(fields, "at"), fields.text("code"), fields.text("text"))
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


def _stamp(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds").replace("+00:00", "Z")
