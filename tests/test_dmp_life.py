"""The driver against the mock over mutual TLS: a DMP is opened, read, changed, closed and opened again.

Each has its own writers and readers, so this is where they must meet (TD1.1 to TD1.4, with TD0.2 to look).
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
import requests

from protocol import facts
from protocol.identifiers.ins import ins_key
from tests.conftest import Answer, Editor

Make = Callable[..., Editor]
STATE = "//hl7:patient/hl7:statusCode/@code"
PERSON = "//hl7:patientPerson"
ADDRESS = {
    "lines": ["20 rue des édelweiss"],
    "postal_code": "99000",
    "city": "VILLE-FICTIVE",
    "country": "FR",
}
GUARDIAN = {
    "quality": "MTH",
    "family": "D'ÉTÉ-HIVER",
    "given": ["Zoé"],
    "prefix": "Mme",
    "address": ADDRESS,
    "telecom": [{"use": "MC", "value": "0600000009"}],
}
NEWBORN = f"1180163999555{ins_key('1180163999555')}"


def all_of(answer: Answer, path: str) -> list[str]:
    """Texts and attributes that the XPath selects."""
    found = answer.envelope.xpath(path, namespaces=facts.NS)
    return [str(one if isinstance(one, str) else one.text) for one in found]


def told(answer: Answer) -> tuple[str, str, set[str]]:
    """(interaction of the answer, acknowledgement, error codes)."""
    [interaction] = all_of(answer, "//hl7:interactionId/@extension")
    [ack] = all_of(answer, "//hl7:acknowledgement/@typeCode")
    return interaction.removeprefix("PRPA_IN201").removesuffix("UV02"), ack, answer.codes


def seen(one: Editor, patient: Any) -> str:
    """What TD0.2 says: NF, active or terminated."""
    answer = one.call("TD0.2", {"patient": patient})
    return [*all_of(answer, STATE), *all_of(answer, "//hl7:queryResponseCode/@code")][0]


def observed(answer: Answer, code: str) -> list[str]:
    return all_of(answer, f"//hl7:administrativeObservation[hl7:code/@code='{code}']/hl7:value/@value")


def held(one: Editor, what: str) -> list[dict[str, Any]]:
    """What the control API lists of the editor's session."""
    who = one.keyring.identity("hopital")
    answer = requests.get(
        f"{one.base}/control/v1/sessions/{one.session}/{what}",
        cert=(str(who.tls.certificate_file), str(who.tls.key_file)),
        verify=str(who.ca_file),
        timeout=30,
    )
    listed: list[dict[str, Any]] = answer.json()
    return listed


def test_the_whole_life_of_a_dmp(editor: Make) -> None:
    one = editor()
    assert seen(one, "absent") == "NF"

    full = {"patient": "absent", "address": ADDRESS, "oppose_acces_urgence": True}
    created = one.call("TD1.1", full)
    assert told(created) == ("312", "AA", set())
    assert all_of(created, f"{PERSON}/hl7:name/hl7:family[@qualifier='BR']") == ["ABSENTE"]
    assert all_of(created, "//hl7:registrationEvent/hl7:statusCode/@code") == ["completed"]
    assert seen(one, "absent") == "active"
    assert told(one.call("TD1.1", full)) == ("313", "AE", {"DMPFound"})
    assert told(one.call("TD1.2", {"patient": "absent"})) == ("316", "AE", {"DMPFound"})

    read = one.call("TD1.3a", {"patient": "absent"})
    assert told(read) == ("308", "AA", set())
    assert all_of(read, f"{PERSON}/hl7:addr/hl7:streetAddressLine") == ["20 rue des édelweiss"]
    assert (observed(read, "OPPOSITION_BRIS_DE_GLACE"), observed(read, "OPPOSITION_ACCES_URGENCE")) == (
        ["false"],
        ["true"],
    )
    assert all_of(read, "//hl7:attentionLine") == []

    numbers = [{"use": "MC", "value": "0600000001"}, {"use": "MAIL", "value": "n.absente@example.org"}]
    change = {"patient": "absent", "address": ADDRESS, "telecom": numbers, "oppose_bris_de_glace": True}
    changed = one.call("TD1.3b", change | {"oppose_acces_urgence": None})
    assert told(changed) == ("315", "AA", set())
    read = one.call("TD1.3a", {"patient": "absent"})
    assert all_of(read, f"{PERSON}/hl7:telecom/@value") == ["tel:0600000001", "mailto:n.absente@example.org"]
    assert (observed(read, "OPPOSITION_BRIS_DE_GLACE"), observed(read, "OPPOSITION_ACCES_URGENCE")) == (
        ["true"],
        ["true"],
    )

    closed = one.call("TD1.4", {"patient": "absent", "closing_text": "Il n'en veut plus, dit-il"})
    assert told(closed) == ("315", "AA", set())
    assert all_of(closed, STATE) == ["terminated"]
    existence = one.call("TD0.2", {"patient": "absent"})
    assert all_of(existence, STATE) == ["terminated"]
    assert all_of(existence, "//hl7:detectedIssueEvent/hl7:text") == ["Il n'en veut plus, dit-il"]
    assert all_of(existence, "//hl7:registrationEvent/hl7:effectiveTime/@value")
    for transaction, code in (("TD1.4", "316"), ("TD1.3b", "316"), ("TD1.1", "313")):
        assert told(one.call(transaction, {"patient": "absent"})) == (code, "AE", {"DMPClosed"})
    assert all_of(one.call("TD1.3a", {"patient": "absent"}), STATE) == ["terminated"]

    again = one.call("TD1.2", {"patient": "absent", "telecom": numbers})
    assert told(again) == ("315", "AA", set())
    assert seen(one, "absent") == "active"
    read = one.call("TD1.3a", {"patient": "absent"})
    assert observed(read, "OPPOSITION_ACCES_URGENCE") == ["true"]

    acts = [line["action"] for line in held(one, "traces") if line["result"] in ("active", "closed")]
    assert {"création du DMP", "modification des données administratives", "fermeture du DMP"} <= set(acts)
    assert {"réactivation du DMP", "consultation des données administratives"} <= set(acts)


