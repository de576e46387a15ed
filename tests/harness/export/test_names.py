"""Names that every system takes, and an archive that is the same for the same files."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from harness.export import archive
from harness.export.names import Names, safe


@given(st.text(max_size=200))
def test_any_name_becomes_one_that_every_system_takes(text: str) -> None:
    name = safe(text)
    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,80}", name)
    assert not name.endswith((".", "-"))
    assert name.split(".")[0].lower() not in {"con", "nul", "aux", "prn", "com1", "lpt9"}
    assert safe(name) == name


def test_meaning_is_kept_where_it_can_be() -> None:
    assert safe("Éditeur & Cie / Logiciel 2.0") == "Editeur-Cie-Logiciel-2.0"
    assert (safe("../../etc"), safe("CON.txt"), safe("…")) == ("etc", "_CON.txt", "sans-nom")


def test_the_same_name_is_never_given_twice() -> None:
    names = Names()
    assert [names.give(one) for one in ("CT-1", "ct-1", "CT-1", "CT-1_2")] == [
        "CT-1",
        "ct-1_2",
        "CT-1_3",
        "CT-1_2_2",
    ]


def test_an_archive_tells_nothing_of_when_and_where_it_was_made(tmp_path: Path) -> None:
    made = []
    for number, order in enumerate((("b", "a"), ("a", "b"))):
        folder = tmp_path / str(number) / "LPS_1"
        for name in order:
            (folder / name).mkdir(parents=True)
            (folder / name / "é.txt").write_text(name)
            (folder / name / "é.txt").chmod(0o600 if number else 0o644)
        archive.pack(folder, tmp_path / f"{number}.zip")
        made.append((tmp_path / f"{number}.zip").read_bytes())
    assert made[0] == made[1]
    with zipfile.ZipFile(tmp_path / "0.zip") as read:
        assert read.namelist() == ["LPS_1/a/é.txt", "LPS_1/b/é.txt"]
        assert read.testzip() is None
    assert not list(tmp_path.glob(".*"))
