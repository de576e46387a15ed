"""Writes the VIHF: the SAML 2.0 assertion that says who asks, for which patient, with which software.

Direct, indirect and reinforced indirect modes. Signing is done in sign.py; leaving things out or lying is
done by alterations. Source: interface guide, VIHF; IHE XUA.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from lxml import etree

from harness.drive import bind
from harness.drive.clock import saml_instant
from harness.drive.identity import Identity, Mode, signer_name
from harness.drive.lps import Lps
from harness.drive.subject import Subject
from protocol.coded import Coded
from protocol.errors import Text, UsageError
from protocol.facts import OID_ACCESS_MODES

_AUTHN: Final[Mapping[Mode, str]] = {
    "DIRECTE": "urn:oasis:names:tc:SAML:2.0:ac:classes:SmartcardPKI",
    "INDIRECTE": "urn:oasis:names:tc:SAML:2.0:ac:classes:Password",
    "INDIRECTE_RENFORCEE": "urn:oasis:names:tc:SAML:2.0:ac:classes:Password",
}
_ACCESS: Final[Mapping[str, str]] = {
    "normal": "Accès normal",
    "bris_de_glace": "Accès en bris de glace",
    "centre_15": "Accès par un centre de régulation médicale",
}
_LIFETIME: Final = timedelta(minutes=5)
_ROLE_PREFIX: Final = "urn:oasis:names:tc:xspa:1.0:"
CONFIDENTIALITY: Final = f"{_ROLE_PREFIX}resource:patient:hl7:confidentiality-code"
RESOURCE: Final = "urn:oasis:names:tc:xacml:2.0:resource:resource-id"
SUBJECT_NAME: Final = f"{_ROLE_PREFIX}subject:subject-id"


@dataclass(frozen=True)
class Claims:
    """What the assertion claims beside the identity: `access` is normal, bris_de_glace or centre_15.

    `conditions` False leaves the optional window of validity out; `version` is VIHF_Version.
    """

    assertion_id: str
    at: datetime
    subject: Subject | None
    access: str = "normal"
    reason: str = ""
    secret: bool = False
    version: str = "3.0"
    conditions: bool = True


def write(identity: Identity, lps: Lps, claims: Claims) -> etree._Element:
    """The assertion, not signed yet. Raises UsageError for an unknown access mode."""
    if claims.access not in _ACCESS:
        raise UsageError(
            "VIHF-W-001",
            Text("mode d'accès inconnu", "unknown access mode"),
            field="access",
            found=claims.access,
            expected=" | ".join(_ACCESS),
        )
    moment = saml_instant(claims.at)
    scope = {
        "id": claims.assertion_id,
        "issue_instant": moment,
        "issuer": signer_name(identity.sign.certificate),
        "name_id": identity.user.ps_id,
        "not_before": moment,
        "not_on_or_after": saml_instant(claims.at + _LIFETIME) if claims.conditions else "",
        "authn_instant": moment,
        "authn_class": _AUTHN[identity.mode],
        "authn_decl": "APP_BROWSER_AUTH" if identity.mode == "INDIRECTE_RENFORCEE" else "",
        "before_roles": _before_roles(identity, claims),
        "roles": _roles(identity),
        "access": Coded(claims.access, OID_ACCESS_MODES, _ACCESS[claims.access]),
        "after_roles": _after_roles(lps, claims),
    }
    return bind.fill("vihf", scope, keep_prefixes=("xsi",))


def _roles(identity: Identity) -> list[dict[str, str]]:
    user = identity.user
    held = [user.role] if user.specialty is None else [user.role, user.specialty]
    return [{"code": role.code, "system": role.system, "label": role.label} for role in held]


def _before_roles(identity: Identity, claims: Claims) -> list[dict[str, str]]:
    sector = identity.structure.sector
    return _attributes(
        ("VIHF_Version", claims.version),
        ("Identifiant_Structure", identity.structure.struct_id),
        ("Secteur_Activite", f"{sector.code}^{sector.system}"),
        ("Authentification_mode", identity.mode),
        (SUBJECT_NAME, f"{identity.user.given} {identity.user.family}"),
    )


def _after_roles(lps: Lps, claims: Claims) -> list[dict[str, str]]:
    return _attributes(
        (RESOURCE, claims.subject.cx if claims.subject else ""),
        ("Ressource_URN", "urn:dmp"),
        ("Mode_Acces_Raison", claims.reason),
        (CONFIDENTIALITY, "INVISIBLE_REPRESENTANTS_LEGAUX" if claims.secret else ""),
        ("LPS_ID", lps.lps_id),
        ("LPS_Nom", lps.name),
        ("LPS_Version", lps.version),
        ("LPS_ID_HOMOLOGATION_DMP", lps.wire_number),
    )


def _attributes(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs if value]
