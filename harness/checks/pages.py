"""A web page as the oracle reads it: HTML parsed by lxml without network, its words, its title, what is wrong in it.

No verdict here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from lxml import etree

#: Names of elements that the parser of libxml2 does not know: they are those of HTML 5.
_UNKNOWN_TAG = "HTML_UNKNOWN_TAG"
MAX_PAGE = 8 * 1024 * 1024


@dataclass(frozen=True)
class PageView:
    """One page. `root` is None when there is nothing to read; `mistakes` are those of the markup."""

    root: etree._Element | None
    mistakes: tuple[str, ...]

    def values(self, path: str) -> list[str]:
        """Texts of what an XPath finds: of an element all its words, spaces made single."""
        if self.root is None:
            return []
        found = self.root.xpath(path)
        if not isinstance(found, list):
            return [str(found)]
        return [_words(one) for one in found]

    @cached_property
    def text(self) -> str:
        """The words of the page, without style and script."""
        if self.root is None:
            return ""
        path = "//text()[not(ancestor::style or ancestor::script)]"
        return " ".join(" ".join(self.values(path)).split())

    @property
    def title(self) -> str:
        return next(iter(self.values("//title")), "")

    @property
    def code(self) -> str:
        """The error code that the page shows, "" when none."""
        return next(iter(self.values("//*[@id='code']")), "")

    @property
    def cause(self) -> str:
        """What the page says of an error, "" when none."""
        return next(iter(self.values("//*[@id='cause']")), "")


def page_view(body: bytes) -> PageView:
    """Read a page. Never raises for what it holds."""
    if not body.strip() or len(body) > MAX_PAGE:
        return PageView(None, (f"{len(body)} o / B",))
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as problem:
        return PageView(None, (str(problem),))
    mistakes = tuple(
        f"{entry.line}: {entry.message}" for entry in parser.error_log if entry.type_name != _UNKNOWN_TAG
    )
    return PageView(root, mistakes)


def _words(one: object) -> str:
    text = "".join(map(str, one.itertext())) if isinstance(one, etree._Element) else str(one)
    return " ".join(text.split())
