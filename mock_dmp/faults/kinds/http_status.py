"""Fault http-status: an HTTP error as a proxy, a firewall or a server that breaks down would answer."""

from __future__ import annotations

import html

from mock_dmp.faults.answering import Answering
from mock_dmp.faults.api import Parameter, fault
from protocol.errors import Text


@fault(
    "http-status",
    family="http",
    text=Text(
        "Une erreur HTTP 4xx ou 5xx, sans SOAP : texte, page HTML ou rien",
        "An HTTP error 4xx or 5xx, without SOAP: text, HTML page or nothing",
    ),
    reaction=Text(
        "Dire l'erreur de transport ; ne pas lire la page comme une réponse ; renvoyer à l'identique, plus tard",
        "Tell the transport error; do not read the page as an answer; send the same again, later",
    ),
    stage="bytes",
    moments=("before", "after"),
    forbids=("AFTER-OTHER-BYTES", "AFTER-DOUBLE", "AFTER-VIHF-AGAIN", "AFTER-STORM"),
    parameters=(
        Parameter("status", 503, Text("statut HTTP", "HTTP status"), least=400, most=599),
        Parameter(
            "body",
            "html",
            Text("ce que porte le corps", "what the body holds"),
            values=("html", "plain", "empty"),
        ),
        Parameter(
            "retry_after",
            0,
            Text("en-tête Retry-After, en secondes ; 0 : aucun", "Retry-After; 0: none"),
            most=86_400,
        ),
    ),
    confidence="A",
)
def http_status(answering: Answering, *, status: int, body: str, retry_after: int) -> None:
    said = f"Erreur {status} : service momentanément indisponible."
    pages = {
        "html": f"<!DOCTYPE html><html lang=fr><title>{status}</title><p>{html.escape(said)}</p></html>",
        "plain": said,
        "empty": "",
    }
    kinds = {"html": "text/html; charset=UTF-8", "plain": "text/plain; charset=UTF-8", "empty": ""}
    answering.status = status
    answering.body = pages[body].encode()
    answering.set_header("Content-Type", kinds[body])
    answering.set_header("Retry-After", str(retry_after) if retry_after else "")
