"""Defects of the signature of the VIHF, and of the number of assertions."""

from __future__ import annotations

import base64
import copy

from lxml import etree

from harness.drive import sign
from harness.drive.alterations import pick
from harness.drive.alterations.registry import alteration
from harness.drive.draft import Draft
from harness.drive.identity import signer_name
from protocol.facts import DS, SAML, WSSE


@alteration(
    "signed-with-auth-certificate",
    stage="vihf",
    fr="VIHF signé par le certificat d'authentification au lieu de celui de signature",
    en="VIHF signed with the authentication certificate instead of the signature one",
)
def signed_with_auth(draft: Draft) -> None:
    # The Issuer follows, so that the kind of certificate is the only thing wrong.
    draft.signing.pair = draft.identity.tls
    pick.first(draft.tree("assertion"), "saml:Issuer").text = signer_name(draft.identity.tls.certificate)


@alteration("unsigned", stage="vihf", fr="VIHF sans signature", en="VIHF without a signature")
def unsigned(draft: Draft) -> None:
    draft.signing.pair = None


@alteration(
    "attribute-altered-after-signature",
    stage="assertion",
    fr="identifiant du professionnel changé après la signature du VIHF",
    en="identifier of the professional changed after the VIHF was signed",
)
def altered_after(draft: Draft) -> None:
    name = pick.first(draft.tree("assertion"), "saml:Subject/saml:NameID")
    name.text = _other(name.text or "")


@alteration(
    "comment-in-name-id",
    stage="vihf",
    fr="commentaire XML au milieu de l'identifiant du professionnel (signature juste)",
    en="XML comment in the middle of the professional's identifier (good signature)",
)
def comment_in_name(draft: Draft) -> None:
    name = pick.first(draft.tree("assertion"), "saml:Subject/saml:NameID")
    whole = name.text or ""
    comment = etree.Comment(" ")
    comment.tail = whole[4:]
    name.text = whole[:4]
    name.append(comment)


@alteration(
    "signature-value-corrupted",
    stage="assertion",
    fr="valeur de signature fausse",
    en="wrong signature value",
)
def value_corrupted(draft: Draft) -> None:
    value = pick.first(draft.tree("assertion"), "ds:Signature/ds:SignatureValue")
    octets = bytearray(base64.b64decode(value.text or ""))
    octets[-1] ^= 1
    value.text = base64.b64encode(bytes(octets)).decode("ascii")


@alteration(
    "signature-covers-nothing",
    stage="assertion",
    fr="signature du VIHF dont la référence désigne un élément absent",
    en="signature of the VIHF whose reference leads nowhere",
)
def dangling_reference(draft: Draft) -> None:
    signature = pick.first(draft.tree("assertion"), "ds:Signature")
    pick.first(signature, ".//ds:Reference").set("URI", "#absent")
    pair = draft.signing.pair
    if pair is not None:
        sign.seal(signature, pair.key, sign.exclusive(signature[0]), draft.signing.hash_name)


@alteration(
    "signature-wrapped-sibling",
    stage="envelope",
    fr="enveloppement de signature : assertion forgée devant, la vraie déplacée ailleurs dans l'en-tête",
    en="signature wrapping: forged assertion in front, signed assertion moved to another header",
)
def wrapped_sibling(draft: Draft) -> None:
    genuine, forged = _forge(draft)
    header = pick.first(draft.tree("envelope"), "soap:Header")
    signature = pick.first(genuine, "ds:Signature")
    forged.insert(1, signature)
    shelter = etree.SubElement(header, "{urn:dmpcompat:wrap}Shelter", nsmap={"w": "urn:dmpcompat:wrap"})
    shelter.append(genuine)


@alteration(
    "signature-wrapped-object",
    stage="envelope",
    fr="enveloppement de signature : assertion signée cachée dans un ds:Object de l'assertion forgée",
    en="signature wrapping: signed assertion hidden in a ds:Object of the forged one",
)
def wrapped_object(draft: Draft) -> None:
    genuine, forged = _forge(draft)
    signature = pick.first(genuine, "ds:Signature")
    forged.insert(1, signature)
    etree.SubElement(signature, f"{{{DS}}}Object").append(genuine)


@alteration(
    "two-assertions",
    stage="envelope",
    fr="deux assertions dans l'en-tête de sécurité",
    en="two assertions in the security header",
)
def two_assertions(draft: Draft) -> None:
    security = pick.first(draft.tree("envelope"), "//wsse:Security")
    security.append(copy.deepcopy(pick.first(security, "saml:Assertion")))


@alteration("no-assertion", stage="envelope", fr="en-tête de sécurité vide", en="empty security header")
def no_assertion(draft: Draft) -> None:
    pick.drop(pick.first(draft.tree("envelope"), "//wsse:Security/saml:Assertion"))


@alteration("no-security", stage="envelope", fr="aucun en-tête de sécurité", en="no security header")
def no_security(draft: Draft) -> None:
    pick.drop(pick.first(draft.tree("envelope"), f"//*[namespace-uri()='{WSSE}'][local-name()='Security']"))


def _forge(draft: Draft) -> tuple[etree._Element, etree._Element]:
    """The genuine assertion, taken out, and in its place a forged one that names somebody else."""
    genuine = pick.first(draft.tree("envelope"), "//wsse:Security/saml:Assertion")
    pick.first(genuine, "ds:Signature")
    forged = copy.deepcopy(genuine)
    pick.drop(pick.first(forged, "ds:Signature"))
    forged.set("ID", f"_{draft.ids.uuid()}")
    name = pick.first(forged, "saml:Subject/saml:NameID")
    name.text = _other(name.text or "")
    security = genuine.getparent()
    if security is None:
        raise ValueError(f"an Assertion of {SAML} stands in a Security header")
    security.replace(genuine, forged)
    return genuine, forged


def _other(identifier: str) -> str:
    """The identifier of somebody else: its last digit moved on."""
    last = identifier[-1:]
    return identifier[:-1] + (str((int(last) + 1) % 10) if last.isdecimal() else "9")
