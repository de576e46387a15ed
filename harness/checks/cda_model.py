"""Rules of the French models: the type that a model asks for, its edition, its level; the vaccination note.

Facts: datasets/codes/cda-models.yaml. What a model asks of sections and entries is for the official Schematrons.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from lxml import etree

from harness.checks.cda_body import XDS_SD
from harness.checks.cda_count import BEYOND
from harness.checks.cda_view import CdaView
from harness.checks.rule import Finding, check_document, verdict
from harness.checks.xpath import attribute, nodes, string, strings
from protocol.datafolders import folder
from protocol.errors import Text
from protocol.yamlread import read_yaml

GROUP: Final = "CDA-MODEL"
NOTE: Final = "87273-9"
NOTE_MODEL: Final = "1.2.250.1.213.1.1.1.46"
NOTE_EDITION: Final = "2023.01"
_IHE_NOTE: Final = "1.3.6.1.4.1.19376.1.5.3.1.1.18.1.2"
_IMMUNIZATION: Final = "1.3.6.1.4.1.19376.1.5.3.1.4.12"
_TEMPLATE: Final = "hl7:templateId"


@dataclass(frozen=True)
class Model:
    """One French model: type codes of its documents, editions (extensions of its templateId) that we know."""

    types: tuple[str, ...]
    editions: tuple[str, ...]


@cache
def models() -> Mapping[str, Model]:
    """Models by OID. Raises ToolError when the data set can't be read."""
    document = read_yaml(folder("datasets") / "codes" / "cda-models.yaml")
    return {
        str(row["template"]): Model(tuple(map(str, row["types"])), tuple(map(str, row["editions"])))
        for row in document.data["models"]
    }


@cache
def format_codes() -> Mapping[str, str]:
    """formatCode by model. Raises ToolError when the data set can't be read."""
    document = read_yaml(folder("datasets") / "codes" / "cda-doctypes.yaml")
    return {str(row["template"]): str(row["code"]) for row in document.data["templates"]}


def _declared(view: CdaView) -> Iterator[tuple[etree._Element, Model]]:
    """templateId of the document that name a known model."""
    for item in view.nodes(_TEMPLATE):
        model = models().get(attribute(item, "root"))
        if model is not None:
            yield item, model


def _code(view: CdaView) -> str:
    return "" if view.root is None else string(view.root, "hl7:code/@code")


@check_document(
    "MODEL-TYPE",
    group=GROUP,
    clause="volets du CI-SIS : type demandé par le modèle",
    title=Text(
        "Le type du document est celui de son modèle", "The type of the document is that of its model"
    ),
    mend=Text("mettre d'accord code et templateId", "make code and templateId agree"),
    requirements=("EX_2.1-1070",),
    confidence="B",
)
def model_type(view: CdaView) -> Iterator[Finding]:
    for item, model in _declared(view):
        found = _code(view)
        yield verdict(found in model.types, view.at(item), found, " | ".join(model.types))


@check_document(
    "MODEL-EDITION",
    group=GROUP,
    clause=f"{BEYOND} : édition du modèle dans templateId/@extension",
    title=Text(
        "L'édition du modèle, si elle est dite, est connue", "The edition of the model, when told, is known"
    ),
    mend=Text("templateId avec son extension (AAAA.NN)", "templateId with its extension (YYYY.NN)"),
    requirements=("EX_2.1-1070",),
    confidence="C",
    default="info",
)
def model_edition(view: CdaView) -> Iterator[Finding]:
    best: dict[str, tuple[etree._Element, list[str], Model]] = {}
    for item, model in _declared(view):
        held = best.setdefault(attribute(item, "root"), (item, [], model))
        held[1].append(attribute(item, "extension"))
    for item, editions, model in best.values():
        good = any(edition in model.editions for edition in editions)
        if not any(editions):
            continue  # older documents name no edition
        yield verdict(good, view.at(item) + "/@extension", " | ".join(editions), " | ".join(model.editions))


@check_document(
    "MODEL-LEVEL",
    group=GROUP,
    clause="volets du CI-SIS : documents structurés ; niveau 1 : modèle IHE XDS-SD",
    title=Text(
        "Un document d'un modèle français a un corps structuré", "A document of a French model is structured"
    ),
    mend=Text(
        "structuredBody, ou le modèle des documents de niveau 1", "structuredBody, or the level-1 model"
    ),
    requirements=("EX_2.1-1070",),
    confidence="B",
)
def model_level(view: CdaView) -> Iterator[Finding]:
    if view.root is None:
        return
    level1 = bool(view.nodes("hl7:component/hl7:nonXMLBody"))
    for item, _ in _declared(view):
        yield verdict(
            not level1, view.at(item), "nonXMLBody" if level1 else "structuredBody", "structuredBody"
        )
    if view.nodes("hl7:component/hl7:structuredBody"):
        found = XDS_SD in strings(view.root, f"{_TEMPLATE}/@root")
        yield verdict(not found, view.at(view.root) + "/templateId", XDS_SD if found else "", f"≠ {XDS_SD}")


