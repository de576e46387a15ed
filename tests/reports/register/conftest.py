"""A register of tests: on SQLite, and on PostgreSQL where there is one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from reports.register.database import Database
from reports.register.numbering import Numbering, Secret
from reports.register.schemes import reference_scheme, wire_scheme
from reports.register.store import LogKey, Register
from tests.mock_dmp.databases import NewDatabase, every_database, postgres

__all__ = ["every_database", "postgres"]

KEY = LogKey("registre.test/homologations", "registre.test", Ed25519PrivateKey.from_private_bytes(bytes(32)))
START = datetime(2026, 3, 1, 9, 0, 0, tzinfo=UTC)


class Hands:
    """A clock that tests turn."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


def opened(url: str, clock: Callable[[], datetime]) -> Register:
    return Register(Database(url), KEY, clock)


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def url(every_database: NewDatabase, tmp_path: Path) -> str:
    return every_database() or f"sqlite:///{tmp_path / 'registre.db'}"


@pytest.fixture
def register(url: str, hands: Hands) -> Iterator[Register]:
    made = opened(url, hands)
    yield made
    made.database.close()


@pytest.fixture
def numbering(register: Register, tmp_path: Path) -> Numbering:
    return Numbering(
        register, reference_scheme(), wire_scheme(), Secret.of_file(tmp_path / "secrets" / "registre.key")
    )
