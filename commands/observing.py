"""Options of `run` that observe a real software, and the desk of whoever uses it."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from commands.options import ANY_PATH, EXISTING
from protocol.errors import DmpcompatError, Lang, Text, UsageError
from reports.console import tell

if TYPE_CHECKING:
    from harness.events import Event
    from harness.observe.running import Observation

Command = TypeVar("Command", bound=Callable[..., Any])
#: Seconds that a step is waited for when only a hook can act.
_UNATTENDED: Final = 60.0
_OPTIONS: Final = (
    click.option(
        "--observe", is_flag=True, help="A real software is under test: tell what to do, judge what it sends."
    ),
    click.option("--frames", type=EXISTING, help="Judge captured frames: a folder of `proxy` or `import`."),
    click.option(
        "--hook",
        metavar="CMD|URL",
        help="Command, or address to POST to, that starts each act. Implies --observe.",
    ),
    click.option("--hook-shell", is_flag=True, help="Give the command of --hook to a shell."),
    click.option(
        "--hook-seconds",
        type=click.FloatRange(min=0.1),
        default=120.0,
        show_default=True,
        help="Longest that one act may last.",
    ),
    click.option(
        "--wait",
        type=click.FloatRange(min=0.1),
        metavar="SECONDS",
        help="Longest wait for each step.  [default: without end; 60 with a hook alone]",
    ),
    click.option(
        "--desk",
        type=click.IntRange(0, 65535),
        metavar="PORT",
        help="Operator's page there too (0: a free port).",
    ),
    click.option(
        "--console",
        default="",
        metavar="URL",
        help="Console of the mock (`serve --console`), for a link of the operator's page.",
    ),
    click.option(
        "--lodge", type=ANY_PATH, metavar="DIR", help="Take screens and declarations from DIR/<case>/."
    ),
    click.option(
        "--session",
        default="",
        metavar="NAME",
        help="Session of the mock.  [default: named after the campaign]",
    ),
)


def observing(command: Command) -> Command:
    """The options, under names that `Asking` has too."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@dataclass(frozen=True)
class Asking:
    """What the options say."""

    observe: bool
    frames: Path | None
    hook: str | None
    hook_shell: bool
    hook_seconds: float
    wait: float | None
    desk: int | None
    lodge: Path | None
    session: str
    console: str

    @property
    def any(self) -> bool:
        return self.live or self.frames is not None

    @property
    def live(self) -> bool:
        """Whether somebody, or a program, acts while it runs."""
        acting = self.observe or bool(self.hook) or self.desk is not None
        return acting or (self.lodge is not None and self.frames is None)

    def words(self) -> list[str]:
        """The same options, to go on after an interruption."""
        given: list[str] = ["--observe"] if self.observe else []
        for name in ("frames", "hook", "wait", "desk", "lodge", "session", "console"):
            value = getattr(self, name)
            if value not in (None, ""):
                given += [f"--{name}", str(value)]
        given += ["--hook-shell"] if self.hook_shell else []
        return given


def again(
    campaign: Path, place: Path, target: str | None, pki: Path | None, only: tuple[str, ...], asking: Asking
) -> str:
    """The command that goes on with an interrupted run."""
    words = ["dmpcompat", "run", str(campaign), "--resume", str(place)]
    for name, value in (("--target", target), ("--pki", pki), *(("--only", one) for one in only)):
        words += [name, str(value)] if value else []
    return shlex.join([*words, *asking.words()])


@dataclass(frozen=True)
class Observing:
    """What `run_campaign` is given: nothing when our own driver plays."""

    observation: Observation | None = None
    listen: Callable[[Event], None] | None = None

    def beside(self, other: Callable[[Event], None]) -> Callable[[Event], None]:
        """A listener that tells both."""
        listen = self.listen
        if listen is None:
            return other

        def both(event: Event) -> None:
            listen(event)
            other(event)

        return both


@contextmanager
def desk(
    asking: Asking,
    campaign: Path,
    *,
    target: str | None,
    pki: Path | None,
    only: tuple[str, ...],
    place: Path,
    lang: Lang,
    quiet: bool,
) -> Iterator[Observing]:
    """Open the desk for the time of a run. Raises what loading the campaign and opening the desk raise."""
    if not asking.any:
        yield Observing()
        return
    from harness.observe.running import Observation

    if not asking.live:
        yield Observing(Observation(live=False, frames=asking.frames))
        return
    from harness.campaign import load_campaign
    from harness.choices import TREE
    from harness.desk.board import Line
    from harness.desk.desk import Asked, Desk
    from harness.masking import Masker
    from harness.observe.scope import observable
    from harness.scope import scope
    from protocol import transactions

    asked = Asked(
        asking.hook or "", asking.hook_shell, asking.hook_seconds, asking.lodge, asking.desk, not quiet
    )
    loaded = load_campaign(campaign).at(url=target, pki=pki)
    staged = Observation(live=True).staged(loaded)
    scoped = observable(scope(loaded, transactions.load(), only), staged=staged)
    lines = [Line(item.case.code, item.case.title.text()) for item in scoped if item.state == "included"]
    session = asking.session or loaded.file.id
    opened = Desk(
        asked,
        place / TREE,
        Masker(loaded.number),
        loaded.file.title.text(),
        lang,
        _complainer(lang),
        lines,
        f"{(asking.console or loaded.url).rstrip('/')}/ui/sessions/{session}" if staged else "",
    )
    with opened:
        if not quiet:
            _greet(
                opened.page.url if opened.page else "", f"{loaded.url}/s/{session}" if staged else "", lang
            )
        wait = asking.wait or (_UNATTENDED if asked.unattended and not sys.stdin.isatty() else None)
        observation = Observation(opened.operator, frames=asking.frames, wait=wait, session=asking.session)
        yield Observing(observation, opened.listen)


def refuse(asking: Asking, *, seed: int | None) -> None:
    """Raises UsageError for options that make no sense together."""
    if asking.lodge is not None and not asking.live:
        raise UsageError(
            "DESK-008",
            Text(
                "avec des trames relevées avant, rien n'est demandé pendant l'exécution",
                "with frames captured before, nothing is asked for during the run",
            ),
            field="--lodge",
            mend=Text("dmpcompat evidence add, après l'exécution", "dmpcompat evidence add, after the run"),
        )
    if asking.any and seed is not None:
        raise UsageError(
            "RUN-009",
            Text(
                "un vrai logiciel tire ses identifiants lui-même",
                "a real software draws its identifiers itself",
            ),
            field="--seed",
        )


def _greet(page: str, base: str, lang: Lang) -> None:
    if page:
        tell(lang, f"Poste de l'opérateur : {page}", f"Operator's desk: {page}")
    if base:
        tell(
            lang,
            f"Votre logiciel s'adresse à : {base}/si-dmp-server/v2/services/…",
            f"Your software calls: {base}/si-dmp-server/v2/services/…",
        )


def _complainer(lang: Lang) -> Callable[[DmpcompatError], None]:
    def complain(problem: DmpcompatError) -> None:
        click.echo(problem.message(lang), err=True)

    return complain
