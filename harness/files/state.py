"""Where the results of a run are kept while it goes on: an append-only file of JSON lines, and an index on disk.

A line a file, written once and never changed, so a run that is cut keeps what it had: a half-written last line is
dropped. Memory holds neither results nor index. What a record says is harness.files.record.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Final

from harness.files.record import Record, from_plain, mark_of, plain, renamed
from protocol import jsonread
from protocol.errors import ConfigError, Text, UsageError

FORMAT: Final = "dmpcompat-check/1"
#: How a state file starts, as `begin` writes it.
_START: Final = f'{{"run":"{FORMAT}"'.encode()
_TABLES: Final = """
CREATE TABLE result (rank INTEGER PRIMARY KEY, path TEXT, place INTEGER, mark TEXT);
CREATE TABLE known (key BLOB PRIMARY KEY, place INTEGER) WITHOUT ROWID;
"""


class Ledger:
    """Results of one run, by rank. Use as a context manager.

    `path`: a file that stays, None for one that goes with the run. `resume`: take up the results that it holds.
    Raises UsageError (CHECK-020 the file exists, CHECK-021 it is not there), ConfigError (CHECK-022 it is no
    state file, CHECK-023 another process writes to it).
    """

    def __init__(self, path: Path | None = None, *, resume: bool = False) -> None:
        self._file = _open(path, resume)
        #: An empty name: a database on disk that nobody else sees, and that goes when it is closed.
        self._index = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._index.execute("PRAGMA journal_mode = OFF")
        self._index.execute("PRAGMA synchronous = OFF")
        self._index.executescript(_TABLES)
        self._index.execute("BEGIN")
        self._mark = ""
        #: What the last run of the file was: `begin` of it. Empty for a new file.
        self.last: dict[str, Any] = {}
        if resume:
            try:
                self._take_up()
            except ConfigError:
                self.close()
                raise

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        with suppress(OSError):
            self._file.flush()
            os.fsync(self._file.fileno())
        self._file.close()
        self._index.close()

    def begin(self, mark: str, **said: Any) -> None:
        """A run begins: `mark` is the digest of what decides its verdicts, `said` what a reader must know of it."""
        self._mark = mark
        self.last = {"run": FORMAT, "mark": mark, **said}
        self._append(self.last)

    def known(self, content: str, path: str) -> Record | None:
        """The result that a former run of the same mark gave for this content, under this path."""
        found = self._index.execute("SELECT place FROM known WHERE key = ?", (self._key(content),)).fetchone()
        return None if found is None else renamed(self._read(found[0]), path)

    def keep(self, rank: int, record: Record) -> None:
        """Write a result. One that a former run wrote under the same path is not written again."""
        place = self._place_of(record)
        if place is None:
            place = self._append({"mark": self._mark, **plain(record)})
            if record.sha256 and not record.lost:
                key = self._key(record.sha256)
                self._index.execute("INSERT OR REPLACE INTO known VALUES (?, ?)", (key, place))
        self._index.execute(
            "INSERT OR REPLACE INTO result VALUES (?, ?, ?, ?)", (rank, record.path, place, mark_of(record))
        )

    def recall(self) -> int:
        """Take for results those of the file alone: the last of each path, under the last mark. How many there are."""
        self._mark = str(self.last.get("mark", ""))
        ranks: dict[str, int] = {}
        for place, fields in self._lines():
            if fields.get("mark") == self._mark and "run" not in fields:
                record = from_plain(fields)
                rank = ranks.setdefault(record.path, len(ranks))
                values = (rank, record.path, place, mark_of(record))
                self._index.execute("INSERT OR REPLACE INTO result VALUES (?, ?, ?, ?)", values)
        return len(ranks)

    def __iter__(self) -> Iterator[Record]:
        """The results in the order of their ranks, read from the file one by one."""
        self._file.flush()
        for path, place in self._index.execute("SELECT path, place FROM result ORDER BY rank"):
            yield renamed(self._read(place), path)

    def digest(self) -> str:
        """SHA-256 (hex) over the sorted marks: the same however the work was shared, ordered or resumed."""
        whole = hashlib.sha256()
        for (mark,) in self._index.execute("SELECT mark FROM result ORDER BY mark"):
            whole.update(f"{mark}\n".encode())
        return whole.hexdigest()

    def _key(self, content: str) -> bytes:
        return hashlib.sha256(f"{self._mark}|{content}".encode()).digest()

    def _place_of(self, record: Record) -> int | None:
        if not record.sha256 or record.lost:
            return None
        found = self._index.execute("SELECT place FROM known WHERE key = ?", (self._key(record.sha256),))
        place = found.fetchone()
        if place is None:
            return None
        return int(place[0]) if self._read(place[0]) == record else None

    def _append(self, fields: dict[str, Any]) -> int:
        line = json.dumps(fields, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"
        place = self._file.seek(0, os.SEEK_END)
        self._file.write(line)
        self._file.flush()
        return place

    def _read(self, place: int) -> Record:
        self._file.seek(place)
        return from_plain(jsonread.loads(self._file.readline()))

    def _take_up(self) -> None:
        """Index what former runs wrote. A line that can't be read is one file to judge again."""
        self._file.seek(0)
        start = self._file.read(len(_START))
        if start and not _START.startswith(start) and start != _START:
            raise _no_state(self._file.name)  # before anything is cut from a file of another kind
        self._cut_half_line()
        for place, fields in self._lines():
            if "run" in fields:
                self.last = fields
            elif fields.get("sha256") and not fields.get("lost"):
                key = hashlib.sha256(f"{fields['mark']}|{fields['sha256']}".encode()).digest()
                self._index.execute("INSERT OR REPLACE INTO known VALUES (?, ?)", (key, place))

    def _lines(self) -> Iterator[tuple[int, dict[str, Any]]]:
        self._file.flush()
        place = 0
        while True:
            self._file.seek(place)
            line = self._file.readline()
            if not line:
                return
            with suppress(ValueError, KeyError, TypeError):
                fields = jsonread.loads(line)
                if "run" not in fields:
                    from_plain(fields)
                yield place, fields
            place += len(line)

    def _cut_half_line(self) -> None:
        end = self._file.seek(0, os.SEEK_END)
        place = end
        while place > 0:
            start = max(0, place - 65536)
            self._file.seek(start)
            found = self._file.read(place - start).rfind(b"\n")
            if found >= 0:
                place = start + found + 1
                break
            place = start
        if place < end:
            self._file.truncate(place)


