"""XPath 2.0 is read as the recommendation writes it; anything else is refused by one error."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.schematron.direct import compile_schematron
from harness.schematron.parse import XPathSyntaxError, parse
from harness.schematron.syntax import Call, Dot, Filter, Lit, Neg, Op, Root, Seq, Step, Var
from harness.schematron.syntax import Path as Steps
from protocol import safexml

_SPEC = importlib.util.spec_from_file_location("constructs", Path(__file__).parent / "constructs.py")
assert _SPEC is not None
assert _SPEC.loader is not None
_MODULE = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_MODULE)


def path(*steps: Any) -> Steps:
    return Steps(None, list(steps))


def named(name: str) -> Steps:
    return path(Step("child", name, []))


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("div/div div div", Op("div", path(Step("child", "div", []), Step("child", "div", [])), named("div"))),
        ("a or b and c", Op("or", named("a"), Op("and", named("b"), named("c")))),
        ("1 - 2 - 3", Op("-", Op("-", Lit(1), Lit(2)), Lit(3))),
        ("a = 1 + 2 * 3", Op("=", named("a"), Op("+", Lit(1), Op("*", Lit(2), Lit(3))))),
        ("1 - -2", Op("-", Lit(1), Neg(Lit(2)))),
        ("$a[1]/@b", Steps(Filter(Var("a"), [Lit(1)]), [Step("attribute", "b", [])])),
        ("//x", Steps(Root(), [Step("descendant-or-self", "node()", []), Step("child", "x", [])])),
        ("..", path(Step("parent", "node()", []))),
        ("(.)", Dot()),
        ("()", Seq([])),
        ("/", Root()),
        ("*:a/p:*", path(Step("child", "*:a", []), Step("child", "p:*", []))),
        ("a * b", Op("*", path(Step("child", "a", [])), path(Step("child", "b", [])))),
        ("if", path(Step("child", "if", []))),
        ("fn:not(a-b)", Call("not", [path(Step("child", "a-b", []))])),
        ("'it''s'", Lit("it's")),
        ("ancestor-or-self::node()", path(Step("ancestor-or-self", "node()", []))),
        ("a (: b (: c :) :)", path(Step("child", "a", []))),
    ],
)  # fmt: skip
def test_an_expression_is_read(text: str, tree: Any) -> None:
    assert parse(text) == tree


NOT_XPATH = ["", "a b", "a[", "a]", "f(", "'open", "@", "a/", "a//", "1 +", "#", "sideways::a", "(" * 500]


@pytest.mark.parametrize("text", [*NOT_XPATH, "for $x return 1", "if (a) then b"])
def test_what_is_not_an_expression_is_refused(text: str) -> None:
    with pytest.raises(XPathSyntaxError):
        parse(text)


@given(st.text(alphabet="ab1$@/.:[]()'\"=<>|+-*, \n", max_size=40))
@settings(deadline=None, max_examples=200)
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parse(text)
    except XPathSyntaxError:
        return


def combined(known: tuple[tuple[str, bool], ...]) -> st.SearchStrategy[tuple[str, bool]]:
    """Conditions made of known ones, with what they must be."""

    def more(inner: st.SearchStrategy[tuple[str, bool]]) -> st.SearchStrategy[tuple[str, bool]]:
        return st.one_of(
            st.tuples(inner, inner).map(
                lambda two: (f"({two[0][0]}) and ({two[1][0]})", two[0][1] and two[1][1])
            ),
            st.tuples(inner, inner).map(
                lambda two: (f"({two[0][0]}) or ({two[1][0]})", two[0][1] or two[1][1])
            ),
            inner.map(lambda one: (f"not({one[0]})", not one[1])),
            inner.map(lambda one: (f"self::*[{one[0]}]", one[1])),
            inner.map(lambda one: (f"(every $q in . satisfies $q[{one[0]}])", one[1])),
            st.tuples(inner, inner, inner).map(
                lambda three: (
                    f"(if ({three[0][0]}) then ({three[1][0]}) else ({three[2][0]}))",
                    three[1][1] if three[0][1] else three[2][1],
                )
            ),
        )

    return st.recursive(st.sampled_from(known), more, max_leaves=5)


@given(st.lists(combined(_MODULE.CONSTRUCTS), min_size=1, max_size=4))
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_conditions_made_of_others_are_what_logic_says(pack: Any, conditions: list[tuple[str, bool]]) -> None:
    """Whatever libxml2 runs of them, and whatever is interpreted."""
    asserts = "".join(
        f"<assert test={quoteattr(text)}>{rank}</assert>" for rank, (text, _) in enumerate(conditions)
    )
    main = f"<pattern id='p'><rule context='d:item[@id = \"i1\"]'>{_MODULE.LETS}{asserts}</rule></pattern>"
    result = compile_schematron(pack(main), "main.sch").run(safexml.parse(_MODULE.DOCUMENT.encode()))
    assert result.not_run == ()
    assert [int(one.text) for one in result.failures] == [
        rank for rank, (_, held) in enumerate(conditions) if not held
    ]
