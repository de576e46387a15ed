"""Several processes that serve one address: one accepts connections and deals them out, the others answer.

Every process has its own threads and all share the database, whose queue of writers (`mock_dmp.state.turns`) keeps
one order of commits. Each keeps to one core where the system allows it: threads that take turns on several cores cost
half as much again. A worker that dies is told to the log and replaced; the others go on. Unix only.
"""

from __future__ import annotations

import logging
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypedDict, Unpack

from mock_dmp import console as consoles
from mock_dmp.acceptance.official import Official
from mock_dmp.faults.plan import Planned
from mock_dmp.server import MockServer, settle, unavailable, write_ready
from mock_dmp.transport.listener import Patience
from mock_dmp.transport.receiver import Limits
from mock_dmp.transport.relay import Relay, hand_over
from protocol.errors import ConfigError, Text, ToolError

_LOG = logging.getLogger("dmpcompat.mock")
_BACKLOG: Final = 256
#: What a worker says: that it serves; that it was told to stop, and should get no more connections.
_READY: Final = b"r"
_LEAVING: Final = b"l"
_TURN_SECONDS: Final = 0.2
#: When nobody took a connection: until they are asked again.
_AGAIN_SECONDS: Final = 0.01
#: Beyond what a worker gives its requests: to give everything back, or to be killed.
_MARGIN_SECONDS: Final = 10.0
#: Workers that die one after the other before they are ready: something is wrong that a new one will not mend.
_STILLBORN: Final = 5


class Setup(TypedDict, total=False):
    """What `MockServer` takes."""

    host: str
    port: int
    pki_folder: Path | None
    db_url: str | None
    data_dir: Path | None
    plain_http: bool
    tls13: bool
    threads: int
    limits: Limits | None
    patience: Patience | None
    drain_seconds: float
    console: int | socket.socket | None
    faults: Sequence[Planned]
    official: Official | None


@dataclass
class _Worker:
    pid: int
    place: int
    channel: socket.socket
    state: Literal["starting", "serving", "leaving"] = "starting"


