"""`dmpcompat register trust root…`: the root keys that sign the trust file, version after version."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.office import LANG, PLACE
from commands.options import ANY_PATH, EXISTING
from protocol.errors import NO_TEXT, Lang, Text
from reports.console import tell

if TYPE_CHECKING:
    from protocol.trustversion import Version
    from reports.register.opening import Office
    from reports.register.rooting import Proposal
    from reports.register.store import Receipt

NO_ROOT = Text(
    "ce registre n'a pas de racine : personne ne signe trust.json ; en donner une : "
    "dmpcompat register trust root --reason … (répétition), ou avec les clés publiques racines de l'autorité",
    "this register has no root: nobody signs trust.json; give it one: "
    "dmpcompat register trust root --reason … (rehearsal), or with the public root keys of the authority",
)
_REASON = click.option("--reason", required=True, help="Why: signed, and kept in the register.")
_DAYS = click.option(
    "--days",
    type=click.IntRange(0, 3650),
    default=365,
    show_default=True,
    help="Life of the version; 0: without end.",
)
_PASSPHRASE = click.option(
    "--passphrase", default="", help="Environment variable that has it (env:NAME); none by default."
)


@click.command("root-key")
@click.argument("file", type=ANY_PATH)
@_PASSPHRASE
@LANG
def root_key(file: Path, passphrase: str, lang: Lang) -> int:
    """Make a root key: FILE is its private half, to be kept offline, FILE.pub the public one. Needs no register."""
    from protocol.trust import keyid_of
    from reports.register import rooting

    made = keyid_of(rooting.new_key(file, rooting.passphrase_of(passphrase)))
    tell(
        lang,
        f"clé racine privée : {file} (à garder hors ligne)\nclé publique : {file}.pub\nempreinte : {made}",
        f"private root key: {file} (to be kept offline)\npublic key: {file}.pub\nid: {made}",
    )
    return 0


@click.command("root")
@click.argument("keys", type=EXISTING, nargs=-1, metavar="[KEY.pub]...")
@click.option(
    "--threshold",
    type=click.IntRange(1, 16),
    default=1,
    show_default=True,
    help="How many of them must sign.",
)
@_REASON
@_DAYS
@PLACE
@LANG
def root(
    keys: tuple[Path, ...], threshold: int, reason: str, days: int, place: Path | None, lang: Lang
) -> int:
    """Give the register its root, or another one: any THRESHOLD of these public keys. Without keys, one is made in the
    register's own folder, for rehearsals.
    """
    from protocol.trustversion import RootKey
    from reports.register import rooting, trusting
    from reports.register.opening import open_office

    listed = [
        RootKey(path.name.removesuffix(".pub").removesuffix(".pem"), rooting.public_in(path)) for path in keys
    ]
    office = open_office(place)
    receipt = trusting.set_root(office, listed, threshold, reason, days=days or None)
    try:
        return told(office, receipt, lang)
    finally:
        office.close()


@click.command("renew")
@_REASON
@_DAYS
@PLACE
@LANG
def renew(reason: str, days: int, place: Path | None, lang: Lang) -> int:
    """A new version of the trust file before the last one ends, with the keys of the office's people as they are."""
    from reports.register import trusting
    from reports.register.opening import open_office

    office = open_office(place)
    receipt = trusting.renew(office, reason, days=days or None)
    try:
        return told(office, receipt, lang)
    finally:
        office.close()


@click.command("sign")
@click.argument("proposal", type=EXISTING)
@click.option("--key", type=EXISTING, help="Private root key (PEM); with --signature, the public one.")
@click.option(
    "--to-sign", type=ANY_PATH, help="For a token: write the bytes to sign into this file, and stop."
)
@click.option("--signature", type=EXISTING, help="What the token made of them (DER, or 64 bytes of Ed25519).")
@_PASSPHRASE
@LANG
def sign(
    proposal: Path,
    key: Path | None,
    to_sign: Path | None,
    signature: Path | None,
    passphrase: str,
    lang: Lang,
) -> int:
    """Add a root's signature to a PROPOSAL, and tell what that changes. Needs this file and the key alone."""
    from harness.evidence import write_atomic
    from reports.register import rooting

    read = rooting.read_file(proposal)
    for text in _changes(read):
        tell(lang, *text)
    if to_sign is not None:
        write_atomic(to_sign, read.proposed.covered)
        return 0
    if key is None:
        raise rooting.refused("--key", "", "PEM")
    if signature is not None:
        made = rooting.attached(read, rooting.public_in(key), signature.read_bytes())
    else:
        made = rooting.signed(read, rooting.private_in(key, rooting.passphrase_of(passphrase)))
    write_atomic(proposal, made.data())
    tell(lang, *_lacking(made))
    return 0


