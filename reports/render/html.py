"""The report for a reader: one self-contained HTML page, no script, no outside resource, printable.

French by default, English on request. All values pass through the template's escaping.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from protocol.errors import Lang
from protocol.visible import shown, visible
from reports.model import ORDER, Report
from reports.render.words import words

#: Longest value shown; `assertions.json` holds it whole.
_LONGEST: Final = 10_000
COLOURS: Final = {
    "PASS": "#1a7f4b",
    "WARN": "#8f5500",
    "FAIL": "#b3261e",
    "ERROR": "#6d3fb5",
    "CONFIG": "#9c2f7a",
    "INCONCLUSIVE": "#2f3b4a",
    "MANUAL": "#1f5fa8",
    "INHERITED": "#0b6e7d",
    "NOT_APPLICABLE": "#6b7280",
    "NOT_TESTED": "#6b7280",
}


def html(report: Report, lang: Lang) -> bytes:
    environment = Environment(
        loader=PackageLoader("reports.render"),
        autoescape=True,
        finalize=shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["day"] = day
    environment.filters["visible"] = lambda text: visible(text[:_LONGEST])
    page = environment.get_template("report.html.j2").render(
        report=report,
        w=words(lang),
        lang=lang,
        colours=COLOURS,
        order=ORDER,
        official=not report.reference.startswith("TST"),
        bar=_bar(report),
    )
    return page.encode()


def day(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")


def _bar(report: Report) -> list[tuple[str, int, int, int]]:
    """Stacked bar of the cases: (verdict, count, x, width) over 1000 units."""
    total = len(report.cases) + len(report.inherited) or 1
    drawn, done = [], 0
    for verdict, count in report.counts.items():
        start, end = round(done * 1000 / total), round((done + count) * 1000 / total)
        drawn.append((verdict, count, start, end - start))
        done += count
    return drawn
