"""Certificates of the identities that the cases use: dates, key, authority, usage, holder, structure, revocation.

Those that a case replaces on purpose with bad ones are not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from harness.drive.identity import Identity, KeyPair, Keyring
from harness.preflight.item import Item, State
from protocol.errors import NO_TEXT, DmpcompatError, IdentifierError, Text
from protocol.identifiers.national import parse_struct_id
from protocol.x509read import certificate_of, revocations_of

_EXPIRES_SOON: Final = timedelta(days=15)


def identities(keyring: Keyring | None, names: list[str]) -> Iterator[Item]:
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
            authority = certificate_of(identity.ca_file.read_bytes())
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
        revoked = _revoked(keyring.folder, authority)
        yield from _pair(identity.tls, authority, revoked, for_tls=True)
        yield from _pair(identity.sign, authority, revoked, for_tls=False)
        yield _owner(identity)
        yield _one_holder(identity)
        yield from _structure(identity)


def _pair(
    pair: KeyPair, authority: x509.Certificate, revoked: frozenset[int] | None, *, for_tls: bool
) -> Iterator[Item]:
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
    yield from _standing(pair, revoked)


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


def _one_holder(identity: Identity) -> Item:
    """The two certificates of an identity name the same structure and, on a card, the same person."""
    tls, sign = (_holder(pair.certificate) for pair in (identity.tls, identity.sign))
    good = tls == sign
    return Item(
        "PRE-CERT-HOLDERS",
        "OK" if good else "KO",
        f"{identity.tls.stem} + {identity.sign.stem}",
        Text(
            "authentification et signature sont du même titulaire",
            "authentication and signature are of the same holder",
        ),
        found="" if good else f"{sign}",
        expected="" if good else f"{tls}",
        mend=NO_TEXT
        if good
        else Text(
            "employer les deux certificats d'une même carte ou d'un même établissement (entité juridique et "
            "entité géographique ont chacune le leur)",
            "use both certificates of one card or one establishment (the legal entity and the site have each its own)",
        ),
    )


def _holder(certificate: x509.Certificate) -> str:
    """The structure (OU); a card's also names the person (CN), an organisation's the use of the certificate."""
    units = [
        str(item.value)
        for item in certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
    ]
    names = [str(item.value) for item in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    return ", ".join(units or names)


def _structure(identity: Identity) -> Iterator[Item]:
    """The OU is a Struct_IdNat: a register (FINESS 1, SIREN 2, SIRET 3…), then its number."""
    subject = identity.tls.certificate.subject
    for unit in subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME):
        text = str(unit.value)
        try:
            kind = parse_struct_id(text).kind
        except IdentifierError as problem:
            yield Item(
                "PRE-CERT-STRUCTURE",
                "KO",
                identity.tls.stem,
                Text(
                    f"identifiant de structure : {problem.text.fr}",
                    f"structure identifier: {problem.text.en}",
                ),
                found=text,
                expected=problem.expected or "1 + FINESS | 3 + SIRET",
                mend=Text("demander un certificat de la structure", "ask for a certificate of the structure"),
            )
        else:
            yield Item(
                "PRE-CERT-STRUCTURE",
                "OK",
                identity.tls.stem,
                Text("identifiant de structure", "structure identifier"),
                found=f"{text} ({kind})",
            )


def _revoked(folder: Path, authority: x509.Certificate) -> frozenset[int] | None:
    """Serial numbers on `crl.pem`; None without a list of that authority that can be read."""
    try:
        listing = revocations_of((folder / "crl.pem").read_bytes())
    except (OSError, ValueError):
        return None
    if listing.issuer != authority.subject:
        return None
    return frozenset(entry.serial_number for entry in listing)


def _standing(pair: KeyPair, revoked: frozenset[int] | None) -> Iterator[Item]:
    if revoked is None:
        return
    gone = pair.certificate.serial_number in revoked
    yield Item(
        "PRE-CERT-REVOKED",
        "KO" if gone else "OK",
        pair.stem,
        Text("le certificat n'est pas révoqué (crl.pem)", "the certificate is not revoked (crl.pem)"),
        found=f"{pair.certificate.serial_number:x}" if gone else "",
        mend=Text("demander un autre certificat", "ask for another certificate") if gone else NO_TEXT,
    )
