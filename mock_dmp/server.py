"""The mock as a server: mutual TLS by default, in a thread for tests and embedding, or until told to stop.

`MockServer` owns the store, the application and the listener; it is what the command line starts.
"""

from __future__ import annotations

import errno
import gc
import ipaddress
import json
import logging
import os
import signal
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from mock_dmp import console as consoles
from mock_dmp import journal, pki, tls
from mock_dmp.acceptance import policy
from mock_dmp.acceptance.official import Official
from mock_dmp.acceptance.trust import Trust
from mock_dmp.app import MockApp
from mock_dmp.dispatch import Dispatcher
from mock_dmp.faults import arming
from mock_dmp.faults.gate import Gate
from mock_dmp.faults.plan import Planned
from mock_dmp.journal import Record
from mock_dmp.pki import PkiIndex
from mock_dmp.state import collection, sessions
from mock_dmp.state.engine import Store
from mock_dmp.transport.connection import Connection, Received
from mock_dmp.transport.listener import Listener, Patience
from mock_dmp.transport.receiver import Head, Limits
from mock_dmp.transport.relay import Relay
from protocol.errors import ConfigError, Text

_LOG = logging.getLogger("dmpcompat.mock")
_THREADS = 16
#: More or less what two calls leave: Python's own 700 made a tenth of the work of a call.
_YOUNG_OBJECTS = 25_000


class MockServer:
    """One mock on one address.

    `port` 0 takes a free one. Without `pki_folder`, `plain_http` must be asked for, and only on loopback; with
    both, the PKI serves to judge the VIHF.
    `db_url` and `data_dir`: see Store; `drain_seconds`: what a stop gives to the requests under way; `relay`: where
    connections come from, instead of listening (`mock_dmp.crew`); `console`: port of the console (0: a free one), or
    its socket; None for none; `faults`: what to start with in the default session, beside nothing else;
    `official`: the status list of a register, whose numbers are then known.
    Raises ConfigError: unreadable PKI, expired server certificate, port in use, database out of reach.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        pki_folder: Path | None = None,
        db_url: str | None = None,
        data_dir: Path | None = None,
        *,
        plain_http: bool = False,
        tls13: bool = False,
        threads: int = _THREADS,
        limits: Limits | None = None,
        patience: Patience | None = None,
        drain_seconds: float = 10.0,
        relay: Relay | None = None,
        console: int | socket.socket | None = None,
        faults: Sequence[Planned] = (),
        official: Official | None = None,
    ) -> None:
        index = None if pki_folder is None else pki.load(pki_folder)
        context = _context(host, index, plain_http=plain_http, tls13=tls13)
        trust = None if index is None else Trust.load([index.ca], [index.crl])
        self._host, self._port = host, port
        self._secure = context is not None
        self._drain_seconds = drain_seconds
        self._thread: threading.Thread | None = None
        self.store = Store(db_url, data_dir, connections=threads)
        self.store.changes.limit(max(1, threads // 4))
        try:
            if relay is None:
                collection.collect(self.store)
            self.dispatcher = Dispatcher(
                self.store, accept=partial(policy.accept, trust=trust, official=official)
            )
            app = MockApp(self.store, self.dispatcher)
            if faults:
                arming.start_with(self.store, faults)
            self._console = None if console is None else consoles.Console(app, self.store.blobs, console)
            self._listener = Listener(
                (host, port),
                app,
                blobs=self.store.blobs,
                witness=_Witness(self.store),
                context=context,
                threads=threads,
                relay=relay,
                limits=limits or Limits(),
                patience=patience or Patience(),
                gate=None if index is None else Gate(self.store, index),
            )
        except BaseException:
            self.store.close()
            raise

    @property
    def url(self) -> str:
        """Base address, without a final slash; known once started."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{'https' if self._secure else 'http'}://{host}:{self._port}"

    @property
    def console_url(self) -> str:
        """Address of the console, without a final slash; known once started, "" when there is none."""
        return "" if self._console is None else self._console.url

    def start(self) -> Self:
        """Listen, and serve in a thread. Raises ConfigError when the address can't be taken."""
        problem = self._prepare()
        if problem is not None:
            self.store.close()
            raise problem
        self._port = int(self._listener.bind_addr[1])
        self._thread = threading.Thread(target=self._listener.serve, name="dmpcompat-mock", daemon=True)
        self._thread.start()
        if self._console is not None:
            self._console.start()
        return self

    def _prepare(self) -> ConfigError | None:
        """Bind and make the workers, from a daemon thread: they inherit that, and so never hold the process."""
        failures: list[ConfigError] = []

        def prepare() -> None:
            try:
                self._listener.prepare()
            except OSError as problem:
                failures.append(unavailable(self._host, self._port, self._listener.bind_problem or problem))
                return
            try:
                if self._console is not None:
                    self._console.prepare()
            except OSError as problem:
                failures.append(self._console_unavailable(problem))
                self._listener.stop()

        starter = threading.Thread(target=prepare, daemon=True)
        starter.start()
        starter.join()
        return failures[0] if failures else None

    def stop(self) -> None:
        """Take no new request, let those under way end, give everything back. Harmless when repeated."""
        if self._thread is None:
            return
        thread, self._thread = self._thread, None
        self.store.changes.close()  # viewers would wait for what will not come any more
        if self._console is not None:
            self._console.stop(self._drain_seconds)
        self._listener.drain(self._drain_seconds)
        thread.join()
        self.store.close()

    def _console_unavailable(self, problem: OSError) -> ConfigError:
        assert self._console is not None  # noqa: S101 - it just failed
        port = self._console.port
        return unavailable(consoles.HOST, port, self._console.bind_problem or problem, field="--console")

    def serve_forever(
        self, ready_file: Path | None = None, on_ready: Callable[[str], None] | None = None
    ) -> None:
        """Serve until SIGTERM or SIGINT, then drain. Main thread only.

        Once requests are served, `ready_file` gets one line of JSON (url, pid, and console when there is one), until
        the end, and `on_ready` is called with the URL.
        """
        asked_to_stop = threading.Event()
        for name in ("SIGTERM", "SIGINT"):
            signal.signal(getattr(signal, name), lambda *_: asked_to_stop.set())
        self.start()
        settle()
        if not self._secure:
            _LOG.warning("--plain-http: no TLS, no client certificate; for loopback tests only")
        try:
            if ready_file is not None:
                write_ready(ready_file, self.url, console=self.console_url)
            if on_ready is not None:
                on_ready(self.url)
            while not asked_to_stop.wait(0.5):  # a bounded wait lets Windows see Ctrl-C
                pass
        finally:
            self.stop()
            if ready_file is not None:
                ready_file.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _Witness:
    """Writes to the journal what the application never sees. These lines belong to the default session."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def refused_handshake(self, remote: str, word: str, detail: str) -> None:
        record = Record(
            session=sessions.DEFAULT, remote=remote, outcome="handshake", code=word, detail=detail
        )
        journal.write(self._store, record)

    def unheard(self, connection: Connection, head: Head | None, received: Received) -> None:
        word = received.problem.word if received.problem else "malformed-head"
        record = Record(
            session=sessions.DEFAULT,
            method=head.method if head else "",
            target=head.target if head else "",
            request_headers=received.headers,
            request_body=received.digest,
            tls=connection.tls,
            remote=f"{connection.remote_addr}:{connection.remote_port}",
            outcome="transport",
            code=word,
            detail=f"{word}: {received.size} bytes received",
        )
        journal.write(self._store, record)


def unavailable(host: str, port: int, problem: OSError, *, field: str = "--port") -> ConfigError:
    """The error for an address that can't be listened on."""
    if problem.errno == errno.EADDRINUSE:
        return ConfigError(
            "SRV-001",
            Text("le port est déjà utilisé", "the port is already in use"),
            field=field,
            found=f"{host}:{port}",
            mend=Text(
                "choisir un autre port (0 : un port libre), ou arrêter l'autre programme",
                "choose another port (0: a free one), or stop the other program",
            ),
        )
    return ConfigError(
        "SRV-002",
        Text("l'adresse d'écoute est inutilisable", "the listening address can't be used"),
        field="--host, --port" if field == "--port" else field,
        found=f"{host}:{port} — {problem.strerror or problem}",
    )


