"""OIDs and UUIDs: form, length, and the road between them."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import IdentifierError
from protocol.identifiers.oid import is_oid, oid_from_uuid, parse_oid, parse_urn_oid
from protocol.identifiers.uuids import is_urn_uuid, parse_urn_uuid, urn_uuid

LONGEST = "1." + ".".join(["2"] * 31) + "3"


@pytest.mark.parametrize("text", ["1.2.250.1.213.1.4.10", "0.39.0", "1.3.2", "2.25.0", "2.999", LONGEST])
def test_right_oids(text: str) -> None:
    assert parse_oid(text) == text
    assert parse_urn_oid(f"urn:oid:{text}") == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "1.",
        ".1",
        "1..2",
        "3.1",
        "1.40",
        "0.100",
        "1.02",
        "01.2",
        "1.2.a",
        "1.2 ",
        "1.2\n",
        "1.²",
        "1.2^3",
        LONGEST + "1",
    ],
)
def test_wrong_oids(text: str) -> None:
    assert not is_oid(text)
    with pytest.raises(IdentifierError):
        parse_oid(text)


def test_urn_prefix_is_needed() -> None:
    for text in ("1.2.3", "URN:OID:1.2.3", "urn:oid:", "urn:oid:1.02"):
        with pytest.raises(IdentifierError):
            parse_urn_oid(text)


def test_known_oid_of_a_uuid() -> None:
    """The example of X.667."""
    value = UUID("f81d4fae-7dec-11d0-a765-00a0c91e6bf6")
    assert oid_from_uuid(value) == "2.25.329800735698586629295641978511506172918"


@given(st.uuids())
def test_uuids(value: UUID) -> None:
    assert parse_urn_uuid(urn_uuid(value)) == value
    oid = parse_oid(oid_from_uuid(value))
    assert UUID(int=int(oid.removeprefix("2.25."))) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SubmissionSet01",
        "urn:uuid:",
        "14d4debf-8f97-4251-9a74-a90016b0af0d",
        "urn:uuid:14D4DEBF-8F97-4251-9A74-A90016B0AF0D",
        "urn:uuid:14d4debf8f9742519a74a90016b0af0d",
        "urn:uuid:{14d4debf-8f97-4251-9a74-a90016b0af0d}",
        "URN:UUID:14d4debf-8f97-4251-9a74-a90016b0af0d",
        "urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d\n",
    ],
)
def test_wrong_uuids(text: str) -> None:
    assert not is_urn_uuid(text)
    with pytest.raises(IdentifierError):
        parse_urn_uuid(text)


@given(st.text(max_size=80))
def test_any_text_gives_a_value_or_an_identifier_error(text: str) -> None:
    for parse in (parse_oid, parse_urn_oid, parse_urn_uuid):
        try:
            parse(text)
        except IdentifierError:
            continue
        assert is_oid(text.removeprefix("urn:oid:")) or is_urn_uuid(text)
