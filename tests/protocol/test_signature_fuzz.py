"""A byte changed anywhere in a signed VIHF, its certificate above all: a typed refusal, or the same content."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.checks import xmldsig
from harness.drive.build import build
from harness.drive.clock import SystemClock
from harness.drive.identity import Keyring
from harness.drive.ids import SeededIds
from harness.drive.lps import Lps
from protocol import safexml
from protocol.errors import WireError
from protocol.signature import verify_enveloped

CERTIFICATE = "ds:Signature/ds:KeyInfo/ds:X509Data/ds:X509Certificate"
#: What the certificate library says of odd but readable certificates is for developers, not for this test.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


@pytest.fixture(scope="module")
def assertion(keyring: Keyring) -> bytes:
    message = build(
        "TD0.2",
        {"patient": "actif-autorise"},
        keyring.identity("cps"),
        Lps("LPS-TEST", "1.0.0", "TEST-OK-1"),
        clock=SystemClock(),
        ids=SeededIds(1),
    )
    return safexml.serialize(safexml.xpath(safexml.parse(message.body), "//saml:Assertion")[0])


def judged(data: bytes) -> bool:
    """Whether it still verifies; only a typed refusal may be raised."""
    try:
        verify_enveloped(safexml.parse(data), at=datetime.now(UTC))
    except WireError:
        return False
    return True


@given(place=st.integers(0, 10**6), bit=st.integers(0, 7))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_changed_certificate_raises_nothing_but_a_typed_refusal(
    assertion: bytes, place: int, bit: int
) -> None:
    root = safexml.parse(assertion)
    carrier = safexml.xpath(root, CERTIFICATE)[0]
    der = bytearray(base64.b64decode(safexml.text(carrier)))
    der[place % len(der)] ^= 1 << bit
    carrier.text = base64.b64encode(bytes(der)).decode()
    judged(safexml.serialize(root))
    xmldsig.signer(safexml.xpath(root, "ds:Signature")[0])


def test_an_unknown_version_of_certificate_is_refused(assertion: bytes) -> None:
    """The version is the only field that the library refuses with an error of another family."""
    root = safexml.parse(assertion)
    carrier = safexml.xpath(root, CERTIFICATE)[0]
    der = base64.b64decode(safexml.text(carrier))
    carrier.text = base64.b64encode(der.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x72", 1)).decode()
    assert carrier.text != base64.b64encode(der).decode()
    assert not judged(safexml.serialize(root))
    assert xmldsig.signer(safexml.xpath(root, "ds:Signature")[0]) is None


@given(place=st.integers(0, 10**6), value=st.integers(0, 255))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_changed_byte_anywhere_is_a_typed_refusal_or_means_the_same(
    assertion: bytes, place: int, value: int
) -> None:
    altered = bytearray(assertion)
    altered[place % len(altered)] = value
    if judged(bytes(altered)):
        claims = [
            safexml.text(node) for node in safexml.xpath(safexml.parse(assertion), "//saml:AttributeValue")
        ]
        found = [
            safexml.text(node)
            for node in safexml.xpath(safexml.parse(bytes(altered)), "//saml:AttributeValue")
        ]
        assert found == claims
