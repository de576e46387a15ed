"""Rules of the bytes of a level-1 body: whole files, readable without a key, that do nothing by themselves.

Nothing is rendered: files are looked at as bytes. PDF/A is a claim that only its own validators can prove.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from harness.checks.cda_body import SIGNATURES
from harness.checks.cda_count import BEYOND, BODY
from harness.checks.cda_view import CdaView
from harness.checks.rule import Finding, check_document, verdict
from harness.checks.xpath import attribute
from protocol.errors import Text

_ACTIVE: Final = re.compile(rb"/(JavaScript|JS|Launch|RichMedia|EmbeddedFile)(?![A-Za-z])")
_PDF_A: Final = re.compile(rb"pdfaid:part\s*(?:=\s*[\"']|>)\s*([1-4])")


def _bodies(view: CdaView, kind: str) -> Iterator[tuple[str, bytes]]:
    """(place, bytes) of the level-1 body when it is of that type; other bytes are said by BODY-TYPE and BODY-BASE64."""
    for item, data in view.level1:
        if data is not None and attribute(item, "mediaType") == kind and data.startswith(SIGNATURES[kind]):
            yield view.at(item), data


@check_document(
    "BODY-PDF-WHOLE",
    group=BODY,
    clause=f"{BEYOND} : PDF 1.4 §3.4, fin de fichier",
    title=Text("Le PDF est entier", "The PDF is whole"),
    mend=Text("encoder le fichier jusqu'à %%EOF", "encode the file up to %%EOF"),
    confidence="C",
    default="warning",
)
def pdf_whole(view: CdaView) -> Iterator[Finding]:
    for place, data in _bodies(view, "application/pdf"):
        tail = data.rstrip()[-1024:]
        good = b"%%EOF" in tail and b"startxref" in tail
        yield verdict(good, place, tail[-24:].decode("ascii", "replace"), "startxref … %%EOF")


@check_document(
    "BODY-PDF-PASSIVE",
    group=BODY,
    clause=f"{BEYOND} : un document médical n'exécute rien",
    title=Text(
        "Le PDF n'a ni script, ni lancement, ni fichier caché", "The PDF has no script, launch or hidden file"
    ),
    mend=Text("produire le PDF sans action", "make the PDF without actions"),
    confidence="C",
    default="warning",
)
def pdf_passive(view: CdaView) -> Iterator[Finding]:
    for place, data in _bodies(view, "application/pdf"):
        found = sorted({name.decode() for name in _ACTIVE.findall(data)})
        yield verdict(not found, place, " ".join(found), "–")


@check_document(
    "BODY-PDF-OPEN",
    group=BODY,
    clause=f"{BEYOND} : lisible sans mot de passe",
    title=Text("Le PDF n'est pas chiffré", "The PDF is not encrypted"),
    mend=Text("produire le PDF sans mot de passe", "make the PDF without a password"),
    confidence="C",
    default="warning",
)
def pdf_open(view: CdaView) -> Iterator[Finding]:
    for place, data in _bodies(view, "application/pdf"):
        found = re.search(rb"/Encrypt\s+\d+\s+\d+\s+R", data) is not None
        yield verdict(not found, place, "/Encrypt" if found else "", "–")


@check_document(
    "BODY-PDF-A",
    group=BODY,
    clause=f"{BEYOND} : ISO 19005, marques qu'on voit sans rendre le fichier",
    title=Text("Un PDF qui se dit PDF/A en a les marques", "A PDF that claims PDF/A looks like one"),
    mend=Text(
        "OutputIntents, identifiant de fichier, ni chiffrement ni action",
        "OutputIntents, a file identifier, no encryption, no action",
    ),
    confidence="C",
    default="warning",
)
def pdf_a(view: CdaView) -> Iterator[Finding]:
    for place, data in _bodies(view, "application/pdf"):
        if _PDF_A.search(data):
            lacking = [name for name in (b"/OutputIntent", b"/ID") if name not in data]
            lacking += [
                b"\xc2\xac" + name for name in (b"/Encrypt", b"/JavaScript", b"/Launch") if name in data
            ]
            found = " ".join(name.decode() for name in lacking)
            yield verdict(not lacking, place, found, "/OutputIntents /ID")


@check_document(
    "BODY-TEXT-UTF8",
    group=BODY,
    clause=f"{BEYOND} : texte d'un document en UTF-8",
    title=Text("Un corps en texte est en UTF-8", "A text body is UTF-8"),
    mend=Text("encoder le texte en UTF-8", "encode the text in UTF-8"),
    confidence="C",
    default="warning",
)
def text_utf8(view: CdaView) -> Iterator[Finding]:
    for place, data in _bodies(view, "text/plain"):
        try:
            data.decode()
            found = ""
        except UnicodeDecodeError as problem:
            found = f"0x{data[problem.start]:02x} @ {problem.start}"
        yield verdict(not found, place, found, "UTF-8")


@check_document(
    "BODY-RTF-WHOLE",
    group=BODY,
    clause=f"{BEYOND} : RTF, groupes fermés",
    title=Text("Le RTF est entier", "The RTF is whole"),
    mend=Text("encoder le fichier jusqu'à la dernière accolade", "encode the file up to the last brace"),
    confidence="C",
    default="warning",
)
def rtf_whole(view: CdaView) -> Iterator[Finding]:
    for place, data in _bodies(view, "text/rtf"):
        bare = re.sub(rb"\\[{}\\]", b"", data)
        opened, closed = bare.count(b"{"), bare.count(b"}")
        yield verdict(opened == closed, place, f"{opened} {{ {closed} }}", "{ = }")


@check_document(
    "BODY-IMAGE-WHOLE",
    group=BODY,
    clause=f"{BEYOND} : JPEG, marque de fin",
    title=Text("Le JPEG est entier", "The JPEG is whole"),
    mend=Text("encoder le fichier jusqu'à sa fin", "encode the file up to its end"),
    confidence="C",
    default="warning",
)
def image_whole(view: CdaView) -> Iterator[Finding]:
    for place, data in _bodies(view, "image/jpeg"):
        end = data.rstrip(b"\x00\r\n")[-2:]
        yield verdict(end == b"\xff\xd9", place, end.hex(" "), "ff d9")
