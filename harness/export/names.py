"""Names that any archive and any file system take: ASCII, short, neither hidden nor reserved, never twice."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_LONGEST: Final = 80
_RESERVED: Final = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE)


def safe(name: str) -> str:
    """The name with only letters, digits, `.`, `_` and `-`; never empty, `.`, `..`, hidden or reserved."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii")
    kept = re.sub(r"[^A-Za-z0-9._-]+", "-", plain)[:_LONGEST].strip("-.")
    kept = kept or "sans-nom"
    return f"_{kept}" if _RESERVED.fullmatch(kept) else kept


class Names:
    """Names given in one folder: the same asked twice, whatever the case of its letters, gets a number."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def give(self, wanted: str) -> str:
        name, number = safe(wanted), 1
        while name.lower() in self._taken:
            number += 1
            name = f"{safe(wanted)}_{number}"
        self._taken.add(name.lower())
        return name
