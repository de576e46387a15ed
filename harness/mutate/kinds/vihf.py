"""Mutations of the VIHF: the assertion, its signature, its attributes. Nothing is signed again."""

from __future__ import annotations

from typing import Final

from lxml import etree

from harness.mutate.edits import add, comment_in, drop, each, first_of, put, rename, select, shape, twin
from harness.mutate.registry import mutator

REQUEST: Final = "request"
_ON: Final = ("TD0.2", "TD0.3", "TD2.1", "TD3.1")
_VIHF: Final = "/soap:Envelope/soap:Header/wsse:Security/saml:Assertion"
_ROLE: Final = "urn:oasis:names:tc:xacml:2.0:subject:role"
_SUBJECT: Final = "urn:oasis:names:tc:xspa:1.0:subject:subject-id"
_PURPOSE: Final = "urn:oasis:names:tc:xspa:1.0:subject:purposeofuse"
_PATIENT: Final = "urn:oasis:names:tc:xacml:2.0:resource:resource-id"
_SECRET: Final = "urn:oasis:names:tc:xspa:1.0:resource:patient:hl7:confidentiality-code"  # noqa: S105 - the name of an attribute
_SIGNED: Final = f"{_VIHF}/ds:Signature/ds:SignedInfo"


def _of(name: str) -> str:
    return f"{_VIHF}/saml:AttributeStatement/saml:Attribute[@Name='{name}']"


def _value(name: str) -> str:
    return f"{_of(name)}/saml:AttributeValue"


for _name, _other in (
    ("VIHF_Version", "VIHF-VERSION"),
    ("Identifiant_Structure", "VIHF-STRUCTURE"),
    ("Secteur_Activite", "VIHF-SECTOR"),
    ("LPS_ID_HOMOLOGATION_DMP", "NUM-PRESENT"),
    ("LPS_Nom", "NUM-NAME"),
    ("LPS_Version", "NUM-VERSION"),
    ("Ressource_URN", "VIHF-URN"),
):
    mutator(f"vihf-no-{_name}", over=REQUEST, on=_ON, breaks="VIHF-ATTRIBUTES")(drop(_of(_name)))
    mutator(f"vihf-empty-{_name}", over=REQUEST, on=_ON, breaks=("VIHF-ATTRIBUTES", _other))(
        put(_value(_name), "")
    )

