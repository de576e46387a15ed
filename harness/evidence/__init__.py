"""The evidence tree `preuves/`: its cases (`tree`), its journal (`chain`), its seal and the seals before it
(`sealing`), what is lodged afterwards (`lodging`)."""

from harness.evidence.sealing import INDEX, JOURNAL, MANIFEST, seal, verify
from harness.evidence.tree import (
    CaseFolder,
    Kept,
    finished,
    frame,
    keep,
    read_json,
    sha256_of,
    to_json,
    write_atomic,
)

__all__ = [
    "INDEX",
    "JOURNAL",
    "MANIFEST",
    "CaseFolder",
    "Kept",
    "finished",
    "frame",
    "keep",
    "read_json",
    "seal",
    "sha256_of",
    "to_json",
    "verify",
    "write_atomic",
]
