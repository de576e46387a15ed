"""The hashes of the entries that a witness saw, kept beside the last checkpoint that it cosigned.

They are no more than a help: with them a log that shows fewer entries is told to be an old copy or another history, and
the second is proven. What does not give the root of that checkpoint is not used.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.evidence import write_atomic
from reports.register import merkle
from reports.register.checkpoint import Checkpoint

_WIDTH: Final = hashlib.sha256().digest_size


@dataclass(frozen=True)
class Whole:
    """A log that is shown whole: the hashes of its entries, and how it continues an older checkpoint."""

    hashes: tuple[bytes, ...]

    def __call__(self, last: Checkpoint) -> Sequence[bytes]:
        return merkle.beginning(self.hashes, last.size) if 0 < last.size < len(self.hashes) else ()


def keep(path: Path, hashes: Sequence[bytes]) -> None:
    """Write them, whole or not at all."""
    write_atomic(path, b"".join(hashes))


def beginning(path: Path, last: Checkpoint, size: int) -> tuple[bytes, ...]:
    """Nodes that lead from the first `size` entries to the root of `last` (`merkle.implied`); none when that is not
    known.
    """
    if not path.is_file() or not 0 < size < last.size:
        return ()
    data = path.read_bytes()
    hashes = [data[at : at + _WIDTH] for at in range(0, last.size * _WIDTH, _WIDTH)]
    if len(data) < last.size * _WIDTH or merkle.root(hashes) != last.root:
        return ()
    return merkle.beginning(hashes, size)
