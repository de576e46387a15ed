"""Client certificates of a session: who presents one without naming a session is in that one."""

from __future__ import annotations

from typing import Any, Final

from flask import Response, jsonify

from mock_dmp.control.api import body, route, session_of, store, text
from mock_dmp.control.openapi import listing, shape
from mock_dmp.state import certificates, sessions
from mock_dmp.state.certificates import Bound
from protocol.errors import Text, UsageError

_TEXT: Final = {"type": "string"}

SCHEMAS: Final[dict[str, Any]] = {
    "Certificate": shape({"id": {"type": "integer"}, "sha256": _TEXT, "subject": _TEXT}),
    "Certificates": listing("Certificate"),
    "NewCertificate": shape(
        {
            "sha256": _TEXT | {"description": "empreinte SHA-256 du certificat (DER), en hexadécimal"},
            "subject": _TEXT | {"description": "sujet du certificat, comme CN=…,OU=…,O=…,C=FR"},
        },
        required=(),
    )
    | {"description": "l'un ou l'autre"},
}


@route(
    "POST",
    "/sessions/<name>/certificates",
    summary="Lier un certificat client à la session : ses requêtes sans préfixe y vont",
    asks="NewCertificate",
    answers="Certificate",
    status=201,
)
def post_certificate(name: str) -> tuple[Response, int]:
    session_of(name)
    if name == sessions.DEFAULT:
        raise UsageError(
            "CRT-004",
            Text(
                "la session par défaut est déjà celle de qui n'en nomme aucune",
                "the default session is already that of whoever names none",
            ),
            field="name",
            found=name,
        )
    asked = body("sha256", "subject")
    with store().write() as db:
        bound = certificates.bind(
            db, name, sha256=text(asked, "sha256", default=""), subject=text(asked, "subject", default="")
        )
    certificates.mark(store())
    return jsonify(_told(bound)), 201


@route(
    "GET",
    "/sessions/<name>/certificates",
    summary="Lister les certificats clients liés à la session",
    answers="Certificates",
)
def list_certificates(name: str) -> Response:
    session_of(name)
    with store().read() as db:
        return jsonify([_told(one) for one in certificates.listing(db, name)])


@route("DELETE", "/sessions/<name>/certificates/<certificate>", summary="Délier un certificat", status=204)
def delete_certificate(name: str, certificate: str) -> tuple[str, int]:
    session_of(name)
    with store().write() as db:
        known = {str(one.id): one.id for one in certificates.listing(db, name)}
        gone = certificate in known and certificates.unbind(db, name, known[certificate])
    if not gone:
        raise UsageError(
            "CRT-005",
            Text("cette session n'a pas ce certificat", "this session has no such certificate"),
            field="certificate",
            found=certificate,
        )
    certificates.mark(store())
    return "", 204


def _told(one: Bound) -> dict[str, Any]:
    return {"id": one.id, "sha256": one.sha256, "subject": one.subject}
