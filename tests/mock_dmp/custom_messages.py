"""Builders of the requests of the DMP's own services (TD0.4, TD1.5, TD1.6), and readers of their answers."""

from __future__ import annotations

from lxml import etree

from protocol import facts
from tests.mock_dmp.builders import Answered, Lps, Who, el


def custom(operation: str, **fields: str) -> etree._Element:
    """`pat:patientList` or `hab:…` with those children; empty ones are left out."""
    prefix = operation.partition(":")[0]
    return el(operation, {}, *(el(f"{prefix}:{name}", {}, text) for name, text in fields.items() if text))


def listed(answer: Answered) -> list[str]:
    """INS of the DMPs of a TD0.4 answer."""
    path = f"//pat:patientIdentifier[pat:nationalIdType = '{facts.OID_INS_TEST}']/pat:nationalId/text()"
    return [str(number) for number in answer.all(path)]


def status(answer: Answered) -> str:
    """Status of an answer of those services, or the code of the fault."""
    return answer.fault or answer.one("hab:output/hab:status | pat:output/pat:status")


def said(answer: Answered) -> str:
    return " ".join(map(str, answer.all("hab:output/hab:context/text() | pat:output/pat:context/text()")))


def patient_list(lps: Lps, who: Who | etree._Element | None = None, **fields: str) -> Answered:
    return lps.send("TD0.4", custom("pat:patientList", **fields), Who() if who is None else who)
