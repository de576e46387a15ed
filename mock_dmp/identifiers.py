"""UUIDs that the platform gives to what it registers: drawn, or the same for the same message in a seeded session.

A seeded session (switch `identifiers_seed`) lets a software that uses what it was answered send the same bytes again.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final
from uuid import UUID, uuid4

#: The source of the call in hand; a call is served whole by one thread.
_SOURCE: Final[ContextVar[random.Random | None]] = ContextVar("_SOURCE", default=None)


def new_uuid() -> UUID:
    """A new identifier."""
    source = _SOURCE.get()
    return uuid4() if source is None else UUID(int=source.getrandbits(128), version=4)


@contextmanager
def seeded(seed: str, message: str) -> Iterator[None]:
    """Identifiers of the block follow from the seed of the session and the digest of the message; "" draws them."""
    source = random.Random(f"{seed}/{message}") if seed else None  # noqa: S311 - repeatable on purpose
    token = _SOURCE.set(source)
    try:
        yield
    finally:
        _SOURCE.reset(token)
