"""The plain form of the documents that a patient's DMP starts with."""

from __future__ import annotations

from typing import Any

import pytest

from protocol import directory
from protocol.documentseed import documents_from
from protocol.errors import UsageError

GOOD: dict[str, Any] = {
    "key": "a",
    "title": "Compte rendu",
    "type": "11488-4",
    "author": {"professional": "medecin", "structure": "cabinet"},
    "date": "2026-02-02T10:30:00+01:00",
}


def test_a_document_is_read_with_its_defaults() -> None:
    [read] = documents_from([GOOD], "x")
    assert (read.type.system, read.format.code) == ("2.16.840.1.113883.6.1", "urn:ihe:iti:xds-sd:text:2008")
    assert (read.status, read.confidentiality, read.replaces, read.unique_id) == ("approved", (), "", "")
    assert read.date.isoformat() == "2026-02-02T09:30:00+00:00"
    assert "fictif" in read.text


@pytest.mark.parametrize(
    "change",
    [
        {"type": "0-0"},
        {"format": "urn:inconnu"},
        {"author": None},
        {"by_patient": True},
        {"author": {"professional": "medecin"}},
        {"confidentiality": ["N"]},
        {"confidentiality": ["MASQUE"]},
        {"status": "Approved"},
        {"date": "2026-02-02"},
        {"date": "hier"},
        {"sample": "../datasets/patients/80-documents.yaml"},
        {"sample": "bons/absent.xml"},
        {"unique_id": "1.2^3"},
        {"replaces": "b"},
        {"surprise": 1},
        {"title": ""},
    ],
)
def test_a_mistake_is_named(change: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as told:
        documents_from([GOOD | change], "ici", error=UsageError)
    assert "ici" in told.value.field


def test_keys_are_unique_and_replaced_ones_come_first() -> None:
    later = GOOD | {"key": "b", "replaces": "a"}
    assert [one.replaces for one in documents_from([GOOD, later], "x")] == ["", "a"]
    for wrong in ([GOOD, GOOD], [later, GOOD]):
        with pytest.raises(UsageError):
            documents_from(wrong, "x", error=UsageError)


def test_the_data_sets_are_good() -> None:
    with_documents = {key: one for key, one in directory.patients().items() if one.documents}
    read = {key: documents_from(one.documents, key) for key, one in with_documents.items()}
    assert {"dossier-garni", "types-reserves", "mineur-documents"} <= read.keys()
    garni = read["dossier-garni"]
    assert {one.status for one in garni} == {"approved", "archived", "deleted"}
    assert {code for one in garni for code in one.confidentiality} == {"MASQUE_PS", "INVISIBLE_PATIENT"}
    assert any(one.replaces for one in garni) and any(not one.professional for one in garni)
