"""Step 1: the bundle reads, is bounded, and holds what it must; or it is the PDF of an attestation, and carries it."""

from __future__ import annotations

from protocol.errors import Text
from reports.homologation import attested, bundle
from reports.homologation.reading import Read, step
from reports.paper.reading import MAGIC


@step(1, "Le paquet se lit, dans ses limites", "The bundle reads, within its limits")
def container(read: Read) -> Text:
    alone = read.data.startswith(MAGIC)
    read.files = attested.of_pdf(read.data) if alone else bundle.read(read.data)
    count = len(read.files.files)
    return Text(f"{count} fichiers", f"{count} files")
