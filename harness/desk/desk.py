"""The whole desk of one run: whichever of terminal, page, hook and folder were asked for, as one operator.

It opens them, lets them follow the events of the run, and closes them: the hook before the evidence is sealed, so that
what it wrote is part of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from harness.desk.acts import act_of
from harness.desk.board import Line
from harness.desk.hook import USUAL, Hook, environment
from harness.desk.lodge import Lodge
from harness.desk.page import Page
from harness.desk.records import keeper
from harness.desk.terminal import Terminal
from harness.desk.together import Together
from harness.events import Event
from harness.masking import Masker
from harness.observe.operator import Operator
from protocol.errors import DmpcompatError, Lang, Text


@dataclass(frozen=True)
class Asked:
    """What the command line asks. `page`: a port, 0 for a free one, None without page. `seconds`: for one act of the
    hook. `terminal`: whether there is one to write on.
    """

    hook: str = ""
    shell: bool = False
    seconds: float = USUAL
    lodge: Path | None = None
    page: int | None = None
    terminal: bool = True

    @property
    def unattended(self) -> bool:
        """Nobody can answer but programs and files."""
        return bool(self.hook) and self.page is None


@dataclass
class Desk:
    """Open until it is left. `root`: the tree of the evidence; `lines`: the cases that will run; `view`: address of
    the mock's live view. `complain`: told of a file of the folder that can't be taken.

    Entering raises UsageError for a hook that can't be started, ConfigError for a port that can't be had.
    """

    asked: Asked
    root: Path
    masker: Masker
    title: Text
    lang: Lang
    complain: Callable[[DmpcompatError], None]
    lines: Sequence[Line] = ()
    view: str = ""
    page: Page | None = None
    _hook: Hook | None = None
    _operators: list[Operator] = field(default_factory=list)

    def __enter__(self) -> Self:
        asked = self.asked
        if asked.hook:
            act = act_of(asked.hook, environment, shell=asked.shell)
            self._hook = Hook(act, keeper(self.root, self.masker), seconds=asked.seconds, lang=self.lang)
            self._operators.append(self._hook)
        if asked.lodge is not None:
            self._operators.append(Lodge(asked.lodge, self.complain))
        if asked.page is not None:
            self.page = Page(asked.page, title=self.title, lang=self.lang, lines=self.lines, view=self.view)
            self._operators.append(self.page)
        if asked.terminal:
            self._operators.append(Terminal(self.lang))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end_hook()
        if self.page is not None:
            with suppress(OSError):  # its sockets are given back by the end of the process at the latest
                self.page.close()

    @property
    def operator(self) -> Operator:
        """All of them as one."""
        return Together(self._operators)

    def listen(self, event: Event) -> None:
        """Follow the run."""
        if event.kind in ("run-finished", "run-interrupted"):
            self._end_hook()
        if self.page is not None:
            self.page.listen(event)

    def _end_hook(self) -> None:
        if self._hook is not None:
            self._hook.close()