class Crew:
    """A mock of several processes. `setup` is that of `MockServer`; `data_dir` is needed, since they share it.

    Raises ConfigError as MockServer does, and SRV-005 where processes can't be forked.
    """

    def __init__(self, workers: int, **setup: Unpack[Setup]) -> None:
        if not hasattr(os, "fork") or not hasattr(socket, "send_fds"):
            raise ConfigError(
                "SRV-005",
                Text("plusieurs processus : Unix seulement", "several processes: Unix only"),
                field="--workers",
                found=str(workers),
                expected="1",
            )
        self._count = workers
        self._setup = setup
        self._workers: list[_Worker] = []
        self._ending: list[_Worker] = []
        self._held: socket.socket | None = None
        self._stillborn = 0
        self._next = 0
        # Everything that can be wrong is wrong now; and what this loads, the workers find loaded.
        first = MockServer(**setup)
        first.store.close()
        self._secure = first.url.startswith("https:")
        self._socket = self._bound()
        self._console = self._bound_console()
        self._selector = selectors.DefaultSelector()

    @property
    def console_url(self) -> str:
        """Address of the console, without a final slash; "" when there is none."""
        return "" if self._console is None else consoles.url_of(self._console)

    @property
    def url(self) -> str:
        """Base address, without a final slash."""
        host, port = self._socket.getsockname()[:2]
        shown = self._setup.get("host", host)
        return f"{'https' if self._secure else 'http'}://{f'[{shown}]' if ':' in shown else shown}:{port}"

    def serve_forever(
        self, ready_file: Path | None = None, on_ready: Callable[[str], None] | None = None
    ) -> None:
        """Serve until SIGTERM or SIGINT, then drain. Main thread only.

        Once every worker serves, `ready_file` gets one line of JSON (url, pid, workers), until the end, and
        `on_ready` is called with the URL. Raises ToolError (SRV-006) when workers die before they serve.
        """
        asked_to_stop: list[int] = []
        for name in ("SIGTERM", "SIGINT"):
            signal.signal(getattr(signal, name), lambda number, _: asked_to_stop.append(number))
        self._selector.register(self._socket, selectors.EVENT_READ)
        try:
            for place in range(self._count):
                self._hire(place)
            told: list[int] = []
            while not asked_to_stop:
                self._turn()
                pids = [worker.pid for worker in self._workers if worker.state == "serving"]
                if len(pids) == self._count and pids != told:
                    if ready_file is not None:
                        write_ready(ready_file, self.url, pids, console=self.console_url)
                    if on_ready is not None and not told:
                        on_ready(self.url)
                    told = pids
        finally:
            self._dismiss()
            if ready_file is not None:
                ready_file.unlink(missing_ok=True)

    # -- the process that accepts -----------------------------------------------------------------------

    def _turn(self) -> None:
        """Wait a little for connections and for what workers say; bury those that ended."""
        self._release()
        for key, _ in self._selector.select(_TURN_SECONDS if self._held is None else _AGAIN_SECONDS):
            if key.data is None:
                self._accept()
            else:
                self._hear(key.data)
        self._bury()

    def _accept(self) -> None:
        try:
            connection, _ = self._socket.accept()
        except OSError:  # the client left already
            return
        if self._dealt(connection):
            connection.close()
        else:  # it waits, and so do those behind it, in the system's queue
            self._held = connection
            self._selector.unregister(self._socket)

    def _release(self) -> None:
        """Deal out the connection that nobody took, if there is one, and go on with those behind it."""
        if self._held is not None and self._dealt(self._held):
            self._held.close()
            self._held = None
            self._selector.register(self._socket, selectors.EVENT_READ)

    def _dealt(self, connection: socket.socket) -> bool:
        """Give the connection to the next worker that takes it; False when none does."""
        for _ in self._workers:
            self._next = (self._next + 1) % len(self._workers)
            worker = self._workers[self._next]
            if worker.state != "serving":
                continue
            try:
                hand_over(worker.channel, connection)
            except OSError:  # it just died, as `_hear` will find out; or it takes none now
                continue
            return True
        return False

    def _hear(self, worker: _Worker) -> None:
        try:
            said = worker.channel.recv(1)
        except BlockingIOError:
            return
        except OSError:
            said = b""
        if said == _READY:
            worker.state = "serving"
            self._stillborn = 0
        elif said == _LEAVING:
            worker.state = "leaving"
        elif not said:
            self._replace(worker)

    def _replace(self, worker: _Worker) -> None:
        self._selector.unregister(worker.channel)
        worker.channel.close()
        self._workers.remove(worker)
        self._ending.append(worker)
        self._hire(worker.place)

    def _bury(self) -> None:
        """Tell of the workers that ended, without waiting for those that are about to."""
        for worker in list(self._ending):
            pid, status = os.waitpid(worker.pid, os.WNOHANG)
            if not pid:
                continue
            self._ending.remove(worker)
            _LOG.error("worker %d ended (%s); another one takes its place", worker.pid, _reason(status))
            self._stillborn += worker.state == "starting"
            if self._stillborn < _STILLBORN:
                continue
            raise ToolError(
                "SRV-006",
                Text(
                    "les processus du simulateur meurent au démarrage",
                    "the mock's processes die at their start",
                ),
                found=_reason(status),
            )

    def _hire(self, place: int) -> None:
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            ours.close()
            _work(self, theirs, place)  # never comes back
        theirs.close()
        ours.setblocking(False)  # a worker that stands still must not hold up the others
        worker = _Worker(pid, place, ours)
        self._workers.append(worker)
        self._selector.register(ours, selectors.EVENT_READ, worker)

    def _dismiss(self) -> None:
        """No more connections; workers end what they began, or are ended."""
        self._socket.close()
        if self._held is not None:
            self._held.close()
        if self._console is not None:
            self._console.close()
        self._selector.close()
        for worker in self._workers:
            worker.channel.close()
        end = time.monotonic() + self._setup.get("drain_seconds", 10.0) + _MARGIN_SECONDS
        left = {worker.pid for worker in (*self._workers, *self._ending)}
        while left and time.monotonic() < end:
            left = {pid for pid in left if os.waitpid(pid, os.WNOHANG)[0] == 0}
            time.sleep(0.02 if left else 0)
        for pid in left:
            _LOG.error("worker %d does not end: killed", pid)
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)

    def _bound(self) -> socket.socket:
        host, port = self._setup.get("host", "127.0.0.1"), self._setup.get("port", 0)
        try:
            family, _, _, _, address = socket.getaddrinfo(
                host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            both = host == "::" and socket.has_dualstack_ipv6()
            listening = socket.create_server(
                address[:2], family=family, backlog=_BACKLOG, dualstack_ipv6=both
            )
        except OSError as problem:
            raise unavailable(host, port, problem) from problem
        listening.setblocking(False)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # inherited by what it accepts
        return listening

    def _bound_console(self) -> socket.socket | None:
        """One socket that every worker listens on: they share its connections."""
        port = self._setup.get("console")
        if not isinstance(port, int):
            return port
        try:
            return consoles.bound(port)
        except OSError as problem:
            self._socket.close()
            raise unavailable(consoles.HOST, port, problem, field="--console") from problem

    # -- the processes that serve -----------------------------------------------------------------------

    def forget_parent(self) -> None:
        """In a worker just forked: let go of what is not its own, or the others' channels would never end."""
        self._selector.close()
        if self._held is not None:
            self._held.close()
        for other in self._workers:
            other.channel.close()

    def worker(self, channel: socket.socket) -> tuple[MockServer, Relay]:
        """The server of one worker."""
        relay = Relay(channel, self._socket.getsockname()[:2])
        self._socket.close()
        setup: Setup = {**self._setup, "console": self._console, "faults": ()}  # armed once, by the first
        return MockServer(**setup, relay=relay), relay


def _keep_to_one_core(place: int) -> None:
    if sys.platform == "linux":
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[place % len(cores)]})


def _work(crew: Crew, channel: socket.socket, place: int) -> None:
    """The life of a worker, from its fork to the end of its process."""
    code = 1
    try:
        asked_to_stop: list[int] = []
        signal.signal(
            signal.SIGINT, signal.SIG_IGN
        )  # from a terminal it reaches all; the one who accepts decides
        signal.signal(signal.SIGTERM, lambda number, _: asked_to_stop.append(number))
        crew.forget_parent()
        _keep_to_one_core(place)
        server, relay = crew.worker(channel)
        server.start()
        settle()
        relay.tell(_READY)
        while not relay.ended.wait(_TURN_SECONDS) and not asked_to_stop:
            pass
        relay.tell(_LEAVING)
        server.stop()
        code = 0
    except BaseException:  # noqa: BLE001 - told, and the process ends with it
        _LOG.exception("worker %d", os.getpid())
    finally:
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)  # what the parent has open or temporary is the parent's


def _reason(status: int) -> str:
    """What became of a process, from its wait status."""
    if os.WIFSIGNALED(status):
        return f"signal {signal.Signals(os.WTERMSIG(status)).name}"
    return f"exit code {os.waitstatus_to_exitcode(status)}"
