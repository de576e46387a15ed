from __future__ import annotations

import gzip
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from protocol import safexml
from protocol.errors import XmlRefused

LAUGHS = b"<!DOCTYPE l [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;'><!ENTITY c '&b;&b;&b;'>]><l>&c;</l>"


def refused(data: bytes, **limits: int) -> str:
    with pytest.raises(XmlRefused) as caught:
        safexml.parse(data, **limits)  # type: ignore[arg-type]
    assert caught.value.message("fr") and caught.value.message("en")
    return caught.value.code


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "XML-EMPTY"),
        (b" \r\n\t", "XML-EMPTY"),
        (b"<!DOCTYPE a><a/>", "XML-DTD"),
        (
            b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- x --><?p?><!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>",
            "XML-DTD",
        ),
        (LAUGHS, "XML-DTD"),
        (b"<!DOCTYPE a SYSTEM 'http://127.0.0.1:1/x.dtd'><a/>", "XML-DTD"),
        ("<?xml version='1.0' encoding='UTF-16'?><!DOCTYPE a><a/>".encode("utf-16"), "XML-DTD"),
        (b"<a>&undefined;</a>", "XML-SYNTAX"),
        (b"<a><b></a>", "XML-SYNTAX"),
        (b"<a x='1' x='2'/>", "XML-SYNTAX"),
        (b"<a>\x00</a>", "XML-SYNTAX"),
        (b"<a>\xff</a>", "XML-SYNTAX"),
        (b"<a/><b/>", "XML-SYNTAX"),
        (gzip.compress(b"<a/>", mtime=0), "XML-SYNTAX"),
        (b"<?xml version='1.0' encoding='UTF-7'?><a/>", "XML-ENCODING"),
        (b"<a>" * 257 + b"</a>" * 257, "XML-DEPTH"),
        (b"<a " + b" ".join(b"b%d=''" % n for n in range(257)) + b"/>", "XML-ATTRIBUTES"),
        (b"<a>" + b"<b/>" * 1_000_001 + b"</a>", "XML-MARKUP"),
        (b"<a " + b" ".join(b"xmlns:n%d='urn:n'" % n for n in range(20_001)) + b"/>", "XML-MARKUP"),
    ],
    ids=lambda value: value if isinstance(value, str) else repr(value[:30]),
)
def test_hostile_documents_are_refused_with_their_own_code(data: bytes, code: str) -> None:
    assert refused(data) == code


def test_an_external_entity_never_reads_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("TOP-SECRET")
    data = f"<!DOCTYPE a [<!ENTITY e SYSTEM '{secret.as_uri()}'>]><a>&e;</a>".encode()
    with pytest.raises(XmlRefused) as caught:
        safexml.parse(data)
    assert "TOP-SECRET" not in caught.value.message("fr")


def test_xinclude_and_stylesheets_stay_dead_text(tmp_path: Path) -> None:
    target = tmp_path / "inc.xml"
    target.write_text("<x>TOP-SECRET</x>")
    data = (
        f'<?xml-stylesheet href="{target.as_uri()}"?><a xmlns:i="http://www.w3.org/2001/XInclude">'
        f'<i:include href="{target.as_uri()}"/></a>'
    ).encode()
    assert b"TOP-SECRET" not in safexml.serialize(safexml.parse(data))


def test_limits_stand_at_their_edge() -> None:
    assert safexml.parse(b"<a>" * 256 + b"</a>" * 256).tag == "a"
    assert safexml.parse(b"<a " + b" ".join(b"b%d=''" % n for n in range(256)) + b"/>").tag == "a"
    assert safexml.parse(b"<a/>", max_bytes=4).tag == "a"
    assert refused(b"<a/>", max_bytes=3) == "XML-SIZE"
    assert refused(b"<a><a/></a>", max_depth=1) == "XML-DEPTH"
    assert safexml.parse(b"<a>" * 300 + b"</a>" * 300, max_depth=300).tag == "a"
    assert refused(b"<a>" * 300 + b"</a>" * 300, huge=True) == "XML-DEPTH"


