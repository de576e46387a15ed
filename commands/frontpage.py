"""The help of `dmpcompat` itself, told without importing the commands nor the library of the command line.

tests/test_cli.py keeps each sentence equal to the command's own.
"""

from __future__ import annotations

import os
from typing import Final, NamedTuple

WIDEST: Final = 110
_NARROWEST: Final = 50


class Later(NamedTuple):
    """Where a command is, and its first sentence."""

    module: str
    sentence: str


#: The attribute of the module has the name of the command, with an underscore after it when Python keeps the word.
LATER: Final[dict[str, Later]] = {
    "check": Later(
        "commands.check",
        "Judge documents and exchanges: files, folders, zip archives and XDM deliveries, of any size.",
    ),
    "compare": Later(
        "commands.compare",
        "Compare two runs: the verdicts that changed and why, new and gone cases. 0 none changed, 1 some did.",
    ),
    "data": Later("commands.data", "Synthetic data in number."),
    "demo": Later(
        "commands.demo",
        "Run the whole main job on embedded defaults: PKI, mock, plan, evidence, signed report, verification.",
    ),
    "doctor": Later(
        "commands.run",
        "Preflight of a CAMPAIGN: certificates, network, number, scope, data. No business call without --probe.",
    ),
    "evidence": Later(
        "commands.evidence", "Screens and declarations of a RUN: lodge them, list what is wanted."
    ),
    "explain": Later(
        "commands.check",
        "Explain a RULE of the oracle: what it asks, of what, by which text. A group lists its rules; nothing, all.",
    ),
    "export": Later(
        "commands.export",
        "Export the evidence of a RUN, once the guard has looked for secrets and identities in every file.",
    ),
    "import": Later(
        "commands.import_",
        "Read frames that another tool captured into a recording. 0 all was read, 2 something was not.",
    ),
    "homologate": Later(
        "commands.homologate",
        "Application files: open, submit, review, issue a number, suspend, reinstate, withdraw, amend.",
    ),
    "matrix": Later(
        "commands.matrix",
        "Requirement x case x rule of the shipped plan, with the verdicts of an EVIDENCE folder if one is given.",
    ),
    "pack": Later("commands.pack", "Official artefacts that you own: schemas, Schematrons, value sets."),
    "pki": Later("commands.pki", "Test certificates."),
    "plan": Later(
        "commands.plan", "Plans: scope of a campaign and its lock, lint, proof by paired self-play."
    ),
    "proxy": Later(
        "commands.proxy",
        "Record what an LPS and a test platform say to each other: reverse proxy over mutual TLS. SIGTERM drains.",
    ),
    "register": Later(
        "commands.register",
        "The append-only register of homologations: entries, proofs, status list, public list.",
    ),
    "rejudge": Later(
        "commands.verify",
        "Judge stored EVIDENCE again: same rules, same bytes of findings; other rules, the difference.",
    ),
    "report": Later(
        "commands.report",
        "Put the report of RUN on paper: a sealed PDF/A-3 that carries the signed statement (extra `sign`).",
    ),
    "run": Later("commands.run", "Run the plan of a CAMPAIGN, keep the evidence, issue the signed report."),
    "scaffold": Later(
        "commands.scaffold",
        "Write the files of a KIT into DIR: a campaign, recipes of continuous integration, Docker. Replaces nothing.",
    ),
    "serve": Later("commands.serve", "Start the mock DMP. SIGTERM drains and stops."),
    "stamp": Later(
        "commands.stamp",
        "Time-stamp PLACE: the report of a run that has no stamp, or a sealed PDF once more, to prolong its proof.",
    ),
    "verify": Later(
        "commands.verify",
        "Verify a REPORT offline, in numbered steps. 0 valid, 1 invalid, 2 something was not checked.",
    ),
}

_HEAD: Final = """\
Usage: dmpcompat [OPTIONS] COMMAND [ARGS]...

  Conformance harness and mock platform of the French DMP
  (Dossier Médical Partagé).

Options:
  --version   Show the version and exit.
  -h, --help  Show this message and exit.

Commands:
"""


def page(width: int = 0) -> str:
    """The page of help, for a terminal of `width` columns (0: this one)."""
    room = (width or min(_columns(), WIDEST)) - 2
    margin = max(map(len, LATER)) + 2
    lines = [
        f"  {name:{margin}}{_cut(LATER[name].sentence, max(room, _NARROWEST) - margin - 4)}\n"
        for name in sorted(LATER)
    ]
    return _HEAD + "".join(lines)


def _cut(sentence: str, room: int) -> str:
    """The first sentence, by whole words."""
    first = sentence.partition(". ")[0].rstrip(".") + "."
    if len(first) <= room:
        return first
    return first[: room - 2].rpartition(" ")[0].rstrip(",:;") + "…"


def _columns() -> int:
    asked = os.environ.get("COLUMNS", "")
    if asked.isdigit() and int(asked):
        return int(asked)
    try:
        return os.get_terminal_size().columns
    except OSError:  # not a terminal
        return 80
