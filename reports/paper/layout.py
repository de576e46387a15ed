"""From a page of HTML to PDF/A-3a with one attachment: what every document on paper has in common.

It asks for the extra `sign` and for Pango; without them `available` says why. What a page says is its caller's.
"""

from __future__ import annotations

import hashlib
import io
import re
import warnings
from datetime import datetime
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from protocol.errors import Text, ToolError
from reports.render.html import day
from reports.visible import visible

ATTACHED: Final = "statement.dsse.json"
_LONGEST: Final = 600
_NOT_IN_CSS: Final = re.compile(r"[^\w .,+()/-]")


def available() -> Text | None:
    """None when a PDF can be made here, else why not."""
    try:
        import segno  # noqa: F401
        import weasyprint  # noqa: F401
    except (ImportError, OSError) as problem:
        cause = str(problem).splitlines()[0]
        return Text(
            f"le PDF demande l'extra « sign » et Pango : {cause}",
            f"the PDF asks for the extra `sign` and Pango: {cause}",
        )
    return None


def needed() -> None:
    """Raises ToolError where no PDF can be made."""
    if missing := available():
        raise ToolError("PDF-001", missing)


def laid_out(page: str, envelope: bytes, issued: datetime, description: str) -> bytes:
    """The document, not sealed yet, with the signed statement attached. The same page gives the same bytes.

    Raises ToolError without the extra.
    """
    needed()
    import weasyprint

    attachment = weasyprint.Attachment(
        string=envelope,
        name=ATTACHED,
        description=description,
        created=issued,
        modified=issued,
        relationship="Data",
    )
    inside = weasyprint.URLFetcher(allowed_protocols=["data"])  # drawings are in the page: nothing is fetched
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # the library leaves its colour profile open
        drawn: bytes = weasyprint.HTML(string=page, url_fetcher=inside).write_pdf(
            pdf_variant="pdf/a-3a",
            attachments=[attachment],
            pdf_identifier=hashlib.sha256(envelope).digest()[:16],
            pdf_tags=True,
        )
    return _plain(drawn)


def environment(package: str) -> Environment:
    """Templates of a package, escaped, with the filters of pages: day, visible, css."""
    made = Environment(
        loader=PackageLoader(package),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["day"] = day
    made.filters["visible"] = lambda text: visible(text[:_LONGEST])
    made.filters["css"] = lambda text: _NOT_IN_CSS.sub("·", text)
    return made


def _plain(drawn: bytes) -> bytes:
    """The same document without object streams.

    Whoever looks for changes after the seal reads every object, and one in a stream costs as much as the whole stream.
    """
    import pikepdf

    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(drawn)) as document:
        document.save(out, object_stream_mode=pikepdf.ObjectStreamMode.disable, deterministic_id=True)
    return out.getvalue()
