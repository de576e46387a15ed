"""The known part of the matrix of document types by profession."""

from __future__ import annotations

import pytest

from protocol import codes, facts
from protocol.documenttypes import closed, document_types


def test_the_types_exist_and_say_where_they_come_from() -> None:
    for item in document_types().values():
        assert codes.value_set("J66").contains(item.code, item.system)
        assert item.closed_to and item.source and item.confidence in ("B", "C")


@pytest.mark.parametrize(
    ("type_code", "profession", "system", "expected"),
    [
        ("ATTEST-RESID", "10", facts.OID_PROFESSIONS, True),
        ("ATTEST-RESID", "10", "1.2.250.1.71.1.2.8", True),
        ("ATTEST-RESID", "10", "1.2.3", False),
        ("ATTEST-RESID", "60", facts.OID_PROFESSIONS, False),
        ("83901-9", "40", facts.OID_PROFESSIONS, True),
        ("83901-9", "10", facts.OID_PROFESSIONS, False),
        ("11488-4", "40", facts.OID_PROFESSIONS, False),
        ("", "", "", False),
    ],
)
def test_who_may_not_read(type_code: str, profession: str, system: str, expected: bool) -> None:
    assert closed(type_code, profession, system) is expected
