from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import DmpcompatError, PlanError, ToolError
from protocol.yamlread import MAX_DEPTH, parse_yaml, read_yaml


def data(text: str) -> object:
    return parse_yaml(text.encode(), "t.yaml").data


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("null", None),
        ("~", None),
        ("", None),
        ("true", True),
        ("false", False),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("off", "off"),
        ("True", "True"),
        ("012", "012"),
        ("0o14", "0o14"),
        ("0x1F", "0x1F"),
        ("12:30", "12:30"),
        ("1_000", "1_000"),
        ("2026-01-31", "2026-01-31"),
        ("2026-01-31T08:30:00Z", "2026-01-31T08:30:00Z"),
        ("1.2.250.1", "1.2.250.1"),
        ("42", 42),
        ("-7", -7),
        ("1.5", 1.5),
        ("2.5e3", 2500.0),
        ("1e3", "1e3"),
        (".inf", ".inf"),
        ('"true"', "true"),
        ("'12'", "12"),
    ],
)
def test_a_plain_scalar_is_what_it_looks_like(written: str, read: object) -> None:
    assert data(f"a: {written}") == {"a": read}
    assert type(data(f"a: {written}")["a"]) is type(read)  # type: ignore[index]


def test_block_scalars_are_text() -> None:
    assert data("a: |\n  12\nb: >\n  x\n  y\n") == {"a": "12\n", "b": "x y\n"}


def test_lines_are_found_by_path() -> None:
    read = parse_yaml(b"# head\ncases:\n  - code: A\n    steps: [x, y]\n  - code: B\n", "p.yaml")
    assert read.lines[("cases",)] == 2
    assert read.lines[("cases", 0)] == 3
    assert read.lines[("cases", 0, "steps")] == 4
    assert read.at(("cases", 1, "code")) == "p.yaml:5"
    assert read.at(("cases", 1, "absent", "deeper")) == "p.yaml:5"
    assert read.at(("nowhere",)) == "p.yaml:2"


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("a: 1\nb: 2\na: 3\n", "YAML-011", 3),
        ("a: &x 1\nb: 2\n", "YAML-007", 1),
        ("a: 1\nb: *x\n", "YAML-007", 2),
        ("a: !!python/object/apply:os.system ['id']\n", "YAML-008", 1),
        ("a: 1\n---\nb: 2\n", "YAML-005", 2),
        ("[a]: 1\n", "YAML-009", 1),
        ("? {a: 1}\n: 2\n", "YAML-009", 1),
        ("a:\n  <<: b\n", "YAML-010", 2),
        ("a: [1\nb: 2\n", "YAML-004", 2),
        ("a: 'x\n", "YAML-004", 2),
        ("a:\n\t- x\n", "YAML-004", 2),
    ],
)
def test_what_is_refused_says_where(text: str, code: str, line: int) -> None:
    with pytest.raises(ToolError) as caught:
        data(text)
    assert caught.value.code == code
    assert caught.value.field == f"t.yaml:{line}"


def test_depth_is_bounded() -> None:
    data("[" * MAX_DEPTH + "]" * MAX_DEPTH)
    for deep in ("[" * 5000 + "]" * 5000, "{a: " * 3000 + "1" + "}" * 3000):
        with pytest.raises(ToolError) as caught:
            data(deep)
        assert caught.value.code in {"YAML-006", "YAML-004"}


def test_size_is_bounded() -> None:
    with pytest.raises(ToolError) as caught:
        parse_yaml(b"a: " + b"x" * 100, "t.yaml", max_bytes=50)
    assert caught.value.code == "YAML-002"


def test_bytes_that_are_not_utf8_say_their_line() -> None:
    with pytest.raises(ToolError) as caught:
        parse_yaml("a: 1\nb: é\n".encode("latin-1"), "t.yaml")
    assert (caught.value.code, caught.value.field, caught.value.found) == ("YAML-003", "t.yaml:2", "0xe9")


def test_the_error_class_is_the_caller_s() -> None:
    with pytest.raises(PlanError):
        parse_yaml(b"a: 1\na: 2\n", "t.yaml", error=PlanError)


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes("\ufeffa: é\n".encode())
    assert read_yaml(path).data == {"a": "é"}
    assert read_yaml(path, name="short").name == "short"


@pytest.mark.parametrize("what", ["missing.yaml", "folder"])
def test_an_unreadable_file_is_an_error(tmp_path: Path, what: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(ToolError) as caught:
        read_yaml(tmp_path / what)
    assert caught.value.code == "YAML-001"


def test_an_empty_document_is_null() -> None:
    assert data("") is None
    assert data("# only a comment\n") is None


@given(st.binary(max_size=200))
def test_any_bytes_give_data_or_a_typed_error(raw: bytes) -> None:
    try:
        read = parse_yaml(raw, "t")
    except DmpcompatError as problem:
        assert problem.code.startswith("YAML-")
    else:
        assert () in read.lines or read.data is None


@given(st.text(alphabet="abc:- \n[]{}&*!|>'\"#,?%@`0123456789", max_size=80))
def test_yaml_looking_text_gives_data_or_a_typed_error(text: str) -> None:
    try:
        data(text)
    except DmpcompatError as problem:
        assert problem.code.startswith("YAML-")