def test_someone_the_session_never_saw_is_created_with_the_traits_of_the_message(editor: Make) -> None:
    one = editor()
    child = {
        "number": NEWBORN,
        "family_birth": "ÉTÉ",
        "given": ["Léo", "Noé"],
        "sex": "M",
        "birth": "20180100",
    }
    assert seen(one, child) == "NF"
    created = one.call("TD1.1", {"patient": child, "legal_representative": GUARDIAN})
    assert told(created) == ("312", "AA", set())
    read = one.call("TD1.3a", {"patient": child})
    assert all_of(read, f"{PERSON}/hl7:name/hl7:given") == ["Léo", "Noé"]
    assert all_of(read, f"{PERSON}/hl7:birthTime/@value") == ["20180100"]
    relationship = f"{PERSON}/hl7:personalRelationship"
    assert all_of(read, f"{relationship}/hl7:code/@code") == ["MTH"]
    assert all_of(read, f"{relationship}/hl7:relationshipHolder1/hl7:name/hl7:family") == ["D'ÉTÉ-HIVER"]
    assert all_of(read, f"{relationship}/hl7:addr/hl7:streetAddressLine") == ["20 rue des édelweiss"]
    assert all_of(read, f"{relationship}/hl7:telecom/@value") == ["tel:0600000009"]
    [record] = [item for item in held(one, "patients") if item["ins"]["number"] == NEWBORN]
    assert record["minor"] is True
    assert record["dmp"]["consent_at"]


@pytest.mark.parametrize(
    ("transaction", "patient", "code"),
    [
        ("TD1.2", "absent", "MockPatientNotFound"),
        ("TD1.3a", "absent", "MockPatientNotFound"),
        ("TD1.3b", "rattache-mes", "MockAttachedToMes"),
        ("TD1.4", "rattache-mes", "MockAttachedToMes"),
        ("TD1.1", "ferme", "DMPClosed"),
    ],
)
def test_a_state_that_forbids_the_act_is_an_acknowledgement(
    editor: Make, transaction: str, patient: str, code: str
) -> None:
    interaction = {"TD1.1": "313", "TD1.3a": "308"}.get(transaction, "316")
    answer = editor("").call(transaction, {"patient": patient})
    assert answer.http == 200
    assert told(answer) == (interaction, "AE", {code})


def test_attached_to_mes_can_be_switched(editor: Make) -> None:
    one = editor(settings={"RIGHTS-MES": "off"})
    assert told(one.call("TD1.4", {"patient": "rattache-mes"})) == ("315", "AA", set())


def test_of_two_creations_at_once_one_is_told_that_the_dmp_exists(editor: Make) -> None:
    one = editor()
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: one.call("TD1.1", {"patient": "absent"}), range(6)))
    assert sorted(told(answer)[0] for answer in answers) == ["312", *["313"] * 5]


def test_a_real_identity_is_never_created(editor: Make) -> None:
    one = editor(settings={"VIHF-PRODUCTION-INS": "off", "INS-BODY-COHERENCE": "off"})
    answer = one.call("TD1.1", {"patient": "absent"}, alter=["production-ins"])
    assert answer.codes == {"MockProductionIdentity"}


def test_the_older_interface_path_serves_a_creation_too(editor: Make) -> None:
    one = editor()
    message = one.make("TD1.1", {"patient": "absent"})
    answer = one.send(replace(message, path=message.path.replace("/v2/", "/v1/")))
    assert told(answer) == ("312", "AA", set())
