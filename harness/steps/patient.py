"""`patient`: the simulated patient acts on the DMP, through the mock's control API; or says what a patient sees.

It sets the stage: on a platform without control API it raises Unmet. What the patient sees is kept in the evidence,
so that it can be judged again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final, Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, StrictBool, model_validator

from harness.checks.rule import Finding
from harness.context import CaseContext
from harness.control import Control
from harness.problems import Problems
from harness.steps.api import Outcome, StepSpec, Unmet, step
from harness.substitution import names_in, substitute
from harness.vocabulary import Vocabulary
from protocol.errors import Text
from protocol.yamlread import Where

Deed = Literal[
    "mask",
    "unmask",
    "archive",
    "unarchive",
    "delete",
    "allow",
    "forbid",
    "withdraw",
    "wish",
    "oppose",
    "close",
    "file",
    "see",
]
_ON_DOCUMENT: Final = ("mask", "unmask", "archive", "unarchive", "delete")
_ON_HOLDER: Final = ("allow", "forbid", "withdraw")
_WORDS: Final[Mapping[str, Text]] = {
    "mask": Text("masque un document", "masks a document"),
    "unmask": Text("démasque un document", "unmasks a document"),
    "archive": Text("archive un de ses documents", "archives a document of theirs"),
    "unarchive": Text("désarchive un de ses documents", "unarchives a document of theirs"),
    "delete": Text("supprime un de ses documents", "deletes a document of theirs"),
    "allow": Text("autorise", "allows"),
    "forbid": Text("bloque", "forbids"),
    "withdraw": Text("retire son choix sur", "takes back what was said of"),
    "wish": Text("exprime ses volontés", "writes their wishes"),
    "oppose": Text("change ses oppositions", "changes their oppositions"),
    "close": Text("ferme son DMP", "closes their DMP"),
    "file": Text("dépose un document", "files a document"),
    "see": Text("regarde ses documents", "looks at their documents"),
}


class Act(BaseModel):
    """What the patient of `key` does; `representative` says whether the legal representative of a minor acts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str = Field(min_length=1)
    do: Deed
    document: str = Field(default="", description="uniqueId (mask, unmask, archive, unarchive, delete)")
    professional: str = Field(default="", description="key of the directory (allow, forbid, withdraw)")
    structure: str = Field(default="", description="key of the directory (allow, forbid, withdraw)")
    text: str = Field(default="", description="wishes, reason of the closure, content of the document")
    title: str = ""
    type: str = Field(default="EXPPAT_2", description="type of the document that is filed")
    secret: StrictBool = Field(default=False, description="hide it from the legal representatives of a minor")
    bris_de_glace: StrictBool | None = None
    acces_urgence: StrictBool | None = None
    representative: StrictBool | None = None
    sees: list[str] = Field(default=[], description="uniqueIds that the patient must see (see)")
    misses: list[str] = Field(default=[], description="uniqueIds that the patient must not see (see)")

    @model_validator(mode="after")
    def _whole(self) -> Act:
        if (self.do in _ON_DOCUMENT) != bool(self.document):
            raise ValueError("document goes with mask, unmask, archive, unarchive, delete")
        if (self.do in _ON_HOLDER) != (bool(self.professional) != bool(self.structure)):
            raise ValueError("professional or structure goes with allow, forbid, withdraw")
        if bool(self.sees or self.misses) != (self.do == "see"):
            raise ValueError("sees or misses goes with see")
        return self


@step
class PatientStep(StepSpec):
    """An act of the patient."""

    kind: ClassVar[str] = "patient"
    patient: Act
    save: dict[str, str] = Field(default={}, description="fields of the answer to capture (unique_id…)")

    def summary(self) -> Text:
        act = self.patient
        what = " ".join(filter(None, (act.document, act.professional, act.structure)))
        words = _WORDS[act.do]
        return Text(
            f"le patient {act.key} {words.fr} {what}".strip(),
            f"the patient {act.key} {words.en} {what}".strip(),
        )

    def check_names(self, at: Where, names: Vocabulary, problems: Problems) -> None:
        for field, value, known, number, what in (
            ("key", self.patient.key, names.patients, "013", Text("patient", "patient")),
            (
                "professional",
                self.patient.professional,
                names.professionals,
                "014",
                Text("professionnel", "professional"),
            ),
            ("structure", self.patient.structure, names.structures, "014", Text("structure", "structure")),
        ):
            if value and known and value not in known:
                problems.unknown(number, what, (*at, "patient", field), value, known)

    def used(self) -> frozenset[str]:
        return names_in(self.patient.model_dump())

    def saved(self) -> frozenset[str]:
        return frozenset(self.save)

    def run(self, context: CaseContext) -> Outcome:
        control, session = context.platform.need(), context.platform.session
        act = Act.model_validate(substitute(self.patient.model_dump(), context.values))
        answer = _done(control, session, act)
        if act.do == "see":
            seen = sorted(str(one["unique_id"]) for one in answer)
            told = {"patient": {"seen": seen, "sees": act.sees, "misses": act.misses}}
            return Outcome(tuple(self.again(told)), resolved=told)
        for name, field in self.save.items():
            if not isinstance(answer, Mapping) or field not in answer:
                raise Unmet(
                    "STEP-012",
                    Text("la valeur à capturer est absente", "the value to capture is missing"),
                    field=name,
                    expected=field,
                )
            context.values[name] = str(answer[field])
        return Outcome()

    @classmethod
    def again(cls, resolved: Mapping[str, Any]) -> list[Finding]:
        told = resolved.get("patient", {})
        seen = set(told.get("seen", ()))
        shown = " ".join(sorted(seen))
        return [
            *(_finding(one in seen, shown, one) for one in told.get("sees", ())),
            *(_finding(one not in seen, shown, f"≠ {one}") for one in told.get("misses", ())),
        ]


def _finding(good: bool, found: str, expected: str) -> Finding:
    return Finding("EXPECT-PATIENT-SEES", "PASS" if good else "FAIL", "documents:", found, expected)


def _done(control: Control, session: str, act: Act) -> Any:
    """What the control API answers."""
    suffix = "" if act.representative is None else f"?representative={str(act.representative).lower()}"
    if act.do in _ON_DOCUMENT:
        return control.patient_act(
            session, act.key, "POST", f"documents/{quote(act.document)}/{act.do}{suffix}"
        )
    if act.do in _ON_HOLDER:
        holder = {"professional": act.professional} if act.professional else {"structure": act.structure}
        return control.patient_act(
            session, act.key, "POST", f"authorisations{suffix}", {"choice": act.do, **holder}
        )
    if act.do == "wish":
        return control.patient_act(session, act.key, "PUT", f"wishes{suffix}", {"text": act.text})
    if act.do == "oppose":
        told = {"bris_de_glace": act.bris_de_glace, "acces_urgence": act.acces_urgence}
        kept = {name: value for name, value in told.items() if value is not None}
        return control.patient_act(session, act.key, "PUT", f"oppositions{suffix}", kept)
    if act.do == "close":
        return control.patient_act(session, act.key, "POST", f"closure{suffix}", {"reason": act.text})
    if act.do == "file":
        filed = {
            "title": act.title or "Document du patient",
            "text": act.text or "Document de test",
            "type": act.type,
            "secret": act.secret,
        }
        return control.patient_act(session, act.key, "POST", f"documents{suffix}", filed)
    return control.patient_act(session, act.key, "GET", f"documents{suffix}")
