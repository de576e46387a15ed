"""A signed version of the trust file is read strictly: one form, these members, nothing that raises anything else."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from protocol import canonical, dsse, trustversion
from protocol.errors import DmpcompatError, EvidenceError
from protocol.trust import keyid_of, pem, read_trust
from protocol.trustversion import PAYLOAD_TYPE, Signed
from tests.protocol import chains

GOOD = chains.signed(chains.version(), [0])


def written(raw: Any) -> bytes:
    """An envelope around anything."""
    return dsse.envelope(canonical.dumps(raw), GOOD.signatures, PAYLOAD_TYPE)


def plain() -> dict[str, Any]:
    found: dict[str, Any] = canonical.loads(GOOD.version.payload)
    return found


def test_it_is_read_as_it_was_written() -> None:
    for version in (chains.version(), chains.version(expires=None), chains.version(2, previous="ab" * 32)):
        line = chains.signed(version, [0]).line()
        found = trustversion.read_one(line)
        assert (found.version, found.line()) == (version, line)
        assert found.by(version.root) == {chains.IDS[0]}
    assert trustversion.read(trustversion.lines([GOOD, GOOD])) == (GOOD, GOOD)
    assert trustversion.is_signed(GOOD.line())
    assert trustversion.is_signed(trustversion.lines([GOOD]))


def test_the_plain_form_of_it_is_a_trust_file_without_the_root() -> None:
    payload = GOOD.version.payload
    assert not trustversion.is_signed(payload)
    assert read_trust(payload, "trust.json") == dict(GOOD.version.keys)


@pytest.mark.parametrize(
    "change",
    [
        {"format": "dmpcompat-trust/2"},
        {"version": 0},
        {"version": True},
        {"version": 2},
        {"previous": "ab" * 32},
        {"previous": None},
        {"issuedAt": "hier"},
        {"expiresAt": ""},
        {"expiresAt": False},
        {"reason": " "},
        {"origin": 7},
        {"root": {"threshold": 0, "keys": []}},
        {"root": {"threshold": 2, "keys": plain()["root"]["keys"]}},
        {"root": {"threshold": True, "keys": plain()["root"]["keys"]}},
        {"root": {"threshold": 1, "keys": plain()["root"]["keys"] * 2}},
        {"root": []},
        {"keys": plain()["keys"] * 2},
        {"keys": [{**plain()["keys"][0], "role": "wizard"}]},
        {"keys": [{**plain()["keys"][0], "keyid": "0" * 64}]},
        {"keys": [{**plain()["keys"][0], "public": 7}]},
        {"keys": {}},
        {"more": 1},
    ],
    ids=lambda change: canonical.dumps(change).decode()[:30],
)
def test_what_is_not_a_version_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(EvidenceError, match="TRUST-010"):
        trustversion.read_one(written({**plain(), **change}))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda one: one.line() + b" ",
        lambda one: one.line().replace(b"vnd.dmpcompat.trust", b"vnd.in-toto"),
        lambda one: Signed(one.version, one.signatures * 2).line(),
        lambda one: dsse.envelope(b" " + one.version.payload, one.signatures, PAYLOAD_TYPE),
        lambda one: one.line() + b"\n\n",
        lambda _: b"",
        lambda one: trustversion.lines([one] * 1001),
    ],
    ids=["space", "other type", "signed twice", "payload not canonical", "empty line", "nothing", "too many"],
)
def test_there_is_one_form_of_it(spoil: Callable[[Signed], bytes]) -> None:
    with pytest.raises(EvidenceError):
        trustversion.read(spoil(GOOD))


def test_a_key_says_its_own_algorithm() -> None:
    """A key of another curve under our name would be verified by whatever it is."""
    odd = ec.generate_private_key(ec.SECP256K1()).public_key()
    wide = ec.generate_private_key(ec.SECP384R1()).public_key()
    for public, algorithm in ((odd, "ecdsa-p256-sha256"), (wide, "ecdsa-p256-sha256"), (wide, "ed25519")):
        entry = {"keyid": keyid_of(public), "algorithm": algorithm, "public": pem(public)}
        raw = plain()
        raw["keys"] = [{**raw["keys"][0], **entry}]
        with pytest.raises(EvidenceError, match="TRUST-010"):
            trustversion.read_one(written(raw))
        with pytest.raises(EvidenceError, match="KEY-003"):
            read_trust(canonical.dumps({"format": "dmpcompat-trust/2", "keys": raw["keys"]}), "trust.json")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(member=st.sampled_from(sorted(plain())), value=_JSON)
def test_odd_members_raise_nothing_else(member: str, value: Any) -> None:
    try:
        trustversion.read_one(written({**plain(), member: value}))
    except DmpcompatError:
        return
    assert canonical.dumps(value) == canonical.dumps(plain()[member]) or member in (
        "reason",
        "issuer",
        "origin",
        "keys",
        "expiresAt",
    )


@given(data=st.binary(max_size=60) | _JSON.map(lambda raw: base64.b64encode(canonical.dumps(raw))))
def test_odd_bytes_raise_nothing_else(data: bytes) -> None:
    for made in (
        data,
        b'{"payload":"' + data + b'","payloadType":"' + PAYLOAD_TYPE.encode() + b'","signatures":[]}',
    ):
        with pytest.raises(DmpcompatError):
            trustversion.read(made)
        trustversion.is_signed(made)
