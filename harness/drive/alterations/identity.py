"""Defects of the search without INS (TD0.5) and of the identity certification (TD0.0)."""

from __future__ import annotations

from copy import deepcopy
from typing import Final

from harness.drive.alterations import pick
from harness.drive.alterations.registry import alteration
from harness.drive.draft import Draft

_SEARCH: Final = ("TD0.5",)
_CERTIFICATION: Final = ("TD0.0",)


@alteration(
    "search-without-name",
    stage="payload",
    fr="recherche sans INS et sans nom",
    en="search without INS and without a name",
    on=_SEARCH,
)
def no_name(draft: Draft) -> None:
    pick.drop(pick.first(draft.tree("payload"), ".//hl7:livingSubjectName"))


@alteration(
    "one-letter-name",
    stage="payload",
    fr="recherche sur une seule lettre",
    en="search on a single letter",
    on=_SEARCH,
)
def one_letter(draft: Draft) -> None:
    family = pick.first(draft.tree("payload"), ".//hl7:livingSubjectName/hl7:value/hl7:family")
    family.text = (family.text or "A")[:1]


@alteration(
    "search-birth-date-french",
    stage="payload",
    fr="date de naissance écrite JJ/MM/AAAA",
    en="birth date written DD/MM/YYYY",
    on=_SEARCH,
)
def french_date(draft: Draft) -> None:
    value = pick.first(draft.tree("payload"), ".//hl7:livingSubjectBirthTime/hl7:value")
    written = value.get("value", "")
    value.set("value", f"{written[6:]}/{written[4:6]}/{written[:4]}")


@alteration(
    "search-unknown-use",
    stage="payload",
    fr="mode de comparaison inconnu à la place de SRCH",
    en="unknown way of comparing in the place of SRCH",
    on=_SEARCH,
)
def unknown_use(draft: Draft) -> None:
    pick.first(draft.tree("payload"), ".//hl7:livingSubjectName/hl7:value").set("use", "APPROX")


@alteration(
    "search-wrong-trigger",
    stage="payload",
    fr="code d'acte de la réponse dans la question",
    en="act code of the answer in the question",
    on=_SEARCH,
)
def wrong_trigger(draft: Draft) -> None:
    pick.first(draft.tree("payload"), "hl7:controlActProcess/hl7:code").set("code", "PRPA_TE201306UV02")


@alteration(
    "search-wrong-meaning",
    stage="payload",
    fr="critère dont semanticsText est celui d'un autre",
    en="criterion with the semanticsText of another one",
    on=_SEARCH,
)
def wrong_meaning(draft: Draft) -> None:
    pick.first(draft.tree("payload"), ".//hl7:livingSubjectName/hl7:semanticsText").text = "Patient.id"


@alteration(
    "criterion-twice",
    stage="payload",
    fr="critère de recherche donné deux fois",
    en="search criterion given twice",
    on=_SEARCH,
)
def twice(draft: Draft) -> None:
    name = pick.first(draft.tree("payload"), ".//hl7:livingSubjectName")
    value = pick.first(name, "hl7:value")
    name.insert(0, deepcopy(value))


@alteration(
    "certification-wrong-key",
    stage="payload",
    fr="NIR dont la clé est fausse",
    en="NIR with a wrong key",
    on=_CERTIFICATION,
)
def wrong_nir_key(draft: Draft) -> None:
    number = pick.first(draft.tree("payload"), "pat:nirOD")
    written = number.text or ""
    number.text = f"{written[:13]}{int(written[13:] or 0) % 97 + 1:02}"


@alteration(
    "certification-no-birth-date",
    stage="payload",
    fr="certification sans date de naissance",
    en="certification without a birth date",
    on=_CERTIFICATION,
)
def no_birth(draft: Draft) -> None:
    pick.drop(pick.first(draft.tree("payload"), "pat:dateNaissance"))


@alteration(
    "certification-corsica-digits",
    stage="payload",
    fr="NIR corse dont la lettre a été remplacée par un chiffre",
    en="Corsican NIR whose letter was replaced by a digit",
    on=_CERTIFICATION,
)
def corsica(draft: Draft) -> None:
    number = pick.first(draft.tree("payload"), "pat:nirOD")
    number.text = (number.text or "").replace("2A", "20").replace("2B", "20")
