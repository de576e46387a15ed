"""Defects of what the registry answers: statuses, entries, counts."""

from __future__ import annotations

import copy
import uuid

from lxml import etree

from mock_dmp.defects.api import defect
from mock_dmp.faults.answering import Answering, remove, rim
from mock_dmp.render.ebrim import query_response
from mock_dmp.services.identity import patient_of
from mock_dmp.state import documents
from protocol import facts
from protocol.errors import Text

_RESPONSES = (
    "soap:Body/rs:RegistryResponse | soap:Body/*/rs:RegistryResponse | soap:Body/query:AdhocQueryResponse"
)
_ENTRIES = "soap:Body/query:AdhocQueryResponse/rim:RegistryObjectList/rim:ExtrinsicObject"


@defect(
    "status-no-urn",
    text=Text("Le statut est un mot, pas une URN", "The status is a word, not a URN"),
    caught_by=("RS-STATUS",),
)
def status_no_urn(answering: Answering) -> None:
    for response in answering.nodes(_RESPONSES):
        response.set("status", (response.get("status") or "").rpartition(":")[2])


@defect(
    "failure-without-error",
    text=Text("Un échec ne porte aucune erreur", "A failure carries no error"),
    caught_by=("RS-ERRORS",),
)
def failure_without_error(answering: Answering) -> None:
    for listing in answering.nodes("soap:Body//rs:RegistryErrorList"):
        remove(listing)


@defect(
    "error-without-context",
    text=Text("Une erreur ne dit pas ce qui ne va pas", "An error does not tell what is wrong"),
    caught_by=("RS-ERROR-CONTENT",),
)
def error_without_context(answering: Answering) -> None:
    for error in answering.nodes("soap:Body//rs:RegistryError"):
        error.set("codeContext", "")


@defect(
    "object-list-missing",
    text=Text("La recherche ne rend pas de RegistryObjectList", "The search returns no RegistryObjectList"),
    caught_by=("RS-LIST",),
)
def object_list_missing(answering: Answering) -> None:
    for listing in answering.nodes("soap:Body/query:AdhocQueryResponse/rim:RegistryObjectList"):
        remove(listing)


@defect(
    "references-instead-of-objects",
    text=Text("Des ObjectRef au lieu des fiches demandées", "ObjectRef instead of the entries asked for"),
    caught_by=("RS-RETURN-TYPE",),
)
def references(answering: Answering) -> None:
    for entry in answering.nodes(_ENTRIES):
        parent = entry.getparent()
        if parent is not None:
            parent.replace(entry, etree.Element(rim("ObjectRef"), id=entry.get("id") or ""))


@defect(
    "total-count-wrong",
    text=Text("totalResultCount compte un objet de trop", "totalResultCount counts one object too many"),
    caught_by=("RS-COUNT",),
)
def total_count_wrong(answering: Answering) -> None:
    for response in answering.nodes("soap:Body/query:AdhocQueryResponse[@totalResultCount]"):
        response.set("totalResultCount", str(int(response.get("totalResultCount") or 0) + 1))


@defect(
    "entry-twice",
    text=Text("La première fiche est rendue deux fois", "The first entry is returned twice"),
    caught_by=("RS-ONCE",),
)
def entry_twice(answering: Answering) -> None:
    for entry in answering.nodes(_ENTRIES)[:1]:
        entry.addnext(copy.deepcopy(entry))


def _slots(answering: Answering, name: str) -> list[etree._Element]:
    return answering.nodes(f"{_ENTRIES}/rim:Slot[@name='{name}']")


@defect(
    "hash-missing",
    text=Text("Les fiches n'ont pas d'empreinte", "Entries have no hash"),
    caught_by=("RS-ENTRY",),
)
def hash_missing(answering: Answering) -> None:
    for slot in _slots(answering, "hash"):
        remove(slot)


@defect(
    "slot-missing",
    text=Text("creationTime manque dans les fiches", "creationTime is missing in the entries"),
    caught_by=("RS-ENTRY-SLOTS",),
)
def slot_missing(answering: Answering) -> None:
    for slot in _slots(answering, "creationTime"):
        remove(slot)


def _rewrite(answering: Answering, name: str, value: str) -> None:
    for slot in _slots(answering, name):
        for held in slot.iter(rim("Value")):
            held.text = value


@defect(
    "hash-wrong",
    text=Text("L'empreinte d'une fiche n'est pas celle du document", "An entry's hash is not the document's"),
    caught_by=("SEQ-ENTRY", "SEQ-RETRIEVED"),
)
def hash_wrong(answering: Answering) -> None:
    _rewrite(answering, "hash", "da39a3ee5e6b4b0d3255bfef95601890afd80709")


