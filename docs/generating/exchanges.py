"""The exchanges that pages show: those of a run of the demonstration campaign, kept as evidence.

`Played` reads the evidence and the journal of such a run; `played()` makes one against a mock of its own.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from harness.choices import Choices
from harness.exchange_view import exchange_text
from harness.run import run_campaign
from mock_dmp import pki
from mock_dmp.server import MockServer
from protocol import transactions
from protocol.datafolders import folder
from protocol.exchange import load

CAMPAIGN: Final = "campagne-demo.yaml"
SEED: Final = 1
#: `whole`: with the whole header, VIHF included; `answer`: the answer alone.
EXCHANGE: Final = re.compile(
    r"<!-- exchange: ([\w.-]+)/(\d+)( whole| answer)? -->\n.*?<!-- /exchange -->", re.DOTALL
)
#: A number that this project publishes; shown as evidence shows any other.
_NUMBER: Final = "TEST-OK-1"


@dataclass
class Figures:
    """What a run exchanged for one transaction. `statuses`: by HTTP status, 0 when no answer came. Sizes in bytes."""

    cases: set[str] = field(default_factory=set)
    statuses: Counter[int] = field(default_factory=Counter)
    asked: list[int] = field(default_factory=list)
    answered: list[int] = field(default_factory=list)

    @property
    def count(self) -> int:
        return self.statuses.total()


class Played:
    """A run of the demonstration campaign: `root` is the folder of its evidence."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def shown(self, case: str, step: int, option: str = "") -> str:
        """The first exchange of a step, as fenced blocks. Raises StopIteration when there is none."""
        place = self.root / case
        frame = next(one for one in self._frames(case) if one["step"] == step)
        transaction = transactions.load().by_id(frame["transaction"])
        sides = exchange_text(load(place, frame["stem"]), transaction, whole=option == "whole")
        wanted = sides[1:] if option == "answer" else sides
        return "\n\n".join(_fenced(side) for side in wanted if side).replace(_NUMBER, "X" * len(_NUMBER))

    @cached_property
    def figures(self) -> Mapping[str, Figures]:
        """By transaction."""
        found: dict[str, Figures] = {}
        for event in self._events("exchange"):
            frame = next(one for one in self._frames(event["case"]) if one["stem"] == event["frame"])
            told = found.setdefault(event["transaction"], Figures())
            told.cases.add(event["case"])
            told.statuses[event["status"] or 0] += 1
            told.asked.append(frame["request"]["size"])
            if frame.get("response"):
                told.answered.append(frame["response"]["size"])
        return found

    @cached_property
    def cases(self) -> int:
        """How many cases were played."""
        return sum(1 for _ in self._events("case-finished"))

    def _events(self, kind: str) -> Iterator[dict[str, Any]]:
        journal = (self.root / "evenements.ndjson").read_text(encoding="utf-8")
        return (one for one in map(json.loads, journal.splitlines()) if one["event"] == kind)

    def _frames(self, case: str) -> list[dict[str, Any]]:
        if case not in self._known:
            text = (self.root / case / "test.json").read_text(encoding="utf-8")
            self._known[case] = json.loads(text)["frames"]
        return self._known[case]

    @cached_property
    def _known(self) -> dict[str, list[dict[str, Any]]]:
        return {}


def _fenced(side: str) -> str:
    body = side.partition("\n\n")[2]
    kind = "html" if body.startswith("<!") else "xml" if "<" in body else "http"
    return f"```{kind}\n{side.rstrip()}\n```"


def with_exchanges(text: str, run: Played) -> str:
    """The page with the exchanges that it names: `<!-- exchange: CASE/STEP -->`, or with an option after STEP."""

    def captured(found: re.Match[str]) -> str:
        shown = run.shown(found[1], int(found[2]), (found[3] or "").strip())
        return f"<!-- exchange: {found[1]}/{found[2]}{found[3] or ''} -->\n{shown}\n<!-- /exchange -->"

    return EXCHANGE.sub(captured, text)


def played() -> Played:
    """Play the campaign, in a folder that lasts as long as the process. Raises SystemExit unless all is well."""
    scratch = Path(_SCRATCH.name)
    pki.init(scratch / "pki")
    with MockServer(pki_folder=scratch / "pki", data_dir=scratch / "data") as mock:
        result = run_campaign(
            folder("test_plans") / CAMPAIGN,
            Choices(
                out=scratch / "out",
                target=mock.url,
                pki=scratch / "pki",
                seed=SEED,
            ),
        )
    if result.exit_code != 0:
        told = ", ".join(f"{one.code} {one.verdict}" for one in result.verdicts if one.verdict != "PASS")
        raise SystemExit(f"the run that the pages show is not conform: {told}")
    return Played(scratch / "out" / "preuves")


_SCRATCH: Final = tempfile.TemporaryDirectory(prefix="dmpcompat-docs-")
