"""Raw HTTP as proxies and test tools save it: requests and responses as text, one after the other, in one file.

Chunks are put together. Bytes that the tool kept are kept; what it changed shows by the announced length.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from harness.capture.formats.api import Half, Item, Source, kept_as
from harness.capture.formats.http_text import START, Found, message_at
from protocol.exchange import RESERIALISED, header


class HttpLog:
    """`--format http`."""

    name: Final = "http"
    rank: Final = 50

    def recognises(self, source: Source) -> bool:
        return START.search(source.head) is not None

    def read(self, source: Source) -> Iterator[Item]:
        at = 0
        while (match := START.search(source.data, at)) is not None:
            following = START.search(source.data, match.end())
            limit = following.start() if following else len(source.data)
            found = message_at(source.data, match, limit)
            at = max(found.end, match.end())
            if found.status == 100:  # an interim answer is no answer
                continue
            yield _half(source, found)


def _half(source: Source, found: Found) -> Half:
    marks = kept_as(found.body, found.headers)
    chunked = "chunked" in header(found.headers, "Transfer-Encoding").lower()
    if not found.body or (chunked and _chunks_are_there(source, found)):
        marks = frozenset()  # the chunks themselves tell the lengths
    if source.recoded:
        marks = frozenset({RESERIALISED})
    place = source.line(found.start)
    if found.method:
        return Half("request", place, found.body, found.headers, found.method, found.target, marks=marks)
    return Half("response", place, found.body, found.headers, status=found.status, marks=marks)


def _chunks_are_there(source: Source, found: Found) -> bool:
    """The text is longer than what was put together: sizes were read, and they were right."""
    return found.body not in source.data[found.start : found.end] or (
        b"\n0\r\n" in source.data[found.end - 16 : found.end]
    )


READER: Final = HttpLog()
