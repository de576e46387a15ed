"""Judging files and trees: what each file is, the verdict of the run, the exit code."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from harness.checks.rule import Finding
from harness.files.judge import Asked, FileResult, judge_file
from harness.files.subject import kind_of, read_message
from harness.files.summary import Summary
from harness.files.tree import How, judge_paths
from protocol.datafolders import folder
from protocol.errors import UsageError
from protocol.exchange import Exchange, Request, Response

SAMPLES = folder("cda_samples")
PAYLOAD = b"""<q:AdhocQueryRequest xmlns:q="urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0"
 xmlns="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"><q:ResponseOption returnType="LeafClass"
 returnComposedObjects="true"/><AdhocQuery id="urn:uuid:5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4"><Slot
 name="$XDSDocumentEntryUniqueId"><ValueList><Value>%s</Value></ValueList></Slot></AdhocQuery></q:AdhocQueryRequest>"""
ENVELOPE = b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header/><s:Body>%s</s:Body></s:Envelope>'


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[Path]:
    """A tree with one file of each kind, and some that are nothing."""
    good = (SAMPLES / "bons" / "n1-texte.xml").read_bytes()
    (tmp_path / "sous").mkdir()
    (tmp_path / "document.xml").write_bytes(good)
    (tmp_path / "sous" / "recherche.xml").write_bytes(PAYLOAD % b"('1.2.3')")
    (tmp_path / "autre.xml").write_bytes(b"<autre/>")
    (tmp_path / "notes.txt").write_bytes(b"rien")
    (tmp_path / ".cache.xml").write_bytes(good)
    now = datetime(2026, 11, 1, tzinfo=UTC)
    soap = (("Content-Type", "application/soap+xml"),)
    asked = Request("POST", "/si-dmp-server/v2/services/registry", soap, ENVELOPE % (PAYLOAD % b"1.2"))
    Exchange("e1", "import", "s", now, now, asked, Response(200, soap, b"")).save(tmp_path, "01")
    yield tmp_path


def test_a_tree_is_judged_file_by_file(tree: Path) -> None:
    run = judge_paths([tree])
    found = {Path(result.path).name: (result.kind, result.verdict) for result in run.results}
    assert found == {
        "document.xml": ("cda", "PASS"),
        "recherche.xml": ("xds", "PASS"),
        "01_echange.json": ("exchange", "FAIL"),
        "autre.xml": ("auto", "SKIPPED"),
    }
    assert (run.summary.files, run.summary.skipped) == (3, 1)
    assert run.verdict == "FAIL"
    assert run.exit_code == 1
    assert len(run.bundle) == 64


def test_an_exchange_gets_every_rule_of_its_transaction(tree: Path) -> None:
    result = judge_file(tree / "01_echange.json", Asked())
    broken = {item.rule for item in result.faults}
    assert {"QUERY-GRAMMAR", "SOAP-SECURITY", "SOAP-READABLE"} <= broken
    assert all(item.where.startswith("01_echange.json:") for item in result.faults)


def test_a_bare_payload_answers_for_what_it_holds_only(tree: Path) -> None:
    result = judge_file(tree / "sous" / "recherche.xml", Asked())
    assert {item.rule.partition("-")[0] for item in result.findings} <= {"QUERY", "RS", "XSD"}
    broken = tree / "sous" / "mauvaise.xml"
    broken.write_bytes(PAYLOAD % b"1.2.3")
    assert [item.rule for item in judge_file(broken, Asked()).faults] == ["QUERY-GRAMMAR", "QUERY-LIST"]


def test_a_soap_message_alone_is_judged_on_its_side(tmp_path: Path) -> None:
    path = tmp_path / "reponse.xml"
    answer = b'<r:RegistryResponse xmlns:r="urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0" status="x"/>'
    path.write_bytes(ENVELOPE % answer)
    message = read_message(kind_of(path, "auto"))
    assert message.exchange.request.body == b""
    broken = {item.rule for item in judge_file(path, Asked()).faults}
    assert "RS-STATUS" in broken
    assert "SOAP-SECURITY" not in broken


def test_a_mime_message_is_read_with_its_headers_or_from_its_boundary(tmp_path: Path) -> None:
    parts = b"--b\r\nContent-Type: application/xop+xml\r\nContent-ID: <r>\r\n\r\n" + ENVELOPE % (
        PAYLOAD % b"('1.2.3')"
    )
    parts += b"\r\n--b--\r\n"
    bare, whole = tmp_path / "nu.mime", tmp_path / "entier.mime"
    bare.write_bytes(parts)
    whole.write_bytes(
        b'Content-Type: multipart/related;\r\n boundary="b"; type="application/xop+xml"\r\n\r\n' + parts
    )
    for path in (bare, whole):
        result = judge_file(path, Asked())
        assert result.kind == "xds"
        assert "SOAP-READABLE" not in {item.rule for item in result.faults}
        assert any(item.rule == "QUERY-GRAMMAR" and item.status == "PASS" for item in result.findings)


def test_what_nobody_can_read_is_told_and_raises_nothing(tmp_path: Path) -> None:
    for name, data, verdict in (
        ("vide.xml", b"", "INCONCLUSIVE"),
        ("binaire.xml", bytes(range(256)), "INCONCLUSIVE"),
        ("coupe.xml", b'<ClinicalDocument xmlns="urn:hl7-org:v3"><id', "FAIL"),
        ("enveloppe.xml", ENVELOPE % b"<inconnu/>", "FAIL"),
        ("99_echange.json", b"{", "ERROR"),
    ):
        path = tmp_path / name
        path.write_bytes(data)
        run = judge_paths([path])
        assert (name, run.verdict) == (name, verdict)


def test_a_kind_is_believed_when_it_is_given(tmp_path: Path) -> None:
    path = tmp_path / "x.xml"
    path.write_bytes(b"<autre/>")
    assert [item.rule for item in judge_file(path, Asked(kind="cda")).faults] == ["CDA-READABLE"]
    result = judge_file(path, Asked(kind="exchange"))
    assert result.verdict == "ERROR"
    assert "CHECK-011" in result.findings[0].found


def test_a_path_that_is_not_there_is_a_bad_request(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="CHECK-010"):
        judge_paths([tmp_path / "absent.xml"])


def test_nothing_to_judge_is_inconclusive(tmp_path: Path) -> None:
    run = judge_paths([tmp_path])
    assert (run.verdict, run.exit_code) == ("INCONCLUSIVE", 2)


def test_a_file_named_twice_is_judged_once_and_progress_is_told(tree: Path) -> None:
    told: list[tuple[int, int]] = []
    run = judge_paths([tree / "document.xml", tree], progress=lambda done, total: told.append((done, total)))
    assert run.summary.files == 3
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_several_processes_say_the_same_as_one() -> None:
    alone, together = judge_paths([SAMPLES]), judge_paths([SAMPLES], how=How(jobs=2, few=0))
    assert alone.results == together.results
    assert alone.digest == together.digest
    assert alone.exit_code == 1


@pytest.mark.parametrize(
    ("statuses", "verdict", "code"),
    [
        (("PASS", "VACUOUS"), "PASS", 0),
        (("PASS", "WARN"), "WARN", 0),
        (("PASS", "INFO"), "PASS", 0),
        (("PASS", "WARN", "FAIL"), "FAIL", 1),
        (("FAIL", "ERROR"), "ERROR", 3),
        (("VACUOUS",), "INCONCLUSIVE", 2),
    ],
)
def test_verdicts_and_exit_codes(statuses: tuple[str, ...], verdict: str, code: int) -> None:
    findings = tuple(Finding("CDA-ID", status, "x:") for status in statuses)  # type: ignore[arg-type]
    result = FileResult("x", "cda", findings)
    counted = Summary([result.record()])
    assert (result.verdict, counted.verdict, counted.exit_code) == (verdict, verdict, code)
