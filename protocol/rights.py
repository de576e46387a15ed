"""The functional rights matrices (direct and indirect; AIR): who may do what, in which access mode.

Reads datasets/rights/functional.yaml. A note (own documents only, limited to the structure…) is a condition
that the mock applies; authorisation, blocking and oppositions come before and are not here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Final, Literal

from protocol.datafolders import folder
from protocol.errors import Text, ToolError
from protocol.strictdata import Fields
from protocol.yamlread import read_yaml

Mode = Literal["normal", "bris_de_glace", "centre_15"]
Matrix = Literal["direct-indirect", "air"]

MODES: Final[tuple[Mode, ...]] = ("normal", "bris_de_glace", "centre_15")


@dataclass(frozen=True)
class Right:
    """`allowed`: yes, maybe under the condition of `note` (a key of `notes()`), None when there is none."""

    allowed: bool
    note: int | None = None


@dataclass(frozen=True)
class Row:
    """One line of a matrix. `id`: `TD3.2/masked`; `transaction`: `TD3.2`."""

    id: str
    transaction: str
    title: Text
    rights: Mapping[tuple[str, str], Right]


@dataclass(frozen=True)
class Matrices:
    """Both matrices. `columns`: roles of each, with their French name."""

    rows: Mapping[Matrix, Mapping[str, Row]]
    columns: Mapping[Matrix, Mapping[str, str]]
    notes: Mapping[int, Text]
    source: str


_NEVER: Final = Right(False)


def allowed(row: str, column: str, mode: str, *, matrix: Matrix = "direct-indirect") -> Right:
    """The right of that line, column and access mode; an empty cell is a refusal.

    `row`: TD2.1, TD3.2/masked… `column`: NM professional who is no physician, M physician, MTr occupational
    physician, MT médecin traitant DMP, CPE employee card, ES organisation, PE employee (AIR).
    Raises ToolError for a line, column or mode that the matrix lacks. Source: PDT-INF-526 v1.8, PDT-INF-606.
    """
    both = matrices()
    if row not in both.rows[matrix]:
        raise _unknown("ligne", "row", row, both.rows[matrix])
    if column not in both.columns[matrix]:
        raise _unknown("colonne", "column", column, both.columns[matrix])
    if mode not in MODES:
        raise _unknown("mode", "mode", mode, dict.fromkeys(MODES))
    return both.rows[matrix][row].rights.get((column, mode), _NEVER)


def rows(transaction_id: str, *, matrix: Matrix = "direct-indirect") -> tuple[Row, ...]:
    """The lines of a transaction; none means that the matrix does not speak of it."""
    return tuple(item for item in matrices().rows[matrix].values() if item.transaction == transaction_id)


def note(number: int) -> Text:
    """What a note says. Raises ToolError for a number that the matrices lack."""
    known = matrices().notes
    if number not in known:
        raise _unknown("note", "note", str(number), {str(one): None for one in known})
    return known[number]


@cache
def matrices() -> Matrices:
    """Both matrices. Raises ToolError when the data set is wrong."""
    document = read_yaml(folder("datasets") / "rights" / "functional.yaml")
    fields = Fields(document.data, document)
    notes = {int(number): words for number, words in fields.each("notes", _note, empty=False)}
    both: dict[Matrix, tuple[Mapping[str, str], Mapping[str, Row]]] = {
        "direct-indirect": _matrix(fields.inner("direct-indirect"), notes),
        "air": _matrix(fields.inner("air"), notes),
    }
    fields.text("confidence")
    read = Matrices(
        rows=MappingProxyType({name: item[1] for name, item in both.items()}),
        columns=MappingProxyType({name: item[0] for name, item in both.items()}),
        notes=MappingProxyType(notes),
        source=fields.text("source"),
    )
    fields.done()
    return read


def _note(fields: Fields) -> tuple[int, Text]:
    read = fields.number("number"), fields.words("text")
    fields.done()
    return read


def _matrix(fields: Fields, notes: Mapping[int, Text]) -> tuple[Mapping[str, str], Mapping[str, Row]]:
    inner = fields.inner("columns")
    columns = {name: inner.text(name) for name in inner.names()}
    read = [_row(one, columns, notes) for one in fields.each("rows", lambda one: one, empty=False)]
    fields.text("source")
    fields.done()
    return MappingProxyType(columns), MappingProxyType({row.id: row for row in read})


def _row(fields: Fields, columns: Mapping[str, str], notes: Mapping[int, Text]) -> Row:
    row_id = fields.text("id")
    title = fields.words("title")
    rights: dict[tuple[str, str], Right] = {}
    cells = fields.inner("cells")
    for column in cells.names():
        if column not in columns:
            raise cells.refuse("RGT-002", Text("colonne inconnue", "unknown column"), column, column)
        modes = cells.inner(column)
        for mode in modes.names():
            if mode not in MODES:
                raise modes.refuse("RGT-002", Text("mode inconnu", "unknown mode"), mode, mode)
            rights[column, mode] = _cell(modes, mode, notes)
    fields.done()
    return Row(row_id, row_id.split("/")[0], title, MappingProxyType(rights))


def _cell(fields: Fields, mode: str, notes: Mapping[int, Text]) -> Right:
    """`true`, or the number of a note."""
    value = fields.raw(mode)
    if value is True:
        return Right(True)
    if isinstance(value, int) and not isinstance(value, bool) and value in notes:
        return Right(True, value)
    raise fields.refuse("RGT-003", Text("case refusée", "cell refused"), mode, value, expected="true | note")


def _unknown(fr: str, en: str, found: str, known: Mapping[str, object]) -> ToolError:
    return ToolError(
        "RGT-001",
        Text(f"{fr} absente de la matrice des droits", f"{en} missing from the rights matrix"),
        found=found,
        expected=", ".join(known),
    )
