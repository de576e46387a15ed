"""Our own schemas as rules, one a family: they need no pack. What refuses is explained by harness.xsd.words.

The official schema of a pack has a rule of its own (CDA-XSD); the two are compared by bench/schemas.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lxml import etree

from harness.checks.cda_view import CdaView
from harness.checks.judged import Judged
from harness.checks.rule import ANY, Finding, check, check_document, failed, passed
from harness.xsd.own import own_schemas
from harness.xsd.words import Refusal
from protocol.errors import Text

SCHEMA = "SCHEMA"
MEND = Text(
    "corriger l'élément indiqué : nom, place, nombre, attributs, forme des valeurs",
    "mend that element: name, place, number, attributes, form of its values",
)


def _findings(
    family: str, element: etree._Element | None, at: Callable[[etree._Element | None], str]
) -> Iterator[Finding]:
    """PASS, or one FAIL a refusal; nothing for an element that no schema of the family is for."""
    refused = None if element is None else own_schemas().problems(family, element)
    if element is None or refused is None:
        return
    if not refused:
        yield passed(at(element), own_schemas().families[family].source)
    for refusal in refused:
        line = f" (l. {refusal.line})" if refusal.line else ""
        yield failed(f"{at(None)}{refusal.path}{line}", _found(refusal), refusal.expected)


def _found(refusal: Refusal) -> str:
    """What is wrong in both languages, then the data."""
    words = f"{refusal.words.fr} / {refusal.words.en}" if refusal.words.fr else refusal.said
    return f"{words} : {refusal.found}" if refusal.found else words


@check_document(
    "XSD-CDA",
    group=SCHEMA,
    clause="CDA R2 et extensions du kit ; schéma du projet (datasets/schemas/cda)",
    title=Text("La structure du document est celle du CDA R2", "The document's structure is that of CDA R2"),
    mend=MEND,
    requirements=("EX_2.1-1071",),
)
def cda(view: CdaView) -> Iterator[Finding]:
    # A document inside a style sheet is judged with it, as the official schema does.
    yield from _findings("CDA", view.outer if view.root is not None else None, view.at)


@check(
    "XSD-XDS",
    on=ANY,
    side="both",
    group=SCHEMA,
    clause="IHE XDS.b, ebRIM et ebRS 3.0 ; schémas du projet",
    title=Text("Le message XDS.b a la structure du schéma", "The XDS.b message has the schema's structure"),
    mend=MEND,
)
def xds(view: Judged) -> Iterator[Finding]:
    yield from _findings("XDS", view.payload, view.at)


@check(
    "XSD-HL7V3",
    on=ANY,
    side="both",
    group=SCHEMA,
    clause="HL7 v3 édition normative 2009, réduite à l'interface ; schémas du projet",
    title=Text("Le message HL7 v3 a la structure du schéma", "The HL7 v3 message has the schema's structure"),
    mend=MEND,
    confidence="B",
)
def hl7v3(view: Judged) -> Iterator[Finding]:
    yield from _findings("HL7V3", view.payload, view.at)


@check(
    "XSD-SERVICES",
    on=ANY,
    side="both",
    group=SCHEMA,
    clause="schéma du projet, déduit des messages publics : pas le schéma national",
    title=Text(
        "Le message du service propre a la structure du schéma",
        "The custom service's message has the schema's structure",
    ),
    mend=MEND,
    confidence="C",
    default="warning",
)
def services(view: Judged) -> Iterator[Finding]:
    yield from _findings("SERVICES", view.payload, view.at)


@check(
    "XSD-VIHF",
    on=ANY,
    side="request",
    group=SCHEMA,
    clause="OASIS SAML 2.0, W3C XML Signature ; schéma du projet, réduit au VIHF",
    title=Text(
        "L'assertion a la structure du schéma SAML", "The assertion has the structure of SAML's schema"
    ),
    mend=MEND,
)
def vihf(view: Judged) -> Iterator[Finding]:
    yield from _findings("VIHF", view.assertion, view.at)


@check(
    "XSD-SOAP",
    on=ANY,
    side="both",
    group=SCHEMA,
    clause="W3C SOAP 1.2 partie 1, WS-Addressing 1.0, XOP 1.0 ; schémas du projet",
    title=Text(
        "L'enveloppe, les en-têtes WS-Addressing et les inclusions ont la structure du schéma",
        "The envelope, WS-Addressing headers and inclusions have the schema's structure",
    ),
    mend=MEND,
)
def soap(view: Judged) -> Iterator[Finding]:
    if not view.soap or view.root is None:
        return
    parts = (view.root, *view.nodes("soap:Header/wsa:*"), *view.nodes(".//xop:Include"))
    for part in parts:
        yield from _findings("SOAP", part, view.at)
