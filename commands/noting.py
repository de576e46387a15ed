"""`dmpcompat register rules` and `register lapse`: what the agency notes in the log without deciding anything."""

from __future__ import annotations

from pathlib import Path

import click

from commands.decisions import tell_entries
from commands.office import LANG, PLACE
from protocol.errors import Lang

_REASON = click.option("--reason", required=True, help="Why: kept in the register.")


@click.command("rules")
@_REASON
@PLACE
@LANG
def rules(reason: str, place: Path | None, lang: Lang) -> int:
    """Note by which rules campaigns are judged from now on: digest and version of those installed here."""
    from reports.register import noting
    from reports.register.opening import open_office

    office = open_office(place)
    receipt = noting.rules(office, reason)
    office.close()
    digest = str(receipt.entry.facts["digest"])[:16]
    tell_entries([receipt], f"règles {digest}…", f"rules {digest}…", lang)
    return 0


@click.command("lapse")
@_REASON
@PLACE
@LANG
def lapse(reason: str, place: Path | None, lang: Lang) -> int:
    """Note the homologations that ended on their day (`homologate issue --expires`); whoever stands on one is told."""
    from reports.register import noting
    from reports.register.opening import open_office

    office = open_office(place)
    receipts = noting.lapsed(office, reason)
    office.close()
    tell_entries(receipts, "expiration", "expiry", lang)
    return 0
