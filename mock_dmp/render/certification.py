"""Writer of identityCertificationResponse (TD0.0): the identity that goes with a NIR."""

from __future__ import annotations

from lxml import etree

from mock_dmp.render.custom import leaf, response
from protocol import facts
from protocol.directory import Patient


def certification_response(patient: Patient) -> etree._Element:
    """status, then the identity; names that nobody filled are left out. Order as the public samples have it."""
    answer = response(f"{{{facts.PATIENTS}}}identityCertificationResponse")
    born = patient.birth_stamp
    for name, text in (
        ("nirIndividu", patient.ins.number),
        ("prenom", patient.given[0] if patient.given else ""),
        ("nomUsuel", patient.family_usual),
        ("nomPatronymique", patient.family_birth),
        ("dateNaissance", f"{born[:4]}-{born[4:6]}-{born[6:]}"),
    ):
        if text:
            answer[0].append(leaf(facts.PATIENTS, name, text))
    return answer
