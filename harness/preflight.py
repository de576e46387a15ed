"""What must be right before a run: certificates, address, clock. Red is CONFIG, never a non-conformity.

Each item says OK, KO, WARN or SKIPPED with its cause in plain words. Certificates that a case replaces on
purpose with bad ones are not looked at.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import requests
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from harness.campaign import Campaign
from harness.control import TlsFiles
from harness.drive.identity import Identity, KeyPair, Keyring
from harness.masking import Masker
from harness.plan import Case
from harness.steps.drive import DriveStep
from protocol.errors import NO_TEXT, DmpcompatError, Lang, Text
from protocol.facts import is_production_host

#: Drift of the clock, in seconds: a word of warning, then a refusal (the tolerance of the platform is not
#: published).
_DRIFT_WARN: Final = timedelta(seconds=2)
_DRIFT_KO: Final = timedelta(seconds=60)
_EXPIRES_SOON: Final = timedelta(days=15)
_TIMEOUT: Final = (5.0, 10.0)

#: Certificates with which the harness itself may call the platform, the first that is there.
_CLIENTS: Final = ("org-auth-cli", "cps-auth", "cpe-auth")

State = Literal["OK", "KO", "WARN", "SKIPPED"]


@dataclass(frozen=True)
class Item:
    """One thing looked at. `code` is stable (`PRE-CERT-DATES`); `found` and `expected` are data."""

    code: str
    state: State
    subject: str
    text: Text
    found: str = ""
    expected: str = ""
    mend: Text = NO_TEXT

    def to_plain(self) -> dict[str, Any]:
        words = {
            name: {"fr": text.fr, "en": text.en} for name, text in (("text", self.text), ("mend", self.mend))
        }
        return {**vars(self), **words}

    def sentence(self, lang: Lang) -> str:
        """Code, subject, what is looked at; then what was found, what was expected, how to mend."""
        labels = ("trouvé", "attendu", "remède") if lang == "fr" else ("found", "expected", "mend")
        colon = " : " if lang == "fr" else ": "
        values = (self.found, self.expected, self.mend.to(lang))
        told = [f"{label}{colon}{value}" for label, value in zip(labels, values, strict=True) if value]
        return " — ".join([f"{self.code} {self.subject}{colon}{self.text.to(lang)}", *told])


def preflight(campaign: Campaign, cases: Iterable[Case], masker: Masker) -> tuple[Item, ...]:
    """Everything that can be looked at before the first message. Never raises for what it finds."""
    items = [*_address(campaign)]
    keyring = Keyring(campaign.pki) if campaign.pki else None
    actors = sorted({name for case in cases for name in _actors(case)})
    items += _identities(keyring, actors)
    if not any(item.state == "KO" for item in items):
        items += _reach(campaign, tls_files(campaign))
    items.append(_number(masker))
    return tuple(items)


def red(items: Iterable[Item]) -> bool:
    return any(item.state == "KO" for item in items)


def tls_files(campaign: Campaign) -> TlsFiles | None:
    """The files with which the harness itself calls the platform; None without TLS."""
    if campaign.pki is None or urlsplit(campaign.url).scheme != "https":
        return None
    folder = campaign.pki
    there = (stem for stem in _CLIENTS if (folder / f"{stem}.key").is_file())
    stem = next(there, _CLIENTS[0])
    return TlsFiles(folder / "ca.pem", folder / f"{stem}.pem", folder / f"{stem}.key")


def _actors(case: Case) -> Iterator[str]:
    for step in case.steps:
        if isinstance(step, DriveStep) and not (step.as_.tls or step.as_.sign):
            yield step.as_.name


def _address(campaign: Campaign) -> Iterator[Item]:
    where = campaign.url or "target.url"
    if not campaign.host:
        yield Item(
            "PRE-TARGET",
            "KO",
            where,
            Text("aucune adresse de plateforme", "no address of a platform"),
            expected="https://127.0.0.1:8443",
            mend=Text("donner target.url ou --target", "give target.url or --target"),
        )
    elif is_production_host(campaign.host):
        yield Item(
            "PRE-PRODUCTION",
            "KO",
            where,
            Text(
                "l'adresse est celle de la plateforme nationale : un outil de test ne l'appelle pas",
                "the address is that of the national platform: a test tool does not call it",
            ),
            found=campaign.host,
            mend=Text("viser le simulateur ou un environnement de test autorisé", "aim at the mock"),
        )
    else:
        yield Item("PRE-TARGET", "OK", where, Text("adresse acceptable", "acceptable address"))


def _identities(keyring: Keyring | None, names: list[str]) -> Iterator[Item]:
    if not names:
        yield Item(
            "PRE-PKI", "SKIPPED", "pki", Text("aucun cas n'envoie de message", "no case sends a message")
        )
        return
    if keyring is None:
        yield Item(
            "PRE-PKI",
            "KO",
            "pki",
            Text("aucun dossier de certificats", "no folder of certificates"),
            mend=Text(
                "dmpcompat pki init DOSSIER, puis pki: DOSSIER", "dmpcompat pki init DIR, then pki: DIR"
            ),
        )
        return
    if not keyring.folder.is_dir():
        yield Item(
            "PRE-PKI",
            "KO",
            "pki",
            Text("le dossier de certificats n'existe pas", "the folder of certificates does not exist"),
            found=str(keyring.folder),
            mend=Text(
                "dmpcompat pki init DOSSIER, puis pki: DOSSIER", "dmpcompat pki init DIR, then pki: DIR"
            ),
        )
        return
    for name in names:
        try:
            identity = keyring.identity(name)
            authority = x509.load_pem_x509_certificate(identity.ca_file.read_bytes())
        except (DmpcompatError, OSError, ValueError) as problem:
            why = problem.text if isinstance(problem, DmpcompatError) else Text("illisible", "unreadable")
            found = problem.found if isinstance(problem, DmpcompatError) else str(problem)
            again = Text("refaire la PKI : dmpcompat pki init", "make the PKI again: dmpcompat pki init")
            said = problem.mend if isinstance(problem, DmpcompatError) else NO_TEXT
            yield Item(
                "PRE-PKI",
                "KO",
                name,
                Text(f"identité inutilisable : {why.fr}", f"unusable identity: {why.en}"),
                found=found,
                mend=again if said == NO_TEXT else said,
            )
            continue
        yield from _pair(identity.tls, authority, for_tls=True)
        yield from _pair(identity.sign, authority, for_tls=False)
        yield _owner(identity)


def _pair(pair: KeyPair, authority: x509.Certificate, *, for_tls: bool) -> Iterator[Item]:
    certificate, now = pair.certificate, datetime.now(UTC)
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    state: State = "KO" if not start <= now <= end else "WARN" if end - now < _EXPIRES_SOON else "OK"
    yield Item(
        "PRE-CERT-DATES",
        state,
        pair.stem,
        Text("dates du certificat", "dates of the certificate"),
        found=f"{start:%Y-%m-%d} – {end:%Y-%m-%d}",
        mend=NO_TEXT if state == "OK" else Text("renouveler le certificat", "renew the certificate"),
    )
    same = certificate.public_key() == pair.key.public_key()
    yield Item(
        "PRE-CERT-KEY",
        "OK" if same else "KO",
        pair.stem,
        Text("la clé privée est celle du certificat", "the private key is that of the certificate"),
        mend=NO_TEXT if same else Text("associer le bon fichier .key", "use the right .key file"),
    )
    yield _chain(pair, authority)
    yield _kind(pair, for_tls)


def _chain(pair: KeyPair, authority: x509.Certificate) -> Item:
    try:
        pair.certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return Item(
            "PRE-CERT-CHAIN",
            "KO",
            pair.stem,
            Text(
                "le certificat n'est pas de l'autorité attendue",
                "the certificate is not of the expected authority",
            ),
            found=pair.certificate.issuer.rfc4514_string(),
            expected=authority.subject.rfc4514_string(),
            mend=Text("vérifier ca.pem ou refaire la PKI", "check ca.pem or make the PKI again"),
        )
    return Item("PRE-CERT-CHAIN", "OK", pair.stem, Text("autorité attendue", "expected authority"))


def _kind(pair: KeyPair, for_tls: bool) -> Item:
    """Authentication certificates open TLS, signature ones sign: mixing them up is the classic mistake."""
    extensions = pair.certificate.extensions
    try:
        extended = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        client = ExtendedKeyUsageOID.CLIENT_AUTH in extended
    except x509.ExtensionNotFound:
        client = False
    try:
        signs = extensions.get_extension_for_class(x509.KeyUsage).value.content_commitment
    except x509.ExtensionNotFound:
        signs = False
    good = client if for_tls else signs and not client
    wanted = "clientAuth" if for_tls else "contentCommitment"
    found = " ".join(name for name, has in (("clientAuth", client), ("contentCommitment", signs)) if has)
    return Item(
        "PRE-CERT-KIND",
        "OK" if good else "KO",
        pair.stem,
        Text("usage du certificat d'authentification", "usage of the authentication certificate")
        if for_tls
        else Text("usage du certificat de signature", "usage of the signature certificate"),
        found=found,
        expected=wanted,
        mend=NO_TEXT
        if good
        else Text(
            "authentification et signature sont deux certificats distincts, ne pas les intervertir",
            "authentication and signature are two certificates, don't swap them",
        ),
    )


def _owner(identity: Identity) -> Item:
    """The subject names the structure (organisation) or the professional (card) of the directory."""
    subject = identity.tls.certificate.subject
    by_card = identity.mode == "DIRECTE"
    kind = NameOID.COMMON_NAME if by_card else NameOID.ORGANIZATIONAL_UNIT_NAME
    found = [str(item.value) for item in subject.get_attributes_for_oid(kind)]
    expected = identity.user.ps_id if by_card else identity.structure.struct_id
    good = any(expected in value for value in found)
    return Item(
        "PRE-CERT-OWNER",
        "OK" if good else "KO",
        identity.tls.stem,
        Text(
            "le titulaire du certificat est dans l'annuaire",
            "the holder of the certificate is in the directory",
        ),
        found=", ".join(found),
        expected=expected,
        mend=NO_TEXT
        if good
        else Text("accorder certificat et annuaire", "make certificate and directory agree"),
    )


def _reach(campaign: Campaign, files: TlsFiles | None) -> Iterator[Item]:
    address = urlsplit(campaign.url)
    port = address.port or (443 if address.scheme == "https" else 80)
    try:
        socket.create_connection((campaign.host, port), timeout=_TIMEOUT[0]).close()
    except OSError as problem:
        yield Item(
            "PRE-REACH",
            "KO",
            f"{campaign.host}:{port}",
            Text("la plateforme ne répond pas", "the platform does not answer"),
            found=problem.strerror or str(problem),
            mend=Text("démarrer le simulateur : dmpcompat serve", "start the mock: dmpcompat serve"),
        )
        return
    yield Item(
        "PRE-REACH", "OK", f"{campaign.host}:{port}", Text("la plateforme répond", "the platform answers")
    )
    yield from _handshake(campaign, files)


def _handshake(campaign: Campaign, files: TlsFiles | None) -> Iterator[Item]:
    try:
        answer = requests.get(
            campaign.url,
            timeout=_TIMEOUT,
            verify=str(files.ca) if files else True,
            cert=(str(files.certificate), str(files.key)) if files else None,
            allow_redirects=False,
        )
    except (requests.RequestException, OSError) as problem:
        yield Item(
            "PRE-HANDSHAKE",
            "KO",
            campaign.url,
            Text("la connexion n'aboutit pas", "the connection does not succeed"),
            found=str(problem)[:200],
            mend=Text(
                "vérifier que serveur et clients ont la même autorité (--pki)",
                "check that server and clients have the same authority (--pki)",
            ),
        )
        return
    yield Item("PRE-HANDSHAKE", "OK", campaign.url, Text("connexion établie", "connection established"))
    yield _clock(answer.headers.get("Date", ""))


def _clock(stamp: str) -> Item:
    text = Text("écart d'horloge avec la plateforme", "clock drift with the platform")
    try:
        theirs = parsedate_to_datetime(stamp)
    except (TypeError, ValueError):
        return Item("PRE-CLOCK", "SKIPPED", "clock", text, found=stamp)
    drift = abs(datetime.now(UTC) - theirs)
    # The header has whole seconds.
    state: State = (
        "KO" if drift > _DRIFT_KO else "WARN" if drift > _DRIFT_WARN + timedelta(seconds=1) else "OK"
    )
    return Item(
        "PRE-CLOCK",
        state,
        "clock",
        text,
        found=f"{drift.total_seconds():.0f} s",
        expected=f"< {_DRIFT_WARN.total_seconds():.0f} s",
        mend=NO_TEXT
        if state == "OK"
        else Text("synchroniser l'horloge (NTP)", "synchronise the clock (NTP)"),
    )


def _number(masker: Masker) -> Item:
    if masker.intact:
        return Item(
            "PRE-NUMBER",
            "OK",
            "software.number",
            Text("numéro de test public : trames gardées intactes", "public test number: frames kept intact"),
        )
    return Item(
        "PRE-NUMBER",
        "OK",
        "software.number",
        Text(
            "numéro secret : masqué dans les trames, ce qui en dépend ne pourra pas être rejugé",
            "secret number: masked in the frames, what depends on it can't be judged again",
        ),
    )
