"""Cards of anyone of the directory, made when they are wanted."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from mock_dmp import pki
from mock_dmp.acceptance.trust import Trust, for_signing
from mock_dmp.pki import PkiIndex, cards
from protocol import directory
from protocol.errors import ConfigError, UsageError


@pytest.fixture
def own(test_pki: PkiIndex, tmp_path: Path) -> PkiIndex:
    """A PKI folder that a test may add to."""
    shutil.copytree(test_pki.folder, tmp_path / "pki")
    return pki.load(tmp_path / "pki")


def certificate(index: PkiIndex, name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(index.certificate(name).read_bytes())


def test_a_card_and_an_organisation_are_added(own: PkiIndex) -> None:
    heard: list[tuple[int, int]] = []
    made = cards.add(own.folder, ["sage-femme", "org:laboratoire"], told=lambda *told: heard.append(told))
    assert [one.name for one in made] == [
        "card-sage-femme-auth",
        "card-sage-femme-sign",
        "org-laboratoire-auth",
        "org-laboratoire-sign",
    ]
    assert heard == [(1, 4), (2, 4), (3, 4), (4, 4)]
    index = pki.load(own.folder)
    trust = Trust.load([index.ca], [index.crl])
    for one in made:
        found = certificate(index, one.name)
        assert trust.issued(found) and not trust.revoked(found)
        assert for_signing(found) == one.name.endswith("sign")
        assert index.p12(one.name).is_file()
        assert (index.folder / f"{one.name}.key").stat().st_mode & 0o777 == 0o600
    subject = certificate(index, "card-sage-femme-auth").subject
    assert subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == (
        directory.professionals()["sage-femme"].ps_id
    )
    unit = certificate(index, "org-laboratoire-sign").subject.get_attributes_for_oid(
        NameOID.ORGANIZATIONAL_UNIT_NAME
    )
    assert unit[0].value == directory.structures()["laboratoire"].struct_id


def test_what_is_there_stays(own: PkiIndex) -> None:
    cards.add(own.folder, ["cps:dentiste"])
    before = (own.folder / "card-dentiste-sign.pem").read_bytes()
    again = cards.add(own.folder, ["cps:dentiste", "org:ehpad"])
    assert [one.name for one in again] == ["org-ehpad-auth", "org-ehpad-sign"]
    assert (own.folder / "card-dentiste-sign.pem").read_bytes() == before
    assert len(pki.load(own.folder).entries) == len(own.entries) + 4


def test_what_an_interrupted_run_left_is_made_again(own: PkiIndex) -> None:
    (own.folder / "card-dentiste-auth.key").write_bytes(b"half")
    cards.add(own.folder, ["cps:dentiste"])
    assert (own.folder / "card-dentiste-auth.key").read_bytes().startswith(b"-----BEGIN")


def test_all_of_them_are_everyone_with_a_card_and_every_structure() -> None:
    bearers = [one for one in directory.professionals().values() if one.card != "none"]
    found = cards.wanted(["all"])
    assert len(found) == 2 * (len(bearers) + len(directory.structures()))
    assert len({one.name for one in found}) == len(found)
    assert cards.wanted(["all", "cps:dentiste"]) == found


@pytest.mark.parametrize("name", ["automate", "cps:automate", "nobody", "org:inconnue", "cpe:secretaire", ""])
def test_who_has_none(name: str) -> None:
    with pytest.raises(UsageError, match="PKI-006"):
        cards.wanted([name])


def test_without_a_pki_or_its_authority(own: PkiIndex, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="PKI-003"):
        cards.add(tmp_path / "nowhere", ["cps:dentiste"])
    (own.folder / "ca.key").write_text("no key", encoding="utf-8")
    with pytest.raises(ConfigError, match="PKI-007"):
        cards.add(own.folder, ["cps:dentiste"])
