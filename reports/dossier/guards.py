"""What stops a move of an application file, and what would lift it: one function a guard, named in the table of moves.

A guard looks at the file and at who wants to move it; it answers with the reason for a refusal, or nothing. It never
looks at the clock of the machine nor at the network.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from protocol.errors import Text
from reports.dossier.view import View

#: Reviewers who must have approved, none of whom ran the campaign.
EYES: Final = 2
_GOOD: Final = ("PASS", "WARN", "INHERITED")
_DELEGATED: Final = "INHERITED"
#: Verdicts that a reviewer may put beside an original one.
COUNTED: Final = ("PASS", "WARN", "FAIL", "INCONCLUSIVE", "NOT_APPLICABLE")


@dataclass(frozen=True)
class Stop:
    """Why a guard refuses, what it found, and what would lift it."""

    text: Text
    found: str
    lift: Text


@dataclass(frozen=True)
class Asked:
    """Who wants to move the file: key id and role; `parent_in_force`: what the register says of the connector;
    `persons`: whose each key is, where that is known; `parent_reports`: SHA-256 of the reports that the connector's
    homologation rests on, None where no register is there to say.
    """

    actor: str
    role: str
    parent_in_force: bool = True
    persons: Mapping[str, str] = field(default_factory=dict)
    parent_reports: frozenset[str] | None = None

    def person(self, keyid: str) -> str:
        return self.persons.get(keyid, keyid)

    def outsiders(self, file: View) -> set[str]:
        """The persons who approved and did not run the campaign, under whichever of their keys."""
        return {self.person(one) for one in file.approvals} - {self.person(one) for one in file.executors}


Guard = Callable[[View, Asked], Stop | None]


def _scope(file: View, asked: Asked) -> Stop | None:
    empty = [name for name in ("products", "profiles", "modes") if not file.opening.get(name)]
    if not empty:
        return None
    return Stop(
        Text("le périmètre n'est pas déclaré", "the scope is not declared"),
        " ".join(empty),
        Text("ouvrir le dossier avec une campagne complète", "open the file with a whole campaign"),
    )


def _with_piece(what: str, fr: str, en: str) -> Guard:
    def guard(file: View, asked: Asked) -> Stop | None:
        if file.piece(what) is not None:
            return None
        return Stop(
            Text(f"il manque au dossier : {fr}", f"the file lacks: {en}"),
            what,
            Text(f"dmpcompat homologate submit --what {what}", f"dmpcompat homologate submit --what {what}"),
        )

    return guard


def _product(file: View, asked: Asked) -> Stop | None:
    """The evidence is of a product and version that were declared, and of the holder."""
    piece = file.piece("evidence")
    if piece is None:
        return None  # told by the guard before
    software = piece.facts["software"]
    declared = [
        f"{one['name']} {version}"
        for one in file.opening["products"]
        for version in (*one["versions"], *file.builds)
    ]
    told = f"{software['name']} {software['version']}"
    if told in declared and software["vendor"] == file.opening["holder"]:
        return None
    return Stop(
        Text("les preuves sont d'un autre produit que ceux du dossier", "the evidence is of another product"),
        f"{software['vendor']} {told} / {file.opening['holder']} {', '.join(declared)}",
        Text(
            "rejouer le plan avec le produit déclaré, ou déclarer la version : submit --build",
            "run the plan with the declared product, or declare the version: submit --build",
        ),
    )


def _covered(file: View, asked: Asked) -> Stop | None:
    """The campaign was run for all that the file declares: what was not asked of it was not judged."""
    piece = file.piece("evidence")
    if piece is None:
        return None
    beyond = [
        name
        for member in ("profiles", "modes")
        for name in file.opening[member]
        if name not in piece.facts[member]
    ]
    if not beyond:
        return None
    return Stop(
        Text("la campagne est plus étroite que le dossier", "the campaign is narrower than the file"),
        " ".join(beyond),
        Text("jouer le plan pour tout le périmètre déclaré", "run the plan for the whole declared scope"),
    )


def _complete(file: View, asked: Asked) -> Stop | None:
    """No case of the scope without a verdict; those set aside have their reason from the campaign."""
    piece = file.piece("evidence")
    if piece is None:
        return None
    if not file.verdicts:
        return Stop(
            Text("les preuves ne portent sur aucun cas", "the evidence is about no case"),
            piece.name,
            Text("jouer le plan", "run the plan"),
        )
    missing = list(piece.facts["leftOut"])
    undone = [case for case, verdict in file.verdicts.items() if verdict in ("CONFIG", "ERROR", "MANUAL")]
    if not missing and not undone:
        return None
    return Stop(
        Text("des cas du périmètre n'ont pas de preuve", "some cases of the scope have no evidence"),
        " ".join([*missing, *undone]),
        Text(
            "jouer ces cas, ou motiver qu'ils ne s'appliquent pas", "run them, or say why they do not apply"
        ),
    )


def _outsider(file: View, asked: Asked) -> Stop | None:
    if asked.person(asked.actor) not in {asked.person(one) for one in file.executors}:
        return None
    return Stop(
        Text("qui a joué la campagne ne l'examine pas", "who ran the campaign does not examine it"),
        asked.actor,
        Text("confier l'examen à quelqu'un d'autre", "let somebody else examine it"),
    )


def _fresh(file: View, asked: Asked) -> Stop | None:
    if not file.stale:
        return None
    return Stop(
        Text("le produit a changé depuis les preuves", "the product changed since the evidence"),
        f"{file.build} → {file.stale}",
        Text("déposer des preuves de cette version", "lodge evidence of that version"),
    )


def _anomaly(file: View, asked: Asked) -> Stop | None:
    if file.anomalies:
        return None
    return Stop(
        Text("aucune anomalie n'est relevée", "no anomaly is open"),
        "",
        Text("dmpcompat homologate review --anomaly", "dmpcompat homologate review --anomaly"),
    )


def _closed(file: View, asked: Asked) -> Stop | None:
    if not file.anomalies:
        return None
    return Stop(
        Text("des anomalies sont ouvertes", "some anomalies are open"),
        " ".join(file.anomalies),
        Text("les clore, ou demander des compléments", "close them, or ask for a redo"),
    )


def _undisputed(file: View, asked: Asked) -> Stop | None:
    if not file.disputes:
        return None
    return Stop(
        Text("une contestation n'est pas tranchée", "a dispute is not settled"),
        " ".join(file.disputes),
        Text("dmpcompat homologate resolve", "dmpcompat homologate resolve"),
    )


def _accepted(file: View, asked: Asked) -> Stop | None:
    """Each not-applicable was accepted by a reviewer."""
    aside = [case for case, verdict in file.verdicts.items() if verdict == "NOT_APPLICABLE"]
    open_ = [case for case in aside if case not in file.accepted or not file.accepted[case].facts["accepted"]]
    if not open_:
        return None
    return Stop(
        Text("des « non applicable » ne sont pas acceptés", "some not-applicables are not accepted"),
        " ".join(open_),
        Text("dmpcompat homologate set-aside", "dmpcompat homologate set-aside"),
    )


def _conform(file: View, asked: Asked) -> Stop | None:
    bad = [
        f"{case}={file.verdict(case)}"
        for case, verdict in file.verdicts.items()
        if file.verdict(case) not in _GOOD
        and not verdict == file.verdict(case) == "NOT_APPLICABLE"  # told by the guard before
    ]
    if not bad:
        return None
    return Stop(
        Text("tous les cas ne sont pas conformes", "not every case is conform"),
        " ".join(bad),
        Text("demander une reprise, ou refuser", "ask for a redo, or refuse"),
    )


def _agreed(file: View, asked: Asked) -> Stop | None:
    """No reviewer's own FAIL stands against a case that counts as good: it was heard, and settled."""
    against = [
        f"{case}={file.verdict(case)}"
        for case in file.verdicts
        if file.verdict(case) in _GOOD and "FAIL" in file.opinions(case).values()
    ]
    if not against:
        return None
    return Stop(
        Text("un relecteur dit le contraire de ce qui compte", "a reviewer says the contrary of what counts"),
        " ".join(against),
        Text(
            "trancher : review --override, --anomaly, ou un autre --verdict du relecteur",
            "settle it: review --override, --anomaly, or another --verdict of that reviewer",
        ),
    )


