"""Rules of ebRIM beyond what each attribute says: schemes, names of slots, identifiers, what only a registry sets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from harness.checks.forms import cx, dtm_start, is_ins_oid, is_urn_uuid
from harness.checks.judged import Judged
from harness.checks.rim import (
    FEEDING,
    LIST,
    UPDATES,
    associations,
    entries,
    external,
    sets,
    slot_values,
    targets,
)
from harness.checks.rule import Finding, check, verdict
from harness.checks.xpath import attribute, nodes, string, strings
from protocol import facts
from protocol.errors import Text

SUBMISSION, ENTRY = "XDS-SUBMISSION", "XDS-ENTRY"
ON: Final = (*FEEDING, *UPDATES)
#: Classification schemes and identification schemes that an object of each kind may have.
_DE: Final = frozenset(
    (
        facts.DE_AUTHOR,
        facts.DE_CLASS,
        facts.DE_CONFIDENTIALITY,
        facts.DE_FORMAT,
        facts.DE_FACILITY,
        facts.DE_PRACTICE,
        facts.DE_TYPE,
        "urn:uuid:2c6b8cb7-8b2a-4051-b291-b1ae6a575ef4",
    )
)
_SS: Final = frozenset((facts.SS_AUTHOR, facts.SS_CONTENT_TYPE))
_FOLDER: Final = frozenset(("urn:uuid:1ba97051-7806-41a8-a48b-8fce7af683c5",))
_IDENTIFIERS: Final = frozenset(
    (
        facts.DE_PATIENT_ID,
        facts.DE_UNIQUE_ID,
        facts.SS_PATIENT_ID,
        facts.SS_UNIQUE_ID,
        facts.SS_SOURCE_ID,
        "urn:uuid:f64ffdf0-4b97-4e06-b79f-a52b38ec2f8a",
        "urn:uuid:75df8f67-9973-4fbe-a900-df66cefecc5a",
    )
)
EVENT: Final = "urn:uuid:2c6b8cb7-8b2a-4051-b291-b1ae6a575ef4"
_SLOTS: Final = frozenset(
    (
        "creationTime",
        "serviceStartTime",
        "serviceStopTime",
        "languageCode",
        "legalAuthenticator",
        "sourcePatientId",
        "sourcePatientInfo",
        "hash",
        "size",
        "repositoryUniqueId",
        "URI",
        "documentAvailability",
        "submissionTime",
        "intendedRecipient",
        "lastUpdateTime",
        "SubmissionSetStatus",
        "PreviousVersion",
        "OriginalStatus",
        "NewStatus",
        "AssociationPropagation",
        "authorPerson",
        "authorInstitution",
        "authorRole",
        "authorSpecialty",
        "authorTelecommunication",
        "codingScheme",
        "homeCommunityId",
    )
)


@check(
    "XDS-SCHEMES",
    on=ON,
    side="request",
    group=SUBMISSION,
    clause="ITI TF-3 tableaux 4.3.1 : schémas de classification et d'identification",
    title=Text(
        "Chaque classification est d'un schéma de son objet",
        "Each classification is of a scheme of its object",
    ),
    mend=Text("prendre le schéma de l'attribut voulu", "take the scheme of the attribute that is meant"),
)
def schemes(view: Judged) -> Iterator[Finding]:
    for tag, known in (("ExtrinsicObject", _DE), ("RegistryPackage", _SS | _FOLDER)):
        for item in view.in_payload(f"{LIST}/rim:{tag}/rim:Classification[@classificationScheme]"):
            found = attribute(item, "classificationScheme")
            yield verdict(found in known, view.at(item) + "/@classificationScheme", found, "ITI TF-3 4.3.1")
    for item in view.in_payload(f"{LIST}/rim:*/rim:ExternalIdentifier"):
        found = attribute(item, "identificationScheme")
        yield verdict(
            found in _IDENTIFIERS, view.at(item) + "/@identificationScheme", found, "ITI TF-3 4.3.1"
        )


@check(
    "XDS-SLOT-NAMES",
    on=ON,
    side="request",
    group=SUBMISSION,
    clause="ITI TF-3 §4.2.3.1.6 : un Slot de plus porte un nom en urn:",
    title=Text(
        "Chaque Slot est un attribut connu, ou porte un nom en urn:",
        "Each Slot is known, or is named by a urn:",
    ),
    mend=Text("corriger le nom, ou le préfixer par urn:", "correct the name, or prefix it with urn:"),
)
def slot_names(view: Judged) -> Iterator[Finding]:
    for item in view.in_payload(f"{LIST}//rim:Slot"):
        found = attribute(item, "name")
        yield verdict(
            found in _SLOTS or found.startswith("urn:"), view.at(item) + "/@name", found, "… | urn:…"
        )


@check(
    "XDS-ENTRY-UUID",
    on=ON,
    side="request",
    group=SUBMISSION,
    clause="ITI TF-3 §4.2.3.2.12 : urn:uuid: en minuscules, ou nom symbolique",
    title=Text("Un identifiant en urn:uuid: est bien formé", "A urn:uuid: id is well formed"),
    mend=Text("urn:uuid: et un UUID en minuscules", "urn:uuid: and a lower-case UUID"),
)
def entry_uuid(view: Judged) -> Iterator[Finding]:
    for item in view.in_payload(f"{LIST}/rim:*[@id]"):
        found = attribute(item, "id")
        if found.lower().startswith("urn:"):
            good = is_urn_uuid(found) and found == found.lower()
            yield verdict(good, view.at(item) + "/@id", found, "urn:uuid:[0-9a-f-]{36}")
        else:
            yield verdict(bool(found.strip()), view.at(item) + "/@id", found, "id")


@check(
    "XDS-NESTED-IDS",
    on=ON,
    side="request",
    group=SUBMISSION,
    clause="ebRIM 3.0 §2.4 : @id unique, objets imbriqués compris",
    title=Text(
        "Classifications et identifiants externes ont un id à eux", "Nested objects have an id of their own"
    ),
    mend=Text("un id par objet du message", "one id for each object of the message"),
)
def nested_ids(view: Judged) -> Iterator[Finding]:
    held = view.in_payload(f"{LIST}//rim:*[@id]")
    counts = Counter(attribute(item, "id") for item in held)
    for item in view.in_payload(f"{LIST}/rim:*/rim:*[@id]"):
        name = attribute(item, "id")
        yield verdict(counts[name] == 1, view.at(item) + "/@id", f"{counts[name]} × {name}", "1")


@check(
    "XDS-COMPUTED",
    on=FEEDING,
    side="request",
    group=SUBMISSION,
    clause="ITI TF-3 : lid, version, statut, dépôt : calculés par le registre",
    title=Text(
        "Un premier dépôt ne dit rien de ce que le registre calcule",
        "A first feeding leaves to the registry what it sets",
    ),
    mend=Text(
        "retirer lid, VersionInfo, status et repositoryUniqueId",
        "remove lid, VersionInfo, status and repositoryUniqueId",
    ),
    confidence="B",
    default="warning",
)
def computed(view: Judged) -> Iterator[Finding]:
    for item in [*sets(view), *entries(view)]:
        own = attribute(item, "id")
        told = [f"@lid={item.get('lid')}"] if item.get("lid") not in (None, own) else []
        told += ["VersionInfo"] if nodes(item, "rim:VersionInfo") else []
        told += ["repositoryUniqueId"] if slot_values(item, "repositoryUniqueId") else []
        status = item.get("status")
        told += [f"@status={status}"] if status not in (None, facts.APPROVED) else []
        yield verdict(not told, view.at(item), " ".join(told), "–")


@check(
    "XDS-PATIENT-FORM",
    on=ON,
    side="request",
    group=SUBMISSION,
    clause="interface DMP, identité du patient : {INS}^^^&{oid}&ISO^NH",
    title=Text(
        "patientId est un CX de type NH, sous un OID d'INS", "patientId is a CX of type NH, under an INS OID"
    ),
    mend=Text(f"{{INS}}^^^&{facts.OID_INS_TEST}&ISO^NH", f"{{INS}}^^^&{facts.OID_INS_TEST}&ISO^NH"),
    confidence="B",
    default="warning",
)
def patient_form(view: Judged) -> Iterator[Finding]:
    found = [(item, external(item, facts.SS_PATIENT_ID)) for item in sets(view)]
    found += [(item, external(item, facts.DE_PATIENT_ID)) for item in entries(view)]
    for item, value in found:
        parsed = cx(value)
        good = parsed is not None and parsed[2] == "NH" and is_ins_oid(parsed[1])
        yield verdict(good, view.at(item) + "/patientId", value, "{INS}^^^&{oid}&ISO^NH")


@check(
    "XDS-IDENTIFIER-NAMES",
    on=ON,
    side="request",
    group=SUBMISSION,
    clause="ITI TF-3 tableaux 4.3.1 : Name des identifiants externes",
    title=Text(
        "Chaque identifiant externe porte le nom de son attribut",
        "Each external identifier is named after its attribute",
    ),
    mend=Text(
        "XDSDocumentEntry.uniqueId, XDSSubmissionSet.patientId…",
        "XDSDocumentEntry.uniqueId, XDSSubmissionSet.patientId…",
    ),
    confidence="B",
    default="info",
)
def identifier_names(view: Judged) -> Iterator[Finding]:
    names = {
        facts.DE_PATIENT_ID: "XDSDocumentEntry.patientId",
        facts.DE_UNIQUE_ID: "XDSDocumentEntry.uniqueId",
        facts.SS_PATIENT_ID: "XDSSubmissionSet.patientId",
        facts.SS_UNIQUE_ID: "XDSSubmissionSet.uniqueId",
        facts.SS_SOURCE_ID: "XDSSubmissionSet.sourceId",
    }
    for item in view.in_payload(f"{LIST}/rim:*/rim:ExternalIdentifier"):
        wanted = names.get(attribute(item, "identificationScheme"))
        if wanted:
            found = string(item, "rim:Name/rim:LocalizedString/@value")
            yield verdict(found == wanted, view.at(item) + "/rim:Name", found, wanted)


@check(
    "XDS-AUTHOR-TELECOM",
    on=ON,
    side="request",
    group=SUBMISSION,
    clause="ITI TF-3 §4.2.3.1.4.5 : authorTelecommunication en XTN",
    title=Text("Le contact d'un auteur est un XTN", "The telecom of an author is an XTN"),
    mend=Text(
        "^^Internet^nom@domaine ou ^PRN^PH^^^^^^^^^numéro", "^^Internet^name@domain or ^PRN^PH^^^^^^^^^number"
    ),
)
def author_telecom(view: Judged) -> Iterator[Finding]:
    for item in view.in_payload(f"{LIST}/rim:*/rim:Classification/rim:Slot[@name='authorTelecommunication']"):
        for value in strings(item, "rim:ValueList/rim:Value"):
            pieces = value.split("^") + [""] * 12
            internet = pieces[2] == "Internet" and "@" in pieces[3]
            phone = pieces[2] in ("PH", "FX", "CP", "MD", "BP") and any(pieces[3:12])
            yield verdict(internet or phone, view.at(item), value, "^^Internet^… | ^…^PH^…")


@check(
    "XDS-AUTHOR-INSTITUTION-THERE",
    on=FEEDING,
    side="request",
    group=SUBMISSION,
    clause="interface DMP, lot de soumission : authorInstitution requis s'il est connu",
    title=Text("Un auteur professionnel dit sa structure", "A professional author tells the structure"),
    mend=Text("un Slot authorInstitution par auteur", "an authorInstitution slot for each author"),
    confidence="B",
    default="warning",
)
def author_institution(view: Judged) -> Iterator[Finding]:
    scheme = f"@classificationScheme='{facts.SS_AUTHOR}' or @classificationScheme='{facts.DE_AUTHOR}'"
    for item in view.in_payload(f"{LIST}/rim:*/rim:Classification[{scheme}]"):
        person = " ".join(slot_values(item, "authorPerson"))
        if person.endswith("IDNPS"):
            count = len(slot_values(item, "authorInstitution"))
            yield verdict(count >= 1, view.at(item) + "/authorInstitution", str(count), "≥ 1")


@check(
    "SS-MEMBER-BARE",
    on=ON,
    side="request",
    group=SUBMISSION,
    clause="ITI TF-3 §4.2.2.1 : HasMember sans documentation",
    title=Text("HasMember ne porte pas de classification", "HasMember has no classification"),
    mend=Text("retirer la classification de l'association", "remove the classification of the association"),
)
def member_bare(view: Judged) -> Iterator[Finding]:
    for item in targets(view, facts.HAS_MEMBER):
        count = len(nodes(item, "rim:Classification"))
        yield verdict(count == 0, view.at(item), f"{count} rim:Classification", "0")


@check(
    "SS-LINK-ONCE",
    on=ON,
    side="request",
    group=SUBMISSION,
    clause="ITI TF-3 §4.2.2 : une association par relation",
    title=Text("Une relation n'est dite qu'une fois", "A relation is told once"),
    mend=Text("retirer l'association en double", "remove the duplicate association"),
    confidence="B",
    default="warning",
)
def link_once(view: Judged) -> Iterator[Finding]:
    parts = ("associationType", "sourceObject", "targetObject")
    keys = [tuple(attribute(item, name) for name in parts) for item in associations(view)]
    for item, key in zip(associations(view), keys, strict=True):
        yield verdict(keys.count(key) == 1, view.at(item), f"{keys.count(key)} ×", "1")


@check(
    "SS-RECIPIENT",
    on=FEEDING,
    side="request",
    group=SUBMISSION,
    clause="interface DMP, lot de soumission : intendedRecipient et homeCommunityId non utilisés",
    title=Text("Le lot ne nomme ni destinataire ni communauté", "The set names no recipient, no community"),
    mend=Text("retirer intendedRecipient et @home", "remove intendedRecipient and @home"),
    confidence="C",
    default="info",
)
def recipient(view: Judged) -> Iterator[Finding]:
    for item in sets(view):
        values = slot_values(item, "intendedRecipient") + (
            [attribute(item, "home")] if item.get("home") else []
        )
        yield verdict(not values, view.at(item), " | ".join(values), "–")


@check(
    "SS-NOW",
    on=FEEDING,
    side="request",
    group=SUBMISSION,
    clause="submissionTime : instant du dépôt",
    title=Text("submissionTime est l'instant du dépôt", "submissionTime is the time of the submission"),
    mend=Text("dater le lot à l'envoi, en UTC", "date the set when it is sent, in UTC"),
    confidence="C",
    default="info",
)
def now(view: Judged) -> Iterator[Finding]:
    for item in sets(view):
        value = next(iter(slot_values(item, "submissionTime")), "")
        moment = dtm_start(value)
        if moment is not None:
            apart = abs((moment - view.now).total_seconds())
            yield verdict(
                apart <= 86_400, view.at(item) + "/submissionTime", value, f"{view.now:%Y%m%d%H%M%S} ± 24 h"
            )


@check(
    "SS-TARGET-UUID",
    on=UPDATES,
    side="request",
    group=SUBMISSION,
    clause="ITI TF-2 §3.57 : source et cible d'une association sont des identifiants",
    title=Text("Une association a une source et une cible", "An association has a source and a target"),
    mend=Text("remplir sourceObject et targetObject", "fill sourceObject and targetObject"),
)
def target_uuid(view: Judged) -> Iterator[Finding]:
    for item in associations(view):
        for name in ("sourceObject", "targetObject"):
            found = attribute(item, name)
            yield verdict(bool(found.strip()), view.at(item) + f"/@{name}", found, "id")
