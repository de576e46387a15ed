"""What the driver writes of a patient is what the mock reads: each has its own writer and reader."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.drive.build import build
from harness.drive.clock import SetClock
from harness.drive.identity import Keyring
from harness.drive.ids import SeededIds
from harness.drive.lps import Lps
from protocol import safexml
from protocol.facts import OID_INS_TEST
from protocol.gdp import Contact, GdpRequest, Name, Place, read_request
from protocol.patientmodel import QUALITIES

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
QUICK = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
texts = (
    st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=12)
    .map(str.strip)
    .filter(lambda text: text and safexml.holdable(text) == text)
)
maybe = st.one_of(st.just(""), texts)
addresses = st.fixed_dictionaries(
    {
        "lines": st.lists(texts, max_size=2),
        "locator": maybe,
        "postal_code": maybe,
        "city": texts,
        "country": maybe,
    }
)
contacts = st.lists(
    st.fixed_dictionaries(
        {"use": st.sampled_from(("MC", "HP", "MAIL")), "value": texts.filter(lambda text: ":" not in text)}
    ),
    max_size=3,
)
subjects = st.fixed_dictionaries(
    {
        "number": st.just("280056399910181"),
        "family_birth": texts,
        "family_usual": texts,
        "given": st.lists(texts, min_size=1, max_size=2),
        "sex": st.sampled_from("MFU"),
        "birth": st.dates().map(lambda day: f"{day:%Y%m%d}".rjust(8, "0")),
    }
)


def sent(keyring: Keyring, transaction: str, **params: Any) -> GdpRequest:
    message = build(
        transaction,
        params,
        keyring.identity("cps"),
        Lps("LPS-TEST", "1.0.0", "TST"),
        clock=SetClock(NOW),
        ids=SeededIds(3),
    )
    [payload] = safexml.xpath(safexml.parse(message.body), "/soap:Envelope/soap:Body/*")
    return read_request(payload)


def place(written: dict[str, Any]) -> Place:
    return Place(
        tuple(written["lines"]),
        written["locator"],
        written["postal_code"],
        written["city"],
        written["country"],
    )


def contact(written: dict[str, str]) -> Contact:
    if written["use"] == "MAIL":
        return Contact(f"mailto:{written['value']}")
    return Contact(f"tel:{written['value']}", written["use"])


@given(subjects, contacts, addresses, st.booleans(), st.booleans())
@QUICK
def test_a_creation(
    keyring: Keyring,
    subject: dict[str, Any],
    telecom: list[dict[str, str]],
    address: Any,
    bris: bool,
    urgence: bool,
) -> None:
    read = sent(
        keyring,
        "TD1.1",
        patient=subject,
        telecom=telecom,
        address=address,
        oppose_bris_de_glace=bris,
        oppose_acces_urgence=urgence,
    )
    assert (read.reason, read.patient) == ("CREA_RD", (OID_INS_TEST, subject["number"]))
    assert read.name == Name(subject["family_usual"], subject["family_birth"], tuple(subject["given"]))
    assert (read.sex, read.birth) == (subject["sex"], subject["birth"])
    assert read.telecom == tuple(map(contact, telecom))
    assert read.address == place(address)
    assert read.card is not None and read.card.birth == subject["birth"][2:]
    told = {one.code: (one.value, one.kind) for one in read.observations}
    assert told["OPPOSITION_BRIS_DE_GLACE"] == (str(bris).lower(), "BL")
    assert told["OPPOSITION_ACCES_URGENCE"] == (str(urgence).lower(), "BL")
    assert told["CONSENTEMENT_OUVERTURE_DMP"] == ("true", "BL")


@given(st.sampled_from(QUALITIES), texts, st.lists(texts, min_size=1, max_size=2), maybe, contacts, addresses)
@QUICK
def test_a_representative(
    keyring: Keyring, quality: str, family: str, given: list[str], prefix: str, telecom: Any, address: Any
) -> None:
    who = {"quality": quality, "family": family, "given": given, "prefix": prefix}
    who |= {"telecom": telecom, "address": address}
    read = sent(keyring, "TD1.3b", patient="mineur", legal_representative=who).representative
    assert read is not None
    assert (read.quality, read.name.other, read.name.given, read.name.prefix) == (
        quality,
        (family,),
        tuple(given),
        prefix,
    )
    assert read.telecom == tuple(map(contact, telecom))
    assert read.address == place(address)


@given(texts, st.sampled_from(("active", "terminated")))
@QUICK
def test_a_closing(keyring: Keyring, text: str, status: str) -> None:
    read = sent(keyring, "TD1.4", patient="absent", closing_text=text, request_status=status)
    assert read.issue is not None
    assert (read.issue.code, read.issue.text) == ("FERMETURE_DEMANDE_PATIENT", text)
    assert (read.request_status, read.patient_status) == (status, "terminated")
    assert (read.observations, read.sex, read.birth, read.card) == ((), "", "", None)


def test_a_change_sends_back_what_the_data_sets_hold(keyring: Keyring) -> None:
    read = sent(keyring, "TD1.3b", patient="accents")
    assert read.name.usual == "L'ÉTANG-SUR-ŒUVRE"
    assert [one.value for one in read.telecom] == ["tel:0400000003", "mailto:anne-sophie@example.org"]
    assert read.address is not None and read.address.lines[1] == "Résidence Le Chêne"
    assert {one.code for one in read.observations} == {"OPPOSITION_BRIS_DE_GLACE", "OPPOSITION_ACCES_URGENCE"}
