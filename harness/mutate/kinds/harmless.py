"""Changes that mean nothing: no rule may say anything of the mutant that it did not say of the original."""

from __future__ import annotations

from random import Random
from typing import Final

from lxml import etree

from harness.mutate.registry import Wire, mutator

CDA: Final = "cda"
_HL7: Final = "urn:hl7-org:v3"


@mutator("same-comment", over=CDA, harmless=True)
def comment(root: etree._Element, chance: Random) -> None:
    """A comment between two elements of the header."""
    root.insert(chance.randrange(len(root)), etree.Comment(" note "))


@mutator("same-processing-instruction", over=CDA, harmless=True)
def instruction(root: etree._Element, chance: Random) -> None:
    root.insert(chance.randrange(len(root)), etree.ProcessingInstruction("outil", "x"))


@mutator("same-attribute-order", over=CDA, harmless=True)
def attributes(root: etree._Element, _: Random) -> None:
    for element in root.iter(etree.Element):
        held = list(element.attrib.items())
        element.attrib.clear()
        for name, value in reversed(held):
            element.set(name, value)


@mutator("same-indent-gone", over=CDA, harmless=True)
def indent(root: etree._Element, _: Random) -> None:
    """White space between the elements of the header, outside any text for a reader."""
    for element in root.iterfind(f"{{{_HL7}}}recordTarget//*"):
        if len(element) and not (element.text or "").strip():
            element.text = None
            for child in element:
                child.tail = None


@mutator("same-line-ends", over="cda-bytes", harmless=True)
def line_ends(data: bytes, _: Random) -> bytes:
    return data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


@mutator("same-byte-order-mark", over="cda-bytes", harmless=True)
def mark(data: bytes, _: Random) -> bytes | None:
    return (
        b"\xef\xbb\xbf" + data
        if b"encoding='UTF-8'" in data[:60] or b'encoding="UTF-8"' in data[:60]
        else None
    )


@mutator("same-encoding", over="cda-bytes", harmless=True)
def encoding(data: bytes, _: Random) -> bytes | None:
    """UTF-16, told and true."""
    text = data.decode("utf-8")
    if not text.startswith("<?xml") or "UTF-8" not in text[:60]:
        return None
    return text.replace("UTF-8", "UTF-16", 1).encode("utf-16")


@mutator("same-header-case", over="wire-request", harmless=True)
def header_case(wire: Wire, _: Random) -> None:
    wire.headers = [(name.lower(), value) for name, value in wire.headers]


@mutator("same-answer-header-case", over="wire-answer", harmless=True)
def answer_header_case(wire: Wire, _: Random) -> None:
    wire.headers = [(name.upper(), value) for name, value in wire.headers]


@mutator("same-preamble", over="wire-request", harmless=True)
def preamble(wire: Wire, _: Random) -> bool:
    """A text before the first delimiter, which no reader shows."""
    wire.body = b"preamble\r\n" + wire.body
    return wire.multipart


@mutator("same-epilogue", over="wire-answer", harmless=True)
def epilogue(wire: Wire, _: Random) -> bool:
    wire.body = wire.body.rstrip(b"\r\n") + b"\r\nepilogue\r\n"
    return wire.multipart


@mutator("same-space-in-tags", over="wire-answer", harmless=True)
def space_in_tags(wire: Wire, _: Random) -> bool:
    """White space before the end of a tag of the envelope."""
    wire.body = wire.body.replace(b"</soap:Envelope>", b"</soap:Envelope >")
    return b"</soap:Envelope >" in wire.body
