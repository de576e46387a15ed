"""A register that its own key signs, with entries that no office could have written: an audit sees each. And what names
of the register do to those who only read its public list.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from protocol.safexml import parse
from protocol.trust import stamp
from reports.numbers import Reference
from reports.register import merkle, public
from reports.register.audit import audit
from reports.register.checkpoint import Checkpoint
from reports.register.entries import Entry
from reports.register.opening import Configuration, init, open_office
from tests.reports.register.conftest import KEY, START, Hands
from tests.reports.register.drafts import ACTOR, issue


def numbered(kind: str, body: str) -> str:
    return str(Reference("TST", 26, kind, body))


ONE, OTHER = numbered("E", "7K3Q9XA"), numbered("I", "8M4R2YB")


class Log:
    """Entries written by hand, in their place, at a moment."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def add(self, kind: str, reference: str, days: float = 0, **facts: Any) -> Log:
        if kind == "ISSUE":
            facts = dict(issue(reference, **facts).facts)
        known = [one.seq for one in self.entries if one.reference == reference]
        at: datetime = START + timedelta(days=days)
        previous = known[-1] if known else -1
        self.entries.append(Entry(len(self.entries), at, kind, reference, previous, ACTOR, "x", facts))
        return self

    def outcome(self, **changes: Any) -> list[str]:
        if changes:
            self.entries[-1] = replace(self.entries[-1], **changes)
        leaves = [one.leaf() for one in self.entries]
        root = merkle.root([merkle.leaf_hash(leaf) for leaf in leaves])
        point = Checkpoint(KEY.origin, len(leaves), root).signed(KEY.name, KEY.private)
        return [line.outcome for line in audit(leaves, point, [KEY.public])]


DAY = {"effectiveAt": stamp(START + timedelta(days=1))}
OTHERS = {"commitment": "ef" * 32}
FORGED: dict[str, Callable[[], list[str]]] = {
    "back to life once withdrawn": lambda: (
        Log().add("ISSUE", ONE).add("WITHDRAW", ONE, **DAY).add("SUSPEND", ONE, 2).outcome()
    ),
    "a release once withdrawn": lambda: (
        Log()
        .add("ISSUE", ONE)
        .add("WITHDRAW", ONE, **DAY)
        .add("AMEND", ONE, 2, release="2", statementDigest="ab" * 32)
        .outcome()
    ),
    "one number for two": lambda: Log().add("ISSUE", ONE).add("ISSUE", OTHER).outcome(),
    "issued twice": lambda: Log().add("ISSUE", ONE).add("ISSUE", ONE, **OTHERS).outcome(),
    "on a connector that is not there": lambda: Log().add("ISSUE", OTHER, parent=ONE).outcome(),
    "on a connector that is suspended": lambda: (
        Log().add("ISSUE", ONE).add("SUSPEND", ONE).add("ISSUE", OTHER, parent=ONE, **OTHERS).outcome()
    ),
    "on a connector that went": lambda: (
        Log()
        .add("ISSUE", ONE)
        .add("WITHDRAW", ONE, **DAY)
        .add("ISSUE", OTHER, 2, parent=ONE, **OTHERS)
        .outcome()
    ),
    "dated back": lambda: Log().add("ISSUE", ONE, 1).add("SUSPEND", ONE, 0).outcome(),
    "withdrawn in the past": lambda: Log().add("ISSUE", ONE, 2).add("WITHDRAW", ONE, 2, **DAY).outcome(),
    "out of its place": lambda: Log().add("ISSUE", ONE).add("SUSPEND", ONE).outcome(previous=-1),
}


@pytest.mark.parametrize("attack", FORGED)
def test_an_audit_sees_what_no_office_could_have_written(attack: str) -> None:
    assert FORGED[attack]() == ["OK", "OK", "KO"]


def test_a_true_log_is_told_so() -> None:
    log = Log().add("ISSUE", ONE).add("ISSUE", OTHER, parent=ONE, **OTHERS).add("WITHDRAW", ONE, **DAY)
    assert log.outcome() == ["OK"] * 3


NASTY = (
    '<img src=x onerror="alert(1)">',
    "</text><script>alert(1)</script>",
    "\u202eSPL\u202c",
    "a\x01b\x1b[2J",
    '=cmd|"/c calc"!A1',
    "\uff1dHYPERLINK(1)",
    " +1",
    "@SUM(1)",
    "\t=1",
)


def test_names_of_the_register_command_no_page_badge_or_sheet(tmp_path: Path, hands: Hands) -> None:
    """An older register may hold any name: what is published shows it, and nothing else happens."""
    init(tmp_path / "registre", Configuration())
    office = open_office(tmp_path / "registre", clock=hands)
    for number, name in enumerate(NASTY):
        reference = office.numbering.reserve("L", START)
        made = issue(reference, f"{number:064x}")
        shown = {**made.facts["public"], "software": name, "holder": name, "profiles": [name]}
        office.register.append([replace(made, reason=name, facts={**made.facts, "public": shown})])
    written = public.export(office, tmp_path / "public", hands.now, "fr")
    office.close()
    for path in written:
        text = path.read_text(encoding="utf-8")
        if path.suffix in (".html", ".svg"):
            assert "<script" not in text and "<img" not in text
            assert all(letter.isprintable() or letter == "\n" for letter in text)
        if path.suffix == ".svg":
            assert [one.tag.rpartition("}")[2] for one in parse(text.encode())] == [
                "title",
                "rect",
                "rect",
                "g",
            ]
    with (tmp_path / "public" / "list.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == len(NASTY)
    for row in rows:
        for name in ("software", "holder", "profiles"):
            assert not row[name].lstrip().startswith(("=", "+", "-", "@", "\uff1d"))
