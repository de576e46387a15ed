"""`dmpcompat verify` and `dmpcompat rejudge`: what was issued or kept, looked at again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commands.options import EXISTING, FILE, shown
from protocol.errors import Lang, Text, UsageError
from reports.console import dump, show_verification, tell

if TYPE_CHECKING:
    from harness.rejudge import Compared, Rejudgement
    from protocol.trustchain import Anchor


@click.command()
@click.argument("report", type=EXISTING)
@click.option("--trust", type=FILE, help="Trust file of the issuer; this installation's by default.")
@click.option(
    "--root",
    "roots",
    multiple=True,
    help="Root key that signs the trust file: file, or its whole id; repeatable. Or a signed trust file that you kept.",
)
@click.option(
    "--root-threshold",
    type=click.IntRange(0, 16),
    default=0,
    help="How many of these root keys must have signed; all of them.",
)
@click.option("--evidence", type=EXISTING, help="Evidence folder; `preuves` beside the report by default.")
@click.option("--rejudge", is_flag=True, help="Compute every verdict again from the captured bytes.")
@click.option("--authority", type=EXISTING, help="Certification authority of seals and time stamps (folder).")
@click.option("--status", type=FILE, help="Signed status list: does the homologation still hold?")
@click.option("--log-key", default="", help="Key of the register's log (name+hint+base64).")
@click.option(
    "--witness", "witnesses", multiple=True, help="Key of a witness that must have cosigned; repeatable."
)
@click.option(
    "--witnesses", "quorum", type=click.IntRange(0), help="How many witnesses must have; all named ones."
)
@click.option("--number", default="", help="Secret wire number to open the commitment with, and…")
@click.option("--proof", default="", help="…its proof.")
@click.option(
    "--number-file",
    type=FILE,
    help="Both, from the file that `issue --number-file` wrote: a command line is seen by others.",
)
@click.option("--at", help="Moment to look at (2026-01-31T12:00:00Z); now by default.")
@shown
def verify(
    report: Path,
    trust: Path | None,
    roots: tuple[str, ...],
    root_threshold: int,
    evidence: Path | None,
    rejudge: bool,
    authority: Path | None,
    status: Path | None,
    log_key: str,
    witnesses: tuple[str, ...],
    quorum: int | None,
    number: str,
    proof: str,
    number_file: Path | None,
    at: str | None,
    lang: Lang,
    as_json: bool,
) -> int:
    """Verify a REPORT offline, in numbered steps. 0 valid, 1 invalid, 2 something was not checked.

    REPORT is the folder of a run, its report, the bundle of a homologation or its attestation (PDF); then --evidence is
    the run's folder.
    """
    root = _anchor(roots, root_threshold)
    if _of_homologation(report):
        from commands.office import moment_of
        from reports.homologation.reading import Brought
        from reports.homologation.verify import of_file

        moment = None if at is None else moment_of(at, 0)
        if number_file is not None:
            number, proof = _secret(number_file)
        checked = of_file(
            report,
            Brought(
                trust,
                log_key,
                status,
                evidence,
                number,
                proof,
                authority,
                moment,
                rejudge,
                witnesses,
                quorum,
                root,
            ),
        )
    elif witnesses or quorum:
        raise UsageError(
            "VERIFY-017",
            Text(
                "seul un paquet d'homologation a des témoins",
                "only the bundle of a homologation has witnesses",
            ),
            field="--witness",
            found=str(report),
            expected="*.dmpbundle",
        )
    else:
        from reports.verify import verify as verification

        checked = verification(
            report, trust=trust, evidence=evidence, rejudged=rejudge, authority=authority, root=root
        )
    if as_json:
        dump(checked.as_json())
    else:
        show_verification(checked, lang)
    return checked.exit_code


def _secret(path: Path) -> tuple[str, str]:
    """The number and its proof, a line each. Raises UsageError, which quotes nothing of them."""
    try:
        number, proof = path.read_text(encoding="ascii").split()
    except ValueError as problem:
        raise UsageError(
            "VERIFY-030",
            Text("le fichier du numéro ne se lit pas", "the file of the number can't be read"),
            field=str(path),
            expected="issue --number-file",
        ) from problem
    return number, proof


@click.command()
@click.argument("evidence", type=EXISTING)
@click.option("--only", multiple=True, help="Cases to judge again; may be repeated.")
@shown
def rejudge(evidence: Path, only: tuple[str, ...], lang: Lang, as_json: bool) -> int:
    """Judge stored EVIDENCE again: same rules, same bytes of findings; other rules, the difference.

    0 nothing changed, 1 something did, 2 nothing of what could be judged (the run's official pack is not registered
    here). What a changed rule says is told by case and by rule.
    """
    from harness.rejudge import rejudge as again

    places = (evidence / "preuves", evidence / "data" / "preuves", evidence)
    root = next((place for place in places if place.is_dir()), None)
    if root is None:
        raise UsageError(
            "REJUDGE-003",
            Text("pas de preuves à cet endroit", "no evidence at that place"),
            field=str(evidence),
            expected="preuves/",
            mend=Text("donner le dossier d'une exécution", "give the folder of a run"),
        )
    outcome = again(root, only)
    if as_json:
        dump(_plain(outcome))
        return _code(outcome)
    changed = [case for case in outcome.cases if not case.holds]
    for line in outcome.tree:
        click.echo(line)
    for case in changed:
        click.echo(f"{case.code}: {case.before} → {case.after}")
        for (step, rule, passage), count in _passages(case.changed).items():
            click.echo(f"  {step:3} {rule:28} {passage}  × {count}")
    for rule, passages in outcome.by_rule().items():
        click.echo(f"{rule:32} {', '.join(f'{name} × {count}' for name, count in passages.items())}")
    if outcome.rules_changed:
        tell(lang, "les règles ne sont pas celles de l'exécution", "the rules are not those of the run")
    if outcome.missing_pack:
        tell(
            lang,
            f"paquet officiel absent d'ici : {outcome.missing_pack} ; ses constats ne sont pas rejugés",
            f"official pack not here: {outcome.missing_pack}; its findings are not judged again",
        )
    alike = sum(case.identical for case in outcome.cases)
    tell(
        lang,
        f"{len(outcome.cases)} cas rejugés, {len(changed)} différent(s), {alike} aux constats identiques à l'octet",
        f"{len(outcome.cases)} cases judged again, {len(changed)} different, {alike} with the same bytes of findings",
    )
    return _code(outcome)


def _anchor(roots: tuple[str, ...], threshold: int) -> Anchor | None:
    """The root that the verifier holds. Raises UsageError (TRUST-020)."""
    from protocol import trustchain

    return trustchain.held(roots, threshold) if roots else None


def _of_homologation(path: Path) -> bool:
    """Whether it is a bundle, or the PDF of an attestation; one that can't be read is, unless it lies with a report."""
    if not path.is_file() or path.suffix.lower() != ".pdf":
        return path.is_file() and path.suffix == ".dmpbundle"
    from reports.homologation.attested import kind_of
    from reports.homologation.statement import PREDICATE_TYPE
    from reports.homologation.verify import LARGEST

    with path.open("rb") as stream:
        kind = kind_of(stream.read(LARGEST))
    return kind == PREDICATE_TYPE or (not kind and not (path.parent / "statement.dsse.json").exists())


def _code(outcome: Rejudgement) -> int:
    if not outcome.holds:
        return 1
    return 2 if outcome.missing_pack else 0


def _passages(changed: Sequence[Compared]) -> Counter[tuple[int, str, str]]:
    return Counter((item.step, item.rule, item.passage) for item in changed)


def _plain(outcome: Rejudgement) -> dict[str, Any]:
    return {
        "schema": "dmpcompat-rejudge/1",
        "holds": outcome.holds,
        "identical": outcome.identical,
        "rules_changed": outcome.rules_changed,
        "missing_pack": outcome.missing_pack,
        "tree": list(outcome.tree),
        "by_rule": outcome.by_rule(),
        "cases": [
            {
                "code": case.code,
                "before": case.before,
                "after": case.after,
                "holds": case.holds,
                "identical": case.identical,
                "digests": list(case.digests),
                "changed": [
                    {"step": step, "rule": rule, "passage": passage, "count": count}
                    for (step, rule, passage), count in _passages(case.changed).items()
                ],
            }
            for case in outcome.cases
        ],
    }
