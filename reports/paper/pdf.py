"""The report as PDF/A-3a: tagged, in French or English, with the signed statement attached.

The bytes are the same for the same report and statement. It asks for the extra `sign` and for Pango; without them
`available` says why. Sealing is `reports.paper.seal`.
"""

from __future__ import annotations

import hashlib
import io
import re
import warnings
from collections import Counter
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from protocol import dsse
from protocol.errors import Lang, Text, ToolError
from reports.keys import Seal
from reports.model import ORDER, Report
from reports.render.html import COLOURS, day
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


def pdf(report: Report, envelope: bytes, seal: Seal, lang: Lang, *, issuer: str = "") -> bytes:
    """The document, not sealed yet. `envelope`: the bytes of `statement.dsse.json`; `issuer`: the name to print, the
    seal's by default. Raises ToolError.
    """
    if missing := available():
        raise ToolError("PDF-001", missing)
    import weasyprint

    issued = report.issued
    attachment = weasyprint.Attachment(
        string=envelope,
        name=ATTACHED,
        description=f"in-toto statement {report.reference} (DSSE)",
        created=issued,
        modified=issued,
        relationship="Data",
    )
    inside = weasyprint.URLFetcher(allowed_protocols=["data"])  # drawings are in the page: nothing is fetched
    page = weasyprint.HTML(
        string=page_of(report, envelope, seal, lang, issuer or seal.key.name), url_fetcher=inside
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # the library leaves its colour profile open
        drawn: bytes = page.write_pdf(
            pdf_variant="pdf/a-3a",
            attachments=[attachment],
            pdf_identifier=hashlib.sha256(envelope).digest()[:16],
            pdf_tags=True,
        )
    return _plain(drawn)


def _plain(drawn: bytes) -> bytes:
    """The same document without object streams.

    Whoever looks for changes after the seal reads every object, and one in a stream costs as much as the whole stream.
    """
    import pikepdf

    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(drawn)) as document:
        document.save(out, object_stream_mode=pikepdf.ObjectStreamMode.disable, deterministic_id=True)
    return out.getvalue()


def page_of(report: Report, envelope: bytes, seal: Seal, lang: Lang, issuer: str) -> str:
    """The HTML that is laid out."""
    from reports.paper import claim, drawing
    from reports.paper.words import words

    digest = hashlib.sha256(dsse.read(envelope).payload).hexdigest()
    environment = Environment(
        loader=PackageLoader("reports.paper"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["day"] = day
    environment.filters["visible"] = lambda text: visible(text[:_LONGEST])
    environment.filters["css"] = lambda text: _NOT_IN_CSS.sub("·", text)
    return environment.get_template("paper.html.j2").render(
        report=report,
        w=words(lang),
        lang=lang,
        colours=COLOURS,
        official=not report.reference.startswith("TST"),
        issuer=issuer,
        digest=digest,
        qr=drawing.qr(claim.signed(claim.claims(report, digest), seal)),
        chart=drawing.bar(report.counts, COLOURS),
        transactions=_by_transaction(report),
    )


def _by_transaction(report: Report) -> list[tuple[str, dict[str, int], str]]:
    from reports.paper import drawing

    counted: dict[str, Counter[str]] = {}
    for case in report.cases:
        for name in case.transactions:
            counted.setdefault(name, Counter())[case.verdict] += 1
    told = []
    for name, seen in sorted(counted.items(), key=lambda item: _natural(item[0])):
        counts = {verdict: seen[verdict] for verdict in ORDER if seen[verdict]}
        told.append((name, counts, drawing.bar(counts, COLOURS)))
    return told


def _natural(name: str) -> list[Any]:
    return [
        (0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.split(r"(\d+)", name) if part
    ]
