"""What is known of a synthetic patient: identity, state of the DMP, authorisations.

Values only; how they are read from plain data and written back is in `protocol.patientrecord`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal

DmpStatus = Literal["absent", "active", "closed"]
AuthorisationState = Literal["valid", "expired", "forbidden"]
Sex = Literal["M", "F", "U"]
TelecomUse = Literal["MC", "HP", "MAIL"]
Quality = Literal[
    "FTH",
    "MTH",
    "STPFTH",
    "STPMTH",
    "GRFTH",
    "GRMTH",
    "GGRFTH",
    "GGRMTH",
    "AUNT",
    "UNCLE",
    "BRO",
    "SIS",
    "RESPRSN",
]

QUALITIES: Final[tuple[Quality, ...]] = (
    "FTH",
    "MTH",
    "STPFTH",
    "STPMTH",
    "GRFTH",
    "GRMTH",
    "GGRFTH",
    "GGRMTH",
    "AUNT",
    "UNCLE",
    "BRO",
    "SIS",
    "RESPRSN",
)
"""Father, mother, step-father, step-mother, grandparents, great-grandparents, aunt, uncle, brother, sister, other."""


@dataclass(frozen=True)
class InsNumber:
    """15 characters, key included, and the OID of the domain."""

    number: str
    oid: str


@dataclass(frozen=True)
class Birthplace:
    """`insee`: code of the town or country, 5 characters; `label` may be ""."""

    insee: str
    label: str


@dataclass(frozen=True)
class Address:
    """`lines`: street lines; `locator`: what completes them (building, floor). What isn't known is ""."""

    lines: tuple[str, ...]
    postal_code: str
    city: str
    country: str
    locator: str = ""


@dataclass(frozen=True)
class Telecom:
    """`use`: MC mobile, HP home, MAIL electronic address; `value` without its scheme."""

    use: TelecomUse
    value: str


@dataclass(frozen=True)
class Closure:
    """Why and when a DMP was closed. `text`: what the closer wrote, may be ""."""

    at: datetime
    code: str
    text: str


@dataclass(frozen=True)
class DmpState:
    """State of the record. The oppositions say true when the patient opposes.

    `consent_at`: moment (UTC) of the last consent to open or reopen it; `wishes`: what the patient wrote.
    """

    status: DmpStatus
    opened: datetime | None
    closed: Closure | None
    internet_account: bool
    attached_to_mes: bool
    opposition_bris_de_glace: bool
    opposition_acces_urgence: bool
    consent_at: datetime | None = None
    wishes: str = ""


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
class Representative:
    """The legal representative; `quality` is a code of `QUALITIES`. Names as the identity document has them."""

    quality: Quality
    family: str
    given: tuple[str, ...]
    prefix: str
    address: Address | None
    telecom: tuple[Telecom, ...]


@dataclass(frozen=True)
class Patient:
    """A patient and its DMP. `family_usual` may be "" (never filled by the patient); `sex` is M, F or U.

    `other_ins`: older INS of the same record, which still lead to it. `birth_lunar`: the birth date as the civil
    record has it, YYYYMMDD, when the calendar holds no such day (19520000); `birth_date` is then the nearest one.
    """

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
    legal_representative: Representative | None = None
    other_ins: tuple[InsNumber, ...] = ()
    birth_lunar: str = ""

    @property
    def birth_stamp(self) -> str:
        """The birth date as messages carry it: YYYYMMDD, of a day that may not exist."""
        return self.birth_lunar or self.birth_date.strftime("%Y%m%d")
