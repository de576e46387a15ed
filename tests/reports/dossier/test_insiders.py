"""What the office refuses to those who are of it, or hold one of its keys: before a number, and when a file is read."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from protocol.errors import EvidenceError, UsageError
from protocol.trust import trust_document
from reports.dossier import deciding, events, lodging, planning, telling
from reports.dossier.book import JOURNAL, Dossier, IllegalAct
from reports.dossier.events import Event
from reports.dossier.lodging import NotLodged
from reports.issue import issue
from reports.keys import Seal, installation_seal
from reports.register.standing import IllegalMove
from tests.reports.dossier.conftest import OPENING, Bureau, evidence
from tests.reports.made import build_run
from tests.reports.register.conftest import Hands
from tests.reports.register.drafts import draft
from tests.reports.register.drafts import issue as issued


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("DMPCOMPAT_HOME", str(tmp_path / "home"))
    return


def written(bureau: Bureau, kind: str, who: Seal, **facts: Any) -> None:
    """A line added to the journal by whoever has the disk and a key: the chain and the signature are good."""
    history = bureau.dossier.events()
    made = Event("lps-test", len(history), history[-1].at, kind, "x", facts, history[-1].line)
    with (bureau.dossier.folder / JOURNAL).open("ab") as stream:
        stream.write(events.signed(made, who) + b"\n")


def test_a_line_that_the_office_would_refuse_is_not_read(bureau: Bureau) -> None:
    second = bureau.people.add("second", "editor", bureau.dossier.events()[0].at)
    bureau.examined()
    bureau.dossier.add("APPROVE", bureau.reviewers[0], "vu", {})
    written(bureau, "APPROVE", second)
    with pytest.raises(EvidenceError, match=r"DOSSIER-003.*this role may not"):
        bureau.dossier.read()
    with pytest.raises(EvidenceError, match="DOSSIER-003"):
        deciding.grant(bureau.office, bureau.dossier, "conforme")


def test_a_file_is_not_opened_twice(bureau: Bureau) -> None:
    bureau.approved()
    with pytest.raises(IllegalAct, match="open another file"):
        bureau.dossier.add(
            "OPEN", bureau.editor, "plus large", {**OPENING, "profiles": ["alimentation", "consultation"]}
        )


def test_two_keys_of_one_person_are_two_eyes(bureau: Bureau) -> None:
    """A reviewer whose key was rotated has both for a while."""
    bureau.examined()
    other = installation_seal(bureau.office.folder / "rotated")
    again = Seal(
        replace(other.key, role="reviewer", name=" Relectrice", not_before=bureau.editor.key.not_before),
        other.private,
    )
    people = bureau.people.folder / "people.json"
    keys = [key for key in bureau.people.known().values() if key.role != "seal"]
    people.write_bytes(trust_document([*keys, again.key]))
    for one in (bureau.reviewers[0], again):
        bureau.dossier.add("APPROVE", one, "vu", {})
    with pytest.raises(IllegalAct, match="1 / 2"):
        bureau.dossier.move("grant", bureau.agency, "conforme")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"profiles": []}, "narrower"),
        ({"modes": ["indirect"]}, "narrower"),
        ({"verdicts": {}}, "about no case"),
        ({"software": {"vendor": "Autre SA", "name": "LPS-TEST", "version": "1.0.0"}}, "another product"),
    ],
    ids=["profiles", "modes", "no case", "vendor"],
)
def test_a_smaller_campaign_than_the_file_is_not_lodged(
    bureau: Bureau, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(IllegalAct, match=words):
        bureau.lodged(**changes)


def test_evidence_is_lodged_in_its_time_alone(bureau: Bureau) -> None:
    bureau.examined()
    with pytest.raises(IllegalAct, match="take the tests up again"):
        bureau.dossier.add("PIECE", bureau.editor, "mieux", evidence())
    for reviewer in bureau.reviewers:
        bureau.dossier.add("APPROVE", reviewer, "vu", {})
    bureau.dossier.move("grant", bureau.agency, "conforme")
    with pytest.raises(IllegalAct, match="take the tests up again"):
        bureau.dossier.add("PIECE", bureau.editor, "mieux", evidence())
    with pytest.raises(IllegalAct, match="the agency, once homologated"):
        bureau.dossier.add("PIECE", bureau.editor, "version", {**evidence(), "what": "amendment"})


def test_what_changes_between_decision_and_number_stops_it(bureau: Bureau) -> None:
    bureau.approved()
    bureau.dossier.move("grant", bureau.agency, "conforme")
    bureau.dossier.add("BUILD", bureau.editor, "correctif", {"version": "1.0.1"})
    with pytest.raises(IllegalAct, match="the product changed"):
        deciding.grant(bureau.office, bureau.dossier, "conforme")
    assert bureau.office.register.entries() == ()


def test_a_number_is_not_reserved_beside_the_guards(bureau: Bureau) -> None:
    bureau.examined()
    reference = bureau.office.numbering.reserve("L")
    with pytest.raises(IllegalAct, match="not possible in this state"):
        bureau.dossier.add("RESERVED", bureau.agency, "vite", {"reference": reference})


def signed_run(folder: Path, seal: Seal | None = None) -> Path:
    run = build_run(folder)
    issue(run, seal=seal)
    return run


def test_a_report_that_nobody_vouches_for_is_not_lodged(tmp_path: Path) -> None:
    """Anybody makes a key, a run and a report which is in order."""
    stranger = installation_seal(tmp_path / "stranger")
    run = signed_run(tmp_path / "run", stranger)
    installation_seal()
    with pytest.raises(NotLodged, match=r"DOSSIER-020.*--trust"):
        lodging.facts_of(run, rejudged=False)
    trust = tmp_path / "trust.json"
    trust.write_bytes(trust_document([stranger.key]))
    assert lodging.facts_of(run, trust, rejudged=False)["executors"] == [stranger.keyid]


def test_a_report_without_its_evidence_is_not_lodged(tmp_path: Path) -> None:
    run = signed_run(tmp_path / "run")
    shutil.copytree(run / "rapport", tmp_path / "alone" / "rapport")
    with pytest.raises(NotLodged, match="DOSSIER-020"):
        lodging.facts_of(tmp_path / "alone", rejudged=False)


def test_a_report_that_changes_while_it_is_looked_at_is_not_lodged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, other = signed_run(tmp_path / "run"), signed_run(tmp_path / "other")
    real = lodging.verify.verify

    def slow(path: Path, **given: Any) -> Any:
        found = real(path, **given)
        shutil.copy(other / "rapport" / "statement.dsse.json", run / "rapport" / "statement.dsse.json")
        return found

    monkeypatch.setattr(lodging.verify, "verify", slow)
    with pytest.raises(NotLodged, match="DOSSIER-023"):
        lodging.facts_of(run, rejudged=False)


LOOK_ALIKE = {
    "cyrillic": "Éditions Fict\u0456ves SAS",
    "all cyrillic": "\u0421\u041e\u0421\u0410",
    "turned": "Éditions \u202eSAS sevitciF",
    "hidden": "Éditions\u200b Fictives",
    "terminal": "Éditions \x1b[2J",
    "lines": "Éditions\nHomologué",
}


@pytest.mark.parametrize("attack", LOOK_ALIKE)
def test_a_name_that_reads_as_another_is_not_opened(bureau: Bureau, attack: str) -> None:
    file = Dossier(bureau.dossier.folder.parent / "autre", bureau.people)
    for changes in (
        {"holder": LOOK_ALIKE[attack]},
        {"products": [{"name": LOOK_ALIKE[attack], "versions": ["1"]}]},
        {"products": [{"name": "LPS", "versions": [LOOK_ALIKE[attack]]}]},
    ):
        with pytest.raises(UsageError, match="DOSSIER-033") as refused:
            file.open(bureau.editor, "x", {**OPENING, **changes})
        assert LOOK_ALIKE[attack] not in refused.value.message("fr")
    assert not file.folder.exists()
    file.open(bureau.editor, "x", {**OPENING, "holder": "Ελλάδα & Œuvre Ωmega", "family": "Île 2"})


def test_what_somebody_wrote_commands_no_screen_and_makes_no_line(bureau: Bureau) -> None:
    reason = "vu\x1b]0;titre\x07\n 99  2026-03-01  relecteur  APPROVE — vu\u202e"
    bureau.dossier.add("COMMENT", bureau.editor, reason, {"case": ""})
    before = len(telling.sentences(telling.status(bureau.dossier, bureau.people), "fr").splitlines())
    bureau.dossier.add("COMMENT", bureau.editor, "simple", {"case": ""})
    shown = telling.sentences(telling.status(bureau.dossier, bureau.people), "fr")
    assert len(shown.splitlines()) == before + 1
    assert not {"\x1b", "\x07", "\u202e"} & set(shown)


def test_an_integrator_stands_on_a_connector_and_is_told_that_it_goes(bureau: Bureau, hands: Hands) -> None:
    register, numbering = bureau.office.register, bureau.office.numbering
    whole, connector, child = (numbering.reserve(kind) for kind in "LEI")
    register.append([issued(whole), issued(connector)])
    with pytest.raises(IllegalMove, match="REG-014"):
        register.append([issued(child, parent=whole)])
    day = hands.now + timedelta(days=30)
    register.append([draft("WITHDRAW", connector, effectiveAt=f"{day:%Y-%m-%dT%H:%M:%SZ}")])
    receipts = register.append([issued(child, parent=connector)])
    assert [one.entry.kind for one in receipts] == ["ISSUE", "NOTICE"]
    assert receipts[1].entry.facts["cause"] == f"WITHDRAW {connector}"


def test_keys_and_folders_are_for_their_owner(bureau: Bureau) -> None:
    folder = bureau.office.folder
    bureau.approved()
    deciding.grant(bureau.office, bureau.dossier, "conforme")
    private = [folder / "journal.key", folder / "secrets.key", *(folder / "personnes").glob("*.pem")]
    assert len(private) == 5
    assert all(path.stat().st_mode & 0o077 == 0 for path in private)
    assert all(
        place.stat().st_mode & 0o077 == 0 for place in (folder, bureau.dossier.folder, folder / "personnes")
    )
    assert sha256((folder / "secrets.key").read_bytes()).hexdigest() not in repr(bureau.office)
    assert (folder / "secrets.key").read_text().strip() not in repr(bureau.office.numbering)
    assert bureau.office.numbering.secret.master.hex() not in repr(bureau.office)
    assert repr(bureau.office.numbering.secret.master) not in repr(bureau.office)


def test_an_easier_plan_is_none_of_the_authority_s(bureau: Bureau) -> None:
    """A vendor's own plan, which it passes. Rehearsals may have any, unless the office names its own."""
    from harness.plan import load_plan
    from protocol.datafolders import folder

    bureau.approved()
    official = replace(
        bureau.office, configuration=bureau.office.configuration.model_copy(update={"issuer": "ABC"})
    )
    with pytest.raises(EvidenceError, match="DOSSIER-025"):
        deciding.grant(official, bureau.dossier, "conforme")
    named = bureau.office.configuration.model_copy(update={"plans": ("ab" * 32,)})
    with pytest.raises(EvidenceError, match="DOSSIER-025"):
        deciding.grant(replace(bureau.office, configuration=named), bureau.dossier, "conforme")
    assert bureau.dossier.read().state == "EN_EXAMEN"
    installed = load_plan(folder("test_plans") / "dmp-socle.yaml").sha256
    planning.refuse_other(
        official.configuration, {"plan": {"name": "x", "version": "1", "sha256": installed}}
    )
    planning.refuse_other(named, {"plan": {"name": "x", "version": "1", "sha256": "ab" * 32}})


def test_rules_that_nobody_has_here_are_no_proof_for_an_authority(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A vendor names the digest of other rules: nothing is judged again."""
    from protocol.errors import Text
    from reports.verify_evidence import Skip

    def skipped(_: Path | None) -> Text:
        raise Skip(Text("autres règles", "other rules"))

    run = signed_run(tmp_path / "run")
    monkeypatch.setattr(lodging.verify_evidence, "rejudge_all", skipped)
    assert lodging.facts_of(run)["name"]
    with pytest.raises(NotLodged, match=r"DOSSIER-020.*other rules"):
        lodging.facts_of(run, strict=True)
