"""The folder of a run before it starts: whether it may be written there, over what, and as a continuation of what.

Everything that is refused here is refused before a byte is written. What the run then writes is not looked at.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from harness import evidence
from harness.campaign import Campaign
from harness.choices import Choices
from harness.evidence import sealing
from harness.results import RUN_FILE
from protocol.errors import Text, UsageError


def refuse_elsewhere(choices: Choices) -> None:
    """Raises UsageError (RUN-002) for a run that would go on in another folder than its own."""
    if choices.resume is not None and choices.resume.resolve() != choices.out.resolve():
        raise UsageError(
            "RUN-002",
            Text(
                "la reprise se fait dans le dossier de la première exécution",
                "a run resumes in its own folder",
            ),
            field="--resume",
            found=str(choices.resume),
            expected=str(choices.out),
        )


def make_room(choices: Choices, campaign: Campaign) -> None:
    """The evidence tree, empty or with the finished cases of the same run. Raises UsageError."""
    out, root, resumed = choices.out, choices.root, choices.resumed
    _refuse_what_is_there(root, resumed=resumed)
    # A tree without any case (red preflight, interrupted at once) holds no evidence: it may be made anew.
    if not resumed and root.exists():
        _discard(out, root)
    root.mkdir(parents=True, exist_ok=True)
    _same_run(campaign, root)


def _refuse_what_is_there(root: Path, *, resumed: bool) -> None:
    if resumed and not root.is_dir():
        raise UsageError(
            "RUN-003", Text("aucune exécution à reprendre ici", "no run to resume here"), field=str(root)
        )
    if not resumed and any(root.glob("*/test.json")):
        raise UsageError(
            "RUN-004",
            Text("le dossier contient déjà des preuves", "the folder already holds evidence"),
            field=str(root),
            mend=Text("choisir un autre dossier, ou --resume", "choose another folder, or --resume"),
        )
    if resumed and sealing.history(root):
        raise UsageError(
            "RUN-008",
            Text("des pièces ont été déposées après cette exécution", "pieces were lodged after this run"),
            field=str(root),
            mend=Text("relancer dans un nouveau dossier", "run again in a new folder"),
        )


def _same_run(campaign: Campaign, root: Path) -> None:
    """Every case that is kept in the tree must be of this plan, this campaign and this pack. Raises UsageError."""
    same = (campaign.plan.sha256, campaign.sha256, campaign.pack.digest if campaign.pack else None)
    for path in sorted(root.glob("*/test.json")):
        test = evidence.read_json(path)
        if tuple(test.get(f"{name}_sha256") for name in ("plan", "campaign", "pack")) != same:
            raise UsageError(
                "RUN-005",
                Text(
                    "le plan, la campagne ou le paquet n'est pas celui de l'exécution à reprendre",
                    "the plan, the campaign or the pack is not that of the run to resume",
                ),
                field=path.parent.name,
                mend=Text("relancer dans un nouveau dossier", "run again in a new folder"),
            )


def _discard(out: Path, root: Path) -> None:
    """Remove an empty tree of ours. Raises UsageError for a folder with this name that is not."""
    if any(root.iterdir()) and not (root / evidence.JOURNAL).is_file():
        raise UsageError(
            "RUN-007",
            Text("ce dossier n'est pas un dossier de preuves", "this folder is no folder of evidence"),
            field=str(root),
            mend=Text("choisir un autre dossier", "choose another folder"),
        )
    shutil.rmtree(root)
    (out / RUN_FILE).unlink(missing_ok=True)
