"""What is asked of one run, beside what its campaign file says.

Values only: what they do to a run is the business of `harness.run`, whose stages are each given all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.drive.clock import Clock
from harness.events import Listener
from harness.inheritance import Prove
from harness.observe.running import Observation
from protocol.errors import Lang

TREE: Final = "preuves"


@dataclass(frozen=True, kw_only=True)
class Choices:
    """Everything but `out` may be left out."""

    #: Folder of the result; the evidence tree is made in it.
    out: Path
    #: Address and certificates, instead of those of the file.
    target: str | None = None
    pki: Path | None = None
    #: Cases that are wanted (see harness.scope); all of them when empty.
    only: Sequence[str] = ()
    #: Makes identifiers repeatable.
    seed: int | None = None
    lang: Lang | None = None
    #: The `out` of an interrupted run of the same campaign, whose finished cases are kept.
    resume: Path | None = None
    listener: Listener | None = None
    environ: Mapping[str, str] | None = None
    #: When it is set, that of the mock too.
    clock: Clock | None = None
    #: Cases that are played side by side, on a mock.
    jobs: int = 1
    #: File of known deviations, instead of the campaign's: see harness.deviations.
    deviations: Path | None = None
    #: Is handed each line of the journal.
    events: Callable[[bytes], None] | None = None
    #: Verifies the reports that the campaign inherits from: see harness.inheritance.
    prove: Prove | None = None
    #: A software is observed instead of played by our driver: see harness.observe.running.
    observation: Observation | None = None
    #: Official pack, instead of the campaign's: see harness.packs.pinned.
    pack: str | None = None
    #: Asks for a lock beside the campaign; one that is there is honoured anyway: see harness.plans.lock.
    locked: bool = False

    @property
    def root(self) -> Path:
        """The evidence tree."""
        return self.out / TREE

    @property
    def resumed(self) -> bool:
        return self.resume is not None
