"""The evidence tree: `preuves/`, one directory a case.

Files are written whole or not at all; the directory of a case appears when the case is finished. Frames are
the bytes of the wire, unless `harness.masking` overwrote a secret: then `test.json` holds the digest of the
original and the ranges. Index and manifest are made by `harness.evidence.sealing`; what the files mean is
judged elsewhere.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from harness import views
from harness.evidence import identifiers
from harness.masking import Masker, Redaction
from harness.readablejson import readable
from protocol import jsonread
from protocol.errors import EvidenceError, Text
from protocol.exchange import Exchange, Headers, load
from protocol.regularfile import FileRefused, open_regular, read_regular
from protocol.transactions import Transaction

_CHUNK: Final = 1024 * 1024
#: A description of evidence is read whole: more than this is none of ours.
_LARGEST: Final = 1024 * 1024 * 1024


def write_atomic(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.partial")
    with beside.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    beside.replace(path)


def to_json(value: Any) -> bytes:
    """Readable JSON with sorted keys, the same bytes for the same value."""
    return (readable(value) + "\n").encode()


def read_json(path: Path) -> Any:
    """Raises EvidenceError."""
    try:
        return jsonread.loads(read_regular(path, _LARGEST).decode("utf-8"))
    except (OSError, ValueError, FileRefused) as problem:
        raise EvidenceError(
            "EVID-001", Text("preuve illisible", "unreadable evidence"), field=str(path), found=str(problem)
        ) from problem


def sha256_of(path: Path) -> str:
    """Digest of a file (hex), read by pieces. Raises OSError, FileRefused."""
    digest = hashlib.sha256()
    with open_regular(path) as stream:
        while piece := stream.read(_CHUNK):
            digest.update(piece)
    return digest.hexdigest()


@dataclass(frozen=True)
class Kept:
    """A frame as it is kept: the masked exchange, and what `test.json` says of each body."""

    exchange: Exchange
    bodies: Mapping[str, Mapping[str, Any]]

    @property
    def redacted(self) -> bool:
        return any(body["redacted"] for body in self.bodies.values())


def keep(exchange: Exchange, masker: Masker) -> Kept:
    """Mask an exchange. The original digests are of the bytes that crossed the wire."""
    sent, answered = exchange.request, exchange.response
    asked, asked_ranges = masker.body(sent.body)
    bodies = {"request": _body(sent.body, asked_ranges)}
    request = replace(
        sent, body=asked, target=masker.text(sent.target), headers=_headers(sent.headers, masker)
    )
    kept = replace(exchange, request=request)
    if answered is not None:
        answer, answer_ranges = masker.body(answered.body)
        bodies["response"] = _body(answered.body, answer_ranges)
        kept = replace(
            kept, response=replace(answered, body=answer, headers=_headers(answered.headers, masker))
        )
    return Kept(kept, bodies)


def _headers(headers: Headers, masker: Masker) -> Headers:
    return tuple((name, masker.text(value)) for name, value in headers)


def _body(original: bytes, ranges: Sequence[Redaction]) -> dict[str, Any]:
    return {
        "size": len(original),
        "sha256": hashlib.sha256(original).hexdigest(),
        "redacted": [{"start": item.start, "end": item.end, "what": item.what} for item in ranges],
    }


class CaseFolder:
    """The directory of one case while it runs: built aside, put in place by `finish`."""

    def __init__(
        self, root: Path, code: str, masker: Masker, frames: Sequence[Mapping[str, Any]] | None = None
    ) -> None:
        """`frames`: those that an interrupted run had kept there; None begins anew."""
        self._final = root / code
        self._partial = root / f".{code}.partial"
        self._masker = masker
        self._frames: list[dict[str, Any]] = [dict(one) for one in frames or ()]
        if frames is None and self._partial.exists():
            shutil.rmtree(self._partial)
        self._partial.mkdir(parents=True, exist_ok=True)
        self._forget({str(one["stem"]) for one in self._frames})

    @property
    def frames(self) -> tuple[Mapping[str, Any], ...]:
        """What `test.json` will say of each frame."""
        return tuple(self._frames)

    def read(self, stem: str) -> Exchange:
        """A frame as it is kept. Raises EvidenceError."""
        return load(self._partial, stem)

    def attach(self, name: str, data: bytes) -> None:
        """Keep a file that a human gave."""
        write_atomic(self._partial / name, data)

    def attached(self) -> tuple[str, ...]:
        """Names of the files that are not of a frame."""
        return tuple(sorted(path.name for path in self._partial.iterdir() if _stem_of(path) == ""))

    def settle(self) -> None:
        """Everything that is there on the disk, and not only handed to the system."""
        for path in (*self._partial.iterdir(), self._partial):
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def _forget(self, known: set[str]) -> None:
        """Remove the frames that a killed run had not acknowledged."""
        for path in self._partial.iterdir():
            if _stem_of(path) not in {"", *known} or path.name.endswith(".partial"):
                path.unlink()

    def add(self, kept: Kept, step: int, transaction: Transaction) -> str:
        """Write the files of one exchange; returns their stem (`01`)."""
        stem = f"{len(self._frames) + 1:02d}"
        kept.exchange.save(self._partial, stem)
        facts = self._partial / f"{stem}_echange.json"
        facts.write_text(self._masker.text(facts.read_text(encoding="utf-8")), encoding="utf-8")
        self._view(f"{stem}_tls.json", views.tls(kept.exchange))
        self._view(f"{stem}_vihf.json", views.vihf(kept.exchange, transaction, self._masker))
        self._frames.append(
            {
                "stem": stem,
                "step": step,
                "transaction": transaction.id,
                **dict(kept.bodies),
                "trace": identifiers.trace(kept.exchange),
                "identifiers": identifiers.of_frame(kept.exchange),
            }
        )
        return stem

    def _view(self, name: str, value: Mapping[str, Any]) -> None:
        if value:
            # As the frames beside it: whoever acknowledges one calls `settle`.
            text = self._masker.text(to_json(value).decode())
            (self._partial / name).write_bytes(text.encode())

    def finish(self, test: Mapping[str, Any], assertions: Sequence[Mapping[str, Any]]) -> Path:
        """Write `test.json` and `assertions.json`, then put the directory in its place."""
        for name, value in (
            ("assertions.json", list(assertions)),
            (
                "test.json",
                {**test, "frames": self._frames, "identifiers": identifiers.together(self._frames)},
            ),
        ):
            write_atomic(self._partial / name, self._masker.text(to_json(value).decode()).encode())
        if self._final.exists():
            shutil.rmtree(self._final)
        self._partial.rename(self._final)
        return self._final


def _stem_of(path: Path) -> str:
    """Stem of the frame that a file is of, "" for another file."""
    stem, mark, _ = path.name.partition("_")
    return stem if mark and stem.isdigit() else ""


def finished(root: Path, code: str) -> Mapping[str, Any] | None:
    """`test.json` of a case that was finished, None otherwise. Raises EvidenceError when it is damaged."""
    path = root / code / "test.json"
    return dict(read_json(path)) if path.is_file() else None


def frame(root: Path, code: str, stem: str) -> Exchange:
    """One stored exchange. Raises EvidenceError."""
    return load(root / code, stem)
