"""Preflight: what is wrong is named, and only what is wrong is red."""

from __future__ import annotations

import re
import shutil
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509.oid import NameOID

from harness.campaign import Campaign, load_campaign
from harness.drive.identity import Keyring
from harness.masking import Masker
from harness.preflight import Item, certificates, network, preflight, red
from harness.preflight.probe import probe
from mock_dmp.server import MockServer
from protocol import directory
from protocol.facts import OID_INS_NIR, TLS_SUITES, is_production_host

Make = Callable[..., Campaign]


@pytest.fixture
def make(
    small_campaign: dict[str, Any], small_plan: dict[str, Any], write_campaign: Callable[..., Path]
) -> Make:
    def build(url: str, pki: Path | None, actor: str = "cps") -> Campaign:
        small_plan["cases"][0]["steps"][0]["as"] = actor
        return load_campaign(write_campaign(small_campaign, small_plan), environ={}).at(url=url, pki=pki)

    return build


def look(campaign: Campaign) -> tuple[Item, ...]:
    return preflight(campaign, campaign.plan.plan.cases, Masker(campaign.number))


def bad(items: tuple[Item, ...]) -> set[tuple[str, str]]:
    return {(item.code, item.subject) for item in items if item.state == "KO"}


@pytest.mark.parametrize("actor", ["cps", "hopital", "cpe", "air"])
def test_everything_is_right(make: Make, mock: MockServer, pki_folder: Path, actor: str) -> None:
    items = look(make(mock.url, pki_folder, actor))
    assert not red(items), bad(items)
    codes = {item.code for item in items if item.state == "OK"}
    assert {
        "PRE-TARGET",
        "PRE-CERT-DATES",
        "PRE-CERT-KIND",
        "PRE-REACH",
        "PRE-HANDSHAKE",
        "PRE-CLOCK",
    } <= codes


@pytest.mark.parametrize(
    ("victim", "source", "code"),
    [
        ("org-auth-cli", "expired-org-auth-cli", "PRE-CERT-DATES"),
        ("org-sign", "other-ca-org-sign", "PRE-CERT-CHAIN"),
        ("org-sign", "org-auth-cli", "PRE-CERT-KIND"),
        ("org-auth-cli", "org-sign", "PRE-CERT-KIND"),
        ("org-auth-cli", "cps-auth", "PRE-CERT-OWNER"),
        ("org-auth-cli", "revoked-org-auth-cli", "PRE-CERT-REVOKED"),
    ],
)
def test_a_wrong_certificate_is_named(
    make: Make, pki_folder: Path, tmp_path: Path, victim: str, source: str, code: str
) -> None:
    folder = tmp_path / "pki"
    shutil.copytree(pki_folder, folder)
    for suffix in ("pem", "key"):
        shutil.copyfile(folder / f"{source}.{suffix}", folder / f"{victim}.{suffix}")
    found = bad(look(make("https://127.0.0.1:9", folder, "hopital")))
    assert (code, victim) in found


