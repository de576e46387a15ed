"""Mutations of what crosses the wire around XML: HTTP, TLS, multipart."""

from __future__ import annotations

import re
from dataclasses import replace
from random import Random
from typing import Final

from harness.mutate.registry import Over, Wire, mutator

REQUEST: Final = "wire-request"
ANSWER: Final = "wire-answer"
_SOAP: Final = ("TD0.2", "TD0.3", "TD2.1", "TD3.1", "TD3.2")


@mutator("http-get", over=REQUEST, on=_SOAP, breaks="HTTP-METHOD")
def get(wire: Wire, _: Random) -> None:
    wire.method = "GET"


@mutator("http-other-path", over=REQUEST, on=_SOAP, breaks="HTTP-PATH")
def path(wire: Wire, _: Random) -> None:
    wire.target += "s"


@mutator("http-production", over=REQUEST, on=_SOAP, breaks="HTTP-NO-PRODUCTION")
def production(wire: Wire, _: Random) -> bool:
    return wire.put("Host", "lps.dmp.gouv.fr")


@mutator("http-text-xml", over=REQUEST, on=("TD0.2", "TD3.1"), breaks="HTTP-MEDIA")
def text_xml(wire: Wire, _: Random) -> bool:
    return wire.put("Content-Type", "text/xml; charset=UTF-8")


@mutator("http-answer-html", over=ANSWER, on=("TD0.2", "TD3.1"), breaks="HTTP-MEDIA")
def html(wire: Wire, _: Random) -> bool:
    return wire.put("Content-Type", "text/html")


@mutator("http-answer-created", over=ANSWER, on=_SOAP, breaks="HTTP-STATUS")
def created(wire: Wire, _: Random) -> None:
    wire.status = 201


@mutator("http-answer-refused", over=ANSWER, on=("TD3.1", "TD0.2"), breaks="HTTP-STATUS")
def refused(wire: Wire, _: Random) -> bool:
    wire.status = 500
    return b"Fault>" not in wire.body


@mutator("http-action-gone", over=REQUEST, on=("TD0.2", "TD3.1"), breaks="WSA-ACTION-PARAMETER")
def action_parameter(wire: Wire, _: Random) -> bool:
    return wire.put("Content-Type", re.sub(r'action="[^"]*"', 'action="urn:x"', wire.header("Content-Type")))


def _older(wire: Wire) -> bool:
    if wire.tls is not None:
        wire.tls = replace(wire.tls, version="TLSv1.1")
    return wire.tls is not None


@mutator("tls-old", over=REQUEST, on=_SOAP, breaks="TLS-VERSION")
def old_tls(wire: Wire, _: Random) -> bool:
    return _older(wire)


@mutator("page-tls-old", over=REQUEST, on=("TD0.9", "TD0.10"), breaks="WEBPS-TLS")
def page_tls_old(wire: Wire, _: Random) -> bool:
    return _older(wire)


@mutator("tls-suite", over=REQUEST, on=_SOAP, breaks="TLS-SUITE")
def suite(wire: Wire, _: Random) -> bool:
    if wire.tls is not None:
        wire.tls = replace(wire.tls, cipher="AES128-SHA")
    return wire.tls is not None


@mutator("tls-nobody", over=REQUEST, on=_SOAP, breaks=("TLS-CLIENT-CERTIFICATE", "EX_GEN-1450"))
def nobody(wire: Wire, _: Random) -> bool:
    if wire.tls is not None:
        wire.tls = replace(wire.tls, certificate=b"")
    return wire.tls is not None


# Multipart


def _type(wire: Wire, pattern: str, put: str) -> bool:
    old = wire.header("Content-Type")
    new = re.sub(pattern, put, old)
    return wire.multipart and new != old and wire.put("Content-Type", new)


def _bytes(wire: Wire, old: bytes, new: bytes, count: int = 1) -> bool:
    if not wire.multipart or old not in wire.body:
        return False
    wire.body = wire.body.replace(old, new, count)
    return True


