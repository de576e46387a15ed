"""The header of one document, walked once: elements by name, by attribute, and the children of each by name.

Rules ask the same few things of a header hundreds of times. Paths of child steps with simple conditions are followed
here, without an XPath context each; any other expression is left to harness.checks.xpath.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from lxml import etree

from harness.checks.xpath import PREFIXES, XSI_TYPE, nodes
from protocol import facts

Elements = list[etree._Element]
Test = Callable[["HeaderIndex", etree._Element], bool]
_BODY: Final = f"{{{facts.HL7}}}component"
_NONE: Final[Elements] = []
#: Attributes whose elements are kept: those that rules ask for.
_ASKED: Final = frozenset(("code", "displayName", "nullFlavor", XSI_TYPE))

_NAME: Final = r"[a-z0-9]+:[A-Za-z]\w*"
_PATH: Final = rf"{_NAME}(?:/{_NAME})*"
_TERM: Final = re.compile(
    rf"not\(@(?P<without>\w+)\)|self::(?P<itself>{_NAME})"
    rf"|(?P<path>{_PATH})?(?:(?P<slash>/?)@(?P<name>\w+)(?:='(?P<value>[^'\]]*)')?)?"
)
_STEP: Final = re.compile(rf"(?P<name>{_NAME}|\*)(?P<tests>(?:\[[^\[\]]+\])*)(?:/|$)")


class Step(NamedTuple):
    """Children of one name (`*`: any) that pass every test."""

    tag: str
    tests: tuple[Test, ...]


class _Children(dict[etree._Element, dict[str, Elements]]):
    """The children of an element by name: those of the header are sorted at once, the others when first asked for."""

    def __missing__(self, parent: etree._Element) -> dict[str, Elements]:
        found: dict[str, Elements] = {}
        for child in parent[:]:
            tag = child.tag
            if tag in found:
                found[tag].append(child)
            elif isinstance(tag, str):  # no comment
                found[tag] = [child]
        self[parent] = found
        return found


class HeaderIndex:
    """Everything of a ClinicalDocument but its body, which must not change. Lists that it gives are its own."""

    def __init__(self, root: etree._Element | None) -> None:
        self.elements: Elements = []
        self._tagged: dict[str, Elements] = defaultdict(list)
        self._having: dict[str, Elements] = defaultdict(list)
        self._repeated: dict[str, Elements] = defaultdict(list)
        self._children = _Children()
        #: Children of an element by their name; not to be changed.
        self.sorted: Callable[[etree._Element], dict[str, Elements]] = self._children.__getitem__
        if root is not None:
            self._walk(root)

    def _walk(self, root: etree._Element) -> None:
        for part in root.iterchildren(etree.Element):
            if part.tag != _BODY:
                self.elements += part.iter(etree.Element)
        tagged, having, children, repeated = self._tagged, self._having, self._children, self._repeated
        for item in self.elements:
            tag: str = item.tag  # type: ignore[assignment]  # elements only: no comment
            tagged[tag].append(item)
            for name in item.keys():  # noqa: SIM118 - an element is no dict
                if name in _ASKED:
                    having[name].append(item)
            parent = item.getparent()
            beside = children.get(parent)  # type: ignore[arg-type]  # below the root
            if beside is None:
                children[parent] = {tag: [item]}  # type: ignore[index]  # below the root
            elif tag in beside:
                beside[tag].append(item)
                repeated[tag].append(item)
            else:
                beside[tag] = [item]
        children.pop(root, None)  # it has the body too

    def tagged(self, tag: str) -> Elements:
        """Elements of the header of that name, in order."""
        return self._tagged.get(tag, _NONE)

    def having(self, attribute: str) -> Elements:
        """Elements of the header with that attribute, in order."""
        if attribute not in _ASKED:
            return [item for item in self.elements if item.get(attribute) is not None]
        return self._having.get(attribute, _NONE)

    def having_either(self, attribute: str, other: str) -> Elements:
        """Elements of the header with one of two attributes, in order; most have the first."""
        held = self.having(attribute)
        more = [item for item in self.having(other) if item.get(attribute) is None]
        if not more:
            return held
        wanted = {*held, *more}
        return [item for item in self.elements if item in wanted]

    def children(self, parent: etree._Element, tag: str) -> Elements:
        """Children of that name of an element, of the header or not."""
        if tag == "*":
            return list(parent.iterchildren(etree.Element))
        return self._children[parent].get(tag, _NONE)

    def before(self, element: etree._Element) -> Elements:
        """Those of the same name and parent that come before it."""
        parent = element.getparent()
        beside = _NONE if parent is None else self.children(parent, str(element.tag))
        return beside[: beside.index(element)] if len(beside) > 1 else _NONE

    def nodes(self, element: etree._Element, expr: str) -> Elements:
        """Elements that an XPath selects from `element`."""
        steps = steps_of(expr)
        if steps is None:
            return nodes(element, expr)
        if len(steps) == 1:
            return self.step((element,), steps[0])
        found = [element]
        for step in steps:
            found = self.step(found, step)
        return found

    def counts(self, parents: Sequence[etree._Element], expr: str) -> list[int]:
        """How many elements an XPath selects from each of these."""
        step = only_step(expr)
        if step is None:
            return [len(self.nodes(parent, expr)) for parent in parents]
        if step.tests or step.tag == "*":
            return [len(self.step((parent,), step)) for parent in parents]
        tag, children = step.tag, self._children
        return [len(children[parent].get(tag, _NONE)) for parent in parents]

    def within(self, parents: Sequence[etree._Element], expr: str, low: int, high: int | None) -> bool:
        """Whether an XPath selects `low` to `high` (None: no bound) elements from each of these."""
        step = only_step(expr)
        if step is None:
            counts = self.counts(parents, expr)
            return low <= min(counts, default=low) and (high is None or max(counts, default=0) <= high)
        tag, tests = step
        children = self._children
        for parent in parents:
            if tag == "*":
                count = len(self.step((parent,), step))
            else:
                found = children[parent].get(tag, _NONE)
                count = len(self.step((parent,), step) if found and tests else found)
            if count < low or (high is not None and count > high):
                return False
        return True

    def under(self, parents: Sequence[etree._Element], expr: str) -> Elements:
        """Elements that an XPath selects from each of these, in order."""
        step = only_step(expr)
        if step is None:
            return [item for parent in parents for item in self.nodes(parent, expr)]
        return self.step(parents, step)

    def repeated(self, tag: str) -> Elements:
        """Elements of the header of that name that come after another one of the same parent, in order."""
        return self._repeated.get(tag, _NONE)

    def step(self, parents: Sequence[etree._Element], step: Step) -> Elements:
        """The children of these that a step leads to."""
        tag, tests = step
        if len(parents) == 1 and tag != "*":
            reached = self._children[parents[0]].get(tag, _NONE)
            if not tests or not reached:
                return reached
        elif tag == "*":
            reached = [child for parent in parents for child in parent.iterchildren(etree.Element)]
        else:
            children = self._children
            reached = [child for parent in parents for child in children[parent].get(tag, _NONE)]
        for test in tests:
            reached = [child for child in reached if test(self, child)]
        return reached


class Reached(dict[str, Elements]):
    """What paths lead to from the root of an index, each followed once, from where its parents were found."""

    def __init__(self, root: etree._Element | None, index: HeaderIndex) -> None:
        self._from = _NONE if root is None else [root]
        self._index = index

    def __missing__(self, expr: str) -> Elements:
        found = _NONE
        last = last_step(expr)
        if last is not None:
            head, step = last
            parents = self[head] if head else self._from
            if len(parents) == 1 and not step.tests and step.tag != "*":  # most of them
                found = self._index.sorted(parents[0]).get(step.tag, _NONE)
            elif parents:
                found = self._index.step(parents, step)
        elif self._from:
            found = self._from if expr == "." else nodes(self._from[0], expr)
        self[expr] = found
        return found


@lru_cache(maxsize=2048)
def only_step(expr: str) -> Step | None:
    """The step of a path of one; None for any other expression."""
    steps = steps_of(expr)
    return steps[0] if steps is not None and len(steps) == 1 else None


@lru_cache(maxsize=2048)
def last_step(expr: str) -> tuple[str, Step] | None:
    """(path of the parents, "" for none; the step from them) of such a path; None for any other expression."""
    steps = steps_of(expr)
    if steps is None:
        return None
    # Conditions may hold slashes too.
    bare = re.sub(r"\[[^\]]*\]", lambda held: "." * len(held[0]), expr)
    return expr[: max(bare.rfind("/"), 0)], steps[-1]


@lru_cache(maxsize=2048)
def steps_of(expr: str) -> tuple[Step, ...] | None:
    """The steps of a path of children with simple conditions; None for any other expression."""
    found, place = [], 0
    while place < len(expr):
        match = _STEP.match(expr, place)
        if match is None:
            return None
        tag = _tag(match["name"])
        tests = [_test(said) for said in re.findall(r"\[([^\]]+)\]", match["tests"])]
        kept = tuple(test for test in tests if test is not None)
        if tag is None or len(kept) < len(tests):
            return None
        found.append(Step(tag, kept))
        place = match.end()
    return tuple(found) if found and not expr.endswith("/") else None


def _tag(name: str) -> str | None:
    """`*`, or the name with its namespace; None for a prefix that isn't known."""
    prefix, _, local = name.rpartition(":")
    if not prefix:
        return name
    return f"{{{PREFIXES[prefix]}}}{local}" if prefix in PREFIXES else None


