"""What a campaign declares of a product beside its profiles: options, edition of the guide, family of products.

Each is checked against data, so that a wrong word is told before anything runs. Which cases apply is `harness.scope`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final

from pydantic import Field

from harness.problems import Problems
from harness.wording import Model
from protocol.datafolders import folder
from protocol.errors import Text
from protocol.requirements import GUIDES
from protocol.strictdata import Fields
from protocol.yamlread import read_yaml

_OPTION: Final = Text("option", "option")


class Product(Model):
    """One product of a family: the name and version that its VIHF says, and what tells its builds apart."""

    name: str = Field(min_length=1, max_length=200)
    version: str = Field(min_length=1, max_length=200)
    technical_version: str = ""
    nil: str = Field(default="", description="identification number of the software, given by the authority")
    os: str = Field(default="", max_length=200, description="system on which it was tested")


class Family(Model):
    """The family of products that one application is about; the number is that of the family."""

    name: str = Field(min_length=1, max_length=200)
    products: list[Product] = Field(min_length=1)


@cache
def options() -> Mapping[str, Text]:
    """Options that a campaign may declare. Raises ToolError when the data set is wrong."""
    document = read_yaml(folder("datasets") / "campaign" / "options.yaml")
    fields = Fields(document.data, document)
    fields.text("source")
    fields.text("confidence")
    found = dict(fields.each("options", _option, empty=False))
    fields.done()
    return found


def _option(fields: Fields) -> tuple[str, Text]:
    read = fields.text("id"), fields.words("text")
    fields.done()
    return read


def check_declared(
    declared: Sequence[str],
    guide: str,
    family: Family | None,
    software: tuple[str, str],
    problems: Problems,
) -> None:
    """Unknown options and edition of the guide, products given twice, a software that its family lacks."""
    for index, option in enumerate(declared):
        if option not in options():
            problems.unknown("013", _OPTION, ("options", index), option, frozenset(options()))
    if guide and guide not in GUIDES:
        what = Text("édition du guide", "edition of the guide")
        problems.unknown("014", what, ("guide",), guide, frozenset(GUIDES))
    if family is not None:
        _check_family(family, software, problems)


def _check_family(family: Family, software: tuple[str, str], problems: Problems) -> None:
    known = [(product.name, product.version) for product in family.products]
    for index, one in enumerate(known):
        if known.index(one) != index:
            text = Text("produit en double dans la famille", "product given twice in the family")
            problems.add("033", text, ("family", "products", index), found=" ".join(one))
    if software not in known:
        problems.add(
            "034",
            Text("le logiciel essayé n'est pas de la famille", "the tested software is not of the family"),
            ("software", "name"),
            found=" ".join(software),
            expected=", ".join(" ".join(one) for one in known),
            mend=Text("l'ajouter à family.products", "add it to family.products"),
        )
