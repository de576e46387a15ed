"""Defects of metadata updates (TD3.3a to TD3.3d): versions, identifiers, statuses, what the set must not hold."""

from __future__ import annotations

from lxml import etree

from harness.drive.alterations import pick
from harness.drive.alterations.registry import alteration
from harness.drive.draft import Draft
from protocol import facts, safexml

_VERSIONS = ("TD3.3a", "TD3.3b")
_STATUSES = ("TD3.3c", "TD3.3d")
_UPDATES = (*_VERSIONS, *_STATUSES)
_ENTRY = ".//rim:ExtrinsicObject"
_MEMBER = f".//rim:Association[@associationType='{facts.HAS_MEMBER}']"
_CHANGE = f".//rim:Association[@associationType='{facts.UPDATE_STATUS}']"


@alteration(
    "stale-previous-version",
    stage="payload",
    fr="nouvelle version bâtie sur une version qui n'est pas la dernière",
    en="new version made from one that is not the latest",
    on=_VERSIONS,
)
def stale(draft: Draft) -> None:
    _slot(draft, _MEMBER, "PreviousVersion").text = "99"


@alteration(
    "no-previous-version",
    stage="payload",
    fr="nouvelle version sans PreviousVersion",
    en="new version without PreviousVersion",
    on=_VERSIONS,
)
def no_previous(draft: Draft) -> None:
    pick.drop(pick.first(draft.tree("payload"), f"{_MEMBER}/rim:Slot[@name='PreviousVersion']"))


@alteration(
    "unknown-logical-id",
    stage="payload",
    fr="identifiant logique d'aucun document",
    en="logical id of no document",
    on=_VERSIONS,
)
def unknown_logical_id(draft: Draft) -> None:
    pick.first(draft.tree("payload"), _ENTRY).set("lid", f"urn:uuid:{draft.ids.uuid()}")


@alteration(
    "no-logical-id",
    stage="payload",
    fr="nouvelle version sans identifiant logique",
    en="new version without a logical id",
    on=_VERSIONS,
)
def no_logical_id(draft: Draft) -> None:
    pick.first(draft.tree("payload"), _ENTRY).attrib.pop("lid")


@alteration(
    "other-unique-id",
    stage="payload",
    fr="nouvelle version d'un autre uniqueId",
    en="new version with another uniqueId",
    on=_VERSIONS,
)
def other_unique_id(draft: Draft) -> None:
    path = f"{_ENTRY}/rim:ExternalIdentifier[@identificationScheme='{facts.DE_UNIQUE_ID}']"
    pick.first(draft.tree("payload"), path).set("value", draft.ids.oid(draft.lps.oid_root))


@alteration(
    "other-title",
    stage="payload",
    fr="nouvelle version d'un autre titre",
    en="new version with another title",
    on=_VERSIONS,
)
def other_title(draft: Draft) -> None:
    pick.first(draft.tree("payload"), f"{_ENTRY}/rim:Name/rim:LocalizedString").set("value", "Autre titre")


@alteration(
    "without-hash",
    stage="payload",
    fr="nouvelle version sans hash, size ni dépôt",
    en="new version without hash, size or repository",
    on=_VERSIONS,
)
def without_hash(draft: Draft) -> None:
    names = "@name='hash' or @name='size' or @name='repositoryUniqueId'"
    for slot in safexml.xpath(draft.tree("payload"), f"{_ENTRY}/rim:Slot[{names}]"):
        pick.drop(slot)


@alteration(
    "visibility-twice",
    stage="payload",
    fr="nouvelle version dont un code de confidentialité est écrit deux fois",
    en="new version that writes a confidentiality code twice",
    on=_VERSIONS,
)
def visibility_twice(draft: Draft) -> None:
    path = f"{_ENTRY}/rim:Classification[@classificationScheme='{facts.DE_CONFIDENTIALITY}']"
    first = pick.first(draft.tree("payload"), path)
    again = etree.fromstring(etree.tostring(first, with_tail=False))
    again.set("id", "cl99")
    first.addnext(again)


@alteration(
    "wrong-original-status",
    stage="payload",
    fr="OriginalStatus qui n'est pas le statut du document",
    en="OriginalStatus that is not the document's status",
    on=_STATUSES,
)
def wrong_original(draft: Draft) -> None:
    _slot(draft, _CHANGE, "OriginalStatus").text = facts.DEPRECATED


@alteration(
    "unknown-new-status",
    stage="payload",
    fr="NewStatus inconnu",
    en="unknown NewStatus",
    on=_STATUSES,
)
def unknown_new(draft: Draft) -> None:
    _slot(draft, _CHANGE, "NewStatus").text = "Archive"


@alteration(
    "no-original-status",
    stage="payload",
    fr="changement de statut sans OriginalStatus",
    en="status change without OriginalStatus",
    on=_STATUSES,
)
def no_original(draft: Draft) -> None:
    pick.drop(pick.first(draft.tree("payload"), f"{_CHANGE}/rim:Slot[@name='OriginalStatus']"))


@alteration(
    "unknown-target",
    stage="payload",
    fr="changement de statut d'un document inconnu",
    en="status change of an unknown document",
    on=_STATUSES,
)
def unknown_target(draft: Draft) -> None:
    pick.first(draft.tree("payload"), _CHANGE).set("targetObject", f"urn:uuid:{draft.ids.uuid()}")


@alteration(
    "unique-id-as-target",
    stage="payload",
    fr="uniqueId à la place de l'entryUUID",
    en="uniqueId in the place of the entryUUID",
    on=_STATUSES,
)
def unique_id_target(draft: Draft) -> None:
    pick.first(draft.tree("payload"), _CHANGE).set("targetObject", draft.ids.oid())


@alteration(
    "update-without-operation",
    stage="payload",
    fr="mise à jour qui ne demande rien",
    en="update that asks for nothing",
    on=_UPDATES,
)
def nothing(draft: Draft) -> None:
    for node in safexml.xpath(draft.tree("payload"), ".//rim:ExtrinsicObject | .//rim:Association"):
        pick.drop(node)


@alteration(
    "update-without-set",
    stage="payload",
    fr="mise à jour sans lot de soumission",
    en="update without a submission set",
    on=_UPDATES,
)
def without_set(draft: Draft) -> None:
    pick.drop(pick.first(draft.tree("payload"), ".//rim:RegistryPackage"))


@alteration(
    "update-signed",
    stage="payload",
    fr="mise à jour dont une association signe le lot",
    en="update whose set is signed by an association",
    on=_UPDATES,
)
def signed(draft: Draft) -> None:
    listing = pick.first(draft.tree("payload"), ".//rim:RegistryObjectList")
    link = etree.SubElement(listing, f"{{{facts.RIM}}}Association")
    package = pick.first(listing, "rim:RegistryPackage").get("id", "")
    for name, value in (
        ("id", "as99"),
        ("associationType", facts.SIGNS),
        ("sourceObject", package),
        ("targetObject", package),
    ):
        link.set(name, value)


def _slot(draft: Draft, path: str, name: str) -> etree._Element:
    return pick.first(draft.tree("payload"), f"{path}/rim:Slot[@name='{name}']/rim:ValueList/rim:Value")
