"""What there is to judge in trees and archives: everything once, nothing outside, each oddity told."""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest

from harness.files import archives
from harness.files.archives import Entry, entries, read, shown
from harness.files.judge import Asked, judge_entry
from harness.files.tree import judge_paths
from protocol.datafolders import folder
from protocol.errors import UsageError
from protocol.regularfile import FileRefused

SAMPLE = (folder("cda_samples") / "bons" / "n1-texte.xml").read_bytes()
#: What a delivery says of its documents, without their agreement with its metadata (tests/harness/checks/test_xdm.py).
HEADER = Asked(only=("CDA-HEADER",))
RIM = "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"


def zipped(members: Iterable[tuple[str | zipfile.ZipInfo, bytes]]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in members:
            target.writestr(name, data)
    return file.getvalue()


def metadata(*documents: tuple[str, str, bytes, str]) -> bytes:
    """METADATA.XML of documents: URI, media type, bytes, SHA-1 ("" for the right one)."""
    entries_of = "".join(
        f'<ExtrinsicObject id="d{rank}" mimeType="{media}">'
        + "".join(
            f'<Slot name="{name}"><ValueList><Value>{value}</Value></ValueList></Slot>'
            for name, value in (
                ("URI", uri),
                ("size", len(data)),
                ("hash", sha1 or hashlib.sha1(data, usedforsecurity=False).hexdigest()),
            )
        )
        + "</ExtrinsicObject>"
        for rank, (uri, media, data, sha1) in enumerate(documents)
    )
    return (
        '<lcm:SubmitObjectsRequest xmlns:lcm="urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0">'
        f'<RegistryObjectList xmlns="{RIM}">{entries_of}</RegistryObjectList></lcm:SubmitObjectsRequest>'
    ).encode()


def found(*paths: Path) -> dict[str, Entry]:
    """Entries by the last part of their paths."""
    return {entry.path.rpartition("!/")[2].rpartition("/")[2]: entry for entry in entries(paths)}


def told(entry: Entry) -> str:
    (finding,) = entry.trouble
    return f"{finding.status} {finding.rule} {finding.found}"


def test_a_tree_is_walked_in_the_order_of_names(tmp_path: Path) -> None:
    for name in ("b/2.xml", "b/1.xml", "a.xml", "c/d/e.XML", "c.xml", "b/notes.txt", ".git/x.xml", "é.cda"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(SAMPLE)
    walked = [entry.path.removeprefix(f"{tmp_path}/") for entry in entries([tmp_path])]
    assert walked == ["a.xml", "c.xml", "é.cda", "b/1.xml", "b/2.xml", "c/d/e.XML"]


def test_a_file_is_met_once_whatever_the_paths(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.xml").write_bytes(SAMPLE)
    paths = [tmp_path, tmp_path / "a", tmp_path / "a" / "x.xml", tmp_path / "a" / ".." / "a"]
    assert len(list(entries(paths))) == 1


def test_archives_are_read_in_place_one_inside_another(tmp_path: Path) -> None:
    inner = zipped([("doc.xml", SAMPLE), ("image.png", b"x")])
    (tmp_path / "lot.zip").write_bytes(zipped([("d/", b""), ("d/IHE_XDM.ZIP", inner), ("e.xml", SAMPLE)]))
    walked = {entry.path.removeprefix(f"{tmp_path}/"): entry for entry in entries([tmp_path])}
    assert list(walked) == ["lot.zip!/d/IHE_XDM.ZIP!/doc.xml", "lot.zip!/e.xml"]
    assert all(read(entry) == SAMPLE for entry in walked.values())
    results = judge_paths([tmp_path]).results
    assert [record.verdict for record in results] == ["PASS", "PASS"]
    assert list(tmp_path.iterdir()) == [tmp_path / "lot.zip"], "nothing is unpacked on disk"


def test_a_zip_that_is_named_needs_no_suffix(tmp_path: Path) -> None:
    (tmp_path / "lot").write_bytes(zipped([("doc.xml", SAMPLE)]))
    assert list(found(tmp_path / "lot")) == ["doc.xml"]


def test_members_that_are_not_safe_are_told_and_left_alone(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("lien.xml")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    members: list[tuple[str | zipfile.ZipInfo, bytes]] = [
        ("../dehors.xml", SAMPLE),
        ("/absolu.xml", SAMPLE),
        ("C:/disque.xml", SAMPLE),
        ("terminal\x1b[2J.xml", SAMPLE),
        ("bon.xml", SAMPLE),
        ("BON.xml", SAMPLE),
        (link, b"/etc/passwd"),
    ]
    (tmp_path / "x.zip").write_bytes(zipped(members))
    listed = list(entries([tmp_path / "x.zip"]))
    assert [len(entry.trouble) for entry in listed] == [1, 1, 1, 1, 0, 1, 1]
    assert all(told(entry).startswith("FAIL CHECK-ARCHIVE") for entry in listed if entry.trouble)
    assert "ZIP-DUPLICATE" in told(listed[5])
    assert "\x1b" not in "".join(entry.path + told(entry) for entry in listed if entry.trouble)
    assert not (tmp_path.parent / "dehors.xml").exists()
    assert judge_paths([tmp_path / "x.zip"]).exit_code == 1


@pytest.mark.parametrize(
    ("name", "data", "code", "status"),
    [
        ("vide.zip", b"", "ZIP-BROKEN", "FAIL"),
        ("coupe.zip", zipped([("a.xml", SAMPLE)])[:-30], "ZIP-BROKEN", "FAIL"),
        ("texte.zip", b"pas un zip", "ZIP-BROKEN", "FAIL"),
        ("rien.zip", zipped([("a.png", b"x")]), "aucun document", "INFO"),
        ("sans.zip", zipped([]), "aucun document", "INFO"),
    ],
)
def test_an_archive_that_can_not_be_read_is_one_line(
    tmp_path: Path, name: str, data: bytes, code: str, status: str
) -> None:
    (tmp_path / name).write_bytes(data)
    (entry,) = entries([tmp_path])
    assert told(entry).startswith(f"{status} CHECK-ARCHIVE")
    assert code in told(entry)


def test_nesting_has_an_end(tmp_path: Path) -> None:
    data = zipped([("doc.xml", SAMPLE)])
    for _ in range(6):
        data = zipped([("x.zip", data)])
    (tmp_path / "poupees.zip").write_bytes(data)
    (entry,) = entries([tmp_path])
    assert "ZIP-DEPTH" in told(entry)


def test_bombs_in_members_are_told_when_they_are_read(tmp_path: Path) -> None:
    (tmp_path / "b.zip").write_bytes(zipped([("b.xml", b"\0" * 9_000_000), ("doc.xml", SAMPLE)]))
    bomb, good = judge_paths([tmp_path]).results
    assert (bomb.verdict, good.verdict) == ("FAIL", "PASS")
    assert "ZIP-BOMB" in bomb.faults[0].found


# ------------------------------------------------------------------ XDM


def delivery(sha1: str = "") -> list[tuple[str | zipfile.ZipInfo, bytes]]:
    documents = (
        ("DOC0001.XML", "text/xml", SAMPLE, sha1),
        ("DOC0002.PDF", "application/pdf", b"%PDF-1.4", ""),
    )
    return [
        ("INDEX.HTM", b"<html/>"),
        ("IHE_XDM/SUBSET01/METADATA.XML", metadata(*documents)),
        ("IHE_XDM/SUBSET01/DOC0001.XML", SAMPLE),
        ("IHE_XDM/SUBSET01/DOC0002.PDF", b"%PDF-1.4"),
    ]


def test_a_delivery_is_its_metadata_and_its_documents(tmp_path: Path) -> None:
    (tmp_path / "IHE_XDM.ZIP").write_bytes(zipped(delivery()))
    listed = found(tmp_path)
    assert {name: entry.role for name, entry in listed.items()} == {
        "METADATA.XML": "metadata",
        "DOC0001.XML": "",
        "DOC0002.PDF": "attached",
    }
    document = judge_entry(listed["DOC0001.XML"], HEADER)
    assert document.verdict == "PASS"
    assert [one.status for one in document.findings if one.rule == "CHECK-XDM"] == ["PASS", "PASS"]
    assert judge_entry(listed["DOC0002.PDF"], Asked()).verdict == "PASS"
    rules = {one.rule.partition("-")[0] for one in judge_entry(listed["METADATA.XML"], Asked()).findings}
    assert "CHECK" not in rules, "the rules of the submission are those that speak"


def test_a_document_that_is_not_the_one_announced_is_refused(tmp_path: Path) -> None:
    (tmp_path / "IHE_XDM.ZIP").write_bytes(zipped(delivery("0" * 40)))
    document = judge_entry(found(tmp_path)["DOC0001.XML"], HEADER)
    (fault,) = document.faults
    assert (fault.rule, fault.status, fault.expected) == ("CHECK-XDM", "FAIL", "0" * 40)


def test_a_document_that_is_announced_and_absent_is_told(tmp_path: Path) -> None:
    (tmp_path / "IHE_XDM.ZIP").write_bytes(zipped(delivery()[:3]))
    missing = found(tmp_path)["DOC0002.PDF"]
    assert "XDM-MISSING" in told(missing)


def test_an_unpacked_delivery_is_read_the_same(tmp_path: Path) -> None:
    for name, data in delivery():
        path = tmp_path / str(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    listed = found(tmp_path)
    assert listed["DOC0002.PDF"].role == "attached"
    assert listed["DOC0001.XML"].announced is not None
    (tmp_path / "IHE_XDM" / "SUBSET01" / "DOC0002.PDF").unlink()
    assert "XDM-MISSING" in told(found(tmp_path)["DOC0002.PDF"])


def test_a_document_in_a_folder_of_its_delivery_is_the_one_announced(tmp_path: Path) -> None:
    said = metadata(("DOCS/1.XML", "text/xml", SAMPLE, ""), ("DOCS/2.XML", "text/xml", SAMPLE, ""))
    (tmp_path / "lot" / "DOCS").mkdir(parents=True)
    (tmp_path / "lot" / "METADATA.XML").write_bytes(said)
    (tmp_path / "lot" / "DOCS" / "1.XML").write_bytes(SAMPLE)
    listed = found(tmp_path)
    assert listed["1.XML"].announced is not None
    assert "XDM-MISSING" in told(listed["2.XML"])


# ------------------------------------------------------------------ odd files


def test_a_fifo_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "tube.xml")
    (entry,) = entries([tmp_path])
    assert "FIFO" in told(entry)
    with pytest.raises(FileRefused, match="FILE-KIND"):
        read(Entry("tube.xml", str(tmp_path / "tube.xml")))


def test_links_are_followed_to_files_and_not_to_folders(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_bytes(SAMPLE)
    (tmp_path / "b.xml").symlink_to("a.xml")
    (tmp_path / "boucle.xml").symlink_to("boucle.xml")
    (tmp_path / "tour").symlink_to(".")
    listed = found(tmp_path)
    assert listed["tour"].skip
    assert told(listed["boucle.xml"]).startswith("ERROR CHECK-FILE")
    assert not listed["b.xml"].trouble
    run = judge_paths([tmp_path])
    assert (run.summary.skipped, run.exit_code) == (1, 3)


def test_a_file_that_is_too_big_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "enorme.xml"
    with path.open("wb") as file:
        file.truncate(2 * 1024**3)
    (record,) = judge_paths([tmp_path]).results
    assert record.verdict == "FAIL"
    assert "FILE-SIZE" in record.faults[0].found


def test_a_folder_that_refuses_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ferme").mkdir()
    (tmp_path / "a.xml").write_bytes(SAMPLE)
    listing = archives._listed

    def refusing(where: Path) -> object:
        if where.name == "ferme":
            raise PermissionError(13, "Permission denied")
        return listing(where)

    monkeypatch.setattr(archives, "_listed", refusing)
    listed = found(tmp_path)
    assert told(listed["ferme"]) == "ERROR CHECK-FILE Permission denied"
    assert not listed["a.xml"].trouble


def test_names_that_are_no_text_are_shown(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.xml")).write_bytes(SAMPLE)
    (tmp_path / "rouge\x1b[31m.xml").write_bytes(SAMPLE)
    records = list(judge_paths([tmp_path]).results)
    assert [record.path.rpartition("/")[2] for record in records] == ["caf\\xe9.xml", "rouge\\x1b[31m.xml"]
    assert all(record.verdict == "PASS" for record in records)
    assert shown("a\u202eb") == "a\\x202eb"


def test_a_path_that_is_not_there_is_refused_first(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="CHECK-010"):
        entries([tmp_path, tmp_path / "absent.xml"])
