"""Patients of a session: listed, added or replaced, with their authorisations and documents."""

from __future__ import annotations

from typing import Any, Final

from flask import Response, jsonify, request

from mock_dmp import seeding
from mock_dmp.control.api import number, received, route, session_of, store
from mock_dmp.control.openapi import listing
from mock_dmp.state import sessions
from protocol import directory, facts
from protocol.errors import Text, UsageError

_PAGE: Final = 1000

SCHEMAS: Final[dict[str, Any]] = {
    "Patient": {"type": "object", "description": "Même forme que datasets/patients"},
    "Patients": listing("Patient"),
}


@route(
    "GET",
    "/sessions/<name>/patients",
    summary=f"Lister les patients par clé : ceux qui suivent la clé `after`, `limit` au plus ({_PAGE} sans lui)",
    query=(("after", "string"), ("limit", "integer")),
    answers="Patients",
)
def list_patients(name: str) -> Response:
    """A few questions to the database, however many patients. A page of less than `limit` is the last one."""
    session_of(name)
    with store().read() as db:
        found = sessions.whole_page(
            db, name, after=request.args.get("after", ""), limit=number("limit", _PAGE)
        )
    return jsonify([directory.patient_to_plain(one) for one in found])


@route(
    "POST",
    "/sessions/<name>/patients",
    summary="Ajouter ou remplacer un patient",
    asks="Patient",
    answers="Patient",
    status=201,
)
def post_patient(name: str) -> tuple[Response, int]:
    session_of(name)
    patient = directory.patient_from(received(), "patients", error=UsageError)
    if patient.ins.oid in facts.PRODUCTION_INS_OIDS:
        raise UsageError(
            "CTL-005",
            Text("identité de production refusée", "production identity refused"),
            field="ins.oid",
            found=patient.ins.oid,
            expected=facts.OID_INS_TEST,
        )
    documents = seeding.prepare([patient], error=UsageError)
    with store().write() as db:
        sessions.seed_patient(db, name, patient)
        seeding.seed_documents(db, store().blobs, name, documents)
    return jsonify(directory.patient_to_plain(patient)), 201
