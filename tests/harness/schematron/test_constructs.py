"""Each construct of XPath 2.0 that kits use: the direct engine gives what the recommendation says, and Saxon too."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import pytest

from harness.schematron import saxon
from harness.schematron.cross import Crossing
from harness.schematron.direct import compile_schematron
from protocol import safexml

_SPEC = importlib.util.spec_from_file_location("constructs", Path(__file__).parent / "constructs.py")
assert _SPEC is not None
assert _SPEC.loader is not None
_MODULE = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_MODULE)
CONSTRUCTS: tuple[tuple[str, bool], ...] = _MODULE.CONSTRUCTS
LETS: str = _MODULE.LETS


def rules(*expressions: str, report: bool = False) -> str:
    kind = "report" if report else "assert"
    asserts = "".join(
        f"<{kind} test={quoteattr(one)}>{rank}</{kind}>" for rank, one in enumerate(expressions)
    )
    return f"<pattern id='p'><rule context='d:item[@id = \"i1\"]'>{LETS}{asserts}</rule></pattern>"


@pytest.fixture(scope="module")
def document() -> Any:
    return safexml.parse(_MODULE.DOCUMENT.encode())


@pytest.mark.parametrize(("expression", "expected"), CONSTRUCTS, ids=[one for one, _ in CONSTRUCTS])
def test_a_construct_is_what_the_recommendation_says(
    pack: Any, document: Any, expression: str, expected: bool
) -> None:
    result = compile_schematron(pack(rules(expression)), "main.sch").run(document)
    assert result.not_run == ()
    assert [one.text for one in result.failures] == ([] if expected else ["0"])


def test_joined_in_one_rule_they_say_the_same(pack: Any, document: Any) -> None:
    every = compile_schematron(pack(rules(*(one for one, _ in CONSTRUCTS))), "main.sch").run(document)
    assert every.not_run == ()
    assert [one.test for one in every.failures] == [one for one, expected in CONSTRUCTS if not expected]


def test_a_report_fails_where_an_assert_holds(pack: Any, document: Any) -> None:
    every = compile_schematron(pack(rules(*(one for one, _ in CONSTRUCTS), report=True)), "main.sch").run(
        document
    )
    assert [one.test for one in every.failures] == [one for one, expected in CONSTRUCTS if expected]


@pytest.mark.skipif(not saxon.available(), reason="saxonche is not installed (extra saxon)")
def test_saxon_says_the_same_of_every_construct(pack: Any, document: Any) -> None:
    folder = pack(rules(*(one for one, _ in CONSTRUCTS)))
    with saxon.SaxonProcess() as process:
        crossing = Crossing(folder, ["main.sch"], process)
        crossing.judge("constructs", document)
        crossed = crossing.result()
    assert crossed.differences == ()
    assert crossed.failures == sum(1 for _, expected in CONSTRUCTS if not expected)


#: Places where an expression may stand; what surrounds it must not change what it means.
_PLACES = {
    "self": "self::*[{0}]",
    "some": "some $i in ../d:item satisfies $i[{0}]",
    "not": "not(({0}) and @n)",
    "if": "if ({0}) then @code else @m",
    "count": "count(../d:item[{0}]) = 1",
}


@pytest.mark.skipif(not saxon.available(), reason="saxonche is not installed (extra saxon)")
def test_saxon_says_the_same_wherever_a_construct_stands(pack: Any, document: Any) -> None:
    """In predicates, quantifiers, lets and messages, on nodes that have what it looks for and nodes that don't."""
    asserts = {
        place: [f"<assert test={quoteattr(shape.format(one))}/>" for one, _ in CONSTRUCTS]
        for place, shape in _PLACES.items()
    }
    asserts["let"] = [f"<let name='z' value={quoteattr(one)}/><assert test='$z'/>" for one, _ in CONSTRUCTS]
    asserts["text"] = [
        f"<assert test='false()'><value-of select={quoteattr(one)}/></assert>" for one, _ in CONSTRUCTS
    ]
    patterns = (
        f"<pattern id='{place}'><rule context='d:item'>{LETS}{''.join(every)}</rule></pattern>"
        for place, every in asserts.items()
    )
    with saxon.SaxonProcess() as process:
        crossing = Crossing(pack("".join(patterns)), ["main.sch"], process)
        crossing.judge("places", document)
        crossed = crossing.result()
    assert crossed.differences == ()
    assert crossed.failures > 1000
