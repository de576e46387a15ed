"""Defects that are missing controls: the platform serves what it must refuse. Each is a few settings."""

from __future__ import annotations

from mock_dmp.defects.api import lenient
from protocol.errors import Text

_SIGNATURE = (
    "VIHF-SIGNED-INDIRECT",
    "VIHF-SIGNED-DIRECT",
    "VIHF-SIGNATURE",
    "VIHF-CERT-KIND",
    "VIHF-CERT-TRUST",
    "VIHF-CERT-DATES",
    "VIHF-CERT-REVOKED",
    "VIHF-ISSUER",
    "VIHF-STRUCTURE-CERT",
)
_REFUSED = ("EXPECT-FAULT", "EXPECT-SUCCESS", "EXPECT-ERROR", "EXPECT-EBXML")

lenient(
    "expired-vihf-accepted",
    text=Text("Un VIHF trop vieux est accepté", "A VIHF that is too old is accepted"),
    caught_by=_REFUSED,
    settings={"VIHF-FRESHNESS": "off"},
)
lenient(
    "replayed-vihf-accepted",
    text=Text("Un VIHF déjà employé est accepté", "A VIHF that was used before is accepted"),
    caught_by=_REFUSED,
    settings={"VIHF-REPLAY": "off"},
)
lenient(
    "unsigned-vihf-accepted",
    text=Text("Un VIHF sans signature, ou altéré, est accepté", "An unsigned or altered VIHF is accepted"),
    caught_by=_REFUSED,
    settings=dict.fromkeys(
        (
            "VIHF-SIGNED-INDIRECT",
            "VIHF-SIGNED-DIRECT",
            "VIHF-SIGNATURE",
            "VIHF-CERT-KIND",
            "VIHF-CERT-TRUST",
            "VIHF-CERT-DATES",
            "VIHF-CERT-REVOKED",
            "VIHF-ISSUER",
            "VIHF-STRUCTURE-CERT",
        ),
        "off",
    ),
)
lenient(
    "wrong-ca-accepted",
    text=Text(
        "Un certificat de signature d'une autorité inconnue est accepté",
        "A signature certificate of an unknown authority is accepted",
    ),
    caught_by=_REFUSED,
    settings={"VIHF-CERT-TRUST": "off"},
)
lenient(
    "revoked-certificate-accepted",
    text=Text(
        "Un certificat de signature révoqué est accepté", "A revoked signature certificate is accepted"
    ),
    caught_by=_REFUSED,
    settings={"VIHF-CERT-REVOKED": "off"},
)
lenient(
    "authentication-certificate-accepted",
    text=Text(
        "Un VIHF signé par le certificat d'authentification est accepté",
        "A VIHF signed by the authentication certificate is accepted",
    ),
    caught_by=_REFUSED,
    settings={"VIHF-CERT-KIND": "off"},
)
lenient(
    "unknown-number-accepted",
    text=Text("Un numéro d'homologation inconnu est accepté", "An unknown homologation number is accepted"),
    caught_by=_REFUSED,
    settings=dict.fromkeys(("HN-UNKNOWN", "HN-FAMILY", "HN-PROFILE", "HN-VERSION"), "off"),
)
lenient(
    "closed-dmp-served",
    text=Text("Un DMP fermé est servi", "A closed DMP is served"),
    caught_by=_REFUSED,
    settings={"DMP-STATE": "off"},
)
lenient(
    "blocked-professional-served",
    text=Text(
        "Un professionnel bloqué par le patient est servi",
        "A professional whom the patient blocked is served",
    ),
    caught_by=_REFUSED,
    settings={"RIGHTS-BLOCKED": "off", "RIGHTS-AUTHORISATION": "off"},
)
lenient(
    "no-authorisation-served",
    text=Text(
        "Un professionnel sans autorisation est servi", "A professional without authorisation is served"
    ),
    caught_by=_REFUSED,
    settings={"RIGHTS-AUTHORISATION": "off"},
)
lenient(
    "matrix-ignored",
    text=Text("La matrice des droits n'est pas appliquée", "The matrix of rights is not applied"),
    caught_by=_REFUSED,
    settings={"RIGHTS-MATRIX": "off", "RIGHTS-ACCESS-MODE": "off", "RIGHTS-AUTHORISATION": "off"},
)
lenient(
    "wrong-hash-accepted",
    text=Text(
        "Une empreinte ou une taille fausse est acceptée au dépôt",
        "A wrong hash or size is accepted when feeding",
    ),
    caught_by=_REFUSED,
    settings={"XDS-HASH": "off", "XDS-SIZE": "off"},
)
lenient(
    "foreign-code-accepted",
    text=Text("Un code hors de son jeu de valeurs est accepté", "A code outside its value set is accepted"),
    caught_by=_REFUSED,
    settings={"XDS-VALUE-SETS": "off", "XDS-CLASS-OF-TYPE": "off"},
)
lenient(
    "unsigned-set-accepted",
    text=Text(
        "Un lot sans document de signature est accepté", "A set without signature document is accepted"
    ),
    caught_by=_REFUSED,
    settings={
        "XDS-SIGNATURE-REQUIRED": "off",
        "XDS-SIGNATURE-MANIFEST": "off",
        "XDS-SIGNATURE-CRYPTO": "off",
    },
)
lenient(
    "obsolete-replaced",
    text=Text("Un document obsolète peut être remplacé", "An obsolete document can be replaced"),
    caught_by=_REFUSED,
    settings={"XDS-REPLACE-TARGET": "off"},
)
