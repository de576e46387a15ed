"""Checkpoints: read back as written, one altered character refused, a key that is not the signer's not believed."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import EvidenceError
from reports.register.checkpoint import Checkpoint, NoteKey, parse

LOG = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
WITNESS = Ed25519PrivateKey.from_private_bytes(bytes(range(32, 64)))
KEY = NoteKey("registre.test", LOG.public_key())
OTHER = NoteKey("temoin.test", WITNESS.public_key())
POINT = Checkpoint("registre.test/homologations", 7, bytes(32)).signed(KEY.name, LOG)


def test_the_note_is_three_lines_a_blank_one_and_its_signatures() -> None:
    lines = str(POINT).split("\n")
    assert lines[:4] == ["registre.test/homologations", "7", base64.b64encode(bytes(32)).decode(), ""]
    assert lines[4].startswith("\u2014 registre.test ")
    assert lines[5:] == [""]


@given(st.integers(0, 2**62), st.binary(min_size=32, max_size=32), st.integers(0, 2))
def test_what_was_written_is_read(size: int, root: bytes, signers: int) -> None:
    point = Checkpoint("registre.test/x", size, root)
    for name, private in (("registre.test", LOG), ("temoin.test", WITNESS))[:signers]:
        point = point.signed(name, private)
    again = parse(str(point))
    assert again == point
    assert again.signers([KEY, OTHER]) == (KEY, OTHER)[:signers]


@given(st.integers(0, len(str(POINT)) - 1), st.characters(codec="ascii"))
def test_one_altered_character_is_never_believed(at: int, other: str) -> None:
    text = str(POINT)
    altered = text[:at] + other + text[at + 1 :]
    if altered == text:
        return
    try:
        believed = parse(altered).signers([KEY])
    except EvidenceError:
        return
    assert believed == ()


def test_a_strangers_signature_is_not_believed() -> None:
    forged = Checkpoint(POINT.origin, 8, POINT.root).signed(KEY.name, WITNESS)
    assert forged.signers([KEY]) == ()
    borrowed = Checkpoint(POINT.origin, 8, POINT.root, POINT.signatures)
    with pytest.raises(EvidenceError, match="CHKPT-002"):
        borrowed.signers([KEY])


def test_keys_are_given_as_text() -> None:
    assert NoteKey.parse(str(KEY)) == KEY
    name, hint, encoded = str(KEY).split("+", 2)
    for wrong in ("", "x", f"{name}+00000000+{encoded}", f"a b+{hint}+{encoded}", f"{name}+{hint}+AAAA"):
        with pytest.raises(EvidenceError, match="CHKPT-001"):
            NoteKey.parse(wrong)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a\n1\n",
        "a\n01\nAAAA\n\n",
        f"a\n-1\n{base64.b64encode(bytes(32)).decode()}\n\n",
        f"{POINT}x",
        str(POINT).replace("\n", "\r\n"),
        str(POINT).replace("registre.test/", "registre.test\t/"),
    ],
    ids=["empty", "two lines", "leading zero", "negative size", "more after", "carriage returns", "tab"],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(EvidenceError, match="CHKPT-001"):
        parse(text)


def test_a_name_with_a_space_signs_nothing() -> None:
    with pytest.raises(EvidenceError, match="CHKPT-001"):
        POINT.signed("deux mots", LOG)
