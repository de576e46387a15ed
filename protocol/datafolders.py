"""Where the data folders are: beside the code in a checkout, inside the wheel once installed.

The only function that knows; everything else asks for `folder("datasets")`.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Literal

from protocol.errors import Text, ToolError

Name = Literal["datasets", "test_plans", "cda_samples"]


def folder(name: Name) -> Path:
    """Return the folder of that name.

    Raises ToolError if the installation lost it.
    """
    beside = Path(__file__).resolve().parent.parent / name
    if beside.is_dir() and (beside.parent / "setup.cfg").is_file():
        return beside
    try:
        with resources.as_file(resources.files(f"dmpcompat_{name}")) as inside:
            return Path(inside)
    except ModuleNotFoundError:
        raise ToolError(
            "DATA-001",
            Text(
                f"le dossier de données {name} manque à l'installation", f"the data folder {name} is missing"
            ),
            field=name,
            mend=Text("réinstaller dmpcompat", "install dmpcompat again"),
        ) from None
