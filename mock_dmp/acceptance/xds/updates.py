"""A metadata update beside the registry: operations, versions, statuses, what may change, who may do it (ITI-57).

ITI TF supplement Metadata Update 3.57; TD3.3a to TD3.3d; rights matrices. Judged again inside the write
transaction: of two rivals the second sees the first. Attributes of the new version: `update_metadata`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from mock_dmp.acceptance.engine import Breach, Stage
from mock_dmp.acceptance.xds import links
from mock_dmp.acceptance.xds.filing import Filing, Known, RegistryFiling, label
from mock_dmp.rights import UPDATE_ROWS, Standing, is_author, is_of_structure
from mock_dmp.services.xds.changes import Changes, NewVersion, StatusChange
from mock_dmp.state.xds_objects import RegistryObject
from protocol import facts
from protocol.identifiers.uuids import is_urn_uuid


@dataclass(frozen=True)
class Updating:
    """One update to judge: the message, what it would change, and what the caller is to the patient."""

    filing: Filing
    changes: Changes
    known: Known
    who: Standing | None

    @property
    def beside(self) -> RegistryFiling:
        """For the rules that a submission shares."""
        return RegistryFiling(self.filing, self.known)


UPDATE: Stage[Updating] = Stage("xds-update")

_SERVED = frozenset({facts.HAS_MEMBER, facts.UPDATE_STATUS})
#: From a status, where one may go (documented operations; deleting is final).
_MOVES = {
    facts.APPROVED: frozenset({facts.ARCHIVED, facts.DELETED}),
    facts.ARCHIVED: frozenset({facts.APPROVED, facts.DELETED}),
}
_FIXED_SLOTS = ("hash", "size", "repositoryUniqueId")


@UPDATE.rule("UPDATE-OPERATION")
def one_set(update: Updating) -> Iterator[Breach]:
    """One submission set carries the operations (3.57.4.1.2)."""
    sent = update.filing.sent
    if len(sent.sets) != 1:
        yield Breach("RegistryObjectList", f"{len(sent.sets)} lot(s) de soumission", "exactement un")
    packages = {package.id for package in sent.sets}
    for change in update.changes.statuses:
        if packages and change.link.source not in packages:
            where = f"association {change.link.id}, sourceObject"
            yield Breach(where, change.link.source or "absent", "l'id du lot")


@UPDATE.rule("UPDATE-OPERATION")
def an_operation(update: Updating) -> Iterator[Breach]:
    """Something is asked."""
    changes, sent = update.changes, update.filing.sent
    other = changes.others or sent.folders or any(link.type not in _SERVED for link in sent.associations)
    if not changes.versions and not changes.statuses and not other:
        yield Breach(
            "RegistryObjectList",
            "aucune opération",
            "une fiche avec lid, ou une association UpdateAvailabilityStatus",
        )


@UPDATE.rule("UPDATE-SUPPORTED")
def supported(update: Updating) -> Iterator[Breach]:
    """What the interface documents, and nothing else of ITI-57."""
    sent = update.filing.sent
    for folder in (*sent.folders, *sent.unclassified):
        yield Breach(f"RegistryPackage {folder}", "un classeur ou un lot mis à jour", "une fiche de document")
    for link in sent.associations:
        if link.type not in _SERVED:
            yield Breach(
                f"association {link.id}, associationType", link.type, "HasMember ou UpdateAvailabilityStatus"
            )


@UPDATE.rule("UPDATE-UNSIGNED")
def unsigned(update: Updating) -> Iterator[Breach]:
    """Neither document nor signature: there are no bytes to sign."""
    for entry in update.changes.others:
        if entry.is_signature:
            yield Breach(label(entry), "un document de signature", "aucun : le lot n'est pas signé")
    for name in update.filing.sent.documents:
        yield Breach(f"xds:Document {name}", "un document", "aucun : seules les métadonnées changent")


@UPDATE.rule("UPDATE-LOGICAL-ID")
def logical_id(update: Updating) -> Iterator[Breach]:
    """A new version has a lid, and an id that is not the lid."""
    for entry in update.changes.others:
        if not entry.is_signature:
            yield Breach(label(entry, "lid"), "absent", "l'identifiant logique du document (TD3.1 le donne)")
    for change in update.changes.versions:
        if change.entry.id == change.entry.lid:
            yield Breach(label(change.entry, "id"), change.entry.id, "un id neuf, symbolique ou urn:uuid:")


@UPDATE.rule("UPDATE-LOGICAL-ID")
def once(update: Updating) -> Iterator[Breach]:
    """One document changes once in a message."""
    touched = [change.entry.lid for change in update.changes.versions]
    touched += [change.target.lid for change in update.changes.statuses if change.target is not None]
    for lid, count in Counter(touched).items():
        if count > 1:
            yield Breach(f"lid {lid}", f"{count} opérations", "une par document")


@UPDATE.rule("UPDATE-VERSION")
def version(update: Updating) -> Iterator[Breach]:
    """The document is there, and PreviousVersion says its version as it is now."""
    for change in update.changes.versions:
        where = label(change.entry, "lid")
        if change.current is None:
            yield Breach(where, change.entry.lid, "l'identifiant logique d'un document enregistré")
            continue
        told, now = change.previous, str(change.current.version)
        if told != (now,):
            found = ", ".join(told) or "absent"
            yield Breach(f"{label(change.entry)}, HasMember, slot PreviousVersion", found, now)


@UPDATE.rule("UPDATE-PREVIOUS-APPROVED")
def previous_approved(update: Updating) -> Iterator[Breach]:
    """A document replaced, archived or deleted takes no new version."""
    for change, current in _known(update):
        if current.status != facts.APPROVED:
            yield Breach(label(change.entry), _short(current.status), "une version actuelle Approved")


@UPDATE.rule("UPDATE-IMMUTABLE")
def immutable(update: Updating) -> Iterator[Breach]:
    """What identifies the document and its bytes; what the sender leaves out, the registry keeps."""
    for change, current in _known(update):
        entry = change.entry
        pairs = [
            ("uniqueId", entry.unique_id, current.unique_id),
            ("objectType", entry.object_type, current.object_type),
            ("mimeType", entry.mime_type, current.mime_type),
            *((name, entry.slot(name), current.slot(name)) for name in _FIXED_SLOTS if entry.slot(name)),
        ]
        for name, found, kept in pairs:
            if found.lower() != kept.lower():
                yield Breach(label(entry, name), found or "absent", kept)


@UPDATE.rule("UPDATE-PATIENT")
def patient(update: Updating) -> Iterator[Breach]:
    """The patient of the document does not change, and is that of the call."""
    key = update.filing.patient.key if update.filing.patient else ""
    for change, current in _known(update):
        if change.patient != key or change.entry.patient_id.split("^")[0] != current.patient_id.split("^")[0]:
            yield Breach(label(change.entry, "patientId"), change.entry.patient_id, "le patient du document")
    for status in update.changes.statuses:
        if status.target is not None and status.patient != key:
            where = f"association {status.link.id}, targetObject"
            yield Breach(where, status.link.target, "un document du patient du VIHF")


@UPDATE.rule("UPDATE-ONLY-VISIBILITY")
def only_visibility(update: Updating) -> Iterator[Breach]:
    """The rest of the metadata comes back as the registry gave it."""
    for change, current in _known(update):
        for name, found, kept in _compared(change.entry, current):
            if found != kept:
                yield Breach(label(change.entry, name), " | ".join(found) or "absent", " | ".join(kept))


@UPDATE.rule("UPDATE-VISIBILITY")
def never_hidden(update: Updating) -> Iterator[Breach]:
    """Hiding from the patient or its representatives belongs to feeding (EX_2.1-1050, EX_3.3-1045)."""
    for change, current in _known(update):
        if "hide" in change.operations:
            added = ", ".join(sorted(change.entry.visibility - current.visibility))
            yield Breach(label(change.entry, "confidentialityCode"), f"{added} ajouté", "aucun ajout")


@UPDATE.rule("UPDATE-NO-CHANGE")
def a_change(update: Updating) -> Iterator[Breach]:
    """A new version that says the same."""
    for change, current in _known(update):
        same = all(found == kept for _, found, kept in _compared(change.entry, current))
        if same and change.entry.visibility == current.visibility:
            yield Breach(label(change.entry), "aucun changement", "un code de visibilité différent")


@UPDATE.rule("UPDATE-TARGET")
def target(update: Updating) -> Iterator[Breach]:
    """The entryUUID of a document."""
    for change in update.changes.statuses:
        if change.target is None:
            found = change.link.target or "absent"
            if not is_urn_uuid(found.lower()):
                found += " (ce n'est pas un entryUUID)"
            yield Breach(
                f"association {change.link.id}, targetObject",
                found,
                "l'entryUUID de la version actuelle d'un document (TD3.1 le donne)",
            )


@UPDATE.rule("UPDATE-STATUS")
def latest(update: Updating) -> Iterator[Breach]:
    """The status of an older version says nothing any more."""
    for change in update.changes.statuses:
        if change.target is not None and change.latest is not None and change.target.id != change.latest.id:
            yield Breach(
                f"association {change.link.id}, targetObject",
                f"{change.target.id}, version {change.target.version}",
                f"la dernière version ({change.latest.version})",
            )


@UPDATE.rule("UPDATE-STATUS")
def status_slots(update: Updating) -> Iterator[Breach]:
    """Both slots are there, OriginalStatus is true, and the move is one of the interface's."""
    for change in update.changes.statuses:
        yield from _one_value(change, "OriginalStatus", change.original)
        yield from _one_value(change, "NewStatus", change.new)
        if change.target is None or len(change.original) != 1 or len(change.new) != 1:
            continue
        where, now = f"association {change.link.id}", change.target.status
        if change.original[0] != now:
            yield Breach(f"{where}, OriginalStatus", change.original[0], now)
        elif change.new[0] not in _MOVES.get(now, frozenset()):
            allowed = ", ".join(sorted(map(_short, _MOVES.get(now, ())))) or "aucun"
            yield Breach(f"{where}, NewStatus (depuis {_short(now)})", change.new[0], allowed)


