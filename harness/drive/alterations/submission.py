"""Defects of the metadata and documents of a submission (TD2.1)."""

from __future__ import annotations

import copy
from datetime import timedelta

from lxml import etree

from harness.drive.alterations import pick
from harness.drive.alterations.registry import alteration
from harness.drive.draft import Draft
from protocol import facts, safexml
from protocol.facts import RIM
from protocol.identifiers.dtm import dtm_of

_ON = ("TD2.1", "TD2.2")
_ENTRY = "//rim:ExtrinsicObject"


@alteration(
    "wrong-hash", stage="payload", fr="empreinte de document fausse", en="wrong hash of a document", on=_ON
)
def wrong_hash(draft: Draft) -> None:
    _slot(draft, "hash").text = "0" * 40


@alteration(
    "wrong-size", stage="payload", fr="taille de document fausse", en="wrong size of a document", on=_ON
)
def wrong_size(draft: Draft) -> None:
    value = _slot(draft, "size")
    value.text = str(int(value.text or "0") + 1)


@alteration(
    "no-hash-no-size",
    stage="params",
    fr="ni empreinte ni taille (légal : le DMP les calcule)",
    en="neither hash nor size (legal: the DMP computes them)",
    on=_ON,
)
def no_hash(draft: Draft) -> None:
    draft.params["hash_and_size"] = False


@alteration(
    "duplicate-unique-id",
    stage="payload",
    fr="deux fiches du lot de même uniqueId",
    en="two entries of the set with the same uniqueId",
    on=_ON,
)
def duplicate_unique_id(draft: Draft) -> None:
    path = f"{_ENTRY}/rim:ExternalIdentifier[@identificationScheme='{facts.DE_UNIQUE_ID}']"
    found = safexml.xpath(draft.tree("payload"), path)
    pick.first(draft.tree("payload"), f"({path})[2]")
    found[1].set("value", found[0].get("value", ""))


@alteration(
    "code-out-of-value-set",
    stage="payload",
    fr="type de document hors de son jeu de valeurs",
    en="type of document out of its value set",
    on=_ON,
)
def code_out(draft: Draft) -> None:
    _classification(draft, facts.DE_TYPE).set("nodeRepresentation", "00000-0")


@alteration(
    "class-of-another-type",
    stage="payload",
    fr="classe qui n'est pas celle du type de document",
    en="class that is not that of the type of document",
    on=_ON,
)
def other_class(draft: Draft) -> None:
    node = _classification(draft, facts.DE_CLASS)
    node.set("nodeRepresentation", "60" if node.get("nodeRepresentation") != "60" else "10")


@alteration(
    "unknown-coding-scheme",
    stage="payload",
    fr="système de codage inconnu pour le type",
    en="unknown coding scheme for the type",
    on=_ON,
)
def other_scheme(draft: Draft) -> None:
    pick.first(_classification(draft, facts.DE_TYPE), "rim:Slot/rim:ValueList/rim:Value").text = "1.2.3.4"


@alteration(
    "no-signature-document",
    stage="params",
    fr="lot sans document de signature",
    en="set without a signature document",
    on=_ON,
)
def no_signature(draft: Draft) -> None:
    draft.params["signature_document"] = "none"


@alteration(
    "bad-signature-manifest",
    stage="params",
    fr="empreinte fausse dans le manifeste de la signature du lot",
    en="wrong digest in the manifest of the signature of the set",
    on=_ON,
)
def bad_manifest(draft: Draft) -> None:
    draft.params["signature_document"] = "wrong-manifest"


@alteration(
    "bad-signature-value",
    stage="params",
    fr="signature du lot fausse",
    en="wrong signature of the set",
    on=_ON,
)
def bad_value(draft: Draft) -> None:
    draft.params["signature_document"] = "wrong-value"


