"""Counting and attribute helpers shared by the CDA header rules. Yield findings; hold no rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from lxml import etree

from harness.checks.cda_view import CdaView
from harness.checks.rule import Finding, verdict
from harness.checks.xpath import attribute, nodes

GROUP = "CDA-HEADER"
BODY = "CDA-BODY"
#: Where the header rules come from.
SM = "CI-SIS, structuration minimale"
BEYOND = "au-delà du kit"


def counted(
    view: CdaView, parents: str | Iterable[etree._Element], child: str, low: int, high: int | None = 1
) -> Iterator[Finding]:
    """A failure for each parent whose number of `child` is out of `low`..`high` (None: no bound), else one pass."""
    expected = f"{low}..{'*' if high is None else high}"
    first, told = None, 0
    for parent in view.nodes(parents) if isinstance(parents, str) else parents:
        count = len(nodes(parent, child))
        if count < low or (high is not None and count > high):
            yield verdict(False, f"{view.at(parent)}/{child}", str(count), expected)
        elif first is None:
            first, told = parent, count
    if first is not None:
        yield verdict(True, f"{view.at(first)}/{child}", str(told), expected)


def with_attributes(view: CdaView, path: str, *names: str) -> Iterator[Finding]:
    """A failure for each element without one of these attributes, else one pass; a nullFlavor excuses it."""
    rows = ((item, all(attribute(item, name).strip() for name in names)) for item in _told(view, path))
    for item, good in _settled(rows):
        found = ", ".join(f"@{name}" for name in names if attribute(item, name).strip())
        yield verdict(good, view.at(item), found, ", ".join(f"@{name}" for name in names))


def valued(
    view: CdaView, path: str, name: str, allowed: Callable[[str], bool], expected: str
) -> Iterator[Finding]:
    """A failure for each element whose attribute isn't `allowed`, else one pass; a nullFlavor excuses it."""
    rows = ((item, allowed(attribute(item, name))) for item in _told(view, path))
    for item, good in _settled(rows):
        yield verdict(good, f"{view.at(item)}/@{name}", attribute(item, name), expected)


def each(
    view: CdaView, rows: Iterable[tuple[etree._Element, bool, str]], expected: str, suffix: str = ""
) -> Iterator[Finding]:
    """Rows: (element, whether it is right, what it says). A failure for each wrong one, a pass for the first right."""
    first: tuple[etree._Element, str] | None = None
    for item, good, found in rows:
        if not good:
            yield verdict(False, view.at(item) + suffix, found, expected)
        elif first is None:
            first = item, found
    if first is not None:
        yield verdict(True, view.at(first[0]) + suffix, first[1], expected)


def _told(view: CdaView, path: str) -> list[etree._Element]:
    return view.nodes(f"{path}[not(@nullFlavor)]")


def _settled(rows: Iterable[tuple[etree._Element, bool]]) -> Iterator[tuple[etree._Element, bool]]:
    """Every wrong one, and the first right one."""
    first = None
    for item, good in rows:
        if not good:
            yield item, False
        elif first is None:
            first = item
    if first is not None:
        yield first, True
