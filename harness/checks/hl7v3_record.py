"""Rules of the record that TD0.2 and TD1.3a return: authorisation, médecin traitant, person, observations, closing.

Its state and its INS are in `hl7v3`, the administrative data of TD1.3a in `gdp_answer`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from harness.checks.forms import is_uuid
from harness.checks.gdp_person import QUALITIES, QUALITY_SYSTEM
from harness.checks.hl7v3 import HL7, QUERIES, RECORD
from harness.checks.judged import Judged
from harness.checks.rule import Finding, check, verdict
from harness.checks.xpath import XSI_TYPE, attribute, first, nodes, shown, string, strings
from protocol.errors import Text

_TEST: Final = ("TD0.2",)
_PATIENT: Final = "hl7:controlActProcess/hl7:subject/hl7:registrationEvent/hl7:subject1/hl7:patient"
_PERSON: Final = f"{_PATIENT}/hl7:patientPerson"
_MT: Final = "1.2.250.1.213.4.1.2.6.3"
_CLOSING: Final = "1.2.250.1.213.4.1.2.4"
_CIVILITIES: Final = ("M", "Mme", "Mlle")
#: Code of an observation -> its system.
_OBSERVED: Final = {
    "COMPTE_INTERNET_OUVERT": "1.2.250.1.213.4.1.2.9",
    "RATTACHEMENT_ENS": "1.2.250.1.213.4.1.2.3",
    "OPPOSITION_BRIS_DE_GLACE": "1.2.250.1.213.4.1.2.3",
    "OPPOSITION_ACCES_URGENCE": "1.2.250.1.213.4.1.2.3",
}
_CONTACT: Final = re.compile(r"tel:[+0-9().\s-]{4,}|mailto:[^@\s]+@[^@\s]+")


@check(
    "HL7-AUTHORISATION-THERE",
    on=_TEST,
    side="response",
    group=HL7,
    clause=f"{RECORD} : attentionLine AUTORISATION",
    title=Text(
        "Un dossier actif vient avec l'état de l'autorisation, une fois, de type CV",
        "An active record comes with the state of the authorisation, once, of type CV",
    ),
    mend=Text("une attentionLine AUTORISATION", "one attentionLine AUTORISATION"),
    confidence="B",
    default="warning",
)
def authorisation_there(view: Judged) -> Iterator[Finding]:
    if view.payload is None or string(view.payload, f"{_PATIENT}/hl7:statusCode/@code") != "active":
        return
    lines = view.in_payload("hl7:attentionLine[hl7:keyWordText/@code='AUTORISATION']")
    kinds = [
        attribute(one, XSI_TYPE).rpartition(":")[2] for line in lines for one in nodes(line, "hl7:value")
    ]
    yield verdict(kinds == ["CV"], view.at(view.payload) + "/hl7:attentionLine", shown(kinds), "1 × CV")


@check(
    "HL7-EVENT",
    on=QUERIES,
    side="response",
    group=HL7,
    clause=f"{RECORD} : registrationEvent/statusCode",
    title=Text("L'enregistrement rendu est achevé", "The registration returned is completed"),
    mend=Text("statusCode completed", "statusCode completed"),
    confidence="B",
    default="warning",
)
def event(view: Judged) -> Iterator[Finding]:
    for item in view.in_payload("hl7:controlActProcess/hl7:subject/hl7:registrationEvent"):
        found = string(item, "hl7:statusCode/@code")
        yield verdict(found == "completed", view.at(item) + "/hl7:statusCode/@code", found, "completed")


@check(
    "HL7-TREATING",
    on=_TEST,
    side="response",
    group=HL7,
    clause=f"{RECORD} : attentionLine STATUT_MT, facultative",
    title=Text(
        "Le statut de médecin traitant est un booléen, une fois au plus",
        "The status of médecin traitant is a boolean, at most once",
    ),
    mend=Text(f'keyWordText STATUT_MT du système {_MT}, value xsi:type="BL"', f"system {_MT}, a BL value"),
)
def treating(view: Judged) -> Iterator[Finding]:
    lines = view.in_payload("hl7:attentionLine[hl7:keyWordText/@code='STATUT_MT']")
    for line in lines:
        value = first(line, "hl7:value")
        kind = "" if value is None else attribute(value, XSI_TYPE).rpartition(":")[2]
        said = "" if value is None else attribute(value, "value")
        system = string(line, "hl7:keyWordText/@codeSystem")
        good = (kind, system) == ("BL", _MT) and said in ("true", "false") and len(lines) == 1
        yield verdict(good, view.at(line), f"{kind} {said} {system}", f"BL true | false {_MT}")


@check(
    "HL7-RECORD-TRAITS",
    on=_TEST,
    side="response",
    group=HL7,
    clause=f"{RECORD} : patientPerson",
    title=Text(
        "Le dossier rendu porte noms, prénom, sexe et date de naissance",
        "The record returned carries names, first name, sex and birth date",
    ),
    mend=Text("family SP et BR, given, M, F ou U, AAAAMMJJ", "family SP and BR, given, M, F or U, YYYYMMDD"),
)
def traits(view: Judged) -> Iterator[Finding]:
    for person in view.in_payload(_PERSON):
        where = view.at(person)
        families = sorted(strings(person, "hl7:name/hl7:family/@qualifier"))
        good = families in (["SP"], ["BR"], ["BR", "SP"])
        yield verdict(good, where + "/hl7:name/hl7:family/@qualifier", shown(families), "SP [BR]")
        given = [text for text in strings(person, "hl7:name/hl7:given") if text]
        yield verdict(bool(given), where + "/hl7:name/hl7:given", shown(given), "1..n")
        sex = string(person, "hl7:administrativeGenderCode/@code")
        yield verdict(sex in ("M", "F", "U"), where + "/hl7:administrativeGenderCode/@code", sex, "M | F | U")
        birth = string(person, "hl7:birthTime/@value")
        # A lunar date has a month or a day that no calendar holds.
        yield verdict(
            re.fullmatch("[12][0-9]{7}", birth) is not None,
            where + "/hl7:birthTime/@value",
            birth,
            "YYYYMMDD",
        )


@check(
    "HL7-CIVILITY",
    on=QUERIES,
    side="response",
    group=HL7,
    clause=f"{RECORD} : name/prefix",
    title=Text("La civilité est M, Mme ou Mlle", "The civility is M, Mme or Mlle"),
    mend=Text("M, Mme ou Mlle", "M, Mme or Mlle"),
    confidence="B",
    default="warning",
)
def civility(view: Judged) -> Iterator[Finding]:
    for item in view.in_payload(f"{_PERSON}/hl7:name/hl7:prefix"):
        found = string(item, "string()").strip()
        yield verdict(found in _CIVILITIES, view.at(item), found, " | ".join(_CIVILITIES))


@check(
    "HL7-RECORD-CONTACT",
    on=_TEST,
    side="response",
    group=HL7,
    clause=f"{RECORD} : telecom, canaux du mot de passe à usage unique",
    title=Text(
        "Les canaux rendus sont un mobile en tel: ou une adresse en mailto:",
        "The channels returned are a mobile as tel: or an address as mailto:",
    ),
    mend=Text("use MC et tel:, ou mailto:", "use MC and tel:, or mailto:"),
    confidence="B",
    default="warning",
)
def contacts(view: Judged) -> Iterator[Finding]:
    for item in view.in_payload(f"{_PERSON}/hl7:telecom"):
        value, use = attribute(item, "value"), attribute(item, "use")
        good = _CONTACT.fullmatch(value) is not None and use in ("MC", "HP", "")
        yield verdict(good, view.at(item), f"{use} {value}".strip(), "tel: (MC | HP) | mailto:")


@check(
    "HL7-RECORD-OBSERVATIONS",
    on=QUERIES,
    side="response",
    group=HL7,
    clause=f"{RECORD} : administrativeObservation",
    title=Text(
        "Chaque observation connue du dossier est un booléen, une fois, dans son système",
        "Each known observation of the record is a boolean, once, in its system",
    ),
    mend=Text(
        "COMPTE_INTERNET_OUVERT, RATTACHEMENT_ENS, oppositions ; xsi:type BL",
        "COMPTE_INTERNET_OUVERT, RATTACHEMENT_ENS, oppositions; xsi:type BL",
    ),
    confidence="B",
)
def observations(view: Judged) -> Iterator[Finding]:
    for patient in view.in_payload(_PATIENT):
        seen: Counter[str] = Counter()
        for item in nodes(patient, "hl7:subjectOf/hl7:administrativeObservation"):
            code, system = string(item, "hl7:code/@code"), string(item, "hl7:code/@codeSystem")
            if code not in _OBSERVED:
                continue  # one that the interface doesn't tell of may be of any type
            value = first(item, "hl7:value")
            kind = "" if value is None else attribute(value, XSI_TYPE).rpartition(":")[2]
            said = "" if value is None else attribute(value, "value")
            seen[code] += 1
            good = _OBSERVED[code] == system and kind == "BL" and said in ("true", "false")
            expected = f"{_OBSERVED[code]} BL true | false, 1 ×"
            yield verdict(
                good and seen[code] == 1, view.at(item), f"{code}^{system} {kind} {said}".strip(), expected
            )


@check(
    "HL7-ACCOUNT-THERE",
    on=_TEST,
    side="response",
    group=HL7,
    clause=f"{RECORD} : COMPTE_INTERNET_OUVERT ; essai 0.2-100",
    title=Text(
        "Un dossier actif dit si le compte internet est ouvert",
        "An active record tells whether the internet account is open",
    ),
    mend=Text("une observation COMPTE_INTERNET_OUVERT", "one observation COMPTE_INTERNET_OUVERT"),
    confidence="B",
    default="warning",
)
def account_there(view: Judged) -> Iterator[Finding]:
    for patient in view.in_payload(_PATIENT):
        if string(patient, "hl7:statusCode/@code") == "active":
            codes = strings(patient, "hl7:subjectOf/hl7:administrativeObservation/hl7:code/@code")
            found = codes.count("COMPTE_INTERNET_OUVERT")
            yield verdict(found == 1, view.at(patient) + "/hl7:subjectOf", str(found), "1")


@check(
    "HL7-CLOSED",
    on=QUERIES,
    side="response",
    group=HL7,
    clause=f"{RECORD} : reasonOf/detectedIssueEvent d'un dossier fermé",
    title=Text(
        "Un dossier fermé dit le code et le motif de sa fermeture",
        "A closed record tells the code and the reason of its closing",
    ),
    mend=Text(f"code du système {_CLOSING} et text", f"a code of system {_CLOSING} and a text"),
    confidence="B",
    default="warning",
)
def closed(view: Judged) -> Iterator[Finding]:
    if view.payload is None or string(view.payload, f"{_PATIENT}/hl7:statusCode/@code") != "terminated":
        return
    path = "hl7:controlActProcess/hl7:reasonOf/hl7:detectedIssueEvent"
    code, system = (
        string(view.payload, f"{path}/hl7:code/@code"),
        string(view.payload, f"{path}/hl7:code/@codeSystem"),
    )
    text = string(view.payload, f"{path}/hl7:text")
    found = f"{code}^{system} {text}".strip()
    good = bool(code) and system == _CLOSING and bool(text.strip())
    yield verdict(good, f"{view.at(view.payload)}/{path}", found, f"code^{_CLOSING} + texte / text")


@check(
    "HL7-QUERY-ECHO",
    on=QUERIES,
    side="response",
    group=HL7,
    clause=f"{RECORD} : queryAck/queryId",
    title=Text("La réponse reprend l'identifiant de la question", "The answer repeats the id of the query"),
    mend=Text("recopier queryId", "copy queryId"),
)
def query_echo(view: Judged) -> Iterator[Finding]:
    asked, told = view.request.payload, view.payload
    if asked is None or told is None or string(told, "hl7:acknowledgement/@typeCode") != "AA":
        return
    sent = first(asked, "hl7:controlActProcess/hl7:queryByParameter/hl7:queryId")
    back = first(told, "hl7:controlActProcess/hl7:queryAck/hl7:queryId")
    wanted, found = (
        "^".join((attribute(one, "extension"), attribute(one, "root"))) if one is not None else ""
        for one in (sent, back)
    )
    where = view.at(told) + "/hl7:controlActProcess/hl7:queryAck/hl7:queryId"
    yield verdict(found == wanted, where, found, wanted)


@check(
    "HL7-ANSWER-ID",
    on=(*QUERIES, "TD0.5"),
    side="response",
    group=HL7,
    clause=f"{RECORD} ; 5.2 : id/@root = UUID dans 308 et 306",
    title=Text("La réponse a pour identifiant un UUID", "The answer has a UUID for its identifier"),
    mend=Text("id/@root = UUID neuf", "id/@root = a new UUID"),
    confidence="B",
    default="warning",
)
def answer_id(view: Judged) -> Iterator[Finding]:
    for item in view.in_payload("hl7:id") if view.fault is None else []:
        found = attribute(item, "root")
        yield verdict(is_uuid(found), view.at(item) + "/@root", found, "UUID")


@check(
    "GDP-RECORD-REPRESENTATIVE",
    on=("TD1.3a",),
    side="response",
    group="GDP-ANSWER",
    clause="messages GDP, 5.4 : personalRelationship",
    title=Text(
        "Le représentant légal rendu a une qualité connue et un nom",
        "The legal representative returned has a known quality and a name",
    ),
    mend=Text("un code de la liste (FTH, MTH… RESPRSN), un nom", "a code of the list, a name"),
    confidence="B",
    default="warning",
)
def representative(view: Judged) -> Iterator[Finding]:
    for item in view.in_payload(f"{_PERSON}/hl7:personalRelationship"):
        code, system = string(item, "hl7:code/@code"), string(item, "hl7:code/@codeSystem")
        name = string(item, "hl7:relationshipHolder1/hl7:name/hl7:family")
        good = code in QUALITIES and system == QUALITY_SYSTEM and bool(name)
        yield verdict(
            good, view.at(item), f"{code}^{system} {name}".strip(), f"FTH | …^{QUALITY_SYSTEM} + nom / name"
        )