def _mark(wire: Wire) -> bytes:
    found = re.search(r'boundary="?([^";]+)', wire.header("Content-Type"))
    return b"--" + found[1].encode() if found else b"--"


_BOTH: Final[tuple[tuple[str, Over], ...]] = (("request", REQUEST), ("answer", ANSWER))

for _side, _over in _BOTH:
    mutator(f"mime-{_side}-no-boundary", over=_over, breaks="MTOM-PARAMETERS")(
        lambda wire, _: _type(wire, r'boundary="?[^";]+"?;? ?', "")
    )
    mutator(f"mime-{_side}-no-start-info", over=_over, breaks="MTOM-PARAMETERS")(
        lambda wire, _: _type(wire, r';? ?start-info="[^"]*"', "")
    )
    mutator(f"mime-{_side}-type", over=_over, breaks="MTOM-PARAMETERS")(
        lambda wire, _: _type(wire, 'type="application/xop\\+xml"', 'type="text/xml"')
    )
    mutator(f"mime-{_side}-start-lost", over=_over, breaks="MTOM-ROOT")(
        lambda wire, _: _type(wire, 'start="<[^"]*"', 'start="<nowhere@example>"')
    )
    mutator(f"mime-{_side}-no-end", over=_over, breaks=("MTOM-BOUNDARY", "READ-MULTIPART"))(
        lambda wire, _: _bytes(wire, b"\r\n" + _mark(wire) + b"--", b"")
    )
    mutator(f"mime-{_side}-line-feeds", over=_over, breaks=("MTOM-BOUNDARY", "READ-MULTIPART"))(
        lambda wire, _: _bytes(wire, b"\r\n" + _mark(wire), b"\n" + _mark(wire), -1)
    )
    mutator(f"mime-{_side}-root-media", over=_over, breaks="MTOM-ROOT")(
        lambda wire, _: _bytes(wire, b"Content-Type: application/xop+xml", b"Content-Type: text/xml")
    )
    mutator(f"mime-{_side}-id-gone", over=_over, breaks=("MTOM-CONTENT-ID", "MTOM-ROOT"))(
        lambda wire, _: _bytes(wire, b"Content-ID:", b"X-Content-ID:")
    )


@mutator("mime-id-twice", over=REQUEST, on=("TD2.1",), breaks=("MTOM-CONTENT-ID", "READ-DOCUMENT"))
def id_twice(wire: Wire, _: Random) -> bool:
    """The second document bears the Content-ID of the first."""
    found = re.findall(rb"Content-ID: ?<([^>]+)>", wire.body)
    return len(found) > 2 and _bytes(wire, b"Content-ID: <" + found[2], b"Content-ID: <" + found[1])


@mutator("mime-id-other", over=REQUEST, on=("TD2.1",), breaks=("MTOM-INCLUDE", "MTOM-REFERENCED"))
def id_other(wire: Wire, _: Random) -> bool:
    found = re.findall(rb"Content-ID: ?<([^>]+)>", wire.body)
    return len(found) > 1 and _bytes(wire, b"Content-ID: <" + found[1], b"Content-ID: <other")


@mutator("mime-orphan", over=REQUEST, on=("TD2.1",), breaks="MTOM-REFERENCED")
def orphan(wire: Wire, _: Random) -> bool:
    mark = _mark(wire)
    part = b"\r\n" + mark + b"\r\nContent-ID: <orphan@example>\r\nContent-Transfer-Encoding: binary\r\n\r\nx"
    return _bytes(wire, b"\r\n" + mark + b"--", part + b"\r\n" + mark + b"--")


@mutator("mime-encoding-told", over=REQUEST, on=("TD2.1",), breaks="MTOM-BINARY")
def encoding_told(wire: Wire, _: Random) -> bool:
    """7bit, over what isn't."""
    return _bytes(wire, b"Content-Transfer-Encoding: binary", b"Content-Transfer-Encoding: 7bit", -1)


