"""Secrets never come out, in whatever form they travel; the rest is left as it is."""

from __future__ import annotations

import base64
import quopri

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_dmp.ui.masking import MASK, OVERLAP, Masker

SECRET = "N0-SECRET&42é"
NUMBERS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp")), min_size=4, max_size=70
)


def masked(data: bytes, *secrets: str) -> bytes:
    kept, _ = Masker(secrets).body(data)
    assert len(kept) == len(data)
    return kept


@pytest.mark.parametrize(
    "form",
    [
        SECRET.encode(),
        SECRET.replace("&", "&amp;").encode(),
        "".join(f"&#{ord(one)};" for one in SECRET).encode(),
        "".join(f"&#x{ord(one):X};" for one in SECRET).encode(),
        "".join(f"&#x0{ord(one):x};" for one in SECRET).encode(),
        SECRET.encode("utf-16-le"),
        SECRET.encode("utf-16-be"),
        b"".join(b"%%%02X" % byte for byte in SECRET.encode()),
        quopri.encodestring(SECRET.encode()),
        "".join(f"\\u{ord(one):04x}" for one in SECRET).encode(),
        SECRET[:3].encode() + b"<!-- cut -->" + SECRET[3:].encode(),
        b"<![CDATA[" + SECRET[:5].encode() + b"]]><![CDATA[" + SECRET[5:].encode() + b"]]>",
    ],
)
def test_a_secret_is_found_in_any_form(form: bytes) -> None:
    kept, count = Masker([SECRET]).body(b"<a>before " + form + b" after</a>")
    assert count >= 1
    assert kept.startswith(b"<a>before ")
    assert b"after</a>" in kept
    for left in (b"SECRET", b"S\0E\0C", b"%53%45", b"83;", b"x53;", b"u0053"):
        assert left.lower() not in kept.lower()


@given(before=st.binary(max_size=7), secret=NUMBERS, after=st.binary(max_size=7))
def test_base64_hides_nothing_at_any_alignment(before: bytes, secret: str, after: bytes) -> None:
    whole = base64.b64encode(before + secret.encode() + after)
    kept = masked(whole, secret)
    found = base64.b64decode(kept + b"=" * (-len(kept) % 4)) if kept.strip(b"=") else b""
    assert secret.encode() not in found


@given(secret=NUMBERS, left=st.text(max_size=20), right=st.text(max_size=20))
def test_a_text_holds_no_secret_once_masked(secret: str, left: str, right: str) -> None:
    kept = Masker([secret]).text(left + secret + right)
    assert secret not in kept or secret in MASK
    assert MASK in kept


@given(data=st.binary(max_size=300))
def test_without_a_secret_nothing_changes(data: bytes) -> None:
    assert masked(data, "never there, of all things") == data


@given(
    secret=NUMBERS,
    sizes=st.lists(st.integers(1, 3 * OVERLAP), min_size=1, max_size=6),
    at=st.integers(0, 5 * OVERLAP),
)
def test_a_stream_is_masked_as_a_whole_body_is(secret: str, sizes: list[int], at: int) -> None:
    body = b"." * at + secret.encode() + b"." * 100
    pieces, rest = [], body
    for size in sizes:
        pieces.append(rest[:size])
        rest = rest[size:]
    assert b"".join(Masker([secret]).stream([*pieces, rest])) == masked(body, secret)


@pytest.mark.parametrize(
    ("body", "secret"),
    [
        (
            b'<saml:Attribute Name="LPS_ID_HOMOLOGATION_DMP">\n<saml:AttributeValue>ab1</saml:AttributeValue>',
            b"ab1",
        ),
        (b"<output><login>patient01</login><password>p&amp;ss</password></output>", b"patient01"),
        (b"<p:password xmlns:p='x'>hunter22</p:password>", b"hunter22"),
        (b"login=ab&password=hunter22&x=1", b"hunter22"),
        (b'{"password": "hunter22"}', b"hunter22"),
        (b"-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----", b"MIIE"),
    ],
)
def test_places_that_tell_what_they_hold_are_masked_without_knowing_it(body: bytes, secret: bytes) -> None:
    assert secret not in masked(body)


def test_headers_that_open_doors_are_masked() -> None:
    shown = dict(Masker(()).headers([("Authorization", "Bearer x"), ("COOKIE", "a=b"), ("Accept", "c")]))
    assert shown == {"Authorization": MASK, "COOKIE": MASK, "Accept": "c"}


def test_hostile_bodies_do_not_slow_it_down() -> None:
    """Each of these made a naive pattern look again and again."""
    masker = Masker(["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB", SECRET])
    for unit in (b"A", b"A<!--", b"N<![CDATA[", b"<login>", b"LPS_ID_HOMOLOGATION_DMP'>", b"N\0"):
        body = (unit * 80_000)[:80_000]
        assert len(masker.body(body)[0]) == len(body)
