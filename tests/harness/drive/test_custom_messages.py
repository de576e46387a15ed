"""Messages of the DMP's own services: what is asked is what is sent, and what is not asked is not there."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from lxml import etree

from harness.drive.message import OutgoingMessage
from protocol import safexml
from protocol.errors import UsageError

Make = Callable[..., OutgoingMessage]


def payload(message: OutgoingMessage) -> list[tuple[str, str]]:
    """(name, text) of the children of the payload."""
    [body] = safexml.xpath(safexml.parse(message.body), "/soap:Envelope/soap:Body/*")
    return [(etree.QName(child).localname, safexml.text(child)) for child in body]


@pytest.mark.parametrize(
    ("transaction", "params", "sent"),
    [
        ("TD0.4", {}, [("startDate", "20260115080000"), ("dateType", "LASTDOC")]),
        ("TD0.4", {"date_type": "", "start_date": "", "owner": "8"}, [("psOwnerId", "8")]),
        ("TD1.5a", {}, [("type", "SMS"), ("canal", "0612345678")]),
        ("TD1.5a", {"type": "EMAIL"}, [("type", "EMAIL"), ("canal", "patient@example.org")]),
        ("TD1.5a", {"type": "FAX"}, [("type", "FAX")]),
        ("TD1.5b", {"canal": "07"}, [("type", "SMS"), ("canal", "07"), ("action", "AJOUT")]),
        ("TD1.5c", {}, [("type", "SMS"), ("canal", "0612345678"), ("action", "MODIFICATION")]),
        (
            "TD1.5c",
            {"action": "SUPPRESSION"},
            [("type", "SMS"), ("canal", "0612345678"), ("action", "SUPPRESSION")],
        ),
        ("TD1.5d", {}, []),
        ("TD1.6", {}, [("mode", "TOUTE")]),
        ("TD1.6", {"mode": ""}, []),
    ],
)
def test_parameters_are_sent_as_they_are(
    make: Make, transaction: str, params: dict[str, str], sent: list[tuple[str, str]]
) -> None:
    assert payload(make(transaction, **params)) == sent


def test_credentials_cannot_be_asked_for_with_parameters(make: Make) -> None:
    with pytest.raises(UsageError, match="DRIVE-002"):
        make("TD1.5d", login="x")
