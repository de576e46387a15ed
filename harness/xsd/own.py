"""Our own XSD at work: lxml decides, harness.xsd.words explains. Offline, lazy, a schema compiled once a thread.

`datasets/schemas/index.yaml` says which file judges which namespace. Official schemas are harness.packs.schema's
business. xop:Include is taken for the base64 text it stands for, as XOP says; it is looked at on its own.
"""

from __future__ import annotations

import copy
import hashlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import yaml
from lxml import etree

from harness.xsd.order import Orders
from harness.xsd.words import Refusal, refusals
from protocol import facts
from protocol.datafolders import folder
from protocol.errors import Text, ToolError

_INCLUDE: Final = f"{{{facts.XOP}}}Include"
#: Messages that carry documents; elsewhere an inclusion is an element like any other.
_WITH_INCLUSIONS: Final = (facts.XDSB,)
_TYPED: Final = etree.XPath("boolean(descendant-or-self::*/@xsi:type)", namespaces={"xsi": facts.XSI})
_INCLUDED: Final = etree.XPath("boolean(descendant::xop:Include)", namespaces={"xop": facts.XOP})


@dataclass(frozen=True)
class Family:
    """One family of messages: its schemas by namespace of their root, and what its structure is known from."""

    name: str
    title: Text
    confidence: str
    source: str
    files: Mapping[str, Path]


class OwnSchemas:
    """The schemas of this project, compiled when first asked for. Safe to share between threads.

    lxml's schemas mix up the error logs of threads that share them: each thread has its own.
    """

    def __init__(self, source: Path) -> None:
        self._source = source
        self.families: Mapping[str, Family] = _families(source)
        self._local = threading.local()
        self._orders: dict[Path, Orders] = {}

    def problems(self, family: str, element: etree._Element) -> tuple[Refusal, ...] | None:
        """Refusals of one element by its family, in the order of the document; None when no schema is for it.

        `element` may be inside a larger document: prefixes declared around it count. Raises KeyError for a
        family that doesn't exist, ToolError (SCHEMA-002) for a schema of ours that doesn't compile.
        """
        path = self.families[family].files.get(etree.QName(element).namespace or "")
        if path is None:
            return None
        schema = self.schema(path)
        if schema.validate(_alone(element)):
            return ()
        orders = self._orders_of(path)
        return refusals(element, schema.error_log, lambda parent: orders.children(element, parent))

    def _orders_of(self, path: Path) -> Orders:
        """Read when the first document is refused; two threads may do it twice, to the same end."""
        if path not in self._orders:
            self._orders[path] = Orders(path)
        return self._orders[path]

    def schema(self, path: Path) -> etree.XMLSchema:
        """The compiled schema of this thread. Raises ToolError (SCHEMA-002)."""
        compiled: dict[Path, etree.XMLSchema] = self._local.__dict__.setdefault("compiled", {})
        if path not in compiled:
            compiled[path] = _compile(path)
        return compiled[path]

    def digest(self) -> str:
        """SHA-256 (hex) over every schema and the index: verdicts depend on them."""
        found = hashlib.sha256()
        for path in sorted(self._source.rglob("*")):
            if path.suffix in (".xsd", ".yaml"):
                found.update(f"{path.relative_to(self._source).as_posix()}\n".encode() + path.read_bytes())
        return found.hexdigest()


@cache
def own_schemas() -> OwnSchemas:
    """The schemas that come with the program."""
    return OwnSchemas(folder("datasets") / "schemas")


def _families(source: Path) -> Mapping[str, Family]:
    table = yaml.safe_load((source / "index.yaml").read_text(encoding="utf-8"))["families"]
    return {
        name: Family(
            name,
            Text(**row["title"]),
            row["confidence"],
            row["source"],
            {namespace: source / file for namespace, file in row["files"].items()},
        )
        for name, row in table.items()
    }


def _compile(path: Path) -> etree.XMLSchema:
    # A file of ours, read with its address, which includes need; nothing is fetched.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        return etree.XMLSchema(etree.parse(str(path), parser))
    except (etree.XMLSyntaxError, etree.XMLSchemaParseError, OSError) as problem:
        raise ToolError(
            "SCHEMA-002",
            Text("un schéma du projet ne se compile pas", "a schema of the project does not compile"),
            field=str(path),
            found=str(problem),
        ) from problem


def _alone(element: etree._Element) -> etree._Element:
    """The element as a document of its own, when what is around it or inside it would change the verdict.

    libxml2 looks xsi:type's prefix up among the ancestors that a part of a document loses; serialising keeps them.
    """
    if element.getparent() is not None and _TYPED(element):
        element = etree.fromstring(etree.tostring(element, with_tail=False), etree.XMLParser(huge_tree=True))
    if etree.QName(element).namespace in _WITH_INCLUSIONS and _INCLUDED(element):
        element = copy.deepcopy(element)
        for include in list(element.iter(_INCLUDE)):
            parent = include.getparent()
            # Only where it stands alone: beside anything else, XOP doesn't apply and the schema refuses it.
            if parent is not None and len(parent) == 1:
                parent.remove(include)
    return element
