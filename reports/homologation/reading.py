"""What a verifier brings, and what the steps of a verification hand to one another."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from protocol import dsse
from protocol.errors import Text
from protocol.trust import TrustedKey
from protocol.trustchain import Anchor, Believed
from reports import verify as report_verify
from reports.dossier.view import View
from reports.homologation.bundle import Bundle
from reports.register.store import Receipt
from reports.verify import Verification
from reports.verify_evidence import Skip


@dataclass(frozen=True)
class Brought:
    """The issuer's trust file and the key of its log; a status list; the run with its evidence; the secret number with
    its proof (hex); the authority of time stamps and of the PDF; the moment to look at (now by default);
    the witnesses that must have cosigned the checkpoint, and how many (all that are named); the root that signs the
    trust file, here or in the bundle.
    """

    trust: Path | None = None
    log_key: str = ""
    status: Path | None = None
    run: Path | None = None
    number: str = field(default="", repr=False)
    nonce: str = field(default="", repr=False)
    authority: Path | None = None
    at: datetime | None = None
    rejudged: bool = False
    witnesses: tuple[str, ...] = ()
    quorum: int | None = None
    root: Anchor | None = None


_UNREAD: Final = Text("les clés n'ont pas été lues", "the keys were not read")


@dataclass
class Read:
    """What was read so far. `unvouched`: why nothing brought vouches for the keys, None when something does; `refused`:
    documents on paper that a step refused.
    """

    data: bytes
    brought: Brought
    files: Bundle | None = None
    keys: Mapping[str, TrustedKey] = field(default_factory=dict)
    trust: Believed | None = None
    unvouched: Text | None = _UNREAD
    envelope: dsse.Envelope | None = None
    statement: dict[str, Any] = field(default_factory=dict)
    stamped: datetime | None = None
    receipt: Receipt | None = None
    file: View | None = None
    report: Verification | None = None
    witnessed: datetime | None = None
    refused: set[str] = field(default_factory=set)

    @property
    def at(self) -> datetime:
        return self.brought.at or datetime.now(UTC)

    @property
    def predicate(self) -> dict[str, Any]:
        """Raises Skip when no statement could be read."""
        if not self.statement:
            raise Skip(Text("la déclaration n'a pas été lue", "the statement was not read"))
        found: dict[str, Any] = self.statement["predicate"]
        return found

    def need(self, name: str) -> bytes:
        """A file of the bundle. Raises Skip when it lacks it."""
        if self.files is None or name not in self.files.files:
            raise Skip(Text(f"{name} n'est pas dans le paquet", f"{name} is not in the bundle"))
        return self.files.files[name]

    def reported(self) -> Verification:
        """The verification of the run's own report, once. Raises Skip without the run."""
        if self.report is None:
            if self.brought.run is None:
                raise Skip(Text("exécution non fournie (--evidence)", "run not given (--evidence)"))
            self.report = report_verify.verify(
                self.brought.run,
                rejudged=self.brought.rejudged,
                authority=self.brought.authority,
                existed=self.witnessed,
            )
        return self.report


@dataclass(frozen=True)
class Registered:
    """A step: its number, its title, what it does."""

    number: int
    title: Text
    act: Callable[[Read], Text]


_STEPS: Final[dict[int, Registered]] = {}


def step(
    number: int, french: str, english: str
) -> Callable[[Callable[[Read], Text]], Callable[[Read], Text]]:
    """Register a step under its number."""

    def register(act: Callable[[Read], Text]) -> Callable[[Read], Text]:
        _STEPS[number] = Registered(number, Text(french, english), act)
        return act

    return register


def steps() -> list[Registered]:
    """Every step in order; imports the files of `reports.homologation.steps`."""
    package = importlib.import_module("reports.homologation.steps")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
    return [_STEPS[number] for number in sorted(_STEPS)]
