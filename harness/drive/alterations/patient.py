"""Defects of the identity of the patient."""

from __future__ import annotations

from dataclasses import replace

from harness.drive import vihf
from harness.drive.alterations import pick
from harness.drive.alterations.registry import alteration
from harness.drive.draft import Draft, wrong_param
from harness.drive.subject import Subject, subject_of
from protocol import directory
from protocol.facts import OID_INS_NIR, OID_INS_TEST

#: An INS of the test domain, with a good key, that nobody has.
STRANGER = Subject("199126399999963", OID_INS_TEST)


@alteration("wrong-ins-key", stage="params", fr="INS dont la clé est fausse", en="INS with a wrong key")
def wrong_key(draft: Draft) -> None:
    subject = _subject(draft)
    key = f"{int(subject.number[13:]) % 97 + 1:02}"
    draft.subject = replace(subject, number=subject.number[:13] + key)


@alteration(
    "production-ins",
    stage="params",
    fr="INS dans le domaine des identités réelles (numéro fictif)",
    en="INS in the domain of real identities (made-up number)",
)
def production(draft: Draft) -> None:
    # The number stays fictitious: only the domain claims to be real.
    draft.subject = replace(_subject(draft), oid=OID_INS_NIR)


@alteration(
    "patient-mismatch",
    stage="vihf",
    fr="patient du VIHF différent de celui du message",
    en="patient of the VIHF differs from that of the message",
    on=("TD0.2", "TD1.1", "TD1.2", "TD1.3a", "TD1.3b", "TD1.4", "TD2.1", "TD3.1"),
)
def mismatch(draft: Draft) -> None:
    # Somebody else that the user may open, so that the difference is the only thing wrong.
    own = draft.subject.number if draft.subject else ""
    others = [
        patient
        for patient in directory.patients().values()
        if patient.dmp.status == "active" and patient.ins.number != own
    ]
    other = max(others, key=lambda patient: _opened_to(patient, draft))
    pick.value_of(draft.tree("assertion"), vihf.RESOURCE).text = subject_of(other).cx


@alteration("unknown-patient", stage="params", fr="patient inconnu du DMP", en="patient unknown to the DMP")
def unknown(draft: Draft) -> None:
    draft.subject = replace(_subject(draft), number=STRANGER.number, oid=STRANGER.oid)


def _subject(draft: Draft) -> Subject:
    if draft.subject is None:
        raise wrong_param(draft.transaction, "patient", None, "patient")
    return draft.subject


def _opened_to(patient: directory.Patient, draft: Draft) -> bool:
    who = (draft.identity.user.key, draft.identity.structure.key)
    return any(
        given.state == "valid" and (given.professional or given.structure) in who
        for given in patient.authorisations
    )
