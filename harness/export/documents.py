"""The clinical documents of a case, taken out of its frames, and a report on them that a person reads.

The bytes are those of the wire; the report is that of `dmpcompat check` on them, with the official Schematrons when a
pack is given, and says so when none is.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from harness import evidence
from harness.checks.cda_view import CdaView
from harness.checks.judged import Declared, Judged
from harness.files.formats.choose import render
from harness.files.judge import Asked
from harness.files.record import mark_of, renamed
from harness.files.tree import judge_paths
from harness.packs.registry import Pack
from protocol.errors import Lang
from protocol.transactions import load


def documents(root: Path, code: str) -> tuple[bytes, ...]:
    """Documents that the case sent, in the order of the frames. Raises EvidenceError."""
    test = evidence.finished(root, code) or {}
    found: list[bytes] = []
    for item in test.get("frames", ()):
        exchange = evidence.frame(root, code, item["stem"])
        judged = Judged(exchange, "request", load().by_id(item["transaction"]), Declared())
        if judged.payload is not None:
            found += [data for _, data in judged.documents if data]
    return tuple(dict.fromkeys(found))


def write(root: Path, code: str, folder: Path, pack: Pack | None, lang: Lang) -> tuple[str, ...]:
    """Write `cda_01.xml`…, the PDF that a level-1 document embeds (`cda_01.pdf`) and `schematron.html` in the folder.

    Returns the names written, none when the case sent no document. `folder` holds nothing else of these names.
    """
    names, pages = [], []
    for number, data in enumerate((one for one in documents(root, code) if b"ClinicalDocument" in one), 1):
        names.append(f"cda_{number:02d}.xml")
        (folder / names[-1]).write_bytes(data)
        if body := _embedded_pdf(data):
            pages.append(f"cda_{number:02d}.pdf")
            (folder / pages[-1]).write_bytes(body)
    if not names:
        return ()
    asked = Asked(kind="cda", pack=pack, explain=pack is not None)
    run = judge_paths([folder / name for name in names], asked)
    # Named by their place in the package: where it was made says nothing to its reader.
    records = tuple(renamed(record, f"{code}/{record.name}") for record in run.results)
    digest = hashlib.sha256("\n".join(mark_of(record) for record in records).encode()).hexdigest()
    page = "".join(render(replace(run, results=records, digest=digest), "html", lang))
    (folder / "schematron.html").write_text(page, encoding="utf-8", newline="\n")
    return (*names, *pages, "schematron.html")


def _embedded_pdf(data: bytes) -> bytes:
    """The body of a level-1 document when it is a PDF, b"" otherwise."""
    view = CdaView(data, "cda")
    if view.root is None:
        return b""
    return next((body for _, body in view.level1 if body and body.startswith(b"%PDF-")), b"")
