from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.contenttype import parse_content_type
from protocol.errors import MimeError


def test_content_type_quoting() -> None:
    found = parse_content_type(' Multipart/Related ; A="x;\\"y\\\\" ;b = c d ;; Start-Info=<z>')
    assert found.media == "multipart/related"
    assert found.params == {"a": 'x;"y\\', "b": "c d", "start-info": "<z>"}


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("text/xml\r\nX: y", "MIME-CONTENT-TYPE"),
        ("text/xml charset=utf-8", "MIME-CONTENT-TYPE"),
        ('text/xml; a="x" y', "MIME-CONTENT-TYPE"),
        ('text/xml; a=x"y"', "MIME-CONTENT-TYPE"),
        ("text/xml; =x", "MIME-CONTENT-TYPE"),
        ("/xml", "MIME-CONTENT-TYPE"),
        ("text/xml; a=1; A=1", "MIME-PARAMETER-TWICE"),
    ],
)
def test_refused(value: str, code: str) -> None:
    with pytest.raises(MimeError) as caught:
        parse_content_type(value)
    assert caught.value.code == code


@given(st.text(max_size=60))
def test_arbitrary_content_types_raise_only_our_errors(kind: str) -> None:
    for value in (kind, f"multipart/related;{kind}"):
        with suppress(MimeError):
            parse_content_type(value)
