"""Verifies the report of a connector before anything is inherited from it: pinned bytes, trusted seal, whole evidence,
not withdrawn; and the homologation that was decided on it, when there is one. What may then be inherited is
`harness.inheritance`.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Final

from harness.campaign import Inherits
from harness.inheritance import Proved
from protocol import dsse, statuslist, trustchain
from protocol.datafolders import home
from protocol.errors import NO_TEXT, EvidenceError, Lang, Text, UsageError
from reports import statement
from reports.verify import STATEMENT_FILE, Verification, verify

#: States of an official number under which others may rest on it.
_STANDING: Final = ("ACTIVE", "NOTICE")
#: Steps that may not be left open. That of the evidence may: pieces lodged since, which what was signed does not need.
_NEEDED: Final = (
    *("files", "envelope", "statement", "signature", "reference"),
    *("digests", "agreement", "journal"),
)
#: Reports of an ordinary installation have no status: no register knows them.
_TEST: Final = "TST"
#: What is left to do without the connector.
PLAY: Final = Text(
    "jouer ces cas (inherits : otherwise: play), ou attendre que le connecteur soit de nouveau en vigueur",
    "play these cases (inherits: otherwise: play), or wait until the connector is in force again",
)


def prove(item: Inherits, base: Path, at: datetime) -> Proved:
    """Verify one report. Raises UsageError (INH-01x) when it is not the one that was pinned or was withdrawn,
    EvidenceError when it does not verify.
    """
    folder, evidence = _places(base / item.report)
    raw = (folder / STATEMENT_FILE).read_bytes()
    digest = hashlib.sha256(raw).hexdigest()
    if digest != item.sha256:
        raise _refused(
            "INH-011",
            Text(
                "le rapport du connecteur n'est pas celui qui est figé",
                "the connector's report is not the one pinned",
            ),
            digest,
            item.sha256,
        )
    trust = base / item.trust if item.trust else home() / "keys" / "trust.json"
    _refuse_unverified(verify(folder, trust=trust, evidence=evidence), item)
    said = statement.read(dsse.read(raw).payload)["predicate"]
    if item.homologation is None:
        _refuse_withdrawn(said["reportRef"], digest, item, base, trust, at)
        return Proved(said["reportRef"], digest, said, evidence, raw)
    from reports.inheriting_homologated import decided  # much is imported, for few campaigns

    found = decided(item.homologation, base, folder.parent, at)
    return Proved(
        said["reportRef"],
        digest,
        said,
        evidence,
        raw,
        homologation=found["reference"],
        profiles=tuple(found["profiles"]),
        modes=tuple(found["modes"]),
    )


def _places(place: Path) -> tuple[Path, Path]:
    """Folder of the report and its evidence, from a run's folder or its bag."""
    for run in (place, place / "data"):
        if (run / "rapport" / STATEMENT_FILE).is_file() and (run / "preuves").is_dir():
            return run / "rapport", run / "preuves"
    raise _refused(
        "INH-010",
        Text(
            "le rapport du connecteur et ses preuves ne sont pas là",
            "the connector's report and its evidence are not there",
        ),
        str(place),
        "rapport/, preuves/",
    )


def _refuse_unverified(checked: Verification, item: Inherits) -> None:
    wrong = [
        step
        for step in checked.steps
        if step.outcome == "KO" or (step.outcome == "SKIPPED" and step.name in _NEEDED)
    ]
    if wrong:
        said: dict[Lang, str] = {
            "fr": "; ".join(f"{step.number}. {step.title.fr} : {step.detail.fr}" for step in wrong),
            "en": "; ".join(f"{step.number}. {step.title.en}: {step.detail.en}" for step in wrong),
        }
        raise EvidenceError(
            "INH-012",
            Text(
                f"le rapport du connecteur ne se vérifie pas : {said['fr']}",
                f"the connector's report does not verify: {said['en']}",
            ),
            field="inherits",
            found=item.report,
            mend=Text(
                "demander au connecteur son rapport, ses preuves et le fichier de confiance de l'émetteur",
                "ask the connector for its report, its evidence and the issuer's trust file",
            ),
        )


def _refuse_withdrawn(
    reference: str, digest: str, item: Inherits, base: Path, trust: Path, at: datetime
) -> None:
    if not item.status:
        if not reference.startswith(_TEST):
            raise _refused(
                "INH-013",
                Text(
                    "un rapport officiel s'hérite avec sa liste de statuts",
                    "an official report is inherited with its status list",
                ),
                reference,
                "inherits.status",
            )
        return
    listed = statuslist.of_file(base / item.status, trustchain.load(trust, at=at).keys)
    if not listed.fresh(at):
        raise _refused(
            "INH-014",
            Text("la liste de statuts est périmée", "the status list is out of date"),
            item.status,
            "",
        )
    one = listed.of(reference)
    state = one.state_at(at) if one is not None else ""
    if one is None and reference.startswith(_TEST):
        return
    if one is None or state not in _STANDING or one.statement not in ("", digest):
        raise _refused(
            "INH-015",
            Text(
                "le rapport du connecteur n'est plus valable : ses cas ne s'héritent pas",
                "the connector's report is no longer valid: its cases are not inherited",
            ),
            f"{reference} {state or '—'}",
            " | ".join(_STANDING),
            PLAY,
        )


def _refused(code: str, text: Text, found: str, expected: str, mend: Text = NO_TEXT) -> UsageError:
    return UsageError(code, text, field="inherits", found=found, expected=expected, mend=mend)
