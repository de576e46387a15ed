"""`dmpcompat plan`: what a plan holds and applies to, whether it is sound, frozen, proved."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from commands.options import ANY_PATH, FILE, shown
from protocol.errors import Lang, PlanError, Text
from reports.console import dump, tell

if TYPE_CHECKING:
    from harness.plan import LoadedPlan
    from harness.plans.lint import Remark
    from harness.plans.prove import CaseProof

Format = Literal["text", "json", "sarif"]


@click.group()
def plan() -> None:
    """Plans: scope of a campaign and its lock, lint, proof by paired self-play."""


@plan.command()
@click.argument("campaign", type=ANY_PATH)
@click.option(
    "--observe", is_flag=True, help="With a software that is observed: leave out what it can't be asked."
)
@click.option(
    "--state", "states", multiple=True, help="States to show: included, excluded, not-applicable, inherited."
)
@shown
def scope(campaign: Path, observe: bool, states: tuple[str, ...], lang: Lang, as_json: bool) -> int:
    """Tell in a sentence why each case applies to a CAMPAIGN or not. Runs nothing."""
    from collections import Counter
    from datetime import UTC, datetime

    from harness.campaign import load_campaign
    from harness.inheritance import inherited
    from harness.observe.scope import observable
    from harness.plans.explaining import sentence, to_plain
    from harness.scope import scope as scoping
    from protocol import transactions
    from reports.inheriting import prove

    loaded = load_campaign(campaign)
    heritage = inherited(loaded, prove, datetime.now(UTC), observed=observe)
    found = scoping(loaded, transactions.load(), heritage=heritage)
    if observe:
        found = observable(found, staged=True)
    kept = [one for one in found if not states or one.state in states]
    if as_json:
        dump(to_plain(kept))
        return 0
    for one in kept:
        click.echo(sentence(one).to(lang))
    counts = ", ".join(
        f"{state} {count}" for state, count in sorted(Counter(one.state for one in found).items())
    )
    tell(lang, f"{len(found)} cas : {counts}", f"{len(found)} cases: {counts}")
    return 0


@plan.command()
@click.argument("campaign", type=ANY_PATH)
@click.option("--check", is_flag=True, help="Write nothing: say whether the lock that is there still holds.")
@shown
def lock(campaign: Path, check: bool, lang: Lang, as_json: bool) -> int:
    """Freeze the scope of a CAMPAIGN beside it, with digests. A run then refuses any drift. 66 when it drifted."""
    from harness.campaign import load_campaign
    from harness.plans import lock as locking

    loaded = load_campaign(campaign)
    if check:
        digest = locking.honour(loaded, required=True)
        if as_json:
            dump({"lock": str(locking.place_of(campaign)), "sha256": digest, "holds": True})
        else:
            tell(lang, "Le verrou tient.", "The lock holds.")
        return 0
    place, told = locking.write(loaded)
    if as_json:
        dump({"lock": str(place), **told})
        return 0
    played = sum(one["state"] == "included" for one in told["cases"])
    tell(
        lang,
        f"{place} : {played} cas joués sur {len(told['cases'])}, plan {told['plan']['sha256'][:16]}",
        f"{place}: {played} cases played of {len(told['cases'])}, plan {told['plan']['sha256'][:16]}",
    )
    return 0


@plan.command()
@click.argument("plan_file", metavar="PLAN", type=ANY_PATH, required=False)
@click.option("--format", "form", type=click.Choice(["text", "json", "sarif"]), default="text")
@click.option("--rule", "rules", multiple=True, help="Codes of rules to apply; may be repeated.")
@click.option("--strict", is_flag=True, help="Leave with 1 for a warning too.")
@shown
def lint(
    plan_file: Path | None, form: Format, rules: tuple[str, ...], strict: bool, lang: Lang, as_json: bool
) -> int:
    """Lint a PLAN (the shipped one): what would not test what it says. 0 sound, 1 errors, 66 unreadable."""
    from harness.plans.lint import Subject
    from harness.plans.lint import lint as linted
    from harness.plans.places import places
    from harness.plans.prove import load_proof, place_of

    path, loaded = _loaded(plan_file)
    kept = place_of(path)
    proof = load_proof(kept, loaded) if kept.is_file() else None
    remarks = linted(Subject(loaded, places(path), proof), rules)
    _print_remarks(remarks, "json" if as_json else form, lang)
    bad = {"error", "warning"} if strict else {"error"}
    return 1 if any(one.rule.level in bad for one in remarks) else 0


def _print_remarks(remarks: tuple[Remark, ...], form: Format, lang: Lang) -> None:
    if form == "json":
        dump({"schema": "dmpcompat-plan-lint/1", "remarks": [one.to_plain() for one in remarks]})
        return
    if form == "sarif":
        from harness.plans.sarif import sarif
        from harness.run_facts import tool_version

        dump(sarif(remarks, lang, tool_version()))
        return
    for one in remarks:
        click.echo(one.line(lang))
        click.echo(f"    {one.rule.mend.to(lang)}")
    counts = {
        level: sum(one.rule.level == level for one in remarks) for level in ("error", "warning", "info")
    }
    tell(
        lang,
        f"{counts['error']} erreur(s), {counts['warning']} avertissement(s), {counts['info']} remarque(s)",
        f"{counts['error']} error(s), {counts['warning']} warning(s), {counts['info']} remark(s)",
    )


@plan.command()
@click.argument("plan_file", metavar="PLAN", type=ANY_PATH, required=False)
@click.option("--only", multiple=True, help="Codes or patterns of cases; may be repeated.")
@click.option("--check", is_flag=True, help="Play nothing: say whether the proof that is kept holds.")
@click.option("--keep/--no-keep", default=True, help="Write the proof beside the plan.")
@click.option("--campaign", type=FILE, help="Campaign that plays (default: the demonstration's).")
@click.option("--jobs", type=click.IntRange(1, 256), help="Cases side by side.  [default: one a core]")
@shown
def prove(
    plan_file: Path | None,
    only: tuple[str, ...],
    check: bool,
    keep: bool,
    campaign: Path | None,
    jobs: int | None,
    lang: Lang,
    as_json: bool,
) -> int:
    """Paired self-play of a PLAN: each case of a software passes, and fails with each defect it claims. 1 if not."""
    from harness.plans import prove as proving
    from protocol.datafolders import folder

    path, loaded = _loaded(plan_file)
    place = proving.place_of(path)
    proof = proving.load_proof(place, loaded)
    if not check:
        cases = proving.chosen(loaded, only)
        with _mock() as (target, pki, scratch):
            aim = campaign or folder("test_plans") / "campagne-demo.yaml"
            side_by_side = jobs or os.cpu_count() or 1
            done = proving.prove(
                loaded, cases, aim, target=target, pki=pki, scratch=scratch, jobs=side_by_side
            )
        if not as_json:
            _print_proofs(done, lang)
        proof = proof.with_cases(done, loaded)
        if keep:
            proving.save_proof(proof, place)
    missing = proof.missing(loaded)
    asked = {case.code for case in proving.chosen(loaded, only)}
    left = {code: why for code, why in missing.items() if code in asked}
    if as_json:
        plain = {code: {"fr": why.fr, "en": why.en} for code, why in left.items()}
        dump({**proof.to_plain(), "not_proved": plain})
    else:
        for code, why in left.items():
            click.echo(f"{code}: {why.to(lang)}")
        tell(
            lang,
            f"{len(asked) - len(left)} cas prouvés sur {len(asked)}",
            f"{len(asked) - len(left)} cases proved of {len(asked)}",
        )
    return 1 if left else 0


def _print_proofs(done: dict[str, CaseProof], lang: Lang) -> None:
    for code, one in done.items():
        seeds = ", ".join(f"{seed} {verdict}" for seed, verdict in one.seeds.items())
        click.echo(
            f"{'ok ' if one.holds else 'NON' if lang == 'fr' else 'NO '} {code} {one.played} ; {seeds}"
        )


@contextmanager
def _mock() -> Iterator[tuple[str, Path, Path]]:
    """A mock of its own: its address, a PKI, a folder to write in; all gone afterwards."""
    from mock_dmp import pki
    from mock_dmp.server import MockServer

    with tempfile.TemporaryDirectory(prefix="dmpcompat-") as name:
        place = Path(name)
        pki.init(place / "pki")
        (place / "scratch").mkdir()
        with MockServer(pki_folder=place / "pki", data_dir=place / "data") as mock:
            yield mock.url, place / "pki", place / "scratch"


def _loaded(given: Path | None) -> tuple[Path, LoadedPlan]:
    """The plan that was named, or the shipped one. Raises PlanError."""
    from harness.plan import load_plan
    from protocol.datafolders import folder

    path = given or folder("test_plans") / "dmp-socle.yaml"
    if not path.is_file():
        raise PlanError("PLAN-041", Text("plan introuvable", "plan not found"), found=str(path))
    return path, load_plan(path)
