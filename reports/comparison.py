"""A comparison of two runs for a reader and for programs: text, Markdown, JSON, JUnit."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from lxml import etree

from harness.compare import CaseCompared, Comparison, FailOn, Moved
from harness.expectation_words import title
from protocol import safexml
from protocol.errors import Lang, Text
from protocol.visible import visible

_CAUSES: Final = {
    "rules": Text("les règles ou le paquet ont changé", "the rules or the pack changed"),
    "plan": Text("le cas a changé dans le plan", "the case changed in the plan"),
    "requests": Text("ce que le logiciel envoie a changé", "what the software sends changed"),
    "answers": Text("ce que la plateforme répond a changé", "what the platform answers changed"),
    "environment": Text(
        "une des exécutions n'a pu conclure (outil, configuration)",
        "a run could not conclude (tool, configuration)",
    ),
    "unknown": Text("cause inconnue", "cause unknown"),
}
_WHOLE: Final = {
    "rules": Text("règles", "rules"),
    "pack": Text("paquet officiel", "official pack"),
    "plan": Text("plan", "plan"),
    "campaign": Text("campagne", "campaign"),
    "tool": Text("version de l'outil", "version of the tool"),
    "target": Text("plateforme", "platform"),
    "software": Text("logiciel", "software"),
    "seed": Text("graine", "seed"),
}
_LONGEST: Final = 40


def text(comparison: Comparison, lang: Lang, _fail_on: FailOn) -> str:
    return "\n".join(_text(comparison, lang)) + "\n"


def _text(comparison: Comparison, lang: Lang) -> Iterator[str]:
    for name, (before, after) in comparison.changed.items():
        yield f"{_WHOLE[name].to(lang)}: {visible(_short(before))} -> {visible(_short(after))}"
    for case in comparison.moved():
        yield f"{_passage(case, lang)}  {case.code}  {_title(case, lang)}"
        yield from (f"    {line}" for line in _why(case, lang))
    yield _summary(comparison, lang)


def markdown(comparison: Comparison, lang: Lang, _fail_on: FailOn) -> str:
    head = Text("Comparaison de deux exécutions", "Comparison of two runs").to(lang)
    lines = [f"## {head}", "", _summary(comparison, lang), ""]
    lines += [
        f"- {_WHOLE[name].to(lang)}: `{_cell(_short(before))}` → `{_cell(_short(after))}`"
        for name, (before, after) in comparison.changed.items()
    ]
    if comparison.moved():
        words = Text("Cas | Verdict | Pourquoi", "Case | Verdict | Why").to(lang)
        lines += ["", f"| {words} |", "|---|---|---|"]
    for case in comparison.moved():
        why = "<br>".join(_cell(line) for line in _why(case, lang))
        lines.append(f"| {case.code} {_cell(_title(case, lang))} | {_passage(case, lang)} | {why} |")
    return "\n".join(lines) + "\n"


def as_json(comparison: Comparison, _lang: Lang, fail_on: FailOn) -> str:
    return json.dumps(plain(comparison, fail_on), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def plain(comparison: Comparison, fail_on: FailOn) -> dict[str, Any]:
    """The comparison as plain JSON values; cases that did not change are counted only."""
    return {
        "schema": "dmpcompat-comparison/1",
        "changed": {name: {"before": a, "after": b} for name, (a, b) in comparison.changed.items()},
        "same": len(comparison.cases) - len(comparison.moved()),
        "cases": [
            {
                "code": case.code,
                "state": case.state,
                "before": str(case.before.verdict) if case.before else None,
                "after": str(case.after.verdict) if case.after else None,
                "worse": case.worse,
                "causes": list(case.causes),
                "appeared": [_moved(one) for one in case.appeared],
                "went": [_moved(one) for one in case.went],
                "frames": [
                    {"frame": one.stem, "side": one.side, "lines": [vars(line) for line in one.lines]}
                    for one in case.frames
                ],
            }
            for case in comparison.moved()
        ],
        "exit_code": comparison.exit_code(fail_on),
    }


def junit(comparison: Comparison, lang: Lang, fail_on: FailOn) -> str:
    """A test case a case of either run; those that `fail_on` minds are failures."""
    minded = {
        case.code
        for case in comparison.moved()
        if fail_on == "changed" or (fail_on == "worse" and case.worse)
    }
    suite = etree.Element(
        "testsuite", name="dmpcompat compare", tests=str(len(comparison.cases)), failures=str(len(minded))
    )
    for case in comparison.cases:
        element = etree.SubElement(suite, "testcase", name=case.code, classname="dmpcompat.compare")
        if case.code in minded:
            failure = etree.SubElement(element, "failure", message=_passage(case, lang))
            failure.text = safexml.holdable("\n".join(_why(case, lang)))
    return safexml.serialize(suite).decode()


FORMATS: Final[Mapping[str, Callable[[Comparison, Lang, FailOn], str]]] = {
    "text": text,
    "json": as_json,
    "markdown": markdown,
    "junit": junit,
}


def _moved(one: Moved) -> dict[str, Any]:
    return {"step": one.step, "judged_before": one.judged_before, **vars(one.finding)}


def _passage(case: CaseCompared, lang: Lang) -> str:
    if case.state == "new":
        return Text("nouveau", "new").to(lang) + f" {case.after.verdict if case.after else ''}"
    if case.state == "gone":
        return f"{case.before.verdict if case.before else ''} -> " + Text("plus joué", "no longer played").to(
            lang
        )
    return f"{case.before.verdict if case.before else ''} -> {case.after.verdict if case.after else ''}"


def _title(case: CaseCompared, lang: Lang) -> str:
    told = case.after or case.before
    return told.title.to(lang) if told else ""


def _why(case: CaseCompared, lang: Lang) -> Iterator[str]:
    if case.causes:
        yield " ; ".join(_CAUSES[cause].to(lang) for cause in case.causes)
    for sign, several in (("+", case.appeared), ("-", case.went)):
        for one in several:
            told = one.finding
            new = "" if one.judged_before else Text(" (règle nouvelle ici)", " (rule new here)").to(lang)
            yield (
                f"{sign} {told.status} {told.rule}{new if sign == '+' else ''} — {title(told.rule).to(lang)} "
                f"({visible(told.where)}): {visible(told.found)} / {visible(told.expected)}"
            )
    for frame in case.frames:
        side = Text("requête", "request") if frame.side == "request" else Text("réponse", "response")
        for line in frame.lines[:3]:
            old, new = visible(line.before) or "∅", visible(line.after) or "∅"
            yield f"~ {side.to(lang)} {frame.stem} {line.where}: {old} -> {new}"


def _summary(comparison: Comparison, lang: Lang) -> str:
    moved = comparison.moved()
    states = {state: sum(case.state == state for case in moved) for state in ("changed", "new", "gone")}
    worse = sum(case.worse for case in moved)
    same = len(comparison.cases) - len(moved)
    return Text(
        f"{same} verdicts inchangés, {states['changed']} changés, {states['new']} cas nouveaux, "
        f"{states['gone']} disparus ; {worse} en pire",
        f"{same} verdicts unchanged, {states['changed']} changed, {states['new']} new cases, "
        f"{states['gone']} gone; {worse} for the worse",
    ).to(lang)


def _short(value: str) -> str:
    return value if len(value) <= _LONGEST else value[:12] + "…"


def _cell(value: str) -> str:
    return value.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;").replace("`", "'")
