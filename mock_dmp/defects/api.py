"""What a defect of the mock is: name, words, the rules or expectations that must catch it, and what it does.

It spoils the answer (`envelope`, `bytes`), or turns acceptance rules and switches (`settings`), or does something
after a refused call (`refused`). Registered by `@defect`, or by `lenient` for those that are settings alone.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cache
from types import MappingProxyType
from typing import Any, Final, Literal, TypeVar

from mock_dmp.context import Session
from mock_dmp.state.settings import Settings
from protocol.errors import Text, ToolError, UsageError

#: Name of the setting: names of defects, separated by commas.
SWITCH: Final = "defects"

Stage = Literal["envelope", "bytes", "settings", "refused"]
F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, eq=False)  # one of each: told apart by identity
class Defect:
    """One defect. `caught_by`: rules of the oracle, or `EXPECT-…` where an expectation of a plan must see it.

    `settings`: acceptance rules and switches that it turns.
    """

    name: str
    text: Text
    caught_by: tuple[str, ...]
    stage: Stage
    apply: Callable[..., Any]
    settings: Mapping[str, str | int | bool] = field(default_factory=dict)


_DEFECTS: dict[str, Defect] = {}


def defect(
    name: str, *, text: Text, caught_by: tuple[str, ...], stage: Stage = "envelope"
) -> Callable[[F], F]:
    """Decorator: this function does the defect. Raises ToolError when two claim the same name."""

    def register(function: F) -> F:
        known = _DEFECTS.get(name)
        if known is not None and known.apply.__module__ != function.__module__:
            raise ToolError(
                "DEF-000", Text("deux défauts du même nom", "two defects of one name"), field=name
            )
        _DEFECTS[name] = Defect(name, text, caught_by, stage, function)
        return function

    return register


def lenient(
    name: str, *, text: Text, caught_by: tuple[str, ...], settings: Mapping[str, str | int | bool]
) -> None:
    """Register a defect that is no more than other settings: the mock lets through what it must refuse."""
    _DEFECTS[name] = Defect(name, text, caught_by, "settings", _nothing, MappingProxyType(dict(settings)))


def _nothing() -> None:
    """What a defect made of settings does beside them."""


@cache
def defects() -> Mapping[str, Defect]:
    """Every defect, by name; imports the modules of this package."""
    package = importlib.import_module("mock_dmp.defects")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
    return MappingProxyType(dict(sorted(_DEFECTS.items())))


def check(value: str) -> tuple[Defect, ...]:
    """The defects of a setting. Raises UsageError for a name that does not exist."""
    known = defects()
    found = []
    for name in filter(None, (part.strip() for part in value.split(","))):
        if name not in known:
            near = get_close_matches(name, known, 1)
            raise UsageError(
                "DEF-001",
                Text("défaut inconnu", "unknown defect"),
                field=SWITCH,
                found=name,
                expected=near[0] if near else "GET /control/v1/defects",
            )
        found.append(known[name])
    return tuple(dict.fromkeys(found))


def of(settings: Settings) -> tuple[Defect, ...]:
    """The defects that the session turned on; a name that is no longer known is left out."""
    value = str(settings.changed.get(SWITCH, ""))
    return tuple(defects()[name] for name in value.split(",") if name in defects()) if value else ()


def changed(session: Session, armed: tuple[Defect, ...]) -> Session:
    """The session with the settings that its defects make."""
    turned = {name: value for one in armed for name, value in one.settings.items()}
    if not turned:
        return session
    return replace(session, settings=Settings(MappingProxyType({**session.settings.changed, **turned})))
