"""Two decoders of each critical reading: inputs on which they differ are AMBIGUOUS, never a pass."""

from __future__ import annotations

import base64
import email
import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from harness.checks import api, second
from harness.checks.judged import Declared, Judged
from harness.checks.rule import Finding, twice
from harness.checks.xmldsig import agreed, signer
from harness.files.record import faults_of, verdict_of
from harness.runner import conclusion
from harness.verdict import Verdict, of_case
from protocol import facts, safexml
from protocol.exchange import Exchange
from protocol.transactions import load

Make = Callable[..., Exchange]
Edited = Callable[[Exchange, bytes, bytes], Exchange]
#: Rules that the tests of this module break.
BROKEN = {"READ-MULTIPART", "READ-DOCUMENT"}
MARK = b"--=_dmpcompat"


def judged(exchange: Exchange, declared: Declared, *only: str) -> dict[str, set[str]]:
    """Rule -> statuses of its findings on a submission."""
    found = api.judge(exchange, load().by_id("TD2.1"), declared, sides=("request",), only=only or None)
    return {item.rule: {one.status for one in found if one.rule == item.rule} for item in found}


def headed(exchange: Exchange, change: Callable[[str], str]) -> Exchange:
    kept = tuple(
        (name, change(value) if name.lower() == "content-type" else value)
        for name, value in exchange.request.headers
    )
    return replace(exchange, request=replace(exchange.request, headers=kept))


def test_both_decoders_agree_on_a_right_submission(make: Make, declared: Declared) -> None:
    said = judged(make("TD2.1"), declared)
    assert not [rule for rule, statuses in said.items() if "AMBIGUOUS" in statuses]
    for rule in ("READ-MULTIPART", "READ-DOCUMENT", "XDS-HASH", "XDS-SIZE", "SIG-VALUE", "XADES-VALUE"):
        assert said[rule] == {"PASS"}


CRAFTED: dict[str, tuple[bytes, bytes]] = {
    # The stdlib ends a part at a delimiter after a lone CR or LF; RFC 2046 asks for CRLF.
    "lone carriage returns": (rb"<ClinicalDocument", b"\r" + MARK + b"\r\r<ClinicalDocument"),
    "lone line feeds": (rb"\r\n" + MARK + rb"\r\n", b"\n" + MARK + b"\n"),
    # A line without a colon among headers: the stdlib takes it, and what follows, for content.
    "a header without a colon": (rb"(\r\n" + MARK + rb"\r\n)(Content-Type: text/xml)", rb"\1odd\r\n\2"),
    # A part that says to be multipart or a message has no bytes of its own for the stdlib.
    "a part that is a message": (rb"Content-Type: text/xml[^\r]*", b"Content-Type: message/rfc822"),
    "a part that is multipart": (
        rb"Content-Type: text/xml[^\r]*",
        b'Content-Type: multipart/mixed; boundary="x"',
    ),
    # The first or the last of two headers.
    "two Content-IDs in a part": (
        rb"(Content-ID: <[^>]+>)(.*?\r\n\r\n<\?xml)",
        rb"\1\r\nContent-ID: <other>\2",
    ),
    # The stdlib drops what base64 doesn't know; strictly it is no base64.
    "base64 that is none": (
        rb"(Content-Type: text/xml[^\r]*\r\n)Content-Transfer-Encoding: binary",
        rb"\1Content-Transfer-Encoding: base64",
    ),
    "no last delimiter": (rb"\r\n" + MARK + rb"--", b""),
}


@pytest.mark.parametrize("name", CRAFTED)
def test_parts_that_two_readers_cut_differently_are_ambiguous(
    name: str, make: Make, edited: Edited, declared: Declared
) -> None:
    said = judged(edited(make("TD2.1"), *CRAFTED[name]), declared)
    assert said["READ-MULTIPART"] & {"AMBIGUOUS"}, said["READ-MULTIPART"]


def test_two_boundaries_are_ambiguous(make: Make, declared: Declared) -> None:
    exchange = headed(make("TD2.1"), lambda value: value + '; boundary="other"')
    assert "AMBIGUOUS" in judged(exchange, declared)["READ-MULTIPART"]


def test_a_content_id_of_two_documents_is_ambiguous(make: Make, declared: Declared) -> None:
    """The first reader takes the first part of that name, the second the last: neither is the document."""
    exchange = make("TD2.1")
    names = re.findall(rb"Content-ID: <([^>]+)>", exchange.request.body)
    body = exchange.request.body.replace(b"Content-ID: <" + names[2], b"Content-ID: <" + names[1])
    body = body.replace(b'href="cid:' + names[2], b'href="cid:' + names[1])
    said = judged(replace(exchange, request=replace(exchange.request, body=body)), declared)
    assert "AMBIGUOUS" in said["READ-DOCUMENT"]
    # The hash of the first document is right for one reader and wrong for the other: no pass, no fail.
    assert "AMBIGUOUS" in said["XDS-HASH"]
    assert "AMBIGUOUS" in said["XADES-DIGEST"]


