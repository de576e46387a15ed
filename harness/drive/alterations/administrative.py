"""Defects of the messages that open, reopen, change or close a DMP."""

from __future__ import annotations

from lxml import etree

from harness.drive.alterations import pick
from harness.drive.alterations.patient import STRANGER
from harness.drive.alterations.registry import alteration
from harness.drive.draft import Draft

_OPENING = ("TD1.1", "TD1.2")
_WITH_DATA = ("TD1.1", "TD1.2", "TD1.3b")
_ALL = ("TD1.1", "TD1.2", "TD1.3b", "TD1.4")
_CONSENT = ".//hl7:administrativeObservation[starts-with(hl7:code/@code, 'CONSENTEMENT_')]"
_PERSON = ".//hl7:patient/hl7:patientPerson"
_CARD = f"{_PERSON}/hl7:contactParty"


def _drop(draft: Draft, path: str) -> None:
    pick.drop(pick.first(draft.tree("payload"), path))


@alteration("no-consent", stage="payload", fr="sans consentement", en="without the consent", on=_OPENING)
def no_consent(draft: Draft) -> None:
    _drop(draft, f"{_CONSENT}/parent::hl7:subjectOf")


@alteration(
    "consent-refused", stage="payload", fr="consentement à faux", en="consent set to false", on=_OPENING
)
def refused(draft: Draft) -> None:
    pick.first(draft.tree("payload"), f"{_CONSENT}/hl7:value").set("value", "false")


@alteration(
    "undated-consent", stage="payload", fr="consentement sans date", en="undated consent", on=_OPENING
)
def undated(draft: Draft) -> None:
    _drop(draft, f"{_CONSENT}/hl7:effectiveTime")


@alteration(
    "no-author-name",
    stage="payload",
    fr="auteur sans nom ni prénom",
    en="author without family nor first name",
    on=_ALL,
)
def no_author_name(draft: Draft) -> None:
    name = pick.first(draft.tree("payload"), ".//hl7:author/hl7:assignedEntity/hl7:assignedPerson/hl7:name")
    for part in name:
        part.text = None


@alteration(
    "author-of-another-structure",
    stage="payload",
    fr="auteur d'une autre structure que celle du VIHF",
    en="author of another structure than that of the VIHF",
    on=_ALL,
)
def other_author(draft: Draft) -> None:
    path = ".//hl7:author/hl7:assignedEntity/hl7:representedOrganization/hl7:id"
    pick.first(draft.tree("payload"), path).set("extension", "1990000999")


@alteration(
    "no-usual-name", stage="payload", fr="patient sans nom d'usage", en="patient without usual name", on=_ALL
)
def no_usual_name(draft: Draft) -> None:
    _drop(draft, f"{_PERSON}/hl7:name/hl7:family[@qualifier='SP']")


@alteration(
    "no-birth-date", stage="payload", fr="sans date de naissance", en="without birth date", on=_WITH_DATA
)
def no_birth(draft: Draft) -> None:
    _drop(draft, f"{_PERSON}/hl7:birthTime")


@alteration("no-sex", stage="payload", fr="sans sexe", en="without sex", on=_WITH_DATA)
def no_sex(draft: Draft) -> None:
    _drop(draft, f"{_PERSON}/hl7:administrativeGenderCode")


@alteration(
    "telecom-without-scheme",
    stage="payload",
    fr="contact sans tel: ni mailto:",
    en="contact without tel: nor mailto:",
    on=_WITH_DATA,
)
def no_scheme(draft: Draft) -> None:
    contact = pick.first(draft.tree("payload"), f"{_PERSON}/hl7:telecom")
    contact.set("value", contact.get("value", "").partition(":")[2])


@alteration(
    "no-card-traits",
    stage="payload",
    fr="création sans les traits de la carte Vitale",
    en="creation without the traits of the Vitale card",
    on=("TD1.1",),
)
def no_card(draft: Draft) -> None:
    _drop(draft, _CARD)


@alteration(
    "card-long-birth-date",
    stage="payload",
    fr="naissance de la carte Vitale sur huit chiffres",
    en="birth date of the Vitale card on eight digits",
    on=("TD1.1",),
)
def long_birth(draft: Draft) -> None:
    time = pick.first(draft.tree("payload"), f"{_CARD}/hl7:contactPerson/hl7:birthTime")
    time.set("value", pick.first(draft.tree("payload"), f"{_PERSON}/hl7:birthTime").get("value", ""))


@alteration(
    "card-of-another",
    stage="payload",
    fr="carte Vitale de quelqu'un d'autre",
    en="Vitale card of somebody else",
    on=("TD1.1",),
)
def other_card(draft: Draft) -> None:
    for part in pick.first(draft.tree("payload"), f"{_CARD}/hl7:contactPerson/hl7:name"):
        part.text = "AUTRUI"


@alteration(
    "no-oppositions",
    stage="payload",
    fr="création sans les deux oppositions",
    en="creation without the two oppositions",
    on=("TD1.1",),
)
def no_oppositions(draft: Draft) -> None:
    for code in ("OPPOSITION_BRIS_DE_GLACE", "OPPOSITION_ACCES_URGENCE"):
        _drop(draft, f".//hl7:subjectOf[hl7:administrativeObservation/hl7:code/@code='{code}']")


@alteration(
    "unknown-quality",
    stage="payload",
    fr="qualité du représentant légal inconnue",
    en="unknown quality of the legal representative",
    on=_WITH_DATA,
)
def unknown_quality(draft: Draft) -> None:
    pick.first(draft.tree("payload"), f"{_PERSON}/hl7:personalRelationship/hl7:code").set("code", "VOISIN")


@alteration(
    "secret-creation",
    stage="params",
    fr="création en connexion secrète",
    en="creation in a secret connection",
    on=("TD1.1",),
)
def secret(draft: Draft) -> None:
    draft.params["secret"] = True


@alteration(
    "closing-left-active",
    stage="payload",
    fr="fermeture qui laisse le patient actif",
    en="closing that leaves the patient active",
    on=("TD1.4",),
)
def left_active(draft: Draft) -> None:
    pick.first(draft.tree("payload"), ".//hl7:patient/hl7:statusCode").set("code", "active")


@alteration(
    "no-closing-reason",
    stage="payload",
    fr="fermeture sans motif",
    en="closing without a reason",
    on=("TD1.4",),
)
def no_reason(draft: Draft) -> None:
    _drop(draft, ".//hl7:reasonOf")


@alteration(
    "two-patients",
    stage="payload",
    fr="deux INS de patients différents",
    en="INS of two different patients",
    on=_ALL,
)
def two_patients(draft: Draft) -> None:
    own = pick.first(draft.tree("payload"), ".//hl7:patient/hl7:id")
    other = etree.Element(own.tag)
    other.set("root", STRANGER.oid)
    other.set("extension", STRANGER.number)
    own.addnext(other)
