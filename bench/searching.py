"""Searching (TD3.1) and retrieving (TD3.2): with a patient of 1,000 documents, and as the registry grows.

The registry is filled directly, with copies of what one submission wrote; every other patient has 100 documents. One
worker, one client, mutual TLS. The figures of a size are ratios to those of the smallest registry.
"""

from __future__ import annotations

import os
import sqlite3
import statistics
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.load import Load
from bench.requests import PATIENT, Sender
from bench.served import served
from mock_dmp import pki

CALLS: Final = 60
SMALLEST: Final = 1000
#: Documents of the patient who is searched while the registry grows.
FEW: Final = 20
MANY: Final = 1000
_OF_OTHERS: Final = 100
_TYPES: Final = ("11488-4", "11502-2")
_TYPE: Final = "$XDSDocumentEntryTypeCode"
_RARE: Final = f"{_TYPES[1]}^^2.16.840.1.113883.6.1"


@dataclass(frozen=True)
class Asked:
    """Median seconds of each question."""

    lists: float
    documents: float

    def beside(self, first: Asked) -> str:
        return (
            f"TD3.1 {self.lists / first.lists:.2f} ({self.lists * 1000:.1f} ms), "
            f"TD3.2 {self.documents / first.documents:.2f} ({self.documents * 1000:.1f} ms)"
        )


def run(documents: int = 100_000) -> list[str]:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        pki.init(folder / "pki")
        sender = Sender.of(folder / "pki")
        return [*_growing(sender, folder, documents), *_many(sender, folder)]


def _growing(sender: Sender, scratch: Path, documents: int) -> Iterator[str]:
    data = scratch / "growing"
    copier = _begun(sender, scratch, data)
    copier.fill(PATIENT, FEW - 1)
    first: Asked | None = None
    size = SMALLEST
    while size <= documents:
        copier.fill_others(size)
        with served(scratch / "pki", data, workers=1) as mock:
            asked = Asked(
                _median(sender, mock.url, scratch, "TD3.1", query="FindDocuments"),
                _median(sender, mock.url, scratch, "TD3.2", unique_ids=[copier.original]),
            )
        first = first or asked
        yield f"{size} documents in the registry: {asked.beside(first)}"
        size *= 10


def _many(sender: Sender, scratch: Path) -> Iterator[str]:
    """Rates: how many a second, beside the feeding of the same worker."""
    data = scratch / "many"
    copier = _begun(sender, scratch, data)
    copier.fill(PATIENT, MANY - 10, type_code=_TYPES[0])
    copier.fill(PATIENT, 9, type_code=_TYPES[1])
    with served(scratch / "pki", data, workers=2) as mock:
        fed = _rate(sender, mock.url, scratch, list(sender.submissions(200).values()))
    data = scratch / "many-again"  # a patient of exactly so many: a list holds no more
    copier = _begun(sender, scratch, data)
    copier.fill(PATIENT, MANY - 10, type_code=_TYPES[0])
    copier.fill(PATIENT, 9, type_code=_TYPES[1])
    questions: dict[str, tuple[str, int, dict[str, Any]]] = {
        "TD3.1, all 1,000 entries": ("TD3.1", 20, {"query": "FindDocuments"}),
        "TD3.1, the 9 entries of one type among 1,000": (
            "TD3.1",
            400,
            {"query": "FindDocuments", "parameters": {_TYPE: [_RARE]}},
        ),
        "TD3.2, one document of 20 KB": ("TD3.2", 400, {"unique_ids": [copier.original]}),
    }
    with served(scratch / "pki", data, workers=2) as mock:
        yield f"patient of 1,000 documents, 2 workers, TD2.1: 1.00 ({fed.rate:.0f}/s here)"
        for name, (transaction, calls, params) in questions.items():
            load = _rate(sender, mock.url, scratch, sender.requests(transaction, calls, **params))
            yield (
                f"{name}: {load.rate / fed.rate:.2f} ({load.rate:.0f}/s here, "
                f"p50 {load.quantile(0.5) * 1000:.0f} p95 {load.quantile(0.95) * 1000:.0f} ms)"
            )


def _rate(sender: Sender, url: str, scratch: Path, requests: list[bytes]) -> Load:
    warm = max(8, len(requests) // 10)
    assert not sender.load(url, requests[:warm], scratch, 8).failed
    load = sender.load(url, requests[warm:], scratch, 8)
    assert not load.failed, load.first_failure
    return load


def _median(sender: Sender, url: str, scratch: Path, transaction: str, **params: object) -> float:
    load = sender.load(url, sender.requests(transaction, CALLS, **params), scratch, 1)
    assert not load.failed, load.first_failure
    return statistics.median(load.times[CALLS // 4 :])


def _begun(sender: Sender, scratch: Path, data: Path) -> _Copier:
    """A mock that took one submission, and stopped."""
    with served(scratch / "pki", data) as mock:
        load = sender.load(mock.url, list(sender.submissions(1).values()), scratch, 1)
        assert not load.failed, load.first_failure
    return _Copier(data / "mock.db")


class _Copier:
    """Makes copies of the rows of the one document that somebody submitted."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with closing(sqlite3.connect(path)) as db:
            db.row_factory = sqlite3.Row
            entry = db.execute(
                "SELECT * FROM registry_objects WHERE kind = 'entry' AND NOT signature ORDER BY rank DESC LIMIT 1"
            ).fetchone()
            self._rank = int(db.execute("SELECT max(rank) FROM registry_objects").fetchone()[0])
            self._held = int(
                db.execute(
                    "SELECT count(*) FROM registry_objects WHERE kind = 'entry' AND NOT signature"
                ).fetchone()[0]
            )
            self._entry = dict(entry)
            self._content = dict(
                db.execute(
                    "SELECT * FROM document_contents WHERE unique_id = ?", (entry["unique_id"],)
                ).fetchone()
            )
        self.original = str(entry["unique_id"])

    def fill_others(self, size: int) -> None:
        """Until the registry holds so many documents."""
        while self._held < size:
            self.fill(f"other-{self._held // _OF_OTHERS}", min(10_000, size - self._held), each=_OF_OTHERS)
        os.sync()  # what was written in haste would slow down the commits that are measured

    def fill(self, patient: str, count: int, *, type_code: str = "", each: int = 0) -> None:
        """Give the patient so many more; with `each`, one patient after the other gets that many."""
        rows = [
            self._copy(f"{patient}-{rank // each}" if each else patient, type_code) for rank in range(count)
        ]
        with closing(sqlite3.connect(self._path)) as db:
            db.execute("PRAGMA synchronous = OFF")
            for table, made in (
                ("registry_objects", [entry for entry, _ in rows]),
                ("document_contents", [content for _, content in rows]),
            ):
                columns = list(made[0])
                db.executemany(
                    f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})",  # noqa: S608 - names of our own tables
                    [tuple(row[column] for column in columns) for row in made],
                )
            db.commit()

    def _copy(self, patient: str, type_code: str) -> tuple[dict[str, Any], dict[str, Any]]:
        self._rank += 1
        self._held += 1
        made = uuid.uuid4()
        entry, content = dict(self._entry), dict(self._content)
        body = (
            str(entry["body"]).replace(entry["id"], made.urn).replace(entry["unique_id"], f"2.25.{made.int}")
        )
        if type_code:
            body = body.replace(_TYPES[0], type_code)
            entry["type_code"] = str(entry["type_code"]).replace(_TYPES[0], type_code)
        entry |= {"id": made.urn, "unique_id": f"2.25.{made.int}", "patient": patient, "rank": self._rank}
        content["unique_id"] = entry["unique_id"]
        return entry | {"body": body}, content
