"""Rules of MTOM/XOP packaging, on parts split by the standard library's parser."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from urllib.parse import unquote

from harness.checks.judged import Judged
from harness.checks.rule import ANY, Finding, check, verdict
from harness.checks.xpath import attribute, nodes
from protocol.errors import Text
from protocol.exchange import header

MTOM = "MTOM"
XOP = "XOP 1.0 §3-4 ; RFC 2387"


@check(
    "MTOM-REQUIRED",
    on=("TD2.1", "TD2.2"),
    side="request",
    group=MTOM,
    clause="alimentation en MTOM/XOP",
    title=Text("L'alimentation est emballée en MTOM", "The submission is packaged in MTOM"),
    mend=Text(
        "envoyer multipart/related, un document par partie", "send multipart/related, one document a part"
    ),
    requirements=("EX_2.1-1260",),
)
def required(view: Judged) -> Iterator[Finding]:
    yield verdict(view.multipart, "request:Content-Type", view.header("Content-Type"), "multipart/related")


@check(
    "MTOM-ANSWER",
    on=("TD3.2",),
    side="response",
    group=MTOM,
    clause="ITI-43 : réponse en MTOM/XOP",
    title=Text("Les documents consultés arrivent en MTOM", "Retrieved documents come in MTOM"),
    mend=Text("répondre en multipart/related", "answer as multipart/related"),
)
def answer(view: Judged) -> Iterator[Finding]:
    if view.documents:
        yield verdict(
            view.multipart, "response:Content-Type", view.header("Content-Type"), "multipart/related"
        )


@check(
    "MTOM-PARAMETERS",
    on=ANY,
    side="both",
    group=MTOM,
    clause=XOP,
    title=Text(
        "multipart/related porte boundary, type et start-info",
        "multipart/related carries boundary, type and start-info",
    ),
    mend=Text(
        'type="application/xop+xml"; start-info="application/soap+xml"',
        'type="application/xop+xml"; start-info="application/soap+xml"',
    ),
)
def parameters(view: Judged) -> Iterator[Finding]:
    if not view.multipart:
        return
    asked = {"type": "application/xop+xml", "start-info": "application/soap+xml"}
    where = f"{view.side}:Content-Type"
    yield verdict("boundary" in view.parameters, where, view.header("Content-Type"), "boundary=…")
    for name, value in asked.items():
        found = view.parameters.get(name, "")
        yield verdict(
            found.lower().startswith(value), where, f"{name}={found}" if found else "", f"{name}={value}"
        )


@check(
    "MTOM-ROOT",
    on=ANY,
    side="both",
    group=MTOM,
    clause=XOP,
    title=Text(
        "La partie racine est celle de start, en application/xop+xml", "The root part is the one of start"
    ),
    mend=Text(
        "faire coïncider start et le Content-ID de la racine", "make start and the root's Content-ID agree"
    ),
)
def root(view: Judged) -> Iterator[Finding]:
    if not view.multipart:
        return
    named = view.parameters.get("start", "")
    yield verdict(view.start is not None, f"{view.side}:Content-Type", named or "part[1]", "Content-ID")
    if view.start is not None:
        where = f"{view.side}:part[{view.start.number}]"
        yield verdict(
            view.start.media == "application/xop+xml", where, view.start.media, "application/xop+xml"
        )
        inner = view.start.parameter("type").lower()
        yield verdict(
            inner.startswith("application/soap+xml"), where, f"type={inner}", "type=application/soap+xml"
        )


@check(
    "MTOM-BOUNDARY",
    on=ANY,
    side="both",
    group=MTOM,
    clause="RFC 2046 §5.1.1 : délimiteurs précédés de CRLF, délimiteur final",
    title=Text(
        "Le message multipart est délimité jusqu'à sa fin", "The multipart is delimited up to its end"
    ),
    mend=Text(
        "finir par CRLF -- boundary -- ; fins de ligne CRLF", "end with CRLF -- boundary --; CRLF line ends"
    ),
)
def boundary(view: Judged) -> Iterator[Finding]:
    name = view.parameters.get("boundary", "").encode("latin-1", "replace")
    if not view.multipart or not name:
        return
    for mark, words in (
        (b"--" + name + b"\r\n", "--boundary CRLF"),
        (b"\r\n--" + name + b"--", "CRLF --boundary--"),
    ):
        place = view.body.find(mark)
        where = f"{view.side}:bytes {max(place, 0)}-{len(view.body)}"
        yield verdict(place >= 0, where, f"bytes {place}" if place >= 0 else "", words)


@check(
    "MTOM-CONTENT-ID",
    on=ANY,
    side="both",
    group=MTOM,
    clause="RFC 2045 §7 ; RFC 2392",
    title=Text("Chaque partie a un Content-ID à elle", "Each part has a Content-ID of its own"),
    mend=Text("un Content-ID différent par partie", "a different Content-ID for each part"),
)
def content_id(view: Judged) -> Iterator[Finding]:
    counts = Counter(part.content_id for part in view.parts)
    for part in view.parts:
        good = bool(part.content_id) and counts[part.content_id] == 1
        yield verdict(good, f"{view.side}:part[{part.number}]", part.content_id, "1 × Content-ID")


@check(
    "MTOM-INCLUDE",
    on=ANY,
    side="both",
    group=MTOM,
    clause="XOP 1.0 §2.1",
    title=Text(
        "Chaque xop:Include mène à une partie du message", "Each xop:Include leads to a part of the message"
    ),
    mend=Text("href = cid: + Content-ID (encodé en URL)", "href = cid: + Content-ID (URL-encoded)"),
)
def include(view: Judged) -> Iterator[Finding]:
    for element in view.nodes("descendant::xop:Include"):
        href = attribute(element, "href")
        names = " | ".join(part.content_id for part in view.parts)
        yield verdict(view.part(href) is not None, view.at(element), href, f"cid: {names}")


@check(
    "MTOM-INCLUDE-ALONE",
    on=ANY,
    side="both",
    group=MTOM,
    clause="XOP 1.0 §2.1",
    title=Text("xop:Include est seul dans son élément", "xop:Include is alone in its element"),
    mend=Text("retirer ce qui entoure xop:Include", "remove what is around xop:Include"),
)
def include_alone(view: Judged) -> Iterator[Finding]:
    for element in view.nodes("descendant::xop:Include/.."):
        children = nodes(element, "*")
        text = "".join(str(piece) for piece in element.xpath("text()")).strip()
        yield verdict(
            len(children) == 1 and not text, view.at(element), f"{len(children)} + {len(text)}", "1 + 0"
        )


@check(
    "MTOM-REFERENCED",
    on=ANY,
    side="both",
    group=MTOM,
    clause="XOP 1.0 §4.1",
    title=Text("Chaque partie jointe est référencée", "Each attached part is referenced"),
    mend=Text("retirer la partie orpheline", "remove the orphan part"),
)
def referenced(view: Judged) -> Iterator[Finding]:
    targets = {
        unquote(attribute(item, "href").removeprefix("cid:"))
        for item in view.nodes("descendant::xop:Include")
    }
    targets |= {
        attribute(item, "href").removeprefix("cid:") for item in view.nodes("descendant::xop:Include")
    }
    for part in view.parts:
        if part is not view.start:
            yield verdict(
                part.content_id in targets, f"{view.side}:part[{part.number}]", part.content_id, "xop:Include"
            )


@check(
    "MTOM-BINARY",
    on=ANY,
    side="both",
    group=MTOM,
    clause="MTOM §3 : optimisation de la transmission",
    title=Text("Les parties sont transmises en binaire", "Parts are sent as binary"),
    mend=Text("Content-Transfer-Encoding: binary", "Content-Transfer-Encoding: binary"),
    confidence="C",
    default="info",
)
def binary(view: Judged) -> Iterator[Finding]:
    for part in view.parts:
        encoding = header(part.headers, "Content-Transfer-Encoding").strip().lower() or "7bit"
        yield verdict(
            encoding in ("binary", "8bit"), f"{view.side}:part[{part.number}]", encoding, "binary | 8bit"
        )
