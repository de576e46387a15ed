"""The PKI folder: what is in it, and that it is written whole or not at all."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from mock_dmp import pki
from mock_dmp.pki import PkiIndex, issue
from protocol import directory
from protocol.errors import ConfigError


def certificate(index: PkiIndex, name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(index.certificate(name).read_bytes())


def usage(found: x509.Certificate) -> x509.KeyUsage:
    return found.extensions.get_extension_for_class(x509.KeyUsage).value


def extended(found: x509.Certificate) -> set[x509.ObjectIdentifier]:
    return set(found.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)


def test_the_documented_files_are_there(test_pki: PkiIndex) -> None:
    names = {path.name for path in test_pki.folder.iterdir()}
    expected = {"ca.pem", "crl.pem", "server.pem", "server.key", "pki.json"}
    for stem in ("org-auth-cli", "org-sign", "cps-auth", "cps-sign", "cps-mt-auth", "cpe-sign"):
        expected |= {f"{stem}.pem", f"{stem}.key", f"{stem}.p12"}
    for flaw in ("expired", "revoked", "other-ca", "wrong-usage"):
        expected |= {f"{flaw}-org-auth-cli.pem", f"{flaw}-org-sign.key"}
    assert expected <= names


@pytest.mark.skipif(os.name != "posix", reason="modes of files are those of POSIX")
def test_keys_are_for_their_owner_only(test_pki: PkiIndex) -> None:
    private = [*test_pki.folder.glob("*.key"), *test_pki.folder.glob("*.p12")]
    assert private
    assert {stat.S_IMODE(path.stat().st_mode) for path in private} == {0o600}


def test_organisations_name_their_structure(test_pki: PkiIndex) -> None:
    expected = directory.structures()["hopital"].struct_id
    for name in ("org-auth-cli", "org-sign"):
        subject = certificate(test_pki, name).subject
        assert [item.value for item in subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)] == [
            expected
        ]
        assert test_pki.entry(name).structure == "hopital"


def test_cards_name_their_professional(test_pki: PkiIndex) -> None:
    for name, key in (
        ("cps-sign", "medecin"),
        ("cps-mt-auth", "medecin-traitant"),
        ("cpe-sign", "secretaire"),
    ):
        subject = certificate(test_pki, name).subject
        found = [item.value for item in subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
        assert found == [directory.professionals()[key].ps_id]


def test_authentication_and_signature_do_not_mix(test_pki: PkiIndex) -> None:
    for name in ("org-auth-cli", "cps-auth"):
        found = certificate(test_pki, name)
        assert extended(found) == {ExtendedKeyUsageOID.CLIENT_AUTH}
        assert usage(found).digital_signature
        assert not usage(found).content_commitment
    for name in ("org-sign", "cps-sign"):
        found = certificate(test_pki, name)
        assert ExtendedKeyUsageOID.CLIENT_AUTH not in extended(found)
        assert usage(found).content_commitment


def test_the_flaws_are_the_only_difference(test_pki: PkiIndex) -> None:
    good = certificate(test_pki, "org-auth-cli")
    expired = certificate(test_pki, "expired-org-auth-cli")
    assert expired.not_valid_after_utc < datetime.now(UTC) < good.not_valid_after_utc
    assert expired.subject == good.subject
    assert expired.public_key() == good.public_key()
    assert certificate(test_pki, "other-ca-org-sign").issuer != good.issuer
    assert extended(certificate(test_pki, "wrong-usage-org-auth-cli")) == {ExtendedKeyUsageOID.SERVER_AUTH}


def test_the_crl_holds_the_revoked_ones_only(test_pki: PkiIndex) -> None:
    crl = x509.load_pem_x509_crl(test_pki.crl.read_bytes())
    serials = {format(entry.serial_number, "x") for entry in crl}
    assert serials == {entry.serial for entry in test_pki.entries if entry.flaw == "revoked"}
    authority = x509.load_pem_x509_certificate(test_pki.ca.read_bytes())
    assert crl.is_signature_valid(authority.public_key())  # type: ignore[arg-type]
    assert crl.next_update_utc is not None
    assert crl.next_update_utc > datetime.now(UTC) + timedelta(days=3000)


def test_the_p12_opens_with_its_public_password(test_pki: PkiIndex) -> None:
    bundle = pkcs12.load_pkcs12(test_pki.p12("org-sign").read_bytes(), pki.P12_PASSWORD.encode())
    assert bundle.cert is not None
    assert bundle.cert.certificate == certificate(test_pki, "org-sign")


def test_the_server_answers_to_the_names_asked_for(tmp_path: Path) -> None:
    index = pki.init(tmp_path / "pki", names=("mock.example.test", "192.0.2.7"))
    names = certificate(index, "server").extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert set(names.get_values_for_type(x509.DNSName)) == {"localhost", "mock.example.test"}
    assert {str(item) for item in names.get_values_for_type(x509.IPAddress)} == {
        "127.0.0.1",
        "::1",
        "192.0.2.7",
    }


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    for force in (False, True):  # even by force: it is no PKI
        with pytest.raises(ConfigError, match="PKI-001"):
            pki.init(tmp_path, force=force)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_force_replaces_a_pki(tmp_path: Path) -> None:
    first = pki.init(tmp_path / "pki")
    with pytest.raises(ConfigError, match="PKI-001"):
        pki.init(tmp_path / "pki")
    second = pki.init(tmp_path / "pki", force=True)
    assert first.entry("org-sign").serial != second.entry("org-sign").serial
    assert [path.name for path in tmp_path.iterdir()] == ["pki"]


def test_a_failure_half_way_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> bytes:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(issue, "revocations", full)
    with pytest.raises(ConfigError, match="PKI-002") as caught:
        pki.init(tmp_path / "pki")
    assert "No space left" in caught.value.message("fr")
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_folder_is_said_to_be(tmp_path: Path, test_pki: PkiIndex) -> None:
    with pytest.raises(ConfigError, match="PKI-003"):
        pki.load(tmp_path)
    (tmp_path / "pki.json").write_text((test_pki.folder / "pki.json").read_text())
    with pytest.raises(ConfigError, match=r"server\.pem"):
        pki.load(tmp_path)
    with pytest.raises(ConfigError, match="PKI-004"):
        test_pki.key("nobody")
