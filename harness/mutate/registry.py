"""The mutators that exist: name, what they change, which rules or requirements they break.

A module of `kinds` registers its mutators with `@mutator`; they are imported at first use. How a specimen is taken
apart and put together again is `specimen`'s business, what is said of a mutant is `kill`'s.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, Final, Literal

from protocol.errors import Text, UsageError
from protocol.exchange import Headers, Tls

#: What a mutator is given. "cda": the root of a document alone; "cda-bytes": its bytes; "carried": the root of the
#: first document of a submission or of a retrieve answer, in its message; "request", "answer": the root of the
#: message; "wire-request", "wire-answer": a Wire; "run": the frames of a run, in their order; "aftermath": a Followed.
Over = Literal[
    "cda", "cda-bytes", "carried", "request", "answer", "wire-request", "wire-answer", "run", "aftermath"
]
#: Changes in place (or gives new bytes for "cda-bytes"). None or False: nothing there to change.
Change = Callable[[Any, Random], Any]


@dataclass
class Wire:
    """One side of an exchange as a mutator may change it. `status` is of an answer, `tls` of a request; of an answer,
    `method` and `target` tell what was asked and changing them does nothing.
    """

    headers: list[tuple[str, str]]
    body: bytes
    method: str = ""
    target: str = ""
    status: int = 0
    tls: Tls | None = None

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    def put(self, name: str, value: str | None) -> bool:
        """Change a header, or take it away for None. False when it isn't there."""
        for place, (key, _) in enumerate(self.headers):
            if key.lower() == name.lower():
                self.headers[place : place + 1] = [] if value is None else [(key, value)]
                return True
        return False

    @property
    def multipart(self) -> bool:
        return self.header("Content-Type").startswith("multipart/related")

    @property
    def sent(self) -> Headers:
        return tuple(self.headers)


@dataclass(frozen=True)
class Mutator:
    """One kind of mutation. `on`: transactions, empty for any. `breaks`: rules or requirements that must see it.

    `harmless`: the mutant means the same as the original, so that no rule may say anything of it.
    """

    name: str
    over: Over
    on: tuple[str, ...]
    breaks: tuple[str, ...]
    harmless: bool
    change: Change = field(repr=False)


_KNOWN: dict[str, Mutator] = {}
_KINDS: Final = f"{__name__.rpartition('.')[0]}.kinds"


def mutator(
    name: str,
    *,
    over: Over,
    breaks: Sequence[str] | str = (),
    on: Sequence[str] = (),
    harmless: bool = False,
) -> Callable[[Change], Change]:
    """Register a mutation under its name."""

    def keep(change: Change) -> Change:
        if name in _KNOWN:
            raise ValueError(f"two mutators are called {name}")
        if bool(breaks) == harmless:
            raise ValueError(f"{name}: a mutator breaks something, or is harmless")
        broken = (breaks,) if isinstance(breaks, str) else tuple(breaks)
        _KNOWN[name] = Mutator(name, over, tuple(on), broken, harmless, change)
        return change

    return keep


@cache
def mutators() -> tuple[Mutator, ...]:
    """All of them, by name."""
    package = importlib.import_module(_KINDS)
    for info in pkgutil.iter_modules([str(Path(place)) for place in package.__path__]):
        importlib.import_module(f"{_KINDS}.{info.name}")
    return tuple(_KNOWN[name] for name in sorted(_KNOWN))


def mutator_named(name: str) -> Mutator:
    """Raises UsageError."""
    found = next((one for one in mutators() if one.name == name), None)
    if found is None:
        raise UsageError("MUT-001", Text("mutation inconnue", "unknown mutation"), found=name)
    return found
