"""The operator's desk in a web page, served by the runner on loopback: an Operator and its HTTP server.

The page works without its script; the script only keeps it up to date. Who may talk to it, and what an answer must be,
is `harness.desk.guard`; what it shows is `harness.desk.board`.
"""

from __future__ import annotations

import queue
import socket
import threading
from collections.abc import Sequence
from datetime import datetime
from getpass import getuser
from typing import Final

from cheroot import wsgi
from flask import Flask

from harness.checks.rule import Finding
from harness.desk import site
from harness.desk.board import Board, Line
from harness.desk.guard import HOST
from harness.desk.showing import summary
from harness.desk.site import Frame
from harness.events import Event
from harness.observe.operator import Answer, NearMiss, Task
from protocol.errors import ConfigError, Lang, Text

_THREADS: Final = 12
_NAME: Final = "desk-page"


class Page:
    """An Operator. `url` is known once started. `view`: address of the live view of the mock, "" without any.

    Raises ConfigError when the port can't be had.
    """

    def __init__(
        self, port: int, *, title: Text, lang: Lang, lines: Sequence[Line] = (), view: str = ""
    ) -> None:
        self.board = Board(lines)
        self._answers: queue.Queue[Answer] = queue.Queue()
        frame = Frame(title, lang, view, self.board, self._take)
        try:
            listening = socket.create_server((HOST, port))
        except (OSError, OverflowError) as problem:
            raise ConfigError(
                "DESK-020",
                Text("le port de la page ne peut pas être pris", "the port of the page can't be had"),
                field="--desk",
                found=f"{HOST}:{port} {problem}",
                mend=Text("--desk 0 : un port libre", "--desk 0: a free port"),
            ) from problem
        self._server = _Server(listening, site.create(frame))
        self._server.prepare()
        self.port = int(listening.getsockname()[1])
        self.url = f"http://{HOST}:{self.port}/"
        self._thread = threading.Thread(target=self._server.serve, name=_NAME, daemon=True)
        self._thread.start()

    @property
    def who(self) -> str:
        """The login under which the page is served: only this machine can reach it."""
        try:
            return getuser()
        except (OSError, KeyError):  # a container without a user database
            return "?"

    def begin(self, task: Task) -> None:
        while not self._answers.empty():  # said of a task that is over
            self._answers.get_nowait()
        self.board.begin(task)

    def waiting(self, since: datetime, near: Sequence[NearMiss], platform_down: bool) -> None:
        self.board.waiting(since, near, platform_down)

    def done(self, task: Task, findings: Sequence[Finding]) -> None:
        self.board.done(task, summary(findings))

    def answer(self) -> Answer | None:
        try:
            return self._answers.get_nowait()
        except queue.Empty:
            return None

    def listen(self, event: Event) -> None:
        self.board.listen(event)

    def close(self) -> None:
        """Let readers go, then stop serving."""
        self.board.close()
        self._server.stop()
        self._thread.join()

    def _take(self, answer: Answer, serial: int) -> bool:
        """Take an answer of the page; False when it is about a task that is over."""
        view = self.board.view()
        if view.task is None or view.serial != serial:
            return False
        self._answers.put(answer)
        return True


class _Server(wsgi.Server):
    """Serves on a socket that listens already: what could fail has failed before."""

    expiration_interval = 0.1  # how soon it sees that it must stop (seconds)

    def __init__(self, listening: socket.socket, app: Flask) -> None:
        super().__init__(
            listening.getsockname(), app, numthreads=_THREADS, server_name="dmpcompat", shutdown_timeout=1
        )
        self._listening = listening

    def bind(self, *_: object) -> socket.socket:
        """What cheroot calls to have its socket."""
        self.socket = self._listening
        return self._listening
