"""The way to the platform, step by step: address, name, port, TLS, suites, clock. Each step says its own cause."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

import requests

from harness.campaign import Campaign
from harness.control import TlsFiles
from harness.preflight.item import Item, State
from protocol.errors import NO_TEXT, Text
from protocol.facts import TLS_SUITES, is_production_host

#: Drift of the clock, in seconds: a word of warning, then a refusal (the tolerance of the platform is not
#: published).
_DRIFT_WARN: Final = timedelta(seconds=2)
_DRIFT_KO: Final = timedelta(seconds=60)
_TIMEOUT: Final = (5.0, 10.0)
#: Certificates with which the harness itself may call the platform, the first that is there.
_CLIENTS: Final = ("org-auth-cli", "cps-auth", "cpe-auth")
#: X509_V_ERR_* of OpenSSL -> what is wrong with the server's certificate, and its mend.
_VERIFY: Final[dict[int, tuple[Text, Text]]] = {
    10: (
        Text("le certificat du serveur est expiré", "the server's certificate has expired"),
        Text(
            "le renouveler (simulateur : dmpcompat pki init --force)",
            "renew it (mock: dmpcompat pki init --force)",
        ),
    ),
    26: (
        Text(
            "le certificat du serveur n'est pas fait pour un serveur",
            "the server's certificate is not for servers",
        ),
        Text(
            "donner au serveur un certificat d'usage serverAuth",
            "give the server a certificate of usage serverAuth",
        ),
    ),
    62: (
        Text(
            "le certificat du serveur porte un autre nom que l'adresse",
            "the server's certificate has another name than the address",
        ),
        Text(
            "employer le nom que porte le certificat (simulateur : dmpcompat pki init --name NOM)",
            "use the name that the certificate has (mock: dmpcompat pki init --name NAME)",
        ),
    ),
    64: (
        Text(
            "le certificat du serveur ne porte pas cette adresse IP",
            "the server's certificate does not have this IP address",
        ),
        Text(
            "employer un nom (simulateur : dmpcompat pki init --name ADRESSE)",
            "use a name (mock: dmpcompat pki init --name ADDRESS)",
        ),
    ),
}
#: Unknown issuer, or signed by itself.
_UNKNOWN_AUTHORITY: Final = (18, 19, 20, 21)
_REFUSED: Final = (
    Text("le certificat du serveur est refusé", "the server's certificate is refused"),
    Text(
        "le remplacer (simulateur : dmpcompat pki init --force)",
        "replace it (mock: dmpcompat pki init --force)",
    ),
)
_AUTHORITY: Final = (
    Text(
        "le serveur a un certificat d'une autre autorité que ca.pem",
        "the server has a certificate of another authority than ca.pem",
    ),
    Text(
        "vérifier que serveur et clients ont la même autorité (--pki)",
        "check that server and clients have the same authority (--pki)",
    ),
)


def tls_files(campaign: Campaign) -> TlsFiles | None:
    """The files with which the harness itself calls the platform; None without TLS."""
    if campaign.pki is None or urlsplit(campaign.url).scheme != "https":
        return None
    folder = campaign.pki
    there = (stem for stem in _CLIENTS if (folder / f"{stem}.key").is_file())
    stem = next(there, _CLIENTS[0])
    return TlsFiles(folder / "ca.pem", folder / f"{stem}.pem", folder / f"{stem}.key")


def address(campaign: Campaign) -> Iterator[Item]:
    """Whether there is one, and it may be called."""
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


def reach(campaign: Campaign, files: TlsFiles | None, *, thorough: bool = False) -> Iterator[Item]:
    """Name, port, TLS, then (`thorough`) each suite, then the clock; stops at the first that fails."""
    parts = urlsplit(campaign.url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    place = f"{campaign.host}:{port}"
    named = _name(campaign.host, port)
    yield named
    if named.state == "KO":
        return
    try:
        socket.create_connection((campaign.host, port), timeout=_TIMEOUT[0]).close()
    except OSError as problem:
        yield _unreached(place, problem)
        return
    yield Item("PRE-REACH", "OK", place, Text("la plateforme répond", "the platform answers"))
    if files is not None:
        secured = _secured(campaign, port, files)
        yield secured
        if secured.state == "KO":
            return
        if thorough:
            yield _suites(campaign.host, port, files)
    yield from _answered(campaign, files)


def _name(host: str, port: int) -> Item:
    text = Text("le nom est connu (DNS)", "the name is known (DNS)")
    try:
        ip_address(host)
        return Item(
            "PRE-DNS", "OK", host, Text("une adresse, aucun nom à résoudre", "an address, no name to resolve")
        )
    except ValueError:
        pass
    try:
        found = sorted({str(item[4][0]) for item in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)})
    except OSError as problem:
        return Item(
            "PRE-DNS",
            "KO",
            host,
            Text("le nom est inconnu (DNS)", "the name is unknown (DNS)"),
            found=problem.strerror or str(problem),
            mend=Text(
                "vérifier l'orthographe, le DNS, /etc/hosts ou le réseau privé (VPN)",
                "check the spelling, the DNS, /etc/hosts or the private network (VPN)",
            ),
        )
    return Item("PRE-DNS", "OK", host, text, found=", ".join(found))


def _unreached(place: str, problem: OSError) -> Item:
    if isinstance(problem, TimeoutError):
        text = Text("le port ne répond pas à temps", "the port does not answer in time")
        mend = Text(
            "un pare-feu ou un proxy d'entreprise arrête sans doute la connexion : ouvrir la sortie vers ce port",
            "a firewall or company proxy probably stops the connection: open the way out to this port",
        )
    else:
        text = Text("la plateforme ne répond pas", "the platform does not answer")
        mend = Text(
            "vérifier le port ; démarrer le simulateur : dmpcompat serve",
            "check the port; start the mock: dmpcompat serve",
        )
    return Item("PRE-REACH", "KO", place, text, found=problem.strerror or str(problem), mend=mend)


def _secured(campaign: Campaign, port: int, files: TlsFiles) -> Item:
    """A handshake with our certificate; what goes wrong is told apart: the server's, ours, the suites."""
    place = f"{campaign.host}:{port}"
    try:
        version, suite = _handshake(campaign.host, port, files, TLS_SUITES)
    except ssl.SSLCertVerificationError as problem:
        usual = _AUTHORITY if problem.verify_code in _UNKNOWN_AUTHORITY else _REFUSED
        text, mend = _VERIFY.get(problem.verify_code, usual)
        return Item("PRE-TLS", "KO", place, text, found=str(problem.verify_message), mend=mend)
    except (ssl.SSLError, OSError) as problem:
        text, mend = _refusal(problem)
        found = str(problem).partition(" (_ssl.c")[0]
        return Item("PRE-TLS", "KO", place, text, found=found, mend=mend)
    text = Text("connexion TLS mutuelle établie", "mutual TLS connection established")
    return Item("PRE-TLS", "OK", place, text, found=f"{version} {suite}")


