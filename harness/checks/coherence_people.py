"""Rules of coherence of people and formats: authors, institution and names of the fiche against the CDA header."""

from __future__ import annotations

from collections.abc import Iterator

from harness.checks.cda_model import format_codes
from harness.checks.cda_view import CdaView
from harness.checks.coherence import CLAUSE, COH, ON, pairs
from harness.checks.forms import xcn, xon
from harness.checks.judged import Judged
from harness.checks.rim import codes, sets, slot_values
from harness.checks.rule import Finding, check, verdict
from harness.checks.xpath import attribute, nodes, string, strings
from protocol import facts
from protocol.errors import Text


@check(
    "COH-AUTHOR-COUNT",
    on=ON,
    side="request",
    group=COH,
    clause="EX_2.1-2020 : autant d'auteurs dans l'en-tête que dans la fiche",
    title=Text(
        "La fiche a autant d'auteurs que le document", "The entry has as many authors as the document"
    ),
    mend=Text(
        "une Classification d'auteur par author du document", "one author Classification for each author"
    ),
    requirements=("EX_2.1-2020",),
    confidence="B",
    default="warning",
)
def author_count(view: Judged) -> Iterator[Finding]:
    for item, _, root in pairs(view):
        said, found = len(nodes(root, "hl7:author")), len(codes(item, facts.DE_AUTHOR))
        yield verdict(found == said, f"{view.at(item)}/author", str(found), f"{said} (CDA)")


@check(
    "COH-AUTHOR-NAMES",
    on=ON,
    side="request",
    group=COH,
    clause=CLAUSE,
    title=Text(
        "Les noms des auteurs sont ceux du document", "The names of the authors are those of the document"
    ),
    mend=Text("prendre le nom dans assignedPerson", "take the name from assignedPerson"),
    confidence="B",
    default="warning",
)
def author_names(view: Judged) -> Iterator[Finding]:
    for item, _, root in pairs(view):
        names = {
            string(one, "hl7:id/@extension"): string(one, "hl7:assignedPerson/hl7:name/hl7:family")
            for one in nodes(root, "hl7:author/hl7:assignedAuthor[hl7:assignedPerson]")
        }
        for one in codes(item, facts.DE_AUTHOR):
            for value in slot_values(one.element, "authorPerson"):
                parsed = xcn(value)
                if parsed is not None and names.get(parsed[0]):
                    said = names[parsed[0]]
                    good = parsed[1].strip().casefold() == said.strip().casefold()
                    yield verdict(good, view.at(one.element), parsed[1], f"{said} (CDA)")


@check(
    "COH-INSTITUTIONS",
    on=ON,
    side="request",
    group=COH,
    clause=CLAUSE,
    title=Text(
        "Les structures des auteurs sont celles du document", "The institutions are those of the document"
    ),
    mend=Text(
        "prendre la structure dans representedOrganization", "take the structure from representedOrganization"
    ),
    confidence="B",
    default="warning",
)
def institutions(view: Judged) -> Iterator[Finding]:
    for item, _, root in pairs(view):
        said = set(
            strings(root, "hl7:author/hl7:assignedAuthor/hl7:representedOrganization/hl7:id/@extension")
        )
        for one in codes(item, facts.DE_AUTHOR):
            for value in slot_values(one.element, "authorInstitution"):
                parsed = xon(value)
                if parsed is not None and said:
                    yield verdict(
                        parsed[3] in said, view.at(one.element), parsed[3], " | ".join(sorted(said))
                    )


@check(
    "COH-PATIENT-INFO",
    on=ON,
    side="request",
    group=COH,
    clause="interface DMP, sourcePatientInfo : naissance et sexe du patient",
    title=Text(
        "Naissance et sexe de la fiche sont ceux du document", "Birth and gender are those of the document"
    ),
    mend=Text(
        "recopier birthTime et administrativeGenderCode", "copy birthTime and administrativeGenderCode"
    ),
    confidence="B",
    default="warning",
)
def patient_info(view: Judged) -> Iterator[Finding]:
    path = "hl7:recordTarget/hl7:patientRole/hl7:patient"
    for item, _, root in pairs(view):
        told = dict(value.partition("|")[::2] for value in slot_values(item, "sourcePatientInfo"))
        born, gender = (
            string(root, f"{path}/hl7:birthTime/@value"),
            string(root, f"{path}/hl7:administrativeGenderCode/@code"),
        )
        where = f"{view.at(item)}/sourcePatientInfo"
        if told.get("PID-7") and born:
            shared = min(len(told["PID-7"]), len(born), 8)
            yield verdict(told["PID-7"][:shared] == born[:shared], where, told["PID-7"], f"{born} (CDA)")
        if told.get("PID-8") in ("M", "F") and gender in ("M", "F"):
            yield verdict(told["PID-8"] == gender, where, told["PID-8"], f"{gender} (CDA)")


