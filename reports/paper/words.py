"""Words that only the report on paper has; the others are those of the HTML report."""

from __future__ import annotations

from typing import Final

from protocol.errors import Lang, Text
from reports.paper.layout import set_words
from reports.render.words import words as shared

_WORDS: Final[dict[str, Text]] = {
    "watermark": Text("TEST", "TEST"),
    "issuer": Text("Émetteur", "Issuer"),
    "qr": Text(
        "Référence, résultat et empreinte, signés. À comparer avec la liste publique.",
        "Reference, result and digest, signed. To be compared with the public list.",
    ),
    "qr_alt": Text("Code QR : déclaration signée en abrégé", "QR code: short signed claim"),
    "by_transaction": Text("Par transaction", "By transaction"),
    "transaction": Text("Transaction", "Transaction"),
    "share": Text("Verdicts", "Verdicts"),
    "held": Text("Réussis / joués", "Passed / played"),
    "not_integrated": Text("Ce qui n'est pas intégré ou pas éprouvé", "What is not integrated or not tested"),
    "digests": Text("Ce qui est signé", "What is signed"),
    "statement": Text("Déclaration", "Statement"),
    "attached": Text(
        "La déclaration signée est jointe à ce document (statement.dsse.json). Avec les preuves, n'importe qui "
        "recalcule chaque verdict hors ligne :",
        "The signed statement is attached to this document (statement.dsse.json). With the evidence, anyone computes "
        "each verdict again offline:",
    ),
    "for_vendor": Text("Pour l'éditeur — nom, date, signature", "For the vendor — name, date, signature"),
    "for_issuer": Text(
        "Pour l'émetteur — le cachet électronique fait foi",
        "For the issuer — the electronic seal is authentic",
    ),
}


def words(lang: Lang) -> dict[str, str]:
    """Every word of the report on paper, as it is printed."""
    return set_words({**shared(lang), **{name: text.to(lang) for name, text in _WORDS.items()}}, lang)
