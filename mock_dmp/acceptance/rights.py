"""Stage rights: matrix, access and authentication modes, blocking, oppositions, authorisation, state of the DMP.

TD0.2 tells a blocked caller that it is (INTERDIT), so blocking and oppositions do not stop it. Which document
may be seen is decided later, entry by entry (`mock_dmp.rights`).
"""

from __future__ import annotations

from collections.abc import Iterator

from mock_dmp.acceptance.demand import RIGHTS, Demand
from mock_dmp.acceptance.engine import Breach
from mock_dmp.minors import is_minor
from mock_dmp.rights import Standing
from protocol import ebrim, facts, rights, safexml
from protocol.errors import MetadataError, Text

_EXISTENCE = "TD0.2"
_REFERENCE = "TD3.1/reference"
_METADATA = "TD3.1/metadata"
#: Note 10 of the matrix PDT-INF-526.
_NOT_ATTACHED = frozenset({"TD1.3b", "TD1.4", "TD1.5a", "TD1.5b", "TD1.5c", "TD1.5d"})


def rows_asked(demand: Demand) -> tuple[str, ...]:
    """The lines of the matrix that this call needs: any of them is enough.

    Empty when the matrix does not speak of the transaction.
    """
    transaction = demand.call.transaction.id
    if transaction == "TD0.3":
        return (_authorisation_row(demand),)
    if transaction == "TD3.1":
        return (_REFERENCE,) if is_reference_search(demand) else (_METADATA,)
    if transaction == "TD3.2":
        return ("TD3.2/visible", "TD3.2/masked")
    matrix: rights.Matrix = "air" if demand.vihf.mode == "INDIRECTE_RENFORCEE" else "direct-indirect"
    return tuple(row.id for row in rights.rows(transaction, matrix=matrix))


def is_reference_search(demand: Demand) -> bool:
    """DMP_3.1b: from a uniqueId to its entryUUID, ObjectRef only."""
    if demand.call.transaction.id != "TD3.1":
        return False
    try:
        query = ebrim.read_query(demand.call.message.envelope.body)
    except MetadataError:
        return False
    return query.id == facts.Q_GET_DOCUMENTS and query.return_type == "ObjectRef"


def _authorisation_row(demand: Demand) -> str:
    body = demand.call.message.envelope.body
    if safexml.value(body, "hab:action") != "SUPPRESSION":
        return "TD0.3/declare"
    return "TD0.3/cease-mt" if safexml.value(body, "hab:role") else "TD0.3/remove"


@RIGHTS.rule("DMP-STATE")
def unknown_patient(demand: Demand) -> Iterator[Breach]:
    """No record, so nobody to have rights on: the services of documents say it their own way."""
    call = demand.call
    if not call.transaction.on_patient:
        return
    absent = demand.patient is None or demand.patient.dmp.status == "absent"
    if absent and "absent" not in call.transaction.dmp_states and demand.vihf.patient is not None:
        yield Breach(
            "resource-id",
            str(demand.vihf.patient),
            "un patient qui a un DMP",
            code="XDSUnknownPatientId" if call.transaction.on_documents else "MockPatientNotFound",
        )


@RIGHTS.rule("RIGHTS-AIR")
def authentication_mode(demand: Demand) -> Iterator[Breach]:
    """AIR is for consultation only (EX_AIR-010)."""
    if demand.vihf.mode == "INDIRECTE_RENFORCEE" and "air" not in demand.call.transaction.auth:
        yield Breach(
            "attribut Authentification_mode", demand.vihf.mode, ", ".join(demand.call.transaction.auth)
        )


@RIGHTS.rule("RIGHTS-ACCESS-MODE")
def access_mode(demand: Demand) -> Iterator[Breach]:
    """The transaction exists in this access mode for this role."""
    caller, who = demand.call.caller, demand.standing
    if caller is None:
        return
    rows = rows_asked(demand)
    elsewhere = who is not None and _no_row(who, rows) and any(who.in_any_mode(row) for row in rows)
    if caller.access not in demand.call.transaction.access or elsewhere:
        yield Breach(
            f"transaction {demand.call.transaction.id}, mode d'accès",
            caller.access,
            "un mode où la matrice des droits la permet",
        )


