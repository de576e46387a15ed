"""A bag (RFC 8493) that holds the run as it is: result, sealed evidence, signed report, under `data/`.

The evidence tree itself is no bag: people open `preuves/CT-2.1-010/`, and its own manifest is what a report signs.
The bag is for keeping and for sending: any BagIt tool checks it, so does `sha256sum -c`, and `verify` and `rejudge`
take it.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Final

from harness.export.official import copy_report
from harness.export.source import Source

MANIFEST: Final = "manifest-sha256.txt"
TAGS: Final = "tagmanifest-sha256.txt"
_DECLARATION: Final = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"


def build(source: Source, place: Path) -> None:
    """Copy the run into the empty folder `place` and write the tag files. What else lies there becomes a tag file."""
    payload = place / "data"
    payload.mkdir()
    shutil.copyfile(source.folder / "run.json", payload / "run.json")
    shutil.copytree(source.root, payload / source.root.name)
    copy_report(source, payload)


def finish(source: Source, place: Path) -> None:
    """Write `bagit.txt`, `bag-info.txt` and both manifests, the last files of the bag."""
    payload = sorted(path for path in (place / "data").rglob("*") if path.is_file())
    octets = sum(path.stat().st_size for path in payload)
    _write(place / "bagit.txt", _DECLARATION)
    _write(place / "bag-info.txt", _info(source, octets, len(payload)))
    _write(place / MANIFEST, _lines(place, payload))
    tags = sorted(path for path in place.iterdir() if path.is_file() and path.name != TAGS)
    _write(place / TAGS, _lines(place, tags))


def _info(source: Source, octets: int, count: int) -> str:
    software, facts = source.software, source.run.facts
    vendor = facts["campaign"]["vendor"]["name"]
    entries = (
        ("Source-Organization", vendor),
        ("External-Identifier", source.reference),
        ("External-Description", f"Preuves de DMP-compatibilité : {software['name']} {software['version']}"),
        ("Internal-Sender-Identifier", facts["campaign"]["id"]),
        ("Bagging-Date", str(facts["ended"])[:10]),
        ("Bag-Software-Agent", f"{facts['tool']['name']} {facts['tool']['version']}"),
        ("Payload-Oxum", f"{octets}.{count}"),
    )
    return "".join(f"{name}: {_one_line(value)}\n" for name, value in entries if value)


def _one_line(value: str) -> str:
    return " ".join(value.split())


def _lines(place: Path, paths: list[Path]) -> str:
    return "".join(
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {_encoded(path.relative_to(place).as_posix())}\n"
        for path in paths
    )


def _encoded(name: str) -> str:
    """As the RFC asks, for names that no style of ours gives."""
    return name.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
