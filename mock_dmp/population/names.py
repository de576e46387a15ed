"""What synthetic patients are made of: names by generation, places, shares of ages (datasets/population)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from typing import Any

from protocol.datafolders import folder
from protocol.strictdata import Fields
from protocol.yamlread import read_yaml


@dataclass(frozen=True)
class Weighted:
    """Values with their cumulated weights, as `random.choices` takes them."""

    values: tuple[Any, ...]
    cumulated: tuple[float, ...]


@dataclass(frozen=True)
class Names:
    """`given` by sex (F, M) holds (first year, last year, names); `births` are pairs (first year, last year)."""

    families: Weighted
    given: dict[str, tuple[tuple[int, int, Weighted], ...]]
    towns: tuple[str, ...]
    streets: tuple[str, ...]
    births: Weighted

    def given_of(self, sex: str, year: int) -> Weighted:
        """The given names of a generation."""
        generations = self.given[sex]
        return next((names for first, last, names in generations if first <= year <= last), generations[0][2])


@cache
def names() -> Names:
    """Raises ToolError when the data set is wrong."""
    document = read_yaml(folder("datasets") / "population" / "names.yaml")
    fields = Fields(document.data, document)
    births = fields.raw("births")
    return Names(
        families=_ranked(fields.texts("families")),
        given={sex: _generations(fields.raw(f"given_{sex.lower()}")) for sex in ("F", "M")},
        towns=fields.texts("towns"),
        streets=fields.texts("streets"),
        births=Weighted(tuple(_years(key) for key in births), tuple(accumulate(births.values()))),
    )


def _generations(raw: dict[str, list[str]]) -> tuple[tuple[int, int, Weighted], ...]:
    return tuple((*_years(key), _ranked(tuple(listed))) for key, listed in raw.items())


def _ranked(values: tuple[str, ...]) -> Weighted:
    """The first are more frequent than the last, as names are."""
    return Weighted(values, tuple(accumulate(1 / (rank + 3) for rank in range(len(values)))))


def _years(key: str) -> tuple[int, int]:
    first, _, last = key.partition("-")
    return int(first), int(last)
