"""A file for a secret: new, its owner's alone, and never through a link."""

from __future__ import annotations

import os
from pathlib import Path

from protocol.errors import Text, UsageError


def refuse_taken(path: Path, field: str) -> None:
    """Raises UsageError when something is there, or its folder is not: before what it is for is done."""
    if path.is_symlink() or path.exists() or not path.parent.is_dir():
        raise UsageError(
            "FILE-TAKEN",
            Text(
                "il faut un fichier nouveau, dans un dossier qui existe",
                "a new file, in a folder that is there",
            ),
            field=field,
            found=str(path),
            mend=Text("choisir un autre nom", "choose another name"),
        )


def write(path: Path, text: str, field: str) -> None:
    """Write a file of mode 0600. Raises UsageError when something is there."""
    refuse_taken(path, field)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(text)