def _eyes(file: View, asked: Asked) -> Stop | None:
    outsiders = asked.outsiders(file)
    if len(outsiders) >= EYES:
        return None
    return Stop(
        Text(
            "il faut l'approbation de deux relecteurs qui n'ont pas joué la campagne",
            "two reviewers who did not run the campaign must approve",
        ),
        f"{len(outsiders)} / {EYES}",
        Text("dmpcompat homologate review --approve", "dmpcompat homologate review --approve"),
    )


def _inherited(file: View, asked: Asked) -> Stop | None:
    """What an integrator takes from its connector is the connector's, which is in force."""
    piece = file.piece("evidence")
    return heritage(file, piece.facts if piece else {}, asked)


def heritage(file: View, facts: Mapping[str, Any], asked: Asked) -> Stop | None:
    """What stops a run (`facts`) from counting what it inherits: the connector is not in force, or not this one."""
    parent = str(file.opening.get("parent", ""))
    delegated = [case for case, verdict in facts.get("verdicts", {}).items() if verdict == _DELEGATED]
    if parent and not asked.parent_in_force:
        return Stop(
            Text(
                "l'homologation du connecteur n'est pas en vigueur",
                "the connector's homologation is not active",
            ),
            " ".join([parent, *delegated]),
            Text(
                "attendre son rétablissement, ou prouver soi-même", "wait until it is, or prove it yourself"
            ),
        )
    foreign = _foreign(parent, facts, asked)
    if delegated and not facts.get("inherited"):
        foreign = delegated
    if not foreign:
        return None
    return Stop(
        Text(
            "des preuves sont héritées d'un autre connecteur", "evidence is inherited from another connector"
        ),
        " ".join(foreign),
        Text("ouvrir le dossier avec ce connecteur", "open the file with that connector"),
    )