@UPDATE.rule("UPDATE-RIGHTS")
def rights(update: Updating) -> Iterator[Breach]:
    """Each operation, on its document: matrix, access mode, notes 6, 8, 9 and the star."""
    who = update.who
    if who is None:
        return
    for change, document in _documents(update):
        for operation in change.operations:
            row = UPDATE_ROWS.get(operation)
            if row is not None and not who.may(row, document, update.filing.settings):
                yield Breach(
                    label(document),
                    f"{row}, colonne {who.column}, mode {who.caller.access}",
                    "un droit de la matrice sur ce document",
                )


@UPDATE.rule("UPDATE-AUTHOR")
def author(update: Updating) -> Iterator[Breach]:
    """The set is of who acts (EX_2.1-1140)."""
    caller = update.filing.caller
    for package in update.filing.sent.sets:
        if not is_author(package, caller) and not (
            caller.mode != "DIRECTE" and is_of_structure(package, caller)
        ):
            found = ", ".join(package.author_values("authorPerson")) or "absent"
            yield Breach(label(package, "authorPerson"), found, caller.ps_id)


@UPDATE.rule("XDS-STRUCTURE")
def ids_free(update: Updating) -> Iterator[Breach]:
    """Ids given by the sender are new; a version that bears its lid was told above."""
    lids = {change.entry.lid for change in update.changes.versions}
    for breach in links.uuid_free(update.beside):
        if not any(breach.where.endswith(lid) for lid in lids):
            yield breach


