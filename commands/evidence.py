"""`dmpcompat evidence`: what is lodged after the run, and what is still wanted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commands.options import EXISTING, FILE, shown
from protocol.errors import Lang, Text, UsageError
from reports.console import dump, tell, tell_unstamped

if TYPE_CHECKING:
    from harness.evidence.lodging import Lodging


@click.group()
def evidence() -> None:
    """Screens and declarations of a RUN: lodge them, list what is wanted."""


@evidence.command("add")
@click.argument("run", type=EXISTING)
@click.argument("case")
@click.argument("files", type=FILE, nargs=-1, required=True)
@click.option(
    "--as",
    "purpose",
    type=click.Choice(["screen", "declaration", "piece"]),
    help="What the files are.  [default: pictures are screens, texts declarations]",
)
@click.option("--by", default="", help="Who lodges them.")
@click.option("--exceptions", "listed", type=EXISTING, help="Test identifiers they may hold, with reasons.")
@shown
def add(
    run: Path,
    case: str,
    files: tuple[Path, ...],
    purpose: Any,
    by: str,
    listed: Path | None,
    lang: Lang,
    as_json: bool,
) -> int:
    """Lodge FILES (PNG, JPEG, PDF or text) for a CASE of a RUN and seal its evidence again."""
    from harness.evidence.lodging import lodge
    from harness.privacy import exceptions

    root = tree_of(run)
    allowed = exceptions.in_force(exceptions.read(listed)) if listed else {}
    lodged = lodge(root, case, files, purpose=purpose, by=by, allowed=allowed)
    stale = sorted(path.name for path in root.parent.glob("rapport*") if path.is_dir())
    if as_json:
        dump({**_plain(lodged), "reports": stale})
        return 0
    for item in lodged.files:
        click.echo(f"{item.name}  {item.sniffed.type}, {item.size} o, sha256 {item.sha256[:16]}…")
        for flag in item.sniffed.flags:
            tell(
                lang,
                f"  à regarder avant de diffuser : {flag.what.fr} ({flag.where})",
                f"  look at it before handing it out: {flag.what.en} ({flag.where})",
            )
    tell(
        lang,
        f"Preuves scellées de nouveau : {lodged.after[:16]}… (avant : {lodged.before[:16]}…, gardé)",
        f"Evidence sealed again: {lodged.after[:16]}… (before: {lodged.before[:16]}…, kept)",
    )
    if stale:
        tell(
            lang,
            "Le rapport déjà établi reste valable pour ce qu'il a signé et ne couvre pas ces pièces : "
            "« dmpcompat verify » le dit (code 2) ; « dmpcompat evidence report » en établit un nouveau",
            "The report that was issued stays valid for what it signed and does not cover these pieces: "
            "`dmpcompat verify` says so (exit 2); `dmpcompat evidence report` issues a new one",
        )
    return 0


@evidence.command("withdraw")
@click.argument("run", type=EXISTING)
@click.argument("piece")
@click.option("--reason", required=True, help="Why; it stays in the index.")
@click.option("--by", default="", help="Who withdraws it.")
@shown
def withdraw(run: Path, piece: str, reason: str, by: str, lang: Lang, as_json: bool) -> int:
    """Take a lodged PIECE (CT-2.1-010/ecran_01.png) out of a RUN: it shows what must not be shown."""
    from harness.evidence.lodging import withdraw as taken

    seal = taken(tree_of(run), piece, reason=reason, by=by)
    if as_json:
        dump({"file": piece, "after": seal})
    else:
        tell(
            lang,
            f"{piece} retirée ; preuves scellées : {seal[:16]}…",
            f"{piece} withdrawn; evidence sealed: {seal[:16]}…",
        )
    return 0


@evidence.command("report")
@click.argument("run", type=EXISTING)
@shown
def report(run: Path, lang: Lang, as_json: bool) -> int:
    """Issue a new report of a RUN, that covers the pieces lodged since; the former one is kept, renamed."""
    from reports import issue
    from reports.reissuing import set_aside

    aside = set_aside(run)
    former = aside.name if aside else ""
    issued = issue.issue(run, lang=lang)
    tell_unstamped(issued.unstamped, issued.folder, lang)
    if as_json:
        dump({"reference": issued.report.reference, "result": issued.report.result, "former": former})
    else:
        reference, result = issued.report.reference, issued.report.result
        tell(
            lang,
            f"Rapport {reference} ({result}) : {issued.folder} ; le précédent : {former or '—'}",
            f"Report {reference} ({result}): {issued.folder}; the former one: {former or '—'}",
        )
    return 0


@evidence.command("show")
@click.argument("run", type=EXISTING)
@shown
def show(run: Path, lang: Lang, as_json: bool) -> int:
    """What each case of a RUN still wants of a human, and what was lodged. 0 nothing is wanted, 2 something is."""
    from harness.evidence.wanted import wanted

    lines = wanted(tree_of(run))
    if as_json:
        dump([line.to_plain() for line in lines])
    else:
        for line in lines:
            if line.missing or line.lodged:
                click.echo(f"{line.code:14} {line.said(lang)}")
        short = sum(bool(line.missing) for line in lines)
        tell(
            lang,
            f"{len(lines)} cas, {short} attendent encore une pièce",
            f"{len(lines)} cases, {short} still want a piece",
        )
    return 2 if any(line.missing for line in lines) else 0


def tree_of(run: Path) -> Path:
    """The evidence tree of a run, given as its folder, its tree, or a bag that holds it. Raises UsageError."""
    for place in (run, run / "preuves", run / "data" / "preuves"):
        if (place / "index.json").is_file():
            return place
    raise UsageError(
        "EVID-040",
        Text("pas de preuves scellées à cet endroit", "no sealed evidence at that place"),
        field=str(run),
        expected="preuves/index.json",
    )


def _plain(lodged: Lodging) -> Mapping[str, Any]:
    return {
        "case": lodged.case,
        "before": lodged.before,
        "after": lodged.after,
        "files": [item.to_plain() for item in lodged.files],
    }
