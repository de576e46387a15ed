"""What the attributes of the VIHF say together, and with the certificates. Their own forms: vihf_attributes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cryptography import x509
from cryptography.x509.oid import NameOID

from harness.checks.forms import instant
from harness.checks.judged import Judged
from harness.checks.rule import ANY, Finding, check, verdict
from harness.checks.transport import read_certificate
from harness.checks.vihf_attributes import ALWAYS, PURPOSE, RESOURCE, ROLE, SECRET, SUBJECT
from harness.checks.xmldsig import signer
from harness.checks.xpath import attribute, first, nodes, string, strings
from protocol import facts, safexml
from protocol.codes import value_set
from protocol.errors import Text

VIHF: Final = "A-VIHF"
CLAUSE: Final = "VIHF, attributs"
_KNOWN: Final = frozenset(
    name.lower()
    for name in (
        *ALWAYS,
        RESOURCE,
        SECRET,
        SUBJECT,
        *(
            "Authentification_mode",
            "Mode_Acces_Raison",
            "LPS_ID",
            "LPS_Type",
            "Profession",
            "Confidentiality_code",
            "Mode_Acces",
        ),
    )
)
#: Second role that goes with a profession: physicians, pharmacists.
_SECOND: Final = {"10": "1.2.250.1.71.4.2.5", "21": "1.2.250.1.71.4.2.6"}


@check(
    "VIHF-NAMES",
    on=ANY,
    side="request",
    group=VIHF,
    clause=CLAUSE,
    title=Text("Chaque attribut du VIHF est un attribut connu", "Each attribute of the VIHF is a known one"),
    mend=Text(
        "corriger le nom : un attribut inconnu est ignoré",
        "correct the name: an unknown attribute is ignored",
    ),
    confidence="C",
    default="info",
)
def names(view: Judged) -> Iterator[Finding]:
    for item in view.nodes("descendant::saml:AttributeStatement/saml:Attribute"):
        found = attribute(item, "Name")
        yield verdict(found.lower() in _KNOWN, view.at(item) + "/@Name", found, "VIHF")


@check(
    "VIHF-SECTOR-KNOWN",
    on=ANY,
    side="request",
    group=VIHF,
    clause=f"{CLAUSE} ; JDV_J61",
    title=Text("Le secteur d'activité est un code de JDV_J61", "The sector of activity is a code of JDV_J61"),
    mend=Text("SA07^1.2.250.1.71.4.2.4…", "SA07^1.2.250.1.71.4.2.4…"),
    confidence="B",
    default="warning",
)
def sector_known(view: Judged) -> Iterator[Finding]:
    known = value_set("J61")
    for item in view.attribute_values("Secteur_Activite"):
        code, _, system = safexml.text(item).partition("^")
        yield verdict(known.contains(code, system), view.at(item), code, f"∈ JDV_J61 ({known.version})")


@check(
    "VIHF-SECOND-ROLE",
    on=ANY,
    side="request",
    group=VIHF,
    clause="VIHF, rôles : spécialité TRE_R01 d'un médecin, section TRE_G05 d'un pharmacien",
    title=Text(
        "Le second rôle est du système qui va avec la profession",
        "The second role is of the profession's system",
    ),
    mend=Text(
        "TRE_R01 pour un médecin, TRE_G05 pour un pharmacien",
        "TRE_R01 for a physician, TRE_G05 for a pharmacist",
    ),
    confidence="B",
    default="warning",
)
def second_role(view: Judged) -> Iterator[Finding]:
    roles = [one for value in view.attribute_values(ROLE) for one in nodes(value, "*[@code]")]
    if len(roles) > 1:
        wanted = _SECOND.get(attribute(roles[0], "code"))
        if wanted and attribute(roles[0], "codeSystem") == facts.OID_PROFESSIONS:
            found = attribute(roles[1], "codeSystem")
            yield verdict(found == wanted, view.at(roles[1]) + "/@codeSystem", found, wanted)


@check(
    "VIHF-REASON-ALONE",
    on=ANY,
    side="request",
    group=VIHF,
    clause="VIHF : Mode_Acces_Raison va avec bris_de_glace",
    title=Text(
        "Une raison d'accès ne vient qu'avec un bris de glace",
        "A reason comes with a break-glass access only",
    ),
    mend=Text("retirer Mode_Acces_Raison en accès normal", "remove Mode_Acces_Raison in normal access"),
    confidence="C",
    default="info",
)
def reason_alone(view: Judged) -> Iterator[Finding]:
    codes = [code for value in view.attribute_values(PURPOSE) for code in strings(value, "*/@code")]
    for item in view.attribute_values("Mode_Acces_Raison"):
        if safexml.text(item).strip():
            yield verdict("bris_de_glace" in codes, view.at(item), " ".join(codes), "bris_de_glace")


@check(
    "VIHF-NAME-FORMAT",
    on=ANY,
    side="request",
    group=VIHF,
    clause="VIHF : NameFormat n'est jamais donné",
    title=Text(
        "Les attributs du VIHF n'ont pas de NameFormat", "The attributes of the VIHF have no NameFormat"
    ),
    mend=Text("retirer NameFormat", "remove NameFormat"),
    confidence="C",
    default="info",
)
def name_format(view: Judged) -> Iterator[Finding]:
    held = view.nodes("descendant::saml:AttributeStatement/saml:Attribute")
    for item in held:
        found = attribute(item, "NameFormat")
        yield verdict(not found, view.at(item) + "/@NameFormat", found, "–")


@check(
    "VIHF-INSTANTS",
    on=ANY,
    side="request",
    group=VIHF,
    clause="SAML 2.0 §2.5.1 : NotBefore, émission, NotOnOrAfter",
    title=Text(
        "L'assertion est émise dans sa fenêtre de validité", "The assertion is issued within its validity"
    ),
    mend=Text("NotBefore ≤ IssueInstant < NotOnOrAfter", "NotBefore ≤ IssueInstant < NotOnOrAfter"),
    confidence="B",
    default="warning",
)
def instants(view: Judged) -> Iterator[Finding]:
    if view.assertion is None:
        return
    issued = instant(attribute(view.assertion, "IssueInstant"))
    for item in nodes(view.assertion, "saml:Conditions"):
        start, end = instant(attribute(item, "NotBefore")), instant(attribute(item, "NotOnOrAfter"))
        if issued and (start or end):
            good = (start is None or start <= issued) and (end is None or issued < end)
            shown = f"{attribute(item, 'NotBefore')} … {attribute(item, 'NotOnOrAfter')}"
            yield verdict(good, view.at(item), attribute(view.assertion, "IssueInstant"), shown)


@check(
    "VIHF-HOLDER",
    on=ANY,
    side="request",
    group=VIHF,
    clause="authentification directe : le certificat de signature est celui de la carte de l'utilisateur",
    title=Text(
        "En mode direct, le certificat du VIHF est celui de l'utilisateur",
        "In direct mode, the VIHF's certificate is the user's",
    ),
    mend=Text(
        "signer avec la carte de l'utilisateur nommé par NameID",
        "sign with the card of the user that NameID names",
    ),
    confidence="C",
    default="warning",
)
def holder(view: Judged) -> Iterator[Finding]:
    signature = None if view.assertion is None else first(view.assertion, "ds:Signature")
    mode = view.vihf("Authentification_mode")
    if signature is None or view.assertion is None or mode != "DIRECTE":
        return
    user = string(view.assertion, "saml:Subject/saml:NameID").strip()
    certificate = signer(signature)
    if certificate is not None and user:
        found = _common_name(certificate)
        yield verdict(user in found or found in user, view.at(signature), found, user)


@check(
    "VIHF-SAME-HOLDER",
    on=ANY,
    side="request",
    group=VIHF,
    clause="mêmes porteurs pour la connexion et pour la signature",
    title=Text(
        "Connexion et signature sont du même porteur", "Connection and signature have the same holder"
    ),
    mend=Text(
        "une même carte, ou les deux certificats d'une même structure",
        "one card, or both certificates of one structure",
    ),
    confidence="C",
    default="warning",
)
def same_holder(view: Judged) -> Iterator[Finding]:
    signature = None if view.assertion is None else first(view.assertion, "ds:Signature")
    tls = view.exchange.tls
    if signature is None or tls is None or not tls.certificate:
        return
    signing, client = signer(signature), read_certificate(tls.certificate)
    if signing is None or client is None:
        return
    one, other = _holder(client), _holder(signing)
    yield verdict(one == other, view.at(signature), other, one)


def _common_name(certificate: x509.Certificate) -> str:
    found = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else ""


def _holder(certificate: x509.Certificate) -> str:
    """What a subject says of its holder: its organisational units, or its common name for a card."""
    units = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
    return " ".join(str(one.value) for one in units) or _common_name(certificate)
