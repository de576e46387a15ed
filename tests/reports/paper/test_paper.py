"""The report on paper: what it shows and carries, its seal by two tools, and every way to tamper with it."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from protocol import dsse
from protocol.errors import EvidenceError, ToolError
from protocol.trust import load_trust, moment
from reports import verify_paper
from reports.issue import compose, issue
from reports.keys import installation_seal
from reports.model import Report
from reports.paper.layout import ATTACHED, available
from reports.paper.pdf import digest_of, pdf
from reports.verify import Verification, verify
from tests.reports.made import build_run

if missing := available():
    pytest.skip(missing.en, allow_module_level=True)

import pikepdf

from harness.results import RunResult
from reports.paper import claim, layout
from reports.paper.issue import on_paper
from reports.sealing import pades, testauthority

STATEMENT = "statement.dsse.json"
ISSUED = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DMPCOMPAT_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(scope="module")
def made(home: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = build_run(tmp_path_factory.mktemp("made") / "run")
    issue(folder)
    on_paper(folder)
    return folder


@pytest.fixture
def run(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "run"))


def paper(run: Path) -> Path:
    return run / "rapport" / "rapport.pdf"


def said(outcome: Verification) -> dict[str, str]:
    names = {"seal holds": "seal", "carries": "statement", "drawn again": "pages"}
    return {names[word]: step.outcome for step in outcome.steps for word in names if word in step.title.en}


def test_it_is_valid_and_a_run_without_it_too(run: Path) -> None:
    outcome = verify(run)
    assert outcome.exit_code == 0, outcome
    assert said(outcome) == {"seal": "OK", "statement": "OK"}
    assert said(verify(run, rejudged=True))["pages"] == "OK"
    paper(run).unlink()
    assert verify(run).exit_code == 0
    assert said(verify(run)) == {}


def test_it_is_pdf_a_3_tagged_with_the_statement_inside(run: Path) -> None:
    with pikepdf.open(paper(run)) as document:
        xmp = document.open_metadata()
        assert (xmp.get("pdfaid:part"), xmp.get("pdfaid:conformance")) == ("3", "A")
        assert document.Root.MarkInfo.Marked
        assert document.Root.Lang == "fr"
        assert document.Root.OutputIntents
        assert {str(one.AFRelationship) for one in document.Root.AF} == {"/Data"}
        carried = document.attachments[ATTACHED].get_file().read_bytes()
    assert carried == (run / "rapport" / STATEMENT).read_bytes()


def test_the_same_report_gives_the_same_pages(run: Path) -> None:
    envelope = (run / "rapport" / STATEMENT).read_bytes()
    report = compose(RunResult.load(run), reference="TST-26T-7K3Q9XA-KE", issued=ISSUED)
    first, second = (pdf(report, envelope, installation_seal(), "en", code="abc") for _ in range(2))
    assert first == second
    with pikepdf.open(io.BytesIO(first)) as document:
        assert len(document.pages) >= 2


def test_the_code_says_what_the_report_says_and_who_signed_it(run: Path, tmp_path: Path) -> None:
    envelope = dsse.read((run / "rapport" / STATEMENT).read_bytes())
    report = compose(RunResult.load(run), reference="TST-26T-7K3Q9XA-KE", issued=ISSUED)
    seal = installation_seal()
    code = claim.signed(claim.claims(report, "ab" * 32), seal)
    trusted = load_trust(run / "rapport" / "trust.json")
    assert envelope.signatures[0].keyid in trusted
    assert claim.read(code, trusted) == {
        "ref": "TST-26T-7K3Q9XA-KE",
        "res": "NON_CONFORM",
        "sw": "LPS-TEST 1.0.0",
        "iat": "2026-11-23T12:00:00Z",
        "sha256": "ab" * 32,
    }
    stranger = installation_seal(tmp_path / "stranger")
    for wrong in (claim.signed(claim.claims(report, "ab" * 32), stranger), code[:-2] + "AA", "x"):
        with pytest.raises(EvidenceError, match="CLAIM-001"):
            claim.read(wrong, trusted)


def saved(change: Callable[[pikepdf.Pdf], None]) -> Callable[[Path], None]:
    """Open, change, write the whole file anew."""

    def tamper(path: Path) -> None:
        with pikepdf.open(path, allow_overwriting_input=True) as document:
            change(document)
            document.save(path)

    return tamper


def appended(path: Path) -> None:
    """An incremental update after the seal, as an editor of PDF makes it."""
    from pyhanko.pdf_utils.generic import pdf_name, pdf_string
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    with path.open("rb+") as stream:
        writer = IncrementalPdfFileWriter(stream)
        writer.root["/Lang"] = pdf_string("en")
        writer.update_root()
        page = writer.root["/Pages"]["/Kids"][0]
        page[pdf_name("/Rotate")] = page.get("/Rotate", writer.root["/Pages"]["/Count"])
        writer.update_container(page)
        writer.write_in_place()


def flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 1
    path.write_bytes(data)


def swapped(document: pikepdf.Pdf) -> None:
    del document.attachments[ATTACHED]
    document.attachments[ATTACHED] = pikepdf.AttachedFileSpec(document, b"{}", filename=ATTACHED)


def second(document: pikepdf.Pdf) -> None:
    document.attachments["autre.json"] = pikepdf.AttachedFileSpec(document, b"{}", filename="autre.json")


ATTACKS: dict[str, Callable[[Path], None]] = {
    "one bit": flipped,
    "bytes after the end": lambda path: path.write_bytes(path.read_bytes() + b"\n% more\n"),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-2000]),
    "empty": lambda path: path.write_bytes(b""),
    "no PDF": lambda path: path.write_bytes(b"%PDF-1.7\nnothing"),
    "written anew": saved(lambda _: None),
    "incremental update": appended,
    "attachment swapped": saved(swapped),
    "second attachment": saved(second),
    "page removed": saved(lambda document: document.pages.__delitem__(1)),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_tampering_is_valid(run: Path, attack: str) -> None:
    before = paper(run).read_bytes()
    ATTACKS[attack](paper(run))
    assert paper(run).read_bytes() != before
    outcome = verify(run)
    assert outcome.exit_code == 1
    assert "KO" in said(outcome).values()


def test_a_sealed_paper_of_another_run_is_not_this_report(run: Path, tmp_path: Path) -> None:
    other = build_run(tmp_path / "other", found="autre")
    issue(other)
    on_paper(other)
    shutil.copy(paper(other), paper(run))
    assert said(verify(run)) == {"seal": "OK", "statement": "KO"}


def told(run: Path) -> tuple[Report, bytes]:
    envelope = (run / "rapport" / STATEMENT).read_bytes()
    predicate = json.loads(dsse.read(envelope).payload)["predicate"]
    issued = moment(predicate["issuedAt"])
    return compose(RunResult.load(run), reference=predicate["reportRef"], issued=issued), envelope


def test_what_is_changed_before_the_seal_is_seen(run: Path) -> None:
    """With the right statement and code, and showing something else: whoever may seal can't make it pass."""
    report, envelope = told(run)
    paper(run).write_bytes(pdf(report, envelope, installation_seal(), "fr"))
    statement = json.loads(dsse.read(envelope).payload)
    assert verify_paper.pages(run / "rapport", statement)
    saved(lambda document: document.pages[0].rotate(90, relative=True))(paper(run))
    assert verify_paper.attachment(run / "rapport", statement)
    with pytest.raises(EvidenceError, match="PAPER-004"):
        verify_paper.pages(run / "rapport", statement)


