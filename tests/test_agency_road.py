"""README, "From a campaign to a number": its commands are run as they stand, on the demonstration's run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.conftest import ROOT
from tests.ports import free_port
from tests.test_cli import demo

__all__ = ["demo"]

_SECTION = re.compile(r"^## From a campaign to a number\n(.*?)^## ", re.MULTILINE | re.DOTALL)
_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


def script() -> str:
    """The commands of the section, in order."""
    section = _SECTION.search((ROOT / "README.md").read_text(encoding="utf-8"))
    assert section is not None
    return "\n".join(_BLOCK.findall(section[1]))


def test_an_agency_follows_the_readme(demo: Any, tmp_path: Path) -> None:
    """Nothing is changed but the port, which another test may hold."""
    (tmp_path / "demo-out").symlink_to(demo[0])
    (tmp_path / "test_plans").symlink_to(ROOT / "test_plans")
    done = subprocess.run(
        [
            "bash",
            "-euo",
            "pipefail",
            "-c",
            f"trap 'kill $(jobs -p)' EXIT\n{script()}".replace("8443", str(free_port())),
        ],
        cwd=tmp_path,
        env={
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "DMPCOMPAT_LANG": "en",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    public = tmp_path / "public"
    (row,) = json.loads((public / "list.json").read_text())["homologations"]
    assert (row["software"], row["state"]) == ("LPS-TEST", "WITHDRAWN")
    assert "HomologationRevoked" in done.stdout + done.stderr
    number = (tmp_path / "numero.txt").read_text().split()[0]
    said = done.stdout + done.stderr
    assert number not in said
    published = [path for path in public.rglob("*") if path.is_file()]
    assert published
    assert not any(number.encode() in path.read_bytes() for path in published)