@RIGHTS.rule("RIGHTS-MATRIX")
def matrix(demand: Demand) -> Iterator[Breach]:
    """The role may call the transaction at all."""
    who = demand.standing
    if who is None:
        return
    rows = rows_asked(demand)
    if rows == ("TD0.3/declare",) and who.column == "ES" and demand.settings.on("es_may_authorise"):
        return
    if rows and _no_row(who, rows):
        role = rights.matrices().columns[who.matrix][who.column]
        yield Breach(f"transaction {demand.call.transaction.id}", role, "un rôle que la matrice admet")


@RIGHTS.rule("RIGHTS-BLOCKED")
def blocked(demand: Demand) -> Iterator[Breach]:
    """In every mode, whatever the authorisation."""
    who = demand.standing
    if who is not None and who.blocked and demand.call.transaction.id != _EXISTENCE:
        yield Breach("appelant", who.caller.ps_id, "un professionnel et une structure non bloqués")


@RIGHTS.rule("RIGHTS-OPPOSITION")
def opposition(demand: Demand) -> Iterator[Breach]:
    """The patient may oppose either emergency mode; it concerns consultation."""
    who = demand.standing
    if who is not None and who.opposed and demand.call.transaction.needs_authorisation:
        yield Breach(
            "mode d'accès",
            who.caller.access,
            "un mode auquel le patient ne s'oppose pas",
            Text(
                "Le patient s'oppose à ce mode d'accès d'urgence",
                "The patient opposes this emergency access mode",
            ),
        )


@RIGHTS.rule("RIGHTS-AUTHORISATION")
def authorisation(demand: Demand) -> Iterator[Breach]:
    """For consultation in normal mode; feeding software needs none to act on documents (EX_3.3-1060)."""
    who = demand.standing
    if who is None or not demand.call.transaction.needs_authorisation or who.caller.access != "normal":
        return
    if who.state != "valid" and not _feeds(demand):
        yield Breach(
            "autorisation de l'appelant",
            _STATES[who.state],
            "valide (la demander au patient, puis TD0.3 AJOUT)",
        )


@RIGHTS.rule("DMP-STATE")
def state(demand: Demand) -> Iterator[Breach]:
    """A closed DMP only tells that it is; one that is open already says so."""
    if not demand.call.transaction.on_patient:
        return
    if demand.patient is None or demand.patient.dmp.status == "absent":
        return  # said above
    if demand.patient.dmp.status not in demand.call.transaction.dmp_states:
        closed = demand.patient.dmp.closed
        since = f", fermé le {closed.at:%d/%m/%Y} ({closed.text or closed.code})" if closed else ""
        yield Breach(
            "DMP",
            f"{demand.patient.dmp.status}{since}",
            ", ".join(demand.call.transaction.dmp_states),
            code="" if closed else "DMPFound",
        )


@RIGHTS.rule("RIGHTS-MES")
def managed_by_the_patient(demand: Demand) -> Iterator[Breach]:
    """Administrative data, closing and internet account are the patient's own once attached (note 10)."""
    attached = demand.patient is not None and demand.patient.dmp.attached_to_mes
    if attached and demand.call.transaction.id in _NOT_ATTACHED:
        yield Breach("DMP", "rattaché à Mon espace santé", "un DMP que le patient ne gère pas lui-même")


@RIGHTS.rule("RIGHTS-SECRET")
def secret_connection(demand: Demand) -> Iterator[Breach]:
    """A minor's, when the functions for minors are open (EX_0.1-1100)."""
    caller, patient = demand.call.caller, demand.patient
    if caller is None or not caller.secret or patient is None:
        return
    if not is_minor(patient, demand.now.date(), demand.settings):
        yield Breach("attribut confidentiality-code", "connexion secrète", "un patient mineur")


def _feeds(demand: Demand) -> bool:
    """Does the software resolve or change its documents under the feeding profile?"""
    if not demand.settings.on("alimentation_without_authorisation"):
        return False
    if demand.call.transaction.id.startswith("TD3.3"):
        return demand.number is not None and "alimentation" in demand.number.profiles
    # Those who can only look up references (CPE, organisations) have no authorisation to ask for.
    return is_reference_search(demand)


_STATES = {None: "aucune", "expired": "expirée", "forbidden": "interdite", "valid": "valide"}


def _no_row(who: Standing, rows: tuple[str, ...]) -> bool:
    return bool(rows) and not any(who.right(row).allowed for row in rows)
