"""The rules of `dmpcompat plan lint`: what a case must say, by the rules for authors of plans (docs/plans.md)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import ValidationError

from harness.plan import Case
from harness.plans.lint import Seen, Subject, lint_rule
from harness.plans.seeds import parse_seed, with_seed
from harness.steps.browse import BrowseStep
from harness.steps.call import CallStep
from harness.steps.drive import DriveStep
from harness.steps.fault import OFF, FaultStep
from harness.steps.human import DeclareStep, ScreenStep
from harness.steps.watch import WatchStep
from protocol.errors import PlanError, Text

#: Steps that send something.
_SENDING: Final = (DriveStep, BrowseStep, CallStep)
#: What makes two steps the same stimulus.
_STIMULUS: Final = frozenset(
    {"drive", "browse", "call", "as", "patient", "with", "documents", "alter", "lps", "follow", "form"}
    | {"fault", "when", "when_done", "prepare", "connection", "delay", "transaction"}
)


@lint_rule(
    "PLAN-101",
    "error",
    title=Text(
        "cas d'erreur d'un logiciel sans trame interdite",
        "error case of a software without a forbidden frame",
    ),
    why=Text(
        "l'erreur est répondue, et rien ne dit ce que le logiciel ne doit pas envoyer ensuite",
        "the error is answered, and nothing says what the software must not send next",
    ),
    mend=Text("ajouter une étape watch, ou forbid à la panne", "add a step watch, or forbid to the fault"),
)
def no_forbidden_frame(subject: Subject) -> Iterator[Seen]:
    for case in subject.cases:
        if case.type == "E" and case.side == "L" and not any(_forbids(step) for step in case.steps):
            yield Seen(case.code)


def _forbids(step: object) -> bool:
    if isinstance(step, WatchStep):
        return True
    return isinstance(step, FaultStep) and step.fault != OFF and step.forbid != []


@lint_rule(
    "PLAN-102",
    "error",
    title=Text("cas nominal qui n'attend aucune réussite", "nominal case that expects no success"),
    why=Text(
        "il réussirait avec un logiciel ou une plateforme qui ne font rien",
        "it would pass with a software or a platform that does nothing",
    ),
    mend=Text("attendre success, http ou les mots d'une page", "expect success, http or the words of a page"),
)
def nothing_expected(subject: Subject) -> Iterator[Seen]:
    for case in subject.cases:
        if case.type == "N" and not any(_succeeds(step) for step in case.steps):
            yield Seen(case.code)


def _succeeds(step: object) -> bool:
    if isinstance(step, DriveStep):
        told = step.expect.success is True or step.expect.status == "DMPOk" or step.expect.ack == "AA"
        return told and not step.need
    if isinstance(step, BrowseStep):
        return not step.need and bool(step.expect.model_dump(exclude_defaults=True))
    return isinstance(step, CallStep) and bool(step.expect.model_dump(exclude_defaults=True))


@lint_rule(
    "PLAN-104",
    "error",
    title=Text(
        "cas d'un logiciel qu'aucun défaut semé ne fait échouer",
        "case of a software that no seeded defect makes fail",
    ),
    why=Text("un cas qui ne peut pas échouer ne prouve rien", "a case that can't fail proves nothing"),
    mend=Text(
        "nommer un défaut dans catches, puis dmpcompat plan prove",
        "name a defect in catches, then dmpcompat plan prove",
    ),
)
def can_not_fail(subject: Subject) -> Iterator[Seen]:
    for case in subject.cases:
        if case.side == "L" and not case.catches:
            yield Seen(case.code)


@lint_rule(
    "PLAN-105",
    "error",
    title=Text("défaut semé qui n'a pas de place dans le cas", "seeded defect that has no place in the case"),
    why=Text("il ne peut pas être essayé", "it can't be tried"),
    mend=Text(
        "corriger catches, ou le champ seeded de l'étape", "mend catches, or the field seeded of the step"
    ),
)
def misplaced_seed(subject: Subject) -> Iterator[Seen]:
    for case in subject.cases:
        for seed in case.catches:
            try:
                Case.model_validate(with_seed(case, subject.data[case.code], parse_seed(seed)))
            except (PlanError, ValidationError):
                yield Seen(case.code, seed)


@lint_rule(
    "PLAN-106",
    "warning",
    title=Text("même stimulus que celui d'un autre cas", "same stimulus as that of another case"),
    why=Text("les deux cas disent la même chose du logiciel", "both cases say the same of the software"),
    mend=Text("réunir leurs attentes en un cas", "put what they expect together in one case"),
)
def same_stimulus(subject: Subject) -> Iterator[Seen]:
    first: dict[str, str] = {}
    for case in subject.cases:
        shape = json.dumps([_stimulus(step) for step in subject.data[case.code]["steps"]], sort_keys=True)
        if first.setdefault(f"{case.side}{shape}", case.code) != case.code:
            yield Seen(case.code, first[f"{case.side}{shape}"])


def _stimulus(step: Mapping[str, Any]) -> Mapping[str, Any]:
    told = {name: value for name, value in step.items() if name in _STIMULUS}
    return told or dict(step)


@lint_rule(
    "PLAN-107",
    "warning",
    title=Text("même texte en français et en anglais", "same text in French and in English"),
    why=Text("une des deux langues manque", "one of the two languages is missing"),
    mend=Text("écrire la phrase dans l'autre langue", "write the sentence in the other language"),
)
def one_language(subject: Subject) -> Iterator[Seen]:
    for case in subject.cases:
        for told in _sentences(case):
            if told["fr"] == told["en"] and " " in told["fr"]:
                yield Seen(case.code, told["fr"])


def _sentences(case: Case) -> Iterator[Mapping[str, str]]:
    def walk(value: object) -> Iterator[Mapping[str, str]]:
        if isinstance(value, dict):
            if set(value) == {"fr", "en"}:
                yield value
            else:
                for item in value.values():
                    yield from walk(item)
        elif isinstance(value, list):
            for item in value:
                yield from walk(item)

    yield from walk(case.model_dump(exclude={"steps"}))
    for step in case.steps:
        yield from walk(step.model_dump())


@lint_rule(
    "PLAN-108",
    "error",
    title=Text("preuve demandée que rien ne produit", "evidence asked for that nothing produces"),
    why=Text("le dossier ne serait jamais complet", "the file would never be whole"),
    mend=Text("ajouter l'étape qui la produit, ou la retirer", "add the step that produces it, or remove it"),
)
def evidence_not_produced(subject: Subject) -> Iterator[Seen]:
    for case in subject.cases:
        if "evidence" in subject.data[case.code]:
            yield from (Seen(case.code, kind) for kind in case.evidence if not _produced(case, kind))


def _produced(case: Case, kind: str) -> bool:
    if kind == "screen":
        return any(isinstance(step, ScreenStep) for step in case.steps)
    if kind == "declaration":
        return any(isinstance(step, DeclareStep) for step in case.steps)
    if kind == "report":
        return any(isinstance(step, DriveStep) and step.documents for step in case.steps)
    return any(isinstance(step, _SENDING) for step in case.steps)


@lint_rule(
    "PLAN-109",
    "error",
    title=Text(
        "preuve produite que le cas ne demande pas", "evidence produced that the case does not ask for"
    ),
    why=Text(
        "elle serait demandée à l'opérateur sans être attendue",
        "the operator would be asked for what nobody waits for",
    ),
    mend=Text("ajouter screen ou declaration à evidence", "add screen or declaration to evidence"),
)
def evidence_not_asked(subject: Subject) -> Iterator[Seen]:
    for case in subject.cases:
        for kind in ("screen", "declaration"):
            if _produced(case, kind) and kind not in case.evidence:
                yield Seen(case.code, kind)


@lint_rule(
    "PLAN-110",
    "error",
    title=Text("cas lié qui n'existe pas", "linked case that does not exist"),
    why=Text("le lecteur cherche un cas absent", "the reader looks for a case that is not there"),
    mend=Text("corriger linked", "mend linked"),
)
def unknown_link(subject: Subject) -> Iterator[Seen]:
    codes = {case.code for case in subject.cases}
    for case in subject.cases:
        yield from (Seen(case.code, name) for name in case.linked if name not in codes)


@lint_rule(
    "PLAN-111",
    "error",
    title=Text(
        "étape watch qui envoie elle-même ce qu'elle interdit", "step watch that sends what it forbids"
    ),
    why=Text(
        "provoke n'est que pour l'auto-épreuve : le cas échouerait toujours",
        "provoke is for the self-play alone: the case would always fail",
    ),
    mend=Text("retirer provoke", "remove provoke"),
)
def provoked(subject: Subject) -> Iterator[Seen]:
    for case in subject.cases:
        if any(isinstance(step, WatchStep) and step.watch.provoke for step in case.steps):
            yield Seen(case.code)


@lint_rule(
    "PLAN-112",
    "error",
    title=Text(
        "surveillance d'un logiciel que rien ne fait parler", "watch of a software that nothing makes talk"
    ),
    why=Text(
        "le silence d'un logiciel mal branché passerait pour de la retenue",
        "silence of a software that is not connected would pass for restraint",
    ),
    mend=Text("ajouter un appel qui réussit, avant ou après", "add a call that succeeds, before or after"),
)
def watched_silence(subject: Subject) -> Iterator[Seen]:
    for case in subject.cases:
        watched = any(isinstance(step, WatchStep) for step in case.steps)
        talks = any(isinstance(step, _SENDING) and not getattr(step, "need", False) for step in case.steps)
        if watched and not talks:
            yield Seen(case.code)


@lint_rule(
    "PLAN-113",
    "error",
    title=Text(
        "surveillance ou panne dont le défaut semé n'est pas essayé",
        "watch or fault whose seeded defect is not tried",
    ),
    why=Text("on ne sait pas si elle verrait quelque chose", "nobody knows whether it would see anything"),
    mend=Text(
        "ajouter seeded à l'étape et seeded@N à catches", "add seeded to the step and seeded@N to catches"
    ),
)
def seed_not_tried(subject: Subject) -> Iterator[Seen]:
    for case in subject.cases:
        tried = {parse_seed(seed).step for seed in case.catches if seed.startswith("seeded@")}
        for rank, step in enumerate(case.steps, 1):
            watched = isinstance(step, WatchStep)
            seeded = step.watch.seeded if isinstance(step, WatchStep) else getattr(step, "seeded", None)
            if (watched and seeded is None) or (seeded and rank not in tried):
                yield Seen(case.code, f"seeded@{rank}")


@lint_rule(
    "PLAN-114",
    "error",
    title=Text("panne armée qu'aucun appel ne suit", "armed fault that no call follows"),
    why=Text(
        "elle ne frappe rien, ses contrôles n'ont rien à regarder",
        "it strikes nothing, its checks have nothing to look at",
    ),
    mend=Text("ajouter l'appel qu'elle doit frapper", "add the call that it must strike"),
)
def fault_unused(subject: Subject) -> Iterator[Seen]:
    for case in subject.cases:
        for rank, step in enumerate(case.steps):
            if isinstance(step, FaultStep) and step.fault != OFF:
                after = case.steps[rank + 1 :]
                if not any(isinstance(one, _SENDING) for one in after):
                    yield Seen(case.code, step.fault)


@lint_rule(
    "PLAN-117",
    "info",
    title=Text("cas sans mode opératoire écrit", "case without a written operating mode"),
    why=Text(
        "celui qui est tiré des étapes peut ne pas suffire à un humain",
        "the one made from the steps may not be enough for a human",
    ),
    mend=Text("écrire operate", "write operate"),
)
def no_operating_mode(subject: Subject) -> Iterator[Seen]:
    for case in subject.cases:
        human = any(isinstance(step, (ScreenStep, DeclareStep)) for step in case.steps)
        watch = any(isinstance(step, WatchStep) for step in case.steps)
        if case.side == "L" and human and not watch and case.operate is None:
            yield Seen(case.code)
