"""Words of the attestation of a homologation, in the two languages, and the duties that it recalls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from protocol.errors import Lang, Text
from reports.paper.typography import prose
from reports.render.words import words as shared

_WORDS: Final[Mapping[str, Text]] = {
    "title": Text("Attestation d'homologation à la DMP-compatibilité", "Certificate of DMP compatibility"),
    "banner": Text(
        "Attestation de TEST — sans aucune valeur officielle.",
        "TEST certificate — without any official value.",
    ),
    "watermark": Text("TEST", "TEST"),
    "copy": Text(
        "Copie de lecture : seul le PDF scellé fait foi.",
        "Copy for reading: the sealed PDF alone is authentic.",
    ),
    "decided": Text("Décision du", "Decision of"),
    "CONFORM": Text("Conforme", "Conform"),
    "CONFORM_WITH_RESERVES": Text("Conforme avec réserves", "Conform with reserves"),
    "qr": Text(
        "Référence, résultat et empreinte, signés. À comparer avec la liste publique.",
        "Reference, result and digest, signed. To be compared with the public list.",
    ),
    "qr_alt": Text("Code QR : déclaration signée en abrégé", "QR code: short signed claim"),
    "issuer": Text("Autorité", "Authority"),
    "kind": Text("Nature", "Kind"),
    "parent": Text("Repose sur le connecteur", "Stands on the connector"),
    "family": Text("Famille de produits", "Family of products"),
    "profiles": Text("Profils", "Profiles"),
    "modes": Text("Modes d'authentification", "Authentication modes"),
    "framework": Text("Référentiel", "Framework"),
    "plan": Text("Plan de tests", "Test plan"),
    "report": Text("Rapport de tests", "Test report"),
    "examined": Text("Examen", "Examination"),
    "reviewers": Text("Approuvé par", "Approved by"),
    "anomalies": Text("Anomalies relevées puis closes", "Anomalies found and closed"),
    "verdicts": Text("Verdict retenu", "Verdict that counts"),
    "count": Text("Cas", "Cases"),
    "decisions": Text("Décisions des relecteurs", "Decisions of the reviewers"),
    "beside": Text(
        "Le verdict d'origine n'est jamais modifié : la décision s'y ajoute.",
        "An original verdict is never edited: a decision is added to it.",
    ),
    "case": Text("Cas", "Case"),
    "original": Text("Verdict d'origine", "Original verdict"),
    "counts": Text("Retenu", "Counts"),
    "reason": Text("Motif", "Reason"),
    "INHERITED": Text("Hérité", "Inherited"),
    "obligations": Text("Obligations", "Obligations"),
    "proof": Text("Preuve", "Proof"),
    "statement": Text("Déclaration signée", "Signed statement"),
    "evidence": Text("Preuves (manifeste)", "Evidence (manifest)"),
    "commitment": Text("Engagement du numéro secret", "Commitment of the secret number"),
    "entry": Text("Entrée du registre", "Entry of the register"),
    "checkpoint": Text("Point de contrôle, à conserver", "Checkpoint, to be kept"),
    "attached": Text(
        "La déclaration signée et la preuve d'inscription au registre sont jointes au PDF, qui se vérifie hors ligne. "
        "L'homologation peut être suspendue ou retirée : seule la liste publique dit si elle tient.",
        "The signed statement and the proof of its entry in the register are attached to the PDF, which is verified "
        "offline. A homologation may be suspended or withdrawn: the public list alone says whether it holds.",
    ),
    "for_issuer": Text(
        "Pour l'autorité — le cachet électronique fait foi",
        "For the authority — the electronic seal is authentic",
    ),
    "for_holder": Text("Pour le titulaire — nom, date, signature", "For the holder — name, date, signature"),
}
_KINDS: Final[Mapping[str, Text]] = {
    "L": Text("logiciel complet", "complete software"),
    "E": Text("connecteur", "connector"),
    "I": Text("intégrateur d'un connecteur", "integrator of a connector"),
}
_OBLIGATIONS: Final = (
    Text(
        "Le numéro d'homologation est secret ; il n'est employé que par la famille de produits ci-dessus.",
        "The homologation number is secret; only the family of products above uses it.",
    ),
    Text(
        "Le nom et la version du logiciel, à l'écran et dans chaque VIHF, sont ceux de cette attestation ou de ses "
        "versions ajoutées.",
        "Name and version of the software, on screen and in each VIHF, are those of this certificate or of releases "
        "added to it.",
    ),
    Text(
        "Une évolution des transactions ou des profils est déclarée à l'autorité avant d'être diffusée.",
        "A change of transactions or profiles is declared to the authority before it is released.",
    ),
)


def words(lang: Lang) -> dict[str, str]:
    """Every word of the attestation, as it is set; those of verdicts are the report's."""
    own = {name: text.to(lang) for name, text in _WORDS.items()}
    return {name: prose(text, lang) for name, text in {**shared(lang), **own}.items()}


def kind(code: str, lang: Lang) -> str:
    """What a kind of homologation is called; the code itself for one that is not known."""
    told = _KINDS.get(code)
    return prose(told.to(lang), lang) if told else code


def obligations(lang: Lang) -> list[str]:
    """The duties of the holder."""
    return [prose(text.to(lang), lang) for text in _OBLIGATIONS]
