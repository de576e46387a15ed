"""A proxy with all it needs: addresses checked, certificates loaded, its socket bound; in a thread or until told.

What it does with a call is harness.capture.proxy's.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import SplitResult, urlsplit

from harness.capture.authority import Permission, permission_for
from harness.capture.forward import Patience, Platform
from harness.capture.proxy import Limits, Proxy
from harness.capture.recording import Recorder
from harness.capture.tls import Identities, server_context
from protocol.errors import ConfigError, Text, UsageError


@dataclass(frozen=True)
class Asked:
    """What `dmpcompat proxy` is asked. `identity`: name of a pair of the PKI folder, "" to show the caller's own.

    `upstream_ca`, `client_ca`: authorities of the platform and of the callers, `ca.pem` of the folder by default.
    """

    to: str
    pki: Path
    record: Path
    host: str = "127.0.0.1"
    port: int = 0
    identity: str = ""
    upstream_ca: Path | None = None
    client_ca: Path | None = None
    patience: Patience = field(default_factory=Patience)
    limits: Limits = field(default_factory=Limits)


class ProxyServer:
    """A proxy on one address.

    Raises UsageError (address, folder that is taken), ConfigError (certificates, port, host of the national platform).
    """

    def __init__(self, asked: Asked) -> None:
        address = _address(asked.to)
        self.permission: Permission | None = permission_for(address.hostname or "")
        context = server_context(asked.pki, asked.client_ca or asked.pki / "ca.pem")
        identities = Identities(asked.pki, asked.upstream_ca or asked.pki / "ca.pem")
        identity = identities.named(asked.identity) if asked.identity else ""
        self._listening = _bound(asked.host, asked.port)
        self._host, self._port = asked.host, int(self._listening.getsockname()[1])
        try:
            _refuse_itself(address, self._host, self._port)
            told = {"authority": self.permission.to_plain()} if self.permission else {}
            self.recorder = Recorder(asked.record, origin="proxy", source=asked.to, told=told)
        except BaseException:
            self._listening.close()
            raise
        platform = Platform(address, asked.patience, asked.limits.body)
        self._make: Callable[[], Proxy] = partial(
            Proxy,
            self._listening,
            context,
            platform,
            identities,
            self.recorder,
            identity=identity,
            limits=asked.limits,
        )
        self._thread: threading.Thread | None = None
        self._stop: Callable[[], None] = lambda: None

    @property
    def url(self) -> str:
        """Base address for the LPS, without a final slash."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"https://{host}:{self._port}"

    def serve_forever(
        self, ready_file: Path | None = None, on_ready: Callable[[], None] | None = None
    ) -> None:
        """Serve until SIGTERM or SIGINT, then let what is under way end. Main thread only.

        Once it serves, `ready_file` gets one line of JSON (url, pid), until the end, and `on_ready` is called.
        """

        def ready() -> None:
            if ready_file is not None:
                _write_ready(ready_file, self.url)
            if on_ready is not None:
                on_ready()

        async def serve() -> None:
            stop, loop = asyncio.Event(), asyncio.get_running_loop()
            for name in (signal.SIGTERM, signal.SIGINT):
                signal.signal(name, lambda *_: _tell(loop, stop))
            await self._make().run(stop, ready)

        try:
            asyncio.run(serve())
        finally:
            self.recorder.close()
            if ready_file is not None:
                ready_file.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        """Serve in a thread."""
        started = threading.Event()

        async def serve() -> None:
            stop, loop = asyncio.Event(), asyncio.get_running_loop()
            self._stop = partial(_tell, loop, stop)
            await self._make().run(stop, started.set)

        self._thread = threading.Thread(
            target=lambda: asyncio.run(serve()), name="dmpcompat-proxy", daemon=True
        )
        self._thread.start()
        started.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()
        if self._thread is not None:
            self._thread.join()
        self.recorder.close()


def _tell(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    loop.call_soon_threadsafe(stop.set)


def _address(to: str) -> SplitResult:
    try:
        address = urlsplit(to)
        good = address.scheme in ("https", "http") and bool(address.hostname) and address.port != 0
    except ValueError:
        good = False
    if not good or address.query or address.fragment or address.username:
        raise UsageError(
            "PROXY-003",
            Text("l'adresse n'est pas une URL http(s)", "the address is no http(s) URL"),
            field="--to",
            found=to,
            expected="https://host:port[/path]",
        )
    return address


def _refuse_itself(address: SplitResult, host: str, port: int) -> None:
    if (address.hostname, address.port) == (host, port):
        raise UsageError(
            "PROXY-004",
            Text("le proxy s'appellerait lui-même", "the proxy would call itself"),
            field="--to",
            found=address.geturl(),
        )


def _bound(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=_family(host))
    except OSError as problem:
        raise ConfigError(
            "PROXY-005",
            Text("l'adresse d'écoute est inutilisable", "the listening address can't be used"),
            field="--host, --port",
            found=f"{host}:{port} — {problem.strerror or problem}",
            mend=Text("choisir un autre port (0 : un port libre)", "choose another port (0: a free one)"),
        ) from problem


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _write_ready(path: Path, url: str) -> None:
    """Whole or absent: whoever waits for the file may read it at once."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text(json.dumps({"url": url, "pid": os.getpid()}) + "\n", encoding="utf-8")
    beside.replace(path)
