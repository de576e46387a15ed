"""Rules over the answers of a run: what the registry accepts, and tells, must agree with what it accepted before.

The registry's own rules of ITI-41 and ITI-42, as far as the frames of a run show them: an id that was used, a document
that was replaced, a patient without a record. What only the registry knows is judged by cases of the plan.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from lxml import etree

from harness.checks.fed import entries_told, fed
from harness.checks.forms import cx
from harness.checks.hl7v3 import message
from harness.checks.judged import Judged
from harness.checks.rim import FEEDING, associations, externals, sets
from harness.checks.rule import Answered, Finding, check_answers, verdict
from harness.checks.vihf_attributes import RESOURCE
from harness.checks.xpath import attribute, string
from protocol import facts
from protocol.errors import Text

XDS: Final = "XDS-RESPONSE"
_DEMANDED: Final = "refusé / refused"
_REPLACES: Final = (facts.RPLC, facts.XFRM_RPLC)
_RELATES: Final = (*_REPLACES, facts.XFRM, facts.APND)


def _accepted(view: Judged) -> bool:
    """Whether a submission was stored."""
    if not _answered(view) or view.payload is None:
        return False
    return string(view.payload, "self::rs:RegistryResponse/@status") == facts.SUCCESS


def _answered(view: Judged) -> bool:
    return view.transaction.id in FEEDING and view.present and view.payload is not None


def _said(view: Judged) -> str:
    """What an answer to a submission says, for the eye."""
    if view.payload is None or view.fault is not None:
        return "Fault"
    code = string(view.payload, "descendant::rs:RegistryError/@errorCode")
    status = string(view.payload, "self::rs:RegistryResponse/@status").rpartition(":")[2]
    return f"{status} {code}".strip()


def _at(one: Answered, finding: Finding) -> Finding:
    return replace(finding, exchange=one.view.exchange.id)


def _set_ids(view: Judged) -> list[str]:
    return [
        attribute(held, "value")
        for item in sets(view.request)
        for held in externals(item, facts.SS_UNIQUE_ID)
    ]


def _targets(view: Judged, kinds: tuple[str, ...]) -> list[str]:
    return [
        attribute(link, "targetObject")
        for link in associations(view.request)
        if attribute(link, "associationType") in kinds
    ]


def _patient(view: Judged) -> str:
    said = cx(view.request.vihf(RESOURCE))
    return said[0] if said is not None else ""


@check_answers(
    "SEQ-SET-ONCE",
    group=XDS,
    clause="ITI-42 : uniqueId de lot déjà au registre (XDSDuplicateUniqueIdInRegistry)",
    title=Text(
        "Un lot déjà enregistré n'est pas enregistré une seconde fois",
        "A submission set that was registered isn't registered a second time",
    ),
    mend=Text("répondre XDSDuplicateUniqueIdInRegistry", "answer XDSDuplicateUniqueIdInRegistry"),
)
def set_once(answers: Sequence[Answered]) -> Iterator[Finding]:
    known: set[str] = set()
    for one in (item for item in answers if _answered(item.view)):
        for name in _set_ids(one.view):
            if name in known and one.judged:
                good = not _accepted(one.view)
                yield _at(one, verdict(good, "response:RegistryResponse", _said(one.view), _DEMANDED))
        if _accepted(one.view):
            known |= set(_set_ids(one.view))


@check_answers(
    "SEQ-DOCUMENT-OTHER",
    group=XDS,
    clause="ITI-42 : même uniqueId, autre empreinte (XDSNonIdenticalHash, XDSNonIdenticalSize)",
    title=Text(
        "Un autre document sous un uniqueId déjà enregistré est refusé",
        "Another document under a uniqueId that was registered is refused",
    ),
    mend=Text("répondre XDSNonIdenticalHash", "answer XDSNonIdenticalHash"),
)
def document_other(answers: Sequence[Answered]) -> Iterator[Finding]:
    for one, same in _again(answers):
        if not same:
            good = not _accepted(one.view)
            yield _at(one, verdict(good, "response:RegistryResponse", _said(one.view), _DEMANDED))


@check_answers(
    "SEQ-DOCUMENT-SAME",
    group=XDS,
    clause="ITI-42 : même uniqueId, même empreinte et même taille : accepté",
    title=Text(
        "Le même document, déposé de nouveau sous son uniqueId, est accepté",
        "The same document, fed again under its uniqueId, is accepted",
    ),
    mend=Text("accepter une seconde fiche du même document", "accept a second entry of the same document"),
    confidence="C",
    default="info",
)
def document_same(answers: Sequence[Answered]) -> Iterator[Finding]:
    for one, same in _again(answers):
        if same:
            said = _said(one.view)
            yield _at(one, verdict(_accepted(one.view), "response:RegistryResponse", said, "Success"))


def _again(answers: Sequence[Answered]) -> Iterator[tuple[Answered, bool]]:
    """Submissions of a document whose uniqueId was accepted before, in another set; whether it is the same bytes."""
    known: dict[str, str] = {}
    used: set[str] = set()
    for one in (item for item in answers if _answered(item.view)):
        documents = fed(one.view.request)
        if one.judged and not used & set(_set_ids(one.view)):
            for item in documents:
                if item.unique_id in known:
                    yield one, known[item.unique_id] == item.sha256
        if _accepted(one.view):
            used |= set(_set_ids(one.view))
            for item in documents:
                known.setdefault(item.unique_id, item.sha256)


@check_answers(
    "SEQ-REPLACED-ONCE",
    group=XDS,
    clause="ITI-42 : cible d'une relation encore Approved (XDSRegistryDeprecatedDocumentError)",
    title=Text(
        "Un document déjà remplacé n'est pas remplacé de nouveau",
        "A document that was replaced isn't replaced again",
    ),
    mend=Text("répondre XDSRegistryDeprecatedDocumentError", "answer XDSRegistryDeprecatedDocumentError"),
)
def replaced_once(answers: Sequence[Answered]) -> Iterator[Finding]:
    gone: set[str] = set()
    for one in (item for item in answers if _answered(item.view)):
        for target in _targets(one.view, _RELATES):
            if target in gone and one.judged:
                good = not _accepted(one.view)
                yield _at(one, verdict(good, "response:RegistryResponse", _said(one.view), _DEMANDED))
        if _accepted(one.view):
            gone |= set(_targets(one.view, _REPLACES))


@check_answers(
    "SEQ-DEPRECATED",
    group=XDS,
    clause="ITI-42 : un document remplacé devient Deprecated, avec ce qui lui était attaché",
    title=Text(
        "Un document remplacé, et ce qui lui était attaché, n'est plus rendu Approved",
        "A document that was replaced, and what was attached to it, is no longer told Approved",
    ),
    mend=Text("status Deprecated dès que le remplaçant est accepté", "status Deprecated once it is replaced"),
)
def deprecated(answers: Sequence[Answered]) -> Iterator[Finding]:
    """What was attached is known by the uniqueId of the document of the run that was attached."""
    gone: set[str] = set()
    attached: dict[str, set[str]] = {}
    ids: dict[str, str] = {}
    for one in answers:
        if one.view.transaction.id == "TD3.1" and one.view.present:
            for name, entry in entries_told(one.view):
                ids[attribute(entry, "id")] = name
                if one.judged and name in gone:
                    yield _at(one, _status(one.view, entry))
        if _accepted(one.view):
            for source, target, kind in _links(one.view):
                name = ids.get(target, "")
                if kind in _REPLACES and name:
                    gone |= _and_attached(name, attached)
                elif name:
                    attached.setdefault(name, set()).add(source)


def _status(view: Judged, entry: etree._Element) -> Finding:
    found = attribute(entry, "status").rpartition(":")[2]
    return verdict(found != "Approved", view.at(entry) + "/@status", found, "≠ Approved")


def _links(view: Judged) -> Iterator[tuple[str, str, str]]:
    """(uniqueId of the source, id of the target, kind) of each relation of a submission."""
    named = {item.entry: item.unique_id for item in fed(view.request)}
    for link in associations(view.request):
        kind = attribute(link, "associationType")
        if kind in _RELATES:
            yield named.get(attribute(link, "sourceObject"), ""), attribute(link, "targetObject"), kind


def _and_attached(name: str, attached: dict[str, set[str]]) -> set[str]:
    found, todo = set(), [name]
    while todo:
        one = todo.pop()
        if one not in found:
            found.add(one)
            todo += attached.get(one, ())
    return found


@check_answers(
    "SEQ-TARGET-PATIENT",
    group=XDS,
    clause="ITI-42 : patient de la cible = patient du dépôt (XDSPatientIdDoesNotMatch)",
    title=Text(
        "Un document n'est pas relié à celui d'un autre patient",
        "A document isn't related to that of another patient",
    ),
    mend=Text("répondre XDSPatientIdDoesNotMatch", "answer XDSPatientIdDoesNotMatch"),
    confidence="B",
    default="warning",
)
def target_patient(answers: Sequence[Answered]) -> Iterator[Finding]:
    """The patient of the target is what a search of the same run told of it. A patient may have had another INS."""
    owner: dict[str, str] = {}
    for one in answers:
        if one.view.transaction.id == "TD3.1" and one.view.present:
            for _, entry in entries_told(one.view):
                for held in externals(entry, facts.DE_PATIENT_ID):
                    owner[attribute(entry, "id")] = attribute(held, "value").partition("^")[0]
        if one.judged and _answered(one.view):
            own = _patient(one.view)
            for target in _targets(one.view, _RELATES):
                if owner.get(target) and own:
                    good = owner[target] == own or not _accepted(one.view)
                    yield _at(one, verdict(good, "response:RegistryResponse", _said(one.view), _DEMANDED))


@check_answers(
    "SEQ-NO-RECORD",
    group=XDS,
    clause="ITI-42 : patient inconnu du registre ; TD0.2 a dit qu'il n'a pas de DMP",
    title=Text(
        "Rien n'est accepté pour un patient dont la plateforme a dit qu'il n'a pas de DMP",
        "Nothing is accepted for a patient of whom the platform said that there is no record",
    ),
    mend=Text("refuser, ou rendre le dossier à TD0.2", "refuse, or tell of the record in TD0.2"),
    confidence="C",
    default="warning",
)
def no_record(answers: Sequence[Answered]) -> Iterator[Finding]:
    absent: set[str] = set()
    for one in answers:
        patient, done = _patient(one.view), _done(one.view)
        if one.view.transaction.id == "TD0.2" and done in ("OK", "NF"):
            absent = absent | {patient} if done == "NF" else absent - {patient}
        elif one.view.transaction.id in ("TD1.1", "TD1.2"):
            absent = absent - {patient} if done == "AA" else absent
        elif one.judged and patient in absent and done:
            good = done not in ("OK", "Success", "AA")
            yield _at(one, verdict(good, "response:", f"{one.view.transaction.id} {done}", _DEMANDED))


def _done(view: Judged) -> str:
    """What came of a call: OK or NF of a query, AA of a registration, Success of a submission, "" for the rest."""
    if not view.present or view.payload is None:
        return ""
    told = message(view)
    if view.transaction.id in ("TD0.2", "TD1.3a"):
        path = "hl7:controlActProcess/hl7:queryAck/hl7:queryResponseCode/@code"
        return string(told, path) if told is not None else ""
    if view.transaction.id in ("TD1.1", "TD1.2", "TD1.3b", "TD1.4"):
        return string(told, "hl7:acknowledgement/@typeCode") if told is not None else ""
    return _said(view).partition(" ")[0] if view.transaction.id in FEEDING else ""
