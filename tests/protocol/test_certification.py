"""Reading identityCertification."""

from __future__ import annotations

import pytest

from protocol import safexml
from protocol.certification import CertificationRequest, read_certification
from protocol.errors import MetadataError


def body(inside: str) -> bytes:
    return (
        f'<p:identityCertification xmlns:p="urn:si-dmp-patients">{inside}</p:identityCertification>'.encode()
    )


def test_everything_is_read() -> None:
    read = read_certification(
        safexml.parse(
            body(
                "<p:nirOD> 297022A999301 </p:nirOD><p:dateNaissance>1997-02-26</p:dateNaissance>"
                "<p:rangNaissance>1</p:rangNaissance><p:nirIndividu>2 97 02</p:nirIndividu><x/>"
            )
        )
    )
    assert read == CertificationRequest("297022A999301", "1997-02-26", "1", "29702", ("x",))


def test_nothing_is_empty() -> None:
    assert read_certification(safexml.parse(body(""))) == CertificationRequest("", "", "", "")


@pytest.mark.parametrize(
    ("data", "code"), [(b"<a/>", "WS-001"), (body("<p:nirOD>1</p:nirOD><p:nirOD>2</p:nirOD>"), "WS-002")]
)
def test_unreadable(data: bytes, code: str) -> None:
    with pytest.raises(MetadataError, match=code):
        read_certification(safexml.parse(data))
