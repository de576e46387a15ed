"""States of an application file and the moves between them, as data: who may make each, and which guards stop it.

Of these states only the examination is attested by name; the rest is inferred from the published process (confidence
C). What a guard looks at is `reports.dossier.guards`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from protocol.errors import Text

Role = Literal["editor", "reviewer", "agency"]

#: State -> its words, and who is to act next ("" at an end).
STATES: Final[Mapping[str, tuple[Text, Role | Literal[""]]]] = {
    "INSCRIT": (Text("Inscrit", "Registered"), "editor"),
    "DOSSIER_EN_CONSTITUTION": (Text("Constitution du dossier", "File being made"), "agency"),
    "CONVENTION_ENVOYEE": (Text("Convention envoyée", "Convention sent"), "agency"),
    "CONVENTION_SIGNEE": (Text("Convention signée", "Convention signed"), "agency"),
    "RECETTE_DV1": (Text("Recette éditeur (bac à sable)", "Vendor's own tests (sandbox)"), "editor"),
    "ASSISTANCE": (Text("Assistance technique dédiée", "Dedicated technical assistance"), "agency"),
    "PREREQUIS_ATTESTES": (Text("Prérequis attestés", "Prerequisites attested"), "agency"),
    "PRE_HOMOLOGATION": (Text("Tests de pré-homologation", "Pre-homologation tests"), "editor"),
    "PREUVES_DEPOSEES": (Text("Dossier de preuves déposé", "Evidence lodged"), "reviewer"),
    "EN_EXAMEN": (Text("En examen", "Under examination"), "reviewer"),
    "ANOMALIES": (Text("Compléments demandés", "Anomalies to mend"), "editor"),
    "HOMOLOGUE": (Text("Homologué", "Homologated"), "agency"),
    "EN_EXPLOITATION": (Text("En production", "In service"), "editor"),
    "EVOLUTION": (Text("Nouvelle version ou nouveau profil", "New release or new profile"), "agency"),
    "SUSPENDU": (Text("Suspendu", "Suspended"), "agency"),
    "RETIRE": (Text("Retiré de la liste", "Withdrawn from the list"), ""),
    "REMPLACE": (Text("Remplacé par une autre homologation", "Replaced by another homologation"), ""),
    "REFUSE": (Text("Refusé", "Refused"), ""),
    "REJETE_ADMINISTRATIF": (Text("Dossier rejeté", "File rejected"), ""),
    "ABANDON": (Text("Abandonné", "Abandoned"), ""),
}

FIRST: Final = "INSCRIT"
ENDS: Final = frozenset(state for state, (_, hand) in STATES.items() if not hand)
#: Moves that the register must know of: each is made by the command of that name, which writes both.
DECISIONS: Final[Mapping[str, str]] = {
    "grant": "issue",
    "refuse": "refuse",
    "suspend": "suspend",
    "reinstate": "reinstate",
    "withdraw": "withdraw",
    "supersede": "supersede",
}
#: States in which a number was given and lives.
GRANTED: Final = ("HOMOLOGUE", "EN_EXPLOITATION", "EVOLUTION")
_BEFORE: Final = tuple(state for state in STATES if state not in (*GRANTED, "SUSPENDU", *ENDS))


@dataclass(frozen=True)
class Move:
    """One move: whence, whither, by whom, and the guards that must hold, by name."""

    name: str
    text: Text
    origins: tuple[str, ...]
    to: str
    roles: tuple[Role, ...]
    guards: tuple[str, ...] = ()


MOVES: Final[Mapping[str, Move]] = {
    move.name: move
    for move in (
        Move(
            "declare",
            Text("déclarer le périmètre", "declare the scope"),
            ("INSCRIT",),
            "DOSSIER_EN_CONSTITUTION",
            ("editor", "agency"),
            ("scope",),
        ),
        Move(
            "send-convention",
            Text("envoyer la convention", "send the convention"),
            ("DOSSIER_EN_CONSTITUTION",),
            "CONVENTION_ENVOYEE",
            ("agency",),
        ),
        Move(
            "sign-convention",
            Text("signer la convention", "sign the convention"),
            ("CONVENTION_ENVOYEE",),
            "CONVENTION_SIGNEE",
            ("agency",),
            ("convention",),
        ),
        Move(
            "reject",
            Text("rejeter le dossier", "reject the file"),
            ("DOSSIER_EN_CONSTITUTION", "CONVENTION_ENVOYEE"),
            "REJETE_ADMINISTRATIF",
            ("agency",),
        ),
        Move(
            "open-sandbox",
            Text("ouvrir le bac à sable", "open the sandbox"),
            ("CONVENTION_SIGNEE",),
            "RECETTE_DV1",
            ("agency",),
        ),
        Move(
            "assist",
            Text("accorder l'assistance", "grant assistance"),
            ("RECETTE_DV1",),
            "ASSISTANCE",
            ("agency",),
            ("results",),
        ),
        Move(
            "end-assistance",
            Text("terminer l'assistance", "end assistance"),
            ("ASSISTANCE",),
            "RECETTE_DV1",
            ("agency",),
        ),
        Move(
            "attest",
            Text("attester les prérequis", "attest the prerequisites"),
            ("RECETTE_DV1",),
            "PREREQUIS_ATTESTES",
            ("editor",),
            ("results", "attestation"),
        ),
        Move(
            "open-tests",
            Text("ouvrir la pré-homologation", "open the pre-homologation"),
            ("PREREQUIS_ATTESTES", "EVOLUTION"),
            "PRE_HOMOLOGATION",
            ("agency",),
        ),
        Move(
            "lodge",
            Text("déposer les preuves", "lodge the evidence"),
            ("PRE_HOMOLOGATION",),
            "PREUVES_DEPOSEES",
            ("editor",),
            ("evidence", "product", "covered", "complete"),
        ),
        Move(
            "examine",
            Text("ouvrir l'examen", "open the examination"),
            ("PREUVES_DEPOSEES",),
            "EN_EXAMEN",
            ("reviewer",),
            ("outsider", "fresh"),
        ),
        Move(
            "ask-redo",
            Text("demander des compléments", "ask for a redo"),
            ("EN_EXAMEN",),
            "ANOMALIES",
            ("reviewer",),
            ("anomaly",),
        ),
        Move(
            "redo",
            Text("reprendre les tests", "take the tests up again"),
            ("ANOMALIES", "PREUVES_DEPOSEES"),
            "PRE_HOMOLOGATION",
            ("editor",),
        ),
        Move(
            "grant",
            Text("homologuer", "homologate"),
            ("EN_EXAMEN",),
            "HOMOLOGUE",
            ("agency",),
            (
                *("evidence", "product", "covered", "complete"),
                *("fresh", "closed", "undisputed", "accepted", "conform", "agreed", "inherited", "eyes"),
            ),
        ),
        Move("refuse", Text("refuser", "refuse"), ("EN_EXAMEN",), "REFUSE", ("agency",)),
        Move("abandon", Text("abandonner", "abandon"), _BEFORE, "ABANDON", ("editor", "agency")),
        Move(
            "put-in-service",
            Text("mettre en production", "put in service"),
            ("HOMOLOGUE",),
            "EN_EXPLOITATION",
            ("agency", "editor"),
        ),
        Move(
            "evolve",
            Text("déclarer une évolution", "declare an evolution"),
            ("HOMOLOGUE", "EN_EXPLOITATION"),
            "EVOLUTION",
            ("editor",),
            ("change",),
        ),
        Move("suspend", Text("suspendre", "suspend"), GRANTED, "SUSPENDU", ("agency",)),
        Move(
            "reinstate",
            Text("rétablir", "reinstate"),
            ("SUSPENDU",),
            "EN_EXPLOITATION",
            ("agency",),
            ("inherited",),
        ),
        Move("withdraw", Text("retirer", "withdraw"), (*GRANTED, "SUSPENDU"), "RETIRE", ("agency",)),
        Move("supersede", Text("remplacer", "supersede"), (*GRANTED, "SUSPENDU"), "REMPLACE", ("agency",)),
    )
}


def from_state(state: str) -> tuple[Move, ...]:
    """The moves that leave a state."""
    return tuple(move for move in MOVES.values() if state in move.origins)
