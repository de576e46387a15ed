"""Steps on the files of the report: each is the one signed, and they say what the statement says."""

from __future__ import annotations

from typing import Any, Final

from protocol import canonical
from protocol.errors import Text
from reports import statement
from reports.verification.state import BESIDE, State, step
from reports.verify_evidence import ko, same

_REPORT_MEMBERS: Final = {"reference", "result", "issued", "software", "plan", "rules", "cases"}


@step(
    60,
    "digests",
    "Chaque fichier du rapport est celui qui a été signé",
    "Each file is the one signed",
)
def digests(state: State) -> Text:
    signed = {
        name: digest
        for name, digest in statement.digests_of(state.statement).items()
        if name not in (statement.EVIDENCE, statement.RUN)
    }
    present = {entry.name for entry in state.folder.iterdir()} - BESIDE
    for name in sorted(present ^ set(signed)):
        raise ko("VERIFY-010", Text("fichier en trop ou manquant", "file missing or in excess"), found=name)
    for name, digest in sorted(signed.items()):
        same(state.folder / name, digest)
    return Text(f"{len(signed)} fichiers", f"{len(signed)} files")


@step(
    70,
    "agreement",
    "Le rapport dit ce que dit la déclaration",
    "The report says what the statement says",
)
def agreement(state: State) -> Text:
    report = canonical.loads((state.folder / "report.json").read_bytes())
    predicate = state.statement["predicate"]
    if not isinstance(report, dict) or not set(report) >= _REPORT_MEMBERS:
        raise ko("VERIFY-012", Text("rapport incomplet", "incomplete report"), where="report.json")
    told = {
        "reference": (report["reference"], predicate["reportRef"]),
        "result": (report["result"], predicate["result"]),
        "issued": (report["issued"], predicate["issuedAt"]),
        "software": (report["software"], predicate["software"]),
        "plan": (report["plan"], predicate["plan"]),
        "rules": (report["rules"], predicate["rules"]),
        "cases": (_verdicts(report["cases"]), predicate["cases"]),
    }
    for name, (found, expected) in told.items():
        if found != expected:
            raise ko("VERIFY-012", Text("désaccord", "disagreement"), where=name)
    page = (state.folder / "report.html").read_bytes()
    if predicate["reportRef"].encode() not in page:
        raise ko("VERIFY-012", Text("désaccord", "disagreement"), where="report.html")
    count = len(predicate["cases"])
    return Text(f"{count} cas", f"{count} cases")


def _verdicts(cases: Any) -> list[dict[str, Any]]:
    if not isinstance(cases, list) or not all(isinstance(case, dict) for case in cases):
        raise ko("VERIFY-012", Text("rapport incomplet", "incomplete report"), where="cases")
    return [{"code": case.get("code"), "verdict": case.get("verdict")} for case in cases]
