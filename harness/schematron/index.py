"""The elements of one document by name and by templateId, so that rules for what is absent cost nothing.

Made once for all the layers that judge a document; it keeps every element alive, so that each has one identity.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property

from lxml import etree

from harness.schematron.running import Run

TEMPLATE = "templateId"


class Index:
    """A document ready to be judged. The tree must not change while it is used."""

    def __init__(self, root: etree._Element) -> None:
        if root.getparent() is not None or root.getroottree().getroot() is not root:
            raise ValueError("an index is made of a whole document")
        self.root = root
        self.nodes: list[etree._Element] = list(root.iter())
        self.rank = {node: rank for rank, node in enumerate(self.nodes)}
        self.by_tag: dict[str, list[etree._Element]] = defaultdict(list)
        for node in self.nodes:
            self.by_tag[node.tag].append(node)  # type: ignore[index]  # comments go under their own kind
        self._kinds = [tag for tag in self.by_tag if not isinstance(tag, str)]

    @cached_property
    def run(self) -> Run:
        return Run(self.root)

    @cached_property
    def elements(self) -> list[etree._Element]:
        """Every element, in the order of the document."""
        return [node for node in self.nodes if isinstance(node.tag, str)] if self._kinds else self.nodes

    @cached_property
    def by_template(self) -> dict[tuple[str, str], list[etree._Element]]:
        """Elements by (tag of their templateId child, its root), each once."""
        found: dict[tuple[str, str], dict[etree._Element, None]] = defaultdict(dict)
        for tag, nodes in self.by_tag.items():
            if isinstance(tag, str) and tag.endswith(TEMPLATE) and etree.QName(tag).localname == TEMPLATE:
                for node in nodes:
                    parent = node.getparent()
                    if parent is not None:
                        found[tag, node.get("root", "")][parent] = None
        return {key: list(parents) for key, parents in found.items()}

    @cached_property
    def by_local(self) -> dict[str, list[etree._Element]]:
        found: dict[str, list[etree._Element]] = defaultdict(list)
        for node in self.elements:
            found[str(node.tag).rpartition("}")[2]].append(node)
        return found

    def table(self, key: str) -> list[etree._Element]:
        """All the elements of a tag, or of a local name (`*:name`)."""
        return (self.by_local.get(key[2:]) if key.startswith("*:") else self.by_tag.get(key)) or []
