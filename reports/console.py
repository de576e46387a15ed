"""What the terminal shows: the progress of a run, a verification, the end of the demonstration, in plain words.

It prints and decides nothing. Heavy modules are imported for their types only, so that the command line starts fast.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from protocol.errors import Lang, Text

if TYPE_CHECKING:
    from harness.events import Event
    from harness.results import CaseResult
    from reports.verify import Verification


def dump(value: Any) -> None:
    """Print a result as JSON."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True))


def tell(lang: Lang, fr: str, en: str) -> None:
    click.echo(fr if lang == "fr" else en)


@contextmanager
def bar() -> Iterator[Callable[[int, int], None]]:
    """A progress bar on standard error for long work, when somebody looks at it."""
    with click.progressbar(length=1, file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:

        def progress(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        yield progress


class Progress:
    """Tells the events of a run in plain words, one line a case."""

    def __init__(self, lang: Lang, *, quiet: bool) -> None:
        self._lang = lang
        self._quiet = quiet
        self._titles: dict[str, str] = {}

    def line(self, fr: str, en: str) -> None:
        if not self._quiet:
            tell(self._lang, fr, en)

    def __call__(self, event: Event) -> None:
        if event.kind == "case-started":
            self._titles[event.case] = event.data["title"][self._lang]
        elif event.kind == "case-finished" and not self._quiet:
            click.echo(f"     {event.data['verdict']:13} {event.case:14} {self._titles.get(event.case, '')}")


def show_red(verdicts: Iterable[CaseResult], lang: Lang) -> None:
    """The reasons of what did not pass; a red preflight has the same for every case, told once."""
    told = dict.fromkeys(
        (str(case.verdict), case.reason.to(lang))
        for case in verdicts
        if str(case.verdict) in ("FAIL", "ERROR", "CONFIG", "INCONCLUSIVE")
    )
    for verdict, reason in told:
        click.echo(f"{verdict}: {reason}")


def show_verification(checked: Verification, lang: Lang) -> None:
    for step in checked.steps:
        click.echo(f"     {step.number:2}. {step.outcome:7} {step.title.to(lang)} — {step.detail.to(lang)}")
    outcome = {
        0: Text("valide", "valid"),
        1: Text("INVALIDE", "INVALID"),
        2: Text("valide, mais tout n'a pas été vérifié", "valid, but not everything was checked"),
    }[checked.exit_code]
    tell(lang, f"     Rapport {outcome.fr}", f"     Report {outcome.en}")


def show_demo_end(out: Path, report: Path, counts: Mapping[str, int], lang: Lang) -> None:
    summary = ", ".join(f"{name} {count}" for name, count in counts.items())
    tell(
        lang,
        f"\nUn logiciel simulé a joué le plan contre le DMP bouchonné : {summary}.\n"
        f"Rapport lisible : {report / 'report.html'}\nPreuves (octets échangés) : {out / 'preuves'}\n"
        f"À revérifier quand on veut : dmpcompat verify {out} --rejudge",
        f"\nA simulated software played the plan against the mock DMP: {summary}.\n"
        f"Readable report: {report / 'report.html'}\nEvidence (bytes exchanged): {out / 'preuves'}\n"
        f"Verify again at any time: dmpcompat verify {out} --rejudge",
    )