def _refusal(problem: OSError) -> tuple[Text, Text]:
    reason = getattr(problem, "reason", None) or ""
    if "WRONG_VERSION" in reason or "HTTP_REQUEST" in reason:
        return (
            Text("ce port ne parle pas TLS", "this port does not speak TLS"),
            Text(
                "vérifier le port, ou http:// au lieu de https://",
                "check the port, or http:// instead of https://",
            ),
        )
    if "PROTOCOL_VERSION" in reason or "UNSUPPORTED_PROTOCOL" in reason:
        return (
            Text("aucune version de TLS commune", "no version of TLS in common"),
            Text("la plateforme doit accepter TLS 1.2", "the platform must accept TLS 1.2"),
        )
    if "HANDSHAKE_FAILURE" in reason or "NO_SHARED" in reason:
        return (
            Text(
                "la plateforme refuse : aucune suite commune, ou pas de certificat client",
                "the platform refuses: no suite in common, or no client certificate",
            ),
            Text(
                "vérifier suites et certificat d'authentification",
                "check suites and authentication certificate",
            ),
        )
    return (
        Text(
            "la plateforme refuse la connexion, sans doute le certificat client",
            "the platform refuses the connection, probably the client certificate",
        ),
        Text(
            "présenter un certificat d'authentification valable de l'autorité qu'elle connaît (--pki)",
            "show a valid authentication certificate of the authority that it knows (--pki)",
        ),
    )


def _handshake(host: str, port: int, files: TlsFiles, suites: tuple[str, ...]) -> tuple[str, str]:
    """Version and suite agreed on. Raises ssl.SSLError, OSError."""
    context = ssl.create_default_context(cafile=str(files.ca))
    context.load_cert_chain(str(files.certificate), str(files.key))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(":".join(suites))
    with (
        socket.create_connection((host, port), timeout=_TIMEOUT[0]) as plain,
        context.wrap_socket(plain, server_hostname=host) as secured,
    ):
        return secured.version() or "", (secured.cipher() or ("",))[0]


def _suites(host: str, port: int, files: TlsFiles) -> Item:
    """Each documented suite offered alone."""
    accepted, refused = [], []
    for suite in TLS_SUITES:
        try:
            _handshake(host, port, files, (suite,))
            accepted.append(suite)
        except (ssl.SSLError, OSError):
            refused.append(suite)
    return Item(
        "PRE-SUITES",
        "OK" if not refused else "WARN",
        f"{host}:{port}",
        Text("suites documentées acceptées par la plateforme", "documented suites that the platform accepts"),
        found=", ".join(accepted),
        expected=", ".join(TLS_SUITES) if refused else "",
        mend=Text("activer les autres côté plateforme", "enable the others on the platform")
        if refused
        else NO_TEXT,
    )


def _answered(campaign: Campaign, files: TlsFiles | None) -> Iterator[Item]:
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
            mend=_AUTHORITY[1],
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
