"""Wire numbers that a register gave: known by its signed status list, that of a session or of the whole platform.

The platform's list is read again when its file changes, so that a withdrawal is enforced without a restart; an older
one never replaces it. A session may be given one of its own (control API), which then stands for the platform's. A
number that a list names is worth what it says at the session's clock, whatever the session declared.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from mock_dmp.state import statuslists
from mock_dmp.state.statuslists import Given
from protocol import statuslist, trustchain
from protocol.directory import NumberStatus, Product, WireNumber
from protocol.errors import ConfigError, DmpcompatError, EvidenceError, Text, UsageError
from protocol.regularfile import read_text
from protocol.statuslist import Listed, StatusList, tag_of
from protocol.trust import TrustedKey, stamp
from protocol.trustchain import Anchor

_LARGEST_KEY: Final = 4096
_LOG: Final = logging.getLogger(__name__)
#: Of the key of the numbers, in hexadecimal: what is kept of a session's.
_LONGEST_KEY: Final = 128
_STATUS: Final[dict[statuslist.State, NumberStatus]] = {
    "ACTIVE": "active",
    "NOTICE": "active",
    "SUSPENDED": "suspended",
    "WITHDRAWN": "revoked",
    "SUPERSEDED": "revoked",
    "EXPIRED": "revoked",
}


@dataclass(frozen=True)
class Believed:
    """A list whose signature was verified, and the key that knows the numbers in it."""

    listed: StatusList
    tag_key: bytes = field(repr=False)

    def stale(self, at: datetime) -> bool:
        """Whether the list promised its successor before that moment."""
        return not self.listed.fresh(at)

    def of(self, value: str) -> Listed | None:
        """What the list says of the number that travels as `value`."""
        return self.listed.of_tag(tag_of(value, self.tag_key))

    def known(self, value: str, own: WireNumber | None, at: datetime) -> WireNumber | None:
        """The number that travels as `value`: as the register has it, else as the session has it."""
        listed = self.of(value)
        if listed is None:
            return own
        status = _STATUS[listed.state_at(at)]
        found = _number(listed, value, status)
        # Whose number it is, the register says, whatever product the session declared it for.
        return found if own is None else replace(found, key=own.key, profiles=listed.profiles or own.profiles)


@dataclass
class Official:
    """The status list of a file, believed with the keys of `trust`; `tag_key` knows the numbers in it.

    A trust file that a root signs (`root`: which one) is only ever followed by a version that continues it.
    """

    path: Path
    trust: Path
    tag_key: bytes = field(repr=False)
    root: Anchor | None = None
    _stamp: tuple[int, int] = (0, 0)
    _list: StatusList | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @classmethod
    def open(cls, path: Path, trust: Path, key: Path, root: Anchor | None = None) -> Official:
        """Raises ConfigError when a file can't be used."""
        try:
            found = cls(path, trust, bytes.fromhex(read_text(key, _LARGEST_KEY).strip()), root)
            found.current()
        except (OSError, ValueError, DmpcompatError) as problem:
            raise _unusable(path, problem) from problem
        return found

    def current(self) -> StatusList:
        """The list as the file has it now; while that can't be believed or is older, the last one that could.

        Raises ConfigError when there was none.
        """
        with self._lock:
            try:
                facts = self.path.stat()
                stamped = (facts.st_mtime_ns, facts.st_size)
                if stamped != self._stamp:
                    self._stamp = stamped
                    self._list = self._newer(statuslist.of_file(self.path, self._keys()))
            except (OSError, DmpcompatError) as problem:
                unusable = _unusable(self.path, problem)
                if self._list is None:
                    raise unusable from problem
                _LOG.error("%s", unusable.message("en"))
            if self._list is None:  # the lines above read one or raised
                raise _unusable(self.path, ValueError("never read"))
            return self._list

    def believed(self) -> Believed:
        """The same, as the entry asks it."""
        return Believed(self.current(), self.tag_key)

    def _keys(self) -> Mapping[str, TrustedKey]:
        """Raises EvidenceError for a trust file that does not continue the one before."""
        found = trustchain.load(self.trust, self.root)
        if found.version is not None:
            self.root = Anchor.of_version(found.version)
        return found.keys

    def _newer(self, found: StatusList) -> StatusList:
        """Raises EvidenceError for a list that was issued before the one in force: an old one, played again; or for one
        of another issuer, whom the trust file may have as well.
        """
        if self._list is not None and found.issuer != self._list.issuer:
            raise EvidenceError(
                "STATUS-013",
                Text(
                    "liste d'un autre émetteur que celle en vigueur",
                    "a list of another issuer than the one in force",
                ),
                field=str(self.path),
                found=found.issuer,
                expected=self._list.issuer,
            )
        if self._list is not None and found.issued < self._list.issued:
            raise EvidenceError(
                "STATUS-011",
                Text("liste plus ancienne que celle en vigueur", "a list older than the one in force"),
                field=str(self.path),
                found=stamp(found.issued),
                expected=f">= {stamp(self._list.issued)}",
            )
        return found


def listing(db: Connection, session: str, platform: Official | None) -> Believed | None:
    """The list that a call is held against: the session's, else the platform's, else none."""
    given = statuslists.of(db, session)
    if given is not None:
        return believed(given)
    return None if platform is None else platform.believed()


@lru_cache(maxsize=64)
def believed(given: Given) -> Believed:
    """Verify a list that a session is given. Raises UsageError (STATUS-012)."""
    try:
        if len(given.tag_key) > _LONGEST_KEY:
            raise ValueError(f"key of {len(given.tag_key)} characters")
        tag_key = bytes.fromhex(given.tag_key)
        trusted = trustchain.believed(given.trust.encode(), "trust").keys
        return Believed(statuslist.read(given.envelope.encode(), trusted), tag_key)
    except (ValueError, DmpcompatError) as problem:
        raise UsageError(
            "STATUS-012",
            Text("cette liste de statuts n'est pas crue", "this status list is not believed"),
            field="status-list",
            found=problem.message("en") if isinstance(problem, DmpcompatError) else str(problem),
        ) from problem


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
