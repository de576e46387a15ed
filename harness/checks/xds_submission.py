"""Rules of the submission set of TD2.1 and of the associations that hold the lot together."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from harness.checks.forms import dtm_start, is_dtm, is_oid, is_urn_uuid
from harness.checks.judged import Judged
from harness.checks.rim import (
    FEEDING,
    LIST,
    UPDATES,
    associations,
    codes,
    documents_entries,
    entries,
    external,
    sets,
    signature_entries,
    slot,
    slot_values,
    targets,
)
from harness.checks.rule import Finding, check, failed, passed, verdict
from harness.checks.xpath import attribute, nodes
from protocol import facts
from protocol.errors import Text

XDS = "XDS-SUBMISSION"
ON = FEEDING
SETS = (*FEEDING, *UPDATES)
#: What two clocks may differ by.
AHEAD = timedelta(minutes=5)
RELATIONS = (facts.RPLC, facts.XFRM, facts.APND, facts.XFRM_RPLC)


@check(
    "SS-ONE",
    on=SETS,
    side="request",
    group=XDS,
    clause="ITI TF-2 §3.41 ; interface DMP, forme de l'alimentation",
    title=Text(
        "La soumission tient un lot et un seul, classé comme lot", "There is one submission set, classified"
    ),
    mend=Text(
        f"une Classification de classificationNode {facts.SUBMISSION_SET}",
        f"one Classification with classificationNode {facts.SUBMISSION_SET}",
    ),
)
def one(view: Judged) -> Iterator[Finding]:
    if view.payload is None:
        return
    found = sets(view)
    yield verdict(len(found) == 1, view.at(view.payload), f"{len(found)} RegistryPackage", "1")
    for item in found:
        own = nodes(item, f"rim:Classification[@classificationNode='{facts.SUBMISSION_SET}']")
        alone = [
            other
            for other in view.in_payload(
                f"{LIST}/rim:Classification[@classificationNode='{facts.SUBMISSION_SET}']"
            )
            if attribute(other, "classifiedObject") == attribute(item, "id")
        ]
        count = len(own) + len(alone)
        yield verdict(count == 1, view.at(item), f"{count} classification", "1")


@check(
    "SS-TIME",
    on=SETS,
    side="request",
    group=XDS,
    clause="interface DMP, lot de soumission : submissionTime, DTM en UTC",
    title=Text("submissionTime est une date UTC à la seconde", "submissionTime is a UTC date to the second"),
    mend=Text("AAAAMMJJhhmmss, sans fuseau", "YYYYMMDDhhmmss, no zone"),
)
def time(view: Judged) -> Iterator[Finding]:
    for item in sets(view):
        value = slot(item, "submissionTime")
        yield verdict(
            is_dtm(value) and len(value) == 14, view.at(item) + "/submissionTime", value, "YYYYMMDDhhmmss"
        )


@check(
    "SS-TIME-AHEAD",
    on=SETS,
    side="request",
    group=XDS,
    clause="ITI TF-3 §4.2.3.3.10 : submissionTime, instant de la soumission ; avance admise déduite",
    title=Text("submissionTime n'est pas dans l'avenir", "submissionTime is not in the future"),
    mend=Text(
        "l'heure UTC de l'envoi, horloge synchronisée", "UTC time of the sending, with a synchronised clock"
    ),
    confidence="C",
)
def not_ahead(view: Judged) -> Iterator[Finding]:
    for item in sets(view):
        value = slot(item, "submissionTime")
        told = dtm_start(value)
        if told is not None:
            latest = view.now + AHEAD
            yield verdict(
                told <= latest, view.at(item) + "/submissionTime", value, f"<= {latest:%Y%m%d%H%M%S}"
            )


@check(
    "SS-CONTENT-TYPE",
    on=SETS,
    side="request",
    group=XDS,
    clause="interface DMP, lot de soumission ; JDV_J59",
    title=Text("Le lot dit son contentTypeCode, une fois", "The set tells its contentTypeCode, once"),
    mend=Text("une Classification contentTypeCode", "one contentTypeCode Classification"),
)
def content_type(view: Judged) -> Iterator[Finding]:
    for item in sets(view):
        count = len(codes(item, facts.SS_CONTENT_TYPE))
        yield verdict(count == 1, view.at(item) + "/contentTypeCode", str(count), "1")


@check(
    "SS-SOURCE",
    on=SETS,
    side="request",
    group=XDS,
    clause="interface DMP, lot de soumission : sourceId, OID du système émetteur",
    title=Text("sourceId est un OID", "sourceId is an OID"),
    mend=Text("OID du système émetteur", "OID of the sending system"),
    requirements=("EX_GEN-1350",),
)
def source(view: Judged) -> Iterator[Finding]:
    for item in sets(view):
        value = external(item, facts.SS_SOURCE_ID)
        yield verdict(is_oid(value), view.at(item) + "/sourceId", value, "OID")


@check(
    "SS-MEMBERS",
    on=SETS,
    side="request",
    group=XDS,
    clause="ITI TF-3 §4.2.1.4 : HasMember Original",
    title=Text(
        "Chaque fiche est membre du lot, à titre d'original", "Each entry is an original member of the set"
    ),
    mend=Text(
        "Association HasMember, Slot SubmissionSetStatus = Original",
        "HasMember, SubmissionSetStatus = Original",
    ),
)
def members(view: Judged) -> Iterator[Finding]:
    owners = {attribute(item, "id") for item in sets(view)}
    for entry in entries(view):
        links = [
            item
            for item in targets(view, facts.HAS_MEMBER)
            if attribute(item, "targetObject") == attribute(entry, "id")
            and attribute(item, "sourceObject") in owners
        ]
        yield verdict(len(links) == 1, view.at(entry), f"{len(links)} HasMember", "1")
        for item in links:
            said = slot_values(item, "SubmissionSetStatus")
            yield verdict(
                said == ["Original"], view.at(item) + "/SubmissionSetStatus", " | ".join(said), "Original"
            )


@check(
    "SS-ASSOCIATIONS",
    on=ON,
    side="request",
    group=XDS,
    clause="ITI TF-3 §4.2.2",
    title=Text(
        "Chaque association est d'un type connu et part d'un objet du lot",
        "Each association is of a known type and starts at an object of the submission",
    ),
    mend=Text("un type connu et des extrémités qui existent", "a known type and ends that exist"),
)
def ends(view: Judged) -> Iterator[Finding]:
    known = {attribute(item, "id") for item in [*sets(view), *entries(view)]}
    for item in associations(view):
        kind, source_id = attribute(item, "associationType"), attribute(item, "sourceObject")
        good = kind in (facts.HAS_MEMBER, facts.SIGNS, *RELATIONS)
        yield verdict(
            good, view.at(item) + "/@associationType", kind, "HasMember | signs | RPLC | XFRM | APND"
        )
        yield verdict(
            source_id in known,
            view.at(item) + "/@sourceObject",
            source_id,
            "id du lot / id in the submission",
        )
        if kind in (facts.HAS_MEMBER, facts.SIGNS):
            target = attribute(item, "targetObject")
            yield verdict(
                target in known, view.at(item) + "/@targetObject", target, "id du lot / id in the submission"
            )


@check(
    "SS-RELATIONS",
    on=ON,
    side="request",
    group=XDS,
    clause="ITI TF-3 §4.2.2.2 ; interface DMP, remplacement",
    title=Text(
        "Un remplacement part d'une fiche du lot vers l'entryUUID d'un document du registre",
        "A replacement goes from an entry of the submission to the entryUUID of a registered document",
    ),
    mend=Text(
        "obtenir l'entryUUID par TD3.1 avant de remplacer", "get the entryUUID by TD3.1 before replacing"
    ),
)
def relations(view: Judged) -> Iterator[Finding]:
    known = {attribute(item, "id") for item in documents_entries(view)}
    for kind in RELATIONS:
        for item in targets(view, kind):
            source_id, target = attribute(item, "sourceObject"), attribute(item, "targetObject")
            yield verdict(
                source_id in known,
                view.at(item) + "/@sourceObject",
                source_id,
                "fiche du lot / entry of the submission",
            )
            good = is_urn_uuid(target) and target not in known
            yield verdict(
                good, view.at(item) + "/@targetObject", target, "urn:uuid: du registre / of the registry"
            )


@check(
    "SS-SIGNS",
    on=ON,
    side="request",
    group=XDS,
    clause="interface DMP, forme de l'alimentation, 7.5 : un document de signature, qui signe le lot",
    title=Text("Le lot est signé par un document de signature", "The set is signed by a signature document"),
    mend=Text(
        "ajouter la fiche de signature et l'association signs",
        "add the signature entry and the signs association",
    ),
)
def signs(view: Judged) -> Iterator[Finding]:
    for item in sets(view):
        signatures = signature_entries(view)
        yield verdict(
            len(signatures) == 1,
            view.at(item),
            f"{len(signatures)} fiche de signature / signature entry",
            "1",
        )
        links = targets(view, facts.SIGNS)
        yield verdict(len(links) == 1, view.at(item), f"{len(links)} signs", "1")
        for link in links:
            found = f"{attribute(link, 'sourceObject')} → {attribute(link, 'targetObject')}"
            expected = f"{attribute(signatures[0], 'id') if signatures else ''} → {attribute(item, 'id')}"
            yield verdict(found == expected, view.at(link), found, expected)


@check(
    "SS-NO-FOLDER",
    on=SETS,
    side="request",
    group=XDS,
    clause="interface DMP, classeurs : pas de classeur (déduit)",
    title=Text("La soumission ne tient pas de classeur", "The submission holds no folder"),
    mend=Text("retirer le classeur", "remove the folder"),
    confidence="C",
    default="warning",
)
def no_folder(view: Judged) -> Iterator[Finding]:
    if view.payload is not None:
        found = view.in_payload(f"{LIST}//rim:Classification[@classificationNode='{facts.FOLDER}']")
        for item in found:
            yield failed(view.at(item), facts.FOLDER, "absent")
        if not found:
            yield passed(view.at(view.payload))


@check(
    "SS-HAS-DOCUMENT",
    on=ON,
    side="request",
    group=XDS,
    clause="TD2.1 : au moins un document",
    title=Text("La soumission porte au moins un document", "The submission carries a document at least"),
    mend=Text("joindre un document et sa fiche", "attach a document and its entry"),
)
def has_document(view: Judged) -> Iterator[Finding]:
    if view.payload is not None:
        count = len(documents_entries(view))
        yield verdict(count >= 1, view.at(view.payload), str(count), "≥ 1")
