"""Rules of the body: one body, level 1, sections, references to the narrative, self-displaying ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from harness.checks.cda_count import BEYOND, BODY, SM, counted, with_attributes
from harness.checks.cda_header_document import CI_SIS, FRANCE
from harness.checks.cda_view import CdaView
from harness.checks.rule import Finding, check_document, failed, verdict
from harness.checks.xpath import XSI_TYPE, attribute, nodes, string, strings
from protocol import safexml
from protocol.errors import Text

XDS_SD = "1.3.6.1.4.1.19376.1.2.20"
LEVEL1 = "hl7:component/hl7:nonXMLBody"
TEXT = f"{LEVEL1}/hl7:text"
#: Media types of a level-1 body and how their bytes begin ("" where nothing can be told).
SIGNATURES = {
    "application/pdf": (b"%PDF-",),
    "text/plain": (b"",),
    "text/rtf": (b"{\\rtf",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/tiff": (b"II*\x00", b"MM\x00*"),
}


@check_document(
    "BODY-ONE",
    group=BODY,
    clause="CDA R2 §4.3 ; CI-SIS",
    title=Text("Le document a un corps, structuré ou non", "The document has one body, structured or not"),
    mend=Text(
        "mettre structuredBody ou nonXMLBody, l'un des deux", "put structuredBody or nonXMLBody, one of them"
    ),
)
def one(view: CdaView) -> Iterator[Finding]:
    yield from counted(view, "hl7:component", "*[self::hl7:structuredBody or self::hl7:nonXMLBody]", 1)


@check_document(
    "BODY-TEMPLATES",
    group=BODY,
    clause=f"{SM} : corps non structuré",
    title=Text(
        "Un document de niveau 1 a trois templateId, dont celui d'IHE XDS-SD",
        "A level-1 document has three templateId, one of them IHE XDS-SD's",
    ),
    mend=Text(f"{FRANCE}, {CI_SIS}, {XDS_SD}", f"{FRANCE}, {CI_SIS}, {XDS_SD}"),
)
def templates(view: CdaView) -> Iterator[Finding]:
    if view.root is not None and view.nodes(LEVEL1):
        found = strings(view.root, "hl7:templateId/@root")
        good = len(found) == 3 and XDS_SD in found
        yield verdict(good, view.at(view.root) + "/templateId", " | ".join(found), f"3, ∋ {XDS_SD}")


@check_document(
    "BODY-MEDIA",
    group=BODY,
    clause="volet CDA, corps de niveau 1 : cinq types de média",
    title=Text("Le type de média du corps est admis", "The media type of the body is allowed"),
    mend=Text(
        "convertir le corps en PDF, texte, RTF, JPEG ou TIFF",
        "convert the body to PDF, text, RTF, JPEG or TIFF",
    ),
    confidence="B",
)
def media(view: CdaView) -> Iterator[Finding]:
    for item in view.nodes(TEXT):
        found = attribute(item, "mediaType")
        yield verdict(found in SIGNATURES, view.at(item) + "/@mediaType", found, " | ".join(SIGNATURES))


@check_document(
    "BODY-BASE64",
    group=BODY,
    clause="CDA R2, type ED : representation B64 (angle mort du kit)",
    title=Text("Le corps est en base64 et n'est pas vide", "The body is base64 and not empty"),
    mend=Text('representation="B64" et des octets encodés', 'representation="B64" and encoded bytes'),
    confidence="B",
)
def base64_body(view: CdaView) -> Iterator[Finding]:
    for item, data in view.level1:
        said = attribute(item, "representation")
        if data is None:
            yield failed(view.at(item), safexml.text(item)[:40], "base64")
        else:
            yield verdict(
                said == "B64" and len(data) > 0, view.at(item), f"{said} {len(data)} o / B", "B64 > 0 o / B"
            )


@check_document(
    "BODY-TYPE",
    group=BODY,
    clause="CDA R2, type ED : mediaType (angle mort du kit)",
    title=Text("Le corps est du type qu'il déclare", "The body is of the type it declares"),
    mend=Text("mettre d'accord mediaType et contenu", "make mediaType and content agree"),
    confidence="B",
)
def body_type(view: CdaView) -> Iterator[Finding]:
    for item, data in view.level1:
        said = attribute(item, "mediaType")
        if data and said in SIGNATURES:
            good = data.startswith(SIGNATURES[said])
            if said == "text/plain":
                good = b"\x00" not in data and not data.startswith((b"%PDF-", b"\xff\xd8\xff", b"{\\rtf"))
            yield verdict(good, view.at(item), _start(data), said)


@check_document(
    "BODY-SECTIONS",
    group=BODY,
    clause="CDA R2 §4.3.5",
    title=Text("Un corps structuré a des sections", "A structured body has sections"),
    mend=Text(
        "une section par component du corps structuré",
        "one section for each component of the structured body",
    ),
)
def sections(view: CdaView) -> Iterator[Finding]:
    path = "hl7:component/hl7:structuredBody"
    yield from counted(view, path, "hl7:component/hl7:section", 1, None)
    yield from counted(
        view,
        f"{path}/descendant::hl7:component[not(@nullFlavor)][not(hl7:sequenceNumber)]"
        "[parent::hl7:structuredBody or parent::hl7:section]",
        "hl7:section",
        1,
    )


@check_document(
    "BODY-SECTION-CODE",
    group=BODY,
    clause="CDA R2 §4.3.5.2 ; modèles de contenus",
    title=Text("Chaque section est codée", "Each section is coded"),
    mend=Text("un code et son système par section", "a code and its system for each section"),
    confidence="B",
    default="warning",
)
def section_code(view: CdaView) -> Iterator[Finding]:
    path = "hl7:component/hl7:structuredBody/descendant::hl7:section"
    yield from counted(view, path, "hl7:code", 1)
    yield from with_attributes(view, f"{path}/hl7:code", "code", "codeSystem")


@check_document(
    "BODY-NARRATIVE",
    group=BODY,
    clause=f"{BEYOND} : ce qu'un lecteur voit d'une section",
    title=Text("Chaque section a un titre et un texte", "Each section has a title and a text"),
    mend=Text("écrire title et text", "write title and text"),
    confidence="C",
    default="warning",
)
def narrative(view: CdaView) -> Iterator[Finding]:
    for item in view.nodes("hl7:component/hl7:structuredBody/hl7:component/hl7:section"):
        inner = nodes(item, "descendant-or-self::hl7:section[hl7:text]")
        good = bool(string(item, "hl7:title")) and bool(inner)
        yield verdict(
            good, view.at(item), f'title="{string(item, "hl7:title")}", text × {len(inner)}', "title, text"
        )


@check_document(
    "BODY-REFERENCES",
    group=BODY,
    clause=f"{BEYOND} : une entrée renvoie au texte que voit le lecteur",
    title=Text(
        "Chaque renvoi d'une entrée mène à un texte de la section", "Each reference leads to a narrative text"
    ),
    mend=Text("accorder #ID et l'ID du texte", "make #ID and the ID of the text agree"),
    confidence="C",
    default="info",
)
def references(view: CdaView) -> Iterator[Finding]:
    known = {attribute(item, "ID") for item in view.nodes("descendant::*[@ID]")}
    for item in view.nodes("descendant::hl7:reference[starts-with(@value, '#')][ancestor::hl7:entry]"):
        target = attribute(item, "value").removeprefix("#")
        yield verdict(target in known, view.at(item) + "/@value", f"#{target}", "#ID")


@check_document(
    "BODY-IDS",
    group=BODY,
    clause="XML Schema, type ID",
    title=Text("Chaque ID du document est unique", "Each ID of the document is unique"),
    mend=Text("donner à chaque élément un ID à lui", "give each element an ID of its own"),
)
def ids(view: CdaView) -> Iterator[Finding]:
    holders = view.nodes("descendant::*[@ID]")
    counts = Counter(attribute(item, "ID") for item in holders)
    for item in holders:
        yield verdict(
            counts[attribute(item, "ID")] == 1, view.at(item) + "/@ID", attribute(item, "ID"), "unique"
        )


@check_document(
    "BODY-XSI-TYPE",
    group=BODY,
    clause="XML Schema partie 1 §2.6.1 : xsi:type est un nom qualifié",
    title=Text(
        "Chaque xsi:type désigne un type d'un espace de noms déclaré", "Each xsi:type is a resolvable name"
    ),
    mend=Text(
        "donner à xsi:type le préfixe qu'ont les éléments", "give xsi:type the prefix that elements have"
    ),
)
def xsi_type(view: CdaView) -> Iterator[Finding]:
    for item in view.nodes("descendant::*[@xsi:type]"):
        said = attribute(item, XSI_TYPE)
        prefix, _, name = said.strip().rpartition(":")
        namespace = item.nsmap.get(prefix or None)
        yield verdict(
            bool(namespace and name), view.at(item) + "/@xsi:type", said, "préfixe déclaré / declared prefix"
        )


@check_document(
    "BODY-SELF-DISPLAY",
    group=BODY,
    clause="EX_2.1-1115 : ni script ni lien externe",
    title=Text(
        "Un document auto-présentable n'exécute ni n'appelle rien", "A self-displaying document runs nothing"
    ),
    mend=Text(
        "retirer scripts, objets et adresses externes", "remove scripts, objects and outside addresses"
    ),
    requirements=("EX_2.1-1115",),
    confidence="B",
)
def self_display(view: CdaView) -> Iterator[Finding]:
    if not view.self_displaying or view.outer is None:
        return
    lower = "translate(local-name(), 'SCRIPTOBJECEMDFAL', 'scriptobjecemdfal')"
    active = nodes(
        view.outer,
        f"descendant::*[{lower}='script' or {lower}='object' or {lower}='embed' or {lower}='iframe']",
    )
    yield verdict(not active, view.at(view.outer), f"{len(active)} script", "0")
    loaded = nodes(view.outer, "descendant::xsl:import|descendant::xsl:include") + [
        item for item in nodes(view.outer, "descendant::*[@src]") if _outside(attribute(item, "src"))
    ]
    yield verdict(not loaded, view.at(view.outer), f"{len(loaded)} appel externe / outside call", "0")


def _start(data: bytes) -> str:
    """First octets for the eye of a reader: hexadecimal, then those that are printable ASCII."""
    head = data[:8]
    return f"{head.hex(' ')} |{''.join(chr(code) if 32 <= code < 127 else '.' for code in head)}|"


def _outside(address: str) -> bool:
    return address.strip().lower().startswith(("http:", "https:", "ftp:", "//", "file:"))
