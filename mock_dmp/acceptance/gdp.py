"""Rules on the requests that open, reopen, change or close a DMP (TD1.1, TD1.2, TD1.3b, TD1.4).

Judged by their handlers once the call is accepted: rights and state of the DMP came before. Sources: messages
GDP of the interface, requirements EX_1.1-1010, EX_1.2-1030, EX_GEN-1265, note PDT-INF-617.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from mock_dmp.acceptance.engine import Breach, Stage
from mock_dmp.context import Caller
from protocol import facts, gdp
from protocol.directory import Patient
from protocol.errors import IdentifierError
from protocol.gdp import CardTraits, GdpRequest, Name
from protocol.identifiers.dtm import parse_dtm
from protocol.patientmodel import QUALITIES

CREATION, REACTIVATION, CHANGE, CLOSING = "TD1.1", "TD1.2", "TD1.3b", "TD1.4"

OBSERVATIONS: Final = "1.2.250.1.213.4.1.2.3"
CARD: Final = ("CARTE_SESAM_VITALE", "1.2.250.1.213.4.1.2.5")
CLOSING_SYSTEM: Final = "1.2.250.1.213.4.1.2.4"
BREAK_GLASS, REGULATION = "OPPOSITION_BRIS_DE_GLACE", "OPPOSITION_ACCES_URGENCE"
CONSENT: Final = {CREATION: "CONSENTEMENT_OUVERTURE_DMP", REACTIVATION: "CONSENTEMENT_REACTIVATION_DMP"}
_QUALITIES: Final = "2.16.840.1.113883.1.11.19579"
_KNOWN_CLOSING: Final = "FERMETURE_DEMANDE_PATIENT"
_TELECOM: Final = re.compile(r"tel:[+0-9().\s-]{4,}|mailto:[^@\s]+@[^@\s]+", re.IGNORECASE)
_MOST_TELECOM: Final = 3


@dataclass(frozen=True)
class Application:
    """One request to judge. `record`: what the session knows of the patient; `majority`: years."""

    transaction: str
    asked: GdpRequest
    caller: Caller
    record: Patient | None
    today: date
    majority: int

    @property
    def full(self) -> bool:
        """All but the closing, for which a name is enough, carry the whole of patientPerson."""
        return self.transaction != CLOSING


GDP: Stage[Application] = Stage("gdp")


@GDP.rule("GDP-STATUS")
def statuses(seen: Application) -> Iterator[Breach]:
    """Both are `active`; a closing says `terminated` for the patient, and either for the request."""
    closing = seen.transaction == CLOSING
    for where, found, allowed in (
        (
            "registrationRequest",
            seen.asked.request_status,
            {"active", "terminated"} if closing else {"active"},
        ),
        ("patient", seen.asked.patient_status, {"terminated"} if closing else {"active"}),
    ):
        if found not in allowed:
            yield Breach(f"{where}/statusCode", found or "absent", " ou ".join(sorted(allowed)))


@GDP.rule("GDP-NAME")
def name(seen: Application) -> Iterator[Breach]:
    """Usual name and first name; the birth name may be absent."""
    told = seen.asked.name
    if not told.usual:
        yield Breach("patientPerson/name/family", "absent", 'family qualifier="SP"')
    if not told.given:
        yield Breach("patientPerson/name/given", "absent", "un prénom")
    for stray in told.other:
        yield Breach("patientPerson/name/family", stray, 'qualifier="SP" ou "BR"')


@GDP.rule("GDP-TRAITS")
def traits(seen: Application) -> Iterator[Breach]:
    if not seen.full:
        return
    if seen.asked.sex not in ("M", "F", "U"):
        yield Breach("administrativeGenderCode", seen.asked.sex or "absent", "M, F ou U")
    if gdp.birth_of(seen.asked.birth) is None:
        yield Breach("birthTime", seen.asked.birth or "absent", "AAAAMMJJ")


@GDP.rule("GDP-LUNAR")
def lunar(seen: Application) -> Iterator[Breach]:
    """A creation takes the date as the civil record has it."""
    born = gdp.birth_of(seen.asked.birth)
    if seen.transaction != CREATION and born is not None and born[1]:
        yield Breach("birthTime", born[1], f"{born[0]:%Y%m%d}")


@GDP.rule("GDP-IDENTITY")
def identity(seen: Application) -> Iterator[Breach]:
    """What the record holds is a qualified identity: a message does not change it."""
    known, asked = seen.record, seen.asked
    if known is None:
        return
    if seen.full and asked.birth and asked.birth != known.birth_stamp:
        yield Breach("birthTime", asked.birth, known.birth_stamp)
    if seen.full and asked.sex and asked.sex != known.sex:
        yield Breach("administrativeGenderCode", asked.sex, known.sex)
    own = {folded(known.family_birth), folded(known.family_usual)} - {""}
    if own.isdisjoint(families(asked.name)):
        yield Breach("patientPerson/name/family", asked.name.usual, known.family_birth)
    if asked.name.given and folded(asked.name.given[0]) not in map(folded, known.given):
        yield Breach("patientPerson/name/given", asked.name.given[0], known.given[0] if known.given else "")


@GDP.rule("GDP-CARD")
def card(seen: Application) -> Iterator[Breach]:
    """EX_GEN-1265: the creation sends the traits of the card, with its short birth date."""
    if seen.transaction != CREATION:
        return
    told = seen.asked.card
    if told is None:
        yield Breach("contactParty", "absent", " de ".join(CARD))
        return
    if (told.code, told.system) != CARD:
        yield Breach(
            "contactParty/code", f"{told.code or 'absent'} de {told.system or 'absent'}", " de ".join(CARD)
        )
    if not families(told.name) or not told.name.given:
        yield Breach("contactParty/contactPerson/name", "incomplet", "nom et prénom lus sur la carte")
    if not re.fullmatch("[0-9]{6}", told.birth):
        yield Breach("contactParty/contactPerson/birthTime", told.birth or "absent", "AAMMJJ")


@GDP.rule("GDP-CARD-TRAITS")
def card_traits(seen: Application) -> Iterator[Breach]:
    """The card and the patient are the same person, but for accents, case and length."""
    told: CardTraits | None = seen.asked.card
    if told is None:
        return
    if seen.asked.birth[2:] != told.birth and told.birth:
        yield Breach("contactParty/contactPerson/birthTime", told.birth, seen.asked.birth[2:])
    if families(told.name) and families(told.name).isdisjoint(families(seen.asked.name)):
        yield Breach(
            "contactParty/contactPerson/name/family",
            told.name.usual or told.name.birth,
            seen.asked.name.usual,
        )
    firsts = {folded(given) for given in seen.asked.name.given}
    if told.name.given and folded(told.name.given[0]) not in firsts:
        yield Breach(
            "contactParty/contactPerson/name/given", told.name.given[0], " ".join(seen.asked.name.given)
        )


@GDP.rule("GDP-CONSENT")
def consent(seen: Application) -> Iterator[Breach]:
    """EX_1.1-1010, EX_1.2-1030: no consent, no opening."""
    code = CONSENT.get(seen.transaction)
    if code is None:
        return
    found = seen.asked.observed(code)
    if found is None or found.value not in ("true", "1"):
        yield Breach(f"administrativeObservation {code}", found.value if found else "absente", "true")
    elif not _is_time(found.at):
        yield Breach(
            f"administrativeObservation {code}/effectiveTime", found.at or "absent", "AAAAMMJJ[hhmmss]"
        )


@GDP.rule("GDP-OPPOSITIONS")
def oppositions(seen: Application) -> Iterator[Breach]:
    """Both are told when the DMP is created; a change that has none leaves them as they are."""
    for code in (BREAK_GLASS, REGULATION) if seen.transaction == CREATION else ():
        if seen.asked.observed(code) is None:
            yield Breach(f"administrativeObservation {code}", "absente", "true ou false")


@GDP.rule("GDP-OBSERVATION")
def observations(seen: Application) -> Iterator[Breach]:
    for found in seen.asked.observations:
        where = f"administrativeObservation {found.code}"
        if found.system != OBSERVATIONS:
            yield Breach(f"{where}/code", found.system or "absent", OBSERVATIONS)
        if found.value not in ("true", "false", "1", "0") or found.kind not in ("BL", ""):
            yield Breach(
                f"{where}/value", f"{found.kind} {found.value}".strip() or "absent", "BL true ou false"
            )
    for code, times in Counter(found.code for found in seen.asked.observations).items():
        if times > 1:
            yield Breach(f"administrativeObservation {code}", f"{times} fois", "1")


@GDP.rule("GDP-AUTHOR")
def author(seen: Application) -> Iterator[Breach]:
    """Rejected if either is empty (PDT-INF-617), also for a card that bears no person's name."""
    told = seen.asked.author
    for part, text in (("family", told.family), ("given", told.given)):
        if not text:
            yield Breach(f"author/assignedEntity/assignedPerson/name/{part}", "absent", "non vide")


