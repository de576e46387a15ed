"""`dmpcompat register trust`: the keys to believe, since when and until when; each change is in the register."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from commands import rooting
from commands.office import LANG, PLACE, moment_of
from commands.options import FILE, shown
from protocol.errors import Lang
from reports.console import dump, tell


@click.group()
def trust() -> None:
    """The trust file of the register: its keys, the root that signs it."""


@trust.command("add")
@click.argument("key", type=FILE)
@click.option(
    "--role",
    type=click.Choice(["root", "seal", "reviewer", "editor", "log", "status", "witness"]),
    required=True,
)
@click.option("--name", required=True, help="Who holds it.")
@click.option("--from", "begins", help="Since when it may sign (2026-01-31T12:00:00Z); now by default.")
@click.option("--until", help="Until when.")
@click.option("--replaces", default="", help="Id of the key that it takes over from.")
@click.option(
    "--overlap",
    type=click.IntRange(0, 400),
    default=90,
    show_default=True,
    help="Days that both are in force.",
)
@click.option("--reason", required=True, help="Why: kept in the register.")
@PLACE
@LANG
def add(
    key: Path,
    role: str,
    name: str,
    begins: str | None,
    until: str | None,
    replaces: str,
    overlap: int,
    reason: str,
    place: Path | None,
    lang: Lang,
) -> int:
    """Add the KEY of a PEM file (P-256, or Ed25519 for a log)."""
    from reports.register import trusting
    from reports.register.opening import open_office

    office = open_office(place)
    made = trusting.described(
        key,
        role,
        name,
        (office.configuration.issuer,),
        moment_of(begins, 0),
        moment_of(until, 0) if until else None,
    )
    receipt = trusting.add(office, made, reason, replaces=replaces, overlap_days=overlap)
    tell(lang, f"clé {made.keyid[:16]}… ({role})", f"key {made.keyid[:16]}… ({role})")
    rooting.told(office, receipt, lang)
    office.close()
    return 0


@trust.command("distrust")
@click.argument("keyid")
@click.option("--after", help="Moment after which nothing that it signed counts; now by default.")
@click.option("--reason", required=True, help="Why: kept in the register.")
@PLACE
@LANG
def distrust(keyid: str, after: str | None, reason: str, place: Path | None, lang: Lang) -> int:
    """Distrust the key KEYID (its first letters): what was stamped and logged before stays valid."""
    from reports.register import trusting
    from reports.register.opening import open_office

    office = open_office(place)
    known = trusting.one_of(trusting.trusted(office), keyid)
    receipt = trusting.distrust(office, known, moment_of(after, 0) if after else datetime.now(UTC), reason)
    tell(lang, f"clé {known[:16]}… révoquée", f"key {known[:16]}… distrusted")
    rooting.told(office, receipt, lang)
    office.close()
    if known == office.seal.keyid:
        tell(
            lang,
            "ATTENTION : c'est le cachet de ce registre ; plus rien ne peut être signé avant d'en configurer un autre",
            "BEWARE: it is the seal of this register; nothing can be signed before another one is configured",
        )
    return 0


@trust.command("list")
@PLACE
@shown
def listing(place: Path | None, lang: Lang, as_json: bool) -> int:
    """The keys to believe."""
    from protocol.trust import stamp
    from reports.register import trusting
    from reports.register.opening import open_office

    office = open_office(place)
    trusting.settle(office)
    keys = list(trusting.trusted(office).values())
    rooted = rooting.described(office)
    office.close()
    if as_json:
        dump(
            [
                {
                    "keyid": one.keyid,
                    "role": one.role,
                    "name": one.name,
                    "algorithm": one.algorithm,
                    "notBefore": stamp(one.not_before),
                    "notAfter": stamp(one.not_after) if one.not_after else None,
                    "distrustAfter": stamp(one.distrust_after) if one.distrust_after else None,
                }
                for one in keys
            ]
        )
    for one in () if as_json else keys:
        dates = f"{stamp(one.not_before)} → {stamp(one.not_after) if one.not_after else '…'}"
        line = f"{one.keyid[:16]}  {one.role:8}  {dates}  {one.name}"
        french = english = ""
        if one.distrust_after:
            french, english = (
                f"  {word} {stamp(one.distrust_after)}" for word in ("révoquée après", "distrusted after")
            )
        tell(lang, line + french, line + english)
    for text in () if as_json else rooted:
        tell(lang, *text)
    return 0


for _command in (rooting.root_key, rooting.root, rooting.renew, rooting.sign, rooting.publish):
    trust.add_command(_command)
