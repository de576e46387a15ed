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
    """One finding a parent: how many `child` it has, against `low`..`high` (None: no bound)."""
    expected = f"{low}..{'*' if high is None else high}"
    for parent in view.nodes(parents) if isinstance(parents, str) else parents:
        count = len(nodes(parent, child))
        good = count >= low and (high is None or count <= high)
        yield verdict(good, f"{view.at(parent)}/{child}", str(count), expected)


def with_attributes(view: CdaView, path: str, *names: str) -> Iterator[Finding]:
    """One finding an element: the attributes it must have; a nullFlavor excuses it."""
    for element in view.nodes(f"{path}[not(@nullFlavor)]"):
        missing = [name for name in names if not attribute(element, name).strip()]
        found = ", ".join(f"@{name}" for name in names if name not in missing)
        yield verdict(not missing, view.at(element), found, ", ".join(f"@{name}" for name in names))


def valued(
    view: CdaView, path: str, name: str, allowed: Callable[[str], bool], expected: str
) -> Iterator[Finding]:
    """One finding an element: its attribute satisfies `allowed`; a nullFlavor excuses it."""
    for element in view.nodes(f"{path}[not(@nullFlavor)]"):
        value = attribute(element, name)
        yield verdict(allowed(value), f"{view.at(element)}/@{name}", value, expected)
