"""Fills a template: an XML file of ours, parsed first, then filled node by node.

`{name}` or `{person.family}` in a text or an attribute takes a value of the scope; `{name?}` alone in an
attribute removes the attribute when the value is None. Three attributes of the namespace
`urn:dmpcompat:bind` steer the rest: `b:if` keeps a node when its value is true, `b:each` repeats it for each
item of a list, `b:insert` puts elements in its place. A value can never become markup.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from lxml import etree

from protocol import safexml
from protocol.errors import Text, ToolError, UsageError

BIND: Final = "urn:dmpcompat:bind"
_IF, _EACH, _INSERT = (f"{{{BIND}}}{name}" for name in ("if", "each", "insert"))
_HOLE = re.compile(r"\{([a-z_][a-z0-9_.]*|\.)(\?)?\}")
_FOLDER = Path(__file__).resolve().parent / "templates"

Scope = Mapping[str, object]


def fill(name: str, scope: Scope, *, keep_prefixes: tuple[str, ...] = ()) -> etree._Element:
    """Fill `templates/<name>.xml` with the values of `scope`.

    `keep_prefixes` are prefixes used inside values (xsi:type="xs:string"), which must stay declared.
    Raises ToolError when the template asks for a value that the scope lacks, UsageError when a value holds a
    character that XML can't carry.
    """
    root = safexml.parse((_FOLDER / f"{name}.xml").read_bytes())
    return fill_tree(root, scope, keep_prefixes=keep_prefixes)


def fill_tree(root: etree._Element, scope: Scope, *, keep_prefixes: tuple[str, ...] = ()) -> etree._Element:
    """Fill a parsed template in place; same errors as `fill`."""
    _drop_comments(root)
    _visit(root, scope)
    etree.cleanup_namespaces(root, keep_ns_prefixes=list(keep_prefixes))
    return root


def _drop_comments(root: etree._Element) -> None:
    # Comments of a template talk to its readers, they are no part of the message.
    for note in list(root.iter(etree.Comment)):
        parent = note.getparent()
        if parent is not None:
            parent.remove(note)


def _visit(node: etree._Element, scope: Scope) -> None:
    node.text = _layout(_filled_text(node.text, scope), bool(len(node)))
    for key, raw in list(node.attrib.items()):
        _fill_attribute(node, str(key), str(raw), scope)
    for child in list(node):
        _visit_child(node, child, scope)


def _visit_child(parent: etree._Element, child: etree._Element, scope: Scope) -> None:
    child.tail = None
    condition = child.attrib.pop(_IF, None)
    if condition is not None and not _value(condition, scope):
        parent.remove(child)
        return
    insert = child.attrib.pop(_INSERT, None)
    if insert is not None:
        _replace(parent, child, _items(insert, scope))
        return
    each = child.attrib.pop(_EACH, None)
    if each is None:
        _visit(child, scope)
        return
    copies = []
    for item in _items(each, scope):
        twin = copy.deepcopy(child)
        inner = {**scope, **item, ".": item} if isinstance(item, Mapping) else {**scope, ".": item}
        copies.append((twin, inner))
    _replace(parent, child, [twin for twin, _ in copies])
    for twin, inner in copies:
        _visit(twin, inner)


def _replace(parent: etree._Element, child: etree._Element, news: Iterable[object]) -> None:
    place = parent.index(child)
    parent.remove(child)
    for offset, new in enumerate(news):
        if not isinstance(new, etree._Element):
            raise ToolError(
                "BIND-003",
                Text("le gabarit attend un élément", "the template expects an element"),
                found=type(new).__name__,
            )
        parent.insert(place + offset, new)


def _fill_attribute(node: etree._Element, key: str, raw: str, scope: Scope) -> None:
    hole = _HOLE.fullmatch(raw)
    if hole and hole[2] and _value(hole[1], scope) is None:
        del node.attrib[key]
        return
    node.set(key, _legal(_filled(raw, scope), key))


def _filled_text(raw: str | None, scope: Scope) -> str | None:
    return _legal(_filled(raw, scope), "text") if raw and "{" in raw else raw


def _layout(text: str | None, has_children: bool) -> str | None:
    # Indentation of the template is not part of the message.
    return None if text is not None and has_children and not text.strip() else text


def _filled(raw: str, scope: Scope) -> str:
    return _HOLE.sub(lambda hole: _shown(_value(hole[1], scope)), raw)


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _legal(text: str, field: str) -> str:
    try:
        etree.Element("probe").text = text
    except ValueError as problem:
        raise UsageError(
            "BIND-001",
            Text(
                "une valeur contient un caractère interdit en XML",
                "a value holds a character XML can't carry",
            ),
            field=field,
            found=ascii(text[:60]),
        ) from problem
    return text


def _items(path: str, scope: Scope) -> list[object]:
    found = _value(path, scope)
    if found is None:
        return []
    if isinstance(found, etree._Element):
        return [found]
    if isinstance(found, (list, tuple)):
        return list(found)
    raise ToolError(
        "BIND-004", Text("le gabarit attend une liste", "the template expects a list"), field=path
    )


def _value(path: str, scope: Scope) -> object:
    if path == ".":
        return scope.get(".")
    found: object = scope
    for name in path.split("."):
        if isinstance(found, Mapping) and name in found:
            found = found[name]
        elif not isinstance(found, Mapping) and hasattr(found, name):
            found = getattr(found, name)
        else:
            raise ToolError(
                "BIND-002",
                Text(
                    "le gabarit demande une valeur absente", "the template asks for a value that is missing"
                ),
                field=path,
            )
    return found
