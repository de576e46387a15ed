"""What must not leave is named with its file, its place and how to mend; what is nobody's goes through."""

from __future__ import annotations

import base64
from datetime import date
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from harness.drive.alterations.wire_number import UNKNOWN
from harness.privacy import exceptions
from harness.privacy.exceptions import in_force
from harness.privacy.guard import Inspection, inspect
from harness.privacy.identifiers import identifiers, shown
from protocol import directory
from protocol.errors import EvidenceError
from protocol.facts import OID_INS_C, OID_INS_NIR, OID_PS, OID_STRUCTURE

NIR = "185057800608491"
RPPS = "10002345678"
FINESS = "750712184"
TEST = directory.patients()["actif-autorise"]


def looked(tmp_path: Path, data: bytes, name: str = "CT-1/01_requete.xml") -> Inspection:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return inspect(tmp_path)


def cx(number: str, oid: str) -> bytes:
    return f"<v>{number}^^^&amp;{oid}&amp;ISO^NH</v>".encode()


def luhned(body: str) -> str:
    from protocol.identifiers.national import luhn

    return next(body + key for key in "0123456789" if luhn(body + key))


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (f"NIR {NIR}".encode(), "INS or NIR"),
        (b"1 85 05 78 006 084 91", "INS or NIR"),
        ("1\xa085\xa005\xa078\xa0006\xa0084\xa091".encode(), "INS or NIR"),
        (b"1.85.05.78.006.084.91", "INS or NIR"),
        (f"le patient {NIR}.".encode(), "INS or NIR"),
        (cx("185057800608412", OID_INS_NIR), "production domain"),
        (f'<id root="{OID_INS_NIR}" extension="{TEST.ins.number}"/>'.encode(), "production domain"),
        (f'<id extension="1999900000000000000999" root="{OID_INS_C}"/>'.encode(), "INS-C"),
        (f"8{luhned('1000234567')}".encode(), "RPPS"),
        (f"RPPS : {luhned('2234567890')}".encode(), "RPPS"),
        (f"8{luhned('2000234567')}^DUPONT^^^&amp;{OID_PS}&amp;ISO".encode(), "RPPS"),
        (f"FINESS {FINESS}".encode(), "FINESS"),
        (f'<id root="{OID_STRUCTURE}" extension="1{FINESS}"/>'.encode(), "FINESS"),
    ],
)
def test_an_identity_outside_the_data_stops(tmp_path: Path, data: bytes, what: str) -> None:
    seen = looked(tmp_path, data)
    assert [what in leak.what.en for leak in seen.leaks] == [True], seen.leaks
    with pytest.raises(EvidenceError) as refused:
        seen.refuse()
    told = refused.value.message("en")
    assert "CT-1/01_requete.xml" in told
    assert "@" in told
    assert "test" in told
    assert NIR not in told


@pytest.mark.parametrize(
    "data",
    [
        TEST.ins.number.encode(),
        cx(TEST.ins.number, TEST.ins.oid),
        f'<id root="{OID_INS_C}" extension="{TEST.ins_c}"/>'.encode(),
        b"".join(
            f"{one.ps_id}^X^^^&amp;{OID_PS}&amp;ISO ".encode() for one in directory.professionals().values()
        ),
        b"".join(
            f'<id root="{OID_STRUCTURE}" extension="{one.struct_id}"/>'.encode()
            for one in directory.structures().values()
        ),
        b"".join(cx(one.ins.number, one.ins.oid) for one in directory.patients().values()),
        b"2.25.185057800608491",
        b"1.2.185057800608491.3",
        b"a185057800608491",
        b"1850578006084910",
        b"185057800608492",
        b"20261123142248123",
        f"attendu : pas le domaine {OID_INS_NIR}".encode(),
        b"1763910000 FINESSE",
    ],
    ids=range(14),
)
def test_what_is_nobodys_or_no_identifier_goes_through(tmp_path: Path, data: bytes) -> None:
    seen = looked(tmp_path, data)
    assert seen.leaks == ()
    seen.refuse()


def test_generated_patients_go_through(tmp_path: Path) -> None:
    from mock_dmp.population.make import patients

    many = b" ".join(one.ins.number.encode() for one in patients(500, 7))
    assert looked(tmp_path, many).leaks == ()


def test_names_of_files_are_looked_at(tmp_path: Path) -> None:
    seen = looked(tmp_path, b"rien", f"CT-1/{NIR}.xml")
    assert [leak.place for leak in seen.leaks] == ["name @5"]


def test_a_case_that_sends_a_production_domain_on_purpose(tmp_path: Path) -> None:
    looked(tmp_path, cx(TEST.ins.number, OID_INS_NIR), "preuves/CT-0.2-060/01_requete.xml")
    assert inspect(tmp_path, meant={"CT-0.2-060"}).leaks == ()
    assert inspect(tmp_path, meant={"CT-0.2-06"}).leaks
    looked(tmp_path, cx(NIR, OID_INS_NIR), "preuves/CT-0.2-060/01_requete.xml")
    assert inspect(tmp_path, meant={"CT-0.2-060"}).leaks


