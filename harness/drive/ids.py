"""Identifiers that the driver makes: UUIDs and OIDs, random or drawn from a seed.

A seeded source gives the same message again. OIDs grow under the root of the campaign, or under 2.25 (an OID
made of a UUID, ITU-T X.667) when it has none.
"""

from __future__ import annotations

import random
import secrets
import uuid
from typing import Protocol

#: Longest OID that XDS accepts (ITI TF-3 4.2.3.1).
LONGEST_OID = 64


class Ids(Protocol):
    """Source of identifiers: `uuid()` in lower case without prefix, `oid()` at most 64 characters long."""

    def uuid(self) -> str: ...

    def oid(self, root: str = "") -> str: ...


def _under(root: str, number: uuid.UUID) -> str:
    if not root:
        return f"2.25.{number.int}"
    room = LONGEST_OID - len(root) - 1
    return f"{root}.{str(number.int)[:room]}" if room >= 12 else f"2.25.{number.int}"


class RandomIds:
    """Identifiers that never come twice."""

    def uuid(self) -> str:
        return str(uuid.uuid4())

    def oid(self, root: str = "") -> str:
        return _under(root, uuid.UUID(int=secrets.randbits(128) | 1 << 127))


class SeededIds:
    """The same identifiers in the same order for the same seed."""

    def __init__(self, seed: int | str) -> None:
        self._random = random.Random(seed)  # noqa: S311 - repeatable on purpose, protects nothing

    def uuid(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def oid(self, root: str = "") -> str:
        # The top bit is set so that the number never starts with a zero arc and keeps its length.
        return _under(root, uuid.UUID(int=self._random.getrandbits(128) | 1 << 127))
