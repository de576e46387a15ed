"""One archive of a folder, the same bytes for the same files; the digests of its content are inside."""

from __future__ import annotations

import os
from pathlib import Path

from harness.files.zipwriting import writing


def pack(folder: Path, out: Path) -> None:
    """Write `out` whole or not at all; names begin with the name of the folder."""
    half = out.with_name(f".{out.name}.{os.getpid()}.partial")
    try:
        with writing(half) as archive:
            for path in sorted(item for item in folder.rglob("*") if item.is_file()):
                archive.add(f"{folder.name}/{path.relative_to(folder).as_posix()}", path.read_bytes())
        half.replace(out)
    finally:
        half.unlink(missing_ok=True)
