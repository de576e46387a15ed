"""Traits by which a frame answers a step: what the step says, what the frame says, and which of them must agree.

Rows of data: a new trait is a new row. How they are compared, and what a difference means, is `recognition`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from harness.context import CaseContext
from harness.drive.identity import part_of, professional, structure_of
from harness.drive.messages.td3_1 import QUERIES
from harness.observe import reading
from harness.observe.reading import Frame, Values
from harness.steps.browse import BrowseStep
from harness.steps.drive import DriveStep
from harness.substitution import names_in, substitute
from harness.vocabulary import MODES
from protocol import directory, discriminants, safexml
from protocol.errors import DmpcompatError, Text
from protocol.patientrecord import Patient

#: any: they have one value in common; all: every wanted value is there; same: the same values, however often.
Agreement = Literal["any", "all", "same", "starts"]
Step = DriveStep | BrowseStep


@dataclass(frozen=True)
class Wanted:
    """A step with what the case knows when it is waited for."""

    step: Step
    context: CaseContext

    @property
    def drive(self) -> DriveStep | None:
        return self.step if isinstance(self.step, DriveStep) else None

    @property
    def transaction(self) -> str:
        return self.step.drive if isinstance(self.step, DriveStep) else self.step.transaction

    @property
    def patient(self) -> Patient | None:
        campaign = self.context.campaign.patients
        return campaign.get(self.step.patient) or directory.patients().get(self.step.patient)

    def known(self, value: Any) -> Any:
        """The value with what was captured in it; None when it is not told, or not known yet."""
        if value is None or names_in(value) - self.context.values.keys():
            return None
        return substitute(value, self.context.values)

    def told(self, name: str) -> Any:
        """A parameter of the message."""
        return self.known(self.drive.with_.get(name)) if self.drive else None

    @property
    def modes(self) -> Values:
        """Modes in which the case may be played: those that it is for, among those that the software declares."""
        declared = self.context.campaign.file.authentication
        wanted = self.context.case.filters.authentication or declared
        return tuple(MODES[mode] for mode in declared if mode in wanted)


@dataclass(frozen=True)
class Trait:
    """One row. `wanted` gives no value where the step says nothing; `must`: without it, the act is another one."""

    name: str
    what: Text
    must: bool
    wanted: Callable[[Wanted], Values]
    found: Callable[[Frame], Values]
    agreement: Agreement = "any"


def traits_of(wanted: Wanted) -> Iterator[Trait]:
    """The rows that hold for a step: the fixed ones, then one for each parameter that it names."""
    yield from TRAITS
    drive = wanted.drive
    if drive is None:
        return
    for name, (what, must, agreement) in _PARAMETERS.items():
        transaction, _, parameter = name.rpartition(".")
        if transaction == drive.drive and parameter in drive.with_:
            yield Trait(parameter, what, must, _parameter(parameter), reading.said, agreement)
    yield from _criteria(drive)


def _mode(wanted: Wanted) -> Values:
    part = part_of(wanted.step.as_.name)
    mode = wanted.step.as_.mode or (part[2] if part else "")
    return (mode,) if mode else ()


def _card(wanted: Wanted) -> Values:
    """The card of the actor. What an indirect call says of its user is compared elsewhere."""
    part = part_of(wanted.step.as_.name)
    if part is None or wanted.drive is None:
        return ()
    if part[2] == "INDIRECTE":
        return () if "DIRECTE" in wanted.modes else ("none",)
    role = professional(wanted.step.as_.user or part[0]).role
    employee = (role.code, role.system) == (discriminants.SECRETARY, discriminants.OID_PRODUCERS)
    card = "CPE" if employee else "CPS"
    return (card, "none") if "INDIRECTE" in wanted.modes and not employee else (card,)


def _caller(wanted: Wanted) -> Values:
    part = part_of(wanted.step.as_.name)
    return (professional(wanted.step.as_.user or part[0]).ps_id,) if part and wanted.drive else ()


def _structure(wanted: Wanted) -> Values:
    part = part_of(wanted.step.as_.name)
    return (structure_of(wanted.step.as_.structure or part[1]).struct_id,) if part and wanted.drive else ()


def _patient(wanted: Wanted) -> Values:
    one = wanted.patient
    if one is None or (wanted.drive is not None and wanted.transaction in _WITHOUT_PATIENT):
        return ()
    return (one.ins.number, *(item.number for item in one.other_ins))


def _access(wanted: Wanted) -> Values:
    return (str(wanted.told("access") or "normal"),) if wanted.drive else ()


def _query(wanted: Wanted) -> Values:
    if wanted.transaction != "TD3.1":
        return ()
    name = str(wanted.told("query") or "FindDocuments")
    return (QUERIES.get(name, name),)


def _text(name: str, transaction: str = "") -> Callable[[Wanted], Values]:
    def read(wanted: Wanted) -> Values:
        value = wanted.told(name) if transaction in ("", wanted.transaction) else None
        return _flat(value)

    return read


_parameter: Final = _text


def _fed(wanted: Wanted) -> list[dict[str, Any]]:
    return [fed.model_dump() for fed in wanted.drive.documents] if wanted.drive else []


def _count(wanted: Wanted) -> Values:
    return (str(len(_fed(wanted))),) if _fed(wanted) else ()


def _visibility(wanted: Wanted) -> Values:
    if not _fed(wanted):
        return ()
    chosen = {code for fed in _fed(wanted) for code in fed["visibility"]}
    return tuple(code for code in reading.VISIBILITIES if code in chosen)


def _replaces(wanted: Wanted) -> Values:
    return ("replacement",) if any(fed["replaces_entry"] or fed["replaces"] for fed in _fed(wanted)) else ()


def _replaced(wanted: Wanted) -> Values:
    known = (wanted.known(fed["replaces_entry"]) for fed in _fed(wanted) if fed["replaces_entry"])
    return tuple(str(value) for value in known if value)


def _again(wanted: Wanted) -> Values:
    known = (wanted.known(fed["again"] or fed["unique_id"] or None) for fed in _fed(wanted))
    return tuple(str(value) for value in known if value)


def _types(wanted: Wanted) -> Values:
    return tuple(str(fed["type"]["code"]) for fed in _fed(wanted) if fed["type"])


def _object(wanted: Wanted) -> Values:
    """The object that a metadata update is about: an entryUUID, or the ids of an entry that was captured as XML."""
    identifier, entry = wanted.told("entry_uuid"), wanted.told("entry")
    if identifier:
        return (str(identifier),)
    if not entry:
        return ()
    try:
        element = safexml.parse(str(entry).encode())
    except DmpcompatError:
        return ()
    return tuple(filter(None, (element.get("id", ""), element.get("lid", ""))))


def _page(wanted: Wanted) -> Values:
    step = wanted.step
    return (step.browse,) if isinstance(step, BrowseStep) and not step.follow else ()


def _method(wanted: Wanted) -> Values:
    return ("POST" if wanted.step.form else "GET",) if isinstance(wanted.step, BrowseStep) else ()


def _flat(value: Any) -> Values:
    """Texts of a value: itself, or the items of its lists."""
    if isinstance(value, (list, tuple)):
        return tuple(text for item in value for text in _flat(item))
    return () if value is None or isinstance(value, (dict, bool)) else (str(value),)


#: Transactions that name no patient, or one whose INS nobody knows yet.
_WITHOUT_PATIENT: Final = frozenset({"TD0.0", "TD0.4", "TD0.5"})

TRAITS: Final[tuple[Trait, ...]] = (
    Trait(
        "transaction",
        Text("ce que le logiciel demande", "what the software asks for"),
        True,
        lambda wanted: (wanted.transaction,),
        reading.transaction,
    ),
    Trait("patient", Text("patient (INS)", "patient (INS)"), True, _patient, reading.patients),
    Trait("mode", Text("authentification", "authentication"), True, lambda one: one.modes, reading.modes),
    Trait("mode-of-step", Text("authentification", "authentication"), False, _mode, reading.modes),
    Trait("card", Text("carte de l'utilisateur", "card of the user"), True, _card, reading.cards),
    Trait("access", Text("mode d'accès", "access mode"), True, _access, reading.accesses),
    Trait(
        "secret",
        Text("accès caché aux représentants légaux", "access hidden from legal representatives"),
        True,
        lambda wanted: ("secret",) if wanted.told("secret") else (),
        reading.secrets,
    ),
    Trait("query", Text("sorte de recherche", "kind of search"), True, _query, reading.queries),
    Trait(
        "return-type",
        Text("forme de la réponse demandée", "form of the answer asked for"),
        False,
        _text("return_type", "TD3.1"),
        reading.return_types,
    ),
    Trait(
        "retrieved",
        Text("documents demandés", "documents asked for"),
        True,
        _text("unique_ids", "TD3.2"),
        reading.retrieved,
        "all",
    ),
    Trait("documents", Text("nombre de documents", "number of documents"), True, _count, reading.counted),
    Trait(
        "visibility",
        Text("visibilité des documents", "visibility of the documents"),
        True,
        _visibility,
        lambda frame: reading.visibilities(frame) if reading.entries(frame) else (),
        "same",
    ),
    Trait(
        "replacement",
        Text("remplacement d'un document", "replacement of a document"),
        True,
        _replaces,
        reading.replaces,
        "same",
    ),
    Trait(
        "replaced",
        Text("document remplacé", "document that is replaced"),
        True,
        _replaced,
        reading.replaced,
        "all",
    ),
    Trait(
        "document",
        Text("document envoyé", "document that is sent"),
        True,
        _again,
        reading.unique_ids,
        "all",
    ),
    Trait("type", Text("type de document", "type of document"), False, _types, reading.types, "all"),
    Trait("object", Text("document concerné", "document concerned"), True, _object, reading.objects),
    Trait(
        "operation",
        Text("opération sur le document", "operation on the document"),
        True,
        _text("operation"),
        reading.operations,
    ),
    Trait("page", Text("page ouverte", "page that is opened"), True, _page, reading.pages),
    Trait("method", Text("ouverture ou envoi", "opening or sending"), True, _method, reading.methods),
    Trait("caller", Text("professionnel", "professional"), False, _caller, reading.callers),
    Trait("structure", Text("structure", "structure"), False, _structure, reading.structures),
)

#: Parameters of small messages, found among all that the message says. Without a `must` one it is another act.
_PARAMETERS: Final[Mapping[str, tuple[Text, bool, Agreement]]] = {
    "TD0.0.insured": (Text("NIR de l'assuré", "NIR of the insured"), True, "any"),
    "TD0.0.birth": (Text("date de naissance", "birth date"), False, "any"),
    "TD0.3.action": (Text("ajout ou suppression", "adding or removing"), True, "any"),
    "TD0.3.role": (Text("rôle", "role"), True, "any"),
    "TD0.4.date_type": (Text("sorte de date", "kind of date"), True, "any"),
    "TD0.4.start_date": (Text("date de début", "start date"), False, "starts"),
    "TD0.4.owner": (Text("professionnel concerné", "professional concerned"), True, "any"),
    "TD0.5.family": (Text("nom recherché", "family name searched"), True, "any"),
    "TD0.5.given": (Text("prénom recherché", "given name searched"), False, "any"),
    "TD0.5.birth": (Text("date de naissance", "birth date"), False, "starts"),
    "TD0.5.sex": (Text("sexe", "sex"), False, "any"),
    "TD1.4.closing_text": (Text("motif de fermeture", "reason of the closure"), False, "any"),
    "TD1.5a.type": (Text("SMS ou courriel", "SMS or e-mail"), True, "any"),
    "TD1.5a.canal": (Text("numéro ou adresse", "number or address"), False, "any"),
    "TD1.5b.type": (Text("SMS ou courriel", "SMS or e-mail"), True, "any"),
    "TD1.5b.canal": (Text("numéro ou adresse", "number or address"), False, "any"),
    "TD1.5c.action": (Text("modification ou suppression", "change or removal"), True, "any"),
    "TD1.5c.type": (Text("SMS ou courriel", "SMS or e-mail"), True, "any"),
    "TD1.5c.canal": (Text("numéro ou adresse", "number or address"), False, "any"),
    "TD1.6.mode": (Text("accès listés", "accesses listed"), True, "any"),
}


def _criteria(drive: DriveStep) -> Iterator[Trait]:
    """One row for each parameter of a stored query that the step names."""
    given = drive.with_.get("parameters")
    if drive.drive != "TD3.1" or not isinstance(given, Mapping):
        return
    for key, value in given.items():
        name = key if key.startswith("$") else f"${key}"
        short = name.removeprefix("$").removeprefix("XDS")
        what = Text(f"critère {short}", f"criterion {short}")

        def wanted(one: Wanted, value: Any = value) -> Values:
            return _flat(one.known(value))

        dated = "Time" in name
        yield Trait(name, what, not dated, wanted, reading.criterion(name), "starts" if dated else "all")
