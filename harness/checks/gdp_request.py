"""Rules of the registrations (TD1.1, TD1.2, TD1.3b, TD1.4): patient number, states, consent, author, reason.

The person itself is in `gdp_person`, the answers in `gdp_answer`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from harness.checks.forms import is_ps_id, is_structure_id, is_ts
from harness.checks.hl7v3 import REGISTRATIONS
from harness.checks.judged import Judged
from harness.checks.rule import Finding, check, failed, passed, verdict
from harness.checks.vihf_attributes import SECRET
from harness.checks.xpath import attribute, first, nodes, string
from protocol import facts
from protocol.errors import Text

GROUP: Final = "GDP-REQUEST"
REQUEST: Final = "hl7:controlActProcess/hl7:subject/hl7:registrationRequest"
PATIENT: Final = f"{REQUEST}/hl7:subject1/hl7:patient"
CLAUSE: Final = "messages GDP, 5.5 et 5.6 ; registrationRequest"
OBSERVATIONS: Final = "1.2.250.1.213.4.1.2.3"
_CLOSING: Final = "1.2.250.1.213.4.1.2.4"
_ASSIGNED: Final = f"{REQUEST}/hl7:author/hl7:assignedEntity"
_CONSENT: Final = {"TD1.1": "CONSENTEMENT_OUVERTURE_DMP", "TD1.2": "CONSENTEMENT_REACTIVATION_DMP"}
_TYPE: Final = f"{{{facts.XSI}}}type"


@check(
    "GDP-PATIENT-ID",
    on=REGISTRATIONS,
    side="request",
    group=GROUP,
    clause=CLAUSE,
    title=Text("La demande porte sur un patient, par son INS", "The request is about one patient, by INS"),
    mend=Text("un patient/id : OID et INS", "one patient/id: OID and INS"),
)
def patient_id(view: Judged) -> Iterator[Finding]:
    for patient in view.in_payload(PATIENT):
        found = [one for one in nodes(patient, "hl7:id") if attribute(one, "root") != facts.OID_INS_C]
        said = " | ".join(f"{attribute(one, 'extension')}^{attribute(one, 'root')}" for one in found)
        good = len(found) == 1 and bool(attribute(found[0], "extension") and attribute(found[0], "root"))
        yield verdict(good, view.at(patient) + "/hl7:id", said, "1")


@check(
    "GDP-STATUS",
    on=REGISTRATIONS,
    side="request",
    group=GROUP,
    clause=CLAUSE,
    title=Text("Les statuts disent l'acte", "The statuses tell the act"),
    mend=Text(
        "active partout ; fermeture : patient/statusCode terminated",
        "active everywhere; to close: patient/statusCode terminated",
    ),
)
def statuses(view: Judged) -> Iterator[Finding]:
    closing = view.transaction.id == "TD1.4"
    for request in view.in_payload(REQUEST):
        for path, allowed in (
            ("hl7:statusCode/@code", ("active", "terminated") if closing else ("active",)),
            ("hl7:subject1/hl7:patient/hl7:statusCode/@code", ("terminated",) if closing else ("active",)),
        ):
            value = string(request, path)
            yield verdict(value in allowed, f"{view.at(request)}/{path}", value, " | ".join(allowed))


@check(
    "GDP-CONSENT",
    on=tuple(_CONSENT),
    side="request",
    group=GROUP,
    requirements=("EX_1.1-1010", "EX_1.2-1030"),
    clause="guide d'intégration DMP (SEL-MP-037) EX_1.1-1010, EX_1.2-1030 ; messages GDP, 5.5, 5.6",
    title=Text("Le consentement est recueilli et daté", "The consent is given and dated"),
    mend=Text(
        "pas d'envoi sans la case cochée ; valeur true et effectiveTime",
        "no message without the ticked box; value true and effectiveTime",
    ),
)
def consent(view: Judged) -> Iterator[Finding]:
    code = _CONSENT[view.transaction.id]
    path = f"{PATIENT}/hl7:subjectOf/hl7:administrativeObservation[hl7:code/@code='{code}']"
    for patient in view.in_payload(PATIENT):
        where = f"{view.at(patient)}/hl7:subjectOf {code}"
        found = first(view.payload, path) if view.payload is not None else None
        if found is None:
            yield failed(where, "", f"{code} true")
            continue
        yield verdict(
            string(found, "hl7:value/@value") == "true", where, string(found, "hl7:value/@value"), "true"
        )
        at = string(found, "hl7:effectiveTime/@value")
        yield verdict(is_ts(at) and len(at) >= 8, where + "/hl7:effectiveTime/@value", at, "YYYYMMDD[hhmmss]")


@check(
    "GDP-OPPOSITIONS",
    on=("TD1.1",),
    side="request",
    group=GROUP,
    requirements=("EX_1.1-1050",),
    clause="messages GDP, 5.5 ; guide d'intégration DMP (SEL-MP-037) EX_1.1-1050",
    title=Text("La création dit les deux oppositions", "The creation tells both oppositions"),
    mend=Text(
        "OPPOSITION_BRIS_DE_GLACE et OPPOSITION_ACCES_URGENCE, false par défaut",
        "OPPOSITION_BRIS_DE_GLACE and OPPOSITION_ACCES_URGENCE, false by default",
    ),
)
def oppositions(view: Judged) -> Iterator[Finding]:
    for patient in view.in_payload(PATIENT):
        for code in ("OPPOSITION_BRIS_DE_GLACE", "OPPOSITION_ACCES_URGENCE"):
            found = nodes(patient, f"hl7:subjectOf/hl7:administrativeObservation[hl7:code/@code='{code}']")
            yield verdict(len(found) == 1, f"{view.at(patient)}/hl7:subjectOf {code}", str(len(found)), "1")


@check(
    "GDP-OBSERVATION",
    on=REGISTRATIONS,
    side="request",
    group=GROUP,
    clause="messages GDP, 5.5 : observations",
    title=Text(
        "Chaque observation est un booléen, une fois, dans son système",
        "Each observation is a boolean, once, in its system",
    ),
    mend=Text('xsi:type="BL", value true ou false', 'xsi:type="BL", value true or false'),
    confidence="B",
)
def observations(view: Judged) -> Iterator[Finding]:
    codes: Counter[str] = Counter()
    for found in view.in_payload(f"{PATIENT}/hl7:subjectOf/hl7:administrativeObservation"):
        code, system = string(found, "hl7:code/@code"), string(found, "hl7:code/@codeSystem")
        codes[code] += 1
        yield verdict(system == OBSERVATIONS, view.at(found) + "/hl7:code/@codeSystem", system, OBSERVATIONS)
        value = first(found, "hl7:value")
        kind = "" if value is None else attribute(value, _TYPE).rpartition(":")[2]
        told = "" if value is None else attribute(value, "value")
        good = kind == "BL" and told in ("true", "false")
        yield verdict(good, view.at(found) + "/hl7:value", f"{kind} {told}".strip(), "BL true | false")
    for code, times in codes.items():
        yield verdict(times == 1, f"request:subjectOf {code}", str(times), "1")


@check(
    "GDP-AUTHOR",
    on=REGISTRATIONS,
    side="request",
    group=GROUP,
    clause="note PDT-INF-617 ; messages GDP, 5.5 : author",
    title=Text(
        "L'auteur et sa structure sont nommés et identifiés",
        "The author and the structure are named and identified",
    ),
    mend=Text(
        "nom et prénom jamais vides : à défaut O et CN du certificat",
        "family and first name never empty: else O and CN of the certificate",
    ),
)
def author(view: Judged) -> Iterator[Finding]:
    for request in view.in_payload(REQUEST):
        author = first(request, "hl7:author/hl7:assignedEntity")
        where = f"{view.at(request)}/hl7:author/hl7:assignedEntity"
        if author is None:
            yield failed(where, "", "author")
            continue
        for part in ("family", "given"):
            path = f"hl7:assignedPerson/hl7:name/hl7:{part}"
            yield verdict(
                bool(string(author, path)), f"{where}/{path}", string(author, path), "non vide / not empty"
            )
        for path, root, good in (
            ("hl7:id", facts.OID_PS, is_ps_id),
            ("hl7:representedOrganization/hl7:id", facts.OID_STRUCTURE, is_structure_id),
        ):
            oid, number = string(author, f"{path}/@root"), string(author, f"{path}/@extension")
            yield verdict(oid == root and good(number), f"{where}/{path}", f"{number}^{oid}", f"…^{root}")


@check(
    "GDP-AUTHOR-VIHF",
    on=REGISTRATIONS,
    side="request",
    group=GROUP,
    clause="règle déduite : qui demande est qui s'authentifie",
    title=Text(
        "L'auteur et sa structure sont ceux du VIHF", "The author and the structure are those of the VIHF"
    ),
    mend=Text("NameID et Identifiant_Structure du VIHF", "NameID and Identifiant_Structure of the VIHF"),
    confidence="C",
    default="warning",
)
def author_of_vihf(view: Judged) -> Iterator[Finding]:
    if view.assertion is None:
        return
    for path, expected in (
        (f"{_ASSIGNED}/hl7:id", string(view.assertion, "saml:Subject/saml:NameID")),
        (f"{_ASSIGNED}/hl7:representedOrganization/hl7:id", view.vihf("Identifiant_Structure")),
    ):
        for found in view.in_payload(path):
            number = attribute(found, "extension")
            yield verdict(number == expected, view.at(found) + "/@extension", number, expected)


@check(
    "GDP-CLOSING",
    on=("TD1.4",),
    side="request",
    group=GROUP,
    clause="messages GDP, 5.6 : detectedIssueEvent",
    title=Text("La fermeture dit son motif", "The closing tells its reason"),
    mend=Text(
        "FERMETURE_DEMANDE_PATIENT du système 1.2.250.1.213.4.1.2.4, et un texte",
        "FERMETURE_DEMANDE_PATIENT of system 1.2.250.1.213.4.1.2.4, and a text",
    ),
    confidence="B",
)
def closing(view: Judged) -> Iterator[Finding]:
    for act in view.in_payload("hl7:controlActProcess"):
        path = "hl7:reasonOf/hl7:detectedIssueEvent/hl7:code"
        code, system = string(act, f"{path}/@code"), string(act, f"{path}/@codeSystem")
        where = f"{view.at(act)}/{path}"
        yield verdict(bool(code) and system == _CLOSING, where, f"{code}^{system}", f"…^{_CLOSING}")


@check(
    "GDP-SECRET",
    on=("TD1.1",),
    side="request",
    group=GROUP,
    clause="guide d'intégration DMP (SEL-MP-037) EX_0.1-1100 : la connexion secrète ne vaut pas pour la création",
    title=Text("Un DMP ne se crée pas en connexion secrète", "A DMP isn't created in a secret connection"),
    mend=Text("retirer l'attribut confidentiality-code", "take the attribute confidentiality-code away"),
    confidence="B",
)
def secret(view: Judged) -> Iterator[Finding]:
    if view.assertion is not None:
        value = view.vihf(SECRET)
        where = "request:confidentiality-code"
        yield passed(where) if not value else failed(where, value, "absent")
