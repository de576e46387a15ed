"""What a hook wrote, kept with the evidence: `preuves/crochet/<case>/<step>-<attempt>.json`, secrets taken out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from harness.desk.hook import Keep
from harness.evidence.tree import to_json, write_atomic
from harness.masking import Masker

FOLDER: Final = "crochet"
_KEY: Final = re.compile(
    r"-----BEGIN ([A-Z ]*)PRIVATE KEY-----.*?(?:-----END \1PRIVATE KEY-----|\Z)", re.DOTALL
)


def keeper(root: Path, masker: Masker) -> Keep:
    """Writes records under `root`, the tree of the evidence. A later attempt never replaces an earlier one."""

    def keep(case: str, step: int, attempt: int, told: Mapping[str, Any]) -> None:
        place = root / FOLDER / case
        number = attempt
        while (path := place / f"{step:02d}-{number:02d}.json").exists():  # attempts of before a restart
            number += 1
        clean = {
            name: _clean(value, masker) if isinstance(value, str) else value for name, value in told.items()
        }
        write_atomic(path, to_json(clean | {"attempt": number}))

    return keep


def _clean(text: str, masker: Masker) -> str:
    masked, _ = masker.body(text.encode())
    return _KEY.sub("[private key]", masked.decode())
