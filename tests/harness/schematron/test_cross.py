"""The two engines side by side: on Schematrons of our own, on samples of the official kit; a difference is told."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from harness.schematron import direct, saxon
from harness.schematron.cross import Crossing, cross, differences
from harness.schematron.result import Failure, Fired, LayerResult, NotRun
from protocol import safexml
from protocol.errors import Text, ToolError

ROOT = Path(__file__).resolve().parents[3]
KIT = Path(os.environ.get("DMPCOMPAT_KITS") or ROOT.parent / "shared" / "kits") / "ans-cda"
BODY = ("schematrons/profils/CI-SIS_ModelesDeContenusCDA.sch", "schematrons/profils/CI-SIS_Modeles_ANS.sch")
needs_saxon = pytest.mark.skipif(not saxon.available(), reason="saxonche is not installed (extra saxon)")

SCHEMATRON = """
<let name="values" value="'values.xml'"/>
<pattern id="coded" is-a="in"><param name="where" value="d:coded"/><param name="set" value="$values"/></pattern>
<pattern id="in" abstract="true"><rule context="$where"><let name="code" value="@code"/>
 <let name="system" value="@system"/>
 <assert test="@nullFlavor or document($set)//concept[@code = $code and @system = $system]" role="error">
  <value-of select="$code"/> in <value-of select="$set"/>: <value-of select="for $a in @* return name($a)"/></assert>
</rule></pattern>
<pattern id="types"><rule abstract="true" id="any"><assert test="every $e in descendant-or-self::* satisfies
  $e[not(@nullFlavor) or not(@* except (@nullFlavor | @xsi:type) | text()[normalize-space()])]"><name/></assert></rule>
 <rule abstract="true" id="ts"><extends rule="any"/><let name="v" value="@value"/>
  <let name="day" value="if (substring($v, 7, 2) castable as xs:integer) then substring($v, 7, 2) else '01'"/>
  <let name="date" value="concat(substring($v, 1, 4), '-', substring($v, 5, 2), '-', $day)"/>
  <assert test="empty($v) or $date castable as xs:date">bad date <value-of select="$date"/></assert></rule></pattern>
<pattern><title>times</title><rule context="//d:doc[d:time]/d:time[not(@skip)]"><extends rule="ts"/></rule>
 <rule context="d:time"><report test="true()">skipped <value-of select="@skip"/></report></rule></pattern>
<pattern id="ids"><rule context="d:id"><let name="name" value="local-name()"/><let name="root" value="@root"/>
 <let name="others" value="preceding-sibling::*[local-name()=$name] | following-sibling::*[local-name()=$name]"/>
 <assert test="not($others[@root=$root][empty(@extension)] or
  $others[@root = $root][@extension = current()/@extension])">
  twice <value-of select="count($others)"/></assert>
 <assert test="not(@root) or matches(@root, '^[0-2](\\.(0|[1-9]\\d*))*$')">not an OID</assert></rule></pattern>
<pattern id="around"><rule context="/"><assert test="not(processing-instruction()) and not(comment())">around
 <value-of select="count(//comment() | //processing-instruction())"/></assert></rule></pattern>
<pattern id="missing"><rule context="d:missing"><assert test="@code = doc('absent.xml')//@code">never</assert>
 <assert test="@code = 'A'">not A</assert></rule></pattern>