def test_two_documents_of_an_id_are_ambiguous(make: Make, edited: Edited, declared: Declared) -> None:
    exchange = edited(make("TD2.1"), rb'(<xds:Document id=")Document02"', rb'\1Document01"')
    assert "AMBIGUOUS" in judged(exchange, declared, "XDS-HASH")["XDS-HASH"]


def test_base64_with_bits_left_over_is_ambiguous(make: Make, edited: Edited, declared: Declared) -> None:
    """`QR==` reads as `A` by whoever drops the four bits that are left over, and is no base64 to the letter."""
    plain = edited(make("TD2.1"), rb"<xop:Include [^>]+/>", b"QR==")
    view = Judged(plain, "request", load().by_id("TD2.1"), declared)
    assert view.binary(view.carriers[0]) == b"A"
    assert view.binary_again(view.carriers[0]) is None
    assert "AMBIGUOUS" in judged(plain, declared, "READ-DOCUMENT")["READ-DOCUMENT"]


# ---- signatures


def test_a_comment_in_a_signature_value_is_ambiguous(make: Make, edited: Edited, declared: Declared) -> None:
    """Read whole it verifies; read up to the comment it doesn't."""
    exchange = edited(make("TD2.1"), rb"(<ds:SignatureValue>.{20})", rb"\1<!--x-->")
    said = judged(exchange, declared, "SIG-VALUE", "VIHF-COMMENT")
    assert said["SIG-VALUE"] == {"AMBIGUOUS"}
    assert said["VIHF-COMMENT"] == {"FAIL"}


def test_a_comment_in_a_digest_is_read_alike_and_seen(make: Make, edited: Edited, declared: Declared) -> None:
    exchange = edited(make("TD2.1"), rb"(<ds:DigestValue>.{10})", rb"\1<!--x-->")
    said = judged(exchange, declared, "SIG-DIGEST", "VIHF-COMMENT")
    assert said == {"SIG-DIGEST": {"PASS"}, "VIHF-COMMENT": {"FAIL"}}


def test_a_comment_in_a_name_id_is_seen_whatever_the_signature_says(
    make: Make, edited: Edited, declared: Declared
) -> None:
    """Exclusive C14N drops the comment, so that both verifiers accept: the comment itself is what fails."""
    exchange = edited(make("TD2.1"), rb"(<saml2?:NameID>.{4})", rb"\1<!--x-->")
    said = judged(exchange, declared, "SIG-VALUE", "SIG-DIGEST", "VIHF-COMMENT")
    assert said == {"SIG-VALUE": {"PASS"}, "SIG-DIGEST": {"PASS"}, "VIHF-COMMENT": {"FAIL"}}


def test_both_verifiers_refuse_what_was_changed(make: Make, edited: Edited, declared: Declared) -> None:
    exchange = edited(make("TD2.1"), rb"(<saml2?:NameID>)\d", rb"\g<1>7")
    said = judged(exchange, declared, "SIG-VALUE", "SIG-DIGEST")
    assert said == {"SIG-VALUE": {"PASS"}, "SIG-DIGEST": {"FAIL"}}


def test_a_comment_in_the_value_of_the_set_is_ambiguous(
    make: Make, edited: Edited, declared: Declared
) -> None:
    exchange = edited(make("TD2.1"), rb"(.*<ds:SignatureValue>.{20})", rb"\1<!--x-->")
    said = judged(exchange, declared, "XADES-VALUE", "SIG-VALUE")
    assert said == {"XADES-VALUE": {"AMBIGUOUS"}, "SIG-VALUE": {"PASS"}}


def test_a_signature_without_certificate_is_refused_by_both(
    make: Make, edited: Edited, declared: Declared
) -> None:
    exchange = edited(make("TD2.1"), rb"<ds:KeyInfo>.*?</ds:KeyInfo>", b"")
    assert judged(exchange, declared, "SIG-VALUE")["SIG-VALUE"] == {"FAIL"}


def test_an_odd_signature_is_refused_and_never_raises(make: Make) -> None:
    view = Judged(make("TD0.2"), "request", load().by_id("TD0.2"), Declared())
    assert view.assertion is not None
    signature = view.assertion.find(f"{{{facts.DS}}}Signature")
    assert signature is not None
    certificate = signer(signature)
    assert second.signature_refused(view.assertion, certificate, "ID") == ""
    for name in ("SignedInfo", "SignatureValue"):
        odd = safexml.parse(etree.tostring(view.assertion))
        for held in odd.findall(f"{{{facts.DS}}}Signature/{{{facts.DS}}}{name}"):
            held.clear()
        assert second.signature_refused(odd, certificate, "ID")


# ---- the second decoder by itself


