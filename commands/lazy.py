"""A group whose commands are imported when they are used, so that help and a bad option cost little.

Its help is commands.frontpage.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from importlib import import_module
from keyword import iskeyword

import click

from commands.frontpage import LATER, page


class LazyGroup(click.Group):
    """LATER's commands, and those added the usual way."""

    _added: dict[str, click.Command]

    # click sets it once, in its constructor.
    @property
    def commands(self) -> MutableMapping[str, click.Command]:
        """Every command, imported."""
        return self._added | {name: self._imported(name) for name in LATER}

    @commands.setter
    def commands(self, given: MutableMapping[str, click.Command]) -> None:
        self._added = dict(given)

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        self._added[name or cmd.name or ""] = cmd

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return sorted({*LATER, *self._added})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        return self._imported(cmd_name) if cmd_name in LATER else self._added.get(cmd_name)

    def get_help(self, ctx: click.Context) -> str:  # noqa: ARG002 - click's signature
        return page().rstrip("\n")

    @staticmethod
    def _imported(name: str) -> click.Command:
        attribute = f"{name}_" if iskeyword(name) else name
        found = getattr(import_module(LATER[name].module), attribute)
        assert isinstance(found, click.Command)  # noqa: S101 - for the type checker
        return found
