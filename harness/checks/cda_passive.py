"""Rules of what a document does when it is opened: style sheets, handlers, links, functions (EX_2.1-1115).

BODY-SELF-DISPLAY looks at scripts and loaded resources; these look at the other ways out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from lxml import etree

from harness.checks.cda_count import BEYOND, BODY
from harness.checks.cda_view import XSL, CdaView
from harness.checks.rule import Finding, check_document, verdict
from protocol.errors import Text

CLAUSE: Final = "EX_2.1-1115 : ni script ni lien externe"
_OUTSIDE: Final = re.compile(r"\s*(?:(?:https?|ftp|file|javascript|vbscript):|//)", re.IGNORECASE)
_ADDRESSES: Final = ("href", "src", "action", "background", "data", "formaction", "poster")
_STYLE: Final = re.compile(
    r"@import|expression\s*\(|url\s*\(\s*['\"]?\s*(?:https?:|ftp:|file:|//)", re.IGNORECASE
)
_FUNCTIONS: Final = re.compile(r"\b(?:document\s*\((?!\s*(?:''|\"\")\s*\))|(?:unparsed-text|doc)\s*\()")
_SHEET: Final = re.compile(r"""href\s*=\s*["']([^"']*)""")


def _page(view: CdaView) -> Iterator[etree._Element]:
    """Elements of the style sheet around the document, not those of the document."""
    if view.self_displaying and view.outer is not None:
        inside = set() if view.root is None else set(view.root.iter(etree.Element))
        yield from (item for item in view.outer.iter(etree.Element) if item not in inside)


@check_document(
    "BODY-SELF-EVENTS",
    group=BODY,
    clause=CLAUSE,
    title=Text("La page n'a pas d'attribut d'événement", "The page has no event attribute"),
    mend=Text("retirer onclick, onload…", "remove onclick, onload…"),
    requirements=("EX_2.1-1115",),
    confidence="B",
)
def events(view: CdaView) -> Iterator[Finding]:
    if view.self_displaying:
        found = [
            (item, str(name))
            for item in _page(view)
            for name in item.attrib
            if re.fullmatch(r"on[a-z]{3,}", str(name), re.IGNORECASE)
        ]
        yield from (verdict(False, view.at(item) + f"/@{name}", name, "–") for item, name in found)
        if not found:
            yield verdict(True, view.at(view.outer), "", "–")


@check_document(
    "BODY-SELF-LINKS",
    group=BODY,
    clause=CLAUSE,
    title=Text("La page ne mène nulle part ailleurs", "The page leads nowhere else"),
    mend=Text("ne garder que des renvois internes (#…)", "keep inside links (#…) only"),
    requirements=("EX_2.1-1115",),
    confidence="B",
    default="warning",
)
def links(view: CdaView) -> Iterator[Finding]:
    for item in _page(view):
        for name in _ADDRESSES:
            address = item.get(name)
            if address is not None and etree.QName(item).namespace != XSL:
                yield verdict(
                    _OUTSIDE.match(address) is None, view.at(item) + f"/@{name}", address[:120], "#…"
                )


@check_document(
    "BODY-SELF-STYLE",
    group=BODY,
    clause=CLAUSE,
    title=Text("Les styles de la page n'appellent rien", "The styles of the page load nothing"),
    mend=Text("retirer @import, url(http…) et expression()", "remove @import, url(http…) and expression()"),
    requirements=("EX_2.1-1115",),
    confidence="B",
)
def styles(view: CdaView) -> Iterator[Finding]:
    for item in _page(view):
        name = etree.QName(item).localname.lower()
        text = "".join(item.itertext()) if name == "style" else item.get("style", "")
        if text:
            found = _STYLE.search(text)
            yield verdict(found is None, view.at(item), found[0] if found else "", "–")


@check_document(
    "BODY-SELF-FUNCTIONS",
    group=BODY,
    clause=CLAUSE,
    title=Text(
        "La feuille de style ne lit ni n'écrit d'autre fichier",
        "The style sheet reads and writes no other file",
    ),
    mend=Text(
        "retirer document(), xsl:result-document et les extensions", "remove document(), xsl:result-document"
    ),
    requirements=("EX_2.1-1115",),
    confidence="C",
    default="warning",
)
def functions(view: CdaView) -> Iterator[Finding]:
    if not view.self_displaying:
        return
    found = []
    for item in _page(view):
        if item.tag == f"{{{XSL}}}result-document":
            found.append((item, "xsl:result-document"))
        values = [
            str(value) for name, value in item.attrib.items() if name in ("select", "test", "match", "use")
        ]
        found += [(item, call[0]) for value in values if (call := _FUNCTIONS.search(value))]
    yield from (verdict(False, view.at(item), what, "–") for item, what in found)
    if not found:
        yield verdict(True, view.at(view.outer), "", "–")


@check_document(
    "BODY-STYLESHEET",
    group=BODY,
    clause=f"{BEYOND} : feuille de style jointe ou interne",
    title=Text(
        "La feuille de style du document n'est pas sur un autre serveur",
        "The style sheet is not on another server",
    ),
    mend=Text('href="#…" ou fichier joint', 'href="#…" or a file that comes along'),
    confidence="C",
    default="warning",
)
def stylesheet(view: CdaView) -> Iterator[Finding]:
    if view.outer is None:
        return
    for item in view.outer.itersiblings(preceding=True):
        # lxml's processing instructions are elements with a target; comments have none.
        if getattr(item, "target", "") == "xml-stylesheet":
            address = _SHEET.search(item.text or "")
            found = address[1] if address else ""
            yield verdict(_OUTSIDE.match(found) is None, f"{view.name}:?xml-stylesheet", found, "#…")
