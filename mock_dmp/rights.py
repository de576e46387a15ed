"""What a caller is to one DMP, and which rights follow: column of the matrix, authorisation, visible documents.

The matrices are data (`protocol.rights`); their notes are applied here. What a refusal looks like is left to
the acceptance policy and the services. Sources: PDT-INF-526, PDT-INF-606, visibility codes JDV_J58.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection

from mock_dmp.context import Caller
from mock_dmp.state import authorisations
from mock_dmp.state.settings import Settings
from mock_dmp.state.xds_objects import RegistryObject
from protocol import facts, rights
from protocol.directory import AuthorisationState, Patient, structures
from protocol.errors import IdentifierError
from protocol.identifiers.xcn import parse_xcn
from protocol.identifiers.xon import parse_xon
from protocol.rights import Matrix, Right

Column = Literal["NM", "M", "MTr", "MT", "CPE", "ES", "PE"]

_PHYSICIAN = "10"
#: Qualification of occupational physicians, a column of its own in the matrix.
_OCCUPATIONAL = frozenset({"SM25"})
#: Producers that are not health professionals (TRE_A00): secretaries, automata.
_NOT_PROFESSIONAL = "1.2.250.1.213.1.1.4.6"
_OWN_DOCUMENTS = frozenset({6, 8})
_IF_PATIENT_ALLOWS = 7
_OWN_STRUCTURE = 9
_STATE_ROWS = {
    facts.ARCHIVED: "TD3.2/archived",
    facts.DEPRECATED: "TD3.2/obsolete",
    facts.DELETED: "TD3.2/deleted",
}


@dataclass(frozen=True)
class Standing:
    """A caller beside one DMP. `state` is the authorisation's state now, None when there never was one.

    `blocked`: the patient forbade the professional or the structure.
    """

    caller: Caller
    matrix: Matrix
    column: Column
    state: AuthorisationState | None
    medecin_traitant: bool
    blocked: bool
    opposed: bool

    def right(self, row: str) -> Right:
        """The cell of that row (TD2.1, TD3.2/masked…) in this access mode; its note may set a condition."""
        return rights.allowed(row, self.column, self.caller.access, matrix=self.matrix)

    def in_any_mode(self, row: str) -> bool:
        """Would the row be allowed in some access mode?"""
        return any(
            rights.allowed(row, self.column, mode, matrix=self.matrix).allowed for mode in rights.MODES
        )

    def reads(self, entry: RegistryObject, settings: Settings) -> bool:
        """May the caller retrieve that document? What it may not see is unknown to it."""
        return all(self._fits(self.right(row), entry, settings) for row in _rows_of(entry))

    def knows(self, entry: RegistryObject, settings: Settings) -> bool:
        """May a search tell the caller of that document? What it may not see is left out in silence.

        Who may never retrieve (CPE, ES) looks up references all the same: of what is not masked, or its own.
        """
        if self.in_any_mode("TD3.2/visible"):
            return self.reads(entry, settings)
        return "TD3.2/masked" not in _rows_of(entry) or is_author(entry, self.caller)

    def _fits(self, right: Right, entry: RegistryObject, settings: Settings) -> bool:
        if not right.allowed:
            return False
        if right.note in _OWN_DOCUMENTS:
            return is_author(entry, self.caller)
        if right.note == _OWN_STRUCTURE:
            return is_of_structure(entry, self.caller)
        if right.note == _IF_PATIENT_ALLOWS:
            permitted = settings.on("masked_in_emergency") and not self.opposed
            return permitted or is_author(entry, self.caller)
        return True


def _rows_of(entry: RegistryObject) -> list[str]:
    """The lines of TD3.2 that a document needs, all of them.

    The signature document is masked so that lists leave it out; by its id it is read as any other.
    """
    if entry.is_signature:
        return ["TD3.2/visible"]
    codes = {code.code for code in entry.codes(facts.DE_CONFIDENTIALITY)}
    rows = ["TD3.2/masked" if "MASQUE_PS" in codes else "TD3.2/visible"]
    if codes & {"INVISIBLE_PATIENT", "INVISIBLE_REPRESENTANTS_LEGAUX"}:
        rows.append("TD3.2/invisible")
    if entry.status in _STATE_ROWS:
        rows.append(_STATE_ROWS[entry.status])
    return rows


def standing(db: Connection, session: str, caller: Caller, patient: Patient, now: datetime) -> Standing:
    """Work out what the caller is to the patient's DMP at that moment."""
    own = _authorisation_state(db, session, patient, now, professional=_professional_key(caller))
    shared = [
        _authorisation_state(db, session, patient, now, structure=key) for key in structure_keys(caller)
    ]
    by_structure = caller.mode == "INDIRECTE" or is_employee(caller)
    held = next((one for one in shared if one[0] is not None), (None, False)) if by_structure else own
    medecin_traitant = own[0] == "valid" and own[1] and not by_structure
    return Standing(
        caller=caller,
        matrix="air" if caller.mode == "INDIRECTE_RENFORCEE" else "direct-indirect",
        column=_column(caller, medecin_traitant),
        state=held[0],
        medecin_traitant=medecin_traitant,
        blocked="forbidden" in (own[0], *(state for state, _ in shared)),
        opposed=opposed(caller, patient),
    )


