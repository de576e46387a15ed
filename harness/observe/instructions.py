"""What the operator is told: a step in plain French and English, and what to type or choose in the software.

The words of the case come first when it has some (`operate`). Nothing here is needed to judge: a step that says more
than can be told in plain words is shown with its data as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from harness.context import CaseContext
from harness.drive.identity import part_of, professional, structure_of
from harness.observe.facts import facts_of
from harness.observe.operator import Task, Wanted
from harness.observe.wording import ACTS, LABELS, VALUES, WITH
from harness.steps.api import StepSpec
from harness.steps.browse import BrowseStep
from harness.steps.call import CallStep
from harness.steps.drive import Actor, DriveStep
from harness.substitution import names_in, substitute
from protocol import directory
from protocol.errors import NO_TEXT, Text
from protocol.patientrecord import Patient
from protocol.webps import pages

Line = tuple[Text, str]


def task_of(
    number: int,
    step: StepSpec,
    context: CaseContext,
    *,
    wants: Wanted = "frame",
    deadline: datetime | None = None,
) -> Task:
    """The task of a step. `number` counts from 1 among the steps of the case."""
    case = context.case
    own = getattr(step, "operate", None)
    told: Text = own.text() if own is not None else instruction(step, context)
    if case.operate is not None and _first_asked(case.steps) == number:
        told = Text(f"{case.operate.fr}\n{told.fr}", f"{case.operate.en}\n{told.en}")
    return Task(
        case=case.code,
        step=number,
        total=len(case.steps),
        title=case.title.text(),
        instruction=told,
        data=tuple(data(step, context)),
        wants=wants,
        deadline=deadline,
        facts=facts_of(step, context),
    )


def after_steps(
    rank: int, context: CaseContext, told: Text, *, wants: Wanted, deadline: datetime | None = None
) -> Task:
    """Something asked when the steps are over; `rank` from 1 counts what is asked then."""
    case = context.case
    number = len(case.steps) + rank
    return Task(case.code, number, number, case.title.text(), told, (), wants, deadline)


def instruction(step: StepSpec, context: CaseContext) -> Text:
    """What to do, in one or two sentences."""
    if isinstance(step, DriveStep):
        transaction, act = step.drive, ACTS.get(step.drive)
    elif isinstance(step, BrowseStep):
        transaction, act = step.transaction, _page_act(step)
    elif isinstance(step, CallStep):
        transaction, act = step.neighbour, step.summary()
    else:
        return step.summary()
    if act is None:
        act = context.judging.registry.by_id(transaction).title
    who = _who(step.as_)
    return Text(f"{who.fr}{act.fr} [{transaction}].", f"{who.en}{act.en} [{transaction}].")


def data(step: StepSpec, context: CaseContext) -> Iterator[Line]:
    """Patient, options and documents, label by label."""
    patient = _patient(step, context)
    if patient is not None:
        yield from _of_patient(patient)
    if isinstance(step, DriveStep):
        for name, value in step.with_.items():
            yield from _parameter(name, value, context)
        yield from _documents(step, context)
    if isinstance(step, BrowseStep) and not step.follow:
        page = pages().get(step.browse)
        yield Text("Page", "Page"), page.title.fr if page else step.browse
    for words in getattr(context.case, "data", ()):
        yield words.text(), ""


def _who(actor: Actor) -> Text:
    part = part_of(actor.name)
    if part is None:
        return NO_TEXT
    user, place = professional(actor.user or part[0]), structure_of(actor.structure or part[1])
    mode = actor.mode or part[2]
    how = WITH[user.card if mode == "DIRECTE" else mode]
    name, where = f"{user.given} {user.family}", place.name
    return Text(
        f"Connecté en tant que {name} ({user.role.label}, {where}) {how.fr} : ",
        f"Connected as {name} ({user.role.label}, {where}) {how.en}: ",
    )


def _page_act(step: BrowseStep) -> Text:
    if step.form:
        return Text(
            "sur la page qui est ouverte, remplir et envoyer le formulaire",
            "on the page that is open, fill and send the form",
        )
    if step.follow:
        return Text(
            "sur la page qui est ouverte, suivre le lien", "on the page that is open, follow the link"
        )
    page = pages().get(step.browse)
    title = page.title if page else Text(step.browse, step.browse)
    act = ACTS[step.transaction]
    return Text(f"{act.fr} « {title.fr} »", f"{act.en} “{title.en}”")


def _patient(step: StepSpec, context: CaseContext) -> Patient | None:
    key = getattr(step, "patient", "")
    if not isinstance(key, str) or not key:
        return None
    return context.campaign.patients.get(key) or directory.patients().get(key)


def _of_patient(patient: Patient) -> Iterator[Line]:
    names = [" ".join(patient.given), patient.family_birth]
    if patient.family_usual and patient.family_usual != patient.family_birth:
        names.append(f"({patient.family_usual})")
    yield Text("Patient", "Patient"), " ".join(names)
    yield Text("INS", "INS"), patient.ins.number
    stamp = patient.birth_stamp
    yield Text("Né(e) le", "Born on"), f"{stamp[6:8]}/{stamp[4:6]}/{stamp[:4]}"


def _parameter(name: str, value: Any, context: CaseContext) -> Iterator[Line]:
    """One parameter; one line for each criterion of a search. What is captured later has nothing to show."""
    if name == "entry" or names_in(value) - context.values.keys():
        return
    known = substitute(value, context.values)
    if name == "parameters" and isinstance(known, Mapping):
        for key, item in known.items():
            label = key.removeprefix("$").removeprefix("XDSDocumentEntry")
            yield Text(f"Critère {label}", f"Criterion {label}"), _flat(item)
        return
    label = LABELS.get(name, Text(name, name))
    yield label, _flat(known)


def _documents(step: DriveStep, context: CaseContext) -> Iterator[Line]:
    if len(step.documents) > 1:
        yield Text("Nombre de documents, en un envoi", "Documents, in one sending"), str(len(step.documents))
    for fed in step.documents:
        more = [VALUES[code].fr for code in fed.visibility]
        if fed.media == "application/pdf":
            more.append("PDF")
        if fed.type is not None:
            more.append(f"type {fed.type.code} {fed.type.label}")
        if fed.size:
            more.append(f"≥ {fed.size:,} o".replace(",", " "))
        if fed.sample:
            more.append(fed.sample)
        if fed.replaces or fed.replaces_entry:
            old = fed.replaces or fed.replaces_entry
            known = "" if names_in(old) - context.values.keys() else f" {substitute(old, context.values)}"
            more.append(f"remplace le document{known}")
        if fed.again and not names_in(fed.again) - context.values.keys():
            more.append(
                f"le même document, envoyé une nouvelle fois : {substitute(fed.again, context.values)}"
            )
        yield Text("Document", "Document"), " — ".join([fed.title, *more])


def _flat(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_flat(item)}" for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(_flat(item) for item in value)
    if isinstance(value, bool):
        return "oui" if value else "non"
    known = VALUES.get(str(value))
    return known.fr if known else str(value)


def _first_asked(steps: Sequence[StepSpec]) -> int:
    """The first step that the operator is told of: that one carries the words of the whole case."""
    for number, step in enumerate(steps, 1):
        if not getattr(step, "need", False) and step.kind not in (
            "prepare",
            "fault",
            "patient",
            "assert",
            "traces",
        ):
            return number
    return 1
