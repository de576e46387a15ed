"""Identities: certificates of a PKI folder, people of the test directory."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from harness.drive.identity import (
    Keyring,
    names,
    professional,
    signer_name,
    specialty_of,
    structure_of,
    with_user,
)
from mock_dmp.pki import cards
from mock_dmp.pki import folder as pki_folder
from protocol import directory
from protocol.dn import same_dn
from protocol.errors import ConfigError, UsageError
from protocol.signature import signer_dn


def test_identities_by_name(keyring: Keyring) -> None:
    hospital, card = keyring.identity("hopital"), keyring.identity("cps")
    assert (hospital.mode, hospital.tls.stem, hospital.sign.stem) == ("INDIRECTE", "org-auth-cli", "org-sign")
    assert (card.mode, card.user.key, card.structure.key) == ("DIRECTE", "medecin", "cabinet")
    assert keyring.identity("air").mode == "INDIRECTE_RENFORCEE"
    assert keyring.identity("cpe").user.card == "CPE"


def test_a_pair_is_read_once(keyring: Keyring) -> None:
    assert keyring.pair("org-sign") is keyring.identity("hopital").sign


def test_user_structure_and_certificates_may_be_replaced(keyring: Keyring) -> None:
    identity = keyring.identity(
        "hopital", user="infirmier", structure="hopital-site", tls="cps-auth", sign="cps-sign", mode="DIRECTE"
    )
    assert (identity.user.key, identity.structure.key) == ("infirmier", "hopital-site")
    assert (identity.tls.stem, identity.sign.stem, identity.mode) == ("cps-auth", "cps-sign", "DIRECTE")
    assert with_user(identity, professional("pharmacien")).user.key == "pharmacien"


@pytest.mark.parametrize("key", sorted(directory.professionals()))
def test_every_professional_has_a_specialty_for_documents(key: str) -> None:
    coded = specialty_of(professional(key))
    role = professional(key).role
    alone = role.system == "1.2.250.1.213.1.1.4.6"
    assert (
        coded.code == role.code if alone else coded.code.startswith(("G15_", "G16_", "R94_", "R95_", "R291_"))
    )
    assert coded.label


def test_anyone_of_the_directory_acts_by_name(tmp_path: Path) -> None:
    place = tmp_path / "pki"
    pki_folder.init(place)
    cards.add(place, ["cps:dentiste", "org:ehpad"])
    ring = Keyring(place)
    dentist, home, air = (ring.identity(name) for name in ("cps:dentiste", "org:ehpad", "air:ehpad"))
    assert (dentist.mode, dentist.user.key, dentist.structure.key) == (
        "DIRECTE",
        "dentiste",
        "cabinet-dentaire",
    )
    assert (home.mode, home.structure.key, home.user.structures[0]) == ("INDIRECTE", "ehpad", "ehpad")
    assert (air.mode, air.sign, air.tls) == ("INDIRECTE_RENFORCEE", home.sign, home.tls)
    assert ring.identity("org:ehpad", user="agent-ehpad").user.card == "CPE"


def test_every_name_is_understood_and_a_missing_card_says_how_to_get_it(keyring: Keyring) -> None:
    known = names()
    assert {"hopital", "cps:sage-femme", "org:samu", "air:hopital"} <= set(known)
    assert "cps:automate" not in known
    with pytest.raises(ConfigError) as caught:
        keyring.identity("cps:sage-femme")
    assert f"pki card {keyring.folder} cps:sage-femme" in caught.value.mend.fr
    for name in ("cps:nobody", "org:inconnue", "carte:medecin"):
        with pytest.raises(UsageError, match="IDENT-001"):
            keyring.identity(name)


def test_the_issuer_is_the_subject_of_the_signer(keyring: Keyring) -> None:
    certificate = keyring.pair("org-sign").certificate
    assert signer_name(certificate) == "CN=org-sign,OU=1990000010,O=HOPITAL FICTIF,C=FR"
    assert same_dn(signer_name(certificate), signer_dn(certificate))


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (lambda ring: ring.identity("nobody"), "IDENT-001"),
        (lambda ring: professional("nobody"), "IDENT-002"),
        (lambda ring: structure_of("inconnue"), "IDENT-003"),
    ],
)
def test_an_unknown_name_is_told(keyring: Keyring, ask: object, code: str) -> None:
    with pytest.raises(UsageError, match=code):
        ask(keyring)  # type: ignore[operator]


def test_unusable_files_are_told(tmp_path: Path, pki: Path) -> None:
    ring = Keyring(tmp_path)
    with pytest.raises(ConfigError, match="IDENT-004"):
        ring.pair("absent")
    key = ec.generate_private_key(ec.SECP256R1())
    (tmp_path / "ec.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    (tmp_path / "ec.pem").write_bytes((pki / "ca.pem").read_bytes())
    with pytest.raises(ConfigError, match="IDENT-005"):
        ring.pair("ec")


def test_stems_come_from_the_index_or_the_folder(keyring: Keyring, tmp_path: Path) -> None:
    assert "org-sign" in keyring.stems()
    (tmp_path / "pki.json").write_text('{"certificates": [{"name": "a"}, {"name": "b"}]}')
    assert Keyring(tmp_path).stems() == ("a", "b")
    (tmp_path / "pki.json").write_text("{")
    with pytest.raises(ConfigError, match="IDENT-006"):
        Keyring(tmp_path).stems()


def test_the_driver_reads_the_folder_that_pki_init_makes(tmp_path: Path) -> None:
    pki_folder.init(tmp_path / "pki")
    ring = Keyring(tmp_path / "pki")
    for name in ("hopital", "air", "cps", "cps-mt", "cpe"):
        identity = ring.identity(name)
        assert identity.ca_file.exists()
        assert identity.tls.certificate.public_key() == identity.tls.key.public_key()
    assert {"org-sign", "cps-auth"} <= set(ring.stems())