def test_a_key_of_another_certificate(make: Make, pki_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pki"
    shutil.copytree(pki_folder, folder)
    shutil.copyfile(folder / "cps-sign.key", folder / "org-sign.key")
    assert ("PRE-CERT-KEY", "org-sign") in bad(look(make("https://127.0.0.1:9", folder, "hopital")))


def test_an_unreadable_file(make: Make, pki_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pki"
    shutil.copytree(pki_folder, folder)
    (folder / "org-sign.pem").write_text("not a certificate")
    assert ("PRE-PKI", "hopital") in bad(look(make("https://127.0.0.1:9", folder, "hopital")))


def test_no_folder_and_no_address(make: Make) -> None:
    assert {code for code, _ in bad(look(make("", None)))} == {"PRE-TARGET", "PRE-PKI"}


def test_nobody_there(make: Make, pki_folder: Path, mock: MockServer) -> None:
    closed = mock.url.rpartition(":")[0] + ":9"
    items = look(make(closed, pki_folder))
    assert [item.code for item in items if item.state == "KO"] == ["PRE-REACH"]
    assert "dmpcompat serve" in next(item for item in items if item.state == "KO").mend.fr


def test_a_platform_of_another_authority(
    make: Make, mock: MockServer, pki_folder: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "pki"
    shutil.copytree(pki_folder, folder)
    shutil.copyfile(folder / "other-ca.pem", folder / "ca.pem")
    items = look(make(mock.url, folder))
    assert "PRE-CERT-CHAIN" in {item.code for item in items if item.state == "KO"}


@pytest.mark.parametrize(
    ("host", "refused"),
    [
        ("lps2.dmp.gouv.fr", True),
        ("DMP.GOUV.FR.", True),
        ("dmp.gouv.fr.example.org", False),
        ("127.0.0.1", False),
        ("notdmp.gouv.fr", False),
    ],
)
def test_production_hosts(host: str, refused: bool) -> None:
    assert is_production_host(host) is refused


def test_two_certificates_of_two_holders(make: Make, pki_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pki"
    shutil.copytree(pki_folder, folder)
    for suffix in ("pem", "key"):
        shutil.copyfile(folder / f"cps-sign.{suffix}", folder / f"org-sign.{suffix}")
    assert ("PRE-CERT-HOLDERS", "org-auth-cli + org-sign") in bad(
        look(make("https://127.0.0.1:9", folder, "hopital"))
    )


def test_a_structure_that_no_register_has(keyring: Keyring) -> None:
    identity = keyring.identity("hopital")
    subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "1-HOPITAL")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(
        subject, subject, identity.tls.key.public_key(), 1, now, now + timedelta(days=1)
    ).sign(identity.tls.key, hashes.SHA256())
    wrong = replace(identity, tls=replace(identity.tls, certificate=made))
    [item] = certificates._structure(wrong)
    assert (item.state, item.code, item.found) == ("KO", "PRE-CERT-STRUCTURE", "1-HOPITAL")
    assert "structure" in item.mend.fr


@contextmanager
def server(pki: Path, stem: str, suites: str = "ALL") -> Iterator[str]:
    """A platform that ends after each handshake; "" for one that does not speak TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(suites)
    if stem:
        context.load_cert_chain(pki / f"{stem}.pem", pki / f"{stem}.key")
    over = threading.Event()

    def serve() -> None:
        while not over.is_set():
            with suppress(OSError):
                connection, _ = listening.accept()
                with connection:
                    if stem:
                        context.wrap_socket(connection, server_side=True).close()
                    else:
                        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        place = listening.getsockname()
        yield f"https://localhost:{place[1]}"
        over.set()
        with suppress(OSError), socket.create_connection(place, timeout=5):
            pass
        thread.join(5)


def issue(pki: Path, place: Path, name: str, days: int) -> None:
    """A server's certificate of our authority, valid until `days` from now, in `issued.pem`."""
    authority = x509.load_pem_x509_certificate((pki / "ca.pem").read_bytes())
    signing = load_pem_private_key((pki / "ca.key").read_bytes(), None)
    own = load_pem_private_key((pki / "server.key").read_bytes(), None)
    assert isinstance(signing, RSAPrivateKey)
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(
        authority.subject,
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]),
        own.public_key(),  # type: ignore[arg-type]
        x509.random_serial_number(),
        now - timedelta(days=30),
        now + timedelta(days=days),
    ).add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    made = made.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False
    )
    (place / "issued.pem").write_bytes(made.sign(signing, hashes.SHA256()).public_bytes(Encoding.PEM))
    shutil.copyfile(pki / "server.key", place / "issued.key")


@pytest.mark.parametrize(
    ("stem", "name", "days", "cause"),
    [
        ("issued", "localhost", -1, "expiré"),
        ("issued", "elsewhere.example", 9, "un autre nom"),
        ("other-ca-org-auth-cli", "", 0, "autre autorité"),
        ("org-auth-cli", "", 0, "pas fait pour un serveur"),
        ("", "", 0, "ne parle pas TLS"),
    ],
)
def test_tls_tells_what_is_wrong(
    make: Make, pki_folder: Path, tmp_path: Path, stem: str, name: str, days: int, cause: str
) -> None:
    if name:
        issue(pki_folder, tmp_path, name, days)
    with server(tmp_path if name else pki_folder, stem) as url:
        items = look(make(url, pki_folder))
    [item] = [item for item in items if item.state == "KO"]
    assert item.code == "PRE-TLS"
    assert re.search(cause, item.text.fr), item.sentence("fr")
    assert item.mend.fr
    assert item.mend.en
    assert "PRE-REACH" in {item.code for item in items if item.state == "OK"}


def test_suites_that_a_platform_lacks(make: Make, pki_folder: Path) -> None:
    with server(pki_folder, "server", TLS_SUITES[1]) as url:
        campaign = make(url, pki_folder)
        items = preflight(campaign, campaign.plan.plan.cases, Masker(campaign.number), thorough=True)
    [item] = [item for item in items if item.code == "PRE-SUITES"]
    assert (item.state, item.found) == ("WARN", TLS_SUITES[1])


def test_a_name_that_nobody_knows(make: Make, pki_folder: Path) -> None:
    items = look(make("https://nowhere.invalid:8443", pki_folder))
    assert bad(items) == {("PRE-DNS", "nowhere.invalid")}