@mutator("mime-part-base64", over=REQUEST, on=("TD2.1",), breaks=("XDS-HASH", "XDS-SIZE", "READ-MULTIPART"))
def part_base64(wire: Wire, _: Random) -> bool:
    """The transfer encoding of a document says base64, its bytes aren't."""
    head, mark, rest = wire.body.partition(b"Content-Transfer-Encoding: binary")
    if not wire.multipart or not mark:
        return False
    wire.body = head + mark + rest.replace(mark, b"Content-Transfer-Encoding: base64", 1)
    return mark in rest


@mutator("mime-boundary-twice", over=REQUEST, on=("TD2.1",), breaks="READ-MULTIPART")
def boundary_twice(wire: Wire, _: Random) -> bool:
    return _type(wire, "$", '; boundary="other"')


@mutator("mime-boundary-inside", over=REQUEST, on=("TD2.1",), breaks=("READ-MULTIPART", "XDS-HASH"))
def boundary_inside(wire: Wire, _: Random) -> bool:
    """A delimiter after a lone carriage return, inside a document."""
    return _bytes(wire, b"<ClinicalDocument", b"\r" + _mark(wire) + b"\r<ClinicalDocument")


@mutator("mime-header-odd", over=REQUEST, on=("TD2.1",), breaks="READ-MULTIPART")
def header_odd(wire: Wire, _: Random) -> bool:
    """A line without a colon among the headers of the second part."""
    place = wire.body.find(_mark(wire) + b"\r\n", 10)
    if not wire.multipart or place < 0:
        return False
    cut = place + len(_mark(wire)) + 2
    wire.body = wire.body[:cut] + b"odd line\r\n" + wire.body[cut:]
    return True


@mutator("mime-document-byte", over=REQUEST, on=("TD2.1",), breaks="XDS-HASH")
def document_byte(wire: Wire, _: Random) -> bool:
    return _bytes(wire, b"</ClinicalDocument>", b"</ClinicalDocument >")


@mutator("mime-document-longer", over=REQUEST, on=("TD2.1",), breaks=("XDS-HASH", "XDS-SIZE"))
def document_longer(wire: Wire, _: Random) -> bool:
    return _bytes(wire, b"</ClinicalDocument>", b"</ClinicalDocument>  ")


@mutator("mime-answer-id-other", over=ANSWER, on=("TD3.2",), breaks="MTOM-INCLUDE")
def answer_id_other(wire: Wire, _: Random) -> bool:
    found = re.findall(rb"Content-ID: ?<([^>]+)>", wire.body)
    return len(found) > 1 and _bytes(wire, b"Content-ID: <" + found[-1], b"Content-ID: <other")


# XML as bytes


