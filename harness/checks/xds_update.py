"""Rules of metadata updates (TD3.3a to TD3.3d): which operation, new versions, status changes, and no signature.

What sets and entries must carry anyway is in xds_submission, xds_objects, xds_entry and xds_codes. Which version
is the current one only the registry knows: it is the mock's to judge.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lxml import etree

from harness.checks.forms import is_urn_uuid
from harness.checks.judged import Judged
from harness.checks.rim import (
    UPDATES,
    VERSIONS,
    associations,
    codes,
    entries,
    sets,
    signature_entries,
    slot_values,
    targets,
)
from harness.checks.rule import Finding, check, failed, passed, verdict
from harness.checks.xpath import attribute, string
from protocol import facts
from protocol.errors import Text

XDS = "XDS-UPDATE"
STATUSES = ("TD3.3c", "TD3.3d")
#: (OriginalStatus, NewStatus) of each transaction.
MOVES: Final = {
    "TD3.3c": ((facts.APPROVED, facts.DELETED), (facts.ARCHIVED, facts.DELETED)),
    "TD3.3d": ((facts.APPROVED, facts.ARCHIVED), (facts.ARCHIVED, facts.APPROVED)),
}


@check(
    "UPD-OPERATION",
    on=UPDATES,
    side="request",
    group=XDS,
    clause="ITI TF, supplément Metadata Update §3.57 ; interface DMP, gestion des attributs",
    title=Text(
        "Le message porte l'opération de la transaction, et elle seule",
        "The message carries the operation of the transaction, and no other",
    ),
    mend=Text(
        "TD3.3a et b : une fiche avec lid ; TD3.3c et d : une association UpdateAvailabilityStatus",
        "TD3.3a and b: an entry with a lid; TD3.3c and d: an UpdateAvailabilityStatus association",
    ),
)
def operation(view: Judged) -> Iterator[Finding]:
    if view.payload is None:
        return
    versions, changes = len(entries(view)), len(targets(view, facts.UPDATE_STATUS))
    wanted = (
        (versions >= 1, changes == 0) if view.transaction.id in VERSIONS else (versions == 0, changes >= 1)
    )
    found = f"{versions} ExtrinsicObject, {changes} UpdateAvailabilityStatus"
    expected = "≥ 1, 0" if view.transaction.id in VERSIONS else "0, ≥ 1"
    yield verdict(all(wanted), view.at(view.payload), found, expected)
    for item in associations(view):
        kind = attribute(item, "associationType")
        allowed = (facts.HAS_MEMBER, facts.UPDATE_STATUS)
        yield verdict(kind in allowed, view.at(item) + "/@associationType", kind, " | ".join(allowed))


@check(
    "UPD-UNSIGNED",
    on=UPDATES,
    side="request",
    group=XDS,
    clause="interface DMP, gestion des attributs : lot non signé, sans document (exemples publics)",
    title=Text("Le lot n'a ni document ni signature", "The set has neither document nor signature"),
    mend=Text(
        "retirer la fiche de signature et les documents", "remove the signature entry and the documents"
    ),
    confidence="B",
)
def unsigned(view: Judged) -> Iterator[Finding]:
    if view.payload is None:
        return
    documents = view.in_payload("descendant-or-self::xds:Document")
    found = [*signature_entries(view), *targets(view, facts.SIGNS), *documents]
    for item in found:
        yield failed(view.at(item), etree.QName(item).localname, "absent")
    if not found:
        yield passed(view.at(view.payload))


@check(
    "UPD-LOGICAL-ID",
    on=VERSIONS,
    side="request",
    group=XDS,
    clause="ITI TF, supplément Metadata Update §3.57.4.1.3 ; interface DMP, nouvelle version",
    title=Text(
        "Une nouvelle version a un id neuf et l'identifiant logique du document",
        "A new version has a new id and the document's logical id",
    ),
    mend=Text(
        "lid = celui que TD3.1 rend ; id symbolique ou urn:uuid: neuf",
        "lid = the one that TD3.1 gives; id symbolic or a new urn:uuid:",
    ),
)
def logical_id(view: Judged) -> Iterator[Finding]:
    for item in entries(view):
        lid, own = attribute(item, "lid"), attribute(item, "id")
        yield verdict(is_urn_uuid(lid), view.at(item) + "/@lid", lid, "urn:uuid:")
        yield verdict(own not in ("", lid), view.at(item) + "/@id", own, f"≠ {lid}")


@check(
    "UPD-PREVIOUS-VERSION",
    on=VERSIONS,
    side="request",
    group=XDS,
    clause="ITI TF, supplément Metadata Update §3.57.4.1.3 : PreviousVersion",
    title=Text(
        "L'appartenance au lot dit la version que l'on remplace",
        "The membership tells the version superseded",
    ),
    mend=Text(
        "Slot PreviousVersion = VersionInfo de la fiche rendue par TD3.1",
        "slot PreviousVersion = VersionInfo of the entry given by TD3.1",
    ),
)
def previous_version(view: Judged) -> Iterator[Finding]:
    for entry in entries(view):
        for item in targets(view, facts.HAS_MEMBER):
            if attribute(item, "targetObject") != attribute(entry, "id"):
                continue
            said = slot_values(item, "PreviousVersion")
            good = len(said) == 1 and said[0].isascii() and said[0].isdigit() and int(said[0]) >= 1
            yield verdict(good, view.at(item) + "/PreviousVersion", " | ".join(said), "1, 2, 3…")


@check(
    "UPD-COPY",
    on=VERSIONS,
    side="request",
    group=XDS,
    clause="interface DMP, nouvelle version : métadonnées complètes de la version actuelle",
    title=Text(
        "La fiche reprend ce que le registre a rendu : dépôt, hash, size",
        "The entry takes up what the registry gave: repository, hash, size",
    ),
    mend=Text(
        "copier la fiche que TD3.1 rend, puis changer ses codes",
        "copy the entry of TD3.1, then change its codes",
    ),
    confidence="B",
    default="warning",
)
def copy(view: Judged) -> Iterator[Finding]:
    for item in entries(view):
        for name in ("repositoryUniqueId", "hash", "size"):
            found = slot_values(item, name)
            yield verdict(
                len(found) == 1 and bool(found[0]), f"{view.at(item)}/{name}", " | ".join(found), "1"
            )


@check(
    "UPD-CODES",
    on=VERSIONS,
    side="request",
    group=XDS,
    clause="interface DMP, codes de visibilité ; JDV_J58",
    title=Text(
        "La nouvelle version a N, puis chaque code de visibilité au plus une fois",
        "The new version has N, then each visibility code once at most",
    ),
    mend=Text(
        "ôter les codes de visibilité, puis mettre ceux qui restent",
        "drop the codes, then put those that stay",
    ),
)
def visibility(view: Judged) -> Iterator[Finding]:
    allowed = (facts.MASKED, facts.HIDDEN_FROM_PATIENT, facts.HIDDEN_FROM_REPRESENTATIVES)
    for item in entries(view):
        found = [code.code for code in codes(item, facts.DE_CONFIDENTIALITY)]
        good = (
            found[:1] == ["N"] and len(set(found)) == len(found) and all(one in allowed for one in found[1:])
        )
        yield verdict(
            good, view.at(item) + "/confidentialityCode", " | ".join(found), f"N [{' '.join(allowed)}]"
        )


@check(
    "UPD-STATUS",
    on=STATUSES,
    side="request",
    group=XDS,
    clause="interface DMP, changement de statut : OriginalStatus et NewStatus",
    title=Text(
        "Les deux statuts sont donnés, et le passage est celui de la transaction",
        "Both statuses are given, and the move is the transaction's",
    ),
    mend=Text(
        "TD3.3c : vers …:Deleted ; TD3.3d : Approved vers …:Archived, ou l'inverse",
        "TD3.3c: to …:Deleted; TD3.3d: Approved to …:Archived, or back",
    ),
)
def status(view: Judged) -> Iterator[Finding]:
    allowed = MOVES[view.transaction.id]
    for item in targets(view, facts.UPDATE_STATUS):
        told = slot_values(item, "OriginalStatus"), slot_values(item, "NewStatus")
        found = tuple(values[0] if len(values) == 1 else f"{len(values)}" for values in told)
        expected = " | ".join(f"{before} → {after}" for before, after in allowed)
        yield verdict(found in allowed, view.at(item), " → ".join(found), expected)


@check(
    "UPD-TARGET",
    on=STATUSES,
    side="request",
    group=XDS,
    clause="ITI TF, supplément Metadata Update §3.57 : source le lot, cible un entryUUID",
    title=Text(
        "Le changement de statut va du lot à l'entryUUID du document",
        "The status change goes from the set to the document's entryUUID",
    ),
    mend=Text("obtenir l'entryUUID par TD3.1", "get the entryUUID by TD3.1"),
)
def target(view: Judged) -> Iterator[Finding]:
    owners = {attribute(item, "id") for item in sets(view)}
    for item in targets(view, facts.UPDATE_STATUS):
        source, aimed = attribute(item, "sourceObject"), attribute(item, "targetObject")
        yield verdict(source in owners, view.at(item) + "/@sourceObject", source, " | ".join(sorted(owners)))
        yield verdict(is_urn_uuid(aimed), view.at(item) + "/@targetObject", aimed, "urn:uuid:")


@check(
    "UPD-ANSWER",
    on=UPDATES,
    side="response",
    group=XDS,
    clause="ITI TF, supplément Metadata Update §3.57.4.2 : RegistryResponse, tout ou rien",
    title=Text(
        "La réponse est un RegistryResponse, réussite ou échec",
        "The answer is a RegistryResponse, success or failure",
    ),
    mend=Text("rs:RegistryResponse, Success ou Failure", "rs:RegistryResponse, Success or Failure"),
)
def answer(view: Judged) -> Iterator[Finding]:
    if view.payload is None or view.fault is not None:
        return
    found = string(view.payload, "self::rs:RegistryResponse/@status")
    yield verdict(found in (facts.SUCCESS, facts.FAILURE), view.at(view.payload), found, "Success | Failure")
