"""Which formatCode a CDA document has: by the template it declares, or by the medium of a level-1 body.

The table is datasets/codes/cda-doctypes.yaml. Nothing is judged: a document of no known template gets the
default format.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from protocol import codes
from protocol.coded import Coded
from protocol.datafolders import folder
from protocol.strictdata import Fields
from protocol.yamlread import read_yaml


@dataclass(frozen=True)
class Formats:
    """Formats by template OID and by media type, and the one for the rest."""

    by_template: Mapping[str, Coded]
    by_media: Mapping[str, Coded]
    default: Coded

    def of(self, templates: Iterable[str], media: str) -> Coded:
        """`media` is that of the nonXMLBody, "" for a structured body; then it decides alone."""
        if media:
            return self.by_media.get(media.lower(), self.default)
        # The longest OID is the most specific: a volet after the family it belongs to.
        known = sorted((oid for oid in templates if oid in self.by_template), key=len)
        return self.by_template[known[-1]] if known else self.default


@cache
def formats() -> Formats:
    """The table. Raises ToolError when the data set is wrong."""
    document = read_yaml(folder("datasets") / "codes" / "cda-doctypes.yaml")
    fields = Fields(document.data, document)
    systems = fields.raw("systems")

    def coded(line: Fields) -> Coded:
        code, system = line.text("code"), str(systems[line.text("system")])
        return Coded(code, system, codes.value_set("J60").label(code, system) or code)

    return Formats(
        by_template=dict(fields.each("templates", lambda line: (line.text("template"), coded(line)))),
        by_media=dict(fields.each("media_types", lambda line: (line.text("media"), coded(line)))),
        default=coded(fields.inner("default")),
    )
