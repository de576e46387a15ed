"""A pack as the rules see it: its CDA schema, compiled by lxml, and its Schematrons (harness.packs.official).

A schema a thread: shared ones mix up their error logs. lxml decides. `explain` adds words of ours in both languages,
which never change the verdict. Includes are looked up inside the pack only, whatever the case of their names.
"""

from __future__ import annotations

import threading
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote, urlparse

from lxml import etree

from harness.checks.cda_view import LayerSaid, SchemaProblem
from harness.packs.official import OfficialLayers
from harness.packs.registry import Pack, find
from harness.xsd.order import Orders
from harness.xsd.words import MOST, Children, refusals
from protocol import safexml
from protocol.errors import Text, ToolError


class PackSchemas:
    """The official artefacts of one pack, for harness.checks. Safe to share between threads."""

    def __init__(self, pack: Pack, *, explain: bool = False) -> None:
        self.pack = pack
        self._explain = explain
        self._local = threading.local()
        self._orders: Orders | None = None
        self._layers = OfficialLayers(pack)

    @property
    def label(self) -> str:
        return self.pack.label

    def cda_problems(self, root: etree._Element) -> tuple[SchemaProblem, ...] | None:
        """Refusals of the CDA schema, in the order of the document; None when the pack has no CDA schema.

        Raises ToolError (PACK-010) when the schema doesn't compile.
        """
        entry = self.pack.cda_schema
        if entry is None:
            return None
        schema = self._schema(entry)
        if schema.validate(root):
            return ()
        order = self._order(entry, root) if self._explain else None
        return tuple(
            _problem(root, error, order if rank < MOST else None)
            for rank, error in enumerate(schema.error_log)
        )

    def layer(self, name: str, root: etree._Element) -> LayerSaid:
        """What an official Schematron says of a document. Raises ToolError (SCH-0xx): it can't run."""
        return self._layers.say(name, root)

    def _schema(self, entry: Path) -> etree.XMLSchema:
        compiled: etree.XMLSchema | None = getattr(self._local, "schema", None)
        if compiled is None:
            compiled = self._local.schema = compile_schema(entry, Path(self.pack.folder))
        return compiled

    def _order(self, entry: Path, root: etree._Element) -> Children:
        """What the schema lets each place hold, for the words; nothing where it can't be read that way."""
        if self._orders is None:
            try:
                self._orders = Orders(entry)
            except (OSError, etree.XMLSyntaxError):
                return lambda _: ()
        orders = self._orders
        return lambda parent: orders.children(root, parent)


@lru_cache(maxsize=4)
def schemas_of(pack: Pack, *, explain: bool = True) -> PackSchemas:
    """The artefacts of a pack, compiled once a process."""
    return PackSchemas(pack, explain=explain)


def compile_schema(entry: Path, folder: Path) -> etree.XMLSchema:
    """Compile a schema whose includes are all inside `folder`. Raises ToolError (PACK-010)."""
    # The schema is the user's own file: read with its address, which includes need, without DTD nor network.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    parser.resolvers.add(_Inside(folder))
    try:
        tree = etree.parse(str(entry), parser)
        return etree.XMLSchema(tree)
    except (etree.XMLSyntaxError, etree.XMLSchemaParseError, OSError) as problem:
        raise ToolError(
            "PACK-010",
            Text("le schéma du paquet ne se compile pas", "the schema of the pack does not compile"),
            field=str(entry),
            found=str(problem),
        ) from problem


class _Inside(etree.Resolver):
    """Resolves included files inside one folder, whatever the case of their names, and nothing else.

    Refusing is raising: libxml2 would load by itself what a resolver leaves empty.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder.resolve()

    # The names and the looseness of types are lxml's.
    def resolve(self, system_url, public_id, context):  # type: ignore[no-untyped-def]  # noqa: ARG002 - lxml's signature
        """lxml's hook: the file that an address leads to. Raises OSError for what is outside or absent."""
        parsed = urlparse(system_url or "")
        path = Path(unquote(parsed.path)).resolve()
        if parsed.scheme not in ("", "file") or not path.is_relative_to(self._folder):
            raise OSError(f"{system_url} : hors du paquet")
        near = path if path.is_file() else find(self._folder, path.name)
        if near is None:
            raise OSError(f"{system_url} : absent du paquet")
        return self.resolve_filename(str(near), context)


def _problem(root: etree._Element, error: etree._LogEntry, order: Children | None) -> SchemaProblem:
    path = safexml.path_of(_element(root, error))
    words = error.message.replace("{urn:hl7-org:v3}", "")
    return SchemaProblem(path, error.line, words, "" if order is None else _explained(root, error, order))


def _explained(root: etree._Element, error: etree._LogEntry, order: Children) -> str:
    """What is wrong in both languages, and what was found; "" for a refusal that we have no words for."""
    for told in refusals(root, [error], order):
        if told.words.fr:
            said = f"{told.words.fr} / {told.words.en}"
            return f"{said} : {told.found}" if told.found else said
    return ""


def _element(root: etree._Element, error: etree._LogEntry) -> etree._Element:
    """The element a refusal is about. libxml2's path has prefixes of its own where elements have some: then by line."""
    try:
        found = root.getroottree().xpath(error.path) if error.path else []
    except etree.XPathEvalError:
        found = [item for item in root.iter(etree.Element) if item.sourceline == error.line]
    element = found[0] if isinstance(found, list) and found else root
    return element if isinstance(element, etree._Element) else root
