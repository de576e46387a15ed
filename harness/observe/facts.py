"""What a step asks, for a program: the transaction, the patient, who acts, what to send, where.

Plain JSON, kept in the task beside the sentences for a human. The command or call-back of an editor is given it by
`harness.desk.hook`. Nothing secret is in it: neither the wire number nor a key, only the names of certificates.
"""

from __future__ import annotations

from typing import Any

from harness.context import CaseContext
from harness.players.driver import identity_of
from harness.steps.api import StepSpec
from harness.steps.drive import Actor
from harness.substitution import substitute
from protocol import directory
from protocol.patientmodel import Patient


def facts_of(step: StepSpec, context: CaseContext) -> dict[str, Any]:
    """Facts of a step that somebody's software plays. Raises ToolError for an unusable folder of certificates.

    Always: kind, rank (of the step among those of its kind), transaction, url, session, software {name, version}.
    When the step has them: patient, actor, parameters, documents.
    """
    transaction = transaction_of(step)
    software = context.campaign.file.software
    service = context.judging.registry.by_id(transaction).service_path if transaction else ""
    told: dict[str, Any] = {
        "kind": step.kind,
        "rank": _rank(step, context),
        "transaction": transaction,
        "url": context.platform.url + service,
        "session": context.platform.session,
        "software": {"name": software.name, "version": software.version},
    }
    patient = _patient(str(getattr(step, "patient", "") or ""), context)
    if patient is not None:
        told["patient"] = patient
    actor = getattr(step, "as_", None)
    if isinstance(actor, Actor):
        told["actor"] = _actor(actor, context)
    if parameters := getattr(step, "with_", None):
        told["parameters"] = substitute(parameters, context.values)
    if documents := getattr(step, "documents", None):
        told["documents"] = [
            substitute(fed.model_dump(mode="json", exclude_defaults=True), context.values)
            for fed in documents
        ]
    return told


def _rank(step: StepSpec, context: CaseContext) -> int:
    """1 for the first step of its kind in the case; 0 for a step that the case does not hold."""
    alike = [one for one in context.case.steps if one.kind == step.kind]
    return next((rank for rank, one in enumerate(alike, 1) if one is step), 0)


def transaction_of(step: StepSpec) -> str:
    """The transaction that a step of one message is about, "" for an act without any."""
    return str(getattr(step, "drive", "") or getattr(step, "transaction", "") or "")


def _patient(key: str, context: CaseContext) -> dict[str, Any] | None:
    found: Patient | None = context.campaign.patients.get(key, directory.patients().get(key))
    if found is None:
        return None
    return {
        "key": found.key,
        "ins": found.ins.number,
        "domain": found.ins.oid,
        "family": found.family_birth,
        "family_usual": found.family_usual,
        "given": found.given[0],
        "given_all": list(found.given),
        "sex": found.sex,
        "birth_date": found.birth_date.isoformat(),
        "birth_place": found.birth_place.insee,
    }


def _actor(actor: Actor, context: CaseContext) -> dict[str, Any]:
    if context.keyring is None:
        return {"name": actor.name}
    who = identity_of(actor, context)
    return {
        "name": actor.name,
        "mode": who.mode,
        "user": who.user.ps_id,
        "structure": who.structure.struct_id,
        "tls": who.tls.stem,
        "sign": who.sign.stem,
    }
