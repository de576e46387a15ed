"""Offline verification of a report, as numbered steps that anybody can read.

Each step is OK, KO or SKIPPED with its reason. Nothing is believed because it travelled with the report: the
key must be one the verifier already trusts. Status and register of official numbers are left to later steps:
a TST report has none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

from protocol import canonical, dsse
from protocol.datafolders import home
from protocol.errors import DmpcompatError, Text, UsageError
from protocol.trust import load_trust, moment
from reports import numbers, statement, verify_evidence, verify_paper
from reports.verify_evidence import Skip, ko, same
from reports.verify_paper import PAPER

Outcome = Literal["OK", "KO", "SKIPPED"]
STATEMENT_FILE: Final = "statement.dsse.json"
_MAX_BYTES: Final = 64 * 1024 * 1024
_REPORT_MEMBERS: Final = {"reference", "result", "issued", "software", "plan", "rules", "cases"}


@dataclass(frozen=True)
class Step:
    """One step and what it found; `name` tells it from the others whatever its number and its words."""

    number: int
    title: Text
    outcome: Outcome
    detail: Text
    name: str = ""


@dataclass(frozen=True)
class Verification:
    """The steps in order. `exit_code`: 0 valid, 1 invalid, 2 valid but something was not checked."""

    steps: tuple[Step, ...]

    def step(self, name: str) -> Step | None:
        """The step of that name, None when it was not taken."""
        return next((one for one in self.steps if one.name == name), None)

    @property
    def exit_code(self) -> int:
        outcomes = {step.outcome for step in self.steps}
        return 1 if "KO" in outcomes else 2 if "SKIPPED" in outcomes else 0

    def as_json(self) -> dict[str, Any]:
        return {
            "exit": self.exit_code,
            "steps": [
                {
                    "number": step.number,
                    "outcome": step.outcome,
                    "title": step.title._asdict(),
                    "detail": step.detail._asdict(),
                }
                for step in self.steps
            ],
        }


@dataclass
class _State:
    """What the steps hand to one another."""

    folder: Path
    evidence: Path | None
    trust: Path | None
    own_trust: Path
    existed: datetime | None = None
    envelope: dsse.Envelope | None = None
    statement: dict[str, Any] = field(default_factory=dict)

    @property
    def signed(self) -> dsse.Envelope:
        """The envelope. The steps after its reading are skipped when it could not be read."""
        if self.envelope is None:
            raise ko("VERIFY-003", Text("enveloppe non lue", "envelope not read"))
        return self.envelope


@dataclass(frozen=True)
class _Planned:
    """A step to take."""

    name: str
    title: Text
    act: Callable[[_State], Text]


def verify(
    path: Path,
    *,
    trust: Path | None = None,
    evidence: Path | None = None,
    rejudged: bool = False,
    authority: Path | None = None,
    existed: datetime | None = None,
) -> Verification:
    """Verify the report at `path` (its folder, the folder above, or one of its files).

    `trust`: the keys to believe (default: those of this installation). `evidence`: the evidence folder (default:
    `preuves` beside the report). `rejudged`: compute every verdict again from the captured bytes.
    `authority`: folder of the certification authority to believe for the seal of the PDF. `existed`: when somebody
    that the caller believes saw this very statement (the homologation that names it), for a key distrusted since.
    Raises UsageError when there is no report at that place, or the trust file can't be read: neither says anything
    of the report.
    """
    folder = _report_folder(path)
    if trust is not None:
        _readable_trust(trust)
    state = _State(
        folder=folder,
        evidence=evidence
        or next((p for p in (folder.parent / "preuves", folder / "preuves") if p.is_dir()), None),
        trust=trust,
        own_trust=home() / "keys" / "trust.json",
        existed=existed,
    )
    return Verification(tuple(_run(_plan(state, authority, rejudged=rejudged), state)))


def _plan(state: _State, authority: Path | None, *, rejudged: bool) -> list[_Planned]:
    """The steps of this report: those of its PDF when it has one, the dear ones when they are asked for."""
    folder = state.folder
    paper = (folder / PAPER).is_file()
    plan = [_Planned(*one) for one in _ALWAYS]
    if paper:
        plan += [
            _Planned("paper-seal", _PAPER_SEAL, lambda _: verify_paper.seal(folder, authority)),
            _Planned(
                "paper-statement",
                _PAPER_STATEMENT,
                lambda now: verify_paper.attachment(folder, now.statement),
            ),
        ]
    if paper and rejudged:
        plan.append(
            _Planned("paper-pages", _PAPER_PAGES, lambda now: verify_paper.pages(folder, now.statement))
        )
    if rejudged:
        plan.append(_Planned("rejudged", _REJUDGED, lambda now: verify_evidence.rejudge_all(now.evidence)))
    return plan


def _run(plan: list[_Planned], state: _State) -> list[Step]:
    steps: list[Step] = []
    broken = 0
    for number, planned in enumerate(plan, start=1):
        outcome: Outcome = "OK"
        if broken and number > 2 and not state.statement:
            outcome = "SKIPPED"
            detail = Text(f"l'étape {broken} a échoué", f"step {broken} failed")
        else:
            try:
                detail = planned.act(state)
            except Skip as skipped:
                outcome, detail = "SKIPPED", skipped.reason
            except DmpcompatError as problem:
                outcome, detail = "KO", Text(problem.message("fr"), problem.message("en"))
                broken = broken or number
            except OSError as problem:
                outcome, detail = "KO", Text(str(problem), str(problem))
                broken = broken or number
        steps.append(Step(number, planned.title, outcome, detail, planned.name))
    return steps


def _report_folder(path: Path) -> Path:
    for candidate in (path, path / "rapport", path / "data" / "rapport", path.parent):
        if (candidate / STATEMENT_FILE).is_file():
            return candidate
    raise UsageError(
        "VERIFY-001",
        Text("pas de rapport à cet endroit", "no report at that place"),
        field=str(path),
        expected=STATEMENT_FILE,
        mend=Text("donner le dossier produit par dmpcompat", "give the folder made by dmpcompat"),
    )


def _readable_trust(trust: Path) -> None:
    try:
        load_trust(trust)
    except (DmpcompatError, OSError) as problem:
        found = problem.found if isinstance(problem, DmpcompatError) else str(problem.strerror)
        raise UsageError(
            "VERIFY-015",
            Text("le fichier de confiance ne se lit pas", "the trust file can't be read"),
            field=str(trust),
            found=found,
            mend=Text("demander trust.json à l'émetteur", "ask the issuer for trust.json"),
        ) from problem


def _files(state: _State) -> Text:
    files = [entry for entry in state.folder.iterdir() if entry.name != "preuves"]
    for entry in files:
        if entry.is_symlink() or not entry.is_file() or entry.stat().st_size > _MAX_BYTES:
            raise ko("VERIFY-002", Text("entrée inattendue", "unexpected entry"), found=entry.name)
    return Text(f"{len(files)} fichiers", f"{len(files)} files")


def _envelope(state: _State) -> Text:
    data = (state.folder / STATEMENT_FILE).read_bytes()
    if not canonical.is_canonical(data):
        raise ko("VERIFY-003", Text("JSON non canonique", "JSON that is not canonical"), found=STATEMENT_FILE)
    envelope = dsse.read(data)
    if envelope.payload_type != dsse.PAYLOAD_TYPE or not envelope.signatures:
        raise ko("VERIFY-004", Text("type ou signature absents", "type or signature missing"))
    if len({signature.keyid for signature in envelope.signatures}) != len(envelope.signatures):
        raise ko("VERIFY-005", Text("deux signatures de la même clé", "two signatures by one key"))
    state.envelope = envelope
    return Text(f"{len(envelope.signatures)} signature(s)", f"{len(envelope.signatures)} signature(s)")


def _statement(state: _State) -> Text:
    state.statement = statement.read(state.signed.payload)
    predicate = state.statement["predicate"]
    return Text(predicate["result"], predicate["result"])


def _signature(state: _State) -> Text:
    source = state.trust or (state.own_trust if state.own_trust.is_file() else None)
    known = load_trust(source) if source else {}
    predicate = state.statement["predicate"]
    issued = moment(predicate["issuedAt"])
    issuer = predicate["reportRef"][:3]
    believed = [signature for signature in state.signed.signatures if signature.keyid in known]
    if not believed:
        _check_bundled_key(state)
        raise Skip(
            Text(
                "la signature est intacte, mais sa clé n'est connue que par le rapport lui-même ; "
                "donner --trust avec le fichier de confiance de l'émetteur",
                "the signature is intact, but its key is known from the report itself only; "
                "give --trust with the issuer's trust file",
            )
        )
    covered = dsse.encoding(state.signed.payload_type, state.signed.payload)
    for signature in believed:
        key = known[signature.keyid]
        if not key.verifies(signature.value, covered):
            raise ko("VERIFY-006", Text("signature fausse", "wrong signature"), found=signature.keyid)
        if key.role != "seal" or issuer not in key.issuers:
            raise ko(
                "VERIFY-007",
                Text(
                    "cette clé ne peut pas signer pour cet émetteur", "this key may not sign for this issuer"
                ),
                found=f"{key.role} {issuer}",
                expected=f"seal {' '.join(key.issuers)}",
            )
        if not key.valid_at(issued):
            raise ko("VERIFY-008", Text("clé hors de ses dates", "key outside its dates"), found=str(issued))
        if not key.proven_by(state.existed):
            # A report of a run is in no register: alone it proves no date, and the thief of a key writes any.
            raise ko(
                "VERIFY-016",
                Text(
                    "clé révoquée, et rien ne prouve que ce rapport existait avant ; "
                    "vérifier le paquet de l'homologation qui le nomme",
                    "distrusted key, and nothing proves that this report existed before; "
                    "verify the bundle of the homologation that names it",
                ),
                found=str(state.existed or "-"),
                expected=f"<= {key.distrust_after}",
            )
    name = known[believed[0].keyid].name
    return Text(name, name)


def _check_bundled_key(state: _State) -> None:
    bundled = load_trust(state.folder / "trust.json")
    covered = dsse.encoding(state.signed.payload_type, state.signed.payload)
    for signature in state.signed.signatures:
        key = bundled.get(signature.keyid)
        if key is None or not key.verifies(signature.value, covered):
            raise ko("VERIFY-006", Text("signature fausse", "wrong signature"), found=signature.keyid)


def _reference(state: _State) -> Text:
    printed = state.statement["predicate"]["reportRef"]
    reference = str(numbers.parse(printed))
    if reference != printed:
        raise ko("VERIFY-009", Text("référence mal écrite", "reference badly written"), found=printed)
    return Text(reference, reference)


def _digests(state: _State) -> Text:
    signed = {
        name: digest
        for name, digest in statement.digests_of(state.statement).items()
        if name not in (statement.EVIDENCE, statement.RUN)
    }
    present = {
        entry.name for entry in state.folder.iterdir() if entry.name not in (STATEMENT_FILE, PAPER, "preuves")
    }
    for name in sorted(present ^ set(signed)):
        raise ko("VERIFY-010", Text("fichier en trop ou manquant", "file missing or in excess"), found=name)
    for name, digest in sorted(signed.items()):
        same(state.folder / name, digest)
    return Text(f"{len(signed)} fichiers", f"{len(signed)} files")


def _agreement(state: _State) -> Text:
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


_ALWAYS: Final[tuple[tuple[str, Text, Callable[[_State], Text]], ...]] = (
    (
        "files",
        Text("Les fichiers du rapport sont là, et eux seuls", "The report's files are there, and only they"),
        _files,
    ),
    (
        "envelope",
        Text("L'enveloppe signée se lit sans ambiguïté", "The signed envelope reads without ambiguity"),
        _envelope,
    ),
    ("statement", Text("La déclaration est bien formée", "The statement is well formed"), _statement),
    (
        "signature",
        Text("La signature est bonne, par une clé de confiance", "Signed by a trusted key"),
        _signature,
    ),
    ("reference", Text("Le numéro de référence est juste", "The reference number is right"), _reference),
    (
        "digests",
        Text("Chaque fichier du rapport est celui qui a été signé", "Each file is the one signed"),
        _digests,
    ),
    (
        "agreement",
        Text("Le rapport dit ce que dit la déclaration", "The report says what the statement says"),
        _agreement,
    ),
    (
        "evidence",
        Text("Les preuves sont celles qui ont été signées", "The evidence is the one signed"),
        lambda now: verify_evidence.evidence(now.evidence, now.statement),
    ),
    (
        "journal",
        Text(
            "Le journal est enchaîné, jusqu'à la ligne signée et après",
            "The journal is chained, up to the line signed and after",
        ),
        lambda now: verify_evidence.journal(now.evidence, now.statement),
    ),
)
_PAPER_SEAL: Final = Text(
    "Le cachet du PDF tient, et rien n'a changé après lui", "The PDF's seal holds, nothing changed after"
)
_PAPER_STATEMENT: Final = Text("Le PDF porte la déclaration signée", "The PDF carries the signed statement")
_PAPER_PAGES: Final = Text(
    "Les pages du PDF se redessinent à l'identique", "The pages of the PDF are drawn again the same"
)
_REJUDGED: Final = Text("Les verdicts se recalculent à l'identique", "Verdicts recompute identically")
