"""Makes synthetic patients in any number from a seed: the same seed gives the same patients, one after the other.

INS of the test domain with right keys, in communes that no department has (999), each once and none of the data sets.
Addresses do not exist, telephone numbers are those that the regulator keeps for fiction. Shares are orders of
magnitude (datasets/population). Nothing is written here.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Final

from mock_dmp.population.names import Names, Weighted, names
from protocol import directory, facts
from protocol.directory import (
    Address,
    Authorisation,
    Birthplace,
    Closure,
    DmpState,
    InsNumber,
    Patient,
    Telecom,
)
from protocol.errors import Text, UsageError
from protocol.identifiers.ins import ins_key
from protocol.patientmodel import Representative, Sex

#: Most patients that one seed gives: what the numbers of births of our communes allow, by far.
MOST: Final = 5_000_000
#: The day that ages are reckoned from: patients do not depend on the day they are made.
TODAY: Final = date(2026, 1, 1)
_MAJORITY: Final = 18
_DEPARTMENTS: Final = (*(f"{number:02d}" for number in range(1, 96) if number != 20), "2A", "2B", "97")
_ABROAD: Final = "99"
_OPENED: Final = datetime(2022, 2, 1, 9, tzinfo=UTC)
_UNTIL: Final = datetime(2099, 12, 31, 22, 59, 59, tzinfo=UTC)
_SINCE: Final = datetime(2026, 1, 15, 8, tzinfo=UTC)
_CLOSED: Final = Closure(
    datetime(2025, 6, 30, 14, 25, tzinfo=UTC),
    "FERMETURE_DEMANDE_PATIENT",
    "Fermeture demandée par le patient fictif",
)
_HOLDERS: Final = ("medecin", "medecin-traitant", "medecin-hospitalier", "infirmier", "pharmacien")


def patients(count: int, seed: int) -> Iterator[Patient]:
    """`count` patients, keys `g<seed>-1` and so on. Raises UsageError for a count that is out of reach."""
    if not 0 <= count <= MOST:
        raise UsageError(
            "GEN-001",
            Text("nombre de patients hors de portée", "number of patients out of reach"),
            field="count",
            found=str(count),
            expected=f"0 … {MOST}",
        )
    maker = _Maker(seed)
    for rank in range(1, count + 1):
        yield maker.make(f"g{seed}-{rank}")


class _Maker:
    """The state of one run: what was drawn, and which numbers of birth are taken."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - repeatable, and no secret
        self._names: Names = names()
        self._ranks: Counter[str] = Counter()
        self._taken = frozenset(
            ins.number for one in directory.patients().values() for ins in (one.ins, *one.other_ins)
        )

    def make(self, key: str) -> Patient:
        sex: Sex = "F" if self._happens(0.515) else "M"
        born = self._birth()
        lunar = self._lunar(born)
        abroad = bool(lunar) or self._happens(0.12)
        department = _ABROAD if abroad else self._random.choice(_DEPARTMENTS)
        minor = _age(born) < _MAJORITY
        family = self._family()
        usual = self._family() if sex == "F" and not minor and self._happens(0.4) else ""
        address = self._address()
        dmp = self._dmp(minor)
        return Patient(
            key=key,
            ins=InsNumber(self._number(sex, born, lunar, department), facts.OID_INS_TEST),
            ins_c="",
            family_birth=family,
            family_usual=usual,
            given=self._given(sex, born.year),
            prefix="Mme" if sex == "F" else "M",
            sex=sex,
            birth_date=born,
            birth_place=Birthplace(f"{department}999", "PAYS FICTIF" if abroad else "COMMUNE FICTIVE"),
            telecom=self._telecom(minor),
            address=address,
            deceased=born.year < 1950 and self._happens(0.02),
            minor=minor,
            dmp=dmp,
            authorisations=self._authorisations() if dmp.status == "active" else (),
            documents=(),
            legal_representative=self._representative(family, address) if minor else None,
            birth_lunar=lunar,
        )

    def _happens(self, share: float) -> bool:
        return self._random.random() < share

    def _drawn(self, weighted: Weighted) -> str:
        return str(self._random.choices(weighted.values, cum_weights=weighted.cumulated)[0])

    def _birth(self) -> date:
        first, last = self._random.choices(
            self._names.births.values, cum_weights=self._names.births.cumulated
        )[0]
        start = date(first, 1, 1)
        return start + timedelta(days=self._random.randrange((date(last + 1, 1, 1) - start).days))

    def _lunar(self, born: date) -> str:
        """One in three hundred: born far away, day unknown, or month too."""
        if not self._happens(1 / 300):
            return ""
        return f"{born.year}{born.month:02d}00" if self._happens(0.5) else f"{born.year}0000"

    def _number(self, sex: Sex, born: date, lunar: str, department: str) -> str:
        """The next number of births of that month in the commune; a full or foreign one leads to the next."""
        month = 20 if lunar.endswith("0000") else born.month
        digit = {"M": "1", "F": "2"}[sex]
        while True:
            body = f"{digit}{born.year % 100:02d}{month:02d}{department}999"
            self._ranks[body] += 1
            if self._ranks[body] > 999:
                # Unknown months have many codes; known ones have a hundred communes, hence room for millions.
                month = month + 1 if month >= 20 else 20
                continue
            whole = f"{body}{self._ranks[body]:03d}"
            number = whole + ins_key(whole)
            if number not in self._taken:
                return number

    def _family(self) -> str:
        name = self._drawn(self._names.families)
        return f"{name}-{self._drawn(self._names.families)}" if self._happens(0.04) else name

    def _given(self, sex: Sex, year: int) -> tuple[str, ...]:
        known = self._names.given_of(sex, year)
        wanted = self._random.choices((1, 2, 3), weights=(35, 35, 30))[0]
        return tuple(dict.fromkeys(self._drawn(known) for _ in range(wanted)))

    def _address(self) -> Address | None:
        if self._happens(0.01):
            return None
        town = self._random.randrange(len(self._names.towns))
        line = f"{self._random.randrange(1, 200)} {self._random.choice(self._names.streets)}"
        return Address((line,), f"99{town:02d}0", self._names.towns[town], "FR")

    def _telecom(self, minor: bool) -> tuple[Telecom, ...]:
        """06 39 98 xx xx and 01 99 00 xx xx are kept for fiction."""
        found = []
        if not minor and self._happens(0.8):
            found.append(Telecom("MC", f"063998{self._random.randrange(10_000):04d}"))
        if self._happens(0.2):
            found.append(Telecom("HP", f"019900{self._random.randrange(10_000):04d}"))
        if not minor and self._happens(0.5):
            found.append(Telecom("MAIL", f"patient{self._random.randrange(10**7)}@example.org"))
        return tuple(found)

    def _dmp(self, minor: bool) -> DmpState:
        drawn = self._random.random()
        absent, closed = drawn < 0.03, 0.03 <= drawn < 0.05
        attached = not absent and not closed and self._happens(0.25)
        return DmpState(
            status="absent" if absent else "closed" if closed else "active",
            opened=None if absent else _OPENED + timedelta(days=self._random.randrange(1000)),
            closed=_CLOSED if closed else None,
            internet_account=attached or (not absent and not minor and self._happens(0.1)),
            attached_to_mes=attached,
            opposition_bris_de_glace=not absent and self._happens(0.01),
            opposition_acces_urgence=not absent and self._happens(0.01),
        )

    def _authorisations(self) -> tuple[Authorisation, ...]:
        count = self._random.choices((0, 1, 2, 3), weights=(40, 35, 15, 10))[0]
        return tuple(
            Authorisation(who, "", "valid", who == "medecin-traitant", _SINCE, _UNTIL)
            for who in self._random.sample(_HOLDERS, count)
        )

    def _representative(self, family: str, address: Address | None) -> Representative:
        mother = self._happens(0.7)
        return Representative(
            quality="MTH" if mother else "FTH",
            family=self._family() if mother and self._happens(0.4) else family,
            given=self._given("F" if mother else "M", 1985)[:1],
            prefix="Mme" if mother else "M",
            address=address,
            telecom=(Telecom("MC", f"063998{self._random.randrange(10_000):04d}"),),
        )


def _age(born: date) -> int:
    return TODAY.year - born.year - ((TODAY.month, TODAY.day) < (born.month, born.day))
