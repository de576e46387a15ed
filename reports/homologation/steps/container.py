"""Step 1: the bundle reads, is bounded, and holds what it must."""

from __future__ import annotations

from protocol.errors import Text
from reports.homologation import bundle
from reports.homologation.reading import Read, step


@step(1, "Le paquet se lit, dans ses limites", "The bundle reads, within its limits")
def container(read: Read) -> Text:
    read.files = bundle.read(read.data)
    count = len(read.files.files)
    return Text(f"{count} fichiers", f"{count} files")
