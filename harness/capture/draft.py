"""A frame on its way to the disk: its bodies come by pieces, and memory does not grow with them.

What the disk refuses is NotKept, an error of ours, so that nobody takes it for a failure of the platform's.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Final, Protocol

from protocol.errors import Text, ToolError
from protocol.exchange import Exchange

#: What the names of files begin with that are no frame yet.
DRAFT: Final = ".draft-"


class NotKept(ToolError):
    """The recording can't be written: a full disk, too many open files, a folder that went away."""

    def __init__(self, problem: OSError) -> None:
        super().__init__(
            "CAPT-003",
            Text("l'enregistrement ne peut pas être écrit", "the recording can't be written"),
            field=str(problem.filename or ""),
            found=problem.strerror or str(problem),
            mend=Text("libérer de la place, ou changer de dossier", "make room, or use another folder"),
        )


class Place(Protocol):
    """The recording that a draft is for."""

    folder: Path
    sure: bool

    def place(self, exchange: Exchange, bodies: list[Body], told: dict[str, Any]) -> str: ...


class Body:
    """One body. `size` in bytes, `sha256` (hex) of what came so far. Raises NotKept."""

    def __init__(self, path: Path) -> None:
        self.path = path
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        try:
            self._file: IO[bytes] = os.fdopen(os.open(path, flags, 0o600), "w+b")
        except OSError as problem:
            raise NotKept(problem) from problem
        self._digest = hashlib.sha256()
        self.size = 0

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def write(self, data: bytes | bytearray) -> None:
        try:
            self._file.write(data)
        except OSError as problem:
            raise NotKept(problem) from problem
        self._digest.update(data)
        self.size += len(data)

    def pieces(self, size: int = 64 * 1024) -> Iterator[bytes]:
        """What was written so far, from its beginning; of a frame too, once it is one."""
        try:
            if not self._file.closed:
                self._file.flush()
            with self.path.open("rb") as stream:
                while piece := stream.read(size):
                    yield piece
        except OSError as problem:
            raise NotKept(problem) from problem

    def settle(self, *, sure: bool = True) -> None:
        """Nothing more is written, and everything is on the disk (`sure`: by fsync). Raises OSError."""
        self._file.flush()
        if sure:
            os.fsync(self._file.fileno())
        self._file.close()

    def discard(self) -> None:
        """Give up."""
        with suppress(OSError):  # what is still in memory may not fit on the disk
            self._file.close()
        self.path.unlink(missing_ok=True)


class Draft:
    """A frame being written: fill the bodies, then `commit` or `discard`. Raises NotKept."""

    def __init__(self, recorder: Place) -> None:
        self._recorder = recorder
        self._committed = False
        stem = f"{DRAFT}{os.urandom(8).hex()}"
        self.request = Body(recorder.folder / f"{stem}_requete")
        try:
            self.response = Body(recorder.folder / f"{stem}_reponse")
        except NotKept:
            self.request.discard()
            raise

    def commit(self, exchange: Exchange, told: Mapping[str, Any] | None = None) -> str:
        """Make it a frame, with its bytes on the disk; returns its key. The bodies are those of the draft.

        `told`: further facts of the frame, by names of their own (`proxy`, `import`). What was committed can still
        be read (`Body.pieces`). Raises NotKept, and the draft is gone.
        """
        kept = [self.request] if exchange.response is None else [self.request, self.response]
        try:
            for body in kept:
                body.settle(sure=self._recorder.sure)
            key = self._recorder.place(exchange, kept, dict(told or {}))
        except OSError as problem:
            self.discard()
            raise NotKept(problem) from problem
        except BaseException:
            self.discard()
            raise
        self._committed = True
        if exchange.response is None:
            self.response.discard()
        return key

    def discard(self) -> None:
        """Forget what is not a frame yet; a frame stays one."""
        if not self._committed:
            self.request.discard()
            self.response.discard()
