"""The report for machines: canonical JSON, both languages inside, so the language asked changes nothing."""

from __future__ import annotations

from protocol import canonical
from protocol.errors import Lang
from reports.model import Report


def as_json(report: Report, lang: Lang) -> bytes:  # noqa: ARG001 - same signature as the other renderings
    return canonical.dumps(report.as_json())
