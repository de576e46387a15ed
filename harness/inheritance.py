"""Cases that a connector's signed report proves, and that its integrators need not play again.

A case is inherited when every requirement it carries is proved by the engine (`prouve_par: moteur`), when it is the
same case in both plans, and when the connector passed it. It is then a state of the scope with its proof, never a
verdict of this run. Signatures, seals and withdrawal are looked at by the `Prove` that is handed in
(`reports.inheriting`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from harness.campaign import Campaign, Inherits
from harness.evidence import INDEX, read_json
from harness.plan import Case, stored_plan
from harness.results import text_to_plain
from protocol import requirements
from protocol.errors import Text, UsageError

#: What the report of a connector may say as a whole: one that does not conform proves nothing for others.
_RESULTS: Final = ("CONFORM", "PARTIAL", "INCONCLUSIVE")
_PASSED: Final = ("PASS", "WARN")
#: Origin of the frames that our own driver played.
_PLAYED: Final = "driver"
_COST: Final = 1 << 14
#: Folder of the evidence that keeps the signed statements of connectors, one folder a reference.
HERITAGE: Final = "heritage"


@dataclass(frozen=True)
class Proved:
    """A connector's report that was verified: `statement` is what its seal signed, `evidence` the tree it rests on,
    `envelope` the bytes of the signed statement, `sha256` their digest.
    """

    reference: str
    sha256: str
    statement: Mapping[str, Any]
    evidence: Path
    envelope: bytes = field(repr=False)


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

    def reason(self) -> Text:
        return Text(
            f"prouvé par le connecteur {self.connector}, rapport {self.reference} ({self.verdict})",
            f"proved by connector {self.connector}, report {self.reference} ({self.verdict})",
        )

    def to_plain(self) -> dict[str, Any]:
        return {
            "code": self.case.code,
            "title": text_to_plain(self.case.title.text()),
            "connector": self.connector,
            "reference": self.reference,
            "verdict": self.verdict,
            "requirements": list(self.case.requirements),
            "report_sha256": self.report_sha256,
        }


def inherited(
    campaign: Campaign, prove: Prove | None, at: datetime, *, observed: bool = False
) -> Mapping[str, Inheritance]:
    """Cases that the campaign inherits, by code. `observed`: the frames of this run are those of a real software.

    Raises UsageError (INH-0xx) when a report it names proves nothing for it: wrong connector, other guide, not
    conforming, frames of our own driver for a software that is observed, its wire number lent; and what `prove` raises.
    """
    found: dict[str, Inheritance] = {}
    for item in campaign.file.inherits:
        if prove is None:
            raise _refused(
                "001", "personne pour vérifier le rapport", "nobody to verify the report", item.report
            )
        proved = prove(item, campaign.path.parent, at)
        _refuse_foreign(campaign, item, proved)
        if observed and proved.statement["scope"]["frames"] == _PLAYED:
            raise _refused(
                "007",
                "les trames de ce rapport sont jouées par dmpcompat : elles ne prouvent rien du connecteur",
                "the frames of this report were played by dmpcompat: they prove nothing of the connector",
                proved.reference,
            )
        for one in _cases(campaign, item, proved):
            found.setdefault(one.case.code, one)
    return found


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


def _cases(campaign: Campaign, item: Inherits, proved: Proved) -> Sequence[Inheritance]:
    verdicts = {case["code"]: case["verdict"] for case in proved.statement["cases"]}
    path = proved.evidence / "plan.yaml"
    theirs = {case.code: case for case in stored_plan(path.read_bytes(), path).plan.cases}
    return [
        Inheritance(
            case,
            f"{item.connector.name} {item.connector.version}",
            proved.reference,
            verdicts[case.code],
            proved.sha256,
            proved.envelope,
        )
        for case in campaign.plan.plan.cases
        if by_engine(case) and verdicts.get(case.code) in _PASSED and theirs.get(case.code) == case
    ]


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