def _foreign(parent: str, facts: Mapping[str, Any], asked: Asked) -> list[str]:
    """References of inherited reports that the connector's homologation does not rest on."""
    named = list(facts.get("inherited", ()))
    if not parent or asked.parent_reports is None:
        return [] if parent else named
    digests = facts.get("heritage", {})
    return [one for one in named if digests.get(one) not in asked.parent_reports]


def _change(file: View, asked: Asked) -> Stop | None:
    if file.stale or file.piece("change") is not None:
        return None
    return Stop(
        Text("aucune évolution n'est déclarée", "no evolution is declared"),
        file.build,
        Text("déclarer la version : submit --build", "declare the release: submit --build"),
    )


GUARDS: Final[Mapping[str, Guard]] = {
    "scope": _scope,
    "convention": _with_piece("convention", "la convention signée", "the signed convention"),
    "results": _with_piece("results", "les résultats du bac à sable", "the results of the sandbox"),
    "attestation": _with_piece(
        "attestation", "l'attestation des prérequis", "the attestation of prerequisites"
    ),
    "evidence": _with_piece("evidence", "le dossier de preuves", "the evidence"),
    "product": _product,
    "covered": _covered,
    "complete": _complete,
    "outsider": _outsider,
    "fresh": _fresh,
    "anomaly": _anomaly,
    "closed": _closed,
    "undisputed": _undisputed,
    "accepted": _accepted,
    "conform": _conform,
    "agreed": _agreed,
    "eyes": _eyes,
    "inherited": _inherited,
    "change": _change,
}
