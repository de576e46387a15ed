"""What the rules of a submission look at: the objects sent, the caller, the patient, the registry as it is.

Two stages share it. MESSAGE rules need nothing but the message; REGISTRY rules read the database and are
judged again inside the write transaction, where no rival can change the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any, TypeVar

from sqlalchemy import Connection

from mock_dmp.acceptance.engine import Stage
from mock_dmp.context import Call, Caller
from mock_dmp.services.identity import caller_of, patient_of, vihf_of
from mock_dmp.services.xds.reading import Submitted
from mock_dmp.state import documents
from mock_dmp.state.documents import Content
from mock_dmp.state.settings import Settings
from mock_dmp.state.xds_objects import Association, Kind, RegistryObject
from protocol.directory import Patient
from protocol.identifiers.cx import Cx

T = TypeVar("T")


@dataclass(frozen=True)
class Known:
    """The registry of one session, for reading, at one moment: what was asked once is not asked again."""

    db: Connection
    session: str
    _told: dict[tuple[str, ...], Any] = field(default_factory=dict, repr=False, compare=False)

    def objects(self, ids: Iterable[str]) -> list[RegistryObject]:
        """Sets and entries by entryUUID."""
        return documents.by_id(self.db, self.session, ids)

    def by_unique_id(self, kind: Kind, unique_ids: Iterable[str]) -> list[RegistryObject]:
        """Sets or entries by uniqueId."""
        asked = (kind, *unique_ids)
        if asked not in self._told:
            self._told[asked] = documents.by_unique_id(self.db, self.session, kind, asked[1:])
        found: list[RegistryObject] = self._told[asked]
        return found

    def content(self, unique_id: str) -> Content | None:
        """The bytes registered under a uniqueId."""
        asked = ("content", unique_id)
        if asked not in self._told:
            self._told[asked] = documents.content(self.db, self.session, unique_id)
        found: Content | None = self._told[asked]
        return found

    def patient_of(self, object_id: str) -> str:
        """Key of the patient of a registered object."""
        return documents.patient_of(self.db, self.session, object_id)

    def ids(self, ids: Iterable[str]) -> set[str]:
        """Those of the ids that are in use."""
        return documents.known_ids(self.db, self.session, ids)


@dataclass(frozen=True)
class Filing:
    """One submission to judge. `patient` is the record that the VIHF names, `ins` its identifier there.

    `now` is that of the session's clock (UTC).
    """

    sent: Submitted
    caller: Caller
    ins: Cx | None
    patient: Patient | None
    settings: Settings
    now: datetime
    _read: dict[tuple[str, str], Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def today(self) -> date:
        return self.now.date()

    def once(self, kind: str, entry: RegistryObject, read: Callable[[], T]) -> T:
        """What `read` gives for an entry, read once however many rules ask; what it raises is not kept."""
        key = (kind, entry.id)
        if key not in self._read:
            self._read[key] = read()
        found: T = self._read[key]
        return found

    @cached_property
    def document_entries(self) -> tuple[RegistryObject, ...]:
        """The entries without the signature document."""
        return tuple(entry for entry in self.sent.entries if not entry.is_signature)

    @cached_property
    def signatures(self) -> tuple[RegistryObject, ...]:
        """The entries of signature documents: one when the message is right."""
        return tuple(entry for entry in self.sent.entries if entry.is_signature)

    def links(self, *types: str) -> tuple[Association, ...]:
        """The associations of those types."""
        return tuple(link for link in self.sent.associations if link.type in types)


def filing_of(call: Call, sent: Submitted) -> Filing:
    """The submission of an accepted call."""
    session = call.session
    return Filing(
        sent, caller_of(call), vihf_of(call).patient, patient_of(call), session.settings, session.now()
    )


@dataclass(frozen=True)
class RegistryFiling:
    """A submission beside the registry it would enter."""

    filing: Filing
    known: Known


MESSAGE: Stage[Filing] = Stage("xds-message")
REGISTRY: Stage[RegistryFiling] = Stage("xds-registry")


def label(item: RegistryObject, attribute: str = "") -> str:
    """Name an object, and one of its attributes, for a reader."""
    kind = "lot de soumission" if item.kind == "set" else "fiche"
    unique = f" (uniqueId {item.unique_id})" if item.unique_id else ""
    return f"{kind} {item.id}{unique}" + (f", attribut {attribute}" if attribute else "")