def _context(host: str, index: PkiIndex | None, *, plain_http: bool, tls13: bool) -> ssl.SSLContext | None:
    if plain_http:
        if not is_loopback(host):
            raise ConfigError(
                "SRV-003",
                Text(
                    "--plain-http n'est permis que sur la machine elle-même",
                    "--plain-http is for loopback only",
                ),
                field="--host",
                found=host,
                expected="127.0.0.1, ::1, localhost",
            )
        return None
    if index is None:
        raise ConfigError(
            "SRV-004",
            Text("il manque le dossier de la PKI", "the PKI folder is missing"),
            field="--pki",
            mend=Text("dmpcompat pki init DOSSIER", "dmpcompat pki init FOLDER"),
        )
    return tls.server_context(index, tls13=tls13)


def is_loopback(host: str) -> bool:
    """Whether that name or address stays on the machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def settle() -> None:
    """Spare the collector what never goes away, and most of its rounds: a call makes thousands of objects, no cycles.

    For a process that does nothing but serve.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS, 10, 10)


def write_ready(path: Path, url: str, workers: Sequence[int] = (), *, console: str = "") -> None:
    """Whole or absent: whoever waits for the file may read it at once. `workers`: their process ids."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    told = {"url": url, "pid": os.getpid()} | ({"workers": list(workers)} if workers else {})
    told |= {"console": console} if console else {}
    beside.write_text(json.dumps(told) + "\n", encoding="utf-8")
    beside.replace(path)