@GDP.rule("GDP-AUTHOR-VIHF")
def author_of_vihf(seen: Application) -> Iterator[Breach]:
    told = seen.asked.author
    for where, found, expected in (
        ("author/assignedEntity/id", told.identifier, (facts.OID_PS, seen.caller.ps_id)),
        ("representedOrganization/id", told.structure, (facts.OID_STRUCTURE, seen.caller.structure_id)),
    ):
        if found != expected:
            yield Breach(where, "^".join(found).strip("^") or "absent", "^".join(expected))


@GDP.rule("GDP-TELECOM")
def telecom(seen: Application) -> Iterator[Breach]:
    found = seen.asked.telecom
    if len(found) > _MOST_TELECOM:
        yield Breach("patientPerson/telecom", f"{len(found)}", f"{_MOST_TELECOM} au plus")
    for one in found:
        if not _TELECOM.fullmatch(one.value) or one.use not in ("HP", "MC", ""):
            yield Breach(
                "patientPerson/telecom", f"{one.use} {one.value}".strip(), "tel: (HP, MC) ou mailto:"
            )


@GDP.rule("GDP-REPRESENTATIVE")
def representative(seen: Application) -> Iterator[Breach]:
    told = seen.asked.representative
    if told is None:
        return
    if told.quality not in QUALITIES or told.system != _QUALITIES:
        yield Breach(
            "personalRelationship/code",
            f"{told.quality or 'absent'} de {told.system or 'absent'}",
            ", ".join(QUALITIES),
        )
    if not ((families(told.name) or told.name.other) and told.name.given):
        yield Breach("personalRelationship/relationshipHolder1/name", "incomplet", "nom et prénom")


