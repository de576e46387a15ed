"""What a caller is to one DMP, and which rights follow: column of the matrix, authorisation, visible documents.

The matrices are data (`protocol.rights`); their notes are applied here. What a refusal looks like is left to
the acceptance policy and the services. Sources: PDT-INF-526, PDT-INF-606, visibility codes JDV_J58.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Literal

from sqlalchemy import Connection

from mock_dmp.context import Caller
from mock_dmp.state import authorisations
from mock_dmp.state.settings import Settings
from mock_dmp.state.xds_objects import RegistryObject
from protocol import documenttypes, facts, rights
from protocol.directory import AuthorisationState, Patient, structures
from protocol.errors import IdentifierError
from protocol.identifiers.xcn import parse_xcn
from protocol.identifiers.xon import parse_xon
from protocol.rights import Matrix, Right

#: What a document says of itself never changes; patients are searched more than once.
_REMEMBERED = 4096

Column = Literal["NM", "M", "MTr", "MT", "CPE", "ES", "PE"]

_PHYSICIAN = "10"
#: Qualification of occupational physicians, a column of its own in the matrix.
_OCCUPATIONAL = frozenset({"SM25"})
#: Producers that are not health professionals (TRE_A00): secretaries, automata.
_NOT_PROFESSIONAL = "1.2.250.1.213.1.1.4.6"
_OWN_DOCUMENTS = frozenset({6, 8})
_IF_PATIENT_ALLOWS = 7
_OWN_STRUCTURE = 9
#: Line of the matrix that each operation on a document takes (TD3.3a to TD3.3d).
UPDATE_ROWS = {
    "mask": "TD3.3a/mask",
    "unmask": "TD3.3a/unmask",
    "show": "TD3.3b/show",
    "delete": "TD3.3c/delete",
    "archive": "TD3.3d/archive",
    "unarchive": "TD3.3d/archive",
}
#: The star of the matrix: on a document of the patient, only the médecin traitant.
_STARRED = frozenset({"TD3.3c/delete", "TD3.3d/archive"})
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
        """May the caller retrieve that document? What it may not see is unknown to it.

        `entry` is the latest version: its masking holds for the older ones too.
        """
        return self._open(entry, settings) and all(
            self._fits(self.right(row), entry, settings) for row in _rows_of(entry)
        )

    def knows(self, entry: RegistryObject, settings: Settings) -> bool:
        """May a search tell the caller of that document? What it may not see is left out in silence.

        Who may never retrieve (CPE, ES) looks up references all the same: of what is not masked, or its own.
        """
        if self.in_any_mode("TD3.2/visible"):
            return self.reads(entry, settings)
        if not self._open(entry, settings):
            return False
        return "TD3.2/masked" not in _rows_of(entry) or is_author(entry, self.caller)

    def may(self, row: str, entry: RegistryObject, settings: Settings) -> bool:
        """May the caller do to that document what the row says (`UPDATE_ROWS`)? Notes 6, 8, 9 and the star."""
        right = self.right(row)
        if entry.is_patients_own and row in _STARRED:
            return right.allowed and self.column == "MT"
        return self._fits(right, entry, settings)

    def _open(self, entry: RegistryObject, settings: Settings) -> bool:
        """Is the type of the document open to the caller's profession? One's own always is."""
        role = self.caller.role
        if not settings.on("document_type_matrix") or is_author(entry, self.caller):
            return True
        types = entry.codes(facts.DE_TYPE)
        return not any(documenttypes.closed(code.code, role.code, role.system) for code in types)

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


@lru_cache(maxsize=_REMEMBERED)
def _rows_of(entry: RegistryObject) -> tuple[str, ...]:
    """The lines of TD3.2 that a document needs, all of them.

    The signature document is masked so that lists leave it out; by its id it is read as any other.
    """
    if entry.is_signature:
        return ("TD3.2/visible",)
    codes = entry.visibility
    rows = ["TD3.2/masked" if facts.MASKED in codes else "TD3.2/visible"]
    if codes & {facts.HIDDEN_FROM_PATIENT, facts.HIDDEN_FROM_REPRESENTATIVES}:
        rows.append("TD3.2/invisible")
    if entry.status in _STATE_ROWS:
        rows.append(_STATE_ROWS[entry.status])
    return tuple(rows)


def visible_to_patient(entry: RegistryObject, *, as_representative: bool = False) -> bool:
    """May the patient, or with `as_representative` a legal representative, see that document?

    `entry` is its latest version, whatever its status. Masked to professionals is not masked to the patient;
    the signature document is nobody's to read. Source: JDV_J58, dmp visibility codes.
    """
    if entry.is_signature or facts.HIDDEN_FROM_PATIENT in entry.visibility:
        return False
    return not (as_representative and facts.HIDDEN_FROM_REPRESENTATIVES in entry.visibility)


def standing(db: Connection, session: str, caller: Caller, patient: Patient, now: datetime) -> Standing:
    """Work out what the caller is to the patient's DMP at that moment."""
    own = _authorisation_state(db, session, patient, now, professional=professional_key(caller))
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


def anywhere(caller: Caller) -> Standing:
    """What the caller is outside any DMP: its column, and nothing that a patient decides."""
    return Standing(
        caller=caller,
        matrix="air" if caller.mode == "INDIRECTE_RENFORCEE" else "direct-indirect",
        column=_column(caller, False),
        state=None,
        medecin_traitant=False,
        blocked=False,
        opposed=False,
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
    return professional_key(caller), ""


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


def professional_key(caller: Caller) -> str:
    """Key of the professional in the directory; its id when the directory lacks it."""
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


@lru_cache(maxsize=_REMEMBERED)
def _xcn_ids(values: tuple[str, ...]) -> frozenset[str]:
    found = set()
    for value in values:
        try:
            found.add(parse_xcn(value).id)
        except IdentifierError:
            continue  # kept as sent, by a session that lets formats through
    return frozenset(found - {""})


@lru_cache(maxsize=_REMEMBERED)
def _xon_ids(values: tuple[str, ...]) -> frozenset[str]:
    found = set()
    for value in values:
        try:
            found.add(parse_xon(value).id)
        except IdentifierError:
            continue  # idem
    return frozenset(found - {""})
