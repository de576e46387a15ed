"""Feeding: rivals at once, and a process that dies."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from mock_dmp.state import documents
from mock_dmp.state.documents import Registration
from tests.mock_dmp.builders import Answered, Lps, oid
from tests.mock_dmp.databases import every_database as database
from tests.mock_dmp.feeding import (
    WHO,
    entry_uuid,
    feed,
    listed,
)
from tests.mock_dmp.submissions import (
    Doc,
    Lot,
    retrieve,
)

__all__ = ["database"]


class TestRivals:
    """Several at once: threads, one store."""

    def race(self, lps: Lps, lots: list[Lot]) -> list[Answered]:
        ready = threading.Barrier(len(lots))

        def one(lot: Lot) -> Answered:
            body, parts = lot.build()
            ready.wait()
            return lps.send("TD2.1", body, WHO.on(lot.patient), parts=parts)

        with ThreadPoolExecutor(len(lots)) as pool:
            return list(pool.map(one, lots))

    def test_nothing_is_lost(self, lps: Lps) -> None:
        lots = [Lot(documents=(Doc(data=f"document {number}".encode()),)) for number in range(20)]
        assert {answer.xds for answer in self.race(lps, lots)} == {"Success"}
        assert sorted(listed(lps)) == sorted(lot.documents[0].unique_id for lot in lots)
        for lot in lots:
            got = lps.send("TD3.2", retrieve(lot.documents[0].unique_id), WHO)
            assert list(got.parts.values()) == [lot.documents[0].data]

    def test_one_unique_id_other_bytes(self, lps: Lps) -> None:
        unique_id = oid()
        lots = [Lot(documents=(Doc(unique_id=unique_id, data=f"rival {n:02}".encode()),)) for n in range(10)]
        answers = self.race(lps, lots)
        won = [lot for lot, answer in zip(lots, answers, strict=True) if answer.xds == "Success"]
        assert len(won) == 1
        assert {tuple(answer.codes) for answer in answers if answer.xds == "Failure"} == {
            ("XDSNonIdenticalHash",)
        }
        got = lps.send("TD3.2", retrieve(unique_id), WHO)
        assert list(got.parts.values()) == [won[0].documents[0].data]

    def test_one_document_replaced_by_several(self, lps: Lps) -> None:
        old = Doc()
        feed(lps, Lot(documents=(old,)))
        before = entry_uuid(lps, old.unique_id)
        answers = self.race(lps, [Lot(documents=(Doc(replaces=before),)) for _ in range(6)])
        assert sorted(answer.xds for answer in answers) == ["Failure"] * 5 + ["Success"]
        assert len(listed(lps)) == 1


class TestCrash:
    """The process dies between the bytes and the commit."""

    def test_nothing_half_visible_and_a_retry_works(self, lps: Lps, monkeypatch: pytest.MonkeyPatch) -> None:
        lot = Lot()
        genuine = documents.register

        class Killed(BaseException):
            pass

        def dies(db: object, session: str, whole: Registration, *, deprecated_status: str) -> None:
            genuine(db, session, whole, deprecated_status=deprecated_status)  # type: ignore[arg-type]
            raise Killed

        monkeypatch.setattr(documents, "register", dies)
        with pytest.raises(Killed):
            feed(lps, lot)
        monkeypatch.setattr(documents, "register", genuine)
        assert listed(lps) == []
        assert lps.send("TD3.2", retrieve(lot.documents[0].unique_id), WHO).xds == "Failure"
        assert feed(lps, lot).xds == "Success"
        assert listed(lps) == [lot.documents[0].unique_id]

    def test_a_full_disk_loses_nothing(self, lps: Lps, monkeypatch: pytest.MonkeyPatch) -> None:
        lot = Lot()

        def full(*_: object) -> tuple[str, int]:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(type(lps.store.blobs), "put_stream", full)
            answer = feed(lps, lot)
        assert answer.fault == "MockInternalError"
        assert listed(lps) == []
        assert feed(lps, lot).xds == "Success"
