"""`prepare`: puts the session of the mock in the state that a case needs, through the control API.

On a platform without control API it raises Unmet: the case is INCONCLUSIVE, its precondition can't be
established.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from harness.context import CaseContext
from harness.drive.clock import Clock, SetClock, ShiftedClock
from harness.problems import Problems
from harness.sessions import number_key
from harness.statuslists import StatusListSeed, given
from harness.steps import loading
from harness.steps.api import Outcome, StepSpec, step
from harness.substitution import names_in, substitute
from harness.vocabulary import Vocabulary
from protocol import directory
from protocol.errors import Text
from protocol.patientrecord import Patient, patient_to_plain
from protocol.yamlread import Where


class PatientSeed(BaseModel):
    """A patient of the data sets, with what changes in it (merged field by field)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str = Field(min_length=1)
    changes: dict[str, Any] = {}


class ClockChange(BaseModel):
    """The session's clock: set to a moment (or `real`), then moved by seconds, then stopped or started again.

    `lps: follows` turns the clock of the driver with it; `stays` leaves a software whose clock is wrong.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    set: str = Field(default="", description="ISO 8601 with zone, or real")
    move: int = Field(default=0, description="seconds")
    freeze: StrictBool = False
    release: StrictBool = False
    lps: Literal["follows", "stays"] = "follows"

    def asked(self) -> dict[str, Any]:
        """What the control API is asked."""
        return {name: value for name, value in self.model_dump(exclude={"lps"}).items() if value}


class Preparation(BaseModel):
    """At least one of: the clock, settings (rule id or switch -> value), patients to seed, status of the campaign's
    number, the status list that the platform believes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    settings: dict[str, str | int | bool] = {}
    clock: ClockChange | None = None
    patients: list[PatientSeed] = []
    number: Literal["", "active", "suspended", "revoked"] = ""
    status_list: StatusListSeed | None = None


@step
class PrepareStep(StepSpec):
    """Prepare the platform before or between the messages of a case."""

    kind: ClassVar[str] = "prepare"
    prepare: Preparation

    def summary(self) -> Text:
        what = ["clock"] if self.prepare.clock else []
        what += [*self.prepare.settings, *(seed.key for seed in self.prepare.patients)]
        if self.prepare.number:
            what.append(self.prepare.number)
        if self.prepare.status_list is not None:
            what.append(f"status list: {self.prepare.status_list.state}")
        listed = ", ".join(what)
        return Text(f"préparer la plateforme : {listed}", f"prepare the platform: {listed}")

    def check_names(self, at: Where, names: Vocabulary, problems: Problems) -> None:
        for index, seed in enumerate(self.prepare.patients):
            if seed.key not in names.patients:
                where = (*at, "prepare", "patients", index, "key")
                problems.unknown("013", Text("patient", "patient"), where, seed.key, names.patients)
            elif seed.key in directory.patients():
                record = patient_record(directory.patients()[seed.key], seed.changes)
                loading.check_patient(record, (*at, "prepare", "patients", index), problems)
        seeded = self.prepare.status_list
        for index, name in enumerate(seeded.profiles if seeded is not None else ()):
            if names.profiles and name not in names.profiles:
                where = (*at, "prepare", "status_list", "profiles", index)
                problems.unknown("012", Text("profil", "profile"), where, name, names.profiles)
        for name, value in self.prepare.settings.items():
            loading.check_setting(name, value, (*at, "prepare", "settings", name), problems)
            if names.settings and name not in names.settings:
                where = (*at, "prepare", "settings", name)
                problems.unknown(
                    "022", Text("réglage du simulateur", "setting of the mock"), where, name, names.settings
                )

    def used(self) -> frozenset[str]:
        return names_in(self.prepare.model_dump())

    def run(self, context: CaseContext) -> Outcome:
        control, session = context.platform.need(), context.platform.session
        resolved: dict[str, Any] = {}
        if self.prepare.clock is not None:
            told = control.clock(session, substitute(self.prepare.clock.asked(), context.values))
            resolved["clock"] = dict(told)
            if self.prepare.clock.lps == "follows":
                context.clock = followed(told)
        settings = substitute(self.prepare.settings, context.values)
        if settings:
            control.set(session, settings)
        for seed in self.prepare.patients:
            known = context.campaign.patients.get(seed.key) or directory.patients()[seed.key]
            control.patient(session, patient_record(known, substitute(seed.changes, context.values)))
        if self.prepare.number:
            control.number(session, number_key(context.campaign), self.prepare.number)
        if self.prepare.status_list is not None:
            resolved["status_list"] = _believes(self.prepare.status_list, context)
        return Outcome(resolved=resolved or None)


def _believes(seed: StatusListSeed, context: CaseContext) -> dict[str, Any]:
    """Give the session that status list, at its own clock; what it says."""
    control, session = context.platform.need(), context.platform.session
    if seed.state == "none":
        control.forget_status_list(session)
        return {"state": seed.state}
    body, told = given(seed, context.campaign, control.moment(session))
    control.status_list(session, body)
    return told


def followed(told: Mapping[str, Any]) -> Clock:
    """A clock of the driver that shows what the session's does."""
    if told["frozen"]:
        return SetClock(datetime.fromisoformat(str(told["now"])))
    return ShiftedClock(timedelta(seconds=int(told["offset_seconds"])))


def patient_record(patient: Patient, changes: dict[str, Any]) -> dict[str, Any]:
    """The record with `changes` merged in; mappings merge, anything else replaces."""
    return _merged(patient_to_plain(patient), changes)


def _merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for name, value in changes.items():
        below = result.get(name)
        result[name] = _merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return result