def opposed(caller: Caller, patient: Patient) -> bool:
    """Does the patient oppose the emergency mode that is used?"""
    if caller.access == "bris_de_glace":
        return patient.dmp.opposition_bris_de_glace
    return caller.access == "centre_15" and patient.dmp.opposition_acces_urgence


def is_employee(caller: Caller) -> bool:
    """An employee who is no health professional: a secretary's card (CPE), PE in AIR."""
    return caller.role.system == _NOT_PROFESSIONAL and caller.mode != "INDIRECTE"


def holder(caller: Caller) -> tuple[str, str]:
    """Keys (professional, structure) under which an authorisation of this caller is kept; one of them is ""."""
    if caller.mode == "INDIRECTE" or is_employee(caller):
        return "", next(iter(structure_keys(caller)), caller.structure_id)
    return _professional_key(caller), ""


def structure_keys(caller: Caller) -> tuple[str, ...]:
    """The caller's structure, then the legal entity that it belongs to (EJ/EG)."""
    if caller.structure is None:
        return (caller.structure_id,)
    own = caller.structure
    return (own.key, own.parent) if own.parent else (own.key,)


def family(struct_id: str) -> frozenset[str]:
    """Struct_IdNat of the structure, its legal entity and the sites of that entity."""
    own = next((one for one in structures().values() if one.struct_id == struct_id), None)
    if own is None:
        return frozenset({struct_id})
    root = own.parent or own.key
    near = {other.struct_id for other in structures().values() if root in (other.key, other.parent)}
    return frozenset({struct_id, *near})


def is_author(entry: RegistryObject, caller: Caller) -> bool:
    """Is the caller one of the document's authors? In indirect mode the structure answers for it."""
    if caller.mode == "INDIRECTE" or is_employee(caller):
        return is_of_structure(entry, caller)
    return caller.ps_id in _xcn_ids(entry.author_values("authorPerson"))


def is_of_structure(entry: RegistryObject, caller: Caller) -> bool:
    """Is the caller's structure, or one of its legal entity, an author institution of the document?"""
    return bool(family(caller.structure_id) & _xon_ids(entry.author_values("authorInstitution")))


def _authorisation_state(
    db: Connection,
    session: str,
    patient: Patient,
    now: datetime,
    *,
    professional: str = "",
    structure: str = "",
) -> tuple[AuthorisationState | None, bool]:
    found = authorisations.find(db, session, patient.key, professional=professional, structure=structure)
    return (None, False) if found is None else (authorisations.state_at(found, now), found.medecin_traitant)


def _professional_key(caller: Caller) -> str:
    return caller.professional.key if caller.professional else caller.ps_id


def _column(caller: Caller, medecin_traitant: bool) -> Column:
    if caller.mode == "INDIRECTE":
        return "ES"
    if is_employee(caller):
        return "PE" if caller.mode == "INDIRECTE_RENFORCEE" else "CPE"
    if (caller.role.code, caller.role.system) != (_PHYSICIAN, facts.OID_PROFESSIONS):
        return "NM"
    # The matrices have no column for a médecin traitant in régulation: there he is a physician.
    if medecin_traitant and caller.access != "centre_15":
        return "MT"
    occupational = caller.specialty is not None and caller.specialty.code in _OCCUPATIONAL
    return "MTr" if occupational and caller.mode == "DIRECTE" else "M"


def _xcn_ids(values: Iterable[str]) -> set[str]:
    found = set()
    for value in values:
        try:
            found.add(parse_xcn(value).id)
        except IdentifierError:
            continue  # kept as sent, by a session that lets formats through
    return found - {""}


def _xon_ids(values: Iterable[str]) -> set[str]:
    found = set()
    for value in values:
        try:
            found.add(parse_xon(value).id)
        except IdentifierError:
            continue  # idem
    return found - {""}