def test_pages_drawn_by_somebody_else_are_seen(run: Path) -> None:
    report, envelope = told(run)
    code = claim.signed(claim.claims(report, digest_of(envelope)), installation_seal())
    other = replace(report, result="CONFORM")
    seal = pades.of_folder()
    paper(run).write_bytes(pades.seal(pdf(other, envelope, installation_seal(), "fr"), seal, "x"))
    assert said(verify(run)) == {"seal": "OK", "statement": "KO"}, "its code says the other result"
    paper(run).write_bytes(pades.seal(pdf(other, envelope, installation_seal(), "fr", code=code), seal, "x"))
    assert said(verify(run)) == {"seal": "OK", "statement": "OK"}
    assert said(verify(run, rejudged=True))["pages"] == "KO"


def test_a_code_of_somebody_else_is_seen(run: Path, tmp_path: Path) -> None:
    report, envelope = told(run)
    stranger = installation_seal(tmp_path / "stranger")
    code = claim.signed(claim.claims(report, digest_of(envelope)), stranger)
    drawn = pdf(report, envelope, installation_seal(), "fr", code=code)
    paper(run).write_bytes(pades.seal(drawn, pades.of_folder(), "x"))
    assert said(verify(run)) == {"seal": "OK", "statement": "KO"}


def test_pages_set_by_another_version_are_not_accused(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They can't be drawn again here: that is told, and is neither good nor bad."""
    monkeypatch.setattr(layout, "SETTING", "dmpcompat-paper/9")
    assert said(verify(run, rejudged=True))["pages"] == "SKIPPED"


def test_without_the_extra_it_says_so(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of it is imported before the reason is told."""
    for name in [name for name in sys.modules if name.startswith("reports.paper.drawing")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "segno", None)
    with pytest.raises(ToolError, match="PDF-001"):
        on_paper(run)


def test_another_authority_is_not_believed(run: Path, tmp_path: Path) -> None:
    testauthority.make(tmp_path / "x509")
    assert said(verify(run, authority=tmp_path / "x509"))["seal"] == "KO"
    sealed = pades.seal(paper_unsealed(run), pades.of_folder(tmp_path / "x509"), "x")
    paper(run).write_bytes(sealed)
    assert said(verify(run))["seal"] == "KO"
    assert said(verify(run, authority=tmp_path / "x509"))["seal"] == "OK"


def paper_unsealed(run: Path) -> bytes:
    envelope = (run / "rapport" / STATEMENT).read_bytes()
    report = compose(RunResult.load(run), reference="TST-26T-7K3Q9XA-KE", issued=ISSUED)
    return pdf(report, envelope, installation_seal(), "fr")


def test_poppler_reads_the_same_seal(run: Path) -> None:
    tool = shutil.which("pdfsig")
    if tool is None:
        pytest.skip("pdfsig (poppler-utils) is not here")
    told = subprocess.run([tool, paper(run)], capture_output=True, text=True, check=False).stdout
    assert "Signature is Valid" in told
    assert "ETSI.CAdES.detached" in told
    flipped(paper(run))
    again = subprocess.run([tool, paper(run)], capture_output=True, text=True, check=False).stdout
    assert "Signature is Valid" not in again
