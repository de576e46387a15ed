"""A group whose commands are imported when they are used, so that help and a bad option cost little.

Help tells the first sentence of each command from the table; tests/test_cli.py keeps it equal to the command's own.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from importlib import import_module
from typing import Final, NamedTuple

import click


class Later(NamedTuple):
    """Where a command is, and its first sentence."""

    module: str
    sentence: str


#: The attribute of the module has the name of the command.
LATER: Final[dict[str, Later]] = {
    "check": Later(
        "commands.check",
        "Judge documents and exchanges: files, folders, zip archives and XDM deliveries, of any size.",
    ),
    "data": Later("commands.data", "Synthetic data in number."),
    "demo": Later(
        "commands.demo",
        "Run the whole main job on embedded defaults: PKI, mock, plan, evidence, signed report, verification.",
    ),
    "doctor": Later(
        "commands.run",
        "Preflight of a CAMPAIGN: certificates, address, clock, number. Sends no business call.",
    ),
    "explain": Later(
        "commands.check",
        "Explain a RULE of the oracle: what it asks, of what, by which text. A group lists its rules; nothing, all.",
    ),
    "pack": Later("commands.pack", "Official artefacts that you own: schemas, Schematrons, value sets."),
    "pki": Later("commands.pki", "Test certificates."),
    "rejudge": Later("commands.verify", "Judge stored EVIDENCE again and say what changed."),
    "run": Later("commands.run", "Run the plan of a CAMPAIGN, keep the evidence, issue the signed report."),
    "serve": Later("commands.serve", "Start the mock DMP. SIGTERM drains and stops."),
    "verify": Later(
        "commands.verify",
        "Verify a REPORT offline, in numbered steps. 0 valid, 1 invalid, 2 something was not checked.",
    ),
}


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

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return sorted({*LATER, *self._added})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        return self._imported(cmd_name) if cmd_name in LATER else self._added.get(cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        names = self.list_commands(ctx)
        room = formatter.width - 6 - max(map(len, names))
        rows = []
        for name in names:
            sentence = LATER[name].sentence if name in LATER else self._added[name].help or ""
            # click's own way of shortening a sentence.
            rows.append((name, click.Command(name, help=sentence).get_short_help_str(room)))
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    @staticmethod
    def _imported(name: str) -> click.Command:
        found = getattr(import_module(LATER[name].module), name)
        assert isinstance(found, click.Command)  # noqa: S101 - for the type checker
        return found
