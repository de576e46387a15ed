"""A submission beside its VIHF: one patient everywhere, authors of the caller's structure, secret connection.

Requirements EX_2.1-1050, EX_2.1-1140, EX_2.1-2005; ITI TF-3 4.2.2 for the patient.
"""

from __future__ import annotations

from collections.abc import Iterator

from mock_dmp.acceptance.engine import Breach
from mock_dmp.acceptance.xds.filing import MESSAGE, Filing, label
from mock_dmp.minors import is_minor
from mock_dmp.rights import family, is_employee
from protocol import facts
from protocol.errors import IdentifierError
from protocol.identifiers.cx import parse_cx
from protocol.identifiers.xon import parse_xon

_SECRET = "INVISIBLE_REPRESENTANTS_LEGAUX"  # noqa: S105 - a visibility code
_VACCINATION = "87273-9"


@MESSAGE.rule("XDS-PATIENT-ID")
def same_patient(filing: Filing) -> Iterator[Breach]:
    """One patient in the set and all its entries (ITI TF-3 4.2.3.2.16)."""
    if not filing.sent.sets:
        return
    wanted = _identity(filing.sent.sets[0].patient_id)
    for entry in filing.sent.entries:
        if wanted and _identity(entry.patient_id) not in ("", wanted):
            yield Breach(label(entry, "patientId"), entry.patient_id, filing.sent.sets[0].patient_id)


@MESSAGE.rule("XDS-PATIENT-ID")
def patient_of_vihf(filing: Filing) -> Iterator[Breach]:
    """And it is the patient of the VIHF; type code and date do not count."""
    if filing.ins is None:
        return
    for item in filing.sent.objects:
        if item.patient_id and _identity(item.patient_id) not in ("", f"{filing.ins.id}|{filing.ins.oid}"):
            yield Breach(label(item, "patientId"), item.patient_id, f"{filing.ins} (resource-id du VIHF)")


@MESSAGE.rule("VIHF-PRODUCTION-INS")
def production_identity(filing: Filing) -> Iterator[Breach]:
    """Nobody real in the metadata either: patientId, sourcePatientId, PID-3."""
    for item in filing.sent.objects:
        found = [item.patient_id, *item.values("sourcePatientId"), *item.values("sourcePatientInfo")]
        for domain in sorted(facts.PRODUCTION_INS_OIDS):
            if any(f"&{domain}&" in value for value in found):
                yield Breach(label(item), f"domaine {domain}", f"un INS de test ({facts.OID_INS_TEST})")


@MESSAGE.rule("XDS-PATIENT-KNOWN")
def patient_known(filing: Filing) -> Iterator[Breach]:
    """The patient has a DMP."""
    if filing.patient is None or filing.patient.dmp.status == "absent":
        yield Breach("patientId", str(filing.ins or ""), "un patient qui a un DMP")


@MESSAGE.rule("XDS-AUTHOR-INSTITUTION")
def author_institution(filing: Filing) -> Iterator[Breach]:
    """One author institution at least is the structure of the VIHF, or of the same entity.

    In indirect mode and for an employee's card (TD2.2): the structure answers for the feeding (matrix, note 4).
    """
    if filing.caller.mode == "DIRECTE" and not is_employee(filing.caller):
        return
    allowed = family(filing.caller.structure_id)
    for item in (*filing.sent.sets, *filing.document_entries):
        found = [_structure(value) for value in item.author_values("authorInstitution")]
        if not allowed.intersection(found):
            yield Breach(
                label(item, "authorInstitution"), ", ".join(filter(None, found)) or "absent", min(allowed)
            )


@MESSAGE.rule("XDS-VISIBILITY-SECRET")
def secret_connection(filing: Filing) -> Iterator[Breach]:
    """In a secret connection only documents hidden from representatives (EX_2.1-1050)."""
    if not filing.caller.secret:
        return
    for entry in filing.document_entries:
        codes = {code.code for code in entry.codes(facts.DE_CONFIDENTIALITY)}
        if _SECRET not in codes:
            yield Breach(label(entry, "confidentialityCode"), ", ".join(sorted(codes)), _SECRET)


@MESSAGE.rule("XDS-VISIBILITY-SECRET")
def no_vaccination_in_secret(filing: Filing) -> Iterator[Breach]:
    """No vaccination note in a secret connection (EX_2.1-2005)."""
    if not filing.caller.secret:
        return
    for entry in filing.document_entries:
        if any(code.code == _VACCINATION for code in entry.codes(facts.DE_TYPE)):
            yield Breach(label(entry, "typeCode"), _VACCINATION, "aucune note de vaccination")


@MESSAGE.rule("XDS-VACCINATION-N")
def vaccination_is_open(filing: Filing) -> Iterator[Breach]:
    """A vaccination note carries N and nothing else (EX_2.1-2005)."""
    for entry in filing.document_entries:
        more = sorted(entry.visibility - {"N"})
        if more and any(code.code == _VACCINATION for code in entry.codes(facts.DE_TYPE)):
            yield Breach(label(entry, "confidentialityCode"), ", ".join(more), "N seul (note de vaccination)")


@MESSAGE.rule("XDS-VISIBILITY-MINOR")
def representatives_of_minors_only(filing: Filing) -> Iterator[Breach]:
    """Only a minor has representatives to hide from; inferred."""
    if filing.patient is None or is_minor(filing.patient, filing.today, filing.settings):
        return
    for entry in filing.document_entries:
        if any(code.code == _SECRET for code in entry.codes(facts.DE_CONFIDENTIALITY)):
            yield Breach(label(entry, "confidentialityCode"), _SECRET, "un patient mineur")


def _identity(patient_id: str) -> str:
    """Number and domain; type code and date do not count (DMP option)."""
    try:
        read = parse_cx(patient_id)
    except IdentifierError:
        return ""
    return f"{read.id}|{read.oid}"


def _structure(value: str) -> str:
    try:
        return parse_xon(value).id
    except IdentifierError:
        return ""
