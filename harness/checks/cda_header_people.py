"""Header rules of people and organisations: author, custodian, authenticators, informants, participants."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from harness.checks.cda_count import BEYOND, GROUP, SM, counted, every, valued, with_attributes
from harness.checks.cda_view import CdaView
from harness.checks.forms import is_ps_id, is_structure_id, is_ts
from harness.checks.rule import Finding, check_document, verdict
from protocol import facts
from protocol.errors import Text

AUTHOR = "hl7:author/hl7:assignedAuthor"
LEGAL = "hl7:legalAuthenticator"
CUSTODIAN = "hl7:custodian/hl7:assignedCustodian"
#: Custodians: a health structure, or the host of documents of patients.
CUSTODIANS = (facts.OID_STRUCTURE, "1.2.250.1.213.4.1")
#: Every assigned entity of the header, by XPath.
ENTITIES = (
    "hl7:dataEnterer/hl7:assignedEntity",
    "hl7:informant/hl7:assignedEntity",
    "hl7:legalAuthenticator/hl7:assignedEntity",
    "hl7:authenticator/hl7:assignedEntity",
    "hl7:documentationOf/hl7:serviceEvent/hl7:performer/hl7:assignedEntity",
    "hl7:componentOf/hl7:encompassingEncounter/hl7:responsibleParty/hl7:assignedEntity",
    "hl7:componentOf/hl7:encompassingEncounter/hl7:encounterParticipant/hl7:assignedEntity",
)
RELATED = ("ECON", "NOK", "CON", "CAREGIVER", "PAT")


@check_document(
    "CDA-AUTHOR",
    group=GROUP,
    clause=SM,
    title=Text(
        "Chaque auteur a une date, une identité et un identifiant",
        "Each author has a time, an identity, an id",
    ),
    mend=Text(
        "time, assignedAuthor et son id (root et extension)",
        "time, assignedAuthor and its id (root and extension)",
    ),
)
def author(view: CdaView) -> Iterator[Finding]:
    yield from counted(view, "hl7:author", "hl7:time", 1)
    yield from counted(view, "hl7:author", "hl7:assignedAuthor", 1)
    yield from valued(view, "hl7:author/hl7:time", "value", is_ts, "YYYYMMDD…")
    yield from counted(view, AUTHOR, "hl7:id", 1, None)
    yield from with_attributes(view, f"{AUTHOR}/hl7:id", "root", "extension")


@check_document(
    "CDA-AUTHOR-KIND",
    group=GROUP,
    clause=SM,
    title=Text("Un auteur est une personne ou un dispositif", "An author is a person or a device"),
    mend=Text(
        "assignedPerson avec un nom, ou assignedAuthoringDevice complet",
        "assignedPerson with a name, or a complete assignedAuthoringDevice",
    ),
)
def author_kind(view: CdaView) -> Iterator[Finding]:
    yield from counted(view, AUTHOR, "*[self::hl7:assignedPerson or self::hl7:assignedAuthoringDevice]", 0)
    yield from counted(view, f"{AUTHOR}/hl7:assignedPerson", "hl7:name[hl7:family]", 1)
    for child in ("hl7:manufacturerModelName", "hl7:softwareName"):
        yield from counted(view, f"{AUTHOR}/hl7:assignedAuthoringDevice", child, 1)


@check_document(
    "CDA-AUTHOR-CODE",
    group=GROUP,
    clause=f"{SM} ; JDV_J01",
    title=Text(
        "Profession et fonction de l'auteur sont des codes complets", "Author's profession is a complete code"
    ),
    mend=Text(f"code, displayName, codeSystem {facts.OID_AUTHOR_SPECIALTY}", "code, displayName, codeSystem"),
)
def author_code(view: CdaView) -> Iterator[Finding]:
    yield from counted(view, AUTHOR, "hl7:code", 0)
    yield from with_attributes(view, f"{AUTHOR}/hl7:code", "code", "codeSystem", "displayName")
    yield from with_attributes(view, "hl7:author/hl7:functionCode", "code", "codeSystem")


@check_document(
    "CDA-AUTHOR-ORGANISATION",
    group=GROUP,
    clause=SM,
    title=Text(
        "L'organisation d'un auteur a un identifiant et un nom au plus",
        "An author's organisation is identified",
    ),
    mend=Text("une organisation, un id de structure, un nom", "one organisation, one structure id, one name"),
)
def author_organisation(view: CdaView) -> Iterator[Finding]:
    path = f"{AUTHOR}/hl7:representedOrganization"
    yield from counted(view, AUTHOR, "hl7:representedOrganization", 0)
    yield from counted(view, path, f"hl7:id[@root='{facts.OID_STRUCTURE}']", 0)
    yield from counted(view, path, "hl7:name", 0)


@check_document(
    "CDA-AUTHOR-ORGANISATION-THERE",
    group=GROUP,
    clause=f"{BEYOND} : authorInstitution de la fiche vient de là",
    title=Text(
        "Chaque auteur professionnel dit son organisation", "Each professional author tells the organisation"
    ),
    mend=Text(
        "representedOrganization avec l'id de la structure",
        "representedOrganization with the id of the structure",
    ),
    confidence="C",
    default="warning",
)
def author_organisation_there(view: CdaView) -> Iterator[Finding]:
    for item in view.nodes(f"{AUTHOR}[hl7:id/@root='{facts.OID_PS}']"):
        count = len(view.under(item, "hl7:representedOrganization[hl7:id]"))
        yield verdict(count == 1, view.at(item) + "/hl7:representedOrganization", str(count), "1")


@check_document(
    "CDA-CUSTODIAN",
    group=GROUP,
    clause=SM,
    title=Text("Le conservateur est une structure identifiée", "The custodian is an identified structure"),
    mend=Text(" ou ".join(CUSTODIANS), " or ".join(CUSTODIANS)),
)
def custodian(view: CdaView) -> Iterator[Finding]:
    path = f"{CUSTODIAN}/hl7:representedCustodianOrganization"
    yield from counted(view, CUSTODIAN, "hl7:representedCustodianOrganization", 1)
    yield from counted(view, path, "hl7:id", 1)
    for child in ("hl7:name", "hl7:telecom"):
        yield from counted(view, path, child, 0)
    yield from valued(view, f"{path}/hl7:id", "root", lambda root: root in CUSTODIANS, " | ".join(CUSTODIANS))


@check_document(
    "CDA-LEGAL-AUTHENTICATOR",
    group=GROUP,
    clause=SM,
    title=Text(
        "Le responsable date et signe le document", "The legal authenticator dates and signs the document"
    ),
    mend=Text(
        'time, signatureCode code="S", assignedEntity/id', 'time, signatureCode code="S", assignedEntity/id'
    ),
)
def legal_authenticator(view: CdaView) -> Iterator[Finding]:
    for child in ("hl7:time", "hl7:signatureCode", "hl7:assignedEntity"):
        yield from counted(view, LEGAL, child, 1)
    yield from valued(view, f"{LEGAL}/hl7:time", "value", is_ts, "YYYYMMDD…")
    yield from valued(view, f"{LEGAL}/hl7:signatureCode", "code", lambda code: code == "S", "S")
    yield from counted(view, f"{LEGAL}/hl7:assignedEntity", "hl7:id", 1)
    yield from with_attributes(view, f"{LEGAL}/hl7:assignedEntity/hl7:id", "root", "extension")


@check_document(
    "CDA-AUTHENTICATOR",
    group=GROUP,
    clause=SM,
    title=Text(
        "Chaque valideur date, signe et s'identifie", "Each authenticator dates, signs and is identified"
    ),
    mend=Text(
        "time, signatureCode S, assignedEntity de racine 1.2.250.1.71.4.2.1",
        "time, signatureCode S, assignedEntity of root 1.2.250.1.71.4.2.1",
    ),
    under="hl7:authenticator",
)
def authenticator(view: CdaView) -> Iterator[Finding]:
    path = "hl7:authenticator"
    for child in (
        "hl7:time",
        "hl7:signatureCode[@code='S']",
        f"hl7:assignedEntity[hl7:id/@root='{facts.OID_PS}']",
    ):
        yield from counted(view, path, child, 1)
    yield from valued(view, f"{path}/hl7:time", "value", is_ts, "YYYYMMDD…")


@check_document(
    "CDA-ENTITIES",
    group=GROUP,
    clause=SM,
    title=Text(
        "Chaque intervenant a un identifiant, un nom, une organisation au plus",
        "Each participant has one id, one name, one organisation at most",
    ),
    mend=Text(
        "garder un id, un code, une personne, une organisation",
        "keep one id, one code, one person, one organisation",
    ),
)
def entities(view: CdaView) -> Iterator[Finding]:
    for path in filter(view.nodes, ENTITIES):
        for child in ("hl7:id", "hl7:code", "hl7:assignedPerson", "hl7:representedOrganization"):
            yield from counted(view, path, child, 0)


@check_document(
    "CDA-NAMES",
    group=GROUP,
    clause=SM,
    title=Text("Chaque personne a un nom de famille, un prénom au plus", "Each person has one family name"),
    mend=Text(
        "un seul family, given, prefix, suffix par nom", "a single family, given, prefix, suffix in a name"
    ),
)
def names(view: CdaView) -> Iterator[Finding]:
    people = view.in_header("assignedPerson", "associatedPerson", "relatedPerson")
    named = view.index.under(people, "hl7:name")
    yield from counted(view, people, "hl7:name[hl7:family]", 0)
    for child in ("hl7:family", "hl7:given", "hl7:prefix", "hl7:suffix"):
        yield from counted(view, named, child, 0)


@check_document(
    "CDA-INFORMANT",
    group=GROUP,
    clause=SM,
    title=Text(
        "Un informateur est un professionnel ou un proche", "An informant is a professional or a relative"
    ),
    mend=Text(
        "assignedEntity, ou relatedEntity avec relatedPerson",
        "assignedEntity, or relatedEntity with relatedPerson",
    ),
    under="hl7:informant",
)
def informant(view: CdaView) -> Iterator[Finding]:
    yield from counted(view, "hl7:informant", "*[self::hl7:assignedEntity or self::hl7:relatedEntity]", 1)
    path = "hl7:informant/hl7:relatedEntity"
    yield from counted(view, path, "hl7:relatedPerson", 1)
    yield from valued(view, path, "classCode", lambda value: value in RELATED, " | ".join(RELATED))


@check_document(
    "CDA-RECIPIENT",
    group=GROUP,
    clause=SM,
    title=Text("Un destinataire a une identité", "A recipient has an identity"),
    mend=Text(
        "un intendedRecipient ; id de racine 1.2.250.1.71.4.2.1",
        "one intendedRecipient; id of root 1.2.250.1.71.4.2.1",
    ),
    under="hl7:informationRecipient",
)
def recipient(view: CdaView) -> Iterator[Finding]:
    path = "hl7:informationRecipient"
    yield from counted(view, path, "hl7:intendedRecipient", 1)
    yield from valued(
        view, f"{path}/hl7:intendedRecipient/hl7:id", "root", lambda root: root == facts.OID_PS, facts.OID_PS
    )
    for child in ("hl7:informationRecipient", "hl7:receivedOrganization"):
        yield from counted(view, f"{path}/hl7:intendedRecipient", child, 0)


@check_document(
    "CDA-PARTICIPANT",
    group=GROUP,
    clause=SM,
    title=Text(
        "Un participant dit son rôle, sa date et son entité", "A participant tells role, time and entity"
    ),
    mend=Text(
        "typeCode, time, associatedEntity PROV ou AGNT", "typeCode, time, associatedEntity PROV or AGNT"
    ),
    under="hl7:participant",
)
def participant(view: CdaView) -> Iterator[Finding]:
    path = "hl7:participant"
    yield from valued(view, path, "typeCode", bool, "JDV_J144")
    yield from counted(view, path, "hl7:time", 1)
    yield from counted(view, path, "hl7:associatedEntity[@classCode]", 1)
    yield from valued(
        view,
        f"{path}/hl7:associatedEntity",
        "classCode",
        lambda value: value in ("PROV", "AGNT"),
        "PROV | AGNT",
    )


@check_document(
    "CDA-PROFESSIONAL-ID",
    group=GROUP,
    clause=f"{BEYOND} : PS_IdNat",
    title=Text(
        "Un identifiant de professionnel a la forme nationale", "A professional's id has the national form"
    ),
    mend=Text("8 + RPPS (11 chiffres)", "8 + RPPS (11 digits)"),
    requirements=("EX_GEN-1320",),
    confidence="C",
    default="warning",
)
def professional_id(view: CdaView) -> Iterator[Finding]:
    held = [item for item in view.in_header("id") if item.get("root") == facts.OID_PS]
    yield from every(
        view, held, lambda item: is_ps_id(_extension(item)), _extension, "PS_IdNat", "/@extension"
    )


def _extension(item: etree._Element) -> str:
    return item.get("extension", "")


@check_document(
    "CDA-STRUCTURE-ID",
    group=GROUP,
    clause=f"{BEYOND} : Struct_IdNat",
    title=Text("Un identifiant de structure a la forme nationale", "A structure's id has the national form"),
    mend=Text("1 + FINESS, 3 + SIRET…", "1 + FINESS, 3 + SIRET…"),
    confidence="C",
    default="warning",
)
def structure_id(view: CdaView) -> Iterator[Finding]:
    held = [item for item in view.in_header("id") if item.get("root") == facts.OID_STRUCTURE]
    yield from every(
        view, held, lambda item: is_structure_id(_extension(item)), _extension, "Struct_IdNat", "/@extension"
    )
