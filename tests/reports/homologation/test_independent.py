"""What is signed and stamped, read by tools that are not ours: OpenSSL, and another DSSE library where it is."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from protocol import dsse
from reports.keys import Seal, installation_seal
from reports.paper.layout import available

PAYLOAD = b'{"a":1}'


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DMPCOMPAT_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture
def seal() -> Seal:
    return installation_seal()


@pytest.fixture
def openssl() -> str:
    found = shutil.which("openssl")
    if found is None:
        pytest.skip("openssl is not here")
    return found


def public_pem(seal: Seal) -> bytes:
    return seal.key.public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def test_openssl_verifies_an_envelope(seal: Seal, openssl: str, tmp_path: Path) -> None:
    raw = json.loads(dsse.sign(PAYLOAD, [seal]))
    (tmp_path / "key.pem").write_bytes(public_pem(seal))
    (tmp_path / "sig").write_bytes(base64.b64decode(raw["signatures"][0]["sig"]))
    # The pre-authentication encoding, written here from its definition.
    kind, payload = raw["payloadType"].encode(), base64.b64decode(raw["payload"])
    covered = b" ".join([b"DSSEv1", str(len(kind)).encode(), kind, str(len(payload)).encode(), payload])

    def said(data: bytes) -> int:
        (tmp_path / "data").write_bytes(data)
        command = [openssl, "dgst", "-sha256", "-verify", "key.pem", "-signature", "sig", "data"]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode

    assert said(covered) == 0
    assert said(covered + b" ") != 0


def test_openssl_verifies_a_time_stamp(openssl: str, tmp_path: Path) -> None:
    if missing := available():
        pytest.skip(missing.en)
    from reports.sealing import documents, testauthority

    place = testauthority.folder()
    (tmp_path / "data").write_bytes(PAYLOAD)
    (tmp_path / "stamp.tsr").write_bytes(documents.installation().stamper.stamp(PAYLOAD))

    def said(authority: Path) -> int:
        command = [openssl, "ts", "-verify", "-data", "data", "-in", "stamp.tsr", "-CAfile", str(authority)]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode

    assert said(place / "authority.pem") == 0
    testauthority.make(tmp_path / "other")
    assert said(tmp_path / "other" / "authority.pem") != 0
    (tmp_path / "data").write_bytes(PAYLOAD + b" ")
    assert said(place / "authority.pem") != 0


def test_another_library_reads_an_envelope(seal: Seal) -> None:
    other = pytest.importorskip("securesystemslib.dsse")
    signer = pytest.importorskip("securesystemslib.signer")
    envelope = other.Envelope.from_dict(json.loads(dsse.sign(PAYLOAD, [seal])))
    key = signer.SSlibKey.from_crypto(seal.key.public, keyid=seal.keyid)
    assert set(envelope.verify([key], 1)) == {seal.keyid}
    stranger = signer.SSlibKey.from_crypto(
        ec.generate_private_key(ec.SECP256R1()).public_key(), keyid=seal.keyid
    )
    with pytest.raises(Exception, match="threshold"):
        envelope.verify([stranger], 1)


def test_the_seal_is_plain_ecdsa(seal: Seal) -> None:
    signature = seal.sign(b"data")
    seal.key.public.verify(signature, b"data", ec.ECDSA(hashes.SHA256()))
