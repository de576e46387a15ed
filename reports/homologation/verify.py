"""Verifying a homologation bundle, offline, in fourteen numbered steps: OK, KO, or skipped with the reason.

What each step looks at is in `reports.homologation.steps`; the run's own report, its evidence and its pages are
those of `reports.verify`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from protocol.errors import DmpcompatError, Text
from protocol.regularfile import open_regular
from reports.homologation.reading import Brought, Read, Registered, steps
from reports.verify import Step, Verification
from reports.verify_evidence import Skip

#: What is read of a file, at most.
LARGEST: Final = 80 * 1024 * 1024


def verify(data: bytes, brought: Brought) -> Verification:
    """Verify the bytes of a bundle. Never raises for what they are."""
    read = Read(data, brought)
    done: list[Step] = []
    for one in steps():
        broken = next((earlier.number for earlier in done if earlier.outcome == "KO"), 0)
        if broken and read.files is None:
            done.append(Step(one.number, one.title, "SKIPPED", _after(broken)))
        else:
            done.append(_made(one, read))
    return Verification(tuple(done))


def of_file(path: Path, brought: Brought) -> Verification:
    """Verify a bundle on disk, of which no more than a bounded size is read. Raises OSError, FileRefused."""
    with open_regular(path) as stream:
        return verify(stream.read(LARGEST), brought)


def _made(one: Registered, read: Read) -> Step:
    try:
        return Step(one.number, one.title, "OK", one.act(read))
    except Skip as skipped:
        return Step(one.number, one.title, "SKIPPED", skipped.reason)
    except DmpcompatError as problem:
        return Step(one.number, one.title, "KO", Text(problem.message("fr"), problem.message("en")))
    except OSError as problem:  # of a file that the verifier brought
        return Step(one.number, one.title, "KO", Text(str(problem), str(problem)))


def _after(number: int) -> Text:
    return Text(f"l'étape {number} a échoué", f"step {number} failed")
