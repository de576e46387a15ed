"""Renderings of a report, one file a format. `RENDERINGS` lists what an issued report holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from protocol.errors import Lang
from reports.model import Report
from reports.render.html import html
from reports.render.json import as_json
from reports.render.junit import junit

#: File name in the report folder -> what writes it. A new format is a new module and one line here.
RENDERINGS: Final[dict[str, Callable[[Report, Lang], bytes]]] = {
    "report.json": as_json,
    "report.html": html,
    "junit.xml": junit,
}