@mutator("xml-cut", over=REQUEST, on=("TD0.2", "TD3.1"), breaks="SOAP-READABLE")
def xml_cut(wire: Wire, chance: Random) -> None:
    wire.body = wire.body[: chance.randrange(len(wire.body) // 2, len(wire.body) - 9)]


@mutator("xml-doctype", over=REQUEST, on=("TD0.2", "TD3.1"), breaks="SOAP-READABLE")
def xml_doctype(wire: Wire, _: Random) -> None:
    wire.body = wire.body.replace(b"<soap:Envelope", b'<!DOCTYPE x [<!ENTITY a "b">]><soap:Envelope', 1)


@mutator("xml-answer-cut", over=ANSWER, on=("TD0.2", "TD3.1"), breaks="SOAP-READABLE")
def xml_answer_cut(wire: Wire, chance: Random) -> None:
    wire.body = wire.body[: chance.randrange(len(wire.body) // 2, len(wire.body) - 9)]


@mutator("xml-latin", over=REQUEST, on=("TD0.2", "TD3.1"), breaks="SOAP-UTF8")
def xml_latin(wire: Wire, _: Random) -> bool:
    """Right Latin-1, said to be so."""
    text = wire.body.decode("utf-8")
    if "encoding='UTF-8'" not in text:
        return False
    wire.body = text.replace("encoding='UTF-8'", "encoding='ISO-8859-1'").encode(
        "latin-1", "xmlcharrefreplace"
    )
    return wire.put("Content-Type", wire.header("Content-Type").replace("UTF-8", "ISO-8859-1"))


# Pages of Web-PS


@mutator("page-posted", over=REQUEST, on=("TD0.9", "TD0.10"), breaks="WEBPS-METHOD")
def page_posted(wire: Wire, _: Random) -> None:
    wire.method = "POST"


@mutator("page-other-path", over=REQUEST, on=("TD0.9", "TD0.10"), breaks="WEBPS-PATH")
def page_path(wire: Wire, _: Random) -> None:
    wire.target = wire.target.replace("/DMPPatient", "/DMPpatient").replace("/AccesDirect", "/accesdirect")


@mutator("page-ins-wrong", over=REQUEST, on=("TD0.9", "TD0.10"), breaks="WEBPS-INS")
def page_ins(wire: Wire, _: Random) -> bool:
    new = re.sub(r"(\d{13})\d{2}", r"\g<1>00", wire.target)
    changed, wire.target = new != wire.target, new
    return changed


@mutator("page-traits-told", over=REQUEST, on=("TD0.9", "TD0.10"), breaks="WEBPS-PRIVACY")
def page_traits(wire: Wire, _: Random) -> None:
    wire.target += ("&" if "?" in wire.target else "?") + "nom=EPREUVE"


@mutator("page-other-host", over=REQUEST, on=("TD0.9", "TD0.10"), breaks="WEBPS-HOST")
def page_host(wire: Wire, _: Random) -> bool:
    return wire.put("Host", "lps.dmp.gouv.fr")


@mutator("page-no-card", over=REQUEST, on=("TD0.9",), breaks="WEBPS-TLS")
def page_card(wire: Wire, _: Random) -> bool:
    if wire.tls is not None:
        wire.tls = replace(wire.tls, certificate=b"")
    return wire.tls is not None


@mutator("page-created", over=ANSWER, on=("TD0.9", "TD0.10"), breaks="WEBPS-STATUS")
def page_created(wire: Wire, _: Random) -> None:
    wire.status = 201


@mutator("page-plain", over=ANSWER, on=("TD0.9", "TD0.10"), breaks="WEBPS-HTML")
def page_plain(wire: Wire, _: Random) -> bool:
    return b"<html" in wire.body[:200] and wire.put("Content-Type", "text/plain")


@mutator("page-of-another", over=ANSWER, on=("TD0.9",), breaks="WEBPS-PATIENT")
def page_of_another(wire: Wire, _: Random) -> bool:
    new = re.sub(rb"(?<!\d)[12]\d{14}(?!\d)", b"189036399920935", wire.body)
    changed, wire.body = new != wire.body and re.search(r"\d{15}", wire.target) is not None, new
    return changed


@mutator("page-secret", over=ANSWER, on=("TD0.9", "TD0.10"), breaks="WEBPS-NO-SECRET")
def page_secret(wire: Wire, _: Random) -> bool:
    wire.body = wire.body.replace(b"</body>", b"<p>TEST-OK-1 -----BEGIN PRIVATE KEY-----</p></body>")
    return b"</body>" in wire.body


@mutator("page-cached", over=ANSWER, on=("TD0.9", "TD0.10"), breaks="WEBPS-HEADERS")
def page_cached(wire: Wire, _: Random) -> bool:
    gone = [wire.put(name, None) for name in ("Cache-Control", "Content-Security-Policy", "X-Frame-Options")]
    return any(gone)
