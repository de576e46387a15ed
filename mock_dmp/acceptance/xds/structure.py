"""Shape of a submission: one set, every entry its member, sound associations, unique ids, no folder.

ITI TF-3 4.2.1 and the DMP's own shape of a lot de soumission. What the attributes hold is left to others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from mock_dmp.acceptance.engine import Breach
from mock_dmp.acceptance.xds.filing import MESSAGE, Filing, label
from mock_dmp.state.xds_objects import Association, RegistryObject, Slot
from protocol import facts
from protocol.identifiers.uuids import is_urn_uuid

_RELATIONS = (facts.RPLC, facts.APND, facts.XFRM, facts.XFRM_RPLC)
_KNOWN = frozenset({facts.HAS_MEMBER, facts.SIGNS, *_RELATIONS})
_UPDATES = "urn:ihe:iti:2010:AssociationType:"


@MESSAGE.rule("XDS-STRUCTURE")
def one_set(filing: Filing) -> Iterator[Breach]:
    """One package, and it is classified as a submission set (ITI TF-3 4.2.1.1)."""
    if len(filing.sent.sets) != 1:
        yield Breach("RegistryObjectList", f"{len(filing.sent.sets)} lot(s) de soumission", "exactement un")
    for package in filing.sent.unclassified:
        yield Breach(f"RegistryPackage {package}", "aucun classificationNode", facts.SUBMISSION_SET)


@MESSAGE.rule("XDS-STRUCTURE")
def has_entry(filing: Filing) -> Iterator[Breach]:
    """A submission of the DMP feeds one document at least, beside its signature (TD2.1)."""
    if not filing.document_entries:
        yield Breach("RegistryObjectList", "aucune fiche de document", "au moins une")


@MESSAGE.rule("XDS-FOLDER")
def no_folder(filing: Filing) -> Iterator[Breach]:
    """The DMP knows no folder; inferred from its samples and clients."""
    for folder in filing.sent.folders:
        yield Breach(f"classeur {folder}", "un classeur (Folder)", "aucun : le DMP n'a pas de classeur")


@MESSAGE.rule("XDS-ASSOCIATIONS")
def every_entry_is_a_member(filing: Filing) -> Iterator[Breach]:
    """Each entry is the target of one HasMember from the set (ITI TF-3 4.2.2.1)."""
    packages = {package.id for package in filing.sent.sets}
    if not packages:
        return  # said above, once
    members = Counter(link.target for link in filing.links(facts.HAS_MEMBER) if link.source in packages)
    for entry in filing.sent.entries:
        if members[entry.id] != 1:
            yield Breach(
                label(entry),
                f"{members[entry.id]} association(s) HasMember",
                "une, depuis le lot de soumission",
            )


@MESSAGE.rule("XDS-ASSOCIATIONS")
def member_status(filing: Filing) -> Iterator[Breach]:
    """SubmissionSetStatus: Original for an object of the message, else Reference (ITI TF-3 4.2.2.1.2)."""
    sent = {entry.id for entry in filing.sent.entries}
    for link in filing.links(facts.HAS_MEMBER):
        values = link.values("SubmissionSetStatus")
        expected = "Original" if link.target in sent else "Reference"
        if values != (expected,):
            yield Breach(
                f"association {link.id}, slot SubmissionSetStatus", ", ".join(values) or "absent", expected
            )


@MESSAGE.rule("XDS-ASSOCIATIONS")
def member_has_no_documentation(filing: Filing) -> Iterator[Breach]:
    """HasMember carries no association documentation (ITI TF-3 4.2.2.2.6)."""
    for link in filing.links(facts.HAS_MEMBER):
        if link.classified:
            yield Breach(f"association {link.id}", "une classification", "aucune sur HasMember")


@MESSAGE.rule("XDS-ASSOCIATIONS")
def association_type(filing: Filing) -> Iterator[Breach]:
    """Only the types of ITI-41; those of ITI-57 have their own transaction."""
    for link in filing.sent.associations:
        if link.type not in _KNOWN:
            hint = " (opération d'ITI-57)" if link.type.startswith(_UPDATES) else ""
            yield Breach(
                f"association {link.id}, associationType",
                link.type + hint,
                "HasMember, RPLC, APND, XFRM, signs",
            )


@MESSAGE.rule("XDS-ASSOCIATIONS")
def association_source(filing: Filing) -> Iterator[Breach]:
    """HasMember starts at the set, relations and signature at an entry of the message."""
    entries = {entry.id for entry in filing.sent.entries}
    packages = {package.id for package in filing.sent.sets}
    for link in filing.links(facts.HAS_MEMBER, facts.SIGNS, *_RELATIONS):
        if link.type == facts.HAS_MEMBER and not packages:
            continue  # no set: said above, once
        allowed = packages if link.type == facts.HAS_MEMBER else entries
        if link.source not in allowed:
            wanted = "l'id du lot" if link.type == facts.HAS_MEMBER else "l'id d'une fiche du message"
            yield Breach(f"association {link.id}, sourceObject", link.source or "absent", wanted)


@MESSAGE.rule("XDS-ASSOCIATIONS")
def association_target(filing: Filing) -> Iterator[Breach]:
    """Members and signatures point inside the message, relations at a registered entryUUID."""
    entries = {entry.id for entry in filing.sent.entries}
    packages = {package.id for package in filing.sent.sets}
    for link in filing.links(facts.HAS_MEMBER):
        if link.target not in entries and not is_urn_uuid(link.target):
            yield Breach(
                f"association {link.id}, targetObject", link.target or "absent", "l'id d'une fiche du message"
            )
    for link in filing.links(facts.SIGNS):
        if packages and link.target not in packages:
            yield Breach(f"association {link.id}, targetObject", link.target or "absent", "l'id du lot")
    for link in filing.links(*_RELATIONS):
        if link.target in entries or not is_urn_uuid(link.target):
            yield Breach(
                f"association {link.id}, targetObject",
                link.target or "absent",
                "l'entryUUID (urn:uuid:…) d'un document déjà enregistré",
            )


@MESSAGE.rule("XDS-STRUCTURE")
def ids_unique(filing: Filing) -> Iterator[Breach]:
    """Every object has an id, and no two share one (ITI TF-3 4.2.1.4)."""
    ids = filing.sent.ids
    for identifier, count in Counter(ids).items():
        if count > 1:
            yield Breach(f"attribut id {identifier}", f"{count} objets", "un seul objet")
    if "" in ids:
        yield Breach("RegistryObjectList", "un objet sans id", "un id pour chaque objet")


@MESSAGE.rule("XDS-STRUCTURE")
def objects_are_new(filing: Filing) -> Iterator[Breach]:
    """A `lid` other than the own id is an update, which ITI-41 is not (ITI-57)."""
    for item in filing.sent.objects:
        if item.lid and item.lid != item.id:
            yield Breach(label(item, "lid"), item.lid, "absent : un lid appartient à ITI-57")


@MESSAGE.rule("XDS-DUPLICATE-IN-MESSAGE")
def unique_id_twice(filing: Filing) -> Iterator[Breach]:
    """uniqueIds differ inside a message (ITI TF-3 4.2.3.2.26)."""
    counted = Counter(item.unique_id for item in filing.sent.objects if item.unique_id)
    for unique_id, count in counted.items():
        if count > 1:
            yield Breach(f"uniqueId {unique_id}", f"{count} objets du message", "un seul")


@MESSAGE.rule("XDS-STRUCTURE")
def parts_name_their_parent(filing: Filing) -> Iterator[Breach]:
    """classifiedObject and registryObject name the object that holds the part (ebRIM 3)."""
    for item in filing.sent.objects:
        for classification in item.classifications:
            if classification.parent != item.id:
                yield Breach(
                    f"{label(item)}, classification {classification.id}, classifiedObject",
                    classification.parent or "absent",
                    item.id,
                )
        for identifier in item.identifiers:
            if identifier.parent != item.id:
                yield Breach(
                    f"{label(item)}, ExternalIdentifier {identifier.id}, registryObject",
                    identifier.parent or "absent",
                    item.id,
                )


@MESSAGE.rule("XDS-SLOTS")
def slot_twice(filing: Filing) -> Iterator[Breach]:
    """A slot name occurs once in its parent (ITI TF-3 4.2.3.1)."""
    for where, slots in _slot_lists(filing):
        for name, count in Counter(slot.name for slot in slots).items():
            if count > 1:
                yield Breach(f"{where}, slot {name}", f"{count} fois", "une fois")


@MESSAGE.rule("XDS-SLOTS")
def slot_name(filing: Filing) -> Iterator[Breach]:
    """A slot is one of the model, or its name is a URN (ITI TF-3 4.2.3.1.6)."""
    for item in filing.sent.objects:
        for slot in item.slots:
            if slot.name not in _SLOTS[item.kind] and not slot.name.startswith("urn:"):
                yield Breach(label(item), f"slot {slot.name}", "un slot du modèle, ou un nom en urn:")


@MESSAGE.rule("XDS-SLOTS")
def slot_values(filing: Filing) -> Iterator[Breach]:
    """A slot has a value, of 256 characters at most (ebRIM LongName)."""
    for where, slots in _slot_lists(filing):
        for slot in slots:
            if not slot.values or not any(slot.values):
                yield Breach(f"{where}, slot {slot.name}", "aucune valeur", "au moins une")
            for value in slot.values:
                if len(value) > 256:
                    yield Breach(
                        f"{where}, slot {slot.name}", f"une valeur de {len(value)} caractères", "256 au plus"
                    )


#: Standard slots whose name is a URN.
_NAMED_SLOTS = frozenset({"urn:ihe:iti:xds:2013:referenceIdList"})


@MESSAGE.rule("XDS-EXTRA-METADATA")
def extra_metadata(filing: Filing) -> Iterator[Breach]:
    """Off: kept and given back. Warn: dropped, and the answer says so. Refuse: the submission fails."""
    for item in filing.sent.objects:
        for name in extra_slots(item):
            yield Breach(label(item), f"slot {name}", "aucun slot supplémentaire")


def extra_slots(item: RegistryObject) -> tuple[str, ...]:
    """Names of the slots that no standard defines."""
    return tuple(
        slot.name for slot in item.slots if slot.name.startswith("urn:") and slot.name not in _NAMED_SLOTS
    )


_SLOTS = {
    "entry": frozenset(
        {
            "creationTime",
            "serviceStartTime",
            "serviceStopTime",
            "languageCode",
            "legalAuthenticator",
            "sourcePatientId",
            "sourcePatientInfo",
            "hash",
            "size",
            "repositoryUniqueId",
            "URI",
            "documentAvailability",
        }
    ),
    "set": frozenset({"submissionTime", "intendedRecipient"}),
}


def _slot_lists(filing: Filing) -> Iterator[tuple[str, tuple[Slot, ...]]]:
    item: RegistryObject | Association
    for item in filing.sent.objects:
        yield label(item), item.slots
        for classification in item.classifications:
            yield f"{label(item)}, classification {classification.id}", classification.slots
    for item in filing.sent.associations:
        yield f"association {item.id}", item.slots
