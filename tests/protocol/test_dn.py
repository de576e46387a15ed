from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.dn import same_dn, signer_dn

KEY = ec.generate_private_key(ec.SECP256R1())
DAY = datetime(2026, 1, 1, tzinfo=UTC)


def certificate(*rdns: list[tuple[x509.ObjectIdentifier, str]]) -> x509.Certificate:
    subject = x509.Name(
        [x509.RelativeDistinguishedName([x509.NameAttribute(*pair) for pair in rdn]) for rdn in rdns]
    )
    return (
        x509.CertificateBuilder(subject, subject, KEY.public_key(), 1)
        .not_valid_before(DAY)
        .not_valid_after(DAY)
        .sign(KEY, hashes.SHA256())
    )


def test_the_order_of_rfc_2253() -> None:
    found = certificate(
        [(NameOID.COUNTRY_NAME, "FR")],
        [(NameOID.STATE_OR_PROVINCE_NAME, "Paris (75)")],
        [(NameOID.LOCALITY_NAME, "PARIS")],
        [(NameOID.ORGANIZATION_NAME, "HOPITAL, TEST")],
        [(NameOID.ORGANIZATIONAL_UNIT_NAME, "10B0000000")],
        [(NameOID.COMMON_NAME, "Élan + fils")],
    )
    assert signer_dn(found) == "CN=Élan \\+ fils,OU=10B0000000,O=HOPITAL\\, TEST,L=PARIS,ST=Paris (75),C=FR"


def test_multi_valued_rdns_and_names_outside_the_rfc() -> None:
    found = certificate(
        [(NameOID.COUNTRY_NAME, "FR")],
        [(NameOID.SURNAME, "NOM"), (NameOID.GIVEN_NAME, "Zoé"), (NameOID.COMMON_NAME, "899700000001")],
    )
    written = signer_dn(found)
    first, country = written.split(",")
    assert country == "C=FR"
    assert set(first.split("+")) == {"CN=899700000001", "2.5.4.4=#0c034e4f4d", "2.5.4.42=#0c045a6fc3a9"}
    assert same_dn(written, "GN=Zoé+CN=899700000001+SN=NOM, C=FR")
    assert same_dn(written, "cn=899700000001 + 2.5.4.4=NOM + OID.2.5.4.42=Zoé, c=fr")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("CN=a,O=b,C=FR", "cn = A , o=\tB,C=fr"),
        ("CN=a;O=b", "CN=a,O=b"),
        ("ST=x,C=FR", "S=x,C=FR"),
        ("SN=a+CN=b", "CN=b+2.5.4.4=#0c0161"),
        ('O="a, b"', "O=a\\, b"),
        ("O=\\C3\\A9", "O=é"),
        ("O=a  b", "O=a b"),
        ("E=a@b", "emailAddress=a@b"),
        ("2.5.4.3=a", "CN=a"),
        ("O=x\\ ", "O=x"),
        ("O=", 'O=""'),
        ("OU=#1e020041", "OU=a"),
    ],
)
def test_same(first: str, second: str) -> None:
    assert same_dn(first, second)
    assert same_dn(second, first)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("", ""),
        ("CN=a,O=b", "O=b,CN=a"),
        ("CN=a", "CN=b"),
        ("CN=a", "CN=a,C=FR"),
        ("CN=a+SN=b", "CN=a,SN=b"),
        ("CN=a", "O=a"),
        ("CN=a,", "CN=a"),
        ("CN", "CN"),
        ("=a", "=a"),
        ("UNKNOWN=a", "UNKNOWN=a"),
        ('CN="a', 'CN="a'),
        ("CN=a\\", "CN=a\\"),
        ("CN=#zz", "CN=#zz"),
        ("CN=#0c05", "CN=#0c05"),
        ("CN=\\FF", "CN=\\FF"),
        ("CN=" + "a" * 5000, "CN=" + "a" * 5000),
        ("CN=a\\,O=b", "CN=a,O=b"),
    ],
)
def test_not_the_same_or_not_readable(first: str, second: str) -> None:
    assert not same_dn(first, second)


VALUE = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=16)


@settings(max_examples=50, deadline=None)
@given(VALUE, VALUE, VALUE)
def test_what_we_write_is_what_we_read(name: str, unit: str, given_name: str) -> None:
    found = certificate(
        [(NameOID.COUNTRY_NAME, "FR")],
        [(NameOID.ORGANIZATIONAL_UNIT_NAME, unit)],
        [(NameOID.COMMON_NAME, name), (NameOID.GIVEN_NAME, given_name)],
    )
    by_hand = f'GN="{quoted(given_name)}"+CN="{quoted(name)}",OU="{quoted(unit)}",C=FR'
    assert same_dn(signer_dn(found), by_hand)
    assert not same_dn(signer_dn(found), by_hand.replace(",C=FR", ",O=TEST,C=FR"))


def quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')


@given(st.text(max_size=40), st.text(max_size=40))
def test_arbitrary_names_never_raise(first: str, second: str) -> None:
    assert same_dn(first, second) in (True, False)
    assert same_dn(f"CN={first}", f"CN={first}") in (True, False)
