"""Defects of the DMP's own services: lists (TD0.4, TD1.6), patient's internet account (TD1.5a to d)."""

from __future__ import annotations

from lxml import etree

from harness.drive.alterations import pick
from harness.drive.alterations.registry import alteration
from harness.drive.draft import Draft
from protocol import directory
from protocol.facts import PATIENTS

_LIST = ("TD0.4",)
_UPDATE = ("TD1.5b", "TD1.5c")
_CHANNEL = ("TD1.5a", *_UPDATE)


@alteration(
    "local-start-date",
    stage="payload",
    fr="startDate écrite avec des tirets au lieu de AAAAMMJJhhmmss",
    en="startDate written with dashes instead of YYYYMMDDhhmmss",
    on=_LIST,
)
def local_date(draft: Draft) -> None:
    pick.first(draft.tree("payload"), "pat:startDate").text = "2026-01-15 08:00"


@alteration(
    "day-out-of-calendar",
    stage="payload",
    fr="startDate qui n'existe pas au calendrier",
    en="startDate that the calendar does not have",
    on=_LIST,
)
def no_such_day(draft: Draft) -> None:
    pick.first(draft.tree("payload"), "pat:startDate").text = "20260230080000"


@alteration(
    "unknown-date-type",
    stage="payload",
    fr="dateType hors de l'énumération",
    en="dateType out of its enumeration",
    on=_LIST,
)
def unknown_date_type(draft: Draft) -> None:
    # The spelling that the interface does not have, and that everybody types.
    pick.first(draft.tree("payload"), "pat:dateType").text = "LASTAUTHORIZATION"


@alteration(
    "no-date-type", stage="payload", fr="startDate sans dateType", en="startDate without dateType", on=_LIST
)
def no_date_type(draft: Draft) -> None:
    pick.drop(pick.first(draft.tree("payload"), "pat:dateType"))


@alteration(
    "owner-of-another-structure",
    stage="params",
    fr="psOwnerId d'un professionnel d'une autre structure",
    en="psOwnerId of a professional of another structure",
    on=_LIST,
)
def foreign_owner(draft: Draft) -> None:
    own = draft.identity.structure.key
    draft.params["owner"] = next(
        one.ps_id
        for one in directory.professionals().values()
        if one.card == "CPS" and own not in one.structures
    )


@alteration(
    "unknown-channel-type",
    stage="payload",
    fr="type de canal hors de l'énumération",
    en="type of channel out of its enumeration",
    on=_CHANNEL,
)
def unknown_type(draft: Draft) -> None:
    pick.first(draft.tree("payload"), "pat:type").text = "FAX"


@alteration(
    "landline-channel",
    stage="payload",
    fr="numéro de téléphone fixe",
    en="number of a landline",
    on=_CHANNEL,
)
def landline(draft: Draft) -> None:
    _canal(draft, "0512345678")


@alteration(
    "short-channel", stage="payload", fr="numéro de neuf chiffres", en="number of nine digits", on=_CHANNEL
)
def short(draft: Draft) -> None:
    _canal(draft, "061234567")


@alteration(
    "international-channel",
    stage="payload",
    fr="numéro écrit avec l'indicatif +33",
    en="number written with the prefix +33",
    on=_CHANNEL,
)
def international(draft: Draft) -> None:
    _canal(draft, "+33612345678")


@alteration(
    "not-an-address",
    stage="payload",
    fr="adresse électronique sans domaine",
    en="electronic address without a domain",
    on=_CHANNEL,
)
def not_an_address(draft: Draft) -> None:
    pick.first(draft.tree("payload"), "pat:type").text = "EMAIL"
    _canal(draft, "patient@")


@alteration("no-channel", stage="payload", fr="canal absent", en="channel missing", on=_CHANNEL)
def no_channel(draft: Draft) -> None:
    pick.drop(pick.first(draft.tree("payload"), "pat:canal"))


@alteration(
    "two-channels", stage="payload", fr="deux canaux à la fois", en="two channels at once", on=_CHANNEL
)
def two_channels(draft: Draft) -> None:
    pick.first(draft.tree("payload"), "pat:canal").addnext(_element("canal", "0712345678"))


@alteration(
    "unknown-channel-action",
    stage="payload",
    fr="action sur un canal hors de l'énumération",
    en="action on a channel out of its enumeration",
    on=_UPDATE,
)
def unknown_action(draft: Draft) -> None:
    pick.first(draft.tree("payload"), "pat:action").text = "REMPLACEMENT"


@alteration(
    "credentials-sent",
    stage="payload",
    fr="identifiants du patient renvoyés dans la demande",
    en="credentials of the patient sent back in the request",
    on=("TD1.5d",),
)
def credentials_sent(draft: Draft) -> None:
    # What a software that kept the login (EX_1.5-1090) would be able to do.
    draft.tree("payload").append(_element("login", "ABCD2345"))


@alteration(
    "unknown-list-mode",
    stage="payload",
    fr="mode de liste hors de l'énumération",
    en="mode of the list out of its enumeration",
    on=("TD1.6",),
)
def unknown_mode(draft: Draft) -> None:
    pick.first(draft.tree("payload"), "hab:mode").text = "TOUTES"


def _canal(draft: Draft, value: str) -> None:
    pick.first(draft.tree("payload"), "pat:canal").text = value


def _element(name: str, text: str) -> etree._Element:
    element = etree.Element(f"{{{PATIENTS}}}{name}")
    element.text = text
    return element