@check(
    "COH-LEGAL-NAME",
    on=ON,
    side="request",
    group=COH,
    clause=CLAUSE,
    title=Text(
        "Le nom du responsable est celui du document", "The name of the legal authenticator is the document's"
    ),
    mend=Text("prendre le nom dans legalAuthenticator", "take the name from legalAuthenticator"),
    confidence="B",
    default="warning",
)
def legal_name(view: Judged) -> Iterator[Finding]:
    for item, _, root in pairs(view):
        said = string(
            root, "hl7:legalAuthenticator/hl7:assignedEntity/hl7:assignedPerson/hl7:name/hl7:family"
        )
        for value in slot_values(item, "legalAuthenticator"):
            parsed = xcn(value)
            if parsed is not None and said:
                good = parsed[1].strip().casefold() == said.strip().casefold()
                yield verdict(good, f"{view.at(item)}/legalAuthenticator", parsed[1], f"{said} (CDA)")


@check(
    "COH-CONFIDENTIALITY",
    on=ON,
    side="request",
    group=COH,
    clause="interface DMP : le document et la première confidentialité de la fiche sont N",
    title=Text(
        "La confidentialité de la fiche est celle du document",
        "The entry's confidentiality is the document's",
    ),
    mend=Text(
        "N dans les deux ; la visibilité dans la fiche seule", "N in both; visibility in the entry only"
    ),
    confidence="B",
    default="warning",
)
def confidentiality(view: Judged) -> Iterator[Finding]:
    for item, _, root in pairs(view):
        said = string(root, "hl7:confidentialityCode/@code")
        found = [one.code for one in codes(item, facts.DE_CONFIDENTIALITY)]
        if said:
            yield verdict(
                said in found, f"{view.at(item)}/confidentialityCode", " | ".join(found), f"{said} (CDA)"
            )


@check(
    "COH-FORMAT-MODEL",
    on=ON,
    side="request",
    group=COH,
    clause="ASS_A11 : format d'un document structuré d'après son modèle",
    title=Text("Le format est celui du modèle du document", "The format is that of the document's model"),
    mend=Text("choisir formatCode d'après templateId", "choose formatCode by templateId"),
    confidence="B",
    default="warning",
)
def format_model(view: Judged) -> Iterator[Finding]:
    for item, document, root in pairs(view):
        wanted = _formats(document)
        if wanted and nodes(root, "hl7:component/hl7:structuredBody"):
            found = [one.code for one in codes(item, facts.DE_FORMAT)]
            good = any(one in wanted for one in found)
            yield verdict(good, f"{view.at(item)}/formatCode", " | ".join(found), " | ".join(wanted))


def _formats(document: CdaView) -> list[str]:
    """Format codes that the models of a document ask for."""
    known = format_codes()
    roots = [attribute(item, "root") for item in document.nodes("hl7:templateId")]
    return [known[root] for root in roots if root in known]


@check(
    "COH-VIHF-AUTHOR",
    on=ON,
    side="request",
    group=COH,
    clause="interface DMP, lot de soumission : l'auteur du lot est celui qui dépose",
    title=Text(
        "L'auteur du lot est l'utilisateur du VIHF, ou de sa structure", "The set's author is the VIHF's user"
    ),
    mend=Text(
        "mettre l'utilisateur connecté comme auteur du lot", "put the connected user as the author of the set"
    ),
    requirements=("EX_2.1-1140",),
    confidence="C",
    default="info",
)
def vihf_author(view: Judged) -> Iterator[Finding]:
    if view.assertion is None:
        return
    user = string(view.assertion, "saml:Subject/saml:NameID").rpartition("/")[2].strip()
    structure = view.vihf("Identifiant_Structure")
    for item in sets(view):
        for one in codes(item, facts.SS_AUTHOR):
            people = [parsed[0] for parsed in map(xcn, slot_values(one.element, "authorPerson")) if parsed]
            places = [
                parsed[3] for parsed in map(xon, slot_values(one.element, "authorInstitution")) if parsed
            ]
            good = user in people or structure in places
            yield verdict(good, view.at(one.element), " | ".join([*people, *places]), f"{user} | {structure}")
