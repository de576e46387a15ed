"""Patients of a session: listed, added or replaced, with their authorisations and documents."""

from __future__ import annotations

from typing import Any, Final

from flask import Response, jsonify

from mock_dmp import seeding
from mock_dmp.control.api import received, route, session_of, store
from mock_dmp.control.openapi import listing
from mock_dmp.state import patients, sessions
from protocol import directory, facts
from protocol.errors import Text, UsageError

SCHEMAS: Final[dict[str, Any]] = {
    "Patient": {"type": "object", "description": "Même forme que datasets/patients"},
    "Patients": listing("Patient"),
}


@route("GET", "/sessions/<name>/patients", summary="Lister les patients", answers="Patients")
def list_patients(name: str) -> Response:
    session_of(name)
    with store().read() as db:
        found = [
            directory.patient_to_plain(sessions.whole(db, name, one)) for one in patients.every(db, name)
        ]
    return jsonify(found)


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
    with store().write() as db:
        sessions.seed_patient(db, name, patient)
        seeding.seed_documents(db, store().blobs, name, [patient], error=UsageError)
    return jsonify(directory.patient_to_plain(patient)), 201
