"""Attributes of sets and entries: presence, number, form of the values (ITI TF-3 4.2.3, DMP options).

DMP options kept here: type and date after the authority of a CX, `IDNST` in XON.7, uniqueId an OID without
extension. Whether a code exists is left to `vocabulary`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

from mock_dmp.acceptance.engine import Breach
from mock_dmp.acceptance.xds.filing import MESSAGE, Filing, label
from mock_dmp.state.xds_objects import RegistryObject
from protocol import facts
from protocol.errors import IdentifierError
from protocol.identifiers.cx import parse_cx
from protocol.identifiers.dtm import dtm_of, parse_dtm
from protocol.identifiers.oid import parse_oid
from protocol.identifiers.xcn import parse_xcn
from protocol.identifiers.xon import parse_xon

_SLOTS = {
    "entry": ("creationTime", "languageCode", "sourcePatientId"),
    "set": ("submissionTime",),
}
_DMP_SLOTS = ("serviceStartTime", "legalAuthenticator")
_SINGLE = frozenset(
    {
        *("creationTime", "languageCode", "sourcePatientId", "submissionTime", "serviceStartTime"),
        *("serviceStopTime", "hash", "size", "repositoryUniqueId", "legalAuthenticator"),
    }
)
_ONE_CODE = {
    "classCode": facts.DE_CLASS,
    "typeCode": facts.DE_TYPE,
    "formatCode": facts.DE_FORMAT,
    "healthcareFacilityTypeCode": facts.DE_FACILITY,
    "practiceSettingCode": facts.DE_PRACTICE,
}
_IDENTIFIERS = {
    "entry": {"patientId": facts.DE_PATIENT_ID, "uniqueId": facts.DE_UNIQUE_ID},
    "set": {
        "patientId": facts.SS_PATIENT_ID,
        "uniqueId": facts.SS_UNIQUE_ID,
        "sourceId": facts.SS_SOURCE_ID,
    },
}
_TIMES = ("creationTime", "serviceStartTime", "serviceStopTime", "submissionTime")
_SHA1 = re.compile(r"[0-9a-fA-F]{40}")
_SIZE = re.compile(r"[0-9]{1,18}")
_MIME = re.compile(r"\w+/[-+.\w]+")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_PATIENT_INFO = re.compile(r"PID-(3|5|7|8|11|13|14|15|16|18|21)\|.*", re.DOTALL)
_MAX_TITLE = 128


@MESSAGE.rule("XDS-CARDINALITY")
def required(filing: Filing) -> Iterator[Breach]:
    """What IHE requires of every set and entry at ITI-41."""
    for item in filing.sent.objects:
        for name in _SLOTS[item.kind]:
            if not item.slot(name):
                yield Breach(label(item, name), "absent", "une valeur")
        for name, scheme in _IDENTIFIERS[item.kind].items():
            found = [part for part in item.identifiers if part.scheme == scheme]
            if len(found) != 1 or not found[0].value:
                yield Breach(label(item, name), f"{len(found)} ExternalIdentifier", "un, avec une valeur")
        yield from _required_codes(item)
        if item.kind == "entry" and not item.mime_type:
            yield Breach(label(item, "mimeType"), "absent", "type/sous-type")


def _required_codes(item: RegistryObject) -> Iterator[Breach]:
    codes = {"contentTypeCode": facts.SS_CONTENT_TYPE} if item.kind == "set" else _ONE_CODE
    for name, scheme in codes.items():
        count = len(item.classified(scheme))
        if count != 1:
            yield Breach(label(item, name), f"{count} classification(s)", "une")
    if item.kind == "entry" and not item.classified(facts.DE_CONFIDENTIALITY):
        yield Breach(label(item, "confidentialityCode"), "absent", "au moins une classification")


@MESSAGE.rule("XDS-DMP-REQUIRED")
def required_by_the_dmp(filing: Filing) -> Iterator[Breach]:
    """What the DMP requires beyond IHE; the signature entry needs less."""
    for item in filing.sent.objects:
        if not item.authors:
            yield Breach(label(item, "author"), "absent", "au moins un auteur")
    for entry in filing.document_entries:
        for name in _DMP_SLOTS:
            if not entry.slot(name):
                yield Breach(label(entry, name), "absent", "une valeur")
        if not entry.title:
            yield Breach(label(entry, "title"), "absent", "un titre")
        if not any(value.startswith("PID-5|") for value in entry.values("sourcePatientInfo")):
            yield Breach(label(entry, "sourcePatientInfo"), "sans PID-5", "PID-5|NOM^PRENOM^^^^^L")


@MESSAGE.rule("XDS-CARDINALITY")
def single_value(filing: Filing) -> Iterator[Breach]:
    """Slots that take one value have one (ITI TF-3 table 4.2.3.2-1)."""
    for item in filing.sent.objects:
        for slot in item.slots:
            if slot.name in _SINGLE and len(slot.values) > 1:
                yield Breach(label(item, slot.name), f"{len(slot.values)} valeurs", "une seule")


@MESSAGE.rule("XDS-FORMATS")
def object_type(filing: Filing) -> Iterator[Breach]:
    """Stable documents only: on-demand ones come by ITI-61."""
    for entry in filing.sent.entries:
        if entry.object_type != facts.STABLE_DOCUMENT:
            yield Breach(label(entry, "objectType"), entry.object_type or "absent", facts.STABLE_DOCUMENT)


@MESSAGE.rule("XDS-OID-UNIQUE-ID")
def unique_id_is_an_oid(filing: Filing) -> Iterator[Breach]:
    """uniqueId and sourceId are OIDs; the DMP does not take `OID^extension` (EX_2.1-1130)."""
    for item in filing.sent.objects:
        if item.unique_id:
            yield from _form(label(item, "uniqueId"), item.unique_id, parse_oid, "un OID, sans extension")
        source = item.identifier(facts.SS_SOURCE_ID)
        if source:
            yield from _form(label(item, "sourceId"), source, parse_oid, "un OID")


@MESSAGE.rule("XDS-FORMATS")
def times(filing: Filing) -> Iterator[Breach]:
    """DTM in UTC, of any precision (ITI TF-3 table 4.2.3.1.7-2)."""
    for item in filing.sent.objects:
        for name in _TIMES:
            if item.slot(name):
                yield from _form(
                    label(item, name), item.slot(name), parse_dtm, "AAAA[MM[JJ[hh[mm[ss]]]]] en UTC"
                )


@MESSAGE.rule("XDS-FORMATS")
def time_order(filing: Filing) -> Iterator[Breach]:
    """A service does not end before it starts."""
    for entry in filing.sent.entries:
        try:
            start, stop = parse_dtm(entry.slot("serviceStartTime")), parse_dtm(entry.slot("serviceStopTime"))
        except IdentifierError:
            continue  # absent, or already said by XDS-TIME
        if start.start >= stop.end:
            yield Breach(label(entry, "serviceStopTime"), str(stop), f"pas avant serviceStartTime {start}")


@MESSAGE.rule("XDS-SUBMISSION-TIME")
def submission_not_ahead(filing: Filing) -> Iterator[Breach]:
    """Nothing is submitted in the future, but for the drift of two clocks; inferred."""
    latest = filing.now + timedelta(seconds=int(filing.settings.switch("submission_ahead_seconds")))
    for item in filing.sent.sets:
        try:
            told = parse_dtm(item.slot("submissionTime"))
        except IdentifierError:
            continue  # absent, or already said by XDS-FORMATS
        if told.start > latest:
            yield Breach(label(item, "submissionTime"), str(told), f"pas après {dtm_of(latest)} (UTC)")


@MESSAGE.rule("XDS-PATIENT-ID-FORMAT")
def patient_id_form(filing: Filing) -> Iterator[Breach]:
    """CX with its authority; type and date after it are a national option."""
    for item in filing.sent.objects:
        if item.patient_id:
            yield from _form(label(item, "patientId"), item.patient_id, parse_cx, "INS^^^&OID&ISO^NH")
        source = item.slot("sourcePatientId")
        if source:
            yield from _form(label(item, "sourcePatientId"), source, parse_cx, "id^^^&OID&ISO^PI")


@MESSAGE.rule("XDS-FORMATS")
def patient_info(filing: Filing) -> Iterator[Breach]:
    """Fields of PID that sourcePatientInfo may carry (ITI TF-3 4.2.3.2.23, DMP model)."""
    for entry in filing.sent.entries:
        for value in entry.values("sourcePatientInfo"):
            if not _PATIENT_INFO.fullmatch(value):
                yield Breach(
                    label(entry, "sourcePatientInfo"), value, "PID-3, 5, 7, 8, 11, 13 à 16, 18 ou 21"
                )


@MESSAGE.rule("XDS-FORMATS")
def author_form(filing: Filing) -> Iterator[Breach]:
    """One authorPerson (XCN) an author, institutions in XON, empty nodeRepresentation."""
    for item in filing.sent.objects:
        for author in item.authors:
            people = author.values("authorPerson")
            if author.code:
                yield Breach(label(item, "author, nodeRepresentation"), author.code, "vide")
            if len(people) != 1:
                yield Breach(label(item, "authorPerson"), f"{len(people)} valeur(s)", "une par auteur")
            for person in people:
                yield from _form(label(item, "authorPerson"), person, parse_xcn, "XCN")
            for institution in author.values("authorInstitution"):
                yield from _form(label(item, "authorInstitution"), institution, parse_xon, "XON")
        if item.slot("legalAuthenticator"):
            yield from _form(
                label(item, "legalAuthenticator"), item.slot("legalAuthenticator"), parse_xcn, "XCN"
            )


@MESSAGE.rule("XDS-FORMATS")
def hash_form(filing: Filing) -> Iterator[Breach]:
    """SHA-1 in hexadecimal, size in bytes (ITI TF-3 4.2.3.2.10, 4.2.3.2.25)."""
    for entry in filing.sent.entries:
        declared, size = entry.slot("hash"), entry.slot("size")
        if declared and not _SHA1.fullmatch(declared):
            yield Breach(label(entry, "hash"), declared, "SHA-1, 40 chiffres hexadécimaux")
        if size and not _SIZE.fullmatch(size):
            yield Breach(label(entry, "size"), size, "un nombre d'octets")


@MESSAGE.rule("XDS-FORMATS")
def language(filing: Filing) -> Iterator[Breach]:
    """languageCode is a language tag (ITI TF-3 4.2.3.2.13)."""
    for entry in filing.sent.entries:
        value = entry.slot("languageCode")
        if value and not _LANGUAGE.fullmatch(value):
            yield Breach(label(entry, "languageCode"), value, "fr-FR")


@MESSAGE.rule("XDS-FORMATS")
def title_length(filing: Filing) -> Iterator[Breach]:
    """128 characters at most (ITI TF-3 4.2.3.2.28)."""
    for item in filing.sent.objects:
        if len(item.title) > _MAX_TITLE:
            yield Breach(label(item, "title"), f"{len(item.title)} caractères", f"{_MAX_TITLE} au plus")


@MESSAGE.rule("XDS-FORMATS")
def mime_type(filing: Filing) -> Iterator[Breach]:
    """mimeType has a type and a subtype."""
    for entry in filing.sent.entries:
        if entry.mime_type and not _MIME.fullmatch(entry.mime_type):
            yield Breach(label(entry, "mimeType"), entry.mime_type, "type/sous-type")


@MESSAGE.rule("XDS-FORMATS")
def code_form(filing: Filing) -> Iterator[Breach]:
    """A code has its value, exactly one coding scheme and a display name (ITI TF-3 4.2.3.1.2)."""
    for item in filing.sent.objects:
        for part in item.classifications:
            if part.node or part.scheme in (facts.SS_AUTHOR, facts.DE_AUTHOR):
                continue
            where = f"{label(item)}, classification {part.scheme}"
            if not part.code:
                yield Breach(f"{where}, nodeRepresentation", "absent", "un code")
            if len(part.values("codingScheme")) != 1:
                yield Breach(
                    f"{where}, slot codingScheme", f"{len(part.values('codingScheme'))}", "une valeur"
                )
            if not part.name:
                yield Breach(f"{where}, Name", "absent", "le libellé du code")


def _form(where: str, value: str, parse: Callable[[str], object], expected: str) -> Iterator[Breach]:
    try:
        parse(value)
    except IdentifierError as problem:
        yield Breach(where, value, problem.expected or expected)
