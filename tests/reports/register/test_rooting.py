"""Root keys and what waits for their signatures: who may sign, whose signatures are put together, what is refused."""

from __future__ import annotations

import base64
import json
import shutil
import stat
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric import ec, ed448
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from commands.register import register as command
from protocol import trustversion
from protocol.errors import EvidenceError, UsageError
from protocol.trust import P384, algorithm_of, keyid_of
from protocol.trustversion import Root, RootKey, Signed
from reports.register import rooting
from reports.register.rooting import Proposal
from tests.protocol.chains import IDS, POOL, after, key, root, signed, version

V1 = version()
PROPOSED = Proposal(signed(V1, [0]), Signed(after(V1, root=root([1, 2, 3], 2), keys={IDS[8]: key(8)})))


def test_signatures_are_gathered_until_both_thresholds_are_met() -> None:
    now = PROPOSED
    lacking = [now.missing]
    for number in (2, 2, 0, 1):
        now = rooting.read(rooting.signed(now, POOL[number]).data())
        lacking.append(now.missing)
    assert lacking == [(1, 2), (1, 1), (1, 1), (0, 1), (0, 0)]
    assert now.complete
    assert not PROPOSED.complete
    assert Proposal(None, signed(V1, [0])).complete


def test_copies_that_people_signed_apart_are_put_together() -> None:
    copies = [rooting.signed(PROPOSED, POOL[number]) for number in (0, 1, 3)]
    assert rooting.merged(copies).complete
    other = replace(PROPOSED, proposed=Signed(replace(PROPOSED.version, reason="autre")))
    with pytest.raises(UsageError, match="TRUST-001"):
        rooting.merged([*copies, other])


def test_no_other_key_signs() -> None:
    for number in (4, 7, 8):
        with pytest.raises(UsageError, match="TRUST-001"):
            rooting.signed(PROPOSED, POOL[number])


def test_what_it_changes_is_told() -> None:
    assert [(sign, one.keyid) for sign, one in PROPOSED.changes()] == [("+", IDS[8]), ("-", IDS[7])]
    again = Proposal(PROPOSED.current, Signed(after(V1, keys={IDS[7]: key(7, name="autre nom")})))
    assert [(sign, one.keyid) for sign, one in again.changes()] == [("~", IDS[7])]


@pytest.mark.parametrize(
    "chain",
    [
        [signed(V1, [0])] * 2,
        [signed(V1, [0]), signed(after(V1), []), signed(after(after(V1)), [])],
        [Signed(after(V1))],
        [Signed(V1), Signed(after(V1))],
        [signed(V1, [0]), Signed(replace(after(V1), previous="ab" * 32))],
        [signed(V1, [0]), Signed(after(V1, root=root([7])))],
    ],
    ids=["twice", "three", "without the one before", "unsigned before", "of another", "two parts"],
)
def test_what_is_no_proposal_is_refused(chain: list[Signed]) -> None:
    with pytest.raises((EvidenceError, UsageError), match="TRUST-0"):
        rooting.read(trustversion.lines(chain))


def test_a_root_key_is_made_once_and_kept_to_its_owner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "racine.pem"
    made = rooting.new_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert algorithm_of(made) == P384
    assert rooting.public_in(tmp_path / "racine.pem.pub") == made
    assert keyid_of(rooting.private_in(path).public_key()) == keyid_of(made)
    with pytest.raises(UsageError, match="TRUST-001"):
        rooting.new_key(path)
    with pytest.raises(UsageError, match="PRIVATE KEY"):
        rooting.public_in(path)
    monkeypatch.setenv("ROOT_WORDS", "à garder")
    words = rooting.passphrase_of("env:ROOT_WORDS")
    closed = rooting.new_key(tmp_path / "closed.pem", words)
    assert keyid_of(rooting.private_in(tmp_path / "closed.pem", words).public_key()) == keyid_of(closed)
    for wrong in ("", "other"):
        with pytest.raises(UsageError, match="TRUST-001"):
            rooting.private_in(tmp_path / "closed.pem", wrong)
    assert rooting.passphrase_of("") == ""
    for named in ("à garder", "env:", "env:ABSENT"):
        with pytest.raises(UsageError, match="env:NAME"):
            rooting.passphrase_of(named)


def test_a_key_of_a_kind_that_we_do_not_know_is_refused(tmp_path: Path) -> None:
    odd = tmp_path / "odd.pem"
    for private in (ec.generate_private_key(ec.SECP521R1()), ed448.Ed448PrivateKey.generate()):
        odd.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        with pytest.raises(UsageError, match="TRUST-001"):
            rooting.private_in(odd)
    odd.write_bytes(b"no key")
    for read in (rooting.private_in, rooting.public_in):
        with pytest.raises(UsageError, match="TRUST-001"):
            read(odd)


def test_every_algorithm_of_a_root_signs() -> None:
    for private in (
        ec.generate_private_key(ec.SECP384R1()),
        ec.generate_private_key(ec.SECP256R1()),
        POOL[5],
    ):
        named = RootKey("racine", private.public_key())
        waits = Proposal(None, Signed(version(root=Root.of(1, [named]))))
        assert rooting.signed(waits, private).complete


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_openssl_reads_what_a_root_signs(tmp_path: Path) -> None:
    """The signature covers the encoding of DSSE, by the algorithm that the file names."""
    path = tmp_path / "racine.pem"
    named = RootKey("racine", rooting.new_key(path))
    waits = Proposal(None, Signed(version(root=Root.of(1, [named]))))
    raw = json.loads(rooting.signed(waits, rooting.private_in(path)).data())
    payload = base64.b64decode(raw["payload"])
    kind = raw["payloadType"].encode()
    (tmp_path / "pae").write_bytes(b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload))
    (tmp_path / "sig").write_bytes(base64.b64decode(raw["signatures"][0]["sig"]))
    asked = ["openssl", "dgst", "-sha384", "-verify", f"{path}.pub", "-signature", "sig", "pae"]
    assert subprocess.run(asked, cwd=tmp_path, capture_output=True, check=False).stdout == b"Verified OK\n"
    assert json.loads(payload)["root"]["keys"][0]["algorithm"] == "ecdsa-p384-sha384"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_a_token_may_sign_what_is_written_for_it(tmp_path: Path) -> None:
    """OpenSSL stands for the token: our code never sees its key."""
    path, waiting = tmp_path / "racine.pem", tmp_path / "p.ndjson"
    named = RootKey("racine", rooting.new_key(path))
    waiting.write_bytes(Proposal(None, Signed(version(root=Root.of(1, [named])))).data())

    def said(*words: str) -> int:
        return CliRunner().invoke(command, ["trust", "sign", str(waiting), *words]).exit_code

    assert said("--to-sign", str(tmp_path / "bytes")) == 0
    asked = ["openssl", "dgst", "-sha384", "-sign", str(path), "-out", "sig", "bytes"]
    assert subprocess.run(asked, cwd=tmp_path, check=False).returncode == 0
    public = f"{path}.pub"
    assert said("--key", public, "--signature", str(tmp_path / "bytes")) != 0
    assert not rooting.read_file(waiting).complete
    assert said("--key", public, "--signature", str(tmp_path / "sig")) == 0
    assert rooting.read_file(waiting).complete
    assert said() != 0
