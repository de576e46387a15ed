"""Cases that a connector's signed report proves, and that its integrators need not play again.

A case is inherited when every requirement it carries is proved by the engine (`prouve_par: moteur`), when it is the
same case in both plans, when the connector passed it, and for the profiles and modes that the campaign declares. It is
then a state of the scope with its proof, never a verdict of this run. Any other is played, and says why. Signatures,
seals and withdrawal are looked at by the `Prove` that is handed in (`reports.inheriting`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from harness.campaign import Campaign, Inherits
from harness.evidence import INDEX, read_json
from harness.plan import Case, stored_plan
from harness.results import text_to_plain
from protocol import requirements
from protocol.errors import EvidenceError, Text, UsageError

#: What the report of a connector may say as a whole: one that does not conform proves nothing for others.
_RESULTS: Final = ("CONFORM", "PARTIAL", "INCONCLUSIVE")
_PASSED: Final = ("PASS", "WARN")
#: Origin of the frames that our own driver played.
_PLAYED: Final = "driver"
_COST: Final = 1 << 14
#: The one refusal that a campaign may not pass over: the number of the connector is sent by another software.
_LENT: Final = "INH-006"
#: Folder of the evidence that keeps the signed statements of connectors, one folder a reference.
HERITAGE: Final = "heritage"


@dataclass(frozen=True)
class Proved:
    """A connector's report that was verified: `statement` is what its seal signed, `evidence` the tree it rests on,
    `envelope` the bytes of the signed statement, `sha256` their digest. `homologation`: public reference of the
    decision that rests on it, "" without one; `profiles`, `modes`: what it covers, all that the report covers if empty.
    """

    reference: str
    sha256: str
    statement: Mapping[str, Any]
    evidence: Path
    envelope: bytes = field(repr=False)
    homologation: str = ""
    profiles: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()

    def covers(self, what: str) -> frozenset[str]:
        """The `profiles` or `modes` that are proved: those of the decision, and of the report that it rests on."""
        decided = frozenset(getattr(self, what))
        reported = frozenset(self.statement["scope"][what])
        return reported & decided if decided else reported


#: Verifies the report that a campaign names, at a moment. Raises UsageError or EvidenceError.
Prove = Callable[[Inherits, Path, datetime], Proved]


@dataclass(frozen=True)
class Inheritance:
    """One case and what proves it elsewhere."""

    case: Case
    connector: str
    reference: str
    verdict: str
    report_sha256: str
    envelope: bytes = field(repr=False)
    homologation: str = ""

    def reason(self) -> Text:
        fr, en = (
            (f", homologué {self.homologation}", f", homologated {self.homologation}")
            if self.homologation
            else ("", "")
        )
        return Text(
            f"prouvé par le connecteur {self.connector}{fr}, rapport {self.reference} ({self.verdict})",
            f"proved by connector {self.connector}{en}, report {self.reference} ({self.verdict})",
        )

    def told(self) -> dict[str, Any]:
        """What the journal of events says of it."""
        return {name: value for name, value in self.to_plain().items() if name != "code"}

    def to_plain(self) -> dict[str, Any]:
        return {
            "code": self.case.code,
            "title": text_to_plain(self.case.title.text()),
            "connector": self.connector,
            "reference": self.reference,
            "verdict": self.verdict,
            "requirements": list(self.case.requirements),
            "report_sha256": self.report_sha256,
            "homologation": self.homologation,
        }


@dataclass(frozen=True)
class Heritage:
    """What a campaign inherits: its `cases` by code; `played`: why those that it might have inherited are played."""

    cases: Mapping[str, Inheritance] = field(default_factory=dict)
    played: Mapping[str, Text] = field(default_factory=dict)


def inherited(campaign: Campaign, prove: Prove | None, at: datetime, *, observed: bool = False) -> Heritage:
    """What the campaign inherits. `observed`: the frames of this run are those of a real software.

    Raises UsageError (INH-0xx) when a report it names proves nothing for it: wrong connector, other guide, not
    conforming, frames of our own driver for a software that is observed, its wire number lent; and what `prove` raises.
    With `otherwise: play` its cases are played instead, for that reason; a number that is lent stops all the same.
    """
    found: dict[str, Inheritance] = {}
    played: dict[str, list[Text]] = {}
    for item in campaign.file.inherits:
        try:
            proved = _proved(campaign, item, prove, at, observed=observed)
        except (UsageError, EvidenceError) as problem:
            if item.otherwise == "stop" or problem.code == _LENT:
                raise
            why = Text(problem.message("fr"), problem.message("en"))
            told = {case.code: why for case in campaign.plan.plan.cases if by_engine(case)}
        else:
            told = {}
            for one in _cases(campaign, item, proved):
                if isinstance(one, Inheritance):
                    found.setdefault(one.case.code, one)
                else:
                    told[one[0].code] = one[1]
        for code, why in told.items():
            played.setdefault(code, []).append(why)
    return Heritage(found, {code: _joined(several) for code, several in played.items() if code not in found})


def _proved(
    campaign: Campaign, item: Inherits, prove: Prove | None, at: datetime, *, observed: bool
) -> Proved:
    if prove is None:
        raise _refused("001", "personne pour vérifier le rapport", "nobody to verify the report", item.report)
    proved = prove(item, campaign.path.parent, at)
    _refuse_foreign(campaign, item, proved)
    if observed and proved.statement["scope"]["frames"] == _PLAYED:
        raise _refused(
            "007",
            "les trames de ce rapport sont jouées par dmpcompat : elles ne prouvent rien du connecteur",
            "the frames of this report were played by dmpcompat: they prove nothing of the connector",
            proved.reference,
        )
    return proved


def by_engine(case: Case) -> bool:
    """Whether the case judges the software by requirements that the engine alone proves."""
    known = requirements.requirements()
    return (
        case.side == "L"
        and bool(case.requirements)
        and all(item in known and known[item].prouve_par == "moteur" for item in case.requirements)
    )


def fingerprint(number: str, salt: str) -> dict[str, str]:
    """What allows to tell whether two wire numbers are the same, and nothing else: kept with the evidence.

    The salt is no secret; the cost of scrypt is there against guessing.
    """
    digest = hashlib.scrypt(number.encode(), salt=salt.encode(), n=_COST, r=8, p=1, dklen=32)
    return {"salt": salt, "scrypt": digest.hex()}


def _refuse_foreign(campaign: Campaign, item: Inherits, proved: Proved) -> None:
    said = proved.statement
    software = said["software"]
    named = (software["name"], software["version"])
    if named != (item.connector.name, item.connector.version):
        raise _refused(
            "002",
            "le rapport n'est pas celui de ce connecteur",
            "the report is not about this connector",
            " ".join(named),
            f"{item.connector.name} {item.connector.version}",
        )
    if said["result"] not in _RESULTS:
        raise _refused(
            "003",
            "le connecteur n'est pas conforme",
            "the connector does not conform",
            said["result"],
            " | ".join(_RESULTS),
        )
    guide = ", ".join(campaign.plan.plan.guide)
    theirs = read_json(proved.evidence / INDEX)["campaign"].get("guide", "")
    if said["framework"] != guide or theirs != campaign.file.guide:
        raise _refused(
            "004",
            "le rapport suit une autre édition du guide",
            "the report follows another edition of the guide",
            said["framework"],
            guide,
        )
    _refuse_lent(campaign, proved)


def _refuse_lent(campaign: Campaign, proved: Proved) -> None:
    """Each integrator has a number of its own; the connector's may not be lent (CTLSAM, December 2018)."""
    kept = read_json(proved.evidence / INDEX).get("number_fingerprint")
    if kept is None:
        raise _refused(
            "005",
            "les preuves du connecteur ne permettent pas de comparer les numéros d'homologation",
            "the connector's evidence does not allow to compare wire numbers",
            proved.reference,
            "number_fingerprint",
        )
    if fingerprint(campaign.number, kept["salt"]) == kept:
        raise _refused(
            "006",
            "le numéro d'homologation est celui du connecteur : il ne se prête pas",
            "the wire number is the connector's: it may not be lent",
            proved.reference,
            "",
            Text("demander un numéro pour ce logiciel", "ask for a number for this software"),
        )


