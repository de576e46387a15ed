"""The operator's desk in the terminal: plain lines out, plain lines in. Works without a terminal too.

Nothing is redrawn, so that what somebody is typing is never disturbed; the wait is told again at growing intervals.
Colour only on a terminal, and not when NO_COLOR is set. What an answer does is the runner's business.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from getpass import getuser
from pathlib import Path
from typing import Final, TextIO

from harness.checks.rule import Finding
from harness.desk import commands
from harness.desk.showing import BACK, DOWN, WANTED, lasted, summary, visible, waiting_sentence
from harness.observe.operator import Answer, NearMiss, Task
from protocol.errors import DmpcompatError, Lang, Text

#: Seconds of waiting at which it is told again; past the last one, every `_THEN`.
_TOLD_AT: Final = (10, 30, 60, 120, 300)
_THEN: Final = 300
#: Messages that don't answer a step, told one by one; a software that asks again and again must not hide the rest.
_MOST_NEAR: Final = 20
_BOLD, _GREEN, _RED, _YELLOW, _END = "\x1b[1m", "\x1b[32m", "\x1b[31m", "\x1b[33m", "\x1b[0m"


class Terminal:
    """An Operator. `lines`: where answers come from, read in a thread of its own once a task was shown."""

    def __init__(
        self,
        lang: Lang,
        *,
        out: TextIO | None = None,
        lines: TextIO | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._lang: Lang = lang
        self._out = sys.stdout if out is None else out
        self._lines = sys.stdin if lines is None else lines
        self._now = now
        self._colour = self._out.isatty() and not os.environ.get("NO_COLOR")
        self._answers: queue.Queue[str] = queue.Queue()
        self._reading = False
        self._ended = threading.Event()
        self._task: Task | None = None
        self._told = 0
        self._shown: set[str] = set()
        self._down = False

    @property
    def who(self) -> str:
        """The login of whoever started the runner."""
        try:
            return getuser()
        except (OSError, KeyError):  # a container without a user database
            return "?"

    def begin(self, task: Task) -> None:
        again = self._task == task
        self._task, self._told, self._down = task, 0, False
        if not again:
            self._shown.clear()
        self._line()
        title = visible(task.title.to(self._lang))
        self._line(self._styled(f"{task.case} — {self._step(task)} — {title}", _BOLD))
        if again:
            self._say(Text("On recommence cette étape.", "This step again."))
        first, *rest = task.instruction.to(self._lang).split("\n")
        self._say(Text(f"À faire : {visible(first)}", f"To do: {visible(first)}"))
        for line in rest:
            self._line(visible(line))
        width = max((len(label.to(self._lang)) for label, _ in task.data), default=0)
        for label, value in task.data:
            self._line(f"    {label.to(self._lang):<{width}}  {visible(value)}")
        self._say(self._wanted(task))
        self._line("    " + commands.hint(task.wants, self._lang))
        self._read()

    def waiting(self, since: datetime, near: Sequence[NearMiss], platform_down: bool) -> None:
        task = self._task
        if task is None:
            return
        for one in near:
            if one.frame not in self._shown:
                self._shown.add(one.frame)
                self._near(one)
        if platform_down != self._down:
            self._down = platform_down
            self._say(DOWN if platform_down else BACK, _YELLOW)
        seconds = (self._now() - since).total_seconds()
        due = sum(seconds >= at for at in _TOLD_AT) + max(0, int((seconds - _TOLD_AT[-1]) // _THEN))
        if due > self._told:
            self._told = due
            self._say(waiting_sentence(task, since, self._now()))

    def done(self, task: Task, findings: Sequence[Finding]) -> None:
        told = summary(findings)
        colour = _RED if told.failed else _YELLOW if told.warned else _GREEN if told.passed else ""
        self._line(self._styled(f"{told.sign} {self._step(task)} — {told.sentence().to(self._lang)}", colour))
        words = ("trouvé", "attendu", "remède") if self._lang == "fr" else ("found", "expected", "mend")
        colon = " : " if self._lang == "fr" else ": "
        for one in told.told:
            self._line(f"  {one.status} {one.rule} — {one.title.to(self._lang)}")
            for word, value in zip(words, (one.found, one.expected, one.mend.to(self._lang)), strict=True):
                if value:
                    self._line(f"      {word}{colon}{value}")
        if told.more:
            self._say(
                Text(f"  et {told.more} autre(s), dans le rapport", f"  and {told.more} more, in the report")
            )
        self._task = None

    def answer(self) -> Answer | None:
        """What was typed since; what can't be understood is told, and changes nothing."""
        task = self._task
        if task is None:
            return None
        try:
            line = self._answers.get_nowait()
        except queue.Empty:
            return None
        try:
            found = commands.read(line, task.wants, Path.cwd())
        except DmpcompatError as problem:
            self._line(self._styled(problem.message(self._lang), _YELLOW))
            return None
        if found is None:
            self._line(commands.help_text(self._lang))
        return found

    def unread(self) -> bool:
        """Whether more may come from the lines: some wait, or their end was not reached."""
        return not self._ended.is_set() or not self._answers.empty()

    def close(self) -> None:
        """Nothing to give back: the thread that reads ends with the process."""

    def _read(self) -> None:
        if not self._reading:
            self._reading = True
            threading.Thread(target=self._reader, name="desk-terminal", daemon=True).start()

    def _reader(self) -> None:
        """Hand over each line, until the input ends; an input that was closed under us has ended too."""
        try:
            for line in self._lines:
                if line.strip():
                    self._answers.put(line)
        except (OSError, ValueError):  # what was read before holds
            pass
        finally:
            self._ended.set()

    def _near(self, one: NearMiss) -> None:
        if len(self._shown) > _MOST_NEAR:
            if len(self._shown) == _MOST_NEAR + 1:
                self._say(Text("D'autres messages arrivent encore.", "More messages keep coming."), _YELLOW)
            return
        what = one.transaction or one.hint.to(self._lang) or "?"
        self._say(
            Text(
                f"Un message est arrivé ({what}), mais ce n'est pas celui qui est demandé :",
                f"A message came ({what}), but it is not the one that is asked for:",
            ),
            _YELLOW,
        )
        for difference in one.differences:
            found = visible(difference.found) or ("rien" if self._lang == "fr" else "nothing")
            name, wanted = difference.what.to(self._lang), visible(difference.expected)
            self._say(
                Text(
                    f"    {name} : attendu {wanted}, reçu {found}",
                    f"    {name}: expected {wanted}, got {found}",
                )
            )
        if one.transaction and any(one.hint):
            self._say(Text(f"    {one.hint.fr}", f"    {one.hint.en}"))

    def _wanted(self, task: Task) -> Text:
        what = WANTED[task.wants]
        left = "" if task.deadline is None else lasted(self._now(), task.deadline)
        if task.wants == "nothing-sent":
            return Text(
                f"{what.fr}, pendant {left}." if left else f"{what.fr}.",
                f"{what.en}, for {left}." if left else f"{what.en}.",
            )
        if not left:
            return Text(f"J'attends {what.fr}.", f"I wait for {what.en}.")
        return Text(f"J'attends {what.fr}, {left} au plus.", f"I wait for {what.en}, {left} at most.")

    def _step(self, task: Task) -> str:
        return f"étape {task.step}/{task.total}" if self._lang == "fr" else f"step {task.step}/{task.total}"

    def _styled(self, text: str, style: str) -> str:
        return f"{style}{text}{_END}" if self._colour and style else text

    def _say(self, text: Text, style: str = "") -> None:
        said = text.to(self._lang)
        self._line(self._styled(said, style))

    def _line(self, text: str = "") -> None:
        self._out.write(text + "\n")
        self._out.flush()
