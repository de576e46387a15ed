"""The Exchange on disk: what was written is read again, whatever the bytes; what is damaged is said so."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import EvidenceError
from protocol.exchange import Exchange, Request, Response, Tls, from_facts, load

AT = datetime(2026, 11, 23, 8, 30, 1, 250_000, tzinfo=UTC)
words = st.text(st.characters(codec="ascii", min_codepoint=33), max_size=12)
headers = st.lists(st.tuples(words, words), max_size=4).map(tuple)


def exchange(kind: str = "application/soap+xml", body: bytes = b"<a/>") -> Exchange:
    asked = Request("POST", "/x", (("content-type", kind),), body)
    return Exchange(
        "e", "driver", "s", AT, AT, asked, Response(200, (), b""), Tls("TLSv1.2", "suite", b"\x30")
    )


@given(
    asked=headers, answered=headers, body=st.binary(max_size=200), answer=st.binary(max_size=200) | st.none()
)
def test_round_trip(
    asked: tuple[tuple[str, str], ...], answered: object, body: bytes, answer: bytes | None
) -> None:
    response = None if answer is None else Response(500, answered, answer)  # type: ignore[arg-type]
    one = Exchange("e", "proxy", "s", AT, AT, Request("POST", "/x", asked, body), response, failure="cut")
    with tempfile.TemporaryDirectory() as folder:
        one.save(Path(folder), "01")
        assert load(Path(folder), "01") == one


@pytest.mark.parametrize(
    ("kind", "suffix"),
    [
        ("application/soap+xml; charset=UTF-8", ".xml"),
        ('Multipart/Related; boundary="b"', ".mime"),
        ("text/plain", ".bin"),
        ("", ".bin"),
    ],
)
def test_the_suffix_says_how_to_open_the_bytes(tmp_path: Path, kind: str, suffix: str) -> None:
    one = exchange(kind)
    assert one.save(tmp_path, "01")[0].name == f"01_requete{suffix}"
    assert load(tmp_path, "01") == one


def test_bodies_decide_the_digest() -> None:
    assert exchange(body=b"a").digest() != exchange(body=b"b").digest()
    assert len(exchange().digest()) == 64


@pytest.mark.parametrize("lost", ["01_requete.xml", "01_echange.json"])
def test_a_lost_file_is_said_so(tmp_path: Path, lost: str) -> None:
    exchange().save(tmp_path, "01")
    (tmp_path / lost).unlink()
    with pytest.raises(EvidenceError):
        load(tmp_path, "01")


def test_two_bodies_for_one_request_are_refused(tmp_path: Path) -> None:
    exchange().save(tmp_path, "01")
    (tmp_path / "01_requete.mime").write_bytes(b"other")
    with pytest.raises(EvidenceError):
        load(tmp_path, "01")


@pytest.mark.parametrize(
    "change", [{"started": "yesterday"}, {"request": None}, {"response": {"status": "x"}}]
)
def test_a_damaged_description_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(EvidenceError):
        from_facts({**exchange().facts(), **change}, b"", b"")