"""
DOCUMENTS = (
    '<d:doc xmlns:d="urn:doc"><d:coded code="A" system="1.2"/><d:time value="20240229"/><d:id root="1.2"/></d:doc>',
    '<d:doc xmlns:d="urn:doc"><d:coded code="C" system="1.2"/><d:coded nullFlavor="UNK"/><d:coded/>'
    '<d:time value="20230229"/><d:time skip="y"/><d:time nullFlavor="NA" value="2024"/><d:time value="202413">x'
    "</d:time>"
    '<d:id root="1.2" extension="x"/><d:id root="1.2"/><d:id root="1.2" extension="x"/><d:id root="a.b"/></d:doc>',
    '<d:doc xmlns:d="urn:doc"><d:in><d:time nullFlavor="UNK">t</d:time></d:in><d:missing code="B"/></d:doc>',
    '<?a b?><!-- around --><d:doc xmlns:d="urn:doc"><d:id root="1.2"/><!-- in --></d:doc><?c d?>',
    "<other/>",
)


@needs_saxon
def test_both_engines_say_the_same_of_a_schematron_of_ours(pack: Any) -> None:
    folder = pack(SCHEMATRON)
    with saxon.SaxonProcess() as process:
        crossing = Crossing(folder, ["main.sch"], process)
        for rank, document in enumerate(DOCUMENTS):
            crossing.judge(str(rank), safexml.parse(document.encode()))
        crossed = crossing.result()
    assert crossed.differences == ()
    assert (crossed.runs, crossed.failures, crossed.not_run) == (5, 13, 1)


@needs_saxon
@pytest.mark.kits
@pytest.mark.skipif(not KIT.is_dir(), reason=f"official artefacts not found in {KIT} (DMPCOMPAT_KITS)")
def test_both_engines_say_the_same_of_official_samples() -> None:
    samples = sorted((KIT / "ExemplesCDA").glob("*.xml"), key=lambda path: path.stat().st_size)[2:9:3]
    volet = "schematrons/CI-SIS_LDL-SES_2022.01.sch"
    crossed = cross(KIT, [*BODY, volet], samples)
    assert crossed.differences == ()
    assert crossed.runs == 9
    assert crossed.fired > 50


@needs_saxon
def test_what_saxon_can_not_compile_is_a_tool_error(pack: Any) -> None:
    folder = pack("<pattern><rule context='d:a'><assert test='@k ='>x</assert></rule></pattern>")
    with saxon.SaxonProcess() as process, pytest.raises(ToolError) as told:
        saxon.compile_schematron(folder, "main.sch", process)
    assert told.value.code == "SCH-022"


@needs_saxon
def test_a_process_that_dies_is_told(pack: Any) -> None:
    folder = pack("<pattern><rule context='*'><assert test='true()'>x</assert></rule></pattern>")
    with saxon.SaxonProcess() as process:
        compiled = saxon.compile_schematron(folder, "main.sch", process)
        os.kill(process.pid, 9)
        with pytest.raises(ToolError) as told:
            compiled.run(etree.Element("a"))
    assert told.value.code == "SCH-021"


def test_without_saxon_the_reference_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saxon, "available", lambda: False)
    with pytest.raises(ToolError) as told:
        saxon.SaxonProcess()
    assert told.value.code == "SCH-020"


BASE = LayerResult(
    "l", "l.sch", "direct", (Fired("p", "c"),), (Failure("p", "c", "t", "text", "", "/a", 1),), ()
)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"fired": ()}, "fired"),
        ({"failures": ()}, "failure"),
        ({"failures": (Failure("p", "c", "t", "other", "", "/a", 1),)}, "text"),
        ({"failures": (Failure("p", "c", "t", "text", "", "/b", 1),)}, "place"),
        ({"not_run": (NotRun("w", Text("", "")),)}, "not-run"),
        ({"fired": (), "failures": (), "not_run": (NotRun("l.sch", Text("", "")),)}, "aborted"),
    ],
)
def test_each_kind_of_difference_is_told(change: dict[str, Any], kind: str) -> None:
    assert kind in {one.kind for one in differences("d", BASE, dataclasses.replace(BASE, **change))}
    assert list(differences("d", BASE, BASE)) == []


def test_a_schematron_only_one_engine_compiles_is_told(pack: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise ToolError("SCH-022", Text("non", "no"))

    monkeypatch.setattr(saxon, "compile_schematron", refuse)
    crossing = Crossing(pack("<pattern/>"), ["main.sch"], None)  # type: ignore[arg-type]
    assert [one.kind for one in crossing.differences] == ["compile"]
    assert direct.compile_schematron(pack("<pattern/>"), "main.sch").layer == "main"
