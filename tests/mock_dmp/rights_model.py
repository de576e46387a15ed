"""A model of the DMP's rights, simple enough to be read against the matrices; it shares no code with the mock.

One DMP, a dozen callers. `refusals` says why a call is not served (nothing: it is), `sees` which documents a
caller is told of. Sources: matrices PDT-INF-526 v1.8 and PDT-INF-606 with their notes; authorisation, blocking,
oppositions, states; visibility codes JDV_J58; the known part of the matrix of document types.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

Access = Literal["normal", "bris_de_glace", "centre_15"]
Status = Literal["Approved", "Archived", "Deleted", "Deprecated"]
#: Why a call is not served: `unknown` and `document` are about the document, the others about the call.
Reason = Literal["matrix", "blocked", "opposed", "unauthorised", "closed", "open", "unknown", "document"]
N: Access = "normal"
B: Access = "bris_de_glace"
R: Access = "centre_15"

_ALWAYS: Final[dict[Access, str]] = {N: "y", B: "y", R: "y"}
#: What each column may do, by access mode. Notes: `own` documents of the caller, `structure` of its structure.
CELLS: Final[dict[str, dict[str, dict[Access, str]]]] = {
    "NM": {
        "exist": _ALWAYS,
        "authorise": {N: "y"},
        "withdraw": {N: "y"},
        "list holders": {N: "y"},
        "feed": _ALWAYS,
        "search": _ALWAYS,
        "resolve": _ALWAYS,
        "read": _ALWAYS,
        "read masked": {N: "own", B: "y", R: "y"},
        "mask": {N: "y"},
        "unmask": {N: "own"},
        "show": {N: "y"},
        "archive": {N: "own"},
        "delete": {N: "own", B: "own", R: "own"},
    },
    "M": {
        "exist": _ALWAYS,
        "authorise": {N: "y"},
        "authorise mt": {N: "y"},
        "withdraw": {N: "y"},
        "list holders": {N: "y"},
        "feed": _ALWAYS,
        "search": _ALWAYS,
        "resolve": _ALWAYS,
        "read": _ALWAYS,
        "read masked": {N: "own", B: "y", R: "y"},
        "mask": {N: "y"},
        "unmask": {N: "own"},
        "show": {N: "y"},
        "archive": {N: "own", B: "y", R: "y"},
        "delete": {N: "own", B: "own", R: "own"},
    },
    # Neither authorisation nor retrieval: an occupational physician feeds, lists and changes what is there.
    "MTr": {
        "exist": {N: "y"},
        "list holders": {N: "y"},
        "feed": {N: "y"},
        "search": {N: "y"},
        "resolve": {N: "y"},
        "mask": {N: "y"},
        "unmask": {N: "own"},
        "show": {N: "y"},
        "archive": {N: "own"},
        "delete": {N: "own"},
    },
    "MT": {
        "exist": {N: "y", B: "y"},
        "authorise": {N: "y"},
        "authorise mt": {N: "y"},
        "withdraw": {N: "y"},
        "cease mt": {N: "y"},
        "list holders": {N: "y"},
        "feed": {N: "y", B: "y"},
        "search": {N: "y", B: "y"},
        "resolve": {N: "y", B: "y"},
        "read": {N: "y", B: "y"},
        "read masked": {N: "y", B: "y"},
        "mask": {N: "y"},
        "unmask": {N: "y"},
        "show": {N: "y"},
        "archive": {N: "y", B: "y"},
        "delete": {N: "own", B: "own"},
    },
    "CPE": {
        "exist": {N: "y"},
        "authorise": {N: "y"},
        "feed": {N: "y"},
        "resolve": {N: "y"},
        "delete": {N: "structure"},
    },
    "ES": {
        "exist": {N: "y", R: "y"},
        "feed": {N: "y", R: "y"},
        "resolve": {N: "y", R: "y"},
        "delete": {N: "structure", R: "structure"},
    },
}
#: The matrix of AIR: no feeding; an ordinary physician archives any document; ceasing to be MT has no line.
AIR: Final[dict[str, dict[str, dict[Access, str]]]] = {
    "NM": {**CELLS["NM"], "feed": {}},
    "M": {**CELLS["M"], "feed": {}, "archive": _ALWAYS},
    "MT": {**CELLS["MT"], "feed": {}, "cease mt": {}},
    "CPE": {**CELLS["CPE"], "feed": {}},
}
CONSULTS: Final = frozenset(
    {"search", "resolve", "read", "mask", "unmask", "show", "archive", "delete", "list holders"}
)
#: For these a valid authorisation is asked in normal mode; software that feeds resolves and changes without.
AUTHORISED: Final = frozenset({"search", "read", "list holders"})
#: Document types that a profession does not read, unless it wrote them.
CLOSED_TYPES: Final = {"ATTEST-RESID": "physician", "68599-0": "dentist"}
DAYS: Final = 365


@dataclass(frozen=True)
class Actor:
    """A caller: `holder` under which its authorisation is kept, `column` when it is no médecin traitant.

    `structures`: its own, then the legal entity it belongs to. `personal`: it acts for itself.
    """

    name: str
    professional: str
    structures: tuple[str, ...]
    mode: str
    column: str
    profession: str = ""

    @property
    def structure(self) -> str:
        return self.structures[0]

    @property
    def personal(self) -> bool:
        return self.column not in ("CPE", "ES")

    @property
    def holder(self) -> str:
        return self.professional if self.personal else self.structure

    @property
    def air(self) -> bool:
        return self.mode == "INDIRECTE_RENFORCEE"


_DIRECT, _INDIRECT, _AIR = "DIRECTE", "INDIRECTE", "INDIRECTE_RENFORCEE"
ACTORS: Final = (
    Actor("physician", "medecin", ("cabinet",), _DIRECT, "M", "physician"),
    Actor("family physician", "medecin-traitant", ("cabinet",), _DIRECT, "M", "physician"),
    Actor("occupational physician", "medecin-du-travail", ("cabinet",), _DIRECT, "MTr", "physician"),
    Actor("nurse", "infirmier", ("cabinet-infirmier",), _DIRECT, "NM"),
    Actor("dentist", "dentiste", ("cabinet-dentaire",), _DIRECT, "NM", "dentist"),
    Actor("secretary", "secretaire", ("cabinet",), _DIRECT, "CPE"),
    Actor("hospital", "medecin-hospitalier", ("hopital",), _INDIRECT, "ES", "physician"),
    Actor("site", "medecin-hospitalier", ("hopital-site", "hopital"), _INDIRECT, "ES", "physician"),
    Actor("air physician", "medecin-hospitalier", ("hopital",), _AIR, "M", "physician"),
    Actor("air nurse", "infirmier", ("hopital",), _AIR, "NM"),
    Actor("air employee", "secretaire", ("cabinet",), _AIR, "CPE"),
)
BY_NAME: Final = {one.name: one for one in ACTORS}
#: Whom the patient allows and forbids.
PROFESSIONALS: Final = tuple(dict.fromkeys(one.professional for one in ACTORS if one.personal))
STRUCTURES: Final = ("hopital", "cabinet")
#: Structures that answer for one another.
_FAMILY: Final = {"hopital": "hopital", "hopital-site": "hopital"}


@dataclass
class Given:
    """An authorisation: `until` in days of the clock, None when the patient forbids."""

    until: int | None
    mt: bool = False


@dataclass
class Document:
    """`author` is "" for what the patient filed. `hidden`: from the patient, or from legal representatives."""

    author: str
    structure: str
    masked: bool
    hidden: str = ""
    type: str = "11490-0"
    status: Status = "Approved"


@dataclass
class Model:
    """State of one DMP. `clock` in days."""

    minor: bool = False
    open: bool = True
    clock: int = 0
    opposed: set[Access] = field(default_factory=set)
    given: dict[str, Given] = field(default_factory=dict)
    documents: dict[str, Document] = field(default_factory=dict)

    # -- who ------------------------------------------------------------------------------------------

    def state(self, actor: Actor) -> str:
        """VALIDE, EXPIRE, INTERDIT or NON_EXISTE; for a structure its own, or else that of its legal entity."""
        if self.blocked(actor):
            return "INTERDIT"
        held = (actor.professional,) if actor.personal else actor.structures
        known = next((one for one in held if one in self.given), None)
        if known is None:
            return "NON_EXISTE"
        return "VALIDE" if self.valid(known) else "EXPIRE"

    def blocked(self, actor: Actor) -> bool:
        """The professional or the structure is forbidden, whatever holds the authorisation."""
        return any(
            key in self.given and self.given[key].until is None
            for key in (actor.professional, *actor.structures)
        )

    def is_mt(self, actor: Actor) -> bool:
        given = self.given.get(actor.professional)
        return actor.personal and given is not None and given.mt and self.valid(actor.professional)

    def valid(self, holder: str) -> bool:
        given = self.given.get(holder)
        return given is not None and given.until is not None and self.clock < given.until

    def cell(self, actor: Actor, act: str, access: Access) -> str:
        """The cell of the matrix: y, own, structure or nothing. In régulation a médecin traitant is a physician."""
        column = "MT" if self.is_mt(actor) and access != R else actor.column
        return (AIR if actor.air else CELLS)[column].get(act, {}).get(access, "")

    # -- what -----------------------------------------------------------------------------------------

    def refusals(self, actor: Actor, act: str, access: Access, document: str = "") -> set[Reason]:
        """Every reason not to serve the call; none when it is to be served."""
        if act == "exist":
            return set() if self.cell(actor, act, access) else {"matrix"}
        found: set[Reason] = set()
        if self.blocked(actor):
            found.add("blocked")
        if act == "reopen":
            return found | ({"open"} if self.open else set())
        if not self.open:
            found.add("closed")
        if act == "close":
            return found | ({"matrix"} if actor.air else set())
        if not self.cell(actor, act, access):
            found.add("matrix")
        if act in CONSULTS and access in self.opposed:
            found.add("opposed")
        if act in AUTHORISED and access == N and self.state(actor) != "VALIDE":
            found.add("unauthorised")
        if document and not found:  # a document is looked at once the call is accepted
            if not self.knows(actor, access, document):
                found.add("unknown")
            elif not self._on(actor, act, access, document):
                found.add("document")
        return found

    def _on(self, actor: Actor, act: str, access: Access, document: str) -> bool:
        """The note of the cell, and the star: archiving or deleting what the patient filed is for the MT."""
        if act in ("archive", "delete") and not self.documents[document].author:
            return self.is_mt(actor) and access != R
        allowed = self.cell(actor, act, access)
        return allowed == "y" or self.own(actor, document, by_structure=allowed == "structure")

    def own(self, actor: Actor, document: str, *, by_structure: bool = False) -> bool:
        """One's own document; organisations and employees act for their structure."""
        known = self.documents[document]
        if by_structure or not actor.personal:
            return bool(known.author) and _family(known.structure) == _family(actor.structure)
        return known.author == actor.professional

    def knows(self, actor: Actor, access: Access, document: str) -> bool:
        """May the caller be told of that document, whatever its status? Who never reads sees what is not masked."""
        known = self.documents[document]
        if self.own(actor, document):
            return True
        if CLOSED_TYPES.get(known.type, "nobody") == actor.profession:
            return False
        return not known.masked or self.cell(actor, "read masked", access) == "y"

    def sees(self, actor: Actor, access: Access) -> set[str]:
        """The approved documents that a search gives."""
        return {
            name
            for name, known in self.documents.items()
            if known.status == "Approved" and self.knows(actor, access, name)
        }

    def shown_to_patient(self, *, representative: bool) -> set[str]:
        """What the patient, or the legal representative, is shown: masked to professionals does not count."""
        hidden = {"INVISIBLE_PATIENT"} | ({"INVISIBLE_REPRESENTANTS_LEGAUX"} if representative else set())
        return {
            name
            for name, known in self.documents.items()
            if known.hidden not in hidden and known.status != "Deleted"
        }

    def holders(self) -> dict[str, str]:
        """Who is allowed, as MT or not, or forbidden; what expired is not told."""
        return {
            name: "INTERDITE" if one.until is None else "ACTIVE MT" if one.mt else "ACTIVE"
            for name, one in self.given.items()
            if one.until is None or self.valid(name)
        }


def _family(structure: str) -> str:
    return _FAMILY.get(structure, structure)
