"""Shapes of plain data: what a JSON document must be like before anything reads it, said once, looked at in one place.

A signature says who wrote a document, not that it is well formed: whoever has a key may sign anything. What the values
mean is for the readers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

#: A type (`str`, `int`, `bool`), None, `ANY`, one of the classes below, or a tuple of shapes, one of which fits.
Shape = Any
ANY: Final = object()


@dataclass(frozen=True)
class Each:
    """A list, each item of which has this shape."""

    shape: Shape


@dataclass(frozen=True)
class Named:
    """An object with any names, each value of which has this shape."""

    shape: Shape


@dataclass(frozen=True)
class Members:
    """An object with these members, perhaps those of `optional`, and no others unless it is `open`."""

    known: Mapping[str, Shape]
    optional: Mapping[str, Shape] = field(default_factory=dict)
    open: bool = False


def fit(value: Any, shape: Shape, where: str = "$") -> None:
    """Raises ValueError, which names the place and what was expected there."""
    if shape is ANY:
        return
    if isinstance(shape, tuple):
        _fit_one(value, shape, where)
    elif isinstance(shape, Each):
        _typed(value, list, where)
        for index, item in enumerate(value):
            fit(item, shape.shape, f"{where}[{index}]")
    elif isinstance(shape, Named):
        _typed(value, dict, where)
        for name, item in value.items():
            fit(item, shape.shape, f"{where}.{name[:40]}")
    elif isinstance(shape, Members):
        _fit_members(value, shape, where)
    else:
        _typed(value, type(None) if shape is None else shape, where)


def _fit_one(value: Any, shapes: tuple[Shape, ...], where: str) -> None:
    told = ""
    for shape in shapes:
        try:
            return fit(value, shape, where)
        except ValueError as problem:
            told = str(problem)
    raise ValueError(told)


def _fit_members(value: Any, shape: Members, where: str) -> None:
    _typed(value, dict, where)
    wanted = {**shape.known, **shape.optional}
    if missing := [name for name in shape.known if name not in value]:
        raise ValueError(f"{where}: lacks {' '.join(missing)}")
    if not shape.open and (beyond := [name[:40] for name in value if name not in wanted]):
        raise ValueError(f"{where}: unknown {' '.join(beyond[:5])}")
    for name, inner in wanted.items():
        if name in value:
            fit(value[name], inner, f"{where}.{name}")


def _typed(value: Any, kind: type, where: str) -> None:
    if type(value) is not kind:
        raise ValueError(f"{where}: {type(value).__name__}, not {kind.__name__}")
