"""Header rules of the patient: identifiers, INS and its traits, name, gender, birth, guardian."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from harness.checks.cda_count import BEYOND, GROUP, SM, counted, valued, with_attributes
from harness.checks.cda_view import CdaView
from harness.checks.forms import ins_key, is_ins, is_ins_oid, is_ts
from harness.checks.rule import Finding, check_document, verdict
from harness.checks.xpath import attribute
from protocol import facts, safexml
from protocol.errors import Text

ROLE = "hl7:recordTarget/hl7:patientRole"
PATIENT = f"{ROLE}/hl7:patient"
GENDERS = ("F", "M", "UN")


@check_document(
    "CDA-PATIENT",
    group=GROUP,
    clause=SM,
    title=Text("Le document a un patient et un seul", "The document has one patient and one only"),
    mend=Text(
        "un patientRole, un patient avec nom, sexe et date de naissance",
        "one patientRole, one patient with name, gender and birth time",
    ),
)
def patient(view: CdaView) -> Iterator[Finding]:
    yield from counted(view, "hl7:recordTarget", "hl7:patientRole", 1)
    yield from counted(view, ROLE, "hl7:patient", 1)
    for child in ("hl7:name", "hl7:administrativeGenderCode", "hl7:birthTime"):
        yield from counted(view, PATIENT, child, 1)


@check_document(
    "CDA-PATIENT-ID",
    group=GROUP,
    clause=SM,
    title=Text(
        "Chaque identifiant du patient a sa racine et son extension", "Each patient id has root and extension"
    ),
    mend=Text("root et extension sur chaque id", "root and extension on each id"),
)
def patient_id(view: CdaView) -> Iterator[Finding]:
    yield from counted(view, ROLE, "hl7:id", 1, None)
    for item in view.nodes(f"{ROLE}/hl7:id"):
        found = f"{attribute(item, 'extension')}^{attribute(item, 'root')}"
        good = bool(attribute(item, "extension") and attribute(item, "root"))
        yield verdict(good, view.at(item), found, "extension^root")


@check_document(
    "CDA-INS",
    group=GROUP,
    clause=f"{BEYOND} : le DMP identifie le patient par son INS",
    title=Text("Le patient porte son INS", "The patient carries the INS"),
    mend=Text("id de racine INS dans patientRole", "an id with an INS root in patientRole"),
    confidence="C",
    default="warning",
)
def ins(view: CdaView) -> Iterator[Finding]:
    for role in view.nodes(ROLE):
        roots = [attribute(item, "root") for item in view.under(role, "hl7:id")]
        yield verdict(
            any(map(is_ins_oid, roots)), view.at(role) + "/hl7:id", " | ".join(roots), facts.OID_INS_TEST
        )


@check_document(
    "CDA-INS-KEY",
    group=GROUP,
    clause=f"{BEYOND} : 15 caractères, clé de contrôle, Corse comprise",
    title=Text("L'INS a sa longueur et sa clé", "The INS has its length and its key"),
    mend=Text("recopier l'INS sans le ressaisir", "copy the INS, do not type it again"),
    requirements=("EX_GEN-1270",),
    confidence="C",
    default="warning",
)
def ins_number(view: CdaView) -> Iterator[Finding]:
    for item in _ins(view):
        number = attribute(item, "extension")
        key = ins_key(number)
        good = is_ins(number) and number[13:] == key
        yield verdict(good, view.at(item) + "/@extension", number, f"{number[:13]}{key or '…'}")


@check_document(
    "CDA-INS-TEST",
    group=GROUP,
    clause=f"{BEYOND} : aucune identité réelle dans un essai",
    title=Text("L'INS est du domaine de test", "The INS is of the test domain"),
    mend=Text(facts.OID_INS_TEST, facts.OID_INS_TEST),
    requirements=("EX_GEN-1520",),
    confidence="C",
    default="warning",
)
def ins_test(view: CdaView) -> Iterator[Finding]:
    for item in _ins(view):
        root = attribute(item, "root")
        yield verdict(
            root not in facts.PRODUCTION_INS_OIDS, view.at(item) + "/@root", root, facts.OID_INS_TEST
        )


#: What must be said of a patient whose INS is given: XPath from patient, words.
TRAITS = (
    ("hl7:name/hl7:family[@qualifier='BR']", "nom de naissance / birth name (family BR)"),
    (
        "hl7:name/hl7:given[@qualifier='BR']",
        "premier prénom de naissance / first birth given name (given BR)",
    ),
    ("hl7:name/hl7:given[not(@qualifier)]", "prénoms de naissance / birth given names (given)"),
    ("hl7:birthTime[@value]", "date de naissance / date of birth (birthTime)"),
    (
        "hl7:birthplace/hl7:place/hl7:addr/hl7:county",
        "commune de naissance / commune of birth (county, INSEE)",
    ),
    ("hl7:administrativeGenderCode[@code]", "sexe / gender (administrativeGenderCode)"),
)


@check_document(
    "CDA-INS-TRAITS",
    group=GROUP,
    clause=f"{SM} : traits obligatoires avec un INS",
    title=Text("Avec l'INS viennent tous les traits d'identité", "With the INS come all the identity traits"),
    mend=Text("compléter les traits de l'acte de naissance", "complete the traits of the birth certificate"),
)
def ins_traits(view: CdaView) -> Iterator[Finding]:
    if next(_ins(view), None) is None:
        return
    for person in view.nodes(PATIENT):
        for path, words in TRAITS:
            item = next(iter(view.under(person, path)), None)
            filled = item is not None and bool(
                attribute(item, "value") or attribute(item, "code") or safexml.text(item)
            )
            yield verdict(filled, f"{view.at(person)}/{path}", "présent / present" if filled else "", words)


@check_document(
    "CDA-PATIENT-NAME",
    group=GROUP,
    clause=SM,
    title=Text(
        "Le nom du patient a famille et prénom, bien qualifiés", "The patient's name is well qualified"
    ),
    mend=Text("family BR ou CL ; given BR, CL ou sans qualificatif", "family BR or CL; given BR, CL or none"),
)
def patient_name(view: CdaView) -> Iterator[Finding]:
    name = f"{PATIENT}/hl7:name[not(@nullFlavor)]"
    yield from counted(view, name, "hl7:family", 1, None)
    yield from counted(view, name, "hl7:given", 1, None)
    yield from counted(view, name, "hl7:prefix", 0)
    yield from counted(view, name, "hl7:suffix", 0)
    yield from valued(view, f"{name}/hl7:family", "qualifier", lambda value: value in ("BR", "CL"), "BR | CL")
    yield from valued(
        view, f"{name}/hl7:given", "qualifier", lambda value: value in ("", "BR", "CL"), "BR | CL | –"
    )


@check_document(
    "CDA-GENDER",
    group=GROUP,
    clause=f"{SM} ; JDV_J143",
    title=Text("Le sexe est un code connu", "The gender is a known code"),
    mend=Text("F, M ou UN", "F, M or UN"),
)
def gender(view: CdaView) -> Iterator[Finding]:
    yield from valued(
        view,
        f"{PATIENT}/hl7:administrativeGenderCode",
        "code",
        lambda value: value in GENDERS,
        " | ".join(GENDERS),
    )


@check_document(
    "CDA-BIRTH",
    group=GROUP,
    clause=SM,
    title=Text("La date de naissance est une date valide", "The birth date is a valid date"),
    mend=Text("AAAAMMJJ", "YYYYMMDD"),
)
def birth(view: CdaView) -> Iterator[Finding]:
    yield from valued(view, f"{PATIENT}/hl7:birthTime", "value", is_ts, "YYYYMMDD")


@check_document(
    "CDA-BIRTHPLACE",
    group=GROUP,
    clause=SM,
    title=Text("Le lieu de naissance est un lieu", "The birthplace is a place"),
    mend=Text("un birthplace, un place", "one birthplace, one place"),
)
def birthplace(view: CdaView) -> Iterator[Finding]:
    yield from counted(view, PATIENT, "hl7:birthplace", 0)
    yield from counted(view, f"{PATIENT}/hl7:birthplace", "hl7:place", 1)
    yield from counted(view, f"{PATIENT}/hl7:birthplace/hl7:place", "hl7:name", 0)


@check_document(
    "CDA-GUARDIAN",
    group=GROUP,
    clause=SM,
    title=Text(
        "Un représentant est une personne ou une organisation", "A guardian is a person or an organisation"
    ),
    mend=Text(
        "guardianPerson ou guardianOrganization, avec son nom",
        "guardianPerson or guardianOrganization, with its name",
    ),
    under=f"{PATIENT}/hl7:guardian",
)
def guardian(view: CdaView) -> Iterator[Finding]:
    path = f"{PATIENT}/hl7:guardian"
    yield from counted(view, path, "*[self::hl7:guardianPerson or self::hl7:guardianOrganization]", 1)
    yield from counted(view, f"{path}/hl7:guardianPerson", "hl7:name[hl7:family]", 1)
    yield from counted(view, f"{path}/hl7:guardianPerson/hl7:name", "hl7:family", 1, 3)
    yield from with_attributes(view, f"{path}/hl7:guardianOrganization/hl7:id", "extension", "root")


def _ins(view: CdaView) -> Iterator[etree._Element]:
    return (item for item in view.nodes(f"{ROLE}/hl7:id") if is_ins_oid(item.get("root", "")))
