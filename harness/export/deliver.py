"""From a run to a package that may leave: laid out aside, looked at by the guard, put in place whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from harness.export import archive, bag, official, segur
from harness.export.names import safe
from harness.export.source import Source, load
from harness.packs.registry import Pack
from harness.privacy import exceptions
from harness.privacy.guard import Inspection, inspect
from protocol.errors import Lang, Text, UsageError

Style = Literal["officiel", "segur", "bagit"]
STYLES: Final[tuple[Style, ...]] = ("officiel", "segur", "bagit")
GUARDED: Final = "confidentialite.json"


@dataclass(frozen=True)
class Exported:
    """A package in its place: `files` in number, `inspection` of what left, `excused`: exceptions that are over."""

    out: Path
    style: Style
    files: int
    inspection: Inspection
    over: tuple[exceptions.Allowed, ...]


def export(
    run: Path,
    style: Style,
    out: Path,
    *,
    allowed: Sequence[exceptions.Allowed] = (),
    pack: Pack | None = None,
    lang: Lang = "fr",
) -> Exported:
    """Export the run in a style into the folder `out`, or into one archive when its name ends in `.zip`.

    Raises UsageError when `out` is taken or there is no run, EvidenceError when the evidence was altered (EXPORT-002)
    or when something in it must not leave (GUARD-001): then nothing is written.
    """
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise UsageError(
            "EXPORT-003",
            Text("la destination existe déjà", "the destination is there already"),
            field="--out",
            found=str(out),
            mend=Text("en donner une autre", "give another"),
        )
    source = load(run)
    out.parent.mkdir(parents=True, exist_ok=True)
    in_force = exceptions.in_force(tuple(allowed))
    with tempfile.TemporaryDirectory(prefix=".dmpcompat-export-", dir=out.parent) as aside:
        place = Path(aside) / _name(source, out)
        place.mkdir()
        _build(source, style, place, pack, lang)
        inspection = inspect(place, in_force, source.on_purpose())
        inspection.refuse()
        (place / GUARDED).write_bytes(official.plain(_guarded(inspection)))
        if style == "bagit":
            bag.finish(source, place)
        else:
            official.digests(place)
        files = sum(path.is_file() for path in place.rglob("*"))
        _deliver(place, out)
    over = tuple(item for item in allowed if (item.kind, item.value) not in in_force)
    return Exported(out, style, files, inspection, over)


def _build(source: Source, style: Style, place: Path, pack: Pack | None, lang: Lang) -> None:
    if style == "bagit":
        bag.build(source, place)
    elif style == "segur":
        segur.build(source, place, pack=pack, lang=lang)
    else:
        official.build(source, place, pack=pack, lang=lang)


def _deliver(place: Path, out: Path) -> None:
    if out.suffix == ".zip":
        archive.pack(place, out)
        return
    if out.exists():
        out.rmdir()
    shutil.move(place, out)


def _name(source: Source, out: Path) -> str:
    """The folder inside the archive is named after the product; a folder has the name that was asked."""
    software = source.software
    return safe(f"{software['name']}_{software['version']}") if out.suffix == ".zip" else safe(out.name)


def _guarded(inspection: Inspection) -> dict[str, object]:
    """What the guard looked at, for the reader of the package. Nothing of the run's clock: same input, same bytes."""
    return {
        "schema": "dmpcompat-guard/1",
        "files": inspection.files,
        "layers": inspection.layers,
        "pictures": list(inspection.pictures),
        "note": {
            "fr": "Ce que montrent les images n'est lu par aucun outil : quelqu'un doit les regarder.",
            "en": "What pictures show is read by no tool: somebody must look at them.",
        },
        "exceptions": [item.to_plain() for item in inspection.used],
    }
