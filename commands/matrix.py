"""`dmpcompat matrix`: requirement x case x rule, and the proof of the rules by mutation."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.options import EXISTING, shown
from protocol.errors import Lang, Text, UsageError
from reports.console import dump, tell

if TYPE_CHECKING:
    from harness.matrix import Line, Matrix
    from harness.mutate.kill import Kill


@click.command()
@click.argument("evidence", type=EXISTING, required=False)
@click.option(
    "--run", "run_folder", type=EXISTING, help="Folder of a run, whose verdicts are shown: same as EVIDENCE."
)
@click.option("--plan", "plan_file", type=EXISTING, help="Plan (default: the shipped one).")
@click.option("--guide", default="", help="Edition of the guide: its requirements, as it words them.")
@click.option(
    "--csv", "as_csv", is_flag=True, help="Print requirement, case, rule, status, verdict, one line each."
)
@click.option(
    "--kill", "killing", is_flag=True, help="Mutate documents and frames: which rules see which mutants."
)
@click.option("--most", type=click.IntRange(1, 50), default=1, help="Mutants of each kind (default: 1).")
@click.option("--seed", type=int, default=1, help="Seed of the mutation (default: 1).")
@click.option("--requirement", help="One requirement only.")
@shown
def matrix(
    evidence: Path | None,
    run_folder: Path | None,
    plan_file: Path | None,
    guide: str,
    as_csv: bool,
    killing: bool,
    most: int,
    seed: int,
    requirement: str | None,
    lang: Lang,
    as_json: bool,
) -> int:
    """Requirement x case x rule of the shipped plan, with the verdicts of an EVIDENCE folder if one is given.

    1 when a mandatory requirement has neither a case nor a reason.
    With --kill: the kill rate by rule and by requirement, on the frames of EVIDENCE or of a fresh run.
    """
    evidence = evidence or run_folder
    if killing:
        return _kill(evidence, most, seed, lang, as_json)
    from harness.matrix import matrix as made
    from harness.plan import load_plan
    from mock_dmp import defects
    from protocol.datafolders import folder

    root = None if evidence is None else _tree(evidence)
    plan = load_plan(plan_file or folder("test_plans") / "dmp-socle.yaml").plan
    told = made(plan, root, {name: one.caught_by for name, one in defects.defects().items()}, guide)
    if requirement is not None:
        told = _only(told, requirement)
    if as_csv:
        _csv(told)
    elif as_json:
        dump(told.to_plain())
    else:
        _show(told, lang, detailed=requirement is not None)
    return 1 if told.uncovered else 0


def _csv(told: Matrix) -> None:
    import csv
    import sys

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(("requirement", "case", "rule", "status", "verdict"))
    for line in told.lines:
        writer.writerows(line.cells())


def _tree(place: Path) -> Path:
    return place / "preuves" if (place / "preuves").is_dir() else place


def _only(told: Matrix, requirement: str) -> Matrix:
    from dataclasses import replace

    lines = tuple(line for line in told.lines if line.requirement == requirement)
    if not lines:
        raise UsageError("MATRIX-001", Text("exigence inconnue", "unknown requirement"), found=requirement)
    return replace(told, lines=lines)


def _show(told: Matrix, lang: Lang, *, detailed: bool) -> None:
    words = (
        ("exigence", "cas", "règles", "verdict")
        if lang == "fr"
        else ("requirement", "cases", "rules", "verdict")
    )
    click.echo(f"{words[0]:18} {words[1]:>5} {words[2]:>7}  {words[3]}")
    for line in told.lines:
        empty = f"  VACUOUS: {', '.join(line.vacuous)}" if line.vacuous else ""
        click.echo(
            f"{line.requirement:18} {len(line.cases):5} {len(line.rules):7}  {line.verdict or '–'}{empty}"
        )
        if detailed:
            _show_told(line, lang)
            for code in line.cases:
                said = ", ".join(f"{rule} {status}" for rule, status in line.said.get(code, {}).items())
                click.echo(f"  {code:14} {line.verdicts.get(code, '–'):14} {said}")
            for rule in line.rules:
                click.echo(f"  {rule}")
    if detailed:
        return
    for name in told.uncovered:
        tell(lang, f"!! {name} : ni cas ni raison", f"!! {name}: neither a case nor a reason")
    tell(
        lang,
        f"{len(told.lines)} exigences, {len(told.without_rule)} jugées par les attentes des cas seules, "
        f"{len(told.without_case)} sans cas, chacune pour une raison ; {len(told.defects)} défauts du bouchon, "
        "chacun attrapé par une règle ou une attente",
        f"{len(told.lines)} requirements, {len(told.without_rule)} judged by the expectations of cases alone, "
        f"{len(told.without_case)} without a case, each for a reason; {len(told.defects)} defects of the mock, "
        "each caught by a rule or an expectation",
    )
    if told.run:
        tell(
            lang,
            f"{len(told.passed)} règles ont réussi quelque part ; {len(told.vacuous)} n'ont rien trouvé à regarder : "
            f"{', '.join(told.vacuous) or '–'}",
            f"{len(told.passed)} rules passed somewhere; {len(told.vacuous)} found nothing to look at: "
            f"{', '.join(told.vacuous) or '–'}",
        )


def _show_told(line: Line, lang: Lang) -> None:
    """What the guide asks, who proves it, and why frames or cases leave it out."""
    one = line.told
    if one is not None:
        click.echo(f"  {one.text.to(lang)} ({one.guide}, {one.prouve_par}, {', '.join(one.proved_by)})")
        for said in (one.why, one.left_out):
            if said.to(lang):
                click.echo(f"  {said.to(lang)}")


def _kill(evidence: Path | None, most: int, seed: int, lang: Lang, as_json: bool) -> int:
    from harness.mutate.corpus import declared, specimens
    from harness.mutate.kill import kill
    from harness.mutate.record import to_plain, weaker

    with _frames(evidence, lang, quiet=as_json) as root:
        done = kill(specimens(root), declared(root), most=most, seed=seed)
    worse = weaker(done)
    if as_json:
        dump({**to_plain(done), "weaker": worse})
    else:
        _show_kill(done, worse, lang)
    return 1 if worse else 0


@contextmanager
def _frames(evidence: Path | None, lang: Lang, *, quiet: bool) -> Iterator[Path]:
    """The evidence tree that was given, or that of a fresh run of a part of the plan against a mock of its own."""
    if evidence is not None:
        yield _tree(evidence)
        return
    from harness.mutate.record import CASES

    if not quiet:
        tell(
            lang,
            f"{len(CASES)} cas du plan, joués contre un bouchon",
            f"{len(CASES)} cases of the plan, played against a mock",
        )
    with played() as root:
        yield root


@contextmanager
def played() -> Iterator[Path]:
    """The evidence tree of a fresh run of the cases of the proof against a mock; gone afterwards."""
    from harness.choices import Choices
    from harness.mutate.record import CASES
    from harness.run import run_campaign
    from mock_dmp import pki
    from mock_dmp.server import MockServer
    from protocol.datafolders import folder

    with tempfile.TemporaryDirectory(prefix="dmpcompat-") as name:
        scratch = Path(name)
        pki.init(scratch / "pki")
        with MockServer(pki_folder=scratch / "pki", data_dir=scratch / "data") as mock:
            run_campaign(
                folder("test_plans") / "campagne-demo.yaml",
                Choices(
                    out=scratch / "out",
                    target=mock.url,
                    pki=scratch / "pki",
                    only=CASES,
                    seed=1,
                ),
            )
        yield scratch / "out" / "preuves"


def _show_kill(done: Kill, worse: list[str], lang: Lang) -> None:
    from harness.mutate.record import record

    known = record()
    for title, rates in (
        (Text("règle", "rule"), done.by_rule()),
        (Text("exigence", "requirement"), done.by_requirement()),
    ):
        click.echo(title.to(lang))
        for name, rate in rates.items():
            click.echo(f"  {name:34} {rate.killed:4} / {rate.mutants:<4} {rate.percent:6.1f} %")
    for name in done.survivors:
        why = known.survivors.get(name)
        click.echo(f"{Text('survivant', 'survivor').to(lang)} {name}: {why.to(lang) if why else '?'}")
    for name in done.idle:
        why = known.idle.get(name)
        click.echo(f"{Text('sans effet', 'idle').to(lang)} {name}: {why.to(lang) if why else '?'}")
    for line in worse:
        click.echo(f"!! {line}")
    rate, aimed = done.rate, done.target_rate
    tell(
        lang,
        f"{rate.killed} mutants tués sur {rate.mutants} ({rate.percent:.1f} %), {aimed.killed} par une règle visée "
        f"({aimed.percent:.1f} %) ; {len(done.false_alarms)} fausse(s) alerte(s)",
        f"{rate.killed} mutants killed of {rate.mutants} ({rate.percent:.1f} %), {aimed.killed} by a rule aimed at "
        f"({aimed.percent:.1f} %); {len(done.false_alarms)} false alarm(s)",
    )