@given(
    st.lists(st.binary(max_size=40), min_size=1, max_size=4),
    st.sampled_from(["a", "=_x", "b'c()+_,-./:=?", "0" * 70]),
)
def test_parts_that_are_written_come_back(contents: list[bytes], boundary: str) -> None:
    mark = b"--" + boundary.encode()
    contents = [data for data in contents if mark not in data] or [b""]
    body = b"".join(
        mark + b"\r\nContent-ID: <%d>\r\n\r\n" % number + data + b"\r\n"
        for number, data in enumerate(contents)
    )
    parts = second.cut(body + mark + b"--\r\n", boundary)
    assert [part.data for part in parts] == contents
    assert [part.content_id for part in parts] == [str(number) for number in range(len(contents))]


@given(st.binary(max_size=200))
def test_any_bytes_are_cut_without_raising(body: bytes) -> None:
    second.cut(body, "x")
    second.inline(body)


@given(st.binary(max_size=60))
def test_digests_and_base64_of_two_libraries_agree(data: bytes) -> None:
    assert second.sha1(data) == hashlib.sha1(data, usedforsecurity=False).hexdigest()
    assert second.inline(base64.encodebytes(data)) == data


@pytest.mark.parametrize("text", ["QR==", "QQ=", "QQ===", "Q", "QQ==QQ==", "Q*Q=", "é"])
def test_what_is_not_base64_to_the_letter_is_refused(text: str) -> None:
    assert second.inline(text.encode()) is None


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ('multipart/related; boundary="a b"; type=x', "a b"),
        ("multipart/related; boundary=ab; type=x", "ab"),
        ('multipart/related; BOUNDARY = "a\\"b"', 'a"b'),
        ("multipart/related; boundary=a; boundary=b", "b"),
        ("multipart/related", ""),
    ],
)
def test_boundaries(value: str, name: str) -> None:
    assert second.boundary_of(value) == name


def test_an_empty_part_and_a_part_without_headers_are_parts() -> None:
    parts = second.cut(b"--x\r\n\r\nbody\r\n--x\r\n\r\n\r\n--x--", "x")
    assert [(part.headers, part.data) for part in parts] == [((), b"body"), ((), b"")]


def test_both_decoders_undo_quoted_printable_alike() -> None:
    kind = b'Content-Type: multipart/related; boundary="xyz"'
    text = b"--xyz\r\nContent-ID: <a>\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nc=C3=A9\r\n--xyz--\r\n"
    message = email.message_from_bytes(kind + b"\r\nMIME-Version: 1.0\r\n\r\n" + text)
    payload: Any = message.get_payload()
    [mine] = second.cut(text, second.boundary_of(kind.decode()))
    assert payload[0].get_payload(decode=True) == mine.data == "cé".encode()


# ---- what becomes of it


@pytest.mark.parametrize(
    ("first", "again", "status"),
    [(True, True, "PASS"), (False, False, "FAIL"), (True, False, "AMBIGUOUS"), (False, True, "AMBIGUOUS")],
)
def test_two_readings_make_one_finding(first: bool, again: bool, status: str) -> None:
    assert twice(first, again, "x", "a", "b", "c").status == status
    said = agreed(Finding("R", "PASS" if first else "FAIL", "x", "a"), first, "" if again else "no")
    assert said.status == status


@pytest.mark.parametrize(
    ("statuses", "verdict"),
    [
        (("PASS", "AMBIGUOUS"), Verdict.INCONCLUSIVE),
        (("WARN", "AMBIGUOUS"), Verdict.INCONCLUSIVE),
        (("FAIL", "AMBIGUOUS"), Verdict.FAIL),
        (("ERROR", "AMBIGUOUS"), Verdict.ERROR),
        (("AMBIGUOUS",), Verdict.INCONCLUSIVE),
    ],
)
def test_an_ambiguous_case_is_inconclusive_unless_worse_is_proven(statuses: Any, verdict: Verdict) -> None:
    assert of_case([Finding("R", status, "x") for status in statuses]) is verdict


def test_an_ambiguous_file_is_inconclusive_and_shown() -> None:
    assert verdict_of({"PASS": 3, "AMBIGUOUS": 1}) == "INCONCLUSIVE"
    assert verdict_of({"FAIL": 1, "AMBIGUOUS": 1}) == "FAIL"
    ambiguous = Finding("READ-MULTIPART", "AMBIGUOUS", "x")
    assert faults_of([Finding("R", "PASS", "x"), ambiguous]) == (ambiguous,)


def test_the_reason_of_an_ambiguous_case_names_both_readings() -> None:
    found = [
        Finding("XDS-HASH", "PASS", "x"),
        Finding("READ-MULTIPART", "AMBIGUOUS", "request:part[2]", "3 ≠ 4"),
    ]
    verdict, reason = conclusion(found, None)
    assert verdict is Verdict.INCONCLUSIVE
    assert "READ-MULTIPART" in reason.en
    assert "3 ≠ 4" in reason.fr
