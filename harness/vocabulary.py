"""The names that a plan and a campaign may use, gathered from the data sets and the registries.

Plans are checked against a Vocabulary, so that a wrong name is told with the nearest right one before
anything runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from harness.checks import api as checks
from harness.drive import registry as messages
from harness.drive.alterations import registry as defects
from harness.drive.identity import names
from protocol import catalogue, directory, transactions
from protocol.datafolders import folder
from protocol.yamlread import read_yaml

#: Modes of authentication that a campaign declares, and what the VIHF says of each.
MODES: Final[Mapping[str, str]] = {"direct": "DIRECTE", "indirect": "INDIRECTE", "air": "INDIRECTE_RENFORCEE"}


@dataclass(frozen=True)
class Vocabulary:
    """Sets of valid names. An empty set checks nothing."""

    transactions: frozenset[str] = frozenset()
    sendable: frozenset[str] = frozenset()
    profiles: frozenset[str] = frozenset()
    rules: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    alterations: frozenset[str] = frozenset()
    patients: frozenset[str] = frozenset()
    identities: frozenset[str] = frozenset()
    professionals: frozenset[str] = frozenset()
    structures: frozenset[str] = frozenset()
    errors: frozenset[str] = frozenset()
    settings: frozenset[str] = frozenset()
    requirements: frozenset[str] = frozenset()
    options: frozenset[str] = frozenset()

    @classmethod
    def of_installation(cls) -> Vocabulary:
        """The names of this installation. Raises ToolError when a data set is damaged."""
        return _installed()


@cache
def _installed() -> Vocabulary:
    registry = transactions.load()
    return Vocabulary(
        transactions=frozenset(registry.ids()),
        sendable=frozenset(messages.transactions()),
        profiles=frozenset(profile for item in registry for profile in item.profiles),
        rules=frozenset(rule.id for rule in checks.rules()),
        groups=frozenset(checks.groups()),
        alterations=frozenset(item.name for item in defects.alterations()),
        patients=frozenset(directory.patients()),
        identities=frozenset(names()),
        professionals=frozenset(directory.professionals()),
        structures=frozenset(directory.structures()),
        errors=frozenset(catalogue.entries()),  # a fault may answer any of them
        settings=_listed("acceptance", "id") | _listed("acceptance", "name"),
        requirements=_listed("requirements", "id"),
        options=_listed("campaign", "id"),
    )


def _listed(name: str, key: str) -> frozenset[str]:
    """Values of `key` in the entries of every file of a data set."""
    paths = sorted((folder("datasets") / name).glob("*.yaml"))
    return frozenset(value for path in paths for value in _values(read_yaml(path).data, key))


def _values(data: Any, key: str) -> Iterable[str]:
    if isinstance(data, dict):
        if isinstance(data.get(key), str):
            yield data[key]
        for value in data.values():
            yield from _values(value, key)
    elif isinstance(data, list):
        for item in data:
            yield from _values(item, key)