def _test(said: str) -> Test | None:
    """What is between brackets; None when it is more than terms with `or` between them."""
    terms = [_term(term) for term in said.split(" or ")]
    known = tuple(term for term in terms if term is not None)
    if len(known) < len(terms):
        return None
    if len(known) == 1:
        return known[0]
    return lambda index, element: any(term(index, element) for term in known)


def _term(said: str) -> Test | None:
    match = _TERM.fullmatch(said)
    if match is None or not said or bool(match["slash"]) != bool(match["path"] and match["name"]):
        return None
    name, value = match["name"], match["value"]
    if match["without"]:
        without = match["without"]
        return lambda _, element: element.get(without) is None
    if match["itself"]:
        tag = _tag(match["itself"])
        return None if tag is None else lambda _, element: element.tag == tag
    if not match["path"]:
        return lambda _, element: _has(element, name, value)
    path = match["path"]
    if steps_of(path) is None:
        return None
    if not name:
        tag = None if "/" in path else _tag(path)
        if tag is not None:
            return lambda index, element: bool(index.children(element, tag))
        return lambda index, element: bool(index.nodes(element, path))
    return lambda index, element: any(_has(one, name, value) for one in index.nodes(element, path))


def _has(element: etree._Element, name: str, value: str | None) -> bool:
    found = element.get(name)
    return found is not None if value is None else found == value
