"""A document that a patient's DMP starts with, in its plain form: an item of `documents` of a patient record.

Read here, so that data sets and control API refuse the same mistakes; made into CDA bytes and registry objects by
the mock (`mock_dmp.seeding`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

from protocol import codes, facts
from protocol.coded import Coded
from protocol.datafolders import folder
from protocol.errors import DmpcompatError, Text, ToolError
from protocol.identifiers.oid import parse_oid
from protocol.strictdata import Fields, plain

Status = Literal["approved", "archived", "deleted", "deprecated"]

STATUSES: Final[Mapping[Status, str]] = {
    "approved": facts.APPROVED,
    "archived": facts.ARCHIVED,
    "deleted": facts.DELETED,
    "deprecated": facts.DEPRECATED,
}
_VISIBILITY: Final = (facts.MASKED, facts.HIDDEN_FROM_PATIENT, facts.HIDDEN_FROM_REPRESENTATIVES)
_DEFAULT_FORMAT: Final = "urn:ihe:iti:xds-sd:text:2008"


@dataclass(frozen=True)
class DocumentSeed:
    """One document. `professional` and `structure` are keys of the directory, both "" when the patient wrote it.

    `confidentiality` holds the visibility codes beside N. `text` is the body, unless `sample` names a file under
    cda_samples whose body is taken. `replaces` is the key of an earlier document of the same patient, which is
    Deprecated by it. `unique_id` "" has one derived from the patient and the key. `date` is UTC.
    """

    key: str
    title: str
    type: Coded
    format: Coded
    professional: str
    structure: str
    confidentiality: tuple[str, ...]
    status: Status
    date: datetime
    text: str
    sample: str
    replaces: str
    unique_id: str


def documents_from(
    several: Iterable[Mapping[str, Any]], name: str, *, error: type[DmpcompatError] = ToolError
) -> tuple[DocumentSeed, ...]:
    """The documents of a patient; `name` is for the messages. Raises `error`, which names the field."""
    listed = list(several)
    data = {"documents": listed}
    fields = Fields(data, plain(data, name), error=error)
    read: list[DocumentSeed] = []
    for seed in fields.each("documents", _document):
        known = {one.key for one in read}
        if seed.key in known:
            raise fields.refuse(
                "DATA-014", Text("clé écrite deux fois", "key written twice"), "documents", seed.key
            )
        if seed.replaces and seed.replaces not in known:
            text = Text(
                "document remplacé inconnu, ou écrit après", "replaced document unknown, or written after"
            )
            raise fields.refuse(
                "DATA-014", text, "documents", seed.replaces, expected=", ".join(sorted(known))
            )
        read.append(seed)
    return tuple(read)


def _document(fields: Fields) -> DocumentSeed:
    professional, structure = fields.optional("author", _author) or ("", "")
    by_patient = fields.flag("by_patient", False)
    if by_patient == bool(professional):
        text = Text("un auteur, ou by_patient", "an author, or by_patient")
        raise fields.refuse("DATA-014", text, "author", professional or "absent")
    read = DocumentSeed(
        key=fields.text("key"),
        title=fields.text("title"),
        type=_coded(fields, "type", "J66"),
        format=_coded(fields, "format", "J60", _DEFAULT_FORMAT),
        professional=professional,
        structure=structure,
        confidentiality=_visibility(fields),
        status=fields.one_of("status", STATUSES, "approved"),
        date=_moment(fields, "date"),
        text=fields.text("text", "Document fictif d'essai. Aucune donnée réelle."),
        sample=_sample(fields),
        replaces=fields.text("replaces", ""),
        unique_id=_oid(fields),
    )
    fields.done()
    return read


def _author(fields: Fields) -> tuple[str, str]:
    read = fields.text("professional"), fields.text("structure")
    fields.done()
    return read


def _coded(fields: Fields, key: str, name: str, default: str = "") -> Coded:
    written = fields.text(key, default) if default else fields.text(key)
    for code in codes.value_set(name).codes:
        if code.code == written:
            return code
    text = Text(f"code hors de JDV_{name}", f"code outside JDV_{name}")
    raise fields.refuse("DATA-014", text, key, written)


def _visibility(fields: Fields) -> tuple[str, ...]:
    found = fields.texts("confidentiality", ())
    for code in found:
        if code not in _VISIBILITY:
            text = Text("code de visibilité inconnu", "unknown visibility code")
            raise fields.refuse("DATA-014", text, "confidentiality", code, expected=" | ".join(_VISIBILITY))
    return found


def _moment(fields: Fields, key: str) -> datetime:
    written = fields.text(key)
    try:
        read = datetime.fromisoformat(written)
        if read.tzinfo is not None:
            return read.astimezone(UTC)
    except (ValueError, OverflowError):
        pass  # refused below, as a moment without its zone is
    text = Text("moment mal écrit ou sans fuseau", "moment badly written or without a zone")
    raise fields.refuse("DATA-015", text, key, written, expected="2026-01-31T08:30:00Z")


def _sample(fields: Fields) -> str:
    written = fields.text("sample", "")
    if written:
        root = folder("cda_samples").resolve()
        path = (root / written).resolve()
        if not path.is_relative_to(root) or not path.is_file():
            text = Text("échantillon introuvable", "sample not found")
            raise fields.refuse("DATA-014", text, "sample", written, expected="bons/n1-texte.xml")
    return written


def _oid(fields: Fields) -> str:
    written = fields.text("unique_id", "")
    if written:
        try:
            parse_oid(written)
        except DmpcompatError as problem:
            raise fields.refuse("DATA-014", problem.text, "unique_id", written, expected="OID") from problem
    return written
