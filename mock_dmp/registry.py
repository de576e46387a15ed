"""Which function answers which transaction.

A service module says `@handler("TD0.2")`; the modules of `mock_dmp.services` are imported once, by `load`.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from types import MappingProxyType

from mock_dmp.context import Call, Reply
from protocol.errors import Text, ToolError

Handler = Callable[[Call], Reply]

_HANDLERS: dict[str, Handler] = {}


def handler(transaction_id: str) -> Callable[[Handler], Handler]:
    """Decorator: this function answers `transaction_id` (TD0.2). Raises ToolError when two claim the same."""

    def register(function: Handler) -> Handler:
        known = _HANDLERS.setdefault(transaction_id, function)
        if known.__qualname__ != function.__qualname__ or known.__module__ != function.__module__:
            raise ToolError(
                "MOCK-001",
                Text("deux fonctions pour une transaction", "two functions answer one transaction"),
                field=transaction_id,
                found=f"{known.__module__}, {function.__module__}",
            )
        return function

    return register


def load() -> Mapping[str, Handler]:
    """Import every module under `mock_dmp.services` and return transaction id -> handler."""
    services = importlib.import_module("mock_dmp.services")
    for module in pkgutil.walk_packages(services.__path__, "mock_dmp.services."):
        importlib.import_module(module.name)
    return MappingProxyType(_HANDLERS)
