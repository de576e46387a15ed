"""Wire numbers that a register gave: known by the signed status list that the platform was started with.

The list is read again when its file changes, so that a withdrawal is enforced without a restart. A number that the list
names is worth what the list says at the session's clock, whatever the session declared; any other is the session's own.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from protocol import statuslist
from protocol.directory import NumberStatus, Product, WireNumber
from protocol.errors import ConfigError, DmpcompatError, Text
from protocol.statuslist import Listed, StatusList, tag_of
from protocol.trust import load_trust

_LOG: Final = logging.getLogger(__name__)
_STATUS: Final[dict[statuslist.State, NumberStatus]] = {
    "ACTIVE": "active",
    "NOTICE": "active",
    "SUSPENDED": "suspended",
    "WITHDRAWN": "revoked",
    "SUPERSEDED": "revoked",
    "EXPIRED": "revoked",
}


@dataclass
class Official:
    """The status list of a file, believed with the keys of `trust`; `tag_key` knows the numbers in it."""

    path: Path
    trust: Path
    tag_key: bytes = field(repr=False)
    _stamp: tuple[int, int] = (0, 0)
    _list: StatusList | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @classmethod
    def open(cls, path: Path, trust: Path, key: Path) -> Official:
        """Raises ConfigError when a file can't be used."""
        try:
            found = cls(path, trust, bytes.fromhex(key.read_text(encoding="ascii").strip()))
            found.current()
        except (OSError, ValueError, DmpcompatError) as problem:
            raise _unusable(path, problem) from problem
        return found

    def current(self) -> StatusList:
        """The list as the file has it now; while that can't be believed, the last one that could.

        Raises ConfigError when there was none.
        """
        with self._lock:
            try:
                facts = self.path.stat()
                stamp = (facts.st_mtime_ns, facts.st_size)
                if stamp != self._stamp:
                    self._stamp = stamp
                    self._list = statuslist.read(self.path.read_bytes(), load_trust(self.trust))
            except (OSError, DmpcompatError) as problem:
                unusable = _unusable(self.path, problem)
                if self._list is None:
                    raise unusable from problem
                _LOG.error("%s", unusable.message("en"))
            if self._list is None:  # the lines above read one or raised
                raise _unusable(self.path, ValueError("never read"))
            return self._list

    def stale(self, at: datetime) -> bool:
        """Whether the list promised its successor before that moment."""
        return not self.current().fresh(at)

    def known(self, value: str, own: WireNumber | None, at: datetime) -> WireNumber | None:
        """The number that travels as `value`: as the register has it, else as the session has it."""
        listed = self.current().of_tag(tag_of(value, self.tag_key))
        if listed is None:
            return own
        status = _STATUS[listed.state_at(at)]
        return replace(own, status=status) if own is not None else _number(listed, value, status)


def _number(listed: Listed, value: str, status: NumberStatus) -> WireNumber:
    return WireNumber(
        key=listed.reference,
        value=value,
        family=listed.software,
        products=(Product(listed.software, listed.versions),),
        profiles=listed.profiles,
        status=status,
    )


def _unusable(path: Path, problem: Exception) -> ConfigError:
    found = problem.message("en") if isinstance(problem, DmpcompatError) else str(problem)
    return ConfigError(
        "STATUS-010",
        Text("la liste de statuts est inutilisable", "the status list can't be used"),
        field=str(path),
        found=found,
        mend=Text(
            "la redemander à l'émetteur, avec trust.json et la clé des numéros",
            "ask the issuer for it again, with trust.json and the key of the numbers",
        ),
    )
