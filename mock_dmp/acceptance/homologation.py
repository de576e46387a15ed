"""Stage homologation: the number that every flow carries is there, known, of this product, and in force.

Compared exactly (no trim, no case folding) and never shown: it is the vendor's secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from mock_dmp.acceptance.demand import HOMOLOGATION, Demand
from mock_dmp.acceptance.engine import Breach
from protocol.directory import Product

_WHERE = "attribut LPS_ID_HOMOLOGATION_DMP"
#: Shown instead of the number.
_MASKED = "(numéro masqué)"
#: End of a number that was given for tests.
_TEMPORARY: Final = re.compile(r"-tmp[0-9]+\Z")


@HOMOLOGATION.rule("HN-ABSENT")
def absent(demand: Demand) -> Iterator[Breach]:
    """Every flow carries a number."""
    if not demand.vihf.wire_number:
        yield Breach(_WHERE, "absent", "le numéro d'homologation du logiciel")


@HOMOLOGATION.rule("HN-UNKNOWN")
def unknown(demand: Demand) -> Iterator[Breach]:
    """The platform knows it."""
    if demand.vihf.wire_number and demand.number is None:
        yield Breach(_WHERE, _MASKED, "un numéro connu de la plateforme")


@HOMOLOGATION.rule("HN-UNLISTED")
def unlisted(demand: Demand) -> Iterator[Breach]:
    """The status list names it; off by default: test numbers are in no list."""
    value = demand.vihf.wire_number
    if value and demand.listing is not None and demand.listing.of(value) is None:
        yield Breach(_WHERE, _MASKED, "un numéro de la liste de statuts")


@HOMOLOGATION.rule("HN-TEMPORARY")
def temporary(demand: Demand) -> Iterator[Breach]:
    """It is definitive; a temporary one (`-tmpN`) is for a test environment, off by default."""
    if _TEMPORARY.search(demand.vihf.wire_number):
        yield Breach(_WHERE, "numéro provisoire (-tmp)", "un numéro définitif")


@HOMOLOGATION.rule("HN-FAMILY")
def family(demand: Demand) -> Iterator[Breach]:
    """LPS_Nom is a product of the number's family (EX_GEN-1490)."""
    if demand.number is not None and _product(demand) is None:
        yield Breach("attribut LPS_Nom", demand.vihf.lps_name, "un produit de la famille homologuée")


@HOMOLOGATION.rule("HN-SUSPENDED")
def suspended(demand: Demand) -> Iterator[Breach]:
    """The homologation is not suspended."""
    if demand.number is not None and demand.number.status == "suspended":
        yield Breach(_WHERE, "homologation suspendue", "une homologation en vigueur")


@HOMOLOGATION.rule("HN-REVOKED")
def revoked(demand: Demand) -> Iterator[Breach]:
    """The homologation is not withdrawn."""
    if demand.number is not None and demand.number.status == "revoked":
        yield Breach(_WHERE, "homologation retirée", "une homologation en vigueur")


@HOMOLOGATION.rule("HN-STALE")
def stale(demand: Demand) -> Iterator[Breach]:
    """The status list that the platform was given is still news."""
    if demand.listing is not None and demand.listing.stale(demand.now):
        yield Breach("liste de statuts du registre", "périmée", "une liste dont nextUpdate n'est pas passé")


@HOMOLOGATION.rule("HN-PROFILE")
def profile(demand: Demand) -> Iterator[Breach]:
    """It covers a profile of the transaction; inferred, off by default."""
    wanted = demand.call.transaction.profiles
    if demand.number is None or not wanted or set(wanted) & set(demand.number.profiles):
        return
    yield Breach(
        f"transaction {demand.call.transaction.id}",
        f"profils homologués : {', '.join(demand.number.profiles)}",
        ", ".join(wanted),
    )


@HOMOLOGATION.rule("HN-VERSION")
def version(demand: Demand) -> Iterator[Breach]:
    """LPS_Version is one that was declared (EX_GEN-1180)."""
    product = _product(demand)
    if product is not None and demand.vihf.lps_version not in product.versions:
        yield Breach("attribut LPS_Version", demand.vihf.lps_version, ", ".join(product.versions))


def _product(demand: Demand) -> Product | None:
    if demand.number is None:
        return None
    return next((item for item in demand.number.products if item.name == demand.vihf.lps_name), None)