@check_document(
    "VAC-EDITION",
    group=GROUP,
    clause="EX_2.1-2035 : note de vaccination, volet 2023.01",
    title=Text(
        "Une note de vaccination est de l'édition 2023.01", "A vaccination note is of edition 2023.01"
    ),
    mend=Text(f"templateId {NOTE_MODEL} : {NOTE_EDITION}", f"templateId {NOTE_MODEL}: {NOTE_EDITION}"),
    requirements=("EX_2.1-2035",),
    confidence="B",
)
def note_edition(view: CdaView) -> Iterator[Finding]:
    for item in view.nodes(f"{_TEMPLATE}[@root='{NOTE_MODEL}']"):
        found = attribute(item, "extension")
        yield verdict(found == NOTE_EDITION, view.at(item) + "/@extension", found, NOTE_EDITION)


@check_document(
    "VAC-MODEL",
    group=GROUP,
    clause="EX_2.1-2035 ; volet VAC : modèles d'une note de vaccination",
    title=Text("Une note de vaccination déclare son modèle", "A vaccination note declares its model"),
    mend=Text(f"templateId {_IHE_NOTE} et {NOTE_MODEL}", f"templateId {_IHE_NOTE} and {NOTE_MODEL}"),
    requirements=("EX_2.1-2035",),
    confidence="C",
    default="info",
)
def note_model(view: CdaView) -> Iterator[Finding]:
    if view.root is not None and _code(view) == NOTE:
        found = strings(view.root, f"{_TEMPLATE}/@root")
        missing = [one for one in (_IHE_NOTE, NOTE_MODEL) if one not in found]
        yield verdict(
            not missing, view.at(view.root) + "/templateId", " | ".join(found), " + ".join(missing) or "–"
        )


@check_document(
    "VAC-ONE",
    group=GROUP,
    clause="EX_2.1-2010 : une note par vaccination",
    title=Text("Une note de vaccination dit une vaccination", "A vaccination note tells one vaccination"),
    mend=Text("une note par vaccination, dans un même lot", "a note for each vaccination, in one submission"),
    requirements=("EX_2.1-2010",),
    confidence="B",
    default="warning",
)
def note_one(view: CdaView) -> Iterator[Finding]:
    if view.root is not None and _code(view) == NOTE:
        path = "descendant::hl7:substanceAdministration"
        told = view.nodes(f"{path}[hl7:templateId/@root='{_IMMUNIZATION}']") or view.nodes(path)
        inner = [item for item in told if not nodes(item, "ancestor::hl7:substanceAdministration")]
        yield verdict(len(inner) == 1, view.at(view.root), f"{len(inner)} substanceAdministration", "1")


@check_document(
    "VAC-PERFORMER",
    group=GROUP,
    clause="EX_2.1-2020 : le vaccinateur est l'exécutant de l'acte et un auteur",
    title=Text("Le vaccinateur est aussi auteur de la note", "The vaccinator is an author of the note too"),
    mend=Text("ajouter le vaccinateur aux auteurs", "add the vaccinator to the authors"),
    requirements=("EX_2.1-2020",),
    confidence="B",
    default="warning",
)
def note_performer(view: CdaView) -> Iterator[Finding]:
    if view.root is not None and _code(view) == NOTE:
        authors = set(strings(view.root, "hl7:author/hl7:assignedAuthor/hl7:id/@extension"))
        for item in view.nodes(
            "hl7:documentationOf/hl7:serviceEvent/hl7:performer/hl7:assignedEntity/hl7:id"
        ):
            found = attribute(item, "extension")
            yield verdict(found in authors, view.at(item), found, " | ".join(sorted(authors)))


@check_document(
    "VAC-OPEN",
    group=GROUP,
    clause="EX_2.1-2005 : confidentialité N",
    title=Text(
        "Une note de vaccination est de confidentialité normale",
        "A vaccination note is of normal confidentiality",
    ),
    mend=Text('confidentialityCode code="N"', 'confidentialityCode code="N"'),
    requirements=("EX_2.1-2005",),
)
def note_open(view: CdaView) -> Iterator[Finding]:
    if _code(view) == NOTE:
        for item in view.nodes("hl7:confidentialityCode"):
            found = attribute(item, "code")
            yield verdict(found == "N", view.at(item) + "/@code", found, "N")
