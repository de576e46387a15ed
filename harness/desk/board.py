"""What the page shows, as values: the plan with its verdicts, the task of now, what came, what was answered.

Written by the thread of the runner, read by those of the page; every visible change has a number, so that a reader can
wait for the next one. It draws nothing and takes no decision.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from harness.desk.showing import Summary
from harness.events import Event
from harness.observe.operator import NearMiss, Task
from protocol.errors import NO_TEXT, Text

#: Tasks over that are still shown.
_PAST: Final = 40


@dataclass(frozen=True)
class Line:
    """One case of the plan. `verdict`: "" before it starts, `running` while it does."""

    code: str
    title: Text
    verdict: str = ""
    reason: Text = NO_TEXT


@dataclass(frozen=True)
class View:
    """The board at one moment. `version` counts visible changes, `serial` the tasks begun; `news`: the last change,
    in a sentence; `notice`: what became of the last answer.
    """

    version: int = 0
    serial: int = 0
    task: Task | None = None
    since: datetime | None = None
    near: tuple[NearMiss, ...] = ()
    down: bool = False
    lines: tuple[Line, ...] = ()
    past: tuple[tuple[Task, Summary], ...] = ()
    news: Text = NO_TEXT
    notice: Text = NO_TEXT
    over: bool = False


@dataclass
class Board:
    """The shared state. `lines`: the cases that are going to run, when they are known before."""

    lines: Sequence[Line] = ()
    _view: View = field(default_factory=View)
    _past: deque[tuple[Task, Summary]] = field(default_factory=lambda: deque(maxlen=_PAST))
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _closed: bool = False

    def __post_init__(self) -> None:
        self._view = replace(self._view, lines=tuple(self.lines))

    def view(self) -> View:
        with self._changed:
            return self._view

    def later(self, version: int, seconds: float) -> View:
        """The board once its version is another one, or as it is after so many seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._view.version != version, seconds)
            return self._view

    def close(self) -> None:
        """Let go whoever waits."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def begin(self, task: Task) -> None:
        news = Text(f"À faire : {task.title.fr}", f"To do: {task.title.en}")
        self._set(
            task=task, serial=self.view().serial + 1, since=datetime.now(UTC), near=(), down=False, news=news
        )

    def waiting(self, since: datetime, near: Sequence[NearMiss], down: bool) -> None:
        """Nothing visible changes while nothing comes: the page counts the time by itself."""
        now = self.view()
        if (now.since, now.near, now.down) == (since, tuple(near), down):
            return
        news = now.news
        if len(near) > len(now.near):
            news = Text(
                "Un message est arrivé, ce n'est pas celui qui est demandé.",
                "A message came, it is not the one asked for.",
            )
        self._set(since=since, near=tuple(near), down=down, news=news)

    def done(self, task: Task, told: Summary) -> None:
        self._past.appendleft((task, told))
        self._set(
            task=None, near=(), since=None, past=tuple(self._past), news=told.sentence(), notice=NO_TEXT
        )

    def notice(self, text: Text) -> None:
        self._set(notice=text, news=text)

    def listen(self, event: Event) -> None:
        """Follow the verdicts."""
        if event.kind == "case-started":
            self._case(event.case, event.data.get("title"), "running", None)
        elif event.kind == "case-finished":
            self._case(event.case, None, str(event.data["verdict"]), event.data.get("reason"))
        elif event.kind in ("run-finished", "run-interrupted"):
            self._set(
                over=True,
                task=None,
                since=None,
                near=(),
                news=Text("Le plan est terminé.", "The plan is over."),
            )

    def _case(self, code: str, title: Any, verdict: str, reason: Any) -> None:
        lines = list(self.view().lines)
        if code not in (line.code for line in lines):
            lines.append(Line(code, NO_TEXT))
        for rank, line in enumerate(lines):
            if line.code == code:
                lines[rank] = replace(
                    line,
                    verdict=verdict,
                    title=_text(title) if title else line.title,
                    reason=_text(reason) if reason else line.reason,
                )
        self._set(lines=tuple(lines))

    def _set(self, **values: Any) -> None:
        with self._changed:
            self._view = replace(self._view, version=self._view.version + 1, **values)
            self._changed.notify_all()


def _text(plain: Any) -> Text:
    return Text(str(plain["fr"]), str(plain["en"]))
