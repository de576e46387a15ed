"""Rules of the objects that a registry returns (TD3.1) and of what it says of missing documents (TD3.2)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from harness.checks.forms import is_dtm, is_oid, is_urn_uuid
from harness.checks.judged import Judged
from harness.checks.rim import FEEDING, LIST, UPDATES, codes, externals, slot, slot_values
from harness.checks.rule import Finding, check, verdict
from harness.checks.xds_entry import ONE_CODE
from harness.checks.xpath import attribute, nodes, string
from protocol import facts
from protocol.errors import Text

XDS: Final = "XDS-RESPONSE"
QUERY: Final = ("TD3.1",)
ANSWERS: Final = (*FEEDING, "TD3.1", "TD3.2", *UPDATES)
#: Error codes of ITI TF-3 table 4.2.4.1-2 and of metadata update.
ERRORS: Final = frozenset(
    (
        *(
            "DocumentQueued",
            "InvalidDocumentContent",
            "LocalPolicyRestrictionError",
            "PartialAppendContentNotProcessed",
        ),
        *(
            "PartialFolderContentNotProcessed",
            "PartialRelationshipContentNotProcessed",
            "PartialReplaceContentNotProcessed",
        ),
        *("PartialTransformNotProcessed", "PartialTransformReplaceNotProcessed", "ReferencesExistException"),
        *("UnmodifiableMetadataError", "UnresolvedReferenceException", "XDSDocumentUniqueIdError"),
        *("XDSDuplicateUniqueIdInRegistry", "XDSExtraMetadataNotSaved", "XDSInvalidRequestException"),
        *("XDSMetadataAnnotationError", "XDSMetadataIdentifierError", "XDSMetadataUpdateError"),
        *("XDSMetadataUpdateOperationError", "XDSMetadataVersionError", "XDSMissingDocument"),
        *(
            "XDSMissingDocumentMetadata",
            "XDSMissingHomeCommunityId",
            "XDSNonIdenticalHash",
            "XDSNonIdenticalSize",
        ),
        *("XDSObjectTypeError", "XDSPatientIDReconciliationError", "XDSPatientIdDoesNotMatch"),
        *("XDSRegistryBusy", "XDSRegistryDeprecatedDocumentError", "XDSRegistryDuplicateUniqueIdInMessage"),
        *(
            "XDSRegistryError",
            "XDSRegistryMetadataError",
            "XDSRegistryNotAvailable",
            "XDSRegistryOutOfResources",
        ),
        *("XDSRemoveDocumentsError", "XDSReplaceFailed", "XDSRepositoryBusy"),
        *("XDSRepositoryDuplicateUniqueIdInMessage", "XDSRepositoryError", "XDSRepositoryMetadataError"),
        *("XDSRepositoryOutOfResources", "XDSResultNotSinglePatient", "XDSStoredQueryMissingParam"),
        *("XDSStoredQueryParamNumber", "XDSTooManyResults", "XDSUnavailableCommunity", "XDSUnknownCommunity"),
        *(
            "XDSUnknownPatientId",
            "XDSUnknownRepositoryId",
            "XDSUnknownStoredQuery",
            "XDSUnreferencedObjectException",
        ),
    )
)


@check(
    "RS-ERROR-CODE",
    on=ANSWERS,
    side="response",
    group=XDS,
    clause="ITI TF-3 tableau 4.2.4.1-2 ; codes DMP…",
    title=Text("Chaque code d'erreur est d'IHE ou du DMP", "Each error code is IHE's or the DMP's"),
    mend=Text("prendre un code de la liste d'IHE", "take a code of IHE's list"),
    confidence="B",
    default="warning",
)
def error_code(view: Judged) -> Iterator[Finding]:
    for item in view.in_payload("descendant-or-self::rs:RegistryError"):
        found = attribute(item, "errorCode").rpartition(":")[2]
        yield verdict(
            found in ERRORS or found.startswith("DMP"), view.at(item) + "/@errorCode", found, "XDS… | DMP…"
        )


@check(
    "RS-ORDER",
    on=QUERY,
    side="response",
    group=XDS,
    clause="ebRS 3.0, AdhocQueryResponse : erreurs, puis objets",
    title=Text("Les erreurs viennent avant les objets", "Errors come before objects"),
    mend=Text("RegistryErrorList, puis RegistryObjectList", "RegistryErrorList, then RegistryObjectList"),
)
def order(view: Judged) -> Iterator[Finding]:
    for item in view.in_payload("self::query:AdhocQueryResponse"):
        late = len(nodes(item, "rim:RegistryObjectList/following-sibling::rs:RegistryErrorList"))
        yield verdict(late == 0, view.at(item), f"{late} RegistryErrorList", "0")


@check(
    "RS-ENTRY-CODES",
    on=QUERY,
    side="response",
    group=XDS,
    clause="ITI TF-3 tableau 4.3.1-3 : codes d'une fiche rendue",
    title=Text(
        "Une fiche rendue porte une fois chacun de ses codes", "An entry returned has each of its codes once"
    ),
    mend=Text("rendre tous les codes déposés", "return all the codes that were fed"),
)
def entry_codes(view: Judged) -> Iterator[Finding]:
    for item in view.in_payload(f"{LIST}/rim:ExtrinsicObject"):
        for name, scheme in ONE_CODE.items():
            count = len(codes(item, scheme))
            yield verdict(count == 1, f"{view.at(item)}/{name}", str(count), "1")
        count = len(codes(item, facts.DE_CONFIDENTIALITY))
        yield verdict(count >= 1, f"{view.at(item)}/confidentialityCode", str(count), "≥ 1")


@check(
    "RS-ENTRY-IDS",
    on=QUERY,
    side="response",
    group=XDS,
    clause="ITI TF-3 tableau 4.3.1-3 : patientId et uniqueId d'une fiche rendue",
    title=Text(
        "Une fiche rendue a un patient et un uniqueId", "An entry returned has a patient and a uniqueId"
    ),
    mend=Text("rendre patientId et uniqueId", "return patientId and uniqueId"),
)
def entry_ids(view: Judged) -> Iterator[Finding]:
    for item in view.in_payload(f"{LIST}/rim:ExtrinsicObject"):
        for name, scheme in (("patientId", facts.DE_PATIENT_ID), ("uniqueId", facts.DE_UNIQUE_ID)):
            found = [attribute(one, "value") for one in externals(item, scheme)]
            yield verdict(
                len(found) == 1 and bool(found[0]), f"{view.at(item)}/{name}", " | ".join(found), "1"
            )


@check(
    "RS-ENTRY-FORMS",
    on=QUERY,
    side="response",
    group=XDS,
    clause="ITI TF-3 §4.2.3.1 : DTM, SHA-1, taille, OID du dépôt",
    title=Text(
        "Les attributs d'une fiche rendue ont leur forme",
        "The attributes of an entry returned are well formed",
    ),
    mend=Text(
        "DTM sans fuseau, 40 chiffres hexadécimaux, entier, OID",
        "DTM without zone, 40 hexadecimal digits, integer, OID",
    ),
)
def entry_forms(view: Judged) -> Iterator[Finding]:
    for item in view.in_payload(f"{LIST}/rim:ExtrinsicObject"):
        for name in ("creationTime", "serviceStartTime", "serviceStopTime"):
            for value in slot_values(item, name):
                yield verdict(is_dtm(value), f"{view.at(item)}/{name}", value, "YYYY[MM[DD[hh[mm[ss]]]]]")
        size, repository = slot(item, "size"), slot(item, "repositoryUniqueId")
        if size:
            yield verdict(size.isascii() and size.isdigit(), f"{view.at(item)}/size", size, "[0-9]+")
        if repository:
            yield verdict(is_oid(repository), f"{view.at(item)}/repositoryUniqueId", repository, "OID")


@check(
    "RS-PARENTS",
    on=QUERY,
    side="response",
    group=XDS,
    clause="ITI TF-3 §4.2.3 : classifiedObject et registryObject",
    title=Text(
        "Classifications et identifiants rendus désignent leur objet", "What is returned names its object"
    ),
    mend=Text("mettre l'id de l'objet qui les porte", "put the id of the object that holds them"),
)
def parents(view: Judged) -> Iterator[Finding]:
    for tag, name in (("Classification", "classifiedObject"), ("ExternalIdentifier", "registryObject")):
        for item in view.in_payload(f"{LIST}/rim:*/rim:{tag}"):
            parent = item.getparent()
            wanted = attribute(parent, "id") if parent is not None else ""
            found = attribute(item, name)
            yield verdict(found == wanted, view.at(item) + f"/@{name}", found, wanted)


@check(
    "RS-SET-CLASS",
    on=QUERY,
    side="response",
    group=XDS,
    clause="ITI TF-3 §4.2.1.2 : lot et classeur classés comme tels",
    title=Text("Un lot rendu est classé comme lot ou classeur", "A package returned is classified"),
    mend=Text(
        "rendre la Classification de classificationNode", "return the Classification with classificationNode"
    ),
)
def set_class(view: Judged) -> Iterator[Finding]:
    for item in view.in_payload(f"{LIST}/rim:RegistryPackage"):
        known = (facts.SUBMISSION_SET, facts.FOLDER)
        found = [
            attribute(one, "classificationNode")
            for one in nodes(item, "rim:Classification[@classificationNode]")
        ]
        good = sum(one in known for one in found) == 1
        yield verdict(good, view.at(item), " | ".join(found), " | ".join(known))


@check(
    "RS-ASSOCIATION",
    on=QUERY,
    side="response",
    group=XDS,
    clause="ITI TF-3 §4.2.2 : extrémités d'une association rendue",
    title=Text("Une association rendue relie deux urn:uuid:", "An association returned links two urn:uuid:"),
    mend=Text("rendre les identifiants du registre", "return the ids of the registry"),
)
def association(view: Judged) -> Iterator[Finding]:
    for item in view.in_payload(f"{LIST}/rim:Association"):
        for name in ("sourceObject", "targetObject"):
            found = attribute(item, name)
            yield verdict(is_urn_uuid(found), view.at(item) + f"/@{name}", found, "urn:uuid:…")


@check(
    "RS-ONE-PATIENT",
    on=QUERY,
    side="response",
    group=XDS,
    clause="ITI TF-2 §3.18.4.1.2.3.8 : objets d'un seul patient en LeafClass",
    title=Text("Les fiches rendues sont d'un seul patient", "The entries returned are of one patient"),
    mend=Text("répondre XDSResultNotSinglePatient", "answer XDSResultNotSinglePatient"),
    confidence="B",
)
def one_patient(view: Judged) -> Iterator[Finding]:
    found = sorted(
        {
            attribute(one, "value").partition("^")[0]
            for item in view.in_payload(f"{LIST}/rim:ExtrinsicObject")
            for one in externals(item, facts.DE_PATIENT_ID)
        }
    )
    if found and view.payload is not None:
        yield verdict(len(found) == 1, view.at(view.payload), f"{len(found)} patients", "1")


@check(
    "RETRIEVE-MISSING",
    on=("TD3.2",),
    side="response",
    group="XDS-RETRIEVE",
    clause="ITI TF-2 §3.43.4.2.2 : une erreur par document qui manque",
    title=Text("Chaque document non rendu a son erreur", "Each document that is missing has its error"),
    mend=Text(
        "XDSDocumentUniqueIdError, l'identifiant dans codeContext",
        "XDSDocumentUniqueIdError, the id in codeContext",
    ),
    confidence="B",
)
def missing(view: Judged) -> Iterator[Finding]:
    asked = view.request.payload
    if asked is None:
        return
    given = {
        string(item, "xds:DocumentUniqueId") for item in view.in_payload("descendant::xds:DocumentResponse")
    }
    wanted = [
        string(item, "xds:DocumentUniqueId") for item in nodes(asked, "descendant::xds:DocumentRequest")
    ]
    lacking = sum(one not in given for one in wanted)
    for answer in view.in_payload("self::xds:RetrieveDocumentSetResponse/rs:RegistryResponse"):
        told = len(nodes(answer, "rs:RegistryErrorList/rs:RegistryError"))
        if lacking:
            yield verdict(told >= 1, view.at(answer), f"{told} RegistryError, {lacking} –", "≥ 1")
