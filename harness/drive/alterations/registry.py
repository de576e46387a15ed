"""The alterations that exist: name, what they do, where they apply, at which stage they act.

A module of this folder registers its alterations with `@alteration`; they are imported at first use.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from harness.drive.draft import Draft, Stage
from protocol.errors import NO_TEXT, Text, UsageError

Apply = Callable[[Draft], None]

#: Every transaction that carries a VIHF in SOAP.
EVERY: tuple[str, ...] = ()


@dataclass(frozen=True)
class Alteration:
    """A defect. `on` lists transactions, empty for all of them; `stage` is when it acts."""

    name: str
    text: Text
    stage: Stage
    on: tuple[str, ...]
    apply: Apply

    def applies_to(self, transaction: str) -> bool:
        return not self.on or transaction in self.on


_KNOWN: dict[str, Alteration] = {}


def alteration(
    name: str, *, stage: Stage, fr: str, en: str, on: Iterable[str] = EVERY
) -> Callable[[Apply], Apply]:
    """Register a defect under its name."""

    def keep(apply: Apply) -> Apply:
        if name in _KNOWN:
            raise ValueError(f"two alterations are called {name}")
        _KNOWN[name] = Alteration(name, Text(fr, en), stage, tuple(on), apply)
        return apply

    return keep


def alterations() -> tuple[Alteration, ...]:
    """All of them, by name."""
    _import_all()
    return tuple(_KNOWN[name] for name in sorted(_KNOWN))


def find(name: str, transaction: str) -> Alteration:
    """An alteration that applies to the transaction. Raises UsageError, suggesting the nearest name."""
    _import_all()
    found = _KNOWN.get(name)
    if found is None:
        near = difflib.get_close_matches(name, _KNOWN, 1)
        raise UsageError(
            "ALTER-001",
            Text("altération inconnue", "unknown alteration"),
            found=name,
            mend=Text(f"plutôt « {near[0]} » ?", f"did you mean “{near[0]}”?") if near else NO_TEXT,
        )
    if not found.applies_to(transaction):
        raise UsageError(
            "ALTER-002",
            Text(
                "cette altération ne s'applique pas à la transaction", "this alteration does not apply here"
            ),
            field=transaction,
            found=name,
            expected=", ".join(found.on),
        )
    return found


def run(stage: Stage, chosen: Sequence[Alteration], draft: Draft) -> None:
    """Apply to the draft those that act at this stage, in the order they were named."""
    for defect in chosen:
        if defect.stage == stage:
            defect.apply(draft)


@cache
def _import_all() -> None:
    package = __name__.rpartition(".")[0]
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        importlib.import_module(f"{package}.{module.name}")
