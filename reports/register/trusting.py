"""Changing the keys to believe: adding one, rotating one with an overlap, distrusting one, changing the root.

Each change is an entry TRUST of the register. Where the register has a root, a change is a new version of the trust
file that waits for the signatures of its root and of the one before; where its own folder holds enough root keys (a
rehearsal), they sign at once. A register without root goes on with a plain trust file, and says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from harness.evidence import write_atomic
from protocol import trustchain
from protocol.errors import Text, UsageError
from protocol.regularfile import read_regular
from protocol.trust import ROLES, PublicKey, TrustedKey, keyid_of, trust_document
from protocol.trustversion import Root, RootKey, Signed, Version
from reports.numbers import TEST_ISSUER
from reports.register import cosignature, rooting, trustfiles
from reports.register.opening import Office
from reports.register.rooting import Proposal, refused
from reports.register.store import Receipt
from reports.register.trustfiles import CHAIN, PROPOSAL, ROOTS, TRUST, settle, trusted

__all__ = ["CHAIN", "PROPOSAL", "TRUST", "settle", "trusted"]

#: How long a signed version counts, in days, unless its authors say otherwise.
DAYS: Final = 365
_LONGEST: Final = 2000
_LARGEST_KEY: Final = 64 * 1024

Keys = Mapping[str, TrustedKey]
Change = Callable[[Keys], dict[str, TrustedKey]]


def add(
    office: Office, key: TrustedKey, reason: str, *, replaces: str = "", overlap_days: int = 90
) -> Receipt | None:
    """Add a key. `replaces`: id of the key that it takes over from, which stops `overlap_days` after this one begins.

    None when the change waits for signatures of the root. Raises UsageError for a key that is there, a role that is
    none, a replaced key of another role or unknown, EvidenceError for a key that is a root or can't be a witness.
    """
    if key.role not in ROLES:
        raise refused("--role", key.role, " ".join(ROLES))
    if key.role == cosignature.ROLE:
        cosignature.refuse_useless(key, office.log_key)

    def changed(known: Keys) -> dict[str, TrustedKey]:
        if key.keyid in known:
            raise refused("KEY", key.keyid, "")
        listed = {**known, key.keyid: key}
        if replaces:
            old = known[one_of(known, replaces)]
            if old.role != key.role:
                raise refused("--replaces", old.role, key.role)
            end = key.not_before + timedelta(days=overlap_days)
            listed[old.keyid] = replace(old, not_after=min(end, old.not_after or end))
        return listed

    return _change(office, changed, reason)


def distrust(office: Office, keyid: str, after: datetime, reason: str) -> Receipt | None:
    """Distrust a key after a moment, which may be brought forward later and never back; None when it waits for
    signatures of the root. Raises UsageError.
    """

    def changed(known: Keys) -> dict[str, TrustedKey]:
        key = known[one_of(known, keyid)]
        if key.distrust_after is not None and after > key.distrust_after:
            raise refused("--after", str(after), f"<= {key.distrust_after}")
        return {**known, key.keyid: replace(key, distrust_after=after.replace(microsecond=0))}

    return _change(office, changed, reason)


def renew(
    office: Office, reason: str, *, days: int | None = DAYS, at: datetime | None = None
) -> Receipt | None:
    """A new version with the same keys, those of the office's people and of its log, for as many days (None: without
    end). None when it waits for signatures. Raises UsageError for a register without root.
    """
    if not trustfiles.chain(office):
        raise refused("--register", str(office.folder), CHAIN)
    return _change(office, dict, reason, days=days, at=at)


def set_root(
    office: Office,
    keys: Sequence[RootKey],
    threshold: int,
    reason: str,
    *,
    days: int | None = DAYS,
    at: datetime | None = None,
) -> Receipt | None:
    """Give the register its root, or another one; without keys, a root of its own folder, for rehearsals alone.

    None when it waits for signatures. Raises UsageError for a threshold that the keys can't meet, and for a root in the
    folder of an authority.
    """
    if not keys:
        if office.configuration.issuer != TEST_ISSUER:
            raise refused("KEY", "", "KEY.pub …")
        keys = [_own_root(office)]
    root = Root.of(threshold, keys)
    if not 1 <= threshold <= len(root.keys) or len(root.keys) != len(keys):
        raise refused("--threshold", str(threshold), f"1..{len(root.keys)}")
    return _change(office, dict, reason, root=root, days=days, at=at)


def publish(office: Office, copies: Iterable[Path] = ()) -> Receipt:
    """Publish the version that waits, with the signatures of these copies of it too.

    Raises UsageError when none waits, or signatures lack; EvidenceError for a copy that can't be read.
    """
    with trustfiles.locked(office):
        trustfiles.settled(office)
        waiting = _waiting(office)
        listed = [*([waiting] if waiting else []), *(rooting.read_file(path) for path in copies)]
        if not listed:
            raise refused("PROPOSAL", "", str(office.folder / PROPOSAL))
        proposal = rooting.merged(listed)
        return _published(office, proposal)


def waiting(office: Office) -> Proposal | None:
    """The version that waits for signatures, if there is one. Raises EvidenceError."""
    with trustfiles.locked(office):
        trustfiles.settled(office)
        return _waiting(office)


def unsigned(office: Office) -> tuple[TrustedKey, ...]:
    """Keys of people of the office that the signed version does not have; none for a register without root."""
    versions = trustfiles.chain(office)
    listed = trustfiles.people(office).values() if versions else ()
    return tuple(key for key in listed if key.keyid not in versions[-1].version.keys)


def one_of(known: Keys, keyid: str) -> str:
    """The one key whose id begins so. Raises UsageError."""
    found = [one for one in known if one.startswith(keyid)]
    if len(found) != 1 or len(keyid) < 8:
        raise refused("KEYID", keyid, " ".join(one[:16] for one in known))
    return found[0]


def described(
    path: Path, role: str, name: str, issuers: tuple[str, ...], begins: datetime, ends: datetime | None
) -> TrustedKey:
    """A key from its PEM file, public or private (of which only the public half is read). Raises UsageError."""
    return TrustedKey(
        keyid=keyid_of(found := _public(path)),
        role=role,
        name=name,
        issuers=issuers,
        not_before=begins.replace(microsecond=0),
        not_after=ends,
        public=found,
    )


def _change(
    office: Office,
    changed: Change,
    reason: str,
    *,
    root: Root | None = None,
    days: int | None = DAYS,
    at: datetime | None = None,
) -> Receipt | None:
    with trustfiles.locked(office):
        trustfiles.settled(office)
        versions = trustfiles.chain(office)
        if not versions and root is None and _waiting(office) is None:
            document = trust_document(list(changed(trusted(office)).values()))
            return trustfiles.commit(office, document, reason)
        proposal = _proposed(office, versions, changed, reason, root, days, at)
        for private in _held(office):
            if keyid_of(private.public_key()) in proposal.roots():
                proposal = rooting.signed(proposal, private)
        if proposal.complete:
            return _published(office, proposal)
        write_atomic(office.folder / PROPOSAL, proposal.data())
        return None


def _proposed(
    office: Office,
    versions: tuple[Signed, ...],
    changed: Change,
    reason: str,
    root: Root | None,
    days: int | None,
    at: datetime | None,
) -> Proposal:
    """The next version, over the one that waits if there is one: its signatures are of no use then."""
    now = (at or datetime.now(UTC)).replace(microsecond=0)
    waits, current = _waiting(office), versions[-1] if versions else None
    base = waits.version if waits else current.version if current else None
    known = {**_own(office, now), **(base.keys if base else trusted(office))}
    version = Version(
        number=len(versions) + 1,
        previous=current.version.digest if current else "",
        issuer=office.configuration.issuer,
        origin=office.configuration.origin,
        issued=now,
        expires=None if days is None else now + timedelta(days=days),
        reason=f"{waits.version.reason} ; {reason}"[:_LONGEST] if waits else reason,
        root=root or (base.root if base else Root.of(0, ())),
        # A root of a plain file signed nothing; that of a signed one is beside its keys.
        keys={keyid: key for keyid, key in changed(known).items() if key.role != "root"},
    )
    trustchain.fits(versions, version)
    return Proposal(current, Signed(version))


def _own(office: Office, now: datetime) -> dict[str, TrustedKey]:
    """Keys that a verifier who has the root alone needs: of the seal, of the people, of the log."""
    log = office.log_key
    keyid = keyid_of(log.public)
    own = TrustedKey(keyid, "log", log.name, (office.configuration.issuer,), now, None, log.public)
    return {office.seal.keyid: office.seal.key, **trustfiles.people(office), keyid: own}


def _published(office: Office, proposal: Proposal) -> Receipt:
    versions = trustfiles.chain(office)
    _refuse_unfit(office, versions, proposal)
    coming = (*versions, proposal.proposed)
    trustchain.check(coming)
    version = proposal.version
    receipt = trustfiles.commit(office, version.payload, version.reason, coming)
    (office.folder / PROPOSAL).unlink(missing_ok=True)
    return receipt


def _refuse_unfit(office: Office, versions: tuple[Signed, ...], proposal: Proposal) -> None:
    """Signatures lack, an older or foreign version, a key that is gone or trusted again."""
    version = proposal.version
    if not proposal.complete:
        old, new = proposal.missing
        raise UsageError(
            "TRUST-002",
            Text("il manque des signatures de la racine", "signatures of the root are missing"),
            field=f"version {version.number}",
            found=" ".join(one.keyid[:16] for one in proposal.proposed.signatures) or "-",
            expected=f"+ {max(old, new)}",
            mend=Text(
                "dmpcompat register trust sign PROPOSITION --key …",
                "dmpcompat register trust sign PROPOSAL --key …",
            ),
        )
    place = (len(versions) + 1, office.configuration.issuer, office.configuration.origin)
    if (version.number, version.issuer, version.origin) != place:
        raise refused("PROPOSAL", f"version {version.number}", f"version {place[0]}")
    for keyid, key in trusted(office).items():
        then = version.keys.get(keyid)
        if key.role == "root":
            continue
        if then is None or _later(key.distrust_after, then.distrust_after):
            raise refused("PROPOSAL", keyid, str(key.distrust_after or keyid))


def _later(old: datetime | None, new: datetime | None) -> bool:
    return old is not None and (new is None or new > old)


def _waiting(office: Office) -> Proposal | None:
    """The proposal that can still be published; one that a crash left behind is no more."""
    path = office.folder / PROPOSAL
    if not path.exists():
        return None
    found = rooting.read_file(path)
    return found if found.version.number == len(trustfiles.chain(office)) + 1 else None


def _held(office: Office) -> list[rooting.Private]:
    """The root keys of the office's own folder: a rehearsal has one, an authority none."""
    return [rooting.private_in(path) for path in sorted((office.folder / ROOTS).glob("*.pem"))]


def _own_root(office: Office) -> RootKey:
    """A new root key in the office's own folder."""
    taken = len(list((office.folder / ROOTS).glob("*.pem")))
    public = rooting.new_key(office.folder / ROOTS / f"racine-{taken + 1}.pem")
    return RootKey("Racine de TEST — sans valeur officielle", public)


def _public(path: Path) -> PublicKey:
    data = read_regular(path, _LARGEST_KEY)
    try:
        found: object = (
            serialization.load_pem_private_key(data, password=None).public_key()
            if b"PRIVATE KEY" in data
            else serialization.load_pem_public_key(data)
        )
    except (ValueError, TypeError, UnsupportedAlgorithm) as problem:
        raise refused(str(path), str(problem), "PEM") from problem
    if isinstance(found, Ed25519PublicKey) or (
        isinstance(found, ec.EllipticCurvePublicKey) and isinstance(found.curve, ec.SECP256R1)
    ):
        return found
    raise refused(str(path), type(found).__name__, "P-256, Ed25519")
