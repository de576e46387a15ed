"""Identifiers of what is registered: drawn, or the same for the same message in a seeded session."""

from __future__ import annotations

import threading

from mock_dmp.identifiers import new_uuid, seeded


def drawn(seed: str, message: str) -> list[str]:
    with seeded(seed, message):
        return [str(new_uuid()) for _ in range(3)]


def test_they_follow_from_seed_and_message() -> None:
    assert drawn("7", "a") == drawn("7", "a")
    assert len({*drawn("7", "a"), *drawn("7", "b"), *drawn("8", "a")}) == 9


def test_without_a_seed_they_never_come_twice() -> None:
    assert not {*drawn("", "a")} & {*drawn("", "a")}
    assert new_uuid() != new_uuid()


def test_a_call_does_not_see_the_source_of_another() -> None:
    found: list[str] = []
    with seeded("7", "a"):
        other = threading.Thread(target=lambda: found.append(str(new_uuid())))
        other.start()
        other.join()
        assert found[0] != str(new_uuid())
        assert str(new_uuid()) == drawn("7", "a")[1]
