"""Rules that hold for every registry object of a submission: slots, references, authors, patient.

Authors and identifiers of submission sets and of document entries follow the same rules (ITI TF-3 §4.2.3).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from lxml import etree

from harness.checks.forms import cx, is_oid, is_ps_id, is_structure_id, xcn, xon
from harness.checks.judged import Judged, once_a_view
from harness.checks.rim import (
    FEEDING,
    LIST,
    UPDATES,
    classifications,
    code_of,
    code_text,
    entries,
    external,
    externals,
    sets,
    slot,
    slot_values,
)
from harness.checks.rule import EMPTY, Finding, check, failed, verdict
from harness.checks.vihf_attributes import ROLE
from harness.checks.xpath import attribute, strings
from protocol import facts
from protocol.errors import Text

XDS = "XDS-SUBMISSION"
ON = (*FEEDING, *UPDATES)

#: What is expected of a person, whoever reads.
XCN_FORM = "XCN: id, nom / name, OID, D | U, type"
SPECIALTY_FORM = f"code^libellé^{facts.OID_AUTHOR_SPECIALTY}"
#: Professionals, and producers who are none: a secretary (TRE_A00).
SPECIALTY_SYSTEMS = (facts.OID_AUTHOR_SPECIALTY, "1.2.250.1.213.1.1.4.6")


@check(
    "XDS-SLOTS",
    on=ON,
    side="request",
    group=XDS,
    clause="ebRIM 3.0 §2.1 : nom de Slot unique, une valeur au moins, 256 caractères au plus",
    title=Text(
        "Chaque Slot a un nom unique et des valeurs de longueur permise",
        "Each Slot has a unique name and values of allowed length",
    ),
    mend=Text(
        "un seul Slot de ce nom ; au moins une valeur de 256 caractères au plus",
        "a single Slot of that name; at least a value, of 256 characters at most",
    ),
)
def slots(view: Judged) -> Iterator[Finding]:
    for item in view.in_payload(f"{LIST}//*[rim:Slot]"):
        names = strings(item, "rim:Slot/@name")
        counts = Counter(names) if len(set(names)) < len(names) else {}
        doubles = [name for name, count in counts.items() if count > 1]
        yield verdict(not doubles, view.at(item), " | ".join(doubles), "1 × rim:Slot/@name")
    for item in view.in_payload(f"{LIST}//rim:Slot"):
        values = strings(item, "rim:ValueList/rim:Value")
        longest = max((len(value) for value in values), default=0)
        yield verdict(
            bool(values) and longest <= 256, view.at(item), f"{len(values)} × ≤{longest}", "≥ 1 × ≤ 256"
        )


@check(
    "XDS-PARENTS",
    on=ON,
    side="request",
    group=XDS,
    clause="ITI TF-3 §4.2.3 : classifiedObject et registryObject désignent le parent",
    title=Text(
        "Classifications et identifiants externes désignent leur objet",
        "Classifications and external identifiers name their object",
    ),
    mend=Text("mettre l'id de l'objet parent", "put the id of the parent object"),
)
def parents(view: Judged) -> Iterator[Finding]:
    for tag, name in (("Classification", "classifiedObject"), ("ExternalIdentifier", "registryObject")):
        for item in view.in_payload(f"{LIST}/rim:*/rim:{tag}"):
            parent = item.getparent()
            wanted = attribute(parent, "id") if parent is not None else ""
            yield verdict(
                attribute(item, name) == wanted, view.at(item) + f"/@{name}", attribute(item, name), wanted
            )


@check(
    "XDS-IDS",
    on=ON,
    side="request",
    group=XDS,
    clause="ITI TF-3 §4.2.1 : identifiants uniques dans le lot",
    title=Text("Chaque objet du lot a un identifiant à lui", "Each object has an id of its own"),
    mend=Text("changer l'un des deux id", "change one of the two ids"),
)
def ids(view: Judged) -> Iterator[Finding]:
    objects = view.in_payload(f"{LIST}/rim:*[@id]")
    counts = Counter(attribute(item, "id") for item in objects)
    for item in objects:
        yield verdict(
            counts[attribute(item, "id")] == 1, view.at(item) + "/@id", attribute(item, "id"), "unique"
        )


@check(
    "XDS-UNIQUE-ID",
    on=ON,
    side="request",
    group=XDS,
    clause="DMP : uniqueId OID seulement, ≤ 64 caractères",
    title=Text("uniqueId est un OID, unique dans le lot", "uniqueId is an OID, unique in the submission"),
    mend=Text(
        "OID sous la racine de l'éditeur, ou 2.25 + UUID", "an OID under the vendor's root, or 2.25 + UUID"
    ),
    requirements=("EX_2.1-1130",),
)
def unique_id(view: Judged) -> Iterator[Finding]:
    found = [(item, facts.SS_UNIQUE_ID) for item in sets(view)] + [
        (item, facts.DE_UNIQUE_ID) for item in entries(view)
    ]
    values = Counter(external(item, scheme) for item, scheme in found)
    for item, scheme in found:
        value = external(item, scheme)
        good = is_oid(value) and values[value] == 1 and len(externals(item, scheme)) == 1
        yield verdict(good, view.at(item) + "/uniqueId", value, "OID unique")


@check(
    "XDS-PATIENT-ID",
    on=ON,
    side="request",
    group=XDS,
    clause="ITI TF-3 : patientId en CX, le même partout dans le lot",
    title=Text(
        "patientId est l'INS, le même sur le lot et les fiches", "patientId is the INS, the same everywhere"
    ),
    mend=Text("{INS}^^^&{oid}&ISO^NH", "{INS}^^^&{oid}&ISO^NH"),
)
def patient_id(view: Judged) -> Iterator[Finding]:
    found = [(item, external(item, facts.SS_PATIENT_ID)) for item in sets(view)]
    found += [(item, external(item, facts.DE_PATIENT_ID)) for item in entries(view)]
    reference = cx(found[0][1]) if found else None
    for item, value in found:
        parsed = cx(value)
        good = parsed is not None and reference is not None and parsed[:2] == reference[:2]
        yield verdict(good, view.at(item) + "/patientId", value, found[0][1] if reference else "CX")


@check(
    "XDS-AUTHOR",
    on=ON,
    side="request",
    group=XDS,
    clause="interface DMP, lot de soumission, 7.4 : auteur et authorPerson obligatoires",
    title=Text(
        "Lot et fiches ont un auteur, et chaque auteur une personne",
        "Each object has an author with a person",
    ),
    mend=Text(
        "une Classification d'auteur avec un Slot authorPerson",
        "an author Classification with an authorPerson slot",
    ),
)
def author(view: Judged) -> Iterator[Finding]:
    for item, authors in _authors(view):
        count = len(authors)
        good = count == 1 if item.tag == f"{{{facts.RIM}}}RegistryPackage" else count >= 1
        yield verdict(
            good, view.at(item) + "/author", str(count), "1 (RegistryPackage) | ≥ 1 (ExtrinsicObject)"
        )
        for one in authors:
            persons = slot_values(one, "authorPerson")
            yield verdict(len(persons) == 1, view.at(one) + "/authorPerson", str(len(persons)), "1")
            empty = one.get("nodeRepresentation")
            yield verdict(empty in ("", None), view.at(one) + "/@nodeRepresentation", empty or EMPTY, EMPTY)


@check(
    "XDS-AUTHOR-PERSON",
    on=ON,
    side="request",
    group=XDS,
    clause="interface DMP, identités : XCN d'une personne, d'un patient ou d'un système",
    title=Text("authorPerson est un XCN complet", "authorPerson is a complete XCN"),
    mend=Text(
        "id^NOM^PRENOM^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS",
        "id^NAME^GIVEN^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS",
    ),
    requirements=("EX_GEN-1320",),
)
def author_person(view: Judged) -> Iterator[Finding]:
    for _, authors in _authors(view):
        for one in authors:
            for value in slot_values(one, "authorPerson"):
                yield verdict(good_xcn(value), view.at(one) + "/authorPerson", value, XCN_FORM)


def good_xcn(value: str) -> bool:
    """A person, patient or system as the DMP wants it: id, name, authority, name type, id type."""
    parsed = xcn(value)
    if parsed is None or not parsed[1] or parsed[4] not in ("D", "U", "L"):
        return False
    return is_ps_id(parsed[0]) if parsed[5] == "IDNPS" else parsed[5] in ("EI", "RI", "NH", "PI")


@check(
    "XDS-AUTHOR-INSTITUTION",
    on=ON,
    side="request",
    group=XDS,
    clause="interface DMP, identités : XON d'une structure",
    title=Text("authorInstitution est un XON complet", "authorInstitution is a complete XON"),
    mend=Text(
        "NOM^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^{Struct_IdNat}",
        "NAME^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^{Struct_IdNat}",
    ),
)
def author_institution(view: Judged) -> Iterator[Finding]:
    for _, authors in _authors(view):
        for one in authors:
            for value in slot_values(one, "authorInstitution"):
                yield _institution(view, one, value)


def _institution(view: Judged, one: etree._Element, value: str) -> Finding:
    where, parsed = view.at(one) + "/authorInstitution", xon(value)
    if parsed is None:
        return failed(where, value, "XON: {nom / name}^^^^^&{OID}&ISO^IDNST^^^{id}")
    good = parsed[2] != "IDNST" or (parsed[1] == facts.OID_STRUCTURE and is_structure_id(parsed[3]))
    return verdict(good, where, value, f"{facts.OID_STRUCTURE} + Struct_IdNat")


@check(
    "XDS-AUTHOR-SPECIALTY",
    on=ON,
    side="request",
    group=XDS,
    clause="interface DMP, lot de soumission : authorSpecialty code^libellé^OID",
    title=Text(
        "authorSpecialty est codé dans le système des spécialités",
        "authorSpecialty is coded in the system of specialties",
    ),
    mend=Text(SPECIALTY_FORM, SPECIALTY_FORM),
    confidence="B",
    default="warning",
)
def author_specialty(view: Judged) -> Iterator[Finding]:
    for _, authors in _authors(view):
        for one in authors:
            for value in slot_values(one, "authorSpecialty"):
                pieces = value.split("^")
                good = len(pieces) == 3 and all(pieces) and pieces[2] in SPECIALTY_SYSTEMS
                yield verdict(
                    good,
                    view.at(one) + "/authorSpecialty",
                    value,
                    "code^displayName^" + " | ".join(SPECIALTY_SYSTEMS),
                )


@check(
    "XDS-AUTHOR-VIHF",
    on=ON,
    side="request",
    group=XDS,
    clause="« Aucun AuthorInstitution ne correspond à l'utilisateur du VIHF »",
    title=Text(
        "L'auteur du lot est de la structure du VIHF", "The author of the set is of the VIHF's structure"
    ),
    mend=Text(
        "authorInstitution du lot = Identifiant_Structure",
        "authorInstitution of the set = Identifiant_Structure",
    ),
    requirements=("EX_2.1-1140",),
    confidence="B",
)
def author_vihf(view: Judged) -> Iterator[Finding]:
    wanted = view.vihf("Identifiant_Structure")
    expressed = any("EXP_PATIENT" in strings(value, "*/@code") for value in view.attribute_values(ROLE))
    for item in sets(view) if wanted and not expressed else []:
        values = [slot(one, "authorInstitution") for one in classifications(item, facts.SS_AUTHOR)]
        found = [parsed[3] for parsed in map(xon, values) if parsed]
        yield verdict(wanted in found, view.at(item) + "/author", " | ".join(found), wanted)


@check(
    "XDS-CODED",
    on=ON,
    side="request",
    group=XDS,
    clause="ITI TF-3 §4.2.3.1.2 : code, codingScheme, libellé",
    title=Text(
        "Chaque attribut codé porte code, système et libellé", "Each coded attribute has code, scheme, label"
    ),
    mend=Text(
        "nodeRepresentation, Slot codingScheme et Name", "nodeRepresentation, codingScheme slot and Name"
    ),
)
def coded(view: Judged) -> Iterator[Finding]:
    authors = (facts.SS_AUTHOR, facts.DE_AUTHOR)
    for item in view.in_payload(f"{LIST}/rim:*/rim:Classification[@classificationScheme]"):
        if attribute(item, "classificationScheme") in authors:
            continue
        code, schemes = code_of(item), slot_values(item, "codingScheme")
        good = bool(code.code and code.label) and len(schemes) == 1 and bool(schemes[0])
        yield verdict(good, view.at(item), f"{code_text(code)}^{code.label}", "code^codingScheme^displayName")


@once_a_view
def _authors(view: Judged) -> Sequence[tuple[etree._Element, list[etree._Element]]]:
    found = [(item, classifications(item, facts.SS_AUTHOR)) for item in sets(view)]
    return found + [(item, classifications(item, facts.DE_AUTHOR)) for item in entries(view)]
