"""The pages of the contextual access Web-PS: their names, and whether the address bears an INS.

Reads datasets/web-ps. Who may open which page, and what it shows, are for the mock; what an address must be, for
the oracle.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Final, Literal

from protocol.datafolders import folder
from protocol.errors import Text
from protocol.strictdata import Fields
from protocol.yamlread import read_yaml

Presence = Literal["none", "optional", "required"]

PREFIX: Final = "/AccesDirect/"
#: Transactions that open a page, and the mode of authentication of each.
TRANSACTIONS: Final = ("TD0.9", "TD0.10")


@dataclass(frozen=True)
class Page:
    """`ins`: whether the patient is in the address. `administrative`: an employee card (CPE) may open it."""

    name: str
    ins: Presence
    administrative: bool
    title: Text
    replaces: tuple[str, ...]


@cache
def pages() -> Mapping[str, Page]:
    """Pages by name, in order. Raises ToolError when the data set is wrong."""
    return MappingProxyType({one.name: one for one in _document().each("pages", _page, empty=False)})


@cache
def removed() -> frozenset[str]:
    """Names of the pages that are no longer served (creation of a DMP)."""
    return frozenset(_document().each("removed", lambda fields: fields.text("name")))


def _document() -> Fields:
    document = read_yaml(folder("datasets") / "web-ps" / "pages.yaml")
    return Fields(document.data, document)


def _page(fields: Fields) -> Page:
    read = Page(
        name=fields.text("name"),
        ins=fields.one_of("ins", ("none", "optional", "required")),
        administrative=fields.flag("administrative", False),
        title=fields.words("title"),
        replaces=fields.texts("replaces"),
    )
    fields.done()
    return read
