"""Signed envelopes and the test seal: one altered bit is enough, and two processes share one seal."""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import canonical, dsse
from protocol.errors import ConfigError, EvidenceError
from protocol.trust import load_trust
from reports import keys


@pytest.fixture(scope="module")
def seal(tmp_path_factory: pytest.TempPathFactory) -> keys.Seal:
    return keys.installation_seal(tmp_path_factory.mktemp("home") / "keys")


def test_a_signed_payload_verifies_and_an_altered_one_does_not(seal: keys.Seal) -> None:
    envelope = dsse.read(dsse.sign(b'{"a":1}', [seal]))
    covered = dsse.encoding(envelope.payload_type, envelope.payload)
    assert seal.key.verifies(envelope.signatures[0].value, covered)
    for place in range(len(covered)):
        altered = bytearray(covered)
        altered[place] ^= 1
        assert not seal.key.verifies(envelope.signatures[0].value, bytes(altered))


def test_the_payload_type_is_signed(seal: keys.Seal) -> None:
    envelope = dsse.read(dsse.sign(b"{}", [seal]))
    assert not seal.key.verifies(envelope.signatures[0].value, dsse.encoding("text/plain", envelope.payload))


def test_the_published_encoding_example() -> None:
    # DSSE v1 protocol, test vector of its pre-authentication encoding.
    assert dsse.encoding("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


@given(st.binary(max_size=80))
def test_arbitrary_bytes_are_refused_with_a_typed_error(data: bytes) -> None:
    with pytest.raises(EvidenceError):
        dsse.read(data)


@pytest.mark.parametrize(
    "change",
    [
        {"payload": "%%%"},
        {"payload": 3},
        {"signatures": 3},
        {"signatures": [{}]},
        {"extra": 1},
        {"payloadType": 1},
    ],
)
def test_broken_envelopes(seal: keys.Seal, change: dict[str, object]) -> None:
    raw = json.loads(dsse.sign(b"{}", [seal])) | change
    with pytest.raises(EvidenceError):
        dsse.read(json.dumps(raw).encode())


def test_the_seal_is_made_once_and_private(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        seals = list(pool.map(lambda _: keys.installation_seal(tmp_path / "keys"), range(8)))
    assert len({seal.key.keyid for seal in seals}) == 1
    assert (tmp_path / "keys" / "seal-test.pem").stat().st_mode & 0o077 == 0
    assert [entry.name for entry in tmp_path.iterdir()] == ["keys"]


def test_a_seal_that_does_not_match_its_trust_file_is_refused(tmp_path: Path) -> None:
    keys.installation_seal(tmp_path / "a")
    keys.installation_seal(tmp_path / "b")
    (tmp_path / "a" / "trust.json").write_bytes((tmp_path / "b" / "trust.json").read_bytes())
    with pytest.raises(ConfigError) as refused:
        keys.installation_seal(tmp_path / "a")
    assert refused.value.code == "KEY-002"


def test_a_trust_file_with_a_foreign_keyid_is_refused(tmp_path: Path) -> None:
    keys.installation_seal(tmp_path / "a")
    raw = canonical.loads((tmp_path / "a" / "trust.json").read_bytes())
    raw["keys"][0]["keyid"] = "0" * 64
    (tmp_path / "t.json").write_bytes(canonical.dumps(raw))
    with pytest.raises(EvidenceError):
        load_trust(tmp_path / "t.json")


def test_envelope_is_canonical_json(seal: keys.Seal) -> None:
    data = dsse.sign(b"{}", [seal])
    assert canonical.is_canonical(data)
    assert base64.b64decode(canonical.loads(data)["payload"]) == b"{}"
