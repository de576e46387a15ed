"""What a kind of fault is: name, words, parameters, where it acts, what a correct LPS must not send next.

A kind is one file of `mock_dmp.faults.kinds` with one function under `@fault`. Rules named in `forbids` are those of
the oracle (`AFTER-…`), which judges captured frames by itself: the mock only says which ones matter.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, Final, Literal, TypeVar

from protocol.errors import Text, ToolError, UsageError

#: refuse: an error of the service in place of the answer; envelope: the XML of the answer; bytes: the packed answer;
#: conduct: the way it leaves on the socket; handshake: TLS, before anything tells a session.
Stage = Literal["refuse", "envelope", "bytes", "conduct", "handshake"]
#: Does the service do its work first? A business write hidden by a fault `after` really happened.
Moment = Literal["before", "after"]
Value = str | int | float | bool

F = TypeVar("F", bound=Callable[..., Any])

_JSON: Final = {str: "string", int: "integer", float: "number", bool: "boolean"}


@dataclass(frozen=True)
class Parameter:
    """One parameter of a kind: its type is that of `default`; `required` has no default.

    `values`: the only ones, when listed; `least` and `most` bound a number.
    """

    name: str
    default: Value
    text: Text
    required: bool = False
    values: tuple[Value, ...] = ()
    least: float = 0
    most: float = 1_000_000

    def schema(self) -> dict[str, Any]:
        """JSON schema of its value."""
        described: dict[str, Any] = {"type": _JSON[type(self.default)], "description": self.text.fr}
        if not self.required:
            described["default"] = self.default
        if self.values:
            described["enum"] = list(self.values)
        if isinstance(self.default, (int, float)) and not isinstance(self.default, bool):
            described |= {"minimum": self.least, "maximum": self.most}
        return described

    def checked(self, value: object, where: str) -> Value:
        """The value, of the right type and inside the bounds. Raises UsageError."""
        kind = type(self.default)
        if kind is float and type(value) is int:
            value = float(value)
        good = type(value) is kind and (not self.values or value in self.values)
        if good and isinstance(value, (int, float)) and not isinstance(value, bool):
            good = self.least <= value <= self.most
        if not good:
            raise UsageError(
                "FLT-003",
                Text("paramètre de panne refusé", "fault parameter refused"),
                field=f"{where}.{self.name}",
                found=repr(value)[:100],
                expected=", ".join(map(str, self.values)) or f"{_JSON[kind]} {self.least:g}…{self.most:g}",
            )
        assert isinstance(value, (str, int, float, bool))  # noqa: S101 - its type was compared
        return value


@dataclass(frozen=True)
class Kind:
    """A kind of fault. `moments`: when it may act, the first by default; `reaction`: what a correct LPS does.

    `forbids`: rules of the oracle on the frames that follow. `confidence` says how sure it is that the real platform,
    or what lies between it and an LPS, fails like this.
    """

    name: str
    family: str
    text: Text
    reaction: Text
    stage: Stage
    moments: tuple[Moment, ...]
    forbids: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    confidence: Literal["A", "B", "C"]
    apply: Callable[..., Any]

    def settled(self, given: Mapping[str, object], where: str = "with") -> dict[str, Value]:
        """Every parameter with its value, given or by default. Raises UsageError."""
        known = {item.name: item for item in self.parameters}
        for name in given:
            if name not in known:
                raise UsageError(
                    "FLT-002",
                    Text("paramètre inconnu de cette panne", "unknown parameter of this fault"),
                    field=f"{where}.{name}",
                    found=name,
                    expected=", ".join(known) or "∅",
                )
        missing = [item.name for item in self.parameters if item.required and item.name not in given]
        if missing:
            raise UsageError(
                "FLT-004",
                Text("paramètre de panne obligatoire absent", "required fault parameter missing"),
                field=f"{where}.{missing[0]}",
            )
        return {
            name: item.checked(given[name], where) if name in given else item.default
            for name, item in known.items()
        }


_KINDS: dict[str, Kind] = {}


def fault(
    name: str,
    *,
    family: str,
    text: Text,
    reaction: Text,
    stage: Stage,
    moments: tuple[Moment, ...] = ("after",),
    forbids: tuple[str, ...] = (),
    parameters: tuple[Parameter, ...] = (),
    confidence: Literal["A", "B", "C"] = "B",
) -> Callable[[F], F]:
    """Decorator: this function does the fault `name`. Raises ToolError when two claim the same name."""

    def register(function: F) -> F:
        known = _KINDS.get(name)
        if known is not None and known.apply.__module__ != function.__module__:
            raise ToolError("FLT-000", Text("deux pannes du même nom", "two faults of one name"), field=name)
        _KINDS[name] = Kind(
            name, family, text, reaction, stage, moments, forbids, parameters, confidence, function
        )
        return function

    return register


@cache
def kinds() -> Mapping[str, Kind]:
    """Every kind, by name; imports the files of `mock_dmp.faults.kinds`."""
    package = importlib.import_module("mock_dmp.faults.kinds")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
    return MappingProxyType(dict(sorted(_KINDS.items())))


def kind(name: str) -> Kind:
    """The kind of that name. Raises UsageError, naming the nearest one."""
    known = kinds()
    if name not in known:
        from difflib import get_close_matches

        near = get_close_matches(name, known, 1)
        raise UsageError(
            "FLT-001",
            Text("panne inconnue", "unknown fault"),
            field="fault",
            found=name,
            expected=near[0] if near else ", ".join(known),
        )
    return known[name]
