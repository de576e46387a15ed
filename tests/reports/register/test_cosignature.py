"""Cosignatures: public ones verify, ours are as the specification says, what is not a witness's never counts."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import EvidenceError
from protocol.trust import TrustedKey, keyid_of
from reports.register.checkpoint import Checkpoint, NoteKey, NoteSignature, parse
from reports.register.cosignature import (
    WitnessKey,
    cosign,
    cosigned,
    merged,
    refuse_log,
    refuse_useless,
    witnesses_of,
)
from tests.reports.register.conftest import START

LOG = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
ONE = Ed25519PrivateKey.from_private_bytes(bytes(range(32, 64)))
TWO = Ed25519PrivateKey.from_private_bytes(bytes(range(64, 96)))
KEY = NoteKey("registre.test", LOG.public_key())
FIRST = WitnessKey("temoin.test/1", ONE.public_key())
SECOND = WitnessKey("temoin.test/2", TWO.public_key())
POINT = Checkpoint("registre.test/homologations", 7, bytes(32)).signed(KEY.name, LOG)
COSIGNED = cosign(POINT, FIRST.name, ONE, START)

#: A checkpoint of a public log with the lines of the log and of the public witnesses that follow it, as published.
_PUBLIC_LINES = (
    (
        "arche2025h1.staging.ct.transparency.dev",
        "zTM8sQAAAZ5W0WdjBAMARjBEAiBjW5IQf9pvsYLfQFX6hoGREPMHbdQ3urbllzalApkptQIgIpwtEroeW2BXaHAI4k"
        "JXFbon5Ch9MNL5zRNZ55lvGt0=",
    ),
    (
        "arche2025h1.staging.ct.transparency.dev",
        "ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=",
    ),
    (
        "transparency.dev/DEV:witness-little-garden",
        "2AQqhwAAAABqEiEgzgFIqqhbUoDwjMWE6UP8nd8/KYTzwZ2rhIgcqoXHAwVkjZr4AscylP3v7sEodkRAErumC2q44v"
        "dgJY096st5BQ==",
    ),
    (
        "witness1.smartit.nu/witness1",
        "pIyCDwAAAABqEiEghIp82KWebrw7/oHQwlTAm3g2RKS4+eebl8eO0WH+/iEcxZ75W3u5hNI7TOQtmJbqmNWVuE0tgh"
        "0XwzdZsDsUAQ==",
    ),
    (
        "remora.n621.de",
        "2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WB"
        "xtqB0DrAWfBw==",
    ),
    (
        "witness.stagemole.eu",
        "Z/euoAAAAABqEiEgw0i+7g2ENfDAWHmtRzCfKTHSDwYDJA2NmKeGi9Y8FtEyOUvVr+AJmIY/2TUFucgKi7lI7cUiOv"
        "KFYe/TmN9DAg==",
    ),
)
PUBLIC = parse(
    "arche2025h1.staging.ct.transparency.dev\n1432088532\nU7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=\n\n"
    + "".join(f"\u2014 {name} {value}\n" for name, value in _PUBLIC_LINES)
)
PUBLIC_LOG = NoteKey.parse(
    "arche2025h1.staging.ct.transparency.dev+ba2f06c0+AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f"
)
PUBLIC_WITNESSES = tuple(
    map(
        WitnessKey.parse,
        (
            "transparency.dev/DEV:witness-little-garden+d8042a87+BCtusOxINQNUTN5Oj8HObRkh2yHf/MwYaGX4CPdiVEPM",
            "witness1.smartit.nu/witness1+a48c820f+BPSFWg9G6KPiO7QPryYO5Xq4oYJJ+kAvLKLSimDhoxMO",
            "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2",
            "witness.stagemole.eu+67f7aea0+BEqSG3yu9YrmcM3BHvQYTxwFj3uSWakQepafafpUqklv",
        ),
    )
)


def test_a_public_log_and_its_public_witnesses_verify() -> None:
    assert PUBLIC.signers([PUBLIC_LOG]) == (PUBLIC_LOG,)
    found = cosigned(PUBLIC, PUBLIC_WITNESSES, [PUBLIC_LOG])
    assert [one.key for one in found] == list(PUBLIC_WITNESSES)
    assert {one.at for one in found} == {datetime.fromtimestamp(0x6A122120, UTC)}
    altered = replace(PUBLIC, size=PUBLIC.size + 1)
    for witness in PUBLIC_WITNESSES:
        with pytest.raises(EvidenceError, match="CHKPT-002"):
            cosigned(altered, [witness])


def test_the_example_of_the_specification_reads() -> None:
    # c2sp.org/tlog-cosignature gives no key for it: the frame is what it shows.
    point = parse(
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
        "— example.com/behind-the-sofa "
        "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
        "— witness.example.com/w1 "
        "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
    )
    line = point.signatures[1]
    assert (line.hint.hex(), len(line.value)) == ("8d66cf3f", 72)
    assert int.from_bytes(line.value[:8]) == 1679315147


def test_ours_is_what_the_specification_says_byte_for_byte() -> None:
    when = int(START.timestamp())
    text = f"registre.test/homologations\n7\n{base64.b64encode(bytes(32)).decode()}\n"
    raw = ONE.public_key().public_bytes_raw()
    hint = hashlib.sha256(b"temoin.test/1\n\x04" + raw).digest()[:4]
    signature = ONE.sign(f"cosignature/v1\ntime {when}\n{text}".encode())
    line = base64.b64encode(hint + when.to_bytes(8, "big") + signature).decode()
    assert str(COSIGNED) == f"{POINT}— temoin.test/1 {line}\n"
    assert str(FIRST) == f"temoin.test/1+{hint.hex()}+{base64.b64encode(bytes([4]) + raw).decode()}"
    assert parse(str(COSIGNED)) == COSIGNED


@given(
    st.integers(0, 2**60),
    st.binary(min_size=32, max_size=32),
    st.datetimes(datetime(1970, 1, 2), datetime(9000, 1, 1)),
)
def test_what_was_cosigned_is_read(size: int, root: bytes, when: datetime) -> None:
    at = when.replace(tzinfo=UTC, microsecond=0)
    point = cosign(Checkpoint("registre.test/x", size, root), FIRST.name, ONE, at)
    again = parse(str(point))
    assert FIRST.seen(again) == (at,)
    assert SECOND.seen(again) == ()


@given(st.integers(0, len(str(COSIGNED)) - 1), st.characters(codec="ascii"))
def test_one_altered_character_is_never_believed(at: int, other: str) -> None:
    text = str(COSIGNED)
    altered = text[:at] + other + text[at + 1 :]
    try:
        point = parse(altered)
        believed = cosigned(point, [FIRST])
    except EvidenceError:
        return
    # What still verifies says the same: only a line that is not the witness's may differ.
    assert not believed or (point.text, believed[0].at) == (COSIGNED.text, START)


def names(point: Checkpoint, *known: WitnessKey, until: datetime | None = None) -> list[str]:
    return [one.key.name for one in cosigned(point, known, [KEY], until=until)]


def test_a_witness_counts_once_whatever_its_lines_and_names() -> None:
    twice = cosign(COSIGNED, FIRST.name, ONE, START + timedelta(hours=1))
    found = cosigned(twice, [FIRST, FIRST, SECOND], [KEY])
    assert [(one.key, one.at) for one in found] == [(FIRST, START + timedelta(hours=1))]
    alias = WitnessKey("autre.test", ONE.public_key())
    two_names = cosign(COSIGNED, alias.name, ONE, START)
    assert names(two_names, FIRST, alias) == [FIRST.name]
    assert names(cosign(twice, SECOND.name, TWO, START), FIRST, SECOND) == [FIRST.name, SECOND.name]


def test_lines_of_the_unknown_are_ignored() -> None:
    other_name = cosign(POINT, "inconnu.test", ONE, START)
    assert names(other_name, FIRST, SECOND) == []
    # The name of a witness under another key: the hint differs, and no one is deceived.
    assert names(cosign(POINT, FIRST.name, TWO, START), FIRST, SECOND) == []


def moved(line: NoteSignature, **changes: bytes) -> Checkpoint:
    return replace(POINT, signatures=(*POINT.signatures, replace(line, **changes)))


def test_a_line_that_claims_a_witness_and_is_wrong_is_refused() -> None:
    line = COSIGNED.signatures[-1]
    later = (int(START.timestamp()) + 60).to_bytes(8)
    wrong = {
        "moved to another checkpoint": replace(COSIGNED, size=8),
        "other moment": moved(line, value=later + line.value[8:]),
        "cut": moved(line, value=line.value[:-1]),
        "without its moment": moved(line, value=line.value[8:]),
        "moment that no calendar has": moved(line, value=b"\xff" * 8 + line.value[8:]),
        "signature of a log": moved(line, value=ONE.sign(POINT.text.encode())),
    }
    for name, point in wrong.items():
        with pytest.raises(EvidenceError, match="CHKPT-002"):
            cosigned(point, [FIRST])
            pytest.fail(name)


def test_a_log_is_no_witness_and_a_witness_no_log() -> None:
    # Its own key in the part of a witness: not counted, and refused when it is named.
    itself = WitnessKey("temoin.test/ami", LOG.public_key())
    assert names(cosign(POINT, itself.name, LOG, START), itself) == []
    with pytest.raises(EvidenceError, match="COSIGN-001"):
        refuse_log(itself, [KEY])
    # The key of a witness signs no checkpoint: as the log's key it has another hint, and another kind when written.
    stolen = Checkpoint(POINT.origin, 9, bytes(32)).signed(KEY.name, ONE)
    assert stolen.signers([KEY]) == ()
    as_log = NoteKey(FIRST.name, ONE.public_key())
    assert COSIGNED.signers([as_log]) == ()
    assert FIRST.seen(POINT.signed(FIRST.name, ONE)) == ()
    with pytest.raises(EvidenceError, match="CHKPT-001"):
        NoteKey.parse(str(FIRST))
    with pytest.raises(EvidenceError, match="CHKPT-001"):
        WitnessKey.parse(str(KEY))


def test_a_cosignature_counts_within_the_dates_of_its_key_and_not_from_the_future() -> None:
    assert names(COSIGNED, FIRST, until=START) == [FIRST.name]
    assert names(COSIGNED, FIRST, until=START - timedelta(minutes=9)) == [FIRST.name]
    assert names(COSIGNED, FIRST, until=START - timedelta(hours=1)) == []
    listed = TrustedKey(
        keyid_of(FIRST.public),
        "witness",
        FIRST.name,
        ("TST",),
        START - timedelta(days=1),
        START + timedelta(days=1),
        FIRST.public,
    )
    for changed, counted in (
        (listed, [FIRST.name]),
        (replace(listed, not_before=START + timedelta(seconds=1)), []),
        (replace(listed, not_after=START), []),
        (replace(listed, distrust_after=START + timedelta(days=1)), []),
        (replace(listed, role="log"), []),
    ):
        assert names(COSIGNED, *witnesses_of([changed])) == counted
    refuse_useless(listed, KEY)
    curve = ec.generate_private_key(ec.SECP256R1()).public_key()
    for code, changed in (
        ("CHKPT-001", replace(listed, name="Fédération des éditeurs")),
        ("COSIGN-001", replace(listed, public=LOG.public_key())),
        ("COSIGN-002", replace(listed, public=curve)),
    ):
        with pytest.raises(EvidenceError, match=code):
            refuse_useless(changed, KEY)
        assert names(COSIGNED, *witnesses_of([changed])) == []


def test_one_line_a_witness_is_kept_the_last() -> None:
    later = cosign(POINT, FIRST.name, ONE, START + timedelta(hours=1))
    both = cosign(later, SECOND.name, TWO, START)
    for own, given_ in ((COSIGNED, both), (both, COSIGNED)):
        point = merged(own, given_, [FIRST, SECOND])
        assert [line.name for line in point.signatures] == [KEY.name, FIRST.name, SECOND.name]
        assert FIRST.seen(point) == (START + timedelta(hours=1),)
    assert both.only([KEY]) == POINT
