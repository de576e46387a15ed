"""Fixtures shared by the tests of services and acceptance: an LPS without a network, on a store of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import pytest

from mock_dmp.acceptance import policy
from mock_dmp.acceptance.trust import Trust
from mock_dmp.dispatch import Dispatcher
from mock_dmp.pki import PkiIndex
from mock_dmp.state import sessions, settings
from mock_dmp.state.engine import Store
from tests.mock_dmp.builders import Lps


@pytest.fixture
def lps(store: Store) -> Lps:
    sessions.ensure_default(store)
    return Lps(store, Dispatcher(store))


@pytest.fixture
def change(store: Store) -> Callable[..., None]:
    """Change settings of the default session; `A__B` stands for the rule A-B."""

    def apply(**values: object) -> None:
        with store.write() as db:
            settings.change(db, "default", {name.replace("__", "-"): value for name, value in values.items()})

    return apply


@pytest.fixture(scope="module")
def shared_store() -> Iterator[Store]:
    """For tests that only look at refusals: one store a module."""
    opened = Store()
    sessions.ensure_default(opened)
    yield opened
    opened.close()


@pytest.fixture
def reader(shared_store: Store) -> Lps:
    """An LPS whose calls change nothing."""
    return Lps(shared_store, Dispatcher(shared_store))


@pytest.fixture
def trusting(shared_store: Store, test_pki: PkiIndex) -> Lps:
    """The same, with the test PKI as authority."""
    trust = Trust.load([test_pki.ca], [test_pki.crl])
    return Lps(shared_store, Dispatcher(shared_store, accept=partial(policy.accept, trust=trust)))
