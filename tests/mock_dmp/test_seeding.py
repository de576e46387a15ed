"""Documents of the data sets in the registry: real bytes, metadata that agree, states, and who sees them."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, event

from mock_dmp.dispatch import Dispatcher
from mock_dmp.rights import visible_to_patient
from mock_dmp.seeding import Prepared, prepare, seed_documents
from mock_dmp.state import documents, sessions
from mock_dmp.state.documents import Registration
from mock_dmp.state.engine import Store
from mock_dmp.state.xds_objects import Association, RegistryObject
from protocol import directory, facts, safexml
from protocol.documentseed import documents_from
from protocol.errors import UsageError
from tests.mock_dmp.builders import Lps, Who
from tests.mock_dmp.submissions import query, retrieve, slot
from tests.mock_dmp.updating import MT

GARNI = "dossier-garni"


@pytest.fixture
def filled(store: Store) -> Store:
    sessions.ensure_default(store)
    return store


@pytest.fixture
def lps(filled: Store) -> Lps:
    return Lps(filled, Dispatcher(filled))


def titles(entries: list[RegistryObject]) -> dict[str, RegistryObject]:
    return {entry.title: entry for entry in entries}


def test_each_document_is_there_with_its_bytes(filled: Store) -> None:
    patient = directory.patients()[GARNI]
    with filled.read() as db:
        entries = titles(documents.entries(db, "default", GARNI))
        for seed in documents_from(patient.documents, GARNI):
            entry = entries[seed.title]
            content = documents.content(db, "default", entry.unique_id)
            assert content is not None
            data = filled.blobs.read(content.sha256)
            assert entry.slot("size") == str(len(data)) == str(content.size)
            assert entry.slot("hash") == hashlib.sha1(data, usedforsecurity=False).hexdigest() == content.sha1
            header = safexml.parse(data)
            assert safexml.value(header, "hl7:id/@root") == entry.unique_id
            assert safexml.value(header, "hl7:title") == entry.title
            assert patient.ins.number in safexml.value(header, "hl7:recordTarget//hl7:id/@extension")


def test_states_and_replacement(filled: Store) -> None:
    with filled.read() as db:
        entries = titles(documents.entries(db, "default", GARNI))
        statuses = {title: entry.status for title, entry in entries.items()}
        new, old = entries["Prescription, corrigée"], entries["Prescription, première rédaction"]
        links = documents.links(db, "default", [new.id])
    assert statuses["Compte rendu archivé"] == facts.ARCHIVED
    assert statuses["Compte rendu supprimé"] == facts.DELETED
    assert (old.status, new.status) == (facts.DEPRECATED, facts.APPROVED)
    assert [link.target for link in links if link.type == facts.RPLC] == [old.id]


def test_what_the_patient_wrote_is_the_patient_s(filled: Store) -> None:
    with filled.read() as db:
        entries = titles(documents.entries(db, "default", GARNI))
    wishes = entries["Volontés du patient"]
    assert wishes.is_patients_own and not wishes.author_values("authorInstitution")
    assert not any(entry.is_patients_own for title, entry in entries.items() if title != wishes.title)


@pytest.mark.parametrize(
    ("title", "patient", "representative"),
    [
        ("Compte rendu de consultation", True, True),
        ("Compte rendu masqué aux professionnels", True, True),
        ("Résultat à annoncer", False, False),
    ],
)
def test_what_the_patient_sees(filled: Store, title: str, patient: bool, representative: bool) -> None:
    with filled.read() as db:
        entry = titles(documents.current_entries(db, "default", GARNI))[title]
    assert visible_to_patient(entry) is patient
    assert visible_to_patient(entry, as_representative=True) is representative


def test_what_a_minor_hides_from_representatives(filled: Store) -> None:
    with filled.read() as db:
        entries = titles(documents.current_entries(db, "default", "mineur-documents"))
    secret = entries["Consultation confidentielle"]
    assert visible_to_patient(secret) and not visible_to_patient(secret, as_representative=True)


def test_they_are_read_as_any_other(lps: Lps) -> None:
    statuses = ",".join(
        f"'{one}'" for one in (facts.APPROVED, facts.ARCHIVED, facts.DELETED, facts.DEPRECATED)
    )
    asked = query(facts.Q_FIND_DOCUMENTS, slot("$XDSDocumentEntryStatus", f"({statuses})"))
    answer = lps.send("TD3.1", asked, MT.on(GARNI))
    assert answer.xds == "Success" and len(answer.all(".//rim:ExtrinsicObject")) == 9
    scheme = facts.DE_UNIQUE_ID
    ids = answer.all(f".//rim:ExternalIdentifier[@identificationScheme='{scheme}']/@value")
    assert len(lps.send("TD3.2", retrieve(*map(str, ids)), MT.on(GARNI)).parts) == 9


@pytest.mark.parametrize(
    ("professional", "structure", "expected"),
    [
        ("medecin", "cabinet", {"Bilan psychologique"}),
        ("infirmier", "cabinet-infirmier", {"Bilan psychologique", "Attestation de résidence"}),
    ],
)
def test_types_closed_to_a_profession(
    lps: Lps, professional: str, structure: str, expected: set[str]
) -> None:
    asked = query(facts.Q_FIND_DOCUMENTS, slot("$XDSDocumentEntryStatus", f"('{facts.APPROVED}')"))
    who = Who(professional=professional, structure=structure).on("types-reserves")
    answer = lps.send("TD3.1", asked, who)
    found = answer.all(".//rim:ExtrinsicObject/rim:Name/rim:LocalizedString/@value")
    assert set(map(str, found)) == expected


def test_seeding_again_adds_nothing(filled: Store) -> None:
    patient = directory.patients()[GARNI]
    with filled.write() as db:
        assert seed_documents(db, filled.blobs, "default", prepare([patient])) == 0
        assert count(db) == 9


def test_a_replacement_seeded_later_deprecates_what_is_attached_to_what_it_replaces(filled: Store) -> None:
    record = directory.patients()[GARNI]
    [old] = [one for one in prepare([record]) if entry_of(one).title == "Compte rendu de consultation"]
    addendum = replace(entry_of(old), id="urn:uuid:0", lid="urn:uuid:0", identifiers=())
    attached = Association("urn:uuid:1", facts.APND, addendum.id, old.entry_id)
    later: dict[str, Any] = {
        "key": "plus-tard",
        "title": "Plus tard",
        "type": "11488-4",
        "author": {"professional": "medecin", "structure": "cabinet"},
        "date": "2026-05-01T08:00:00Z",
        "replaces": record.documents[0]["key"],
    }
    assert record.documents[0]["title"] == "Compte rendu de consultation"
    with filled.write() as db:
        whole = Registration(GARNI, (addendum,), (attached,), ())
        documents.register(db, "default", whole, deprecated_status=facts.DEPRECATED)
        extended = replace(record, documents=(*record.documents, later))
        assert seed_documents(db, filled.blobs, "default", prepare([extended])) == 1
        fallen = documents.by_id(db, "default", [old.entry_id, addendum.id])
    assert [one.status for one in fallen] == [facts.DEPRECATED] * 2


def entry_of(one: Prepared) -> RegistryObject:
    [entry] = [item for item in one.registration.objects if item.kind == "entry"]
    return entry


def test_sessions_are_filled_alike_in_a_few_statements(filled: Store) -> None:
    told: list[str] = []
    event.listen(
        filled.engine, "before_cursor_execute", lambda _c, _cursor, statement, *_more: told.append(statement)
    )
    sessions.create(filled, "other")
    assert len(told) < 40  # of some 650 rows
    with filled.read() as db:
        one, other = (documents.all_objects(db, name) for name in ("default", "other"))
        links = [documents.links(db, name, [item.id for item in one]) for name in ("default", "other")]
    assert one == other
    assert links[0] == links[1]


def test_a_sample_lends_its_body(filled: Store) -> None:
    one: dict[str, Any] = {
        "key": "echantillon",
        "title": "Biologie",
        "type": "11502-2",
        "author": {"professional": "medecin", "structure": "cabinet"},
        "date": "2026-05-01T08:00:00Z",
        "sample": "bons/n3-biologie.xml",
    }
    patient = replace(directory.patients()["actif-autorise"], documents=(one,))
    with filled.write() as db:
        assert seed_documents(db, filled.blobs, "default", prepare([patient])) == 1
        [entry] = documents.entries(db, "default", patient.key)
        content = documents.content(db, "default", entry.unique_id)
    assert content is not None
    header = safexml.parse(filled.blobs.read(content.sha256))
    assert safexml.xpath(header, "hl7:component/hl7:structuredBody")
    assert patient.ins.number == safexml.value(header, "hl7:recordTarget//hl7:id/@extension")


def test_an_author_nobody_knows_is_refused() -> None:
    wrong = {
        "key": "x",
        "title": "x",
        "type": "11488-4",
        "author": {"professional": "personne", "structure": "cabinet"},
        "date": "2026-05-01T08:00:00Z",
    }
    patient = replace(directory.patients()["actif-autorise"], documents=(wrong,))
    with pytest.raises(UsageError, match="SEED-001"):
        prepare([patient], error=UsageError)


def count(db: Connection) -> int:
    return len(documents.entries(db, "default", GARNI))
