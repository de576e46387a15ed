"""The attestation travels in the bundle, or alone: it is verified, and what was tampered with refused at its step."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness import evidence as tree
from protocol import dsse
from protocol.errors import UsageError
from protocol.trust import trust_document
from reports.dossier import deciding
from reports.dossier.book import Dossier
from reports.issue import issue
from reports.keys import installation_seal
from reports.paper.layout import ATTACHED, available
from reports.verify import Verification
from tests.reports.dossier.conftest import OPENING, Bureau, office_of
from tests.reports.made import build_run
from tests.reports.register.conftest import Hands

if missing := available():
    pytest.skip(missing.en, allow_module_level=True)

import pikepdf

from reports.homologation import attestation, bundle
from reports.homologation.attestation import Facts
from reports.homologation.bundle import ATTESTATION, Bundle
from reports.homologation.reading import Brought
from reports.homologation.verify import verify
from reports.paper import claim
from reports.paper.issue import on_paper
from reports.sealing import pades, testauthority


@dataclass
class Attested:
    """A homologation with its attestation, and another one of the same register."""

    bureau: Bureau
    facts: Facts
    plain: bytes
    made: bytes
    other: bytes
    other_facts: Facts
    bundle: Bundle
    run: Path
    brought: Brought
    place: Path

    def verified(self, paper: bytes | None = None) -> Verification:
        files = self.bundle.files if paper is None else {**self.bundle.files, ATTESTATION: paper}
        return verify(Bundle(files).packed(), self.brought)

    def alone(self, paper: bytes | None = None, brought: Brought | None = None) -> Verification:
        return verify(paper or self.made, brought or self.brought)

    def sealed(self, drawn: bytes) -> bytes:
        """As the agency seals."""
        return pades.seal(drawn, pades.of_folder(), "x")

    def drawn(self, facts: Facts | None = None, code: str = "") -> bytes:
        if facts is None and not code:
            return self.plain
        told = facts or self.facts
        return attestation.document(told, "fr", code or attestation.code_of(told, self.bureau.office))


@pytest.fixture(scope="module")
def attested(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attested]:
    place = tmp_path_factory.mktemp("attested")
    with pytest.MonkeyPatch.context() as patch, office_of(place, hands := Hands()) as bureau:
        patch.setenv("DMPCOMPAT_HOME", str(tmp_path_factory.mktemp("home")))
        run = build_run(place / "run")
        issue(run)
        on_paper(run)
        payload = dsse.read((run / "rapport" / "statement.dsse.json").read_bytes()).payload
        judged = {
            "sha256": sha256(payload).hexdigest(),
            "evidenceSha256": tree.sha256_of(run / "preuves" / tree.MANIFEST),
        }
        granted(bureau, "la règle lisait mal l'en-tête", **judged)
        second = Dossier(bureau.dossier.folder.parent / "autre", bureau.people, lambda _: True, hands)
        second.open(bureau.editor, "première demande", OPENING)
        office = bureau.office
        granted(Bureau(office, bureau.people, bureau.editor, bureau.reviewers, second), "sans objet")
        other, made = (attestation.attestation(office, one, "fr") for one in (second, bureau.dossier))
        (place / "trust.json").write_bytes(trust_document(list(bureau.people.known().values())))
        facts = attestation.facts_of(office, bureau.dossier)
        yield Attested(
            bureau,
            facts,
            attestation.document(facts, "fr", attestation.code_of(facts, office)),
            made,
            other,
            attestation.facts_of(office, second),
            bundle.make(office, bureau.dossier),
            run,
            Brought(
                trust=place / "trust.json",
                log_key=str(office.log_key),
                authority=testauthority.folder(),
                at=hands.now,
            ),
            place,
        )


def granted(bureau: Bureau, reason: str, **judged: str) -> None:
    bureau.examined(**judged, verdicts={"CT-2.1-010": "FAIL", "CT-2.1-020": "PASS"})
    facts = {"case": "CT-2.1-010", "verdict": "PASS"}
    bureau.dossier.add("OVERRIDE", bureau.reviewers[0], reason, facts)
    for reviewer in bureau.reviewers:
        bureau.dossier.add("APPROVE", reviewer, "vu", {})
    deciding.grant(bureau.office, bureau.dossier, "conforme")


def outcome(found: Verification) -> dict[int, str]:
    return {one.number: one.outcome for one in found.steps}


def first_wrong(found: Verification) -> int:
    return next((one.number for one in found.steps if one.outcome == "KO"), 0)


def test_it_travels_in_the_bundle_and_is_verified(attested: Attested) -> None:
    assert attested.bundle.files[ATTESTATION] == attested.made
    found = attested.verified()
    told = outcome(found)
    assert [told[number] for number in (1, 2, 3, 13)] == ["OK"] * 4, found
    assert first_wrong(found) == 0
    # A report on paper that the bundle has not is told of nowhere as good.
    assert all("rapport.pdf" not in one.detail.en for one in found.steps)


def test_the_report_on_paper_goes_along_and_is_verified_too(attested: Attested) -> None:
    paper = (attested.run / "rapport" / "rapport.pdf").read_bytes()
    files = bundle.make(attested.bureau.office, attested.bureau.dossier, attested.run).files
    assert files["rapport.pdf"] == paper
    found = verify(Bundle(files).packed(), attested.brought)
    assert [outcome(found)[number] for number in (2, 3, 13)] == ["OK", "OK", "SKIPPED"]
    assert "rapport.pdf" in found.steps[2].detail.en and "--evidence" in found.steps[12].detail.en
    again = build_run(attested.place / "again", found="autre")
    issue(again)
    swapped_in = {**files, "rapport.pdf": on_paper(again).read_bytes()}
    assert first_wrong(verify(Bundle(swapped_in).packed(), attested.brought)) == 3


def test_a_bundle_without_it_says_what_it_would_take(attested: Attested) -> None:
    files = {name: data for name, data in attested.bundle.files.items() if name != ATTESTATION}
    found = verify(Bundle(files).packed(), attested.brought)
    assert [outcome(found)[number] for number in (2, 3, 13)] == ["SKIPPED"] * 3
    assert "homologate attestation" in found.steps[1].detail.en


def test_alone_it_proves_what_it_carries(attested: Attested) -> None:
    found = attested.alone()
    told = outcome(found)
    assert first_wrong(found) == 0, found
    assert [number for number, said in told.items() if said == "OK"] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert (
        "dmpbundle" in found.steps[12].detail.en
    )  # the reasons of decisions are in the file, which stays there


def test_alone_with_nothing_brought_nothing_is_believed(
    attested: Attested, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DMPCOMPAT_HOME", str(attested.place / "nobody"))
    found = attested.alone(brought=Brought(at=attested.brought.at))
    assert found.exit_code == 2, [(one.number, one.detail.en) for one in found.steps if one.outcome == "KO"]
    assert not {2, 4, 8} & {number for number, said in outcome(found).items() if said == "OK"}


def changed(data: bytes, change: Callable[[pikepdf.Pdf], None]) -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(data)) as document:
        change(document)
        document.save(out)
    return out.getvalue()


def flipped(data: bytes) -> bytes:
    altered = bytearray(data)
    altered[len(altered) // 3] ^= 1
    return bytes(altered)


def by_stranger(one: Attested) -> bytes:
    folder = one.place / "stranger"
    if not folder.is_dir():
        testauthority.make(folder)
    return pades.seal(one.drawn(), pades.of_folder(folder), "x")


def other_code(one: Attested) -> str:
    return claim.signed(attestation.claims(one.facts), installation_seal(one.place / "keys-of-somebody"))


def swapped(name: str, data: bytes) -> Callable[[pikepdf.Pdf], None]:
    def change(document: pikepdf.Pdf) -> None:
        document.attachments[name].obj.EF.F.write(data)

    return change


def with_statement_of_another(one: Attested) -> bytes:
    return one.sealed(changed(one.drawn(), swapped(ATTACHED, one.other_facts.envelope)))


#: name -> the step that must refuse, and what the attacker puts in the place of the attestation.
ATTACKS: dict[str, tuple[int, Callable[[Attested], bytes]]] = {
    "one bit": (2, lambda one: flipped(one.made)),
    "bytes after the end": (2, lambda one: one.made + b"\n% more\n"),
    "no PDF": (2, lambda _: b"%PDF-1.7\nnothing"),
    "not sealed": (2, lambda one: one.drawn()),
    "written anew": (2, lambda one: changed(one.made, swapped(ATTACHED, b"{}"))),
    "sealed by a stranger": (2, by_stranger),
    "of another homologation": (3, lambda one: one.other),
    "statement of another": (
        3,
        with_statement_of_another,
    ),
    "entry of another": (
        3,
        lambda one: one.sealed(one.drawn(replace(one.facts, receipt=one.other_facts.receipt))),
    ),
    "other reasons": (
        13,
        lambda one: one.sealed(one.drawn(replace(one.facts, reasons=dict.fromkeys(one.facts.reasons, "vu")))),
    ),
    "code of somebody else": (13, lambda one: one.sealed(one.drawn(code=other_code(one)))),
    "page away": (
        13,
        lambda one: one.sealed(changed(one.drawn(), lambda document: document.pages.__delitem__(1))),
    ),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_each_attack_is_refused_at_its_step(attested: Attested, attack: str) -> None:
    step, made = ATTACKS[attack][0], ATTACKS[attack][1](attested)
    found = attested.verified(made)
    assert found.exit_code == 1
    assert first_wrong(found) == step, [(one.number, one.outcome, one.detail.en) for one in found.steps]


def test_alone_it_is_refused_too(attested: Attested) -> None:
    assert first_wrong(attested.alone(flipped(attested.made))) in (1, 2)
    assert first_wrong(attested.alone(b"%PDF-1.7\nnothing")) == 1
    stripped = changed(attested.drawn(), lambda document: document.attachments.__delitem__(ATTACHED))
    assert first_wrong(attested.alone(stripped)) == 1
    another = changed(attested.drawn(), swapped(ATTACHED, b"{}"))
    assert first_wrong(attested.alone(another)) == 1


def told(attested: Attested, path: Path) -> tuple[int, str]:
    """What `verify` returns and says of a file."""
    from commands.verify import verify as command

    brought = attested.brought
    words = [str(path), "--trust", str(brought.trust), "--authority", str(brought.authority), "--lang", "en"]
    done = CliRunner().invoke(command, [*words, "--log-key", brought.log_key], standalone_mode=False)
    if isinstance(done.exception, UsageError):
        return 64, done.exception.code
    assert done.exception is None
    return done.return_value, done.output


def test_the_command_tells_it_from_the_paper_of_a_report(attested: Attested, tmp_path: Path) -> None:
    paper = tmp_path / "attestation.pdf"
    paper.write_bytes(attested.made)
    code, said = told(attested, paper)
    assert (code, "KO" in said) == (2, False), said
    # Beside a statement too, where the office keeps it.
    (tmp_path / "statement.dsse.json").write_bytes(attested.facts.envelope)
    assert told(attested, paper)[0] == 2
    (tmp_path / "alone").mkdir()
    broken = tmp_path / "alone" / "attestation.pdf"
    broken.write_bytes(b"%PDF-1.7\nnothing")
    assert told(attested, broken)[0] == 1
    # The paper of a report is verified with its report.
    report = attested.run / "rapport" / "rapport.pdf"
    assert "The report says what the statement says" in told(attested, report)[1]
    (tmp_path / "alone" / "rapport.pdf").write_bytes(report.read_bytes())
    assert told(attested, tmp_path / "alone" / "rapport.pdf") == (64, "VERIFY-001")
