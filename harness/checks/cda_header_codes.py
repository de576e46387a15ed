"""Header rules of value sets: function, profession, relation, encounter, participation, civility, title.

Codes are compared as the official header does, without their system; cda_header_forms asks for the system.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache, partial

from lxml import etree

from harness.checks.cda_count import GROUP, SM, judged, of_values
from harness.checks.cda_view import CdaView
from harness.checks.rule import Finding, check_document
from harness.checks.xpath import local_name
from protocol.codes import value_set
from protocol.errors import Text

_ENCOUNTER = "hl7:componentOf/hl7:encompassingEncounter"
_PEOPLE = frozenset(("assignedPerson", "associatedPerson", "relatedPerson", "informationRecipient"))
_PROFESSIONS = (
    "hl7:author/hl7:assignedAuthor/hl7:code",
    "hl7:legalAuthenticator/hl7:assignedEntity/hl7:code",
    "hl7:documentationOf/hl7:serviceEvent/hl7:performer/hl7:assignedEntity/hl7:code",
    "hl7:participant/hl7:associatedEntity/hl7:code",
)


@lru_cache(maxsize=4096)
def _member(name: str, code: str) -> bool:
    known = value_set(name)
    listed = any(item.code == code for item in known.codes)
    return listed or any(pattern.fullmatch(code) for pattern in known.patterns.values())


def _coded(view: CdaView, path: str, name: str, attr: str = "code") -> Iterator[Finding]:
    found = view.nodes(path)
    told = [item for item in found if item.get("nullFlavor") is None and item.get(attr) is not None]
    if told:
        yield from of_values(view, told, attr, partial(_member, name), f"∈ JDV_{name}")


@check_document(
    "CDA-FUNCTION-KNOWN",
    group=GROUP,
    clause=f"{SM} ; JDV_J47",
    title=Text("La fonction d'un intervenant est un code connu", "The function is a known code"),
    mend=Text("un code de JDV_J47", "a code of JDV_J47"),
    confidence="B",
)
def function(view: CdaView) -> Iterator[Finding]:
    for path in ("hl7:author", "hl7:participant"):
        yield from _coded(view, f"{path}/hl7:functionCode", "J47")


@check_document(
    "CDA-PROFESSION-KNOWN",
    group=GROUP,
    clause=f"{SM} ; JDV_J01, par la forme des spécialités",
    title=Text("La profession d'un intervenant est un code connu", "The profession is a known code"),
    mend=Text(
        "un code de JDV_J01 : G15_{profession}/{savoir-faire}", "a code of JDV_J01: G15_{profession}/{skill}"
    ),
    confidence="B",
)
def profession(view: CdaView) -> Iterator[Finding]:
    for path in _PROFESSIONS:
        yield from _coded(view, path, "J01")


@check_document(
    "CDA-RELATION-KNOWN",
    group=GROUP,
    clause=f"{SM} ; JDV_J11",
    title=Text("Le lien d'un proche avec le patient est connu", "The relation to the patient is known"),
    mend=Text("un code de JDV_J11", "a code of JDV_J11"),
    confidence="B",
)
def relation(view: CdaView) -> Iterator[Finding]:
    yield from _coded(view, "hl7:informant/hl7:relatedEntity/hl7:code", "J11")


@check_document(
    "CDA-ENCOUNTER-KNOWN",
    group=GROUP,
    clause=f"{SM} ; JDV_J142",
    title=Text("Le type de prise en charge est connu", "The kind of encounter is known"),
    mend=Text("AMB, IMP, EMER…", "AMB, IMP, EMER…"),
    confidence="B",
)
def encounter(view: CdaView) -> Iterator[Finding]:
    yield from _coded(view, f"{_ENCOUNTER}/hl7:code", "J142")


@check_document(
    "CDA-ENCOUNTER-ROLE",
    group=GROUP,
    clause=f"{SM} ; JDV_J140",
    title=Text("Le rôle dans la prise en charge est connu", "The role in the encounter is known"),
    mend=Text("ADM, ATND, CON, DIS, REF ou RESP", "ADM, ATND, CON, DIS, REF or RESP"),
    confidence="B",
)
def encounter_role(view: CdaView) -> Iterator[Finding]:
    yield from _coded(view, f"{_ENCOUNTER}/hl7:encounterParticipant", "J140", "typeCode")


@check_document(
    "CDA-PARTICIPANT-KIND",
    group=GROUP,
    clause=f"{SM} ; JDV_J144",
    title=Text("Le rôle d'un participant est connu", "The kind of participation is known"),
    mend=Text("REF, REFB, INF, RESP, PRF, CON ou VRF", "REF, REFB, INF, RESP, PRF, CON or VRF"),
    confidence="B",
)
def participant(view: CdaView) -> Iterator[Finding]:
    yield from _coded(view, "hl7:participant", "J144", "typeCode")


@check_document(
    "CDA-CIVILITY",
    group=GROUP,
    clause=f"{SM} ; JDV_J245, JDV_J246",
    title=Text("Civilité et titre d'une personne sont des codes", "Civility and title of a person are codes"),
    mend=Text("prefix M ou MME ; suffix DR, PR…", "prefix M or MME; suffix DR, PR…"),
    confidence="B",
)
def civility(view: CdaView) -> Iterator[Finding]:
    for part, known in (("prefix", "J245"), ("suffix", "J246")):
        held = [item for item in view.in_header(part) if _of_a_person(item)]
        yield from judged(view, held, partial(_in, known), _text, f"∈ JDV_{known}")


def _in(known: str, element: etree._Element) -> bool:
    # As written: the official Schematron takes no space around it.
    return _member(known, element.text or "")


def _text(element: etree._Element) -> str:
    return (element.text or "").strip()


def _of_a_person(element: etree._Element) -> bool:
    """Whether a part of a name is of somebody who takes part, not of the patient."""
    name = element.getparent()
    holder = None if name is None else name.getparent()
    return holder is not None and local_name(holder) in _PEOPLE
