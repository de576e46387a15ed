"""Which children a place of a document may have, and in what order: read from our XSD, to explain a refusal.

Never decides anything: a schema that this reading doesn't understand has no order, and the refusal keeps the words
of the validator.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from lxml import etree

from protocol import facts

_XS: Final = f"{{{facts.XSD}}}"
_TYPE: Final = f"{{{facts.XSI}}}type"
_PARTICLES: Final = ("sequence", "choice", "all", "complexContent", "extension", "restriction")


class Orders:
    """The content models of one schema and of what it includes or imports. Immutable once made."""

    def __init__(self, entry: Path) -> None:
        self._found: dict[tuple[str, str], etree._Element] = {}
        self._load(entry.resolve(), set())

    def children(self, root: etree._Element, parent: etree._Element) -> tuple[str, ...]:
        """Names (with namespace) that `parent` may have, in their order; () when it isn't known."""
        path = [parent]
        while path[0] is not root:
            above = path[0].getparent()
            if above is None:
                return ()
            path.insert(0, above)
        model = self._model(self._found.get(("element", str(root.tag))), root)
        for element in path[1:]:
            declared = next((one for name, one in self._declared(model) if name == element.tag), None)
            model = self._model(declared, element)
        return tuple(dict.fromkeys(name for name, _ in self._declared(model)))

    def _load(self, path: Path, seen: set[Path]) -> None:
        if path in seen:
            return
        seen.add(path)
        schema = etree.parse(str(path), etree.XMLParser(resolve_entities=False, no_network=True)).getroot()
        namespace = schema.get("targetNamespace", "")
        for item in schema.iterchildren(etree.Element):
            location = item.get("schemaLocation")
            if location:
                self._load((path.parent / location).resolve(), seen)
            elif item.get("name"):
                kind = etree.QName(item).localname.replace("simpleType", "complexType")
                self._found[(kind, f"{{{namespace}}}{item.get('name')}")] = item

    def _model(self, declared: etree._Element | None, element: etree._Element) -> etree._Element | None:
        """The type of an element: the one that xsi:type names, else that of its declaration."""
        said = element.get(_TYPE)
        if said is not None:
            return self._found.get(("complexType", _qualified(said.strip(), element)))
        if declared is None:
            return None
        if declared.get("ref"):
            declared = self._found.get(("element", _qualified(declared.get("ref", ""), declared)))
            return None if declared is None else self._model(declared, element)
        if declared.get("type"):
            return self._found.get(("complexType", _qualified(declared.get("type", ""), declared)))
        return declared.find(f"{_XS}complexType")

    def _declared(self, model: etree._Element | None) -> Iterator[tuple[str, etree._Element]]:
        """Name and declaration of each child of a type, group or particle, in order."""
        if model is None:
            return
        namespace = model.getroottree().getroot().get("targetNamespace", "")
        for item in model.iterchildren(etree.Element):
            kind = etree.QName(item).localname
            if kind == "element":
                name = item.get("name")
                yield f"{{{namespace}}}{name}" if name else _qualified(item.get("ref", ""), item), item
            elif kind == "group":
                yield from self._declared(self._found.get(("group", _qualified(item.get("ref", ""), item))))
            elif kind in _PARTICLES:
                if kind == "extension":
                    base = _qualified(item.get("base", ""), item)
                    yield from self._declared(self._found.get(("complexType", base)))
                yield from self._declared(item)


def _qualified(name: str, element: etree._Element) -> str:
    prefix, _, local = name.rpartition(":")
    return f"{{{element.nsmap.get(prefix or None, '')}}}{local}"
