"""Putting an issued report on paper: drawn, sealed, and written beside the signed statement, whole or not at all."""

from __future__ import annotations

from pathlib import Path

from harness.evidence import write_atomic
from harness.results import RunResult
from protocol import dsse
from protocol.errors import Lang, Text, UsageError
from protocol.trust import moment
from reports import statement
from reports.issue import compose
from reports.keys import Seal, installation_seal
from reports.paper.pdf import pdf
from reports.verify_paper import PAPER


def on_paper(run: Path, *, lang: Lang = "fr", seal: Seal | None = None) -> Path:
    """Write `rapport/rapport.pdf` for the report that was issued in that folder; returns its path.

    Raises UsageError when there is no report, ToolError without the extra `sign`, ConfigError for a seal that can't be
    used.
    """
    folder = run / "rapport"
    path = folder / "statement.dsse.json"
    if not path.is_file():
        raise UsageError(
            "PDF-002",
            Text("pas de rapport à cet endroit", "no report at that place"),
            field=str(run),
            expected=str(path),
        )
    envelope = path.read_bytes()
    predicate = statement.read(dsse.read(envelope).payload)["predicate"]
    report = compose(
        RunResult.load(run), reference=predicate["reportRef"], issued=moment(predicate["issuedAt"])
    )
    drawn = pdf(report, envelope, seal or installation_seal(), lang)
    from reports.sealing import pades

    sealed = pades.seal(drawn, pades.of_folder(), f"{report.reference} {report.result}")
    write_atomic(folder / PAPER, sealed)
    return folder / PAPER
