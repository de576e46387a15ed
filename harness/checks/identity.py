"""A-INS: the patient of the VIHF, the patient of the body, and the form, domain and key of the number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.checks.forms import cx, ins_key, is_ins, is_ins_oid
from harness.checks.judged import Judged, once_a_view
from harness.checks.rule import ANY, Finding, check, verdict
from harness.checks.vihf_attributes import RESOURCE
from harness.checks.xpath import attribute
from protocol import facts, safexml
from protocol.errors import Text

INS = "A-INS"
#: Transactions about one patient: the VIHF names that patient.
PATIENT_BOUND = (
    "TD0.2",
    "TD0.3",
    "TD1.1",
    "TD1.2",
    "TD1.3a",
    "TD1.3b",
    "TD1.4",
    "TD1.5a",
    "TD1.5b",
    "TD1.5c",
    "TD1.5d",
    "TD1.6",
    "TD2.1",
    "TD2.2",
    "TD3.1",
    "TD3.2",
    "TD3.3a",
    "TD3.3b",
    "TD3.3c",
    "TD3.3d",
)
#: Where a body names its patient.
_BODY = (
    "descendant::hl7:patientIdentifier/hl7:value",
    "descendant::hl7:registrationRequest/hl7:subject1/hl7:patient/hl7:id",
    f"descendant::rim:ExternalIdentifier[@identificationScheme='{facts.SS_PATIENT_ID}']",
    f"descendant::rim:ExternalIdentifier[@identificationScheme='{facts.DE_PATIENT_ID}']",
    "descendant::rim:AdhocQuery/rim:Slot[@name='$XDSDocumentEntryPatientId' or @name='$XDSSubmissionSetPatientId'"
    " or @name='$XDSFolderPatientId' or @name='$patientId']/rim:ValueList/rim:Value",
)


@check(
    "INS-RESOURCE",
    on=PATIENT_BOUND,
    side="request",
    group=INS,
    clause="VIHF, attributs : resource-id d'un appel lié à un patient",
    title=Text("Le VIHF nomme le patient par son INS", "The VIHF names the patient by the INS"),
    mend=Text("{INS}^^^&{oid}&ISO^NH", "{INS}^^^&{oid}&ISO^NH"),
)
def resource(view: Judged) -> Iterator[Finding]:
    if view.assertion is not None:
        value = view.vihf(RESOURCE)
        parsed = cx(value)
        yield verdict(
            parsed is not None and parsed[2] == "NH", "request:resource-id", value, "{INS}^^^&{oid}&ISO^NH"
        )


@check(
    "INS-KEY",
    on=ANY,
    side="request",
    group=INS,
    clause="référentiel INS : 13 caractères et clé = 97 - (NIR modulo 97), Corse 2A→19, 2B→18",
    title=Text("La clé de l'INS est juste", "The key of the INS is right"),
    mend=Text("recopier l'INS sans le ressaisir", "copy the INS, do not type it again"),
    requirements=("EX_GEN-1270",),
)
def key(view: Judged) -> Iterator[Finding]:
    for where, number, oid in _patients(view):
        if oid == facts.OID_INS_C:
            continue
        expected = ins_key(number)
        good = is_ins(number) and number[13:] == expected
        yield verdict(
            good, where, number, f"{number[:13]}{expected}" if expected else "15 caractères / characters"
        )


@check(
    "INS-DOMAIN",
    on=ANY,
    side="request",
    group=INS,
    clause="domaine d'identité de l'environnement",
    title=Text("L'INS est du domaine d'essai déclaré", "The INS is of the declared test domain"),
    mend=Text(
        "aucune identité réelle dans un essai : employer le domaine de test",
        "no real identity in a test: use the test domain",
    ),
    requirements=("EX_GEN-1520",),
)
def domain(view: Judged) -> Iterator[Finding]:
    for where, _, oid in _patients(view):
        yield verdict(oid == view.declared.ins_oid, where, oid, view.declared.ins_oid)


@check(
    "INS-SAME",
    on=ANY,
    side="request",
    group=INS,
    clause="resource-id = patient du corps",
    title=Text("Le patient du corps est celui du VIHF", "The patient of the body is the one of the VIHF"),
    mend=Text("émettre un VIHF pour chaque patient", "issue a VIHF for each patient"),
)
def same(view: Judged) -> Iterator[Finding]:
    said = cx(view.vihf(RESOURCE))
    if said is None:
        return
    for where, number, oid in _body_patients(view):
        yield verdict((number, oid) == said[:2], where, f"{number}^{oid}", f"{said[0]}^{said[1]}")


def _patients(view: Judged) -> list[tuple[str, str, str]]:
    said = cx(view.vihf(RESOURCE))
    return [*([("request:resource-id", said[0], said[1])] if said else []), *_body_patients(view)]


@once_a_view
def _body_patients(view: Judged) -> Sequence[tuple[str, str, str]]:
    """(place, number, OID) of each INS the body names."""
    found = []
    for path in _BODY:
        for element in view.in_payload(path):
            if attribute(element, "extension"):
                found.append((view.at(element), attribute(element, "extension"), attribute(element, "root")))
                continue
            written = attribute(element, "value") or safexml.text(element)
            parsed = cx(written.strip("()' "))
            if parsed is not None and (is_ins_oid(parsed[1]) or parsed[1] == facts.OID_INS_C):
                found.append((view.at(element), parsed[0], parsed[1]))
    return found
