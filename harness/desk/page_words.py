"""Words of the desk's page, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from protocol.errors import Lang, Text

_WORDS: Final[Mapping[str, Text]] = {
    "product": Text("DMP-compatibilité — poste de l'opérateur", "DMP compatibility — operator's desk"),
    "skip_link": Text("Aller à l'étape", "Go to the step"),
    "language": Text("Langue", "Language"),
    "to_do": Text("À faire", "To do"),
    "step": Text("étape", "step"),
    "of": Text("sur", "of"),
    "data": Text("À saisir", "To type"),
    "nothing": Text("Rien à faire pour l'instant.", "Nothing to do now."),
    "nothing_more": Text(
        "Le banc prépare la suite ; cette page se met à jour toute seule.",
        "The harness prepares what follows; this page updates by itself.",
    ),
    "over": Text("Le plan est terminé.", "The plan is over."),
    "over_more": Text(
        "Le rapport et les preuves sont dans le dossier des résultats.",
        "The report and the evidence are in the folder of the results.",
    ),
    "since": Text("depuis", "since"),
    "until": Text("jusqu'à", "until"),
    "down": Text(
        "La plateforme ne répond plus ; le banc réessaie.", "The platform does not answer; trying again."
    ),
    "answer": Text("Répondre", "Answer"),
    "attach": Text("Joindre une copie d'écran", "Attach a screen copy"),
    "attach_help": Text("PNG, JPEG ou PDF, 20 Mo au plus", "PNG, JPEG or PDF, 20 MB at most"),
    "attach_send": Text("Joindre", "Attach"),
    "declare": Text("Déclarer", "Declare"),
    "declare_help": Text("Une phrase : ce que vous avez fait ou vu.", "A sentence: what you did or saw."),
    "declare_send": Text("Déclarer", "Declare"),
    "retry": Text("Recommencer l'étape", "This step again"),
    "stop": Text("Arrêter le plan", "Stop the plan"),
    "stop_help": Text("Il reprendra ici avec --resume.", "It goes on from here with --resume."),
    "cannot": Text("Je ne peux pas faire cette étape", "I can't do this step"),
    "reason": Text("Pourquoi", "Why"),
    "skip": Text("Passer ce cas", "Skip this case"),
    "skip_help": Text("Le cas sera indécis.", "The case will be undecided."),
    "impossible": Text("Impossible avec ce logiciel", "Impossible with this software"),
    "impossible_help": Text(
        "Le cas sera sans objet ; un relecteur en jugera.",
        "The case will not apply; a reviewer will judge that.",
    ),
    "near": Text("Ce qui est arrivé sans répondre à l'étape", "What came and does not answer the step"),
    "near_more": Text("autre(s), plus ancien(s)", "more, older"),
    "near_one": Text("Message", "Message"),
    "trait": Text("Trait", "Trait"),
    "expected": Text("Attendu", "Expected"),
    "found": Text("Reçu", "Got"),
    "none": Text("rien", "nothing"),
    "past": Text("Étapes faites", "Steps done"),
    "past_none": Text("Aucune étape faite.", "No step done."),
    "mend": Text("Remède", "Mend"),
    "value_found": Text("trouvé", "found"),
    "value_expected": Text("attendu", "expected"),
    "more": Text("autre(s), dans le rapport", "more, in the report"),
    "plan": Text("Plan", "Plan"),
    "plan_none": Text("Aucun cas commencé.", "No case started."),
    "case": Text("Cas", "Case"),
    "verdict": Text("Verdict", "Verdict"),
    "running": Text("en cours", "running"),
    "waits": Text("à venir", "to come"),
    "live": Text("Vue en direct de la plateforme", "Live view of the platform"),
    "lost": Text(
        "Le banc ne répond plus : arrêté, ou relancé bientôt.",
        "The harness does not answer: stopped, or soon back.",
    ),
    "on": Text("À jour", "Up to date"),
    "wait_frame": Text("J'attends votre logiciel", "Waiting for your software"),
    "wait_screen": Text("J'attends de vous une copie d'écran", "Waiting for you: a screen copy"),
    "wait_declaration": Text("J'attends votre déclaration", "Waiting for you: your declaration"),
    "wait_nothing-sent": Text("Je surveille : rien ne doit partir", "Watching: nothing must be sent"),
}


def words(lang: Lang) -> Mapping[str, str]:
    """Every word in one language, by name."""
    return {name: text.to(lang) for name, text in _WORDS.items()}
