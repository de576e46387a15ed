"""The report on paper: its page in French or English, laid out as PDF/A-3a with the signed statement attached.

Laying out is `reports.paper.layout`, sealing `reports.sealing.pades`.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from typing import Any

from protocol import dsse
from protocol.errors import Lang
from reports import numbers
from reports.keys import Seal
from reports.model import ORDER, Report
from reports.paper.layout import ATTACHED, CLAIM, Attachment, environment, laid_out, needed
from reports.render.html import COLOURS


def pdf(
    report: Report, envelope: bytes, seal: Seal, lang: Lang, *, issuer: str = "", code: str = ""
) -> bytes:
    """The document, not sealed yet. `envelope`: the bytes of `statement.dsse.json`; `issuer`: the name to print, the
    seal's by default; `code`: the claim of the QR code, signed here by default. Raises ToolError.
    """
    needed()
    from reports.paper import claim

    code = code or claim.signed(claim.claims(report, digest_of(envelope)), seal)
    page = page_of(report, digest_of(envelope), code, lang, issuer or seal.key.name)
    attached = (
        Attachment(ATTACHED, envelope, f"in-toto statement {report.reference} (DSSE)"),
        Attachment(CLAIM, code.encode("ascii"), f"claim of the QR code {report.reference} (JWS)"),
    )
    return laid_out(page, attached, report.issued)


def digest_of(envelope: bytes) -> str:
    """SHA-256 (hex) of what is signed."""
    return hashlib.sha256(dsse.read(envelope).payload).hexdigest()


def page_of(report: Report, digest: str, code: str, lang: Lang, issuer: str) -> str:
    """The HTML that is laid out."""
    from reports.paper import drawing
    from reports.paper.words import words

    told = words(lang)
    official = not report.reference.startswith(numbers.TEST_ISSUER)
    template = environment("reports.paper").get_template("paper.html.j2")
    return template.render(
        report=report,
        w=told,
        lang=lang,
        colours=COLOURS,
        official=official,
        watermark="" if official else drawing.watermark(told["watermark"]),
        reference=report.reference,
        software=f"{report.software.name} {report.software.version}",
        issuer=issuer,
        digest=digest,
        qr=drawing.qr(code),
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