def _open(path: Path | None, resume: bool) -> IO[bytes]:
    if path is None:
        return tempfile.TemporaryFile(prefix="dmpcompat-check-")
    if resume and not path.is_file():
        raise UsageError(
            "CHECK-021",
            Text("pas d'état à reprendre", "no state to resume"),
            field="--resume",
            found=str(path),
            mend=Text("--state FICHIER pour commencer", "--state FILE to start"),
        )
    try:
        file = path.open("r+b" if resume else "x+b")
    except FileExistsError:
        raise UsageError(
            "CHECK-020",
            Text("le fichier d'état existe déjà", "the state file exists already"),
            field="--state",
            found=str(path),
            mend=Text(f"--resume {path}", f"--resume {path}"),
        ) from None
    _lock(file, path)
    return file


def _lock(file: IO[bytes], path: Path) -> None:
    """Two runs in one file would mix their lines."""
    try:
        import fcntl
    except ImportError:  # not a Unix: the file system locks what is open
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise ConfigError(
            "CHECK-023",
            Text("un autre contrôle écrit dans cet état", "another check writes to this state"),
            field=str(path),
        ) from None


def _no_state(name: object) -> ConfigError:
    return ConfigError(
        "CHECK-022",
        Text("ce n'est pas un état de contrôle", "not the state of a check"),
        field=str(name),
        expected=FORMAT,
    )
