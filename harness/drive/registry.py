"""The messages that the driver knows how to write, by transaction id.

A message module registers its writer with `@message`; modules of `harness.drive.messages` are imported the
first time one is asked for.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Literal

from lxml import etree

from harness.drive import messages
from harness.drive.draft import COMMON, Draft
from protocol.errors import Text, UsageError

Service = Literal[
    "patients",
    "patientsPDQ",
    "patientsSpecific",
    "habilitations",
    "patientCertif",
    "registry",
    "repository",
]
Writer = Callable[[Draft], etree._Element]

BASE_PATH = "/si-dmp-server/v2/services/"


@dataclass(frozen=True)
class MessageSpec:
    """Where a message goes and how.

    `write` returns the payload, and leaves attachments and facts in the draft. `parameters` are its own, beside
    those that every message takes.
    """

    transaction: str
    service: Service
    action: str
    mtom: bool
    parameters: tuple[str, ...]
    write: Writer


_KNOWN: dict[str, MessageSpec] = {}


def message(
    transaction: str, *, service: Service, action: str, mtom: bool = False, parameters: tuple[str, ...] = ()
) -> Callable[[Writer], Writer]:
    """Register the writer of a transaction."""

    def keep(write: Writer) -> Writer:
        _KNOWN[transaction] = MessageSpec(transaction, service, action, mtom, parameters, write)
        return write

    return keep


def transactions() -> tuple[str, ...]:
    """Ids of the transactions that have a message."""
    _import_all()
    return tuple(sorted(_KNOWN))


def parameters(transaction: str) -> tuple[str, ...]:
    """Names of every parameter that the message takes. Raises UsageError."""
    return (*COMMON, *spec(transaction).parameters)


def spec(transaction: str) -> MessageSpec:
    """The message of a transaction. Raises UsageError."""
    _import_all()
    if transaction not in _KNOWN:
        raise UsageError(
            "DRIVE-001",
            Text("aucun message pour cette transaction", "no message for this transaction"),
            found=transaction,
            expected=" | ".join(sorted(_KNOWN)),
        )
    return _KNOWN[transaction]


@cache
def _import_all() -> None:
    for module in pkgutil.iter_modules(messages.__path__):
        importlib.import_module(f"{messages.__name__}.{module.name}")
