"""A bad file of any kind gets one clear line and the right exit code, alone and in a tree; the others lose nothing."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

import cli
from protocol.datafolders import folder

GOOD = (folder("cda_samples") / "bons" / "n1-texte.xml").read_bytes()
_NS = b'xmlns="urn:hl7-org:v3"'


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(2 * 1024**3)


def zipped(name: str, data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as target:
        target.writestr(name, data)
    return file.getvalue()


def encrypted() -> bytes:
    data = bytearray(zipped("a.xml", GOOD))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def bytes_of(data: bytes) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(data) and None


BOMB = (
    b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>'
    b"<ClinicalDocument " + _NS + b">&c;</ClinicalDocument>"
)
DEEP = b"<ClinicalDocument " + _NS + b">" + b"<a>" * 50_000 + b"</a>" * 50_000 + b"</ClinicalDocument>"
WIDE = b"<ClinicalDocument " + _NS + b">" + b"<a/>" * 60_000 + b"</ClinicalDocument>"
#: name, how it is made, exit code when it is asked for alone, what the line says.
KINDS: tuple[tuple[str, Callable[[Path], object], int, str], ...] = (
    ("vide.xml", bytes_of(b""), 2, "XML-EMPTY"),
    ("blancs.xml", bytes_of(b" \n" * 100), 2, "XML-EMPTY"),
    ("binaire.xml", bytes_of(bytes(range(256)) * 40), 2, "XML-SYNTAX"),
    ("image.xml", bytes_of(b"\x89PNG\r\n\x1a\n" + bytes(5000)), 2, "XML-SYNTAX"),
    ("texte.xml", bytes_of(b"bonjour"), 2, "XML-SYNTAX"),
    ("autre.xml", bytes_of(b"<facture/>"), 2, "facture"),
    ("coupe.xml", bytes_of(GOOD[:3000]), 1, "XML-SYNTAX"),
    ("encodage.xml", bytes_of(GOOD.replace(b"UTF-8", b"UTF-7")), 1, "XML-"),
    ("latin1.xml", bytes_of(GOOD.decode().encode("latin-1", "replace")), 1, "XML-SYNTAX"),
    ("utf16-faux.xml", bytes_of(b"\xff\xfe" + GOOD), 1, "XML-SYNTAX"),
    ("bombe.xml", bytes_of(BOMB), 1, "XML-DTD"),
    ("externe.xml", bytes_of(b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><ClinicalDocument/>'), 1, "XML-DTD"),
    ("profond.xml", bytes_of(DEEP), 1, "XML-DEPTH"),
    ("creux.xml", sparse, 1, "FILE-SIZE"),
    ("archive.zip", bytes_of(zipped("a.xml", GOOD)[:-25]), 1, "ZIP-BROKEN"),
    ("faux.zip", bytes_of(b"PK\x03\x04" + bytes(500)), 1, "ZIP-BROKEN"),
    ("creux.zip", sparse, 1, "ZIP-BROKEN"),
    ("bombe.zip", bytes_of(zipped("a.xml", bytes(20_000_000))), 1, "ZIP-BOMB"),
    ("dehors.zip", bytes_of(zipped("../a.xml", GOOD)), 1, "ZIP-NAME"),
    ("chiffre.zip", bytes_of(encrypted()), 2, "ZIP-ENCRYPTED"),
    ("sans-document.zip", bytes_of(zipped("a.png", b"x")), 2, "aucun document"),
    ("tube.xml", lambda path: os.mkfifo(path), 2, "FILE-KIND"),
    ("boucle.xml", lambda path: path.symlink_to(path.name), 3, "symbolic links"),
    ("mort.xml", lambda path: path.symlink_to("nulle-part.xml"), 3, "No such file"),
    ("casse_echange.json", bytes_of(b"{"), 3, "EXCH-"),
    ("creux_echange.json", sparse, 1, "FILE-SIZE"),
    ("vide.mime", bytes_of(b"--frontiere\r\n"), 1, ""),
)


@pytest.mark.parametrize(("name", "make", "code", "said"), KINDS, ids=[kind[0] for kind in KINDS])
def test_alone(
    name: str,
    make: Callable[[Path], object],
    code: int,
    said: str,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    make(tmp_path / name)
    assert cli.run_command(["check", str(tmp_path / name), "--jobs", "1", "--json"]) == code
    told = capfd.readouterr()
    assert "Traceback" not in told.err + told.out
    (file,) = json.loads(told.out)["files"]
    assert file["findings"], "one line at least"
    if said:
        assert len(file["findings"]) == 1, "one line"
        assert said in file["findings"][0]["found"]


def test_together(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for name, make, _, _ in KINDS:
        make(tmp_path / name)
    (tmp_path / "bon.xml").write_bytes(GOOD)
    assert cli.run_command(["check", str(tmp_path), "--jobs", "2", "--json"]) == 3
    told = capfd.readouterr()
    assert "Traceback" not in told.err + told.out
    files = {Path(file["path"].partition("!")[0]).name: file for file in json.loads(told.out)["files"]}
    codes = {"PASS": 0, "WARN": 0, "INCONCLUSIVE": 2, "FAIL": 1, "ERROR": 3}
    assert {name: codes[file["verdict"]] for name, file in files.items()} == {
        **{name: code for name, _, code, _ in KINDS if name != "autre.xml"},
        "bon.xml": 0,
    }, "the same as alone; a file of another vocabulary is only skipped"


def test_many_siblings_cost_no_square(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "large.xml").write_bytes(WIDE)
    assert cli.run_command(["check", str(tmp_path / "large.xml"), "--timeout", "30"]) == 1
    assert "CHECK-031" not in capfd.readouterr().out


def test_a_file_that_can_not_be_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Told from the system's own words. Root opens everything: the refusal is played."""
    path = tmp_path / "ferme.xml"
    path.write_bytes(GOOD)
    opening = os.open

    def refusing(file: object, *given: object, **named: object) -> int:
        if str(file) == str(path):
            raise PermissionError(13, "Permission denied", str(path))
        return opening(file, *given, **named)  # type: ignore[call-overload,no-any-return]

    monkeypatch.setattr(os, "open", refusing)
    assert cli.run_command(["check", str(path)]) == 3
    assert "Permission denied" in capfd.readouterr().out
