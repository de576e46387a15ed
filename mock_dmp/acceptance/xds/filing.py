"""What the rules of a submission look at: the objects sent, the caller, the patient, the registry as it is.

Two stages share it. MESSAGE rules need nothing but the message; REGISTRY rules read the database and are
judged again inside the write transaction, where no rival can change the answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection

from mock_dmp.acceptance.engine import Stage
from mock_dmp.context import Caller
from mock_dmp.services.xds.reading import Submitted
from mock_dmp.state import documents
from mock_dmp.state.documents import Content
from mock_dmp.state.settings import Settings
from mock_dmp.state.xds_objects import Association, Kind, RegistryObject
from protocol.directory import Patient
from protocol.identifiers.cx import Cx


@dataclass(frozen=True)
class Known:
    """The registry of one session, for reading."""

    db: Connection
    session: str

    def objects(self, ids: Iterable[str]) -> list[RegistryObject]:
        """Sets and entries by entryUUID."""
        return documents.by_id(self.db, self.session, ids)

    def by_unique_id(self, kind: Kind, unique_ids: Iterable[str]) -> list[RegistryObject]:
        """Sets or entries by uniqueId."""
        return documents.by_unique_id(self.db, self.session, kind, unique_ids)

    def content(self, unique_id: str) -> Content | None:
        """The bytes registered under a uniqueId."""
        return documents.content(self.db, self.session, unique_id)

    def patient_of(self, object_id: str) -> str:
        """Key of the patient of a registered object."""
        return documents.patient_of(self.db, self.session, object_id)

    def ids(self, ids: Iterable[str]) -> set[str]:
        """Those of the ids that are in use."""
        return documents.known_ids(self.db, self.session, ids)


@dataclass(frozen=True)
class Filing:
    """One submission to judge. `patient` is the record that the VIHF names, `ins` its identifier there."""

    sent: Submitted
    caller: Caller
    ins: Cx | None
    patient: Patient | None
    settings: Settings

    @property
    def document_entries(self) -> tuple[RegistryObject, ...]:
        """The entries without the signature document."""
        return tuple(entry for entry in self.sent.entries if not entry.is_signature)

    @property
    def signatures(self) -> tuple[RegistryObject, ...]:
        """The entries of signature documents: one when the message is right."""
        return tuple(entry for entry in self.sent.entries if entry.is_signature)

    def links(self, *types: str) -> tuple[Association, ...]:
        """The associations of those types."""
        return tuple(link for link in self.sent.associations if link.type in types)


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
