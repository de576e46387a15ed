"""`dmpcompat verify` and `dmpcompat rejudge`: what was issued or kept, looked at again."""

from __future__ import annotations

from pathlib import Path

import click

from commands.options import EXISTING, shown
from protocol.errors import Lang
from reports.console import dump, show_verification, tell


@click.command()
@click.argument("report", type=EXISTING)
@click.option("--trust", type=EXISTING, help="Trust file of the issuer; this installation's by default.")
@click.option("--evidence", type=EXISTING, help="Evidence folder; `preuves` beside the report by default.")
@click.option("--rejudge", is_flag=True, help="Compute every verdict again from the captured bytes.")
@shown
def verify(
    report: Path, trust: Path | None, evidence: Path | None, rejudge: bool, lang: Lang, as_json: bool
) -> int:
    """Verify a REPORT offline, in numbered steps. 0 valid, 1 invalid, 2 something was not checked."""
    from reports.verify import verify as verification

    checked = verification(report, trust=trust, evidence=evidence, rejudged=rejudge)
    if as_json:
        dump(checked.as_json())
    else:
        show_verification(checked, lang)
    return checked.exit_code


@click.command()
@click.argument("evidence", type=EXISTING)
@shown
def rejudge(evidence: Path, lang: Lang, as_json: bool) -> int:
    """Judge stored EVIDENCE again and say what changed."""
    from harness.rejudge import rejudge as again

    root = evidence / "preuves" if (evidence / "preuves").is_dir() else evidence
    outcome = again(root)
    changed = [case for case in outcome.cases if not case.holds]
    if as_json:
        dump(
            {
                "holds": outcome.holds,
                "rules_changed": outcome.rules_changed,
                "tree": list(outcome.tree),
                "cases": [
                    {"code": case.code, "before": case.before, "after": case.after, "holds": case.holds}
                    for case in outcome.cases
                ],
            }
        )
        return 0 if outcome.holds else 1
    for line in outcome.tree:
        click.echo(line)
    for case in changed:
        click.echo(f"{case.code}: {case.before} → {case.after}")
    tell(
        lang,
        f"{len(outcome.cases)} cas rejugés, {len(changed)} différent(s)",
        f"{len(outcome.cases)} cases judged again, {len(changed)} different",
    )
    return 0 if outcome.holds else 1
