"""What tests share is made once, whoever asks; a failure is tried again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.once import made_once


def test_it_is_made_once_and_again_after_a_failure(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    made: list[Path] = []

    def fail(folder: Path) -> None:
        (folder / "half").touch()
        raise ValueError("half made")

    def make(folder: Path) -> None:
        assert list(folder.iterdir()) == []
        (folder / "whole").touch()
        made.append(folder)

    with pytest.raises(ValueError, match="half made"):
        made_once(tmp_path_factory, "of-a-test", fail)
    folders = {made_once(tmp_path_factory, "of-a-test", make) for _ in range(3)}
    assert [*folders] == made
    assert (made[0] / "whole").is_file()
