"""A model of the DMP's rights, simple enough to be read against the matrices; it shares no code with the mock.

One DMP, six callers. `may` says whether a call is served, `sees` which documents a caller is told of. Sources: matrices
PDT-INF-526 v1.8 and PDT-INF-606 with their notes; authorisation, blocking, oppositions, states.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Access = Literal["normal", "bris_de_glace", "centre_15"]
Status = Literal["Approved", "Archived", "Deleted"]
N: Access = "normal"
B: Access = "bris_de_glace"
R: Access = "centre_15"

#: What each column may do, by access mode. Notes: `own` documents of the caller, `structure` of its structure.
CELLS: dict[str, dict[str, dict[Access, str]]] = {
    "NM": {
        "exist": {N: "y", B: "y", R: "y"},
        "authorise": {N: "y"},
        "withdraw": {N: "y"},
        "feed": {N: "y", B: "y", R: "y"},
        "search": {N: "y", B: "y", R: "y"},
        "read": {N: "y", B: "y", R: "y"},
        "read masked": {N: "own", B: "y", R: "y"},
        "mask": {N: "y"},
        "unmask": {N: "own"},
        "archive": {N: "own"},
        "delete": {N: "own", B: "own", R: "own"},
    },
    "M": {
        "exist": {N: "y", B: "y", R: "y"},
        "authorise": {N: "y"},
        "authorise mt": {N: "y"},
        "withdraw": {N: "y"},
        "feed": {N: "y", B: "y", R: "y"},
        "search": {N: "y", B: "y", R: "y"},
        "read": {N: "y", B: "y", R: "y"},
        "read masked": {N: "own", B: "y", R: "y"},
        "mask": {N: "y"},
        "unmask": {N: "own"},
        "archive": {N: "own", B: "y", R: "y"},
        "delete": {N: "own", B: "own", R: "own"},
    },
    "MT": {
        "exist": {N: "y", B: "y"},
        "authorise": {N: "y"},
        "authorise mt": {N: "y"},
        "withdraw": {N: "y"},
        "cease mt": {N: "y"},
        "feed": {N: "y", B: "y"},
        "search": {N: "y", B: "y"},
        "read": {N: "y", B: "y"},
        "read masked": {N: "y", B: "y"},
        "mask": {N: "y"},
        "unmask": {N: "y"},
        "archive": {N: "y", B: "y"},
        "delete": {N: "own", B: "own"},
    },
    "CPE": {"exist": {N: "y"}, "authorise": {N: "y"}, "feed": {N: "y"}, "delete": {N: "structure"}},
    "ES": {
        "exist": {N: "y", R: "y"},
        "feed": {N: "y", R: "y"},
        "delete": {N: "structure", R: "structure"},
    },
}
#: The matrix of AIR: no feeding; an ordinary physician archives any document.
AIR: dict[str, dict[Access, str]] = {
    **CELLS["M"],
    "archive": {N: "y", B: "y", R: "y"},
    "feed": {},
}
CONSULTS = frozenset({"search", "read", "mask", "unmask", "archive", "delete"})
DAYS = 365


@dataclass(frozen=True)
class Actor:
    """A caller: `holder` under which its authorisation is kept, `column` when it is no médecin traitant."""

    name: str
    professional: str
    structure: str
    mode: str
    column: str
    holder: str


ACTORS = (
    Actor("physician", "medecin", "cabinet", "DIRECTE", "M", "medecin"),
    Actor("family physician", "medecin-traitant", "cabinet", "DIRECTE", "M", "medecin-traitant"),
    Actor("nurse", "infirmier", "cabinet-infirmier", "DIRECTE", "NM", "infirmier"),
    Actor("secretary", "secretaire", "cabinet", "DIRECTE", "CPE", "cabinet"),
    Actor("hospital", "medecin-hospitalier", "hopital", "INDIRECTE", "ES", "hopital"),
    Actor("air", "medecin-hospitalier", "hopital", "INDIRECTE_RENFORCEE", "AIR", "medecin-hospitalier"),
)


@dataclass
class Given:
    """An authorisation: `until` in days of the clock, None when the patient forbids."""

    until: int | None
    mt: bool = False


@dataclass
class Document:
    author: str
    structure: str
    masked: bool
    status: Status = "Approved"


@dataclass
class Model:
    """State of one DMP. `clock` in days."""

    open: bool = True
    clock: int = 0
    opposed: set[Access] = field(default_factory=set)
    given: dict[str, Given] = field(default_factory=dict)
    documents: dict[str, Document] = field(default_factory=dict)

    def state(self, actor: Actor) -> str:
        """VALIDE, EXPIRE, INTERDIT or NON_EXISTE."""
        if self.blocked(actor):
            return "INTERDIT"
        given = self.given.get(actor.holder)
        if given is None:
            return "NON_EXISTE"
        return "VALIDE" if given.until is not None and self.clock < given.until else "EXPIRE"

    def blocked(self, actor: Actor) -> bool:
        """The professional or the structure is forbidden, whatever holds the authorisation."""
        holders = (actor.professional, actor.structure)
        return any(key in self.given and self.given[key].until is None for key in holders)

    def is_mt(self, actor: Actor) -> bool:
        given = self.given.get(actor.professional)
        personal = actor.holder == actor.professional
        return personal and given is not None and given.mt and self.valid(actor.professional)

    def valid(self, holder: str) -> bool:
        given = self.given.get(holder)
        return given is not None and given.until is not None and self.clock < given.until

    def cell(self, actor: Actor, act: str, access: Access) -> str:
        """The cell of the matrix: y, own, structure or nothing."""
        if actor.column == "AIR":
            column = CELLS["MT"] | {"feed": {}} if self.is_mt(actor) and access != R else AIR
        else:
            column = CELLS["MT" if self.is_mt(actor) and access != R else actor.column]
        return column.get(act, {}).get(access, "")

    def may(self, actor: Actor, act: str, access: Access, document: str = "") -> bool:
        """Is the call served? A document that the caller is not told of does not exist for it."""
        if act == "exist":
            return bool(self.cell(actor, act, access))
        if act == "reopen":
            return not self.open and not self.blocked(actor)
        if not self.open or self.blocked(actor):
            return False
        if act == "close":
            return actor.column != "AIR" and access == N
        allowed = self.cell(actor, act, access)
        if not allowed:
            return False
        if act in CONSULTS and access in self.opposed:
            return False
        if act in ("search", "read") and access == N and not self.valid(actor.holder):
            return False
        if not document:
            return True
        known = self.documents[document]
        if known.masked and actor.column not in ("CPE", "ES"):
            seen = self.cell(actor, "read masked", access)
            if not seen or (seen == "own" and not self.own(actor, document)):
                return False
        return allowed == "y" or self.own(actor, document, by_structure=allowed == "structure")

    def own(self, actor: Actor, document: str, *, by_structure: bool = False) -> bool:
        known = self.documents[document]
        return known.structure == actor.structure if by_structure else known.author == actor.professional

    def sees(self, actor: Actor, access: Access) -> set[str]:
        """The approved documents that a search gives."""
        found = set()
        for name, known in self.documents.items():
            masked = self.cell(actor, "read masked", access)
            shown = not known.masked or masked == "y" or (masked == "own" and self.own(actor, name))
            if known.status == "Approved" and shown:
                found.add(name)
        return found
