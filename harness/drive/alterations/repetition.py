"""Defects of retries: what must be new in each message is not. Two messages of one case with such a defect repeat."""

from __future__ import annotations

from harness.drive.alterations.registry import alteration
from harness.drive.draft import Draft


@alteration(
    "repeated-vihf-id",
    stage="vihf",
    fr="identifiant du VIHF toujours le même",
    en="id of the VIHF always the same",
)
def repeated_vihf_id(draft: Draft) -> None:
    draft.tree("assertion").set("ID", f"_rejoue-{draft.identity.name}")
