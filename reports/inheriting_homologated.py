"""Verifies the homologation of a connector before anything is inherited under it: its bundle, offline, in full, on the
very report that is inherited; and that it is in force on the day of the run.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, Final

from harness.campaign import ConnectorHomologation
from protocol import dsse
from protocol.errors import EvidenceError, Lang, Text, UsageError
from reports.homologation import bundle, statement
from reports.homologation.reading import Brought
from reports.homologation.verify import verify
from reports.inheriting import PLAY
from reports.verify import Step

#: Letter of a connector in the kinds of homologations.
_CONNECTOR: Final = "E"
#: Steps that must be OK: container, seal, content, reference, register, state, who decided, the evidence judged. The
#: paper, the time stamp and verdicts computed again may be left open: a key that is distrusted asks for the stamp.
_NEEDED: Final = (1, 4, 5, 7, 8, 9, 10, 11)
_STATE: Final = 9


def decided(given: ConnectorHomologation, base: Path, run: Path, at: datetime) -> dict[str, Any]:
    """The predicate of a connector's homologation. `run`: folder of the run that was decided on.

    Raises UsageError (INH-010 absent, INH-015 not shown to be in force, INH-017 of no connector), EvidenceError
    (INH-016 not verified).
    """
    paths = {name: base / getattr(given, name) for name in ("bundle", "trust", "status")}
    for name, path in paths.items():
        if not path.is_file():
            raise UsageError(
                "INH-010",
                Text(
                    "l'homologation du connecteur n'est pas là", "the connector's homologation is not there"
                ),
                field=f"inherits.homologation.{name}",
                found=str(path),
            )
    data = paths["bundle"].read_bytes()
    brought = Brought(trust=paths["trust"], status=paths["status"], log_key=given.log_key, run=run, at=at)
    _refuse(verify(data, brought).steps, given)
    envelope = dsse.read(bundle.read(data).files["statement.dsse.json"])
    predicate: dict[str, Any] = statement.read(envelope.payload)["predicate"]
    if predicate["kind"] != _CONNECTOR:
        raise UsageError(
            "INH-017",
            Text("cette homologation n'est pas celle d'un connecteur", "this homologation is no connector's"),
            field="inherits.homologation",
            found=f"{predicate['reference']} ({predicate['kind']})",
            expected=_CONNECTOR,
        )
    return predicate


def _refuse(steps: tuple[Step, ...], given: ConnectorHomologation) -> None:
    wrong = [
        step
        for step in steps
        if step.outcome == "KO" or (step.outcome == "SKIPPED" and step.number in _NEEDED)
    ]
    if not wrong:
        return
    said: dict[Lang, str] = {
        "fr": "; ".join(f"{step.number}. {step.title.fr} : {step.detail.fr}" for step in wrong),
        "en": "; ".join(f"{step.number}. {step.title.en}: {step.detail.en}" for step in wrong),
    }
    if [step.number for step in wrong] == [_STATE]:
        raise UsageError(
            "INH-015",
            Text(
                f"rien n'établit que l'homologation du connecteur est en vigueur : {said['fr']}",
                f"nothing shows that the connector's homologation is in force: {said['en']}",
            ),
            field="inherits.homologation",
            found=given.bundle,
            mend=PLAY,
        )
    raise EvidenceError(
        "INH-016",
        Text(
            f"l'homologation du connecteur ne se vérifie pas : {said['fr']}",
            f"the connector's homologation does not verify: {said['en']}",
        ),
        field="inherits.homologation",
        found=given.bundle,
    )
