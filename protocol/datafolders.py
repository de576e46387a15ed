"""Where data are: the product's beside the code in a checkout, inside the wheel once installed; the user's own
(keys, packs) in the user's data folder.

The only module that knows; everything else asks for `folder("datasets")` or `home()`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from protocol.errors import Text, ToolError

Name = Literal["datasets", "test_plans", "cda_samples"]


def folder(name: Name) -> Path:
    """Return the folder of that name.

    Raises ToolError if the installation lost it.
    """
    root = Path(__file__).resolve().parent.parent
    inside_checkout, installed = root / name, root / f"dmpcompat_{name}"
    if inside_checkout.is_dir() and (root / "setup.cfg").is_file():
        return inside_checkout
    if installed.is_dir():
        return installed
    raise ToolError(
        "DATA-001",
        Text(f"il manque le dossier de données {name}", f"the data folder {name} is missing"),
        field=str(installed),
        mend=Text("réinstaller dmpcompat", "install dmpcompat again"),
    )


def home() -> Path:
    """Where dmpcompat keeps what belongs to the user: DMPCOMPAT_HOME, else the usual data folder."""
    chosen = os.environ.get("DMPCOMPAT_HOME")
    if chosen:
        return Path(chosen)
    base = os.environ.get("XDG_DATA_HOME") or os.environ.get("LOCALAPPDATA")
    return (Path(base) if base else Path.home() / ".local" / "share") / "dmpcompat"
