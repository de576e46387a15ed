"""Web sites under a path prefix, beside the SOAP services: `@mount("/param-lps/")` on a factory of a WSGI application.

Modules of `mock_dmp.pages` register theirs; the application (`mock_dmp.app`) finds the site of a path. A site answers
for one session, `environ["dmpcompat.session"]`; `environ["dmpcompat.tls"]` is the client's connection, if secure.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from mock_dmp.state.engine import Store
from protocol.errors import Text, ToolError

Environ = dict[str, Any]
Wsgi = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]
Factory = Callable[[Store], Wsgi]

_FACTORIES: dict[str, Factory] = {}


def mount(prefix: str) -> Callable[[Factory], Factory]:
    """Decorator: this factory makes the site under `prefix` (`/insi/`). Raises ToolError when it is taken."""

    def register(factory: Factory) -> Factory:
        known = _FACTORIES.setdefault(prefix, factory)
        if (known.__module__, known.__qualname__) != (factory.__module__, factory.__qualname__):
            raise ToolError(
                "MOCK-003", Text("deux sites pour un chemin", "two sites under one path"), field=prefix
            )
        return factory

    return register


def load() -> Mapping[str, Factory]:
    """Import every module of `mock_dmp.pages` and return prefix -> factory."""
    pages = importlib.import_module("mock_dmp.pages")
    for module in pkgutil.iter_modules(pages.__path__, "mock_dmp.pages."):
        importlib.import_module(module.name)
    return MappingProxyType(_FACTORIES)


class Mounts:
    """The sites of one store, each made at start."""

    def __init__(self, store: Store) -> None:
        self._sites = {prefix: factory(store) for prefix, factory in load().items()}

    def prefix_of(self, path: str) -> str:
        """The prefix under which a path (without that of the session) lies; "" when none. `/ui` is `/ui/`."""
        return next((one for one in self._sites if f"{path}/".startswith(one)), "")

    def answer(
        self, prefix: str, session: str, path: str, environ: Environ, start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Let the site answer. What was before its own path goes to SCRIPT_NAME, as WSGI wants it."""
        whole = environ.get("PATH_INFO", "")
        outer = whole[: len(whole) - len(_wsgi(path))]
        inner = {
            **environ,
            "SCRIPT_NAME": environ.get("SCRIPT_NAME", "") + outer + prefix.rstrip("/"),
            "PATH_INFO": _wsgi(path)[len(prefix) - 1 :],
            "dmpcompat.session": session,
        }
        return self._sites[prefix](inner, start_response)


def _wsgi(text: str) -> str:
    """Text as WSGI writes it: UTF-8 bytes seen as Latin-1."""
    return text.encode("utf-8").decode("latin-1")