mutator("vihf-attribute-twice", over=REQUEST, on=_ON, breaks="VIHF-ATTRIBUTE-ONCE")(twin(_of("VIHF_Version")))
mutator("vihf-attribute-other-case", over=REQUEST, on=_ON, breaks="VIHF-ATTRIBUTE-ONCE")(
    each(twin(_of("LPS_Nom")), put(f"({_of('LPS_Nom')})[2]/@Name", "lps_nom"))
)
mutator("vihf-version-other", over=REQUEST, on=_ON, breaks="VIHF-VERSION")(put(_value("VIHF_Version"), "2.0"))
mutator("vihf-structure-short", over=REQUEST, on=_ON, breaks="VIHF-STRUCTURE")(
    put(_value("Identifiant_Structure"), "19")
)
mutator("vihf-sector-no-oid", over=REQUEST, on=_ON, breaks="VIHF-SECTOR")(
    shape(_value("Secteur_Activite"), lambda value: value.partition("^")[0])
)
mutator("vihf-mode-unknown", over=REQUEST, on=_ON, breaks="VIHF-MODE")(
    put(_value("Authentification_mode"), "CPS")
)
mutator("vihf-subject-gone", over=REQUEST, on=_ON, breaks="VIHF-SUBJECT")(drop(_of(_SUBJECT)))
mutator("vihf-role-text", over=REQUEST, on=_ON, breaks="VIHF-ROLE")(
    each(drop(f"{_value(_ROLE)}/hl7:Role"), put(_value(_ROLE), "10"))
)
mutator("vihf-role-type", over=REQUEST, on=_ON, breaks="VIHF-ROLE")(
    put(f"{_value(_ROLE)}/hl7:Role/@xsi:type", "CD")
)
mutator("vihf-role-no-system", over=REQUEST, on=_ON, breaks="VIHF-ROLE")(
    drop(f"{_value(_ROLE)}/hl7:Role/@codeSystem")
)
mutator("vihf-role-unknown", over=REQUEST, on=_ON, breaks="VIHF-ROLE-KNOWN")(
    put(f"{_value(_ROLE)}/hl7:Role/@code", "999")
)
mutator("vihf-specialty-gone", over=REQUEST, on=_ON, breaks="VIHF-SPECIALTY")(
    drop(f"{_value(_ROLE)}[hl7:Role/@codeSystem='1.2.250.1.71.4.2.5']")
)
mutator("vihf-urn-other", over=REQUEST, on=_ON, breaks="VIHF-URN")(put(_value("Ressource_URN"), "urn:mes"))
mutator("vihf-purpose-unknown", over=REQUEST, on=_ON, breaks="VIHF-PURPOSE")(
    put(f"{_value(_PURPOSE)}/hl7:PurposeOfUse/@code", "urgence")
)
mutator("vihf-purpose-gone", over=REQUEST, on=_ON, breaks=("VIHF-PURPOSE", "VIHF-ATTRIBUTES"))(
    drop(f"{_value(_PURPOSE)}/hl7:PurposeOfUse")
)
mutator("vihf-break-glass-no-reason", over=REQUEST, on=_ON, breaks="VIHF-REASON")(
    put(f"{_value(_PURPOSE)}/hl7:PurposeOfUse/@code", "bris_de_glace")
)
mutator("vihf-secret-other", over=REQUEST, on=_ON, breaks="VIHF-SECRET")(
    add(
        f"{_VIHF}/saml:AttributeStatement",
        f'<saml:Attribute Name="{_SECRET}"><saml:AttributeValue>SECRET</saml:AttributeValue></saml:Attribute>',
    )
)
mutator("vihf-saml-1", over=REQUEST, on=_ON, breaks="VIHF-SAML")(put(f"{_VIHF}/@Version", "1.1"))
mutator("vihf-id-digit", over=REQUEST, on=_ON, breaks=("VIHF-SAML", "SIG-REFERENCE"))(
    put(f"{_VIHF}/@ID", "1a")
)
mutator("vihf-no-subject", over=REQUEST, on=_ON, breaks=("VIHF-ORDER", "VIHF-NAME-ID"))(
    drop(f"{_VIHF}/saml:Subject")
)
mutator("vihf-disordered", over=REQUEST, on=_ON, breaks=("VIHF-ORDER", "XSD-VIHF"))(
    first_of(f"{_VIHF}/saml:Subject")
)
mutator("vihf-issued-local", over=REQUEST, on=_ON, breaks="VIHF-ISSUE-INSTANT")(
    shape(f"{_VIHF}/@IssueInstant", lambda value: value.replace("Z", "+01:00"))
)
mutator("vihf-old", over=REQUEST, on=_ON, breaks="VIHF-FRESH")(
    put(f"{_VIHF}/@IssueInstant", "2020-01-01T00:00:00Z")
)
mutator("vihf-conditions-over", over=REQUEST, on=_ON, breaks="VIHF-CONDITIONS")(
    put(f"{_VIHF}/saml:Conditions/@NotOnOrAfter", "2020-01-01T00:00:00Z")
)
mutator("vihf-conditions-audience", over=REQUEST, on=_ON, breaks="VIHF-CONDITIONS")(
    add(
        f"{_VIHF}/saml:Conditions",
        "<saml:AudienceRestriction><saml:Audience>urn:x</saml:Audience></saml:AudienceRestriction>",
    )
)
mutator("vihf-issuer-format", over=REQUEST, on=_ON, breaks="VIHF-ISSUER-FORMAT")(
    drop(f"{_VIHF}/saml:Issuer/@Format")
)
mutator("vihf-issuer-other", over=REQUEST, on=_ON, breaks="SIG-ISSUER")(
    put(f"{_VIHF}/saml:Issuer", "CN=AUTRE,OU=1990000010,O=AUTRE,ST=Test (00),C=FR")
)
mutator("vihf-issuer-reversed", over=REQUEST, on=_ON, breaks="SIG-ISSUER")(
    shape(f"{_VIHF}/saml:Issuer", lambda value: ",".join(reversed(value.split(","))))
)
mutator("vihf-name-id-short", over=REQUEST, on=_ON, breaks="VIHF-NAME-ID")(
    shape(f"{_VIHF}/saml:Subject/saml:NameID", lambda value: value[:4])
)
mutator("vihf-name-id-commented", over=REQUEST, on=_ON, breaks="VIHF-COMMENT")(
    comment_in(f"{_VIHF}/saml:Subject/saml:NameID")
)
mutator("vihf-value-commented", over=REQUEST, on=_ON, breaks="VIHF-COMMENT")(
    comment_in(_value("Identifiant_Structure"))
)
mutator("vihf-authn-future", over=REQUEST, on=_ON, breaks="VIHF-AUTHN")(
    put(f"{_VIHF}/saml:AuthnStatement/@AuthnInstant", "2999-01-01T00:00:00Z")
)
mutator("vihf-authn-class", over=REQUEST, on=_ON, breaks="VIHF-AUTHN")(
    put(f"{_VIHF}/saml:AuthnStatement/saml:AuthnContext/saml:AuthnContextClassRef", "password")
)
mutator("vihf-authn-decl", over=REQUEST, on=_ON, breaks="VIHF-AUTHN-DECL")(
    add(f"{_VIHF}/saml:AuthnStatement/saml:AuthnContext", "<saml:AuthnContextDecl>x</saml:AuthnContextDecl>")
)
mutator("vihf-number-other", over=REQUEST, on=_ON, breaks=("NUM-DECLARED", "EX_GEN-1490"))(
    put(_value("LPS_ID_HOMOLOGATION_DMP"), "OTHER-1")
)
mutator("vihf-product-other", over=REQUEST, on=_ON, breaks=("NUM-NAME", "EX_GEN-1180"))(
    put(_value("LPS_Nom"), "Autre")
)
mutator("vihf-release-other", over=REQUEST, on=_ON, breaks=("NUM-VERSION", "EX_GEN-1180"))(
    put(_value("LPS_Version"), "9.9.9")
)
mutator("vihf-patient-gone", over=REQUEST, on=("TD0.2", "TD2.1", "TD3.1"), breaks="INS-RESOURCE")(
    drop(_of(_PATIENT))
)
mutator("vihf-patient-form", over=REQUEST, on=("TD0.2", "TD2.1", "TD3.1"), breaks="INS-RESOURCE")(
    shape(_value(_PATIENT), lambda value: value.replace("^NH", ""))
)
mutator("vihf-patient-key", over=REQUEST, on=("TD0.2", "TD2.1", "TD3.1"), breaks=("INS-KEY", "INS-SAME"))(
    shape(_value(_PATIENT), lambda value: value[:13] + f"{(int(value[13:15]) + 1) % 97:02}" + value[15:])
)
mutator("vihf-patient-domain", over=REQUEST, on=("TD0.2", "TD2.1", "TD3.1"), breaks="INS-DOMAIN")(
    shape(_value(_PATIENT), lambda value: value.replace("1.2.250.1.213.1.4.10", "1.2.250.1.213.1.4.8"))
)
mutator("vihf-patient-other", over=REQUEST, on=("TD0.2", "TD2.1", "TD3.1"), breaks="INS-SAME")(
    shape(_value(_PATIENT), lambda value: "280056399910181" + value[15:])
)
mutator("vihf-unknown-child", over=REQUEST, on=_ON, breaks=("XSD-VIHF", "VIHF-ORDER"))(
    add(_VIHF, "<saml:Other/>")
)
mutator("vihf-statement-renamed", over=REQUEST, on=_ON, breaks=("VIHF-ORDER", "XSD-VIHF"))(
    rename(f"{_VIHF}/saml:AuthnStatement", "AuthStatement")
)
mutator("signature-gone", over=REQUEST, on=_ON, breaks="SIG-PRESENT")(drop(f"{_VIHF}/ds:Signature"))
mutator("signature-other-reference", over=REQUEST, on=_ON, breaks="SIG-REFERENCE")(
    put(f"{_SIGNED}/ds:Reference/@URI", "#other")
)
mutator("signature-no-transform", over=REQUEST, on=_ON, breaks="SIG-REFERENCE")(
    drop(f"{_SIGNED}/ds:Reference/ds:Transforms/ds:Transform")
)
mutator("signature-digest", over=REQUEST, on=_ON, breaks=("SIG-DIGEST", "SIG-VALUE"))(
    shape(f"{_SIGNED}/ds:Reference/ds:DigestValue", lambda value: value[::-1].lstrip("=") + "=")
)
mutator("signature-value", over=REQUEST, on=_ON, breaks="SIG-VALUE")(
    shape(f"{_VIHF}/ds:Signature/ds:SignatureValue", lambda value: value[4:8] + value[:4] + value[8:])
)
mutator("signature-value-commented", over=REQUEST, on=_ON, breaks=("SIG-VALUE", "VIHF-COMMENT"))(
    comment_in(f"{_VIHF}/ds:Signature/ds:SignatureValue")
)
mutator("signature-sha1", over=REQUEST, on=_ON, breaks="SIG-ALGORITHM")(
    put(f"{_SIGNED}/ds:SignatureMethod/@Algorithm", "http://www.w3.org/2000/09/xmldsig#rsa-sha1")
)
mutator("signed-then-changed", over=REQUEST, on=_ON, breaks="SIG-DIGEST")(
    shape(_value("LPS_ID"), lambda value: value + "x")
)
mutator("signed-id-twice", over=REQUEST, on=("TD0.2", "TD3.1"), breaks="SIG-REFERENCE")(
    lambda root, _: _same_id(root)
)


def _same_id(root: etree._Element) -> bool:
    """Another element of the message bears the ID that is signed."""
    found = select(root, _VIHF)
    for held in found:
        for body in select(root, "/soap:Envelope/soap:Body"):
            body.set("ID", held.get("ID", ""))
            return True
    return False
