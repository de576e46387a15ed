"""Documents that a step feeds: written for the patient and the author of the step, a sample file, or one sent before.

It turns what the plan says into the parameter `documents` of the driver's TD2.1; it builds no message.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from harness.drive.cda_document import Level1, level1, vaccination
from harness.drive.clock import Clock
from harness.drive.identity import Identity
from harness.drive.ids import Ids
from harness.drive.subject import subject_of
from protocol.coded import Coded
from protocol.datafolders import folder
from protocol.errors import Text, UsageError
from protocol.regularfile import is_there

Visibility = Literal["MASQUE_PS", "INVISIBLE_PATIENT", "INVISIBLE_REPRESENTANTS_LEGAUX"]


class Code(BaseModel):
    """A coded value."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str
    system: str
    label: str


class Fed(BaseModel):
    """One document of a submission.

    Without `sample` or `again` it is written: `title`, `text`, `media`, `type`, `size` (least bytes of the
    body). `sample`: file of cda_samples. `again`: uniqueId of a document that this case sent before, sent
    once more. `unique_id` forces its identifier; `replaces` and `replaces_entry`: uniqueId and entryUUID of
    what it replaces.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = "Document de test"
    text: str = "Document fictif produit pour un test."
    media: Literal["text/plain", "application/pdf"] = "text/plain"
    type: Code | None = None
    size: int = Field(default=0, ge=0, le=50_000_000)
    model: Literal["", "vaccination"] = Field(
        default="", description="a structured document in the place of the text: a vaccination note"
    )
    sample: str = ""
    again: str = ""
    unique_id: str = ""
    replaces: str = ""
    replaces_entry: str = ""
    visibility: list[Visibility] = Field(default=[])


@dataclass(frozen=True)
class Feeder:
    """Makes the documents of one step. `patient`: what the driver takes for one; `sent`: the memory of the case,
    uniqueId -> bytes, added to here.
    """

    identity: Identity
    patient: object
    ids: Ids
    clock: Clock
    oid_root: str
    sent: dict[str, bytes]

    def parameter(self, fed: Fed) -> Mapping[str, Any]:
        """One item of the parameter `documents`. Raises UsageError."""
        item: dict[str, Any] = {"cda": self._bytes(fed)}
        if fed.visibility:
            item["confidentiality"] = list(fed.visibility)
        if fed.replaces_entry:
            item["replaces"] = fed.replaces_entry
        return item

    def _bytes(self, fed: Fed) -> bytes:
        if fed.again:
            if fed.again not in self.sent:
                raise UsageError(
                    "FEED-001",
                    Text("ce cas n'a pas envoyé ce document", "this case did not send that document"),
                    found=fed.again,
                )
            return self.sent[fed.again]
        if fed.sample:
            return sample_path(fed.sample).read_bytes()
        wanted = Level1(
            title=fed.title,
            text=fed.text,
            media=fed.media,
            replaces=fed.replaces,
            unique_id=fed.unique_id,
            size=fed.size,
        )
        if fed.type is not None:
            wanted = replace(wanted, kind=Coded(fed.type.code, fed.type.system, fed.type.label))
        write = vaccination if fed.model == "vaccination" else level1
        made = write(
            subject_of(self.patient),
            self.identity,
            wanted,
            clock=self.clock,
            ids=self.ids,
            oid_root=self.oid_root,
        )
        self.sent[made.unique_id] = made.content
        return made.content


def sample_path(name: str) -> Path:
    """A file of cda_samples, never one outside it. Raises UsageError."""
    base = folder("cda_samples").resolve()
    path = (base / Path(name)).resolve()
    if not path.is_relative_to(base) or not is_there(path):
        raise UsageError("FEED-002", Text("échantillon inconnu", "unknown sample"), found=name)
    return path
