"""What one evaluation knows: the document, the node of the rule with its lets, and the item at hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from harness.schematron.names import Binding
from harness.schematron.values import Document, Item, Sequence, is_element, is_node


@dataclass
class Run:
    """One document. `shared`: global lets, evaluated once."""

    root: etree._Element
    shared: dict[Binding, Sequence] = field(default_factory=dict)
    _order: dict[etree._Element, int] = field(default_factory=dict)

    def rank(self, element: etree._Element) -> int:
        """The place of an element in the document."""
        if not self._order:
            self._order = {one: rank for rank, one in enumerate(self.root.iter())}
        return self._order.get(element, -1)


class At:
    """The dynamic context. `top`: the rule's node, where `current()` and the lets (`memo`) are."""

    __slots__ = ("item", "locals", "memo", "position", "run", "size", "top")

    def __init__(self, run: Run, item: Item) -> None:
        self.run = run
        self.item = item
        self.top = item
        self.position = 1
        self.size = 1
        self.locals: dict[str, Sequence] = {}
        self.memo: dict[Binding, Any] = {}

    def inner(self, item: Item, position: int, size: int) -> At:
        """The context of a predicate or of a step."""
        new = At.__new__(At)
        new.run, new.top, new.memo, new.locals = self.run, self.top, self.memo, self.locals
        new.item, new.position, new.size = item, position, size
        return new

    def bound(self, name: str, value: Sequence) -> At:
        """The same context with one variable more."""
        new = self.inner(self.item, self.position, self.size)
        new.locals = {**self.locals, name: value}
        return new


def at_document(run: Run) -> At:
    return At(run, Document(run.root))


#: The document at hand of a sequence from another document, which looks at none.
NOWHERE = etree.Element("none")


def document_of(at: At) -> Document:
    """The document node of the item at hand."""
    item = at.item if at.item is not None else at.top
    if isinstance(item, Document):
        return item
    element = item if is_element(item) else item.getparent() if is_node(item) else at.run.root
    return Document(element.getroottree().getroot())
