"""A submission beside the registry: known ids, replacements, duplicates (ITI TF-3 4.2.2, 4.2.4).

Judged inside the write transaction, so that of two rivals the second sees the first.
"""

from __future__ import annotations

from collections.abc import Iterator

from mock_dmp.acceptance.engine import Breach
from mock_dmp.acceptance.xds.contents import bytes_of
from mock_dmp.acceptance.xds.filing import REGISTRY, RegistryFiling, label
from mock_dmp.state.xds_objects import Association, RegistryObject
from protocol import facts
from protocol.identifiers.uuids import is_urn_uuid

_RELATIONS = (facts.RPLC, facts.APND, facts.XFRM, facts.XFRM_RPLC)


@REGISTRY.rule("XDS-REPLACE-TARGET")
def target_known(both: RegistryFiling) -> Iterator[Breach]:
    """What is replaced or completed is in the registry (ITI TF-3 4.2.2.2)."""
    for link, target in _targets(both):
        if target is None:
            yield Breach(
                f"association {link.id}, targetObject",
                f"{link.target}, inconnu du registre",
                "l'entryUUID d'un document enregistré (TD3.1 le donne)",
                code="XDSRegistryMetadataError",
            )


@REGISTRY.rule("XDS-REPLACE-TARGET")
def target_approved(both: RegistryFiling) -> Iterator[Breach]:
    """It is Approved: a deprecated document is replaced no more."""
    for link, target in _targets(both):
        if target is not None and target.status != facts.APPROVED:
            yield Breach(
                f"association {link.id}, targetObject {link.target}",
                target.status.rpartition(":")[2],
                "un document Approved",
            )


@REGISTRY.rule("XDS-REPLACE-TARGET")
def target_patient(both: RegistryFiling) -> Iterator[Breach]:
    """It is about the same patient."""
    patient = both.filing.patient
    for link, target in _targets(both):
        if target is not None and patient is not None and both.known.patient_of(target.id) != patient.key:
            yield Breach(
                f"association {link.id}, targetObject {link.target}",
                "un document d'un autre patient",
                "un document du patient du lot",
                code="XDSPatientIdDoesNotMatch",
            )


@REGISTRY.rule("XDS-REPLACE-TARGET")
def replacement_has_its_own_unique_id(both: RegistryFiling) -> Iterator[Breach]:
    """A new version has a uniqueId of its own (EX_2.1 replacement)."""
    sent = {entry.id: entry for entry in both.filing.sent.entries}
    for link, target in _targets(both):
        source = sent.get(link.source)
        if target is not None and source is not None and source.unique_id == target.unique_id:
            yield Breach(
                label(source, "uniqueId"),
                source.unique_id,
                "un autre uniqueId que le document remplacé",
                code="XDSRegistryMetadataError",
            )


@REGISTRY.rule("XDS-ASSOCIATIONS")
def reference_known(both: RegistryFiling) -> Iterator[Breach]:
    """A HasMember by Reference names a registered document."""
    sent = {entry.id for entry in both.filing.sent.entries}
    wanted = [
        link
        for link in both.filing.links(facts.HAS_MEMBER)
        if link.target not in sent and is_urn_uuid(link.target)
    ]
    known = {item.id for item in both.known.objects(link.target for link in wanted)}
    for link in wanted:
        if link.target not in known:
            yield Breach(
                f"association {link.id}, targetObject", link.target, "l'entryUUID d'un document enregistré"
            )


@REGISTRY.rule("XDS-STRUCTURE")
def uuid_free(both: RegistryFiling) -> Iterator[Breach]:
    """An entryUUID given by the sender is not in use."""
    ids = [identifier for identifier in both.filing.sent.ids if is_urn_uuid(identifier)]
    for taken in sorted(both.known.ids(ids)):
        yield Breach(f"attribut id {taken}", "déjà porté par un objet du registre", "un UUID neuf")


@REGISTRY.rule("XDS-DUPLICATE-SET")
def set_unique_id_free(both: RegistryFiling) -> Iterator[Breach]:
    """The uniqueId of a set is used once (ITI TF-3 4.2.3.3.12)."""
    ids = [package.unique_id for package in both.filing.sent.sets if package.unique_id]
    for known in both.known.by_unique_id("set", ids):
        yield Breach("lot de soumission, attribut uniqueId", known.unique_id, "un uniqueId jamais utilisé")


@REGISTRY.rule("XDS-NON-IDENTICAL")
def identical_hash(both: RegistryFiling) -> Iterator[Breach]:
    """A uniqueId that is known comes back with the same bytes."""
    for entry in both.filing.sent.entries:
        document = bytes_of(both.filing, entry)
        known = both.known.content(entry.unique_id) if entry.unique_id else None
        if document is not None and known is not None and document.sha256 != known.sha256:
            yield Breach(
                label(entry, "hash"),
                f"{document.sha1} pour un uniqueId déjà enregistré",
                f"{known.sha1}, ou un autre uniqueId",
            )


@REGISTRY.rule("XDS-NON-IDENTICAL")
def identical_size(both: RegistryFiling) -> Iterator[Breach]:
    """And so with the same size."""
    for entry in both.filing.sent.entries:
        document = bytes_of(both.filing, entry)
        known = both.known.content(entry.unique_id) if entry.unique_id else None
        if document is not None and known is not None and document.size != known.size:
            yield Breach(
                label(entry, "size"),
                f"{document.size} pour un uniqueId déjà enregistré",
                f"{known.size}, ou un autre uniqueId",
                code="XDSNonIdenticalSize",
            )


@REGISTRY.rule("XDS-DUPLICATE-DOCUMENT")
def duplicate_document(both: RegistryFiling) -> Iterator[Breach]:
    """IHE accepts the same document twice; the guide asks the LPS not to do so (EX_GEN-1060)."""
    ids = [entry.unique_id for entry in both.filing.sent.entries if entry.unique_id]
    for unique_id in dict.fromkeys(item.unique_id for item in both.known.by_unique_id("entry", ids)):
        yield Breach(f"uniqueId {unique_id}", "un document déjà enregistré", "un document nouveau")


@REGISTRY.rule("XDS-PATIENT-ID")
def document_patient(both: RegistryFiling) -> Iterator[Breach]:
    """The same bytes may be submitted again, but a uniqueId never moves to another patient."""
    patient = both.filing.patient
    ids = [entry.unique_id for entry in both.filing.sent.entries if entry.unique_id]
    for known in both.known.by_unique_id("entry", ids):
        if patient is not None and both.known.patient_of(known.id) != patient.key:
            yield Breach(f"uniqueId {known.unique_id}", "déjà enregistré pour un autre patient", "un autre")


def _targets(both: RegistryFiling) -> list[tuple[Association, RegistryObject | None]]:
    """Relations to registered documents, each with its target; ill-formed targets are said elsewhere."""
    links = [link for link in both.filing.links(*_RELATIONS) if is_urn_uuid(link.target)]
    known = {
        item.id: item for item in both.known.objects(link.target for link in links) if item.kind == "entry"
    }
    return [(link, known.get(link.target)) for link in links]
