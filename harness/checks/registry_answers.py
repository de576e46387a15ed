"""More rules of the answers of the registry and of TD0.2: what must add up inside one answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from harness.checks.judged import Judged
from harness.checks.rim import LIST
from harness.checks.rule import Finding, check, verdict
from harness.checks.xds_entry import SLOTS
from harness.checks.xds_retrieve import REPOSITORIES
from harness.checks.xpath import attribute, nodes, string, strings
from protocol.errors import Text

XDS = "XDS-RESPONSE"
QUERY = ("TD3.1",)
_TOLERANCE = timedelta(minutes=10)
_HOURS = 14


@check(
    "RS-COUNT",
    on=QUERY,
    side="response",
    group=XDS,
    clause="ebRS 3.0 : totalResultCount, quand il est donné",
    title=Text("totalResultCount est le nombre d'objets rendus", "totalResultCount is the number of objects"),
    mend=Text("compter les objets, ou retirer l'attribut", "count the objects, or remove the attribute"),
    confidence="B",
)
def count(view: Judged) -> Iterator[Finding]:
    for answer in view.in_payload("self::query:AdhocQueryResponse[@totalResultCount]"):
        found = len(nodes(answer, "rim:RegistryObjectList/*"))
        told = attribute(answer, "totalResultCount")
        yield verdict(told == str(found), view.at(answer) + "/@totalResultCount", told, str(found))


@check(
    "RS-ONCE",
    on=QUERY,
    side="response",
    group=XDS,
    clause="ebRS 3.0 : un objet par identifiant",
    title=Text("Chaque objet est rendu une fois", "Each object is returned once"),
    mend=Text("dédoublonner la réponse", "remove the duplicates"),
)
def once(view: Judged) -> Iterator[Finding]:
    listed = view.in_payload(f"{LIST}/*")
    counted = Counter(attribute(item, "id") for item in listed)
    for item in listed:
        name = attribute(item, "id")
        yield verdict(counted[name] == 1, view.at(item), f"{counted[name]} × {name}", "1")


@check(
    "RS-REPOSITORY",
    on=QUERY,
    side="response",
    group=XDS,
    clause="interface DMP, fiche de document : dépôts des documents et de l'historique vaccinal",
    title=Text("Une fiche rendue nomme un dépôt du DMP", "An entry returned names a repository of the DMP"),
    mend=Text("repositoryUniqueId du dépôt qui tient le document", "repositoryUniqueId of its repository"),
    confidence="B",
)
def repository(view: Judged) -> Iterator[Finding]:
    for item in view.in_payload(f"{LIST}/rim:ExtrinsicObject"):
        found = " ".join(strings(item, "rim:Slot[@name='repositoryUniqueId']//rim:Value"))
        yield verdict(found in REPOSITORIES, view.at(item), found, " | ".join(REPOSITORIES))


@check(
    "RS-ENTRY-SLOTS",
    on=QUERY,
    side="response",
    group=XDS,
    clause="ITI TF-3 §4.2.3.2 : attributs obligatoires d'une fiche",
    title=Text(
        "Une fiche rendue a ses attributs obligatoires", "An entry returned has its required attributes"
    ),
    mend=Text("rendre tout ce qui a été déposé", "return all that was fed"),
)
def entry_slots(view: Judged) -> Iterator[Finding]:
    for item in view.in_payload(f"{LIST}/rim:ExtrinsicObject"):
        names = strings(item, "rim:Slot/@name")
        for name in SLOTS:
            if name != "legalAuthenticator":  # the signature document has none to show
                yield verdict(name in names, f"{view.at(item)}/{name}", name if name in names else "", name)


@check(
    "RS-VERSION",
    on=QUERY,
    side="response",
    group=XDS,
    clause="ITI-57 §3.57.4.1.3.1 : logicalID constant, versionName croissant",
    title=Text(
        "La première version d'une fiche a son propre identifiant pour lid, les suivantes un autre",
        "The first version of an entry is its own lid, later ones are not",
    ),
    mend=Text("garder le lid de la première version", "keep the lid of the first version"),
    confidence="B",
)
def version(view: Judged) -> Iterator[Finding]:
    for item in view.in_payload(f"{LIST}/rim:ExtrinsicObject[@lid][rim:VersionInfo]"):
        number = string(item, "rim:VersionInfo/@versionName")
        own = attribute(item, "lid") == attribute(item, "id")
        yield verdict(
            own == (number == "1"),
            view.at(item) + "/@lid",
            f"v{number}, lid {'=' if own else '≠'} id",
            "v1 ⇔ lid = id",
        )


@check(
    "HL7-INS-OID",
    on=("TD0.2",),
    side="response",
    group="HL7V3",
    clause="INS : l'OID dit la nature et l'environnement du numéro",
    title=Text(
        "L'INS rendu est sous l'OID de celui qui a été demandé",
        "The INS returned is under the OID that was asked",
    ),
    mend=Text("rendre l'INS avec son OID", "return the INS with its OID"),
)
def ins_oid(view: Judged) -> Iterator[Finding]:
    asked = view.request.payload
    if asked is None:
        return
    path = "descendant::hl7:patientIdentifier/hl7:value"
    number, oid = string(asked, f"{path}/@extension"), string(asked, f"{path}/@root")
    for item in view.in_payload("descendant::hl7:subject1/hl7:patient/hl7:id") if number else []:
        if attribute(item, "extension") == number:
            yield verdict(
                attribute(item, "root") == oid, view.at(item) + "/@root", attribute(item, "root"), oid
            )


@check(
    "HL7-UTC",
    on=("TD0.2",),
    side="response",
    group="HL7V3",
    clause="messages GDP, enveloppe des réponses : creationTime en UTC",
    title=Text("creationTime est en UTC, pas en heure locale", "creationTime is UTC, not local time"),
    mend=Text("convertir en UTC", "convert to UTC"),
    confidence="B",
)
def utc(view: Judged) -> Iterator[Finding]:
    """Local time shows as a whole number of hours from the time of the exchange; another clock is not judged here."""
    if view.payload is None or view.fault is not None:
        return
    value = string(view.payload, "hl7:creationTime/@value")
    try:
        moment = datetime.strptime(value[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return  # said by HL7-CREATION-TIME
    apart = moment - view.exchange.started
    hours = round(apart / timedelta(hours=1))
    local = 0 < abs(hours) <= _HOURS and abs(apart - timedelta(hours=hours)) < _TOLERANCE
    yield verdict(
        not local,
        view.at(view.payload) + "/hl7:creationTime/@value",
        value,
        f"{view.exchange.started:%Y%m%d%H%M%S} UTC",
    )