@click.command("publish")
@click.argument("copies", type=EXISTING, nargs=-1, metavar="[PROPOSAL]...")
@PLACE
@LANG
def publish(copies: tuple[Path, ...], place: Path | None, lang: Lang) -> int:
    """Publish the version that waits, once enough root keys signed it: here, or copies of it (PROPOSAL)."""
    from reports.register import trusting
    from reports.register.opening import open_office

    office = open_office(place)
    receipt = trusting.publish(office, copies)
    try:
        return told(office, receipt, lang)
    finally:
        office.close()


def told(office: Office, receipt: Receipt | None, lang: Lang) -> int:
    """What became of a change: an entry, or a proposal that waits."""
    from reports.register import trustfiles, trusting

    if receipt is None:
        waiting = trusting.waiting(office)
        place = office.folder / trustfiles.PROPOSAL
        if waiting is not None:
            tell(lang, *_lacking(waiting))
        tell(
            lang,
            f"à signer : dmpcompat register trust sign {place} --key …\npuis : dmpcompat register trust publish",
            f"to be signed: dmpcompat register trust sign {place} --key …\nthen: dmpcompat register trust publish",
        )
        return 0
    versions = trustfiles.chain(office)
    french, english = (f"version {versions[-1].version.number} ; ",) * 2 if versions else ("", "")
    tell(
        lang,
        f"{french}entrée {receipt.entry.seq} du registre",
        f"{english.replace(' ;', ';')}entry {receipt.entry.seq} of the register",
    )
    if not versions:
        tell(lang, *NO_ROOT)
    return 0


def first(office: Office) -> list[Text]:
    """Give a new register its root when it is for rehearsals; else say how an authority gives its own."""
    from reports.numbers import TEST_ISSUER
    from reports.register import trusting

    if office.configuration.issuer == TEST_ISSUER:
        trusting.set_root(office, (), 1, "création du registre")
    return described(office)


def followed(office: Office, reason: str, lang: Lang) -> int:
    """After somebody got a key: a new version that has it too, where the register has a root."""
    from reports.register import trustfiles, trusting

    if not trustfiles.chain(office):
        return 0
    return told(office, trusting.renew(office, reason), lang)


def described(office: Office) -> list[Text]:
    """The root, the version in force and the one that waits, for a reader."""
    from reports.register import trustfiles, trusting

    versions, waiting = trustfiles.chain(office), trusting.waiting(office)
    found = _version(versions[-1].version) if versions else [NO_ROOT]
    if waiting is not None:
        found.append(_lacking(waiting))
    return [*found, *unsigned(office)]


def unsigned(office: Office) -> list[Text]:
    """Who has a key that the signed version lacks: a verifier who keeps the root alone believes none of their acts."""
    from reports.register import trusting

    names = ", ".join(key.name for key in trusting.unsigned(office))
    told = Text(
        f"pas dans la version signée : {names} ; dmpcompat register trust renew --reason …",
        f"not in the signed version: {names}; dmpcompat register trust renew --reason …",
    )
    return [told] if names else []


def _version(version: Version) -> list[Text]:
    from protocol.trust import stamp

    until = stamp(version.expires) if version.expires else "…"
    root, over = version.root, version.expires is not None and version.expires <= datetime.now(UTC)
    late = Text(" PÉRIMÉE : register trust renew", " OUT OF DATE: register trust renew") if over else NO_TEXT
    return [
        Text(
            f"version {version.number}, jusqu'à {until}{late.fr} ; racine : {root.threshold} sur {len(root.keys)}",
            f"version {version.number}, until {until}{late.en}; root: {root.threshold} of {len(root.keys)}",
        ),
        *(Text(line, line) for line in (f"  {keyid}  {key.name}" for keyid, key in root.keys.items())),
    ]


def _changes(read: Proposal) -> list[Text]:
    from protocol.trust import stamp

    listed = _version(read.version)
    listed.append(Text(f"motif : {read.version.reason}", f"reason: {read.version.reason}"))
    for sign_, key in read.changes():
        after = f"  ≤ {stamp(key.distrust_after)}" if key.distrust_after else ""
        line = f"{sign_} {key.keyid[:16]}  {key.role:8}  {key.name}{after}"
        listed.append(Text(line, line))
    return listed


def _lacking(read: Proposal) -> Text:
    old, new = read.missing
    if not old and not new:
        return Text("signé par assez de clés racines", "signed by enough root keys")
    number = read.version.number
    return Text(
        f"version {number} : il manque {old} signature(s) de la racine en vigueur, {new} de la racine proposée",
        f"version {number}: {old} signature(s) of the root in force and {new} of the proposed one are missing",
    )
