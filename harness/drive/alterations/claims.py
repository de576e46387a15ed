"""Defects of what the VIHF claims: user, structure, role, access mode."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from harness.drive import vihf
from harness.drive.alterations import pick
from harness.drive.alterations.registry import alteration
from harness.drive.draft import Draft
from harness.drive.identity import professional, structure_of
from protocol import directory

#: A Struct_IdNat of the test range that the directory does not have.
UNKNOWN_STRUCTURE = "1990009995"


@alteration(
    "no-specialty",
    stage="params",
    fr="médecin sans spécialité dans le VIHF",
    en="physician without a specialty in the VIHF",
)
def no_specialty(draft: Draft) -> None:
    draft.identity = replace(draft.identity, user=replace(draft.identity.user, specialty=None))


@alteration("no-role", stage="vihf", fr="aucun rôle dans le VIHF", en="no role in the VIHF")
def no_role(draft: Draft) -> None:
    path = ".//saml:Attribute[@Name='urn:oasis:names:tc:xacml:2.0:subject:role']"
    pick.drop(pick.first(draft.tree("assertion"), path))


@alteration(
    "unknown-role",
    stage="params",
    fr="profession absente du jeu de valeurs",
    en="profession out of its value set",
)
def unknown_role(draft: Draft) -> None:
    user = draft.identity.user
    draft.identity = replace(
        draft.identity, user=replace(user, role=replace(user.role, code="999"), specialty=None)
    )


@alteration(
    "other-structure",
    stage="params",
    fr="structure connue, mais qui n'est pas celle du certificat",
    en="structure that is known but is not that of the certificate",
)
def other_structure(draft: Draft) -> None:
    _structure(draft, "cabinet" if draft.identity.structure.key != "cabinet" else "hopital")


@alteration(
    "unknown-structure",
    stage="params",
    fr="structure absente de l'annuaire",
    en="structure that the directory does not have",
)
def unknown_structure(draft: Draft) -> None:
    other = replace(draft.identity.structure, key="inconnue", struct_id=UNKNOWN_STRUCTURE)
    draft.identity = replace(draft.identity, structure=other)


@alteration(
    "inactive-structure", stage="params", fr="structure fermée dans l'annuaire", en="structure that is closed"
)
def inactive_structure(draft: Draft) -> None:
    _structure(draft, "structure-inactive")


@alteration(
    "not-linked",
    stage="params",
    fr="professionnel et structure connus, mais non liés",
    en="professional and structure both known, but not linked",
)
def not_linked(draft: Draft) -> None:
    # A card fixes its user and an organisation certificate its structure: the other one moves.
    identity = draft.identity
    if identity.mode == "DIRECTE":
        far = _far(directory.structures(), identity.user.structures)
        draft.identity = replace(identity, structure=structure_of(far))
        return
    stranger = next(
        user
        for user in directory.professionals().values()
        if identity.structure.key not in user.structures and user.role.code == identity.user.role.code
    )
    draft.identity = replace(identity, user=professional(stranger.key))


@alteration("no-structure", stage="vihf", fr="VIHF sans Identifiant_Structure", en="VIHF without a structure")
def no_structure(draft: Draft) -> None:
    pick.drop(pick.first(draft.tree("assertion"), ".//saml:Attribute[@Name='Identifiant_Structure']"))


@alteration(
    "wrong-issuer",
    stage="vihf",
    fr="émetteur du VIHF différent du sujet du certificat",
    en="issuer of the VIHF differs from the subject of the certificate",
)
def wrong_issuer(draft: Draft) -> None:
    pick.first(draft.tree("assertion"), "saml:Issuer").text = "CN=QUELQU'UN D'AUTRE,O=AILLEURS,C=FR"


@alteration("unknown-vihf-version", stage="params", fr="VIHF_Version inconnue", en="unknown VIHF_Version")
def unknown_version(draft: Draft) -> None:
    draft.params["vihf_version"] = "9.9"


@alteration("no-lps-name", stage="vihf", fr="VIHF sans LPS_Nom", en="VIHF without the name of the software")
def no_lps_name(draft: Draft) -> None:
    pick.drop(pick.first(draft.tree("assertion"), ".//saml:Attribute[@Name='LPS_Nom']"))


@alteration(
    "other-lps-version",
    stage="params",
    fr="version de logiciel non déclarée",
    en="version of the software that was not declared",
)
def other_version(draft: Draft) -> None:
    draft.lps = replace(draft.lps, version="0.0.0-inconnue")


@alteration(
    "access-centre-15", stage="params", fr="accès en mode centre de régulation", en="access as centre_15"
)
def centre_15(draft: Draft) -> None:
    draft.params["access"] = "centre_15"


@alteration(
    "access-bris-de-glace",
    stage="params",
    fr="accès en bris de glace, raison donnée",
    en="emergency access with its reason",
)
def bris_de_glace(draft: Draft) -> None:
    draft.params["access"] = "bris_de_glace"
    draft.params["access_reason"] = "Patient inconscient, risque immédiat (essai)"


@alteration(
    "bris-de-glace-without-reason",
    stage="params",
    fr="accès en bris de glace sans raison",
    en="emergency access without a reason",
)
def without_reason(draft: Draft) -> None:
    draft.params["access"] = "bris_de_glace"
    draft.params["access_reason"] = ""


@alteration("unknown-access-mode", stage="vihf", fr="mode d'accès inconnu", en="unknown access mode")
def unknown_access(draft: Draft) -> None:
    purpose = pick.first(draft.tree("assertion"), ".//hl7:PurposeOfUse")
    purpose.set("code", "curiosite")


@alteration(
    "unknown-authentication-mode",
    stage="vihf",
    fr="Authentification_mode hors de l'énumération",
    en="Authentification_mode out of its enumeration",
)
def unknown_mode(draft: Draft) -> None:
    pick.value_of(draft.tree("assertion"), "Authentification_mode").text = "PAR_PIGEON"


@alteration("no-resource", stage="vihf", fr="VIHF sans patient (resource-id)", en="VIHF without a patient")
def no_resource(draft: Draft) -> None:
    pick.drop(pick.first(draft.tree("assertion"), f".//saml:Attribute[@Name='{vihf.RESOURCE}']"))


def _structure(draft: Draft, key: str) -> None:
    draft.identity = replace(draft.identity, structure=structure_of(key))


def _far(keys: Iterable[str], linked: Iterable[str]) -> str:
    near = set(linked)
    return next(key for key in keys if key not in near and directory.structures()[key].active)