@alteration(
    "first-confidentiality-not-n",
    stage="payload",
    fr="premier code de confidentialité autre que N",
    en="first confidentiality code other than N",
    on=_ON,
)
def first_not_n(draft: Draft) -> None:
    _classification(draft, facts.DE_CONFIDENTIALITY).set("nodeRepresentation", "R")


@alteration(
    "masked-and-invisible",
    stage="payload",
    fr="document à la fois masqué aux professionnels et invisible au patient",
    en="document both masked to professionals and invisible to the patient",
    on=_ON,
)
def masked_and_invisible(draft: Draft) -> None:
    model = _classification(draft, facts.DE_CONFIDENTIALITY)
    for rank, code in enumerate(("MASQUE_PS", "INVISIBLE_PATIENT")):
        twin = copy.deepcopy(model)
        twin.set("id", f"cumul{rank}")
        twin.set("nodeRepresentation", code)
        pick.first(twin, "rim:Slot/rim:ValueList/rim:Value").text = facts.OID_VISIBILITY
        model.addnext(twin)


@alteration(
    "missing-slot",
    stage="payload",
    fr="date de création absente de la fiche",
    en="creation time missing from the entry",
    on=_ON,
)
def missing_slot(draft: Draft) -> None:
    pick.drop(pick.first(draft.tree("payload"), f"{_ENTRY}[1]/rim:Slot[@name='creationTime']"))


@alteration(
    "unreadable-time",
    stage="payload",
    fr="date de la fiche avec un fuseau",
    en="time of the entry with a zone",
    on=_ON,
)
def unreadable_time(draft: Draft) -> None:
    _slot(draft, "creationTime").text = "2026-01-31T08:30:00+01:00"


@alteration("missing-class", stage="payload", fr="fiche sans classe", en="entry without a class", on=_ON)
def missing_class(draft: Draft) -> None:
    pick.drop(_classification(draft, facts.DE_CLASS))


@alteration(
    "missing-patient-id", stage="payload", fr="fiche sans patient", en="entry without a patient", on=_ON
)
def missing_patient(draft: Draft) -> None:
    path = f"{_ENTRY}[1]/rim:ExternalIdentifier[@identificationScheme='{facts.DE_PATIENT_ID}']"
    pick.drop(pick.first(draft.tree("payload"), path))


@alteration(
    "entry-of-another-patient",
    stage="payload",
    fr="fiche d'un autre patient que celui du lot",
    en="entry of another patient than the set's",
    on=_ON,
)
def other_patient(draft: Draft) -> None:
    path = f"{_ENTRY}[1]/rim:ExternalIdentifier[@identificationScheme='{facts.DE_PATIENT_ID}']"
    pick.first(draft.tree("payload"), path).set("value", f"199126399999922^^^&{facts.OID_INS_TEST}&ISO^NH")


@alteration(
    "two-submission-sets",
    stage="payload",
    fr="deux lots de soumission dans le message",
    en="two submission sets in the message",
    on=_ON,
)
def two_sets(draft: Draft) -> None:
    package = pick.first(draft.tree("payload"), "//rim:RegistryPackage")
    twin = copy.deepcopy(package)
    twin.set("id", "SubmissionSet02")
    for child in twin:
        for name in ("classifiedObject", "registryObject"):
            if child.get(name):
                child.set(name, "SubmissionSet02")
        if child.get("id"):
            child.set("id", f"{child.get('id')}b")
    pick.first(twin, f"rim:ExternalIdentifier[@identificationScheme='{facts.SS_UNIQUE_ID}']").set(
        "value", draft.ids.oid(draft.lps.oid_root)
    )
    package.addnext(twin)


@alteration(
    "submission-time-ahead",
    stage="payload",
    fr="date de soumission deux heures plus tard",
    en="submission time two hours ahead",
    on=_ON,
)
def time_ahead(draft: Draft) -> None:
    value = pick.first(
        draft.tree("payload"),
        "//rim:RegistryPackage/rim:Slot[@name='submissionTime']/rim:ValueList/rim:Value",
    )
    value.text = str(dtm_of(draft.clock.now() + timedelta(hours=2)))


