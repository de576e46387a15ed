"""`dmpcompat homologate`: application files, from their opening to a number, and what becomes of it later."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from commands import decisions, rooting
from commands.office import LANG, PLACE, Desk, acting, agency_only, told
from commands.options import EXISTING, FILE, shown
from protocol.errors import Lang, Text, UsageError
from reports.console import dump, tell


@click.group()
def homologate() -> None:
    """Application files: open, submit, review, issue a number, suspend, reinstate, withdraw, amend."""


@homologate.command("person")
@click.argument("name")
@click.option("--role", type=click.Choice(["editor", "reviewer"]), required=True)
@PLACE
@LANG
def person(name: str, role: str, place: Path | None, lang: Lang) -> int:
    """Give NAME a key of its own in this office."""
    with Desk(place) as desk:
        seal = desk.people.add(name, "editor" if role == "editor" else "reviewer")
        tell(lang, f"{name} ({role}) : clé {seal.keyid[:16]}…", f"{name} ({role}): key {seal.keyid[:16]}…")
        return rooting.followed(desk.office, f"{name} ({role})", lang)


@homologate.command("open")
@click.argument("name")
@click.argument("campaign", type=FILE)
@click.option(
    "--kind",
    type=click.Choice(["L", "E", "I"]),
    default="L",
    show_default=True,
    help="Software, connector, integrator.",
)
@click.option("--parent", default="", help="Reference of the connector that an integrator stands on.")
@acting
@LANG
def opening(
    name: str, campaign: Path, kind: str, parent: str, place: Path | None, who: str, reason: str, lang: Lang
) -> int:
    """Open the file NAME for the scope that CAMPAIGN declares."""
    from harness.campaign import load_campaign
    from reports.dossier.scope import facts_of

    with Desk(place) as desk:
        facts = facts_of(load_campaign(campaign).file, kind, parent)
        file = desk.dossier(name).open(desk.people.person(who), reason, facts)
    return told(file, lang)


@homologate.command("move")
@click.argument("name")
@click.argument("acts", metavar="ACT...", nargs=-1, required=True)
@acting
@LANG
def move(name: str, acts: tuple[str, ...], place: Path | None, who: str, reason: str, lang: Lang) -> int:
    """Make the ACT that moves the file NAME (`status` lists those that are possible); several, one after the other.

    Each is an act of its own. The first that a guard stops ends the command; those before it stand.
    """
    decisions.refuse_decisions(acts)
    with Desk(place) as desk:
        dossier, actor = desk.dossier(name), desk.people.person(who)
        for act in acts:
            told(dossier.move(act, actor, reason), lang)
    return 0


@homologate.command("submit")
@click.argument("name")
@click.argument("source", type=EXISTING, required=False)
@click.option(
    "--what",
    type=click.Choice(["convention", "results", "attestation", "change", "evidence"]),
    default="evidence",
    show_default=True,
)
@click.option("--build", help="Say instead that the product is now of this version.")
@click.option("--trust", type=FILE, help="Trust file of whoever signed the report.")
@click.option(
    "--test-driver", is_flag=True, help="Accept the built-in driver as the software: rehearsals only."
)
@acting
@LANG
def submit(
    name: str,
    source: Path | None,
    what: str,
    build: str | None,
    trust: Path | None,
    test_driver: bool,
    place: Path | None,
    who: str,
    reason: str,
    lang: Lang,
) -> int:
    """Put SOURCE into the file NAME: a run with its report (results, evidence), or a document."""
    from reports.dossier import lodging, planning

    with Desk(place) as desk:
        dossier, actor = desk.dossier(name), desk.people.person(who)
        if build is not None:
            return told(dossier.add("BUILD", actor, reason, {"version": build}), lang)
        if source is None:
            raise UsageError("DOSSIER-070", Text("que déposer ?", "what to submit?"), field="SOURCE")
        if what in ("results", "evidence"):
            facts = {**lodging.facts_of(source, trust, (actor.keyid,), strict=desk.official), "what": what}
            lodging.refuse_own_driver(facts, allowed=test_driver or what == "results")
            if what == "evidence":
                planning.refuse_other(desk.office.configuration, facts)
        else:
            facts = {"what": what, **lodging.document(source)}
        return told(dossier.add("PIECE", actor, reason, facts), lang)


@homologate.command("review")
@click.argument("name")
@click.option("--case", help="The case that it is about.")
@click.option(
    "--verdict",
    type=click.Choice(["PASS", "FAIL"]),
    help="Your own verdict on the case, beside the original.",
)
@click.option(
    "--override",
    type=click.Choice(["PASS", "FAIL"]),
    help="What counts instead of the original, which stays.",
)
@click.option("--anomaly", "requirement", help="Open an anomaly about this requirement.")
@click.option("--mended", help="Close this anomaly.")
@click.option(
    "--accept-na/--refuse-na", "accepted", default=None, help="The case does not apply, or it does."
)
@click.option("--approve", is_flag=True, help="Approve the file.")
@acting
@LANG
def review(
    name: str,
    case: str | None,
    verdict: str | None,
    override: str | None,
    requirement: str | None,
    mended: str | None,
    accepted: bool | None,
    approve: bool,
    place: Path | None,
    who: str,
    reason: str,
    lang: Lang,
) -> int:
    """Add what a reviewer says to the file NAME; the reason is the comment."""
    with Desk(place) as desk:
        dossier = desk.dossier(name)
        about = {"case": case or ""}
        chosen: list[tuple[str, dict[str, Any]]] = []
        if verdict:
            chosen.append(("VERDICT", {**about, "verdict": verdict}))
        if override:
            chosen.append(("OVERRIDE", {**about, "verdict": override}))
        if requirement:
            number = len(dossier.events())
            chosen.append(("ANOMALY", {**about, "id": f"A{number}", "requirement": requirement}))
        if mended:
            chosen.append(("MENDED", {"id": mended}))
        if accepted is not None:
            chosen.append(("ACCEPT_NA", {**about, "accepted": accepted}))
        if approve:
            chosen.append(("APPROVE", {}))
        if len(chosen) > 1:
            raise UsageError(
                "DOSSIER-071",
                Text("un seul avis à la fois", "one thing at a time"),
                found=" ".join(kind for kind, _ in chosen),
            )
        kind, facts = chosen[0] if chosen else ("COMMENT", about)
        return told(dossier.add(kind, desk.people.person(who), reason, facts), lang)


@homologate.command("dispute")
@click.argument("name")
@click.option("--case", required=True)
@click.option("--rule", required=True, help="The rule whose finding is disputed.")
@click.option("--exchange", required=True, help="Digest of the exchange that it judged.")
@acting
@LANG
def dispute(
    name: str, case: str, rule: str, exchange: str, place: Path | None, who: str, reason: str, lang: Lang
) -> int:
    """Contest a finding, as the vendor of the file NAME; the reason is the argument."""
    with Desk(place) as desk:
        dossier = desk.dossier(name)
        facts = {"id": f"D{len(dossier.events())}", "case": case, "rule": rule, "exchange": exchange}
        return told(dossier.add("DISPUTE", desk.people.person(who), reason, facts), lang)


@homologate.command("resolve")
@click.argument("name")
@click.argument("identifier")
@click.option("--outcome", type=click.Choice(["rule-changed", "refused"]), required=True)
@click.option("--rules", default="", help="Digest of the rules that settle it, when a rule changed.")
@acting
@LANG
def resolve(
    name: str,
    identifier: str,
    outcome: str,
    rules: str,
    place: Path | None,
    who: str,
    reason: str,
    lang: Lang,
) -> int:
    """Settle the dispute IDENTIFIER of the file NAME: a rule changes, or the refusal is logged."""
    from reports.dossier.disputes import settle

    agency_only(who)
    with Desk(place) as desk:
        return told(settle(desk.office, desk.dossier(name), identifier, outcome, rules, reason), lang)


@homologate.command("status")
@click.argument("name", required=False)
@PLACE
@shown
def status(name: str | None, place: Path | None, lang: Lang, as_json: bool) -> int:
    """Where the file NAME is, who is to act, which acts are possible and what stops the others; or list the files."""
    from reports.dossier import telling

    with Desk(place) as desk:
        if name is None:
            rows = [telling.line(desk.dossier(one)) for one in desk.names()]
            if as_json:
                dump(rows)
            for row in () if as_json else rows:
                tell(
                    lang, f"{row['dossier']}  {row['label']['fr']}", f"{row['dossier']}  {row['label']['en']}"
                )
            return 0
        told = telling.status(desk.dossier(name), desk.people)
    if as_json:
        dump(told)
    else:
        click.echo(telling.sentences(told, lang))
    return 0


for _command in (
    decisions.issue,
    decisions.suspend,
    decisions.reinstate,
    decisions.withdraw,
    decisions.notice,
    decisions.refuse,
    decisions.supersede,
    decisions.countersign,
    decisions.attested,
    decisions.bundled,
    decisions.regression,
    decisions.set_aside,
    decisions.amend,
):
    homologate.add_command(_command)
