"""Lodgings, withdrawals and deaths in any order: what was acknowledged is there, what was sealed holds."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from unittest import mock

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from harness import evidence
from harness.events import Journal
from harness.evidence import chain, lodging, sealing
from harness.evidence.lodging import additions, lodge, withdraw
from protocol.errors import UsageError


class Killed(BaseException):
    """The process dies there."""


class Lodging(RuleBasedStateMachine):
    """Two played cases; `kept` is what somebody was told to be lodged."""

    pieces = Bundle("pieces")

    def __init__(self) -> None:
        super().__init__()
        self.place = Path(tempfile.mkdtemp(prefix="lodging-"))
        self.root = self.place / "run" / "preuves"
        for code in ("CT-1", "CT-2"):
            evidence.write_atomic(self.root / code / "test.json", b"{}")
        Journal(self.root / evidence.JOURNAL, None, str).tell("run-finished")
        tests = [{"code": code, "official": "", "folder": code} for code in ("CT-1", "CT-2")]
        self.first = evidence.seal(self.root, {"tests": tests})
        self.kept: dict[str, bytes] = {}
        self.lines = 1

    def teardown(self) -> None:
        shutil.rmtree(self.place)

    def given(self, text: str) -> Path:
        path = self.place / "piece.txt"
        path.write_text(f"Déclaration {text}", encoding="utf-8")
        return path

    @rule(target=pieces, case=st.sampled_from(["CT-1", "CT-2"]), text=st.text("abc", min_size=1, max_size=3))
    def lodges(self, case: str, text: str) -> str:
        path = self.given(text)
        try:
            [done] = lodge(self.root, case, [path]).files
        except UsageError as refused:  # the same bytes again
            assert refused.code == "EVID-037"
            return ""
        self.kept[done.name] = path.read_bytes()
        return done.name

    @rule(name=consumes(pieces))
    def withdraws(self, name: str) -> None:
        if name in self.kept:
            withdraw(self.root, name, reason="essai")
            del self.kept[name]

    @rule(text=st.text("def", min_size=1, max_size=3), at=st.integers(0, 8))
    def dies_lodging(self, text: str, at: int) -> None:
        path, left, real = self.given(text), [at], lodging.write_atomic

        def dying(place: Path, data: bytes) -> None:
            if not left[0]:
                raise Killed
            left[0] -= 1
            real(place, data)

        with (
            mock.patch.object(lodging, "write_atomic", dying),
            mock.patch.object(sealing, "write_atomic", dying),
        ):
            try:
                lodge(self.root, "CT-1", [path])
            except Killed:
                pass
            except UsageError as refused:
                assert refused.code == "EVID-037"
        lodging.finish(self.root)  # what the next lodging begins with
        for item in additions(self.root):
            if "withdrawn" not in item:
                self.kept.setdefault(item["file"], (self.root / item["file"]).read_bytes())

    @invariant()
    def what_was_sealed_holds(self) -> None:
        assert evidence.verify(self.root) == ()
        assert sealing.since(self.root, self.first) is not None

    @invariant()
    def what_was_acknowledged_is_there(self) -> None:
        for name, data in self.kept.items():
            assert (self.root / name).read_bytes() == data
        listed = [item["file"] for item in additions(self.root) if "withdrawn" not in item]
        assert sorted(listed) == sorted(self.kept)

    @invariant()
    def the_journal_only_grows(self) -> None:
        read = chain.read(self.root / evidence.JOURNAL)
        assert not read.breaks
        assert read.lines >= self.lines
        self.lines = read.lines


Lodging.TestCase.settings = settings(max_examples=12, stateful_step_count=8, deadline=None)
TestLodging = Lodging.TestCase
