"""Counting and attribute helpers shared by the CDA header rules. Tell findings; hold no rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from lxml import etree

from harness.checks.cda_view import CdaView
from harness.checks.rule import RIGHT, WRONG, Finding, verdict

GROUP = "CDA-HEADER"
BODY = "CDA-BODY"
#: Where the header rules come from.
SM = "CI-SIS, structuration minimale"
BEYOND = "au-delà du kit"


def counted(
    view: CdaView, parents: str | Sequence[etree._Element], child: str, low: int, high: int | None = 1
) -> Sequence[Finding]:
    """A failure for each parent whose number of `child` is out of `low`..`high` (None: no bound), else one pass."""
    parents = view.nodes(parents) if isinstance(parents, str) else parents
    if not parents:
        return ()
    if view.brief:
        return RIGHT if view.index.within(parents, child, low, high) else WRONG
    expected = f"{low}..{'*' if high is None else high}"
    first, found = None, []
    for parent, count in zip(parents, view.index.counts(parents, child), strict=True):
        if count < low or (high is not None and count > high):
            found.append(verdict(False, f"{view.at(parent)}/{child}", str(count), expected))
        elif first is None:
            first = parent, count
    if first is not None:
        found.append(verdict(True, f"{view.at(first[0])}/{child}", str(first[1]), expected))
    return found


def with_attributes(view: CdaView, path: str, *names: str) -> Sequence[Finding]:
    """A failure for each element without one of these attributes, else one pass; a nullFlavor excuses it."""
    if view.brief:
        told: Sequence[Finding] = ()
        for item in view.nodes(path):
            if item.get("nullFlavor") is None:
                told = RIGHT
                for name in names:
                    if not item.get(name, "").strip():
                        return WRONG
        return told
    right, found = None, []
    for item in view.nodes(path):
        if item.get("nullFlavor") is None:
            missing = [name for name in names if not item.get(name, "").strip()]
            if missing:
                there = _listed([name for name in names if name not in missing])
                found.append(verdict(False, view.at(item), there, _listed(names)))
            elif right is None:
                right = item
    if right is not None:
        found.append(verdict(True, view.at(right), _listed(names), _listed(names)))
    return found


def _listed(names: Sequence[str]) -> str:
    return ", ".join([f"@{name}" for name in names])


def valued(
    view: CdaView, path: str, name: str, allowed: Callable[[str], bool], expected: str
) -> Sequence[Finding]:
    """A failure for each element whose attribute isn't `allowed`, else one pass; a nullFlavor excuses it."""
    if view.brief:
        told: Sequence[Finding] = ()
        for item in view.nodes(path):
            if item.get("nullFlavor") is None:
                told = RIGHT
                if not allowed(item.get(name, "")):
                    return WRONG
        return told
    right, found = None, []
    for item in view.nodes(path):
        if item.get("nullFlavor") is None:
            value = item.get(name, "")
            if not allowed(value):
                found.append(verdict(False, f"{view.at(item)}/@{name}", value, expected))
            elif right is None:
                right = item, value
    if right is not None:
        found.append(verdict(True, f"{view.at(right[0])}/@{name}", right[1], expected))
    return found


def of_values(
    view: CdaView, items: Sequence[etree._Element], name: str, allowed: Callable[[str], bool], expected: str
) -> Sequence[Finding]:
    """`judged` by the value of one attribute; each value is looked at once, most are there several times."""
    if view.brief:
        return (
            (RIGHT if all(map(allowed, {item.get(name, "") for item in items})) else WRONG) if items else ()
        )
    return judged(
        view,
        items,
        lambda item: allowed(item.get(name, "")),
        lambda item: item.get(name, ""),
        expected,
        f"/@{name}",
    )


def each(
    view: CdaView, rows: Iterable[tuple[etree._Element, bool, str]], expected: str, suffix: str = ""
) -> Sequence[Finding]:
    """Rows: (element, whether it is right, what it says). A failure for each wrong one, a pass for the first right."""
    first: tuple[etree._Element, str] | None = None
    findings = []
    for item, good, found in rows:
        if not good:
            findings.append(verdict(False, view.at(item) + suffix, found, expected))
        elif first is None:
            first = item, found
    if first is not None:
        findings.append(verdict(True, view.at(first[0]) + suffix, first[1], expected))
    return findings


def every(
    view: CdaView,
    items: Sequence[etree._Element],
    good: Callable[[etree._Element], bool],
    said: Callable[[etree._Element], str],
    expected: str,
    suffix: str = "",
) -> Sequence[Finding]:
    """A verdict for each of these elements."""
    if view.brief:
        return RIGHT * len(items) if all(map(good, items)) else WRONG
    return [verdict(good(item), view.at(item) + suffix, said(item), expected) for item in items]


def judged(
    view: CdaView,
    items: Sequence[etree._Element],
    good: Callable[[etree._Element], bool],
    said: Callable[[etree._Element], str],
    expected: str,
    suffix: str = "",
) -> Sequence[Finding]:
    """The same, for many elements: what they say is asked for those that are told only."""
    if view.brief:
        return (RIGHT if all(map(good, items)) else WRONG) if items else ()
    wrong = [item for item in items if not good(item)]
    findings = [verdict(False, view.at(item) + suffix, said(item), expected) for item in wrong]
    if len(wrong) < len(items):
        refused = set(wrong)
        right = next(item for item in items if item not in refused)
        findings.append(verdict(True, view.at(right) + suffix, said(right), expected))
    return findings
