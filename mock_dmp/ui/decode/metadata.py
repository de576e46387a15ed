"""XDS metadata for a reader: submission set, entries, associations, stored queries, retrieves. Codes with labels."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from lxml import etree

from mock_dmp.ui.blocks import Block, Row, row, table
from protocol import codes, ebrim, facts
from protocol.coded import Coded
from protocol.ebrim import Author, EntryView, SetView, Submission
from protocol.errors import Text

_MOST_ENTRIES = 20
_CODES = (
    ("Type", "Type", facts.DE_TYPE),
    ("Classe", "Class", facts.DE_CLASS),
    ("Format", "Format", facts.DE_FORMAT),
    ("Confidentialité", "Confidentiality", facts.DE_CONFIDENTIALITY),
    ("Secteur d'activité", "Healthcare facility", facts.DE_FACILITY),
    ("Cadre d'exercice", "Practice setting", facts.DE_PRACTICE),
    ("Actes et pathologies", "Events", facts.DE_EVENT),
)
_SLOTS = (
    ("Créé le", "Created", "creationTime"),
    ("Début de l'acte", "Service start", "serviceStartTime"),
    ("Fin de l'acte", "Service stop", "serviceStopTime"),
    ("Langue", "Language", "languageCode"),
    ("Taille annoncée", "Size told", "size"),
    ("SHA-1 annoncé", "SHA-1 told", "hash"),
    ("Identité d'origine", "Source patient", "sourcePatientId"),
    ("Entrepôt", "Repository", "repositoryUniqueId"),
    ("Responsable légal", "Legal authenticator", "legalAuthenticator"),
)
_LINK_HEADERS = (
    Text("Type", "Type"),
    Text("Source", "Source"),
    Text("Cible", "Target"),
    Text("Attributs", "Slots"),
)
_PARAMS = Text("Paramètres", "Parameters")
_PARAM_HEADERS = (Text("Paramètre", "Parameter"), Text("Valeur", "Value"))


def objects(payload: etree._Element) -> Iterator[Block]:
    """Set, entries and associations of a submission or of an answer. Raises MetadataError without an object list."""
    found = ebrim.read_submission(payload)
    for one in found.sets[:_MOST_ENTRIES]:
        yield Block(Text("Lot de soumission", "Submission set"), tuple(_set(one)))
    for rank, entry in enumerate(found.entries[:_MOST_ENTRIES], 1):
        yield Block(Text(f"Fiche {rank}", f"Entry {rank}"), tuple(_entry(entry)), open=rank <= 2)
    left = len(found.entries) - _MOST_ENTRIES
    if left > 0:
        yield Block(
            Text("Autres fiches", "Other entries"),
            problem=Text(f"{left} fiches de plus, dans les octets", f"{left} more entries, in the bytes"),
        )
    yield from _links(found)


def query(payload: etree._Element) -> Iterator[Block]:
    """A stored query with its parameters. Raises MetadataError."""
    asked = ebrim.read_query(payload)
    returned = asked.return_type + (" (composed)" if asked.composed else "")
    params = ((one.name, "\n".join(one.values)) for one in asked.params)
    yield Block(
        Text("Requête enregistrée", "Stored query"),
        (
            row("Requête", "Query", asked.id, _query_names().get(asked.id, "")),
            row("Rend", "Returns", returned),
        ),
        (table(_PARAMS, _PARAM_HEADERS, params),),
    )


def retrieve(payload: etree._Element) -> Iterator[Block]:
    """The documents that a retrieve asks for. Raises MetadataError."""
    headers = (Text("Document", "Document"), Text("Entrepôt", "Repository"), Text("Communauté", "Community"))
    rows = ((one.document, one.repository, one.home) for one in ebrim.read_retrieve(payload))
    title = Text("Documents demandés", "Documents asked for")
    yield Block(title, tables=(table(title, headers, rows),))


def _set(one: SetView) -> Iterator[Row]:
    yield row("Titre", "Title", one.title, one.comments)
    yield row("Identifiant", "uniqueId", one.unique_id)
    yield row("Émetteur", "sourceId", one.source_id)
    yield row("Patient", "Patient", one.patient_id)
    yield row("Soumis le", "Submitted", one.slot("submissionTime"))
    for code in one.content_type:
        yield row("Contenu", "Content type", *_coded(code))
    yield from _authors(one.authors)


def _entry(entry: EntryView) -> Iterator[Row]:
    yield row("Titre", "Title", entry.title, entry.comments)
    yield row("Identifiant", "uniqueId", entry.unique_id, entry.id)
    yield row("Type MIME", "MIME type", entry.mime_type)
    if entry.status:
        yield row("Statut", "Status", entry.status.rpartition(":")[2], entry.version)
    yield row("Patient", "Patient", entry.patient_id)
    for fr, en, scheme in _CODES:
        for code in entry.codes(scheme):
            yield row(fr, en, *_coded(code))
    for fr, en, name in _SLOTS:
        if name in entry.slots:
            yield row(fr, en, "\n".join(entry.slots[name]))
    yield from _authors(entry.authors)


def _authors(authors: tuple[Author, ...]) -> Iterator[Row]:
    for author in authors[:_MOST_ENTRIES]:
        yield row("Auteur", "Author", author.person, " · ".join((*author.roles, *author.specialties)))
        for institution in author.institutions:
            yield row("Structure de l'auteur", "Author's institution", institution)


def _links(found: Submission) -> Iterator[Block]:
    if found.associations:
        rows = (
            (
                link.type.rpartition(":")[2],
                link.source,
                link.target,
                ", ".join(f"{name}={' '.join(values)}" for name, values in link.slots.items()),
            )
            for link in found.associations
        )
        title = Text("Associations", "Associations")
        yield Block(title, tables=(table(title, _LINK_HEADERS, rows),))
    if found.refs:
        title = Text("Références", "References")
        yield Block(title, tables=(table(title, (Text("Objet", "Object"),), ((one,) for one in found.refs)),))


def _coded(code: Coded) -> tuple[str, str]:
    """Code with its system, and a label: the sender's, else ours."""
    ours = _labels().get((code.code, code.system), "")
    label = code.label if not ours or code.label == ours else f"{code.label} ({ours})" if code.label else ours
    return f"{code.code} · {code.system}", label


@cache
def _labels() -> dict[tuple[str, str], str]:
    return {(one.code, one.system): one.label for found in codes.value_sets().values() for one in found.codes}


@cache
def _query_names() -> dict[str, str]:
    """Names of the stored queries, from those of the constants: Q_FIND_DOCUMENTS is FindDocuments."""
    named = {name: value for name, value in vars(facts).items() if name.startswith("Q_")}
    return {value: name[2:].title().replace("_", "") for name, value in named.items()}
