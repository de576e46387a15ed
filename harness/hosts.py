"""The other name of a platform on the same machine: what a change of host is played with.

A software must follow a change of the services' host (EX_GEN-1221). A mock on this machine answers under two names.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit, urlunsplit

from harness.steps.api import Unmet
from protocol.errors import Text

OTHER: Final = "other"
FIRST: Final = "first"
_TWINS: Final = {"127.0.0.1": "localhost", "localhost": "127.0.0.1"}


def at(url: str, which: str) -> str:
    """The address under its first name ("" too) or its other one. Raises Unmet when it has no other."""
    if which != OTHER:
        return url
    parts = urlsplit(url)
    twin = _TWINS.get((parts.hostname or "").lower())
    if twin is None:
        raise Unmet(
            "STEP-016",
            Text("la plateforme n'a pas d'autre nom connu", "the platform has no other name that is known"),
            found=parts.hostname or "",
            expected=" | ".join(_TWINS),
        )
    return urlunsplit(parts._replace(netloc=f"{twin}:{parts.port}" if parts.port else twin))


def authority(url: str) -> str:
    """`host:port` of an address, as the header Host writes it."""
    return urlsplit(url).netloc.rpartition("@")[2]
