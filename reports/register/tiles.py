"""The register as static files, in the tiled form that transparency logs publish (C2SP tlog-tiles).

`checkpoint`, `tile/<level>/<index>[.p/<width>]` (hashes), `tile/entries/<index>[.p/<width>]` (leaves): any web server
can host them and any tool of that world read them. Reading them back is what an auditor does who has nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from harness.evidence import write_atomic
from protocol.errors import EvidenceError, Text
from protocol.regularfile import FileRefused, read_regular
from reports.register import checkpoint, merkle
from reports.register.checkpoint import Checkpoint

WIDTH: Final = 256
_LEAF_BYTES: Final = 65_535


def export(folder: Path, leaves: Sequence[bytes], point: Checkpoint) -> None:
    """Write the tiles, then the checkpoint: a reader never sees a checkpoint whose tiles are not there."""
    for name, data in files(leaves):
        write_atomic(folder / name, data)
    write_atomic(folder / "checkpoint", str(point).encode())


def files(leaves: Sequence[bytes]) -> Iterator[tuple[str, bytes]]:
    """Every tile of a log with these leaves: path and bytes. Raises EvidenceError for a leaf that is too long."""
    for start in range(0, len(leaves), WIDTH):
        batch = leaves[start : start + WIDTH]
        yield f"tile/entries/{_name(start // WIDTH, len(batch))}", b"".join(_bundled(leaf) for leaf in batch)
    level, hashes = 0, [merkle.leaf_hash(leaf) for leaf in leaves]
    while hashes:
        for start in range(0, len(hashes), WIDTH):
            batch = hashes[start : start + WIDTH]
            yield f"tile/{level}/{_name(start // WIDTH, len(batch))}", b"".join(batch)
        whole = len(hashes) // WIDTH * WIDTH
        hashes = [merkle.root(hashes[start : start + WIDTH]) for start in range(0, whole, WIDTH)]
        level += 1


def read(folder: Path) -> tuple[Checkpoint, tuple[bytes, ...]]:
    """The checkpoint and the leaves of exported files. Raises EvidenceError."""
    try:
        point = checkpoint.of_file(folder / "checkpoint")
        leaves: list[bytes] = []
        for start in range(0, point.size, WIDTH):
            width = min(WIDTH, point.size - start)
            tile = folder / "tile" / "entries" / _name(start // WIDTH, width)
            data = read_regular(tile, WIDTH * (_LEAF_BYTES + 2))
            leaves += _unbundled(data, width)
    except (OSError, FileRefused) as problem:
        raise EvidenceError(
            "REG-040",
            Text("fichiers du registre incomplets", "the files of the register are incomplete"),
            field=str(folder),
            found=str(problem),
        ) from problem
    return point, tuple(leaves)


def _name(index: int, width: int) -> str:
    """`x001/x234/067` for tile 1234067; `.p/<width>` when it is not full."""
    parts = [f"{index % 1000:03d}"]
    while index >= 1000:
        index //= 1000
        parts.insert(0, f"x{index % 1000:03d}")
    return "/".join(parts) + ("" if width == WIDTH else f".p/{width}")


def _bundled(leaf: bytes) -> bytes:
    if len(leaf) > _LEAF_BYTES:
        raise EvidenceError(
            "REG-041",
            Text("entrée trop longue", "entry too long"),
            found=str(len(leaf)),
            expected=str(_LEAF_BYTES),
        )
    return len(leaf).to_bytes(2) + leaf


def _unbundled(data: bytes, count: int) -> list[bytes]:
    found, place = [], 0
    for _ in range(count):
        size = int.from_bytes(data[place : place + 2])
        found.append(data[place + 2 : place + 2 + size])
        place += 2 + size
    if place != len(data) or (found and len(found[-1]) == 0):
        raise EvidenceError("REG-040", Text("lot d'entrées endommagé", "damaged bundle of entries"))
    return found
