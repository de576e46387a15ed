"""Rules of the search without INS (TD0.5): the answer, PRPA_IN201306UV02."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lxml import etree

from harness.checks.forms import ins_key, is_ins
from harness.checks.judged import Judged
from harness.checks.pdq import ON, PARAMETERS, PDQ, QUERY
from harness.checks.rule import Finding, check, verdict
from harness.checks.xpath import XSI_TYPE, attribute, nodes, string, strings
from protocol import facts
from protocol.errors import Text

ANSWER = "recherche sans INS : PRPA_IN201306UV02 ; IHE ITI-47"
MOST: Final = 10
_OPPOSITION: Final = "OPPOSITION_ACCES_URGENCE"
_OBSERVATIONS: Final = "1.2.250.1.213.4.1.2.3"
_EVENT: Final = "hl7:controlActProcess/hl7:subject/hl7:registrationEvent"
_PATIENT: Final = f"{_EVENT}/hl7:subject1/hl7:patient"


@check(
    "PDQ-ACKNOWLEDGEMENT",
    on=ON,
    side="response",
    group=PDQ,
    clause="recherche sans INS : acknowledgement/typeCode/@code, targetMessage",
    title=Text(
        "L'accusé de réception dit son type dans typeCode, renvoie à la question et explique un refus",
        "The acknowledgement tells its type in typeCode, names the question and explains a refusal",
    ),
    mend=Text(
        "typeCode/@code AA, AE ou AR ; id de la question ; code et texte en cas de refus",
        "typeCode/@code AA, AE or AR; id of the question; code and text on a refusal",
    ),
)
def acknowledgement(view: Judged) -> Iterator[Finding]:
    if view.payload is None or view.fault is not None:
        return
    where = view.at(view.payload) + "/hl7:acknowledgement"
    kind = string(view.payload, "hl7:acknowledgement/hl7:typeCode/@code")
    yield verdict(kind in ("AA", "AE", "AR"), where + "/hl7:typeCode", kind, "AA | AE | AR")
    asked = view.request.payload
    if asked is not None:
        sent = strings(asked, "hl7:id/@root") + strings(asked, "hl7:id/@extension")
        target = "hl7:acknowledgement/hl7:targetMessage/hl7:id"
        echo = strings(view.payload, f"{target}/@root") + strings(view.payload, f"{target}/@extension")
        yield verdict(echo == sent, where + "/hl7:targetMessage/hl7:id", "^".join(echo), "^".join(sent))
    if kind in ("AE", "AR"):
        detail = "hl7:acknowledgement/hl7:acknowledgementDetail"
        code, text = (
            string(view.payload, f"{detail}/hl7:code/@code"),
            string(view.payload, f"{detail}/hl7:text"),
        )
        yield verdict(bool(code and text), where, f"{code} {text}".strip(), "code + texte / text")


@check(
    "PDQ-COUNT",
    on=ON,
    side="response",
    group=PDQ,
    clause="recherche sans INS : queryAck, dix patients au plus",
    title=Text(
        "OK vient avec des patients, NF sans ; les nombres annoncés sont ceux de la réponse",
        "OK comes with patients, NF without; the counts told are those of the answer",
    ),
    mend=Text(
        "total = rendus + restants ; rendus = nombre de subject, dix au plus",
        "total = returned + remaining; returned = number of subject, ten at most",
    ),
    confidence="B",
)
def count(view: Judged) -> Iterator[Finding]:
    if view.payload is None or not _accepted(view):
        return
    ack = nodes(view.payload, "hl7:controlActProcess/hl7:queryAck")
    yield verdict(
        len(ack) == 1, view.at(view.payload) + "/hl7:controlActProcess/hl7:queryAck", str(len(ack)), "1"
    )
    for item in ack:
        shown = len(nodes(view.payload, _EVENT))
        code = string(item, "hl7:queryResponseCode/@code")
        yield verdict(
            code == ("OK" if shown else "NF"), view.at(item), f"{code}, {shown} subject", "OK ≥ 1 | NF 0"
        )
        told = [string(item, f"hl7:result{one}Quantity/@value") for one in ("Total", "Current", "Remaining")]
        total, current, rest = (int(one) if one.isdigit() else -1 for one in told)
        good = current == shown and total == current + rest and min(total, rest) >= 0
        yield verdict(
            good, view.at(item), f"{' / '.join(told)}, {shown} subject", "total = current + remaining"
        )
        yield verdict(shown <= MOST, view.at(item), str(shown), f"≤ {MOST}")


@check(
    "PDQ-CANDIDATE",
    on=ON,
    side="response",
    group=PDQ,
    clause="recherche sans INS : patient de la réponse",
    title=Text(
        "Chaque patient rendu a un INS juste, ses noms et sa naissance",
        "Each patient returned has a right INS, names and birth",
    ),
    mend=Text(
        "id de l'INS, noms BR, birthTime, sexe ; enregistrement actif",
        "id of the INS, BR name, birthTime, sex; active registration",
    ),
)
def candidate(view: Judged) -> Iterator[Finding]:
    for event in view.in_payload(_EVENT):
        status = string(event, "hl7:statusCode/@code")
        yield verdict(status == "active", view.at(event) + "/hl7:statusCode", status, "active")
        numbers = strings(event, f"hl7:subject1/hl7:patient/hl7:id[@root!='{facts.OID_INS_C}']/@extension")
        good = bool(numbers) and all(is_ins(one) and one[13:] == ins_key(one) for one in numbers)
        yield verdict(good, view.at(event) + "/hl7:subject1/hl7:patient/hl7:id", " | ".join(numbers), "INS")
        person = "hl7:subject1/hl7:patient/hl7:patientPerson"
        for path in (
            f"{person}/hl7:name/hl7:family[@qualifier='BR']",
            f"{person}/hl7:name/hl7:given",
            f"{person}/hl7:birthTime/@value",
            f"{person}/hl7:administrativeGenderCode/@code",
        ):
            value = string(event, path)
            yield verdict(bool(value), f"{view.at(event)}/{path}", value, "présent / present")


@check(
    "PDQ-SCORE",
    on=ON,
    side="response",
    group=PDQ,
    clause="recherche sans INS : queryMatchObservation POURCENTAGE",
    title=Text(
        "Chaque patient rendu a un score entier de 0 à 100, le meilleur d'abord",
        "Each patient returned has a whole score from 0 to 100, the best first",
    ),
    mend=Text("value xsi:type INT de 0 à 100", "value xsi:type INT from 0 to 100"),
)
def score(view: Judged) -> Iterator[Finding]:
    before = 100
    for patient in view.in_payload(_PATIENT):
        found = nodes(
            patient, "hl7:subjectOf1/hl7:queryMatchObservation[hl7:code/@code='POURCENTAGE']/hl7:value"
        )
        yield verdict(len(found) == 1, view.at(patient) + "/hl7:subjectOf1", str(len(found)), "1")
        for value in found:
            written = attribute(value, "value")
            whole = written.isascii() and written.isdigit() and int(written) <= 100
            good = whole and attribute(value, XSI_TYPE).rpartition(":")[2] == "INT"
            yield verdict(good, view.at(value), f"{attribute(value, XSI_TYPE)} {written}", "INT 0…100")
            if whole:
                yield verdict(int(written) <= before, view.at(value), written, f"≤ {before}")
                before = int(written)


@check(
    "PDQ-OPPOSITION",
    on=ON,
    side="response",
    group=PDQ,
    clause="recherche sans INS : OPPOSITION_ACCES_URGENCE de chaque patient",
    title=Text(
        "Chaque patient rendu dit s'il s'oppose à l'accès de la régulation",
        "Each patient returned tells whether access by régulation is opposed",
    ),
    mend=Text("administrativeObservation BL", "an administrativeObservation of type BL"),
)
def opposition(view: Judged) -> Iterator[Finding]:
    path = f"hl7:subjectOf2/hl7:administrativeObservation[hl7:code/@code='{_OPPOSITION}']"
    for patient in view.in_payload(_PATIENT):
        found = nodes(patient, path)
        yield verdict(len(found) == 1, view.at(patient) + "/hl7:subjectOf2", str(len(found)), "1")
        for item in found:
            told = string(item, "hl7:value/@value")
            system = string(item, "hl7:code/@codeSystem")
            yield verdict(
                told in ("true", "false") and system == _OBSERVATIONS,
                view.at(item),
                f"{told} {system}",
                f"true | false, {_OBSERVATIONS}",
            )


@check(
    "PDQ-FIT",
    on=ON,
    side="response",
    group=PDQ,
    clause="recherche sans INS : critères exacts (sans use SRCH)",
    title=Text(
        "Les patients rendus ont le sexe et la date de naissance demandés",
        "The patients returned have the sex and the birth date that were asked",
    ),
    mend=Text("ne rendre que ceux qui répondent aux critères", "return only those who fit the criteria"),
    confidence="B",
)
def fit(view: Judged) -> Iterator[Finding]:
    asked = view.request.payload
    if asked is None:
        return
    wanted = {
        "hl7:birthTime/@value": string(asked, f"{PARAMETERS}/hl7:livingSubjectBirthTime/hl7:value/@value"),
        "hl7:administrativeGenderCode/@code": string(
            asked, f"{PARAMETERS}/hl7:livingSubjectAdministrativeGender/hl7:value/@code"
        ),
    }
    for person in view.in_payload(f"{_PATIENT}/hl7:patientPerson"):
        for path, value in wanted.items():
            if value:
                found = string(person, path)
                yield verdict(found == value, f"{view.at(person)}/{path}", found, value)


@check(
    "PDQ-ECHO",
    on=ON,
    side="response",
    group=PDQ,
    clause="recherche sans INS : queryAck/queryId et queryByParameter repris",
    title=Text("La réponse reprend la question", "The answer repeats the question"),
    mend=Text("recopier queryId et les critères", "copy queryId and the criteria"),
)
def echo(view: Judged) -> Iterator[Finding]:
    asked = view.request.payload
    if view.payload is None or asked is None or view.fault is not None or not _accepted(view):
        return
    sent = _instance(asked, f"{QUERY}/hl7:queryId")
    for path in ("hl7:controlActProcess/hl7:queryAck/hl7:queryId", f"{QUERY}/hl7:queryId"):
        found = _instance(view.payload, path)
        yield verdict(found == sent, f"{view.at(view.payload)}/{path}", found, sent)
    told, wanted = _criteria(view.payload), _criteria(asked)
    yield verdict(
        told == wanted, f"{view.at(view.payload)}/{PARAMETERS}", " | ".join(told), " | ".join(wanted)
    )


def _accepted(view: Judged) -> bool:
    return view.payload is not None and string(view.payload, "hl7:acknowledgement/hl7:typeCode/@code") == "AA"


def _instance(payload: etree._Element, path: str) -> str:
    return f"{string(payload, path + '/@root')}^{string(payload, path + '/@extension')}"


def _criteria(payload: etree._Element) -> list[str]:
    """`name=value` of each criterion, in a fixed order."""
    found = []
    for value in nodes(payload, f"{PARAMETERS}/*/hl7:value"):
        parent = value.getparent()
        local = "" if parent is None else str(parent.tag).rpartition("}")[2]
        inside = [*strings(value, "@value|@code|@use"), *strings(value, "hl7:family|hl7:given")]
        inside += strings(value, "hl7:postalCode|hl7:city")
        found.append(f"{local}={' '.join(' '.join(one.split()) for one in inside)}")
    return sorted(found)
