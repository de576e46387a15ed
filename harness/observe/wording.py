"""The words of the instructions: what each transaction is for somebody who uses a care software, and who that is.

Data alone. How they make a task is `instructions`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from protocol.errors import Text

#: What to do in the software, by transaction.
ACTS: Final[Mapping[str, Text]] = {
    "TD0.0": Text(
        "rechercher l'identité du patient à partir de sa carte Vitale",
        "look up the identity of the patient from the health insurance card",
    ),
    "TD0.1": Text("se connecter au DMP", "log in to the DMP"),
    "TD0.2": Text(
        "ouvrir le dossier du patient et demander si un DMP existe et si vous y avez accès",
        "open the patient's file and ask whether a DMP exists and whether you may access it",
    ),
    "TD0.3": Text(
        "enregistrer ou retirer votre autorisation d'accès au DMP du patient",
        "record or remove your authorisation to access the patient's DMP",
    ),
    "TD0.4": Text(
        "demander la liste des DMP auxquels vous avez accès", "ask for the list of the DMPs you may access"
    ),
    "TD0.5": Text(
        "rechercher un patient par son identité, sans INS", "search for a patient by identity, without an INS"
    ),
    "TD0.9": Text(
        "ouvrir, depuis le dossier du patient, la page du site DMP",
        "open the page of the DMP web site from the patient's file",
    ),
    "TD0.10": Text(
        "ouvrir, depuis le dossier du patient, la page du site DMP avec Pro Santé Connect",
        "open the page of the DMP web site from the patient's file, with Pro Santé Connect",
    ),
    "TD1.1": Text("créer le DMP du patient", "create the patient's DMP"),
    "TD1.2": Text("réactiver le DMP fermé du patient", "reactivate the patient's closed DMP"),
    "TD1.3a": Text(
        "afficher les données administratives du DMP du patient",
        "show the administrative data of the patient's DMP",
    ),
    "TD1.3b": Text(
        "modifier les données administratives du DMP du patient",
        "change the administrative data of the patient's DMP",
    ),
    "TD1.4": Text("fermer le DMP du patient", "close the patient's DMP"),
    "TD1.5a": Text("créer l'accès internet du patient à son DMP", "create the patient's internet access"),
    "TD1.5b": Text(
        "ajouter un moyen de recevoir les codes à usage unique du patient",
        "add a way for the patient to receive one-time codes",
    ),
    "TD1.5c": Text(
        "modifier ou retirer un moyen de recevoir les codes à usage unique du patient",
        "change or remove a way for the patient to receive one-time codes",
    ),
    "TD1.5d": Text(
        "rééditer les identifiants internet du patient", "issue the patient's internet credentials again"
    ),
    "TD1.6": Text(
        "afficher la liste des professionnels autorisés ou bloqués par le patient",
        "show the list of the professionals whom the patient allows or blocks",
    ),
    "TD2.1": Text(
        "envoyer le ou les documents dans le DMP du patient", "send the documents to the patient's DMP"
    ),
    "TD2.2": Text(
        "envoyer le ou les documents dans le DMP du patient, depuis le poste du secrétariat",
        "send the documents to the patient's DMP from the secretary's workstation",
    ),
    "TD3.1": Text(
        "rechercher des documents dans le DMP du patient", "search for documents in the patient's DMP"
    ),
    "TD3.2": Text("ouvrir le document du DMP du patient", "open the document of the patient's DMP"),
    "TD3.3a": Text(
        "masquer ou démasquer le document aux professionnels de santé",
        "mask or unmask the document to health professionals",
    ),
    "TD3.3b": Text(
        "rendre le document visible au patient ou à ses représentants légaux",
        "make the document visible to the patient or to the legal representatives",
    ),
    "TD3.3c": Text("supprimer le document du DMP", "delete the document from the DMP"),
    "TD3.3d": Text(
        "archiver ou désarchiver le document du DMP", "archive or unarchive the document of the DMP"
    ),
}

#: Who is connected, by card and mode.
WITH: Final[Mapping[str, Text]] = {
    "CPS": Text("avec sa carte CPS", "with a CPS card"),
    "CPF": Text("avec sa carte CPF", "with a CPF card"),
    "CPE": Text("avec sa carte CPE", "with a CPE card"),
    "none": Text("sans carte", "without a card"),
    "INDIRECTE": Text(
        "par le compte de l'établissement, sans carte", "by the account of the organisation, without a card"
    ),
    "INDIRECTE_RENFORCEE": Text("par Pro Santé Connect", "by Pro Santé Connect"),
}

#: Parameters that are options of the software, by their value.
VALUES: Final[Mapping[str, Text]] = {
    "AJOUT": Text("ajouter", "add"),
    "SUPPRESSION": Text("retirer", "remove"),
    "MODIFICATION": Text("modifier", "change"),
    "MEDECIN_TRAITANT": Text("en tant que médecin traitant", "as the attending physician"),
    "LASTDOC": Text("date du dernier document", "date of the last document"),
    "LASTAUTORIZATION": Text("date de la dernière autorisation", "date of the last authorisation"),
    "ACTIVE": Text("professionnels autorisés", "allowed professionals"),
    "INTERDITE": Text("professionnels bloqués", "blocked professionals"),
    "TOUTE": Text("tous", "all"),
    "mask": Text("masquer aux professionnels", "mask to professionals"),
    "unmask": Text("démasquer aux professionnels", "unmask to professionals"),
    "archive": Text("archiver", "archive"),
    "unarchive": Text("désarchiver", "unarchive"),
    "patient": Text("au patient", "to the patient"),
    "representatives": Text("aux représentants légaux", "to the legal representatives"),
    "EMAIL": Text("courriel", "e-mail"),
    "bris_de_glace": Text("accès en bris de glace (urgence)", "break-glass access (emergency)"),
    "centre_15": Text("accès en régulation médicale (centre 15)", "access by an emergency call centre"),
    "MASQUE_PS": Text("masqué aux professionnels de santé", "masked to health professionals"),
    "INVISIBLE_PATIENT": Text("pas encore visible du patient", "not visible to the patient yet"),
    "INVISIBLE_REPRESENTANTS_LEGAUX": Text(
        "invisible des représentants légaux", "hidden from the legal representatives"
    ),
}

#: Labels of parameters and criteria.
LABELS: Final[Mapping[str, Text]] = {
    "action": Text("Action", "Action"),
    "role": Text("Rôle", "Role"),
    "access": Text("Accès", "Access"),
    "access_reason": Text("Motif de l'accès", "Reason of the access"),
    "operation": Text("Opération", "Operation"),
    "to": Text("Rendre visible", "Make visible"),
    "mode": Text("Liste", "List"),
    "type": Text("Moyen", "Way"),
    "canal": Text("Numéro ou adresse", "Number or address"),
    "date_type": Text("Depuis la", "Since the"),
    "start_date": Text("À partir du", "From"),
    "family": Text("Nom", "Family name"),
    "family_usual": Text("Nom utilisé", "Family name in use"),
    "given": Text("Prénom", "Given name"),
    "birth": Text("Date de naissance", "Birth date"),
    "sex": Text("Sexe", "Sex"),
    "insured": Text("NIR de l'assuré", "NIR of the insured"),
    "closing_text": Text("Motif de fermeture", "Reason of the closure"),
    "prefix": Text("Civilité", "Title"),
    "query": Text("Recherche", "Search"),
    "unique_ids": Text("Document (identifiant)", "Document (identifier)"),
    "entry_uuid": Text("Document (identifiant)", "Document (identifier)"),
}