def private_keys() -> dict[str, bytes]:
    curve, old = ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 2048)
    der, plain = serialization.Encoding.DER, serialization.NoEncryption()
    packed = serialization.pkcs12.serialize_key_and_certificates(
        b"x", old, None, None, serialization.BestAvailableEncryption(b"pw")
    )
    return {
        "pem": curve.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain),
        "curve": curve.private_bytes(der, serialization.PrivateFormat.PKCS8, plain),
        "rsa": old.private_bytes(der, serialization.PrivateFormat.PKCS8, plain),
        "pkcs12": packed,
    }


def test_private_keys_are_found_in_each_form_and_inside_base64(tmp_path: Path) -> None:
    for name, key in private_keys().items():
        for data in (key, b"<k>" + base64.encodebytes(key) + b"</k>"):
            assert any("private key" in leak.what.en for leak in looked(tmp_path, data).leaks), name


NUMBER = (
    '<saml2:Attribute Name="LPS_ID_HOMOLOGATION_DMP">'
    "<saml2:AttributeValue>%s</saml2:AttributeValue></saml2:Attribute>"
)


@pytest.mark.parametrize(
    ("data", "held"),
    [
        (NUMBER % "LPS-2026-4711", True),
        (NUMBER % "XXXXXXXXXXXXX", False),
        (NUMBER % "TEST-OK-1", False),
        (NUMBER % UNKNOWN, False),
        ("<login>marie</login><password>XXXX</password>", True),
        ("<login>XXXXX</login>", False),
        ('["Authorization", "Basic bW9pOnNlY3JldA=="]', True),
        ("Proxy-Authorization: Basic XXXXXXXX", False),
    ],
)
def test_secrets(tmp_path: Path, data: str, held: bool) -> None:
    assert bool(looked(tmp_path, data.encode()).leaks) == held


def test_what_cannot_be_opened_stops_too(tmp_path: Path) -> None:
    seen = looked(tmp_path, b"%PDF-1.4 /Encrypt 3 0 R %%EOF")
    assert [leak.why for leak in seen.leaks] == ["unread"]


def test_pictures_are_counted_since_nobody_read_them(tmp_path: Path) -> None:
    assert looked(tmp_path, b"\x89PNG\r\n\x1a\n").pictures == ("CT-1/01_requete.xml",)


def test_the_same_number_is_told_once_a_file(tmp_path: Path) -> None:
    seen = looked(
        tmp_path, b"<a>" + NIR.encode() + b"</a><b>" + base64.b64encode(NIR.encode()) + b"</b>" + NIR.encode()
    )
    assert len(seen.leaks) == 1


def test_a_piece_that_was_lodged_is_to_be_withdrawn(tmp_path: Path) -> None:
    [leak] = looked(tmp_path, NIR.encode(), "CT-1/declaration.md").leaks
    assert "evidence withdraw" in leak.mend.en


def allowed(tmp_path: Path, text: str) -> tuple[exceptions.Allowed, ...]:
    path = tmp_path / "exceptions.yaml"
    path.write_text(text, encoding="utf-8")
    return exceptions.read(path)


LISTED = f"""schema: dmpcompat-exceptions/1
exceptions:
  - {{kind: INS, value: "1 85 05 78 006 084 91", by: QA, reason: "carte Vitale de test n° 12, remise par l'autorité"}}
  - {{kind: FINESS, value: "{FINESS}", by: qualité, reason: "établissement du jeu d'essai", until: "2026-01-31"}}
"""


def test_an_exception_lets_its_identifier_out_with_its_reason(tmp_path: Path) -> None:
    listed = allowed(tmp_path, LISTED)
    path = tmp_path / "x" / "a.xml"
    path.parent.mkdir()
    path.write_text(f"{NIR} FINESS {FINESS}")
    early = inspect(path.parent, in_force(listed, date(2026, 1, 31)))
    assert early.leaks == ()
    assert {item.kind for item in early.used} == {"INS", "FINESS"}
    late = inspect(path.parent, in_force(listed, date(2026, 2, 1)))
    assert [leak.found for leak in late.leaks] == [shown(FINESS)]
    assert NIR not in str([item.to_plain() for item in early.used])


def test_no_exception_for_a_production_domain(tmp_path: Path) -> None:
    listed = allowed(tmp_path, LISTED)
    path = tmp_path / "x" / "a.xml"
    path.parent.mkdir()
    path.write_bytes(cx(NIR, OID_INS_NIR))
    [leak] = inspect(path.parent, in_force(listed, date(2026, 1, 1))).leaks
    assert "production domain" in leak.what.en


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("dmpcompat-exceptions/1", "autre", "GUARD-010"),
        ("kind: INS,", "kind: NIR,", "GUARD-011"),
        ("carte Vitale de test n° 12, remise par l'autorité", "test", "GUARD-012"),
        ("2026-01-31", "janvier", "GUARD-013"),
    ],
)
def test_a_list_that_justifies_nothing_is_refused(tmp_path: Path, old: str, new: str, code: str) -> None:
    with pytest.raises(EvidenceError) as refused:
        allowed(tmp_path, LISTED.replace(old, new))
    assert refused.value.code == code


def test_a_number_is_quoted_without_being_given() -> None:
    assert shown(NIR) == "185••••••••••91"
    assert [one.value for one in identifiers(b"2a")] == []
