"""From a page of HTML to PDF/A-3a, tagged as PDF/UA-1, with its attachments: what documents on paper have in common.

It asks for the extra `sign` and for Pango; without them `available` says why. What a page says is its caller's. The
pages of one document, here, are the same bytes each time: `SETTING` tells one way of laying out from the next.
"""

from __future__ import annotations

import hashlib
import io
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from protocol.errors import Lang, Text, ToolError
from protocol.visible import shown, visible
from reports.paper.typography import date, instant, period, prose

ATTACHED: Final = "statement.dsse.json"
#: The compact claim of the QR code, as text.
CLAIM: Final = "claim.txt"
#: Who set the pages, and how: raised when a template, a drawing or the setting of words changes.
SETTING: Final = "dmpcompat-paper/2"
#: Told here rather than by the machine, since machines don't agree on it.
_MEDIA: Final = {".json": "/application/json", ".txt": "/text/plain", ".tsr": "/application/timestamp-reply"}
_LONGEST: Final = 600
_NOT_IN_CSS: Final = re.compile(r"[^\w .,+()/-]")


@dataclass(frozen=True)
class Attachment:
    """A file that travels inside; `name` ends as one of the media known here."""

    name: str
    data: bytes
    description: str


def available() -> Text | None:
    """None when a PDF can be made here, else why not."""
    try:
        import segno  # noqa: F401 - whether it is there
        import weasyprint  # noqa: F401 - whether it is there
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


def laid_out(page: str, attached: Sequence[Attachment], issued: datetime) -> bytes:
    """The document, not sealed yet. The same page gives the same bytes. Raises ToolError without the extra."""
    needed()
    import weasyprint

    attachments = [
        weasyprint.Attachment(
            string=one.data,
            name=one.name,
            description=one.description,
            created=issued,
            modified=issued,
            relationship="Data",
        )
        for one in attached
    ]
    inside = weasyprint.URLFetcher(allowed_protocols=["data"])  # drawings are in the page: nothing is fetched
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # the library leaves its colour profile open
        drawn: bytes = weasyprint.HTML(string=page, url_fetcher=inside).write_pdf(
            pdf_variant="pdf/a-3a",
            attachments=attachments,
            pdf_identifier=hashlib.sha256(attached[0].data).digest()[:16],
            pdf_tags=True,
        )
    return _finished(drawn)


def environment(package: str) -> Environment:
    """Templates of a package and those that documents share, escaped, with the filters of pages."""
    made = Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader("reports.paper")]),
        autoescape=True,
        finalize=shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(prose=prose, date=date, instant=instant, period=period)
    made.filters["visible"] = lambda text: visible(text[:_LONGEST])
    made.filters["css"] = lambda text: _NOT_IN_CSS.sub("·", text)
    made.globals["setting"] = SETTING
    return made


def set_words(words: dict[str, str], lang: Lang) -> dict[str, str]:
    """Words of ours, set as they are printed."""
    return {name: prose(text, lang) for name, text in words.items()}


def _finished(drawn: bytes) -> bytes:
    """The same document, said to be PDF/UA too, without object streams.

    Whoever looks for changes after the seal reads every object, and one in a stream costs as much as the whole stream.
    """
    import pikepdf

    from reports.paper.declared import accessible

    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(drawn)) as document:
        told = document.make_stream(accessible(document.Root.Metadata.read_bytes()))
        told.Type, told.Subtype = pikepdf.Name.Metadata, pikepdf.Name.XML
        document.Root.Metadata = told
        for name, attached in document.attachments.items():
            media = next((media for end, media in _MEDIA.items() if name.endswith(end)), None)
            if media is not None:
                attached.obj.EF.F.Subtype = pikepdf.Name(media)
        document.save(out, object_stream_mode=pikepdf.ObjectStreamMode.disable, deterministic_id=True)
    return out.getvalue()
