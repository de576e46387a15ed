"""The requirements that transactions, checks and plans refer to, paraphrased in our words.

Reads datasets/requirements. A number means something only with the edition of its guide: `requirements(guide)` gives
those of one edition, worded as it words them. Whether a software meets one is for the plan.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from types import MappingProxyType
from typing import Final, Literal

from protocol.datafolders import folder
from protocol.errors import NO_TEXT, Text, ToolError, UsageError
from protocol.strictdata import Fields
from protocol.yamlread import read_yaml

Wire = Literal["yes", "partly", "no"]
#: Who proves a requirement when a connector is integrated: the connector; its integrator, and that is checked; its
#: integrator, who only says so. Source: the split that a connector's editor publishes; inferred for ours.
Prover = Literal["moteur", "integrateur", "integrateur-informe"]

#: Editions of the guide, the oldest first.
GUIDES: Final = ("SEL-MP-037 2.7", "SEL-MP-037 2.8", "SEL-MP-037 2.9", "SEL-MP-037 2.10")

#: What can prove a requirement.
PROOFS: Final = ("frames", "screen", "document", "organisation")
_WIRE: Final[tuple[Wire, ...]] = ("yes", "partly", "no")
_PROVERS: Final[tuple[Prover, ...]] = ("moteur", "integrateur", "integrateur-informe")


@dataclass(frozen=True)
class Wording:
    """What a requirement said up to an edition of the guide."""

    until: str
    text: Text


@dataclass(frozen=True)
class Requirement:
    """One requirement, as its edition of the guide words it.

    `wire`: whether captured frames alone decide; `why`: why they don't. `common`: holds for every transaction.
    `left_out`: why no case of the shipped plan covers it. `since`, `until`: editions, "" for no limit; `replaces`: the
    id that it took over; `wordings`: what it said before.
    """

    id: str
    guide: str
    text: Text
    proved_by: tuple[str, ...]
    wire: Wire
    common: bool
    source: str
    confidence: Literal["A", "B", "C"]
    prouve_par: Prover = "integrateur"
    why: Text = NO_TEXT
    left_out: Text = NO_TEXT
    since: str = ""
    until: str = ""
    replaces: str = ""
    wordings: tuple[Wording, ...] = ()

    @property
    def mandatory(self) -> bool:
        return self.id.startswith("EX_")

    def holds_in(self, guide: str) -> bool:
        """Whether that edition has it."""
        at = GUIDES.index(guide)
        after = not self.since or GUIDES.index(self.since) <= at
        return after and (not self.until or at <= GUIDES.index(self.until))

    def worded(self, guide: str) -> Requirement:
        """The same as that edition words it."""
        at = GUIDES.index(guide)
        older = [one for one in self.wordings if at <= GUIDES.index(one.until)]
        first = min(older, key=lambda one: GUIDES.index(one.until), default=None)
        return replace(self, guide=guide, text=self.text if first is None else first.text)


def requirements(guide: str = "") -> Mapping[str, Requirement]:
    """Requirements by id: those of one edition of the guide as it words them, all of them without one.

    Raises ToolError when the data set is wrong, UsageError for an unknown edition.
    """
    if not guide:
        return _all()
    if guide not in GUIDES:
        raise UsageError(
            "REQ-003",
            Text("édition du guide inconnue", "unknown edition of the guide"),
            found=guide,
            expected=" | ".join(GUIDES),
        )
    return _of(guide)


@cache
def _of(guide: str) -> Mapping[str, Requirement]:
    held = {name: one.worded(guide) for name, one in _all().items() if one.holds_in(guide)}
    return MappingProxyType(held)


@cache
def _all() -> Mapping[str, Requirement]:
    found: dict[str, Requirement] = {}
    for path in sorted((folder("datasets") / "requirements").glob("*.yaml")):
        document = read_yaml(path)
        fields = Fields(document.data, document)
        guide, source = fields.text("guide"), fields.text("source")
        one = partial(_requirement, guide=guide, source=source)
        for read in fields.each("requirements", one, empty=False):
            if read.id in found:
                raise fields.refuse(
                    "REQ-002", Text("écrit deux fois", "written twice"), "requirements", read.id
                )
            found[read.id] = read
        fields.done()
    return MappingProxyType(found)


def requirement(requirement_id: str) -> Requirement:
    """Raises ToolError for an id that the data set lacks."""
    known = requirements()
    if requirement_id not in known:
        near = difflib.get_close_matches(requirement_id, known, 1)
        raise ToolError(
            "REQ-001",
            Text("exigence inconnue", "unknown requirement"),
            found=requirement_id,
            expected=near[0] if near else "datasets/requirements",
        )
    return known[requirement_id]


def _requirement(fields: Fields, *, guide: str, source: str) -> Requirement:
    proved_by = fields.texts("proved_by")
    for proof in proved_by:
        if proof not in PROOFS:
            raise fields.refuse(
                "DATA-014",
                Text("valeur refusée", "value refused"),
                "proved_by",
                proof,
                expected=" | ".join(PROOFS),
            )
    read = Requirement(
        id=fields.text("id"),
        guide=guide,
        text=fields.words("text"),
        proved_by=proved_by,
        wire=fields.one_of("wire", _WIRE),
        common=fields.flag("common", False),
        source=fields.text("source", source),
        confidence=fields.one_of("confidence", ("A", "B", "C"), "B"),
        prouve_par=fields.one_of("prouve_par", _PROVERS, "integrateur"),
        why=fields.optional("why", _sentence) or NO_TEXT,
        left_out=fields.optional("left_out", _sentence) or NO_TEXT,
        since=fields.one_of("since", GUIDES, ""),
        until=fields.one_of("until", GUIDES, ""),
        replaces=fields.text("replaces", ""),
        wordings=fields.each("wordings", _wording),
    )
    fields.done()
    return read


def _sentence(fields: Fields) -> Text:
    said = Text(fields.text("fr"), fields.text("en"))
    fields.done()
    return said


def _wording(fields: Fields) -> Wording:
    read = Wording(fields.one_of("until", GUIDES), fields.words("text"))
    fields.done()
    return read
