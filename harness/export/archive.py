"""One archive of a folder, the same bytes for the same files: sorted, dated at the epoch of zip, without owners.

Compression is that of the zlib of this Python; another zlib may give other bytes for the same content, whose digests
are inside.
"""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import Final

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_MODE: Final = 0o100644


def pack(folder: Path, out: Path) -> None:
    """Write `out` whole or not at all; names begin with the name of the folder."""
    half = out.with_name(f".{out.name}.{os.getpid()}.partial")
    try:
        with zipfile.ZipFile(half, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            for path in sorted(item for item in folder.rglob("*") if item.is_file()):
                entry = zipfile.ZipInfo(f"{folder.name}/{path.relative_to(folder).as_posix()}", _EPOCH)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.create_system = 3
                entry.external_attr = _MODE << 16
                archive.writestr(entry, path.read_bytes())
        half.replace(out)
    finally:
        half.unlink(missing_ok=True)
