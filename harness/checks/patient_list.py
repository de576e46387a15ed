"""Rules of TD0.4 `patientList`, question and answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from lxml import etree

from harness.checks.forms import dtm_start, ins_key, is_dtm, is_ins
from harness.checks.judged import Judged
from harness.checks.rule import Finding, check, verdict
from harness.checks.vihf_attributes import ROLE
from harness.checks.xpath import nodes, string, strings
from protocol import facts, safexml
from protocol.errors import Text

LIST = "PATIENT-LIST"
ON = ("TD0.4",)
CLAUSE = "TD0.4 patientList"
FIELDS: Final = ("startDate", "dateType", "psOwnerId")
TYPES: Final = ("LASTAUTORIZATION", "LASTDOC")
#: Producers that are no professionals (TRE_A00): the only ones who ask for somebody else.
_EMPLOYEES: Final = "1.2.250.1.213.1.1.4.6"
#: A day of the calendar, or a lunar birth date: unknown month and day written with zeros or beyond.
_BIRTH: Final = re.compile(r"(18|19|20)[0-9]{6}")
_INS_C: Final = re.compile(r"[0-9]{22}")
_ROWS: Final = "self::pat:patientListResponse/pat:output/pat:patientlistData"


def is_moment(text: str) -> bool:
    """YYYYMMDDhhmmss, of the calendar."""
    return len(text) == 14 and is_dtm(text)


@check(
    "LIST-CONTENT",
    on=ON,
    side="request",
    group=LIST,
    clause=CLAUSE,
    title=Text(
        "La demande ne tient que startDate, dateType et psOwnerId, chacun une fois au plus",
        "The request holds startDate, dateType and psOwnerId only, each at most once",
    ),
    mend=Text(
        "startDate, dateType, psOwnerId dans urn:si-dmp-patients",
        "startDate, dateType, psOwnerId in urn:si-dmp-patients",
    ),
)
def content(view: Judged) -> Iterator[Finding]:
    for body in view.in_payload("self::pat:patientList"):
        tags = [str(child.tag) for child in nodes(body, "*")]
        known = {f"{{{facts.PATIENTS}}}{name}" for name in FIELDS}
        names = ", ".join(etree.QName(tag).localname for tag in tags)
        good = set(tags) <= known and len(set(tags)) == len(tags)
        yield verdict(good, view.at(body), names or "–", "[startDate][, dateType][, psOwnerId]")


@check(
    "LIST-START-DATE",
    on=ON,
    side="request",
    group=LIST,
    clause=CLAUSE,
    title=Text(
        "startDate s'écrit AAAAMMJJhhmmss, en UTC, et n'est pas dans le futur",
        "startDate is YYYYMMDDhhmmss in UTC and not in the future",
    ),
    mend=Text("convertir l'heure locale en UTC : 20260115080000", "turn local time to UTC: 20260115080000"),
    confidence="B",
)
def start_date(view: Judged) -> Iterator[Finding]:
    for item in view.in_payload("pat:startDate"):
        written = safexml.text(item)
        moment = dtm_start(written) if is_moment(written) else None
        good = moment is not None and moment <= view.now
        yield verdict(good, view.at(item), written, f"YYYYMMDDhhmmss <= {view.now:%Y%m%d%H%M%S}")


@check(
    "LIST-DATE-TYPE",
    on=ON,
    side="request",
    group=LIST,
    clause=CLAUSE,
    title=Text(
        "dateType vaut LASTAUTORIZATION ou LASTDOC, et va avec startDate",
        "dateType is LASTAUTORIZATION or LASTDOC, and goes with startDate",
    ),
    mend=Text(
        "LASTAUTORIZATION s'écrit ainsi dans l'interface",
        "LASTAUTORIZATION is spelt like that in the interface",
    ),
    confidence="B",
)
def date_type(view: Judged) -> Iterator[Finding]:
    for body in view.in_payload("self::pat:patientList[pat:dateType or pat:startDate]"):
        said = string(body, "pat:dateType")
        good = said in TYPES and bool(nodes(body, "pat:startDate"))
        yield verdict(good, view.at(body) + "/pat:dateType", said, " | ".join(TYPES) + " + startDate")


@check(
    "LIST-OWNER",
    on=ON,
    side="request",
    group=LIST,
    clause="matrice des droits, note 2 : un employé demande pour un professionnel de sa structure",
    title=Text(
        "psOwnerId n'est donné que par un employé, et désigne un professionnel",
        "psOwnerId is given by an employee only, and names a professional",
    ),
    mend=Text(
        "ôter psOwnerId d'une demande faite en son nom propre", "drop psOwnerId when asking for oneself"
    ),
    confidence="B",
)
def owner(view: Judged) -> Iterator[Finding]:
    for item in view.in_payload("pat:psOwnerId"):
        systems = [code for value in view.attribute_values(ROLE) for code in strings(value, "*/@codeSystem")]
        said = safexml.text(item)
        yield verdict(_EMPLOYEES in systems, view.at(item), " | ".join(systems), _EMPLOYEES)
        yield verdict(
            bool(re.fullmatch(r"[08][0-9A-Z]{9,11}", said)), view.at(item), said, "8 + RPPS | 0 + ADELI"
        )


@check(
    "LIST-STRUCTURE",
    on=ON,
    side="request",
    group=LIST,
    clause="matrice des droits, note 3 : limité, par date, aux nouvelles autorisations",
    title=Text(
        "Un établissement demande les nouvelles autorisations, par date",
        "An establishment asks for new authorisations, by date",
    ),
    mend=Text("dateType LASTAUTORIZATION et startDate", "dateType LASTAUTORIZATION and startDate"),
)
def structure(view: Judged) -> Iterator[Finding]:
    if view.vihf("Authentification_mode").upper() != "INDIRECTE":
        return
    for body in view.in_payload("self::pat:patientList"):
        said = " ".join([string(body, "pat:dateType"), string(body, "pat:startDate")]).strip()
        good = string(body, "pat:dateType") == TYPES[0] and bool(string(body, "pat:startDate"))
        yield verdict(good, view.at(body), said, f"{TYPES[0]} + startDate")


@check(
    "LIST-STATUS",
    on=ON,
    side="response",
    group=LIST,
    clause="services propres : output/status",
    title=Text(
        "La réponse porte un statut, et un texte quand ce n'est pas DMPOk, sans aucun patient alors",
        "The answer carries a status, and a text and no patient when it is not DMPOk",
    ),
    mend=Text(
        "output/status, et output/context en cas de refus", "output/status, output/context on a refusal"
    ),
)
def status(view: Judged) -> Iterator[Finding]:
    for body in view.in_payload("self::pat:patientListResponse"):
        said = string(body, "pat:output/pat:status")
        where = view.at(body) + "/pat:output"
        yield verdict(bool(said), where + "/pat:status", said, "DMPOk | code")
        if said and said != "DMPOk":
            context, rows = (
                string(body, "pat:output/pat:context"),
                nodes(body, "pat:output/pat:patientlistData"),
            )
            yield verdict(bool(context), where + "/pat:context", context, "texte / text")
            yield verdict(not rows, where, str(len(rows)), "0 patientlistData")


@check(
    "LIST-IDENTIFIERS",
    on=ON,
    side="response",
    group=LIST,
    clause=f"{CLAUSE} : patientIdentifier, INS et INS-C",
    title=Text(
        "Chaque DMP est donné par un INS juste, d'un domaine connu",
        "Each DMP is given by a right INS, of a known domain",
    ),
    mend=Text("nationalId et nationalIdType de l'INS", "nationalId and nationalIdType of the INS"),
    confidence="B",
)
def identifiers(view: Judged) -> Iterator[Finding]:
    for row in view.in_payload(_ROWS):
        pairs = [
            (string(item, "pat:nationalId"), string(item, "pat:nationalIdType"))
            for item in nodes(row, "pat:patientIdentifier")
        ]
        current = [number for number, domain in pairs if domain == view.declared.ins_oid]
        good = len(current) == 1 and is_ins(current[0]) and current[0][13:] == ins_key(current[0])
        others = [pair for pair in pairs if pair[1] != view.declared.ins_oid]
        good &= all(domain == facts.OID_INS_C and _INS_C.fullmatch(number) for number, domain in others)
        said = " | ".join(f"{number} ({domain})" for number, domain in pairs)
        yield verdict(good, view.at(row), said, f"INS ({view.declared.ins_oid})")


@check(
    "LIST-TRAITS",
    on=ON,
    side="response",
    group=LIST,
    clause=CLAUSE,
    title=Text(
        "Chaque DMP porte noms, prénom, date de naissance et indicateurs",
        "Each DMP carries names, given name, birth date and flags",
    ),
    mend=Text(
        "lastName, patronymicalName, firstName, dateOfBirth, MT et message",
        "lastName, patronymicalName, firstName, dateOfBirth, MT and message",
    ),
    confidence="B",
)
def traits(view: Judged) -> Iterator[Finding]:
    for row in view.in_payload(_ROWS):
        names = [string(row, f"pat:{name}") for name in ("lastName", "patronymicalName", "firstName")]
        yield verdict(all(names), view.at(row), " | ".join(names), "lastName, patronymicalName, firstName")
        birth = string(row, "pat:dateOfBirth")
        yield verdict(bool(_BIRTH.fullmatch(birth)), view.at(row, "/pat:dateOfBirth"), birth, "YYYYMMDD")
        flags = [string(row, f"pat:{name}") for name in ("MT", "message")]
        good = all(flag in ("true", "false") for flag in flags)
        yield verdict(good, view.at(row), " | ".join(flags), "true | false")


@check(
    "LIST-DATES",
    on=ON,
    side="response",
    group=LIST,
    clause=CLAUSE,
    title=Text(
        "Les dates des DMP s'écrivent AAAAMMJJhhmmss", "The dates of the DMPs are written YYYYMMDDhhmmss"
    ),
    mend=Text("AAAAMMJJhhmmss, en UTC", "YYYYMMDDhhmmss, in UTC"),
    confidence="B",
)
def dates(view: Judged) -> Iterator[Finding]:
    for item in view.in_payload(
        f"{_ROWS}/*[starts-with(local-name(), 'last') and contains(local-name(), 'Date')]"
    ):
        yield verdict(is_moment(safexml.text(item)), view.at(item), safexml.text(item), "YYYYMMDDhhmmss")


@check(
    "LIST-SINCE",
    on=ON,
    side="response",
    group=LIST,
    clause=f"{CLAUSE} : LASTDOC, documents ajoutés depuis startDate",
    title=Text(
        "Avec LASTDOC, chaque DMP rendu a un document ajouté depuis startDate",
        "With LASTDOC, each DMP given has a document added since startDate",
    ),
    mend=Text(
        "ne rendre que les DMP dont lastAddDate suit startDate",
        "give only the DMPs whose lastAddDate follows startDate",
    ),
    confidence="C",
)
def since(view: Judged) -> Iterator[Finding]:
    asked = view.request.in_payload("self::pat:patientList[pat:dateType = 'LASTDOC']/pat:startDate")
    start = safexml.text(asked[0]) if asked else ""
    for row in view.in_payload(_ROWS) if is_moment(start) else ():
        added = string(row, "pat:lastAddDate")
        yield verdict(is_moment(added) and added >= start, view.at(row), added, f">= {start}")


@check(
    "LIST-ONCE",
    on=ON,
    side="response",
    group=LIST,
    clause=CLAUSE,
    title=Text("Un DMP n'est rendu qu'une fois", "A DMP is given once only"),
    mend=Text("une ligne par DMP", "one line a DMP"),
)
def once(view: Judged) -> Iterator[Finding]:
    seen: set[str] = set()
    for row in view.in_payload(_ROWS):
        number = string(
            row, f"pat:patientIdentifier[pat:nationalIdType = '{view.declared.ins_oid}']/pat:nationalId"
        )
        yield verdict(number not in seen, view.at(row), number, "1 ×")
        seen.add(number)
