"""Who watches a store is told of commits, sits on a limited number of seats, and is let go at the end."""

from __future__ import annotations

import threading

import pytest

from mock_dmp.state.changes import Changes
from mock_dmp.state.engine import Store


def test_a_commit_is_told_and_a_rollback_is_not(store: Store) -> None:
    before = store.changes.count
    with store.write():
        assert store.changes.count == before
    assert store.changes.count > before
    here = store.changes.count
    with pytest.raises(ZeroDivisionError), store.write():
        _ = 1 / 0
    assert store.changes.count == here


def test_waiting_ends_with_the_news_or_with_time() -> None:
    changes = Changes()
    assert changes.wait(0, 0.0) == 0
    woken: list[int] = []
    waiter = threading.Thread(target=lambda: woken.append(changes.wait(0, 30.0)))
    waiter.start()
    changes.tell()
    waiter.join(10)
    assert woken == [1]
    assert changes.wait(0, 30.0) == 1  # missed meanwhile: told at once


def test_seats_are_given_back() -> None:
    changes = Changes(seats=1)
    with changes.seat() as first, changes.seat() as second:
        assert (first, second) == (True, False)
    with pytest.raises(ZeroDivisionError), changes.seat() as third:
        assert third
        _ = 1 / 0
    with changes.seat() as fourth:
        assert fourth


def test_closing_lets_everybody_go() -> None:
    changes = Changes()
    waiter = threading.Thread(target=lambda: changes.wait(0, 30.0))
    waiter.start()
    changes.close()
    waiter.join(10)
    assert not waiter.is_alive()
    assert changes.closed
    with changes.seat() as seated:
        assert not seated
