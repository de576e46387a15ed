"""Schematron itself: which rule fires, what is abstract, active, included; and what can't be run is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from harness.schematron.direct import compile_schematron
from harness.schematron.index import Index
from harness.schematron.result import Fired
from protocol import safexml
from protocol.errors import ToolError

DOC = """<d:doc xmlns:d="urn:doc"><d:a k="1"><d:templateId root="1.2"/></d:a>
<d:a k="2"/><d:b><d:a k="3"/></d:b></d:doc>"""


def test_the_first_rule_that_matches_is_the_only_one_of_its_pattern(judge: Any) -> None:
    result = judge(
        "<pattern id='p'><rule context='d:b/d:a'><assert test='false()'>first</assert></rule>"
        "<rule context='d:a'><assert test='false()'>second</assert></rule>"
        "<rule context='d:a[@k]'><assert test='false()'>never</assert></rule></pattern>"
        "<pattern id='q'><rule context='d:a'><assert test='@k'>other</assert></rule></pattern>",
        DOC,
    )
    assert [one.text for one in result.failures] == ["second", "second", "first"]
    assert result.fired == (
        Fired("p", "d:a"), Fired("p", "d:a"), Fired("p", "d:b/d:a"),
        Fired("q", "d:a"), Fired("q", "d:a"), Fired("q", "d:a"),
    )  # fmt: skip


def test_a_failure_says_where_and_what(judge: Any) -> None:
    result = judge(
        "<pattern id='p'><rule context='d:a' role='error'><let name='k' value='@k'/>"
        "<assert id='a1' test='$k != 2'>  <name/> says\n <value-of select='$k'/>, "
        "<value-of select='../d:a/@k'/></assert></rule></pattern>",
        DOC,
    )
    (failure,) = result.failures
    assert failure.text == "d:a says 2, 1 2"
    assert (failure.path, failure.line, failure.role, failure.id) == ("/d:doc/d:a[2]", 2, "error", "a1")
    assert (failure.pattern, failure.rule, failure.test) == ("p", "d:a", "$k != 2")


@pytest.mark.parametrize(
    ("context", "places"),
    [
        ("d:a", 3),
        ("/d:doc/d:a", 2),
        ("/d:a", 0),
        ("//d:b/d:a", 1),
        ("d:doc//d:a", 3),
        ("d:b | d:a[@k = '1']", 2),
        ("*[d:templateId/@root = '1.2']", 1),
        ("d:a[d:templateId[@root = '1.2']]", 1),
        ("d:b[d:templateId/@root = '1.2']", 0),
        ("*:a[@k > 1]", 2),
        ("d:a[1]", 2),
        ("d:doc/d:a[2]", 1),
        ("d:a[last()]", 2),
        ("d:a[@k = $wanted]", 1),
        ("d:a[matches(@k, '[12]')]", 2),
        ("d:a[@k = doc('values.xml')//@k]", 0),
        ("d:a[some $t in tokenize(@k, ',') satisfies $t = '2']", 1),
        ("*", 6),
        ("/", 1),
        ("d:doc[d:b]/d:b[d:a]/d:a", 1),
    ],
)
def test_contexts_match_where_patterns_do(judge: Any, context: str, places: int) -> None:
    rule = f'<pattern id="p"><rule context="{context}"><assert test="false()">x</assert></rule></pattern>'
    result = judge(f"<let name='wanted' value='2'/>{rule}", DOC)
    assert result.not_run == ()
    assert (len(result.fired), len(result.failures)) == (places, places)


def test_the_document_node_is_judged_too(judge: Any) -> None:
    result = judge(
        "<pattern><title>whole</title><rule context='/'><let name='n' value='count(//d:a)'/>"
        "<assert test='d:doc'>root</assert><assert test='$n = 4'><value-of select='$n'/></assert>"
        "<assert test='descendant-or-self::d:b[d:a]'>b</assert><report test='d:doc/d:b'>seen</report>"
        "</rule></pattern>",
        DOC,
    )
    assert [(one.text, one.path, one.line, one.pattern) for one in result.failures] == [
        ("3", "/", 0, "whole"),
        ("seen", "/", 0, "whole"),
    ]


def test_abstract_patterns_are_filled_and_abstract_rules_inherited(judge: Any) -> None:
    result = judge(
        "<pattern id='t' abstract='true'><rule context='$where'><extends rule='base'/>"
        "<assert test='$what = $whatever'>$what <value-of select='$what'/></assert></rule></pattern>"
        "<pattern id='made' is-a='t'><param name='where' value='d:a'/><param name='what' value='@k'/>"
        "<param name='whatever' value='(1, 2)'/></pattern>"
        "<pattern id='abstracts'><rule abstract='true' id='base'><let name='own' value='@k'/>"
        "<extends rule='deeper'/></rule>"
        "<rule abstract='true' id='deeper'><assert test='$own != 1'>inherited</assert></rule></pattern>",
        DOC,
    )
    assert [one.text for one in result.failures] == ["inherited", "$what 3"]
    assert {one.pattern for one in result.fired} == {"made"}


def test_only_the_patterns_of_the_default_phase_run(tmp_path: Path, judge: Any, pack: Any) -> None:
    patterns = "".join(
        f"<pattern id='{name}'><rule context='d:a'><assert test='false()'>{name}</assert></rule></pattern>"
        for name in ("one", "two")
    )
    assert {one.text for one in judge(patterns, DOC).failures} == {"one", "two"}
    folder = pack(f"<phase id='f'><active pattern='two'/></phase>{patterns}")
    main = folder / "main.sch"
    main.write_text(main.read_text().replace("<schema ", "<schema defaultPhase='f' "))
    result = compile_schematron(folder, "main.sch").run(safexml.parse(DOC.encode()))
    assert {one.text for one in result.failures} == {"two"}


def test_lets_are_lazy_and_may_hide_one_another(judge: Any) -> None:
    result = judge(
        "<pattern id='p'><rule context='d:b'><let name='bad' value=\"doc('absent.xml')//x\"/>"
        "<let name='v' value=\"'old'\"/><assert test=\"$v = 'new'\"><value-of select='$v'/></assert>"
        "<let name='v' value=\"'new'\"/><assert test=\"$v = 'old'\"><value-of select='$v'/></assert>"
        "<assert test='true() or $bad'>never</assert></rule></pattern>",
        DOC,
    )
    assert [one.text for one in result.failures] == ["old", "new"]
    assert result.not_run == ()


def test_what_can_not_be_evaluated_is_not_run_and_the_rest_is(judge: Any) -> None:
    result = judge(
        "<pattern id='p'><rule context='d:a'>"
        "<assert test=\"@k = doc('absent.xml')//@k\">value set</assert>"
        "<assert test='unknown(@k)'>function</assert>"
        "<assert test='@k ='>syntax</assert>"
        "<assert test='xs:integer(name()) = 1'>cast</assert>"
        "<assert test='@nope = $nope'>variable</assert>"
        "<assert test='@k != 2'>fine</assert></rule>"
        "<rule context='d:b/@k'><assert test='true()'>attribute</assert></rule></pattern>",
        DOC,
    )
    assert [one.text for one in result.failures] == ["fine"]
    assert len(result.not_run) == 6
    assert any("absent.xml" in one.what and "absent" in one.why.fr for one in result.not_run)
    assert any("d:b/@k" in one.what for one in result.not_run)


def test_a_layer_that_fired_nothing_is_vacuous(judge: Any) -> None:
    assert judge("<pattern id='p'><rule context='d:z'><assert test='1'/></rule></pattern>", DOC).vacuous
    assert not judge("<pattern id='p'><rule context='d:a'><assert test='1'/></rule></pattern>", DOC).vacuous


def test_includes_are_followed_whatever_their_case(pack: Any) -> None:
    folder = pack(
        "<include href='Parts/Rules.SCH'/><include href='parts/more.sch'/>",
        parts__rules_DOT_sch="<pattern xmlns='http://purl.oclc.org/dsdl/schematron' id='in'>"
        "<include href='../parts/rule.sch'/></pattern>",
        parts__rule_DOT_sch="<rule xmlns='http://purl.oclc.org/dsdl/schematron' context='d:a'>"
        "<assert test='@k = 1'>included</assert></rule>",
        parts__more_DOT_sch="<let xmlns='http://purl.oclc.org/dsdl/schematron' name='g' value='1'/>",
    )
    compiled = compile_schematron(folder, "MAIN.sch".replace("MAIN", "main"))
    assert len(compiled.run(safexml.parse(DOC.encode())).failures) == 2
    assert [(one.code, one.where) for one in compiled.defects] == [("CASE", "main.sch")]


@pytest.mark.parametrize(
    ("main", "code"),
    [
        ("<include href='absent.sch'/>", "SCH-004"),
        ("<include href='../outside.sch'/>", "SCH-004"),
        ("<include href='http://example.org/a.sch'/>", "SCH-004"),
        ("<include href='/etc/passwd'/>", "SCH-004"),
        ("<include href='broken.sch'/>", "SCH-003"),
        ("<include href='dtd.sch'/>", "SCH-003"),
        ("<include href='main.sch'/>", "SCH-005"),
        ("<pattern is-a='nothing'/>", "SCH-005"),
        ("<pattern><rule context='a'><extends rule='nothing'/></rule></pattern>", "SCH-005"),
    ],
)
def test_a_schematron_that_can_not_be_read_has_one_clear_error(pack: Any, main: str, code: str) -> None:
    folder = pack(
        main,
        broken_DOT_sch="<pattern",
        dtd_DOT_sch='<!DOCTYPE p [<!ENTITY e SYSTEM "file:///etc/passwd">]><p>&e;</p>',
    )
    (folder.parent / "outside.sch").write_text("<pattern xmlns='http://purl.oclc.org/dsdl/schematron'/>")
    with pytest.raises(ToolError) as told:
        compile_schematron(folder, "main.sch")
    assert told.value.code == code


def test_what_is_not_a_schematron_is_refused(pack: Any) -> None:
    folder = pack("")
    for name, code in (("values.xml", "SCH-002"), ("nothing.sch", "SCH-001"), ("../x.sch", "SCH-001")):
        with pytest.raises(ToolError) as told:
            compile_schematron(folder, name)
        assert told.value.code == code


def test_an_assert_that_can_never_fail_is_a_defect(pack: Any) -> None:
    folder = pack(
        "<pattern><rule context='d:a'><assert test=\"count(@k = '1') = 1\">never</assert>"
        "<assert test='unknown()'>handed</assert><assert test='@k ='>broken</assert></rule></pattern>"
    )
    assert [one.code for one in compile_schematron(folder, "main.sch").defects] == [
        "NEVER",
        "HANDED",
        "SYNTAX",
    ]


def test_a_part_of_a_document_is_judged_as_a_document(judge: Any, pack: Any) -> None:
    folder = pack("<pattern id='p'><rule context='/d:b'><assert test='not(..)'>x</assert></rule></pattern>")
    inner = safexml.parse(DOC.encode())[2]
    result = compile_schematron(folder, "main.sch").run(inner)
    assert [one.context for one in result.fired] == ["/d:b"]
    assert inner.getparent() is not None
    with pytest.raises(ValueError, match="whole"):
        Index(inner)


def test_one_compiled_schematron_judges_document_after_document(pack: Any) -> None:
    folder = pack(
        "<pattern id='p'><rule context='d:a'><assert test=\"tokenize(@k, ',') = '1'\"><value-of select='@k'/>"
        "</assert></rule></pattern>"
    )
    compiled = compile_schematron(folder, "main.sch")
    for key in ("1", "2", "1", "1,2", ""):
        root = etree.fromstring(f'<d:a xmlns:d="urn:doc" k="{key}"/>')
        assert [one.text for one in compiled.run(root).failures] == ([] if "1" in key else [key])


def test_a_context_that_can_not_be_evaluated_matches_nothing_and_is_told(judge: Any) -> None:
    result = judge(
        "<pattern id='p'><rule context=\"d:a[@k = doc('absent.xml')//@k]/d:templateId\"><assert test='1'/></rule>"
        "<rule context='d:a'><assert test='@k != 2'>second</assert></rule></pattern>",
        DOC,
    )
    assert [one.text for one in result.failures] == ["second"]
    assert len(result.fired) == 3
    assert [("absent.xml" in one.what, "absent" in one.why.fr) for one in result.not_run] == [(True, True)]