@UPDATE.rule("XDS-DUPLICATE-SET")
def set_free(update: Updating) -> Iterator[Breach]:
    """The uniqueId of a set is used once."""
    yield from links.set_unique_id_free(update.beside)


def _known(update: Updating) -> Iterator[tuple[NewVersion, RegistryObject]]:
    for change in update.changes.versions:
        if change.current is not None:
            yield change, change.current


def _documents(update: Updating) -> Iterator[tuple[NewVersion | StatusChange, RegistryObject]]:
    for change in update.changes.all:
        if change.about is not None:
            yield change, change.about


def _one_value(change: StatusChange, name: str, values: tuple[str, ...]) -> Iterator[Breach]:
    if len(values) != 1:
        yield Breach(
            f"association {change.link.id}, slot {name}", f"{len(values)} valeur(s)", "une : un statut"
        )


def _compared(
    entry: RegistryObject, current: RegistryObject
) -> Iterator[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    """Attribute, as sent, as registered: everything but visibility and what is told elsewhere."""
    names = dict.fromkeys(slot.name for item in (current, entry) for slot in item.slots)
    for name in names:
        if name not in _FIXED_SLOTS:
            yield name, entry.values(name), current.values(name)
    yield "title", _labels(entry), _labels(current)
    for scheme in dict.fromkeys(part.scheme for item in (current, entry) for part in item.classifications):
        if scheme != facts.DE_CONFIDENTIALITY:
            yield f"classification {scheme}", _codes(entry, scheme), _codes(current, scheme)


def _labels(item: RegistryObject) -> tuple[str, ...]:
    return tuple(part.value for part in (*item.name, *item.description))


def _codes(item: RegistryObject, scheme: str) -> tuple[str, ...]:
    """Codes with their systems, authors by their slots, in no particular order."""
    return tuple(
        sorted(
            " ".join((part.code, *sorted(value for slot in part.slots for value in slot.values)))
            for part in item.classified(scheme)
        )
    )


def _short(status: str) -> str:
    return status.rpartition(":")[2]
