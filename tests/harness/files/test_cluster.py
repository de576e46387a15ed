"""Judging on a Dask cluster: the same results as here. Most needs the extra `dask`; refusing without it does not."""

from __future__ import annotations

import importlib
import importlib.util
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from bench.check_archive import archive, tree
from harness.files import cluster as check_cluster
from harness.files.archives import entries
from harness.files.cluster import BATCH, cluster, judge_shipped
from harness.files.crew import Limits
from harness.files.judge import Asked, fetch
from harness.files.tree import How, judge_paths
from harness.packs.registry import Pack
from protocol.errors import ConfigError, UsageError

needs_dask = pytest.mark.skipif(
    importlib.util.find_spec("distributed") is None, reason="needs the extra dask (dask[distributed])"
)
pytestmark = pytest.mark.filterwarnings("ignore")
COUNT = 90


def test_without_the_library_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> ModuleType:
        raise ImportError(name)

    monkeypatch.setattr(check_cluster, "import_module", absent)
    with pytest.raises(UsageError, match="CHECK-026") as refused:
        judge_paths([tree(tmp_path, 2)], how=How(engine="dask://127.0.0.1:1"))
    assert "dmpcompat[dask]" in refused.value.mend.fr


def test_what_is_shipped_is_judged_as_what_is_read(tmp_path: Path) -> None:
    tree(tmp_path, 12)
    (tmp_path / "vide.xml").write_bytes(b"")
    shipped = [(rank, entry, fetch(entry, Asked())) for rank, entry in enumerate(entries([tmp_path]))]
    assert [record for _, record in judge_shipped(shipped, Asked())] == list(judge_paths([tmp_path]).results)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    distributed: Any = importlib.import_module("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as local:
        yield local.scheduler_address.removeprefix("tcp://")


@needs_dask
def test_a_cluster_gives_the_same_digest(address: str, tmp_path: Path) -> None:
    tree(tmp_path / "lots", COUNT)
    archive(tmp_path / "lots" / "z.zip", COUNT)
    (tmp_path / "lots" / "vide.xml").write_bytes(b"")
    (tmp_path / "lots" / "casse.zip").write_bytes(b"PK")
    here = judge_paths([tmp_path / "lots"])
    there = judge_paths([tmp_path / "lots"], how=How(engine=f"dask://{address}"))
    assert there.digest == here.digest
    assert list(there.results) == list(here.results)


@needs_dask
def test_a_worker_that_dies_loses_nothing(address: str, tmp_path: Path) -> None:
    distributed: Any = importlib.import_module("distributed")
    listed = list(enumerate(entries([tree(tmp_path, 40 * BATCH)])))

    def kill() -> None:
        time.sleep(0.5)
        with distributed.Client(f"tcp://{address}", set_as_default=False) as client:
            os.kill(next(iter(client.run(os.getpid).values())), signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    results = dict(cluster(iter(listed), Asked(), f"tcp://{address}", Limits()))
    killer.join()
    assert sorted(results) == [rank for rank, _ in listed]
    assert all(record.verdict != "ERROR" or record.lost for record in results.values())


@needs_dask
def test_a_cluster_with_another_pack_is_refused(address: str, tmp_path: Path) -> None:
    asked = Asked(pack=Pack("x", str(tmp_path / "absent"), "0" * 64, 1))
    with pytest.raises(ConfigError, match="CHECK-028"):
        list(cluster(iter([]), asked, f"tcp://{address}", Limits()))


@needs_dask
def test_no_cluster_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_cluster, "_CONNECT", 1.0)
    with pytest.raises(ConfigError, match="CHECK-027"):
        list(cluster(iter([]), Asked(), "tcp://127.0.0.1:9", Limits()))


SLOW = """
import time
from harness.files import cluster as check_cluster

def judge(batch, asked):
    if any("doc0000003" in entry.path for _, entry, _ in batch):
        time.sleep(60)
    return check_cluster.judge_shipped(batch, asked)
"""


@needs_dask
def test_a_document_that_takes_too_long_is_given_up(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    distributed: Any = importlib.import_module("distributed")
    (tmp_path / "lent_du_test.py").write_text(SLOW, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    with distributed.Client(f"tcp://{address}", set_as_default=False) as client:
        client.upload_file(str(tmp_path / "lent_du_test.py"))
    monkeypatch.setattr(check_cluster, "judge_shipped", importlib.import_module("lent_du_test").judge)
    listed = list(enumerate(entries([tree(tmp_path / "lots", 2 * BATCH)])))
    results = dict(cluster(iter(listed), Asked(), f"tcp://{address}", Limits(timeout=0.5)))
    assert sorted(results) == [rank for rank, _ in listed]
    assert [record.name for record in results.values() if record.lost] == ["doc0000003.xml"]