def test_a_long_text_needs_huge() -> None:
    data = b"<a>" + b"A" * 10_100_000 + b"</a>"
    assert refused(data) == "XML-SYNTAX"
    assert len(safexml.text(safexml.parse(data, huge=True))) == 10_100_000


def test_text_ignores_comments_and_keeps_what_they_cut() -> None:
    root = safexml.parse("<a> 8997<!-- 1 -->0000<?p 2?><b>0001</b>\u00a0 </a>".encode())
    assert safexml.text(root) == "899700000001\u00a0"
    assert safexml.text(None) == ""


def test_other_encodings_are_read() -> None:
    latin = "<?xml version='1.0' encoding='ISO-8859-1'?><a>é</a>".encode("latin-1")
    assert safexml.text(safexml.parse(latin)) == "é"
    assert (
        safexml.text(safexml.parse("<?xml version='1.0' encoding='UTF-16'?><a>é</a>".encode("utf-16"))) == "é"
    )


def test_serialize_and_canonical_leave_the_tail() -> None:
    root = safexml.parse(b"<r xmlns:x='urn:x' xmlns:y='urn:y'><x:a y:q='1'>t<!--c--></x:a>tail</r>")
    assert safexml.serialize(root[0]).startswith(b"<?xml")
    assert safexml.serialize(root[0]).endswith(b"</x:a>")
    assert safexml.canonical(root[0]) == b'<x:a xmlns:x="urn:x" xmlns:y="urn:y" y:q="1">t</x:a>'
    assert safexml.canonical(root[0], with_comments=True).endswith(b"t<!--c--></x:a>")
    with pytest.raises(XmlRefused, match="XML-C14N"):
        safexml.canonical(safexml.parse(b"<a xmlns='relative'/>"))


def test_xpath_value_and_path() -> None:
    root = safexml.parse(
        b'<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body>'
        b'<d xmlns="urn:ihe:iti:xds-b:2007" id="1"/><d xmlns="urn:ihe:iti:xds-b:2007" id=" 2 "/><n/>'
        b'<o:p xmlns:o="urn:o"/></e:Body></e:Envelope>'
    )
    found = safexml.xpath(root, "soap:Body/xds:d")
    assert [node.get("id") for node in found] == ["1", " 2 "]
    assert safexml.value(root, "//xds:d[2]/@id") == "2"
    assert safexml.value(root, "count(//xds:d)") == "2.0"
    assert safexml.value(root, "//xds:absent") == ""
    assert safexml.xpath(root, "//@id") == [] == safexml.xpath(root, "count(//xds:d)")
    assert safexml.path_of(found[1]) == "/soap:Envelope/soap:Body/xds:d[2]"
    assert safexml.path_of(root[0][2]) == "/soap:Envelope/soap:Body/n"
    assert safexml.path_of(root[0][3]) == "/soap:Envelope/soap:Body/o:p"


def test_threads_share_nothing() -> None:
    def work(number: int) -> str:
        try:
            return safexml.text(safexml.parse(b"<a>%d</a>" % number if number % 2 else LAUGHS))
        except XmlRefused as problem:
            return problem.code

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(work, range(200)))
    assert found == [str(n) if n % 2 else "XML-DTD" for n in range(200)]


@given(st.binary(max_size=400))
def test_arbitrary_bytes_raise_only_our_error(data: bytes) -> None:
    try:
        assert isinstance(safexml.parse(data), etree._Element)
    except XmlRefused as problem:
        assert problem.code.startswith("XML-")


MARKUP = st.sampled_from(
    [
        "<a>",
        "</a>",
        "<!DOCTYPE a>",
        "<!--",
        "-->",
        "<?",
        "?>",
        "<![CDATA[",
        "]]>",
        "&#0;",
        "&lt;",
        "x",
        " ",
        "&e;",
    ]
)


@given(st.lists(MARKUP, max_size=30).map("".join))
def test_markup_soup_raises_only_our_error(soup: str) -> None:
    try:
        root = safexml.parse(soup.encode())
    except XmlRefused:
        return
    assert root.getroottree().docinfo.internalDTD is None
