"""What the terminal shows: the progress of a run, a verification, the end of the demonstration, in plain words.

It prints and decides nothing. Heavy modules are imported for their types only, so that the command line starts fast.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from protocol.errors import DmpcompatError, Lang, Text
from protocol.visible import one_line, visible

if TYPE_CHECKING:
    from harness.events import Event
    from harness.preflight import Item
    from harness.results import CaseResult
    from reports.verify import Verification


def dump(value: Any) -> None:
    """Print a result as JSON: what would command the terminal or turn the line is escaped, as JSON has it."""
    import json

    plain = json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True)
    click.echo("".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in plain))


def tell(lang: Lang, fr: str, en: str) -> None:
    """Print a sentence, whatever names are in it."""
    click.echo(visible(fr if lang == "fr" else en))


def tell_unstamped(problem: DmpcompatError | None, folder: Path, lang: Lang) -> None:
    """Say on standard error that a report was issued without its time stamp, and how it is given one."""
    if problem is None:
        return
    fr = f"Rapport sans horodatage ({problem.message('fr')}) ; plus tard : dmpcompat stamp {folder}"
    en = f"Report without a time stamp ({problem.message('en')}); later: dmpcompat stamp {folder}"
    click.echo(visible(fr if lang == "fr" else en), err=True)


@contextmanager
def bar() -> Iterator[Callable[[int, int], None]]:
    """A progress bar on standard error for long work, when somebody looks at it."""
    with click.progressbar(length=1, file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:

        def progress(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        yield progress


class Progress:
    """Tells the events of a run in plain words, one line a case with its rank; `again` is how to go on after an
    interruption. Where somebody looks, the case that is running shows on standard error.
    """

    def __init__(self, lang: Lang, *, quiet: bool, again: str = "") -> None:
        self._lang = lang
        self._quiet = quiet
        self._again = again
        self._titles: dict[str, str] = {}
        self._live = not quiet and sys.stderr.isatty()

    def line(self, fr: str, en: str) -> None:
        if not self._quiet:
            tell(self._lang, fr, en)

    def __call__(self, event: Event) -> None:
        if event.kind == "case-started":
            self._titles[event.case] = event.data["title"][self._lang]
            if self._live:
                click.echo(f"     {'…':13} {event.case:14} {self._titles[event.case]}\r", err=True, nl=False)
        elif event.kind == "case-inherited":
            said, proof = event.data["title"][self._lang], event.data
            by = " ".join(filter(None, (proof["connector"], proof["homologation"], proof["reference"])))
            self.line(*(f"     {'INHERITED':13} {event.case:14} {said} ← {by}",) * 2)
        elif event.kind == "case-finished" and not self._quiet:
            if self._live:
                click.echo("\x1b[2K", err=True, nl=False)
            click.echo(f"     {event.data['verdict']:13} {event.case:14} {self._titles.get(event.case, '')}")
        elif event.kind == "run-interrupted" and self._again:
            said = Text(
                f"\nInterrompu. Pour reprendre : {self._again}", f"\nInterrupted. To go on: {self._again}"
            )
            click.echo(said.to(self._lang), err=True)


def show_red(verdicts: Iterable[CaseResult], lang: Lang) -> None:
    """The reasons of what did not pass, each once with its cases; a red preflight has the same for all."""
    told: dict[tuple[str, str], list[str]] = {}
    for case in verdicts:
        if str(case.verdict) in ("FAIL", "ERROR", "CONFIG", "INCONCLUSIVE"):
            told.setdefault((str(case.verdict), case.reason.to(lang)), []).append(case.code)
    for (verdict, reason), codes in told.items():
        listed = ", ".join(codes[:3]) + (f" (+{len(codes) - 3})" if len(codes) > 3 else "")
        click.echo(f"{verdict} {listed}: {visible(reason)}")


def show_deviations(facts: Mapping[str, Any], lang: Lang) -> None:
    """Known deviations: which hold, and those that want to be looked at."""
    words = {
        "holds": Text("dérogation connue", "known deviation"),
        "expired": Text("dérogation EXPIRÉE", "EXPIRED deviation"),
        "unused": Text("dérogation sans objet, à retirer", "unused deviation, to be removed"),
    }
    for item in facts.get("deviations", {}).get("known", ()):
        if item["state"] in words:
            cases = ", ".join(item["cases"]) or item["case"]
            said = f"{item['rule']} {cases} ({item['ticket']}, {item['expires']})"
            click.echo(f"{words[item['state']].to(lang)}: {visible(said)}")


def show_preflight(items: Sequence[Item], lang: Lang) -> None:
    """What is in order in a line each, then what is not with its remedy, then the conclusion."""
    bad = [item for item in items if item.state in ("KO", "WARN")]
    for item in items:
        if item not in bad:
            click.echo(f"{item.state:7} {item.code:20} {item.subject}: {item.text.to(lang)}")
    for item in bad:
        click.echo(f"{item.state:7} {item.sentence(lang)}")
    red = sum(item.state == "KO" for item in items)
    fine = sum(item.state == "OK" for item in items)
    if red:
        tell(lang, f"Configuration à corriger : {red} point(s).", f"Configuration to mend: {red} point(s).")
    else:
        tell(lang, f"Configuration en ordre : {fine} points.", f"Configuration in order: {fine} points.")


def show_verification(checked: Verification, lang: Lang) -> None:
    for step in checked.steps:
        detail = one_line(step.detail.to(lang))
        click.echo(f"     {step.number:2}. {step.outcome:7} {step.title.to(lang)} — {detail}")
    outcome = {
        0: Text("valide", "valid"),
        1: Text("INVALIDE", "INVALID"),
        2: Text("valide, mais tout n'a pas été vérifié", "valid, but not everything was checked"),
    }[checked.exit_code]
    tell(lang, f"     Rapport {outcome.fr}", f"     Report {outcome.en}")


def show_demo_end(out: Path, report: Path, counts: Mapping[str, int], lang: Lang) -> None:
    summary = ", ".join(f"{name} {count}" for name, count in counts.items())
    again = f"{_program()} verify {out} --rejudge"
    tell(
        lang,
        f"\nUn logiciel simulé a joué le plan contre le DMP bouchonné : {summary}.\n"
        f"Rapport lisible : {report / 'report.html'}\nPreuves (octets échangés) : {out / 'preuves'}\n"
        f"À revérifier quand on veut : {again}",
        f"\nA simulated software played the plan against the mock DMP: {summary}.\n"
        f"Readable report: {report / 'report.html'}\nEvidence (bytes exchanged): {out / 'preuves'}\n"
        f"Verify again at any time: {again}",
    )


def _program() -> str:
    """The command as it was typed, so that what is shown can be copied."""
    typed = sys.argv[0]
    return typed if Path(typed).stem == "dmpcompat" else "dmpcompat"
