"""What the plan asks of a human for each case (screens, declarations), and what is in the tree.

Whether a screen shows what it should is for a reviewer: nothing is judged here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from harness.evidence import sealing
from harness.evidence.tree import read_json
from protocol.errors import Lang, Text

#: Kinds of expected evidence that only a human can give, with the beginning of the names of their files.
_HUMAN: Final = {
    "screen": (Text("écran", "screen"), ("ecran_",)),
    "declaration": (Text("déclaration", "declaration"), ("declaration", "piece_")),
}


@dataclass(frozen=True)
class Wanted:
    """One case: kinds that are missing, and the files that were lodged or given during the run."""

    code: str
    verdict: str
    missing: tuple[str, ...]
    lodged: tuple[str, ...]

    def to_plain(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "verdict": self.verdict,
            "missing": list(self.missing),
            "lodged": list(self.lodged),
        }

    def lacks(self, lang: Lang) -> str:
        """The missing kinds in words, "" when nothing is."""
        return ", ".join(_HUMAN[kind][0].to(lang) for kind in self.missing)

    def said(self, lang: Lang) -> str:
        wants = self.lacks(lang)
        said = [Text(f"manque : {wants}", f"missing: {wants}").to(lang)] if wants else []
        if self.lodged:
            names = ", ".join(self.lodged)
            said.append(Text(f"déposé : {names}", f"lodged: {names}").to(lang))
        return " ; ".join(said)


def wanted(root: Path) -> tuple[Wanted, ...]:
    """Every case that was played. Raises EvidenceError."""
    index = read_json(root / sealing.INDEX)
    return tuple(_one(root, test) for test in index.get("tests", ()) if test["folder"])


def _one(root: Path, test: Mapping[str, Any]) -> Wanted:
    folder = root / test["folder"]
    expected = read_json(folder / "test.json").get("expected_evidence", [])
    names = sorted(path.name for path in folder.iterdir())
    human = tuple(
        name for name in names if any(name.startswith(stem) for _, stems in _HUMAN.values() for stem in stems)
    )
    missing = tuple(
        kind
        for kind, (_, stems) in _HUMAN.items()
        if kind in expected and not any(name.startswith(stem) for name in names for stem in stems)
    )
    return Wanted(test["code"], test["verdict"], missing, human)
