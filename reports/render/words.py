"""Words of the human report, in the two languages. Sentences that carry data stay in the template."""

from __future__ import annotations

from typing import Final

from protocol.errors import Lang, Text

WORDS: Final[dict[str, Text]] = {
    "title": Text("Rapport de tests DMP-compatibilité", "DMP compatibility test report"),
    "banner": Text(
        "Rapport de TEST — sans valeur officielle. Ce document n'est pas une décision d'homologation.",
        "TEST report — no official value. This document is not a homologation decision.",
    ),
    "reference": Text("Numéro de référence", "Reference number"),
    "issued": Text("Établi le", "Issued on"),
    "period": Text("Période d'exécution", "Period of execution"),
    "software": Text("Logiciel", "Software"),
    "vendor": Text("Éditeur", "Vendor"),
    "number": Text("Numéro d'homologation (masqué)", "Homologation number (masked)"),
    "frames": Text("Origine des trames", "Origin of the frames"),
    "frames_driver": Text(
        "jouées par le pilote de dmpcompat au nom du logiciel déclaré : ce rapport éprouve la plateforme et montre des "
        "trames conformes, il ne prouve rien du logiciel lui-même",
        "played by the driver of dmpcompat in the name of the declared software: this report tries the platform and "
        "shows conforming frames, it proves nothing of the software itself",
    ),
    "frames_observed": Text(
        "envoyées par le logiciel éprouvé, observées à la plateforme ou relevées avant elle ; le pilote de dmpcompat "
        "n'a joué que les préconditions",
        "sent by the software under test, observed at the platform or captured before it; the driver of dmpcompat "
        "played preconditions only",
    ),
    "target": Text("Plateforme visée", "Target platform"),
    "profiles": Text("Profils", "Profiles"),
    "modes": Text("Modes d'authentification", "Authentication modes"),
    "guide": Text("Référentiel", "Reference guide"),
    "plan": Text("Plan de tests", "Test plan"),
    "rules": Text("Règles", "Rules"),
    "pack": Text("Pack officiel", "Official pack"),
    "no_pack": Text(
        "aucun : les contrôles du pack officiel n'ont pas été exécutés",
        "none: the checks of the official pack were not run",
    ),
    "tool": Text("Outil", "Tool"),
    "result": Text("Résultat", "Result"),
    "CONFORM": Text("Conforme", "Conform"),
    "PARTIAL": Text(
        "Exécution partielle : les cas choisis sont réussis", "Partial run: the chosen cases passed"
    ),
    "NON_CONFORM": Text("Non conforme", "Not conform"),
    "INCONCLUSIVE": Text("Non concluant", "Inconclusive"),
    "TOOL_ERROR": Text("Défaillance de l'outil", "Failure of the tool"),
    "CONFIGURATION": Text("Configuration à corriger", "Configuration to mend"),
    "PASS": Text("Réussi", "Passed"),
    "FAIL": Text("Échec", "Failed"),
    "WARN": Text("Réserve", "Warning"),
    "INHERITED": Text("Hérité", "Inherited"),
    "NOT_APPLICABLE": Text("Sans objet", "Not applicable"),
    "MANUAL": Text("À juger", "To be judged"),
    "CONFIG": Text("Configuration", "Configuration"),
    "ERROR": Text("Erreur de l'outil", "Tool error"),
    "NOT_TESTED": Text("Non testé", "Not tested"),
    "INFO": Text("Information", "Information"),
    "AMBIGUOUS": Text("Lectures divergentes", "Readings differ"),
    "VACUOUS": Text("Rien à examiner", "Nothing to look at"),
    "attention": Text("Ce qui demande une action", "What asks for action"),
    "inherited": Text(
        "cas hérités d'un connecteur : son rapport signé les prouve, ce logiciel ne les a pas joués.",
        "cases inherited from a connector: its signed report proves them, this software did not play them.",
    ),
    "left_out": Text(
        "cas du périmètre déclaré n'ont pas été joués (--only). Ce rapport ne dit rien d'eux.",
        "cases of the declared scope were not played (--only). This report says nothing of them.",
    ),
    "cause": Text("Cause", "Cause"),
    "clause": Text("Texte", "Clause"),
    "title_of": Text("Intitulé", "Title"),
    "reason": Text("Motif", "Reason"),
    "none": Text("(rien)", "(nothing)"),
    "whole": Text("tout voir", "see all"),
    "characters": Text("caractères", "characters"),
    "more": Text(
        "autres constats : voir assertions.json dans le dossier", "more findings: see assertions.json in"
    ),
    "same": Text("Même cause pour", "Same cause for"),
    "success": Text("acceptation de l'appel", "the call is accepted"),
    "no success": Text("refus de l'appel", "the call is refused"),
    "present": Text("une valeur", "a value"),
    "absent": Text("aucune valeur", "no value"),
    "nothing": Text("Rien : aucun écart relevé.", "Nothing: no deviation found."),
    "cases": Text("Cas de test", "Test cases"),
    "case": Text("Cas", "Case"),
    "requirements": Text("Exigences", "Requirements"),
    "requirement": Text("Exigence", "Requirement"),
    "verdict": Text("Verdict", "Verdict"),
    "judged": Text("Jugé", "Judged"),
    "L": Text("logiciel", "software"),
    "D": Text("plateforme", "platform"),
    "judged_note": Text(
        "« logiciel » : les requêtes et leurs réponses sont jugées ; « plateforme » : la requête est fautive à "
        "dessein, seule la réponse est jugée.",
        "“software”: requests and their answers are judged; “platform”: the request is wrong on purpose, only the "
        "answer is judged.",
    ),
    "findings": Text("Constats", "Findings"),
    "rule": Text("Règle", "Rule"),
    "where": Text("Où", "Where"),
    "found": Text("Trouvé", "Found"),
    "expected": Text("Attendu", "Expected"),
    "mend": Text("Remède", "How to mend"),
    "evidence": Text("Preuves", "Evidence"),
    "out_of_scope": Text("Hors du périmètre déclaré", "Outside the declared scope"),
    "verify": Text("Vérifier ce rapport", "Verify this report"),
    "verify_how": Text(
        "Ce rapport, ses preuves et sa déclaration signée se vérifient hors ligne, par n'importe qui :",
        "Anyone can verify this report, its evidence and its signed statement offline:",
    ),
    "obligations": Text("Obligations", "Obligations"),
    "obligations_text": Text(
        "Le numéro d'homologation est secret et propre à la famille de produits ; nom et version du logiciel "
        "doivent être ceux de la fenêtre « à propos » et du VIHF.",
        "The homologation number is secret and belongs to the product family; the software's name and version "
        "must be those of its about box and of the VIHF.",
    ),
}

WORDS.update(
    {
        "known_deviation": Text("Dérogation connue", "Known deviation"),
        "known_deviations": Text("Dérogations connues", "Known deviations"),
        "known_note": Text(
            "Déclarées par l'éditeur. Elles ne changent aucun verdict ni le résultat de ce rapport.",
            "Declared by the vendor. They change no verdict, nor the result of this report.",
        ),
        "known_reason": Text("Motif et suivi", "Reason and ticket"),
        "known_state": Text("État", "State"),
        "until": Text("jusqu'au", "until"),
        "known_holds": Text("en vigueur", "holds"),
        "known_expired": Text("expirée", "expired"),
        "known_unused": Text("sans objet : plus rien ne l'enfreint", "unused: nothing breaks it any more"),
        "known_not-run": Text("non jouée", "not run"),
    }
)


def words(lang: Lang) -> dict[str, str]:
    return {key: text.to(lang) for key, text in WORDS.items()}
