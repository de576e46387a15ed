from __future__ import annotations

from pathlib import Path

import pytest

from protocol import rights as module
from protocol.errors import ToolError
from protocol.rights import Matrix, Right, allowed, matrices, note, rows
from protocol.transactions import load


@pytest.mark.parametrize(
    ("matrix", "row", "column", "mode", "expected"),
    [
        ("direct-indirect", "TD0.2", "ES", "centre_15", Right(True)),
        ("direct-indirect", "TD0.3/declare", "M", "normal", Right(True)),
        ("direct-indirect", "TD0.3/declare", "M", "bris_de_glace", Right(False)),
        ("direct-indirect", "TD0.3/declare", "ES", "normal", Right(False)),
        ("direct-indirect", "TD0.3/declare", "CPE", "normal", Right(True, 1)),
        ("direct-indirect", "TD0.3/cease-mt", "M", "normal", Right(False)),
        ("direct-indirect", "TD0.3/cease-mt", "MT", "normal", Right(True)),
        ("direct-indirect", "TD2.1", "CPE", "normal", Right(False)),
        ("direct-indirect", "TD2.1", "ES", "normal", Right(True, 4)),
        ("direct-indirect", "TD2.2", "CPE", "normal", Right(True, 4)),
        ("direct-indirect", "TD3.1/metadata", "ES", "normal", Right(False)),
        ("direct-indirect", "TD3.1/reference", "ES", "normal", Right(True, 5)),
        ("direct-indirect", "TD3.2/visible", "MTr", "normal", Right(False)),
        ("direct-indirect", "TD3.2/masked", "M", "normal", Right(True, 6)),
        ("direct-indirect", "TD3.2/masked", "MT", "normal", Right(True)),
        ("direct-indirect", "TD3.2/masked", "MT", "bris_de_glace", Right(True, 7)),
        ("direct-indirect", "TD3.3d/archive", "M", "normal", Right(True, 8)),
        ("air", "TD2.1", "M", "normal", Right(False)),
        ("air", "TD3.3d/archive", "M", "normal", Right(True)),
        ("air", "TD0.3/declare", "PE", "normal", Right(True, 1)),
        ("air", "TD0.3/cease-mt", "MT", "normal", Right(False)),
        ("air", "TD0.5", "NM", "centre_15", Right(True)),
    ],
)
def test_cells_of_the_matrices(matrix: Matrix, row: str, column: str, mode: str, expected: Right) -> None:
    assert allowed(row, column, mode, matrix=matrix) == expected


@pytest.mark.parametrize(
    ("row", "column", "mode"), [("TD9.9", "M", "normal"), ("TD2.1", "X", "normal"), ("TD2.1", "M", "asleep")]
)
def test_what_the_matrix_lacks_is_an_error_not_a_refusal(row: str, column: str, mode: str) -> None:
    with pytest.raises(ToolError) as caught:
        allowed(row, column, mode)
    assert caught.value.code == "RGT-001"


def test_every_row_is_about_a_transaction() -> None:
    for several in matrices().rows.values():
        assert {row.transaction for row in several.values()} <= set(load().ids())


#: Of a legacy profile: the published matrices do not speak of them.
OUTSIDE = {"TD1.1", "TD1.2", "TD1.3b", "TD1.4", "TD1.5a", "TD1.5b", "TD1.5c", "TD1.5d"}


def test_every_implemented_transaction_has_its_rows() -> None:
    for transaction in load().implemented():
        spoken_of = transaction.id not in OUTSIDE
        direct = bool({"direct", "indirect"} & set(transaction.auth))
        assert bool(rows(transaction.id)) == spoken_of or not direct, transaction.id
        assert bool(rows(transaction.id, matrix="air")) == spoken_of or "air" not in transaction.auth, (
            transaction.id
        )
    assert [row.id for row in rows("TD3.1")] == ["TD3.1/metadata", "TD3.1/reference"]
    assert rows("TD1.1") == ()


def test_every_note_that_is_used_says_something() -> None:
    used = {
        right.note
        for several in matrices().rows.values()
        for row in several.values()
        for right in row.rights.values()
        if right.note is not None
    }
    assert used == {1, 2, 3, 4, 5, 6, 7, 8, 9}
    assert all(note(number).fr.endswith(".") for number in used)
    with pytest.raises(ToolError):
        note(99)


def written(cells: str) -> str:
    one = f"{{source: s, columns: {{M: m}}, rows: [{{id: TD2.1, title: {{fr: a, en: b}}, cells: {cells}}}]}}"
    return (
        f"source: s\nconfidence: A\nnotes: [{{number: 1, text: {{fr: a, en: b}}}}]\n"
        f"direct-indirect: {one}\nair: {one}\n"
    )


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ("{X: {normal: true}}", "RGT-002"),
        ("{M: {asleep: true}}", "RGT-002"),
        ("{M: {normal: 7}}", "RGT-003"),
        ("{M: {normal: false}}", "RGT-003"),
    ],
)
def test_a_wrong_matrix_is_refused(
    cells: str, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "rights").mkdir()
    (tmp_path / "rights" / "functional.yaml").write_text(written(cells), encoding="utf-8")
    monkeypatch.setattr(module, "folder", lambda name: tmp_path)
    with pytest.raises(ToolError) as caught:
        module.matrices.__wrapped__()
    assert caught.value.code == code
