"""Authority, revocation, dates and kind of a certificate."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from mock_dmp.acceptance.trust import Trust, for_signing, in_dates
from mock_dmp.pki import PkiIndex
from protocol.errors import ConfigError


def read(pki: PkiIndex, name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pki.certificate(name).read_bytes())


@pytest.fixture(scope="module")
def trust(test_pki: PkiIndex) -> Trust:
    return Trust.load([test_pki.ca], [test_pki.crl])


@pytest.mark.parametrize(
    ("name", "issued", "revoked", "signs"),
    [
        ("org-sign", True, False, True),
        ("org-auth-cli", True, False, False),
        ("cps-sign", True, False, True),
        ("cps-auth", True, False, False),
        ("expired-org-sign", True, False, True),
        ("revoked-org-sign", True, True, True),
        ("other-ca-org-sign", False, False, True),
        ("wrong-usage-org-sign", True, False, False),
    ],
)
def test_kinds(test_pki: PkiIndex, trust: Trust, name: str, issued: bool, revoked: bool, signs: bool) -> None:
    certificate = read(test_pki, name)
    assert (trust.issued(certificate), trust.revoked(certificate), for_signing(certificate)) == (
        issued,
        revoked,
        signs,
    )


def test_dates(test_pki: PkiIndex) -> None:
    now = datetime.now(UTC)
    assert in_dates(read(test_pki, "org-sign"), now)
    assert not in_dates(read(test_pki, "org-sign"), now + timedelta(days=4000))
    assert not in_dates(read(test_pki, "expired-org-sign"), now)


def test_a_list_of_another_authority_revokes_nothing(test_pki: PkiIndex, trust: Trust) -> None:
    forged = Trust((read(test_pki, "org-sign"),), trust.revocations)
    assert not forged.revoked(read(test_pki, "revoked-org-sign"))


def test_unreadable_files(tmp_path: Path) -> None:
    bad = tmp_path / "ca.pem"
    with pytest.raises(ConfigError):
        Trust.load([bad])
    bad.write_text("rien", encoding="utf-8")
    with pytest.raises(ConfigError):
        Trust.load([bad])