def test_a_port_that_says_nothing(make: Make, pki_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(*_: object, **__: object) -> None:
        raise TimeoutError("timed out")

    monkeypatch.setattr(network.socket, "create_connection", silent)
    [item] = [item for item in look(make("https://127.0.0.1:9", pki_folder)) if item.state == "KO"]
    assert item.code == "PRE-REACH"
    assert "pare-feu" in item.mend.fr


@pytest.mark.parametrize(
    ("number", "kind", "state"),
    [
        ("TEST-OK-1", "mock", None),
        ("TEST-OK-1", "platform", "WARN"),
        ("8f2c-77aa", "platform", None),
        ("A_RENSEIGNER", "platform", "KO"),
        ("XXXXXXXX", "mock", "KO"),
        ("12345", "mock", "KO"),
        ("num ero", "mock", "KO"),
        ("numéro-9", "mock", "KO"),
    ],
)
def test_the_shape_of_a_number(
    small_campaign: dict[str, Any],
    small_plan: dict[str, Any],
    write_campaign: Callable[..., Path],
    number: str,
    kind: str,
    state: str | None,
) -> None:
    small_campaign["software"]["number"] = number
    small_campaign["target"] = {"kind": kind}
    campaign = load_campaign(write_campaign(small_campaign, small_plan), environ={})
    items = [item for item in look(campaign) if item.code == "PRE-NUMBER-SHAPE"]
    assert [item.state for item in items] == ([state] if state else [])
    assert not any(number in str(item.to_plain()) for item in items), "it is a secret"


@pytest.mark.parametrize(
    ("root", "state"),
    [
        ("", "OK"),
        ("1.2.250.1.999.1", "OK"),
        ("1.2.3.4", "WARN"),
        ("1.2.250.1.213.4.1", "KO"),
        ("1.2.250.1.99999.1234567890", "KO"),
    ],
)
def test_the_root_of_identifiers(
    small_campaign: dict[str, Any],
    small_plan: dict[str, Any],
    write_campaign: Callable[..., Path],
    root: str,
    state: str,
) -> None:
    small_campaign["software"]["oid_root"] = root
    campaign = load_campaign(write_campaign(small_campaign, small_plan), environ={})
    assert [item.state for item in look(campaign) if item.code == "PRE-OID"] == [state]


def test_what_is_declared_and_never_tried(
    small_campaign: dict[str, Any], small_plan: dict[str, Any], write_campaign: Callable[..., Path]
) -> None:
    items = look(load_campaign(write_campaign(small_campaign, small_plan), environ={}))
    found = {item.code: item.found for item in items if item.state == "WARN"}
    assert found["PRE-PROFILE"] == "alimentation"
    assert "TD2.1" in found["PRE-TRANSACTIONS"]
    small_campaign |= {"profiles": ["web-ps-air"], "authentication": ["direct"]}
    small_plan["cases"][0]["filters"] = {"transactions": ["TD0.2"]}
    items = look(load_campaign(write_campaign(small_campaign, small_plan), environ={}))
    found = {item.code: item.found for item in items if item.state == "WARN"}
    assert "TD0.10" in found["PRE-MODES"]
    small_campaign |= {"transactions": ["TD3.1"]}
    items = look(load_campaign(write_campaign(small_campaign, small_plan), environ={}))
    assert ("PRE-SCOPE", "profiles, authentication, transactions") in bad(items)


def test_patients_of_real_life_are_red(make: Make) -> None:
    campaign = make("", None)
    someone = next(iter(directory.patients().values()))
    real = replace(someone, ins=replace(someone.ins, oid=OID_INS_NIR))
    items = look(replace(campaign, patients={"somebody": real}))
    [item] = [item for item in items if item.code == "PRE-INS"]
    assert (item.state, item.found) == ("KO", someone.key)
    assert someone.ins.number not in str(item.to_plain())


def test_the_probe(make: Make, mock: MockServer, pki_folder: Path) -> None:
    campaign = make(mock.url, pki_folder, "cps")
    items = list(probe(campaign, campaign.plan.plan.cases))
    assert [(item.code, item.state) for item in items] == [("PRE-PROBE", "OK"), ("PRE-PROBE-RULE", "OK")]


def test_a_probe_that_is_refused_says_why(
    make: Make, mock: MockServer, pki_folder: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "pki"
    shutil.copytree(pki_folder, folder)
    for suffix in ("pem", "key"):
        shutil.copyfile(folder / f"cps-auth.{suffix}", folder / f"cps-sign.{suffix}")
    campaign = make(mock.url, folder, "cps")
    found = {item.subject: item for item in probe(campaign, campaign.plan.plan.cases)}
    assert found["TD0.2 (cps)"].state == "KO"
    assert found["SIG-CERTIFICATE-KIND"].state == "KO"
    assert found["SIG-CERTIFICATE-KIND"].mend.fr
    [item] = probe(campaign.at(url="http://127.0.0.1:9", pki=tmp_path), campaign.plan.plan.cases)
    assert item.state == "KO"


def test_every_light_speaks_both_languages(make: Make, pki_folder: Path) -> None:
    for url, pki in (
        ("", None),
        ("https://127.0.0.1:9", pki_folder),
        ("https://lps2.dmp.gouv.fr", pki_folder),
    ):
        for item in look(make(url, pki)):
            assert item.text.fr
            assert item.text.en
            assert item.state != "KO" or (item.mend.fr and item.mend.en), item


def test_production_is_refused_without_a_connection(make: Make, pki_folder: Path) -> None:
    items = look(make("https://lps2.dmp.gouv.fr", pki_folder))
    assert "PRE-PRODUCTION" in {item.code for item in items if item.state == "KO"}
    assert not {item.code for item in items} & {"PRE-REACH", "PRE-HANDSHAKE"}


def test_items_are_plain_json(make: Make) -> None:
    plain = look(make("", None))[0].to_plain()
    assert plain["text"]["fr"]
    assert plain["state"] == "KO"
