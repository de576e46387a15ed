"""Fault dtd: a document type and an entity in the answer. Written by us, so that clients prove that they refuse it."""

from __future__ import annotations

from mock_dmp.faults.answering import Answering
from mock_dmp.faults.api import Parameter, fault
from protocol.errors import Text

_INTERNAL = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
_EXTERNAL = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///dmpcompat/entite-de-test">]>'


@fault(
    "dtd",
    family="xml",
    text=Text(
        "La réponse porte une DTD et une entité, interne (expansion) ou externe (fichier)",
        "The answer carries a DTD and an entity, internal (expansion) or external (file)",
    ),
    reaction=Text(
        "Refuser sans développer d'entité ni ouvrir de fichier (SOAP 1.2 interdit la DTD)",
        "Refuse without expanding an entity or opening a file (SOAP 1.2 forbids a DTD)",
    ),
    stage="bytes",
    forbids=("AFTER-ANSWER-USED", "AFTER-STORM"),
    parameters=(
        Parameter(
            "entity", "internal", Text("genre d'entité", "kind of entity"), values=("internal", "external")
        ),
    ),
    confidence="A",
)
def dtd(answering: Answering, *, entity: str) -> None:
    declared = _INTERNAL if entity == "internal" else _EXTERNAL
    answering.body = answering.body.replace(b"?>", b"?>" + declared, 1)