@GDP.rule("GDP-MINOR")
def minor(seen: Application) -> Iterator[Breach]:
    born = gdp.birth_of(seen.asked.birth)
    if seen.transaction != CREATION or seen.asked.representative is not None or born is None:
        return
    if is_minor(born[0], seen.today, seen.majority):
        yield Breach(
            "personalRelationship",
            "absent",
            f"le représentant légal d'un patient de moins de {seen.majority} ans",
        )


@GDP.rule("GDP-SECRET")
def secret(seen: Application) -> Iterator[Breach]:
    """EX_0.1-1100: there is nothing yet to keep secret."""
    if seen.transaction == CREATION and seen.caller.secret:
        yield Breach("VIHF, attribut confidentiality-code", "connexion secrète", "absent pour une création")


@GDP.rule("GDP-CLOSING")
def closing(seen: Application) -> Iterator[Breach]:
    if seen.transaction != CLOSING:
        return
    issue = seen.asked.issue
    if issue is None or not issue.code or issue.system != CLOSING_SYSTEM:
        found = f"{issue.code or 'absent'} de {issue.system or 'absent'}" if issue else "absent"
        yield Breach("reasonOf/detectedIssueEvent/code", found, f"{_KNOWN_CLOSING} de {CLOSING_SYSTEM}")


@GDP.rule("GDP-CLOSING-CODE")
def closing_code(seen: Application) -> Iterator[Breach]:
    issue = seen.asked.issue
    if seen.transaction == CLOSING and issue is not None and issue.code not in ("", _KNOWN_CLOSING):
        yield Breach("reasonOf/detectedIssueEvent/code", issue.code, _KNOWN_CLOSING)


def families(told: Name) -> set[str]:
    """Usual and birth names, folded."""
    return {folded(told.usual), folded(told.birth)} - {""}


def folded(text: str) -> str:
    """Letters alone, without accents nor case: a card writes GAELLE for Gaëlle."""
    plain = unicodedata.normalize("NFKD", text)
    return "".join(
        letter for letter in plain.upper() if letter.isalpha() and not unicodedata.combining(letter)
    )


def is_minor(born: date, today: date, majority: int) -> bool:
    """Under the age of majority (years) that day."""
    age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    return age < majority


def _is_time(written: str) -> bool:
    try:
        return parse_dtm(written).precision in ("day", "minute", "second")
    except IdentifierError:
        return False