@alteration(
    "set-not-classified",
    stage="payload",
    fr="lot qui n'est pas classé comme lot de soumission",
    en="package not classified as a submission set",
    on=_ON,
)
def not_classified(draft: Draft) -> None:
    pick.drop(
        pick.first(draft.tree("payload"), "//rim:RegistryPackage/rim:Classification[@classificationNode]")
    )


@alteration(
    "no-submission-set", stage="payload", fr="aucun lot de soumission", en="no submission set", on=_ON
)
def no_set(draft: Draft) -> None:
    pick.drop(pick.first(draft.tree("payload"), "//rim:RegistryPackage"))


@alteration(
    "document-without-entry",
    stage="payload",
    fr="document sans fiche (identifiants différents)",
    en="document without an entry (ids differ)",
    on=_ON,
)
def document_without_entry(draft: Draft) -> None:
    pick.first(draft.tree("payload"), "//xds:Document").set("id", "Document99")


@alteration(
    "dangling-association",
    stage="payload",
    fr="association vers un objet absent",
    en="association to an object that is not there",
    on=_ON,
)
def dangling(draft: Draft) -> None:
    pick.first(draft.tree("payload"), "//rim:Association").set("targetObject", "Document99")


@alteration(
    "no-has-member",
    stage="payload",
    fr="fiche qui n'appartient pas au lot",
    en="entry that does not belong to the set",
    on=_ON,
)
def no_member(draft: Draft) -> None:
    path = f"//rim:Association[@associationType='{facts.HAS_MEMBER}']"
    pick.drop(pick.first(draft.tree("payload"), path))


@alteration("with-folder", stage="payload", fr="classeur dans le lot", en="folder in the submission", on=_ON)
def folder(draft: Draft) -> None:
    package = pick.first(draft.tree("payload"), "//rim:RegistryPackage")
    made = etree.Element(f"{{{RIM}}}RegistryPackage", {"id": "Folder01"})
    etree.SubElement(
        made,
        f"{{{RIM}}}Classification",
        {"id": "fol01", "classifiedObject": "Folder01", "classificationNode": facts.FOLDER},
    )
    package.addnext(made)


@alteration(
    "replaces-unknown",
    stage="payload",
    fr="remplacement d'un document qui n'existe pas",
    en="replacement of a document that does not exist",
    on=_ON,
)
def replaces_unknown(draft: Draft) -> None:
    model = pick.first(draft.tree("payload"), "//rim:Association")
    made = copy.deepcopy(model)
    made.set("id", "as99")
    made.set("associationType", facts.RPLC)
    made.set("sourceObject", model.get("targetObject", ""))
    made.set("targetObject", f"urn:uuid:{draft.ids.uuid()}")
    for child in list(made):
        pick.drop(child)
    model.addnext(made)


@alteration(
    "other-institution",
    stage="payload",
    fr="établissement de l'auteur du lot sans rapport avec le VIHF",
    en="institution of the author of the set unrelated to the VIHF",
    on=_ON,
)
def other_institution(draft: Draft) -> None:
    path = (
        "//rim:RegistryPackage/rim:Classification/rim:Slot[@name='authorInstitution']/rim:ValueList/rim:Value"
    )
    value = pick.first(draft.tree("payload"), path)
    value.text = f"AILLEURS^^^^^&{facts.OID_STRUCTURE}&ISO^IDNST^^^1990009995"


def _slot(draft: Draft, name: str) -> etree._Element:
    return pick.first(draft.tree("payload"), f"{_ENTRY}[1]/rim:Slot[@name='{name}']/rim:ValueList/rim:Value")


def _classification(draft: Draft, scheme: str) -> etree._Element:
    return pick.first(
        draft.tree("payload"), f"{_ENTRY}[1]/rim:Classification[@classificationScheme='{scheme}']"
    )
