"""Rules of the attributes of the VIHF: which must be there, and their values.

The wire number and the product's identity are in vihf_product; the patient is in identity.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from lxml import etree

from harness.checks.forms import is_structure_id
from harness.checks.judged import Judged
from harness.checks.rule import ANY, Finding, check, verdict
from harness.checks.xpath import XSI_TYPE, attribute, first, nodes
from protocol import facts, safexml
from protocol.codes import value_set
from protocol.errors import Text

VIHF = "A-VIHF"
CLAUSE = "VIHF, attributs"
ROLE = "urn:oasis:names:tc:xacml:2.0:subject:role"
SUBJECT = "urn:oasis:names:tc:xspa:1.0:subject:subject-id"
RESOURCE = "urn:oasis:names:tc:xacml:2.0:resource:resource-id"
PURPOSE = "urn:oasis:names:tc:xspa:1.0:subject:purposeofuse"
SECRET = "urn:oasis:names:tc:xspa:1.0:resource:patient:hl7:confidentiality-code"  # noqa: S105 - name of an attribute
ALWAYS = (
    "VIHF_Version",
    "Identifiant_Structure",
    "Secteur_Activite",
    ROLE,
    "Ressource_URN",
    PURPOSE,
    "LPS_Nom",
    "LPS_Version",
    "LPS_ID_HOMOLOGATION_DMP",
)
MODES = ("DIRECTE", "INDIRECTE", "INDIRECTE_RENFORCEE")
PURPOSES = ("normal", "bris_de_glace", "centre_15")
#: Professions whose second role (specialty or section) is mandatory.
PHYSICIAN, PHARMACIST = "10", "21"


@check(
    "VIHF-ATTRIBUTES",
    on=ANY,
    side="request",
    group=VIHF,
    clause=CLAUSE,
    title=Text(
        "Les attributs obligatoires sont là, et remplis", "The mandatory attributes are there, and filled"
    ),
    mend=Text("ajouter l'attribut qui manque", "add the missing attribute"),
)
def attributes(view: Judged) -> Iterator[Finding]:
    if view.assertion is None:
        return
    for name in ALWAYS:
        values = view.attribute_values(name)
        filled = any(safexml.text(value) or nodes(value, "*") for value in values)
        yield verdict(filled, _place(view, name), f"{len(values)}", "≥ 1")


@check(
    "VIHF-ATTRIBUTE-ONCE",
    on=ANY,
    side="request",
    group=VIHF,
    clause=CLAUSE,
    title=Text("Chaque attribut figure une fois", "Each attribute is there once"),
    mend=Text(
        "grouper les valeurs d'un attribut dans un seul Attribute", "group the values in a single Attribute"
    ),
)
def attribute_once(view: Judged) -> Iterator[Finding]:
    if view.assertion is not None:
        names = [
            attribute(item, "Name")
            for item in nodes(view.assertion, "saml:AttributeStatement/saml:Attribute")
        ]
        for name, count in Counter(name.lower() for name in names).items():
            yield verdict(count == 1, _place(view, name), str(count), "1")


@check(
    "VIHF-VERSION",
    on=ANY,
    side="request",
    group=VIHF,
    clause="VIHF, attributs : 3.0 ou 4.0",
    title=Text("VIHF_Version est une version connue", "VIHF_Version is a known version"),
    mend=Text("3.0 ou 4.0", "3.0 or 4.0"),
)
def version(view: Judged) -> Iterator[Finding]:
    for item in view.attribute_values("VIHF_Version"):
        yield verdict(safexml.text(item) in ("3.0", "4.0"), view.at(item), safexml.text(item), "3.0 | 4.0")


@check(
    "VIHF-STRUCTURE",
    on=ANY,
    side="request",
    group=VIHF,
    clause="VIHF, attributs ; Struct_IdNat",
    title=Text("Identifiant_Structure est un Struct_IdNat", "Identifiant_Structure is a Struct_IdNat"),
    mend=Text(
        "préfixe 0 ADELI, 1 FINESS, 2 SIREN, 3 SIRET, 4 RPPS-rang", "prefix 0, 1, 2, 3 or 4, then the number"
    ),
)
def structure(view: Judged) -> Iterator[Finding]:
    for item in view.attribute_values("Identifiant_Structure"):
        yield verdict(is_structure_id(safexml.text(item)), view.at(item), safexml.text(item), "Struct_IdNat")
        declared = view.declared.structure
        if declared:
            yield verdict(safexml.text(item) == declared, view.at(item), safexml.text(item), declared)


@check(
    "VIHF-SECTOR",
    on=ANY,
    side="request",
    group=VIHF,
    clause="VIHF, attributs ; JDV_J61",
    title=Text(
        "Secteur_Activite est un code de secteur et son OID", "Secteur_Activite is a sector code and its OID"
    ),
    mend=Text(f"SAnn^{facts.OID_SECTORS}", f"SAnn^{facts.OID_SECTORS}"),
)
def sector(view: Judged) -> Iterator[Finding]:
    for item in view.attribute_values("Secteur_Activite"):
        code, _, system = safexml.text(item).partition("^")
        good = bool(code) and system == facts.OID_SECTORS
        yield verdict(good, view.at(item), safexml.text(item), f"SAnn^{facts.OID_SECTORS}")


@check(
    "VIHF-MODE",
    on=ANY,
    side="request",
    group=VIHF,
    clause="VIHF, attributs",
    title=Text(
        "Authentification_mode est un mode connu et déclaré", "Authentification_mode is known and declared"
    ),
    mend=Text(
        "DIRECTE, INDIRECTE ou INDIRECTE_RENFORCEE, comme déclaré",
        "DIRECTE, INDIRECTE or INDIRECTE_RENFORCEE, as declared",
    ),
)
def mode(view: Judged) -> Iterator[Finding]:
    allowed = view.declared.modes or MODES
    for item in view.attribute_values("Authentification_mode"):
        yield verdict(safexml.text(item) in allowed, view.at(item), safexml.text(item), " | ".join(allowed))


@check(
    "VIHF-SUBJECT",
    on=ANY,
    side="request",
    group=VIHF,
    clause="VIHF, attributs : obligatoire en indirect et en AIR",
    title=Text(
        "subject-id nomme l'utilisateur en mode indirect", "subject-id names the user in indirect modes"
    ),
    mend=Text("prénom et nom de l'utilisateur, ou nom de l'automate", "first and last name of the user"),
)
def subject(view: Judged) -> Iterator[Finding]:
    if view.assertion is not None and view.vihf("Authentification_mode").startswith("INDIRECTE"):
        yield verdict(
            bool(view.vihf(SUBJECT)),
            _place(view, SUBJECT),
            view.vihf(SUBJECT),
            "nom, prénom / name, given name",
        )


@check(
    "VIHF-ROLE",
    on=ANY,
    side="request",
    group=VIHF,
    clause="VIHF, rôles ; JDV_J65",
    title=Text(
        "Chaque rôle est un élément Role codé (type CE)", "Each role is a coded Role element (type CE)"
    ),
    mend=Text('<Role xmlns="urn:hl7-org:v3" xsi:type="CE" code= codeSystem=/>', "a hl7:Role of type CE"),
)
def role(view: Judged) -> Iterator[Finding]:
    for item in view.attribute_values(ROLE):
        coded = first(item, "hl7:Role")
        yield _coded(view, item, coded, "hl7:Role")


@check(
    "VIHF-ROLE-KNOWN",
    on=ANY,
    side="request",
    group=VIHF,
    clause="JDV_J65",
    title=Text("Chaque rôle est un code de JDV_J65", "Each role is a code of JDV_J65"),
    mend=Text("prendre la profession lue sur la carte", "take the profession read on the card"),
    confidence="B",
    default="warning",
)
def role_known(view: Judged) -> Iterator[Finding]:
    known = value_set("J65")
    for coded in (one for item in view.attribute_values(ROLE) for one in nodes(item, "hl7:Role")):
        code, system = attribute(coded, "code"), attribute(coded, "codeSystem")
        yield verdict(
            known.contains(code, system), view.at(coded), f"{code}^{system}", f"∈ JDV_J65 ({known.version})"
        )


@check(
    "VIHF-SPECIALTY",
    on=ANY,
    side="request",
    group=VIHF,
    clause="VIHF, rôles : second rôle des médecins (R01) et des pharmaciens (G05)",
    title=Text(
        "Un médecin ou un pharmacien donne sa spécialité ou sa section",
        "A physician or a pharmacist gives a specialty or a section",
    ),
    mend=Text(
        "ajouter une seconde valeur de rôle, ex. SM26 du système 1.2.250.1.71.4.2.5",
        "add a second role value",
    ),
)
def specialty(view: Judged) -> Iterator[Finding]:
    roles = [coded for item in view.attribute_values(ROLE) for coded in nodes(item, "hl7:Role")]
    professions = [coded for coded in roles if attribute(coded, "codeSystem") == facts.OID_PROFESSIONS]
    for coded in professions:
        code = attribute(coded, "code")
        if code in (PHYSICIAN, PHARMACIST):
            others = [other for other in roles if attribute(other, "codeSystem") != facts.OID_PROFESSIONS]
            if code == PHYSICIAN:
                others = [
                    other for other in others if attribute(other, "codeSystem") == facts.OID_SPECIALTIES
                ]
            yield verdict(len(others) > 0, view.at(coded), f"{code}, {len(others)}", f"{code} + 1")


@check(
    "VIHF-URN",
    on=ANY,
    side="request",
    group=VIHF,
    clause="VIHF, attributs",
    title=Text("Ressource_URN vaut urn:dmp", "Ressource_URN is urn:dmp"),
    mend=Text("urn:dmp", "urn:dmp"),
)
def urn(view: Judged) -> Iterator[Finding]:
    for item in view.attribute_values("Ressource_URN"):
        yield verdict(safexml.text(item) == "urn:dmp", view.at(item), safexml.text(item), "urn:dmp")


@check(
    "VIHF-PURPOSE",
    on=ANY,
    side="request",
    group=VIHF,
    clause="VIHF, modes d'accès ; JDV_J38",
    title=Text(
        "Le mode d'accès est un code connu de TRE_R248", "The access mode is a known code of TRE_R248"
    ),
    mend=Text("normal, bris_de_glace ou centre_15", "normal, bris_de_glace or centre_15"),
)
def purpose(view: Judged) -> Iterator[Finding]:
    for item in view.attribute_values(PURPOSE):
        coded = first(item, "hl7:PurposeOfUse")
        yield _coded(view, item, coded, "hl7:PurposeOfUse")
        if coded is not None:
            found = f"{attribute(coded, 'code')}^{attribute(coded, 'codeSystem')}"
            good = found in {f"{code}^{facts.OID_ACCESS_MODES}" for code in PURPOSES}
            yield verdict(good, view.at(coded), found, f"{'|'.join(PURPOSES)}^{facts.OID_ACCESS_MODES}")


@check(
    "VIHF-REASON",
    on=ANY,
    side="request",
    group=VIHF,
    clause="VIHF, attributs : raison obligatoire en bris de glace",
    title=Text("Un bris de glace dit sa raison", "A break-glass access tells its reason"),
    mend=Text("remplir Mode_Acces_Raison", "fill Mode_Acces_Raison"),
    confidence="C",
)
def reason(view: Judged) -> Iterator[Finding]:
    used = [attribute(item, "code") for value in view.attribute_values(PURPOSE) for item in nodes(value, "*")]
    if "bris_de_glace" in used:
        yield verdict(
            bool(view.vihf("Mode_Acces_Raison")), _place(view, "Mode_Acces_Raison"), "", "texte / text"
        )


@check(
    "VIHF-SECRET",
    on=ANY,
    side="request",
    group=VIHF,
    clause="VIHF, connexion secrète ; JDV_J64",
    title=Text("La connexion secrète porte son seul code", "A secret connection carries its only code"),
    mend=Text(
        "INVISIBLE_REPRESENTANTS_LEGAUX, ou pas d'attribut", "INVISIBLE_REPRESENTANTS_LEGAUX, or no attribute"
    ),
    requirements=("EX_0.1-1100",),
    confidence="B",
)
def secret(view: Judged) -> Iterator[Finding]:
    for item in view.attribute_values(SECRET):
        values = [safexml.text(item), *(attribute(child, "code") for child in nodes(item, "*"))]
        wanted = "INVISIBLE_REPRESENTANTS_LEGAUX"
        yield verdict(wanted in values, view.at(item), " ".join(values), wanted)


def _coded(view: Judged, value: etree._Element, coded: etree._Element | None, name: str) -> Finding:
    if coded is None:
        return verdict(False, view.at(value), "", name)
    kind, code, system = attribute(coded, XSI_TYPE), attribute(coded, "code"), attribute(coded, "codeSystem")
    good = kind.rpartition(":")[2] == "CE" and bool(code) and bool(system)
    return verdict(good, view.at(coded), f"{kind} {code}^{system}", "CE code^codeSystem")


def _place(view: Judged, name: str) -> str:
    return f"{view.at(view.assertion)}/saml:AttributeStatement/saml:Attribute[@Name='{name}']"
