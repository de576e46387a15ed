"""Explains to a non-expert what a finding means: the cause behind an error code, and what to do about it.

Rules of the oracle carry their own clause, requirements and remedy; an expectation that failed gets those of the
error that the platform answered. Nothing is judged here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from harness import expectation_words
from harness.checks import api
from harness.checks.rule import Finding
from protocol import catalogue
from protocol.errors import NO_TEXT, DmpcompatError, Text

_NUMBER: Final = Text(
    "comparer software.number de la campagne (ou la variable qu'il désigne) au numéro reçu pour cette famille de "
    "produits ; sur le simulateur, prendre un numéro de test (TEST-OK-1) ou éteindre la règle HN-… dans la session",
    "compare software.number of the campaign (or the variable it names) with the number received for this product "
    "family; on the mock, take a test number (TEST-OK-1) or turn the HN-… rule off in the session",
)
_PRODUCT: Final = Text(
    "déclarer le nom et la version sous lesquels le produit a été enregistré (LPS_Nom, LPS_Version : software.name et "
    "software.version de la campagne)",
    "declare the name and version under which the product was recorded (LPS_Nom, LPS_Version: software.name and "
    "software.version of the campaign)",
)
_CERTIFICATE: Final = Text(
    "signer le VIHF avec le certificat de signature (non celui d'authentification), dans ses dates, et vérifier avec "
    "dmpcompat doctor",
    "sign the VIHF with the signature certificate (not the authentication one), inside its dates, and check with "
    "dmpcompat doctor",
)
_DIRECTORY: Final = Text(
    "faire concorder certificat, VIHF et annuaire : structure, professionnel, patient",
    "make certificate, VIHF and directory agree: structure, professional, patient",
)
_MENDS: Final[Mapping[str, Text]] = {
    "MockHomologationAbsent": Text(
        "écrire le numéro dans l'attribut LPS_ID_HOMOLOGATION_DMP du VIHF (software.number de la campagne)",
        "write the number in the attribute LPS_ID_HOMOLOGATION_DMP of the VIHF (software.number of the campaign)",
    ),
    "MockHomologationUnknown": _NUMBER,
    "MockHomologationOtherFamily": _PRODUCT,
    "MockHomologationVersion": _PRODUCT,
    "MockHomologationSuspended": _NUMBER,
    "MockHomologationRevoked": _NUMBER,
    "MockHomologationTemporary": _NUMBER,
    "MockHomologationStale": Text(
        "publier une liste de statuts à jour (dmpcompat register export), puis la donner à la plateforme",
        "publish a status list of now (dmpcompat register export), then give it to the platform",
    ),
    "MockHomologationProfile": Text(
        "ne déclarer que les profils homologués (profiles de la campagne), ou étendre l'homologation",
        "declare homologated profiles only (profiles of the campaign), or extend the homologation",
    ),
    "DMPInvalidCertificate": _CERTIFICATE,
    "MockVihfSignature": _CERTIFICATE,
    "MockVihfExpired": Text(
        "mettre la machine à l'heure (NTP) et produire le VIHF au moment de l'appel",
        "set the clock of the machine (NTP) and make the VIHF at the time of the call",
    ),
    "MockStructureMismatch": _DIRECTORY,
    "MockCertificateMismatch": _DIRECTORY,
    "MockPatientMismatch": _DIRECTORY,
    "MockNotLinked": _DIRECTORY,
    "MockUnknownStructure": _DIRECTORY,
    "MockUnknownProfessional": _DIRECTORY,
}
_CODE: Final = re.compile(r"[A-Za-z][\w:]*")


@dataclass(frozen=True)
class Explanation:
    """`title` says what was looked at, `cause` what an error code means (empty without one), `mend` what to do."""

    title: Text
    cause: Text
    mend: Text
    clause: str
    requirements: tuple[str, ...]


def explanation(finding: Finding) -> Explanation:
    """What is known of a finding beyond its data."""
    title = expectation_words.title(finding.rule)
    if finding.rule.startswith(expectation_words.PREFIX):
        code = _answered(finding)
        cause = catalogue.entries()[code].text if code else NO_TEXT
        return Explanation(title, cause, _MENDS.get(code, NO_TEXT), "", ())
    try:
        rule = api.rule(finding.rule)
    except DmpcompatError:  # judged by rules of another version: its own data still stand
        return Explanation(title, NO_TEXT, NO_TEXT, "", ())
    return Explanation(title, NO_TEXT, rule.mend, rule.clause, tuple(rule.requirements))


def _answered(finding: Finding) -> str:
    """The first code of the catalogue in what was found, "" when there is none or the finding is no failure."""
    if finding.status == "PASS":
        return ""
    known = catalogue.entries()
    for word in _CODE.findall(finding.found):
        for code in (word, word.rpartition(":")[2]):
            if code in known and code != "DMPOk":
                return str(code)
    return ""