def _cases(campaign: Campaign, item: Inherits, proved: Proved) -> Iterable[Inheritance | tuple[Case, Text]]:
    """Each case of the software: inherited, or why it is played."""
    verdicts = {case["code"]: case["verdict"] for case in proved.statement["cases"]}
    path = proved.evidence / "plan.yaml"
    theirs = {case.code: case for case in stored_plan(path.read_bytes(), path).plan.cases}
    connector = f"{item.connector.name} {item.connector.version}"
    for case in campaign.plan.plan.cases:
        if case.side != "L":
            continue
        verdict = verdicts.get(case.code, "")
        why = (
            _own(case)
            or _unproved(case, theirs.get(case.code), verdict)
            or _uncovered(case, campaign, proved)
        )
        if why is not None:
            yield case, why
        else:
            yield Inheritance(
                case,
                connector,
                proved.reference,
                verdict,
                proved.sha256,
                proved.envelope,
                proved.homologation,
            )


def _own(case: Case) -> Text | None:
    """Why only the software itself can prove it."""
    if by_engine(case):
        return None
    if not case.requirements:
        return Text("aucune exigence déléguée au connecteur", "no requirement is delegated to the connector")
    known = requirements.requirements()
    own = [item for item in case.requirements if item not in known or known[item].prouve_par != "moteur"]
    listed = ", ".join(own)
    return Text(f"à prouver par l'intégrateur : {listed}", f"for the integrator to prove: {listed}")


def _unproved(case: Case, theirs: Case | None, verdict: str) -> Text | None:
    """Why the connector's run says nothing of it."""
    if theirs is None or not verdict:
        return Text("le connecteur ne l'a pas joué", "the connector did not play it")
    if theirs != case:
        return Text("le cas a changé depuis le connecteur", "the case has changed since the connector's run")
    if verdict not in _PASSED:
        return Text(
            f"le connecteur ne l'a pas réussi ({verdict})", f"the connector did not pass it ({verdict})"
        )
    return None


def _uncovered(case: Case, campaign: Campaign, proved: Proved) -> Text | None:
    """The profiles or modes that this software declares, and that the connector did not prove for the case."""
    modes = {str(mode) for mode in campaign.file.authentication}
    for what, asked, declared, fr, en in (
        ("profiles", case.filters.profiles, set(campaign.file.profiles), "profil", "profile"),
        ("modes", case.filters.authentication, modes, "mode d'authentification", "authentication mode"),
    ):
        if missing := sorted(declared & set(asked) - proved.covers(what)):
            listed = ", ".join(missing)
            return Text(
                f"{fr} que le connecteur ne prouve pas : {listed}",
                f"{en} that the connector does not prove: {listed}",
            )
    return None


def _joined(several: Iterable[Text]) -> Text:
    kept = list(dict.fromkeys(several))
    return Text("; ".join(one.fr for one in kept), "; ".join(one.en for one in kept))


def _refused(
    code: str, fr: str, en: str, found: str, expected: str = "", mend: Text | None = None
) -> UsageError:
    return UsageError(
        f"INH-{code}",
        Text(fr, en),
        field="inherits",
        found=found,
        expected=expected,
        mend=mend or Text("corriger « inherits » dans la campagne", "correct `inherits` in the campaign"),
    )