@defect(
    "size-wrong",
    text=Text("La taille d'une fiche n'est pas celle du document", "An entry's size is not the document's"),
    caught_by=("SEQ-ENTRY", "SEQ-RETRIEVED"),
)
def size_wrong(answering: Answering) -> None:
    _rewrite(answering, "size", "1")


@defect(
    "entry-local-time",
    text=Text(
        "Les dates des fiches sont rendues en heure locale", "Dates of the entries are returned in local time"
    ),
    caught_by=("SEQ-ENTRY",),
)
def entry_local_time(answering: Answering) -> None:
    for name in ("creationTime", "serviceStartTime"):
        for slot in _slots(answering, name):
            for held in slot.iter(rim("Value")):
                held.text = _later(held.text or "")


def _later(stamp: str) -> str:
    """Two hours more by the digits of the hour, as far as the day has them."""
    if len(stamp) < 10:
        return stamp
    hour = int(stamp[8:10])
    return f"{stamp[:8]}{hour + 2 if hour < 22 else hour - 2:02d}{stamp[10:]}"


@defect(
    "title-altered",
    text=Text("Le titre rendu n'est pas celui déposé", "The title returned is not the one that was fed"),
    caught_by=("SEQ-ENTRY",),
)
def title_altered(answering: Answering) -> None:
    for label in answering.nodes(f"{_ENTRIES}/rim:Name/rim:LocalizedString"):
        label.set("value", (label.get("value") or "").upper() + "…")


@defect(
    "type-altered",
    text=Text("Le type rendu n'est pas celui déposé", "The type returned is not the one that was fed"),
    caught_by=("SEQ-ENTRY",),
)
def type_altered(answering: Answering) -> None:
    for coded in answering.nodes(f"{_ENTRIES}/rim:Classification"):
        if coded.get("classificationScheme") == facts.DE_TYPE:
            coded.set("nodeRepresentation", "34133-9")


@defect(
    "repository-wrong",
    text=Text("Les fiches nomment un autre dépôt", "Entries name another repository"),
    caught_by=("RS-REPOSITORY",),
)
def repository_wrong(answering: Answering) -> None:
    _rewrite(answering, "repositoryUniqueId", "1.2.250.1.999.7")


@defect(
    "lid-changed",
    text=Text("Le lid d'une fiche change à chaque réponse", "The lid of an entry changes with each answer"),
    caught_by=("RS-VERSION",),
)
def lid_changed(answering: Answering) -> None:
    for entry in answering.nodes(_ENTRIES):
        entry.set("lid", uuid.uuid4().urn)


@defect(
    "version-not-bumped",
    text=Text(
        "Une nouvelle version des métadonnées garde le numéro 1", "A new version of metadata keeps number 1"
    ),
    caught_by=("RS-VERSION",),
)
def version_not_bumped(answering: Answering) -> None:
    for version in answering.nodes(f"{_ENTRIES}/rim:VersionInfo"):
        version.set("versionName", "1")


@defect(
    "status-not-asked",
    text=Text(
        "Les fiches rendues ont un statut qui n'est pas demandé", "Entries have a status not asked for"
    ),
    caught_by=("RS-ENTRY-STATUS",),
)
def status_not_asked(answering: Answering) -> None:
    for entry in answering.nodes(_ENTRIES):
        entry.set("status", facts.ARCHIVED)


@defect(
    "deprecated-as-approved",
    text=Text("Un document obsolète est dit actif", "An obsolete document is told as approved"),
    caught_by=("EXPECT-XPATH",),
)
def deprecated_as_approved(answering: Answering) -> None:
    for entry in answering.nodes(_ENTRIES):
        if entry.get("status") == facts.DEPRECATED:
            entry.set("status", facts.APPROVED)


@defect(
    "masked-leaked",
    text=Text(
        "La recherche rend les documents masqués à tout professionnel",
        "The search returns masked documents to every professional",
    ),
    caught_by=("EXPECT-XPATH",),
)
def masked_leaked(answering: Answering) -> None:
    call = answering.call
    found = answering.nodes("soap:Body/query:AdhocQueryResponse")
    patient = patient_of(call) if call is not None and call.vihf is not None and found else None
    if call is None or patient is None:
        return
    with call.session.store.read() as db:
        everything = documents.entries(db, call.session.name, patient.key)
    whole = query_response([entry for entry in everything if not entry.is_signature])
    parent = found[0].getparent()
    if parent is not None:
        parent.replace(found[0], whole)


@defect(
    "id-symbolic",
    text=Text("Les fiches rendues ont un id symbolique", "Entries returned have a symbolic id"),
    caught_by=("RS-OBJECT-IDS",),
)
def id_symbolic(answering: Answering) -> None:
    for rank, entry in enumerate(answering.nodes(_ENTRIES), 1):
        entry.set("id", f"Document{rank:02d}")
