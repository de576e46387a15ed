"""Mutations of the body of a CDA document, of its style sheet, of its bytes."""

from __future__ import annotations

from random import Random
from typing import Final

from harness.mutate.edits import add, drop, put, rename, replace, shape, twin
from harness.mutate.registry import mutator

CDA: Final = "cda"
_BYTES: Final = "cda-bytes"
_TEXT: Final = "hl7:component/hl7:nonXMLBody/hl7:text"
_SECTION: Final = "hl7:component/hl7:structuredBody/hl7:component/hl7:section"

mutator("body-gone", over=CDA, breaks="CDA-PARTS")(drop("hl7:component"))
mutator("body-twice", over=CDA, breaks="CDA-PARTS")(twin("hl7:component"))
mutator("body-two-forms", over=CDA, breaks="BODY-ONE")(
    twin("hl7:component/hl7:structuredBody|hl7:component/hl7:nonXMLBody")
)
mutator("body-hollow", over=CDA, breaks="BODY-ONE")(
    drop("hl7:component/hl7:structuredBody|hl7:component/hl7:nonXMLBody")
)
mutator("body-template-gone", over=CDA, breaks="BODY-TEMPLATES")(
    drop("hl7:templateId[@root='1.3.6.1.4.1.19376.1.2.20']")
)
mutator("body-media-unknown", over=CDA, breaks="BODY-MEDIA")(put(f"{_TEXT}/@mediaType", "application/msword"))
mutator("body-media-gone", over=CDA, breaks="BODY-MEDIA")(drop(f"{_TEXT}/@mediaType"))
mutator("body-media-of-another", over=CDA, breaks="BODY-TYPE")(
    shape(f"{_TEXT}/@mediaType", lambda said: "text/rtf" if said != "text/rtf" else "application/pdf")
)
mutator("body-not-base64", over=CDA, breaks="BODY-BASE64")(
    shape(f"{_TEXT}[@representation='B64']", lambda text: text[:20] + "é*" + text[20:])
)
mutator("body-representation-gone", over=CDA, breaks="BODY-BASE64")(drop(f"{_TEXT}/@representation"))
mutator("body-empty", over=CDA, breaks="BODY-BASE64")(put(_TEXT, ""))
mutator("body-head-cut", over=CDA, breaks="BODY-TYPE")(
    shape(f"{_TEXT}[@mediaType='application/pdf']", lambda text: text.strip()[8:])
)
mutator("section-title-gone", over=CDA, breaks="BODY-NARRATIVE")(drop(f"{_SECTION}/hl7:title"))
mutator("section-text-gone", over=CDA, breaks="BODY-NARRATIVE")(drop(f"{_SECTION}/hl7:text"))
mutator("section-code-gone", over=CDA, breaks="BODY-SECTION-CODE")(drop(f"{_SECTION}/hl7:code"))
mutator("section-code-no-system", over=CDA, breaks="BODY-SECTION-CODE")(
    drop(f"{_SECTION}/hl7:code/@codeSystem")
)
mutator("narrative-html", over=CDA, breaks="XSD-CDA")(add(f"{_SECTION}/hl7:text", "<hl7:div>x</hl7:div>"))
mutator("narrative-script", over=CDA, breaks="XSD-CDA")(
    add(f"{_SECTION}/hl7:text", "<hl7:script>alert(1)</hl7:script>")
)
mutator("reference-lost", over=CDA, breaks="BODY-REFERENCES")(
    put(".//hl7:text/hl7:reference[starts-with(@value, '#')]/@value", "#nowhere")
)
mutator("narrative-id-twice", over=CDA, breaks=("BODY-IDS", "XSD-CDA"))(twin(".//*[@ID]"))
mutator("value-type-unknown", over=CDA, breaks=("BODY-XSI-TYPE", "XSD-CDA"))(
    put(".//hl7:value/@xsi:type", "XX")
)
mutator("value-type-prefix-lost", over=CDA, breaks=("BODY-XSI-TYPE", "XSD-CDA"))(
    put(".//hl7:value/@xsi:type", "nul:PQ")
)
mutator("value-type-gone", over=CDA, breaks="XSD-CDA")(drop(".//hl7:value/@xsi:type"))
mutator("quantity-word", over=CDA, breaks="XSD-CDA")(put(".//hl7:value[@unit]/@value", "beaucoup"))
mutator("act-mood-gone", over=CDA, breaks="XSD-CDA")(drop(".//hl7:entry/hl7:observation/@moodCode"))
mutator("act-renamed", over=CDA, breaks="XSD-CDA")(rename(".//hl7:entry/hl7:observation", "observe"))
mutator("entry-status-twice", over=CDA, breaks="XSD-CDA")(twin(".//hl7:observation/hl7:statusCode"))
mutator("code-with-space", over=CDA, breaks="XSD-CDA")(replace(".//hl7:entry//hl7:code/@code", "-", " "))


@mutator("self-display-script", over=_BYTES, breaks="BODY-SELF-DISPLAY")
def script(data: bytes, _: Random) -> bytes | None:
    found = data.find(b"<body")
    return (
        None
        if found < 0 or b"stylesheet" not in data
        else data[:found] + b"<script>1</script>" + data[found:]
    )


@mutator("self-display-outside", over=_BYTES, breaks="BODY-SELF-DISPLAY")
def outside(data: bytes, _: Random) -> bytes | None:
    """An image that a reader would fetch from somewhere."""
    found = data.find(b"<body")
    end = data.find(b">", found) + 1
    image = b'<img src="http://example.org/x.png"/>'
    return None if found < 0 or b"stylesheet" not in data else data[:end] + image + data[end:]


@mutator("bytes-cut", over=_BYTES, breaks="CDA-READABLE")
def cut(data: bytes, chance: Random) -> bytes:
    return data[: chance.randrange(len(data) // 2, len(data) - 20)]


@mutator("bytes-doctype", over=_BYTES, breaks="CDA-READABLE")
def doctype(data: bytes, _: Random) -> bytes:
    place = data.find(b"?>") + 2 if data.startswith(b"<?xml") else 0
    return data[:place] + b'<!DOCTYPE x [<!ENTITY a "b">]>' + data[place:]


@mutator("bytes-latin", over=_BYTES, breaks="CDA-READABLE")
def latin(data: bytes, _: Random) -> bytes | None:
    """Latin-1 bytes under the name of UTF-8."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return text.encode("latin-1", "replace") if "é" in text and "UTF-8" in text[:60] else None


@mutator("bytes-other-root", over=_BYTES, breaks="CDA-READABLE")
def other_root(data: bytes, _: Random) -> bytes:
    return data.replace(b"<ClinicalDocument", b"<ClinicalDocuments").replace(
        b"</ClinicalDocument>", b"</ClinicalDocuments>"
    )


@mutator("bytes-other-namespace", over=_BYTES, breaks="CDA-READABLE")
def other_namespace(data: bytes, _: Random) -> bytes:
    return data.replace(b"urn:hl7-org:v3", b"urn:hl7-org:v2")
