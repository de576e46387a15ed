"""Which version of the trust file a verifier believes, from the root that it holds.

The rule is TUF's: a version is signed by the threshold of its own root and by that of the version before; numbers go
up by one. So whoever holds a root of old follows the chain to the version of today, and a root that was given up says
nothing more. Here a version also names the digest of the one before: of two that bear one number, one has no future.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from protocol import trustversion
from protocol.errors import DmpcompatError, EvidenceError, Text, UsageError
from protocol.regularfile import read_regular
from protocol.trust import TrustedKey, keyid_of, public_key, read_trust
from protocol.trustversion import Root, Signed, Version

_KEYID: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Anchor:
    """What a verifier holds: ids of root keys, of which `threshold` must have signed; or a whole version that it knows,
    which is then a floor too: no older version is believed, and no other of that number.
    """

    keyids: frozenset[str]
    threshold: int
    version: Version | None = None

    @classmethod
    def of_version(cls, version: Version) -> Anchor:
        return cls(frozenset(version.root.keys), version.root.threshold, version)


@dataclass(frozen=True)
class Believed:
    """The keys of a trust file. `digest`: SHA-256 of its document; `chain`: its versions when it is signed."""

    keys: Mapping[str, TrustedKey]
    digest: str
    chain: tuple[Signed, ...] = ()

    @property
    def version(self) -> Version | None:
        return self.chain[-1].version if self.chain else None


def held(given: Sequence[str], threshold: int = 0) -> Anchor:
    """The anchor of what a verifier gives: files of root public keys (PEM) or their ids (64 hexadecimal digits), of
    which `threshold` must have signed (0: all); or one signed trust file. Raises UsageError (TRUST-020).
    """
    try:
        return _anchored(given, threshold)
    except UsageError:
        raise
    except (DmpcompatError, OSError, ValueError) as problem:
        found = problem.message("en") if isinstance(problem, DmpcompatError) else str(problem)
        raise _unusable(found) from problem


def _anchored(given: Sequence[str], threshold: int) -> Anchor:
    keyids: set[str] = set()
    for one in given:
        if _KEYID.fullmatch(one):
            keyids.add(one)
            continue
        data = read_regular(one, trustversion.LARGEST)
        if trustversion.is_signed(data):
            if len(given) > 1 or threshold:
                raise _unusable(" ".join(given)[:200])
            chain = trustversion.read(data)
            check(chain)
            return Anchor.of_version(chain[-1].version)
        keyids.add(keyid_of(public_key(data)))
    if not 0 <= threshold <= len(keyids) or not keyids:
        raise _unusable(f"{threshold} / {len(keyids)}")
    return Anchor(frozenset(keyids), threshold or len(keyids))


def load(path: Path, anchor: Anchor | None = None, at: datetime | None = None) -> Believed:
    """A trust file on disk, plain or signed. Raises EvidenceError, OSError: see `believed`."""
    return believed(read_regular(path, trustversion.LARGEST), str(path), anchor, at)


def refuse_unreadable(path: Path) -> None:
    """Raises EvidenceError, OSError for what is no trust file, plain or signed; who signed it is not looked at."""
    data = read_regular(path, trustversion.LARGEST)
    if trustversion.is_signed(data):
        trustversion.read(data)
    else:
        read_trust(data, str(path))


def believed(data: bytes, where: str, anchor: Anchor | None = None, at: datetime | None = None) -> Believed:
    """The keys of a trust file, plain or signed; `where` names it in errors.

    A signed one is checked whole. `anchor`: a plain one is refused, a signed one must come from it. `at`: a version
    whose end has come is refused. Raises EvidenceError: KEY-003 or TRUST-010 unreadable, TRUST-011 to TRUST-019.
    """
    if not trustversion.is_signed(data):
        if anchor is not None:
            raise EvidenceError(
                "TRUST-019",
                Text("ce fichier de confiance n'est pas signé", "this trust file is not signed"),
                field=where,
                mend=Text(
                    "donner trust-chain.ndjson, que l'émetteur publie",
                    "give trust-chain.ndjson, which the issuer publishes",
                ),
            )
        return Believed(read_trust(data, where), hashlib.sha256(data).hexdigest())
    chain = trustversion.read(data)
    check(chain)
    if anchor is not None:
        attach(chain, anchor)
    last = chain[-1].version
    if at is not None:
        refuse_expired(last, at)
    return Believed(last.keys, last.digest, chain)


def check(chain: Sequence[Signed]) -> None:
    """Each version is signed by its own root and by that of the one before, whose successor it is; no key is both root
    and another. Raises EvidenceError: TRUST-011, TRUST-012, TRUST-013, TRUST-014, TRUST-015, TRUST-017.
    """
    parts, before = _Parts(), None
    for one in chain:
        parts.take(one.version)
        _by_own(one)
        if before is not None:
            succeeds(before, one)
        before = one.version


def fits(chain: Sequence[Signed], version: Version) -> None:
    """Raises EvidenceError unless a version, whoever signs it, may come after a chain that was checked."""
    parts = _Parts()
    for one in (*(signed.version for signed in chain), version):
        parts.take(one)
    if chain:
        _next(chain[-1].version, version)


def succeeds(old: Version, new: Signed) -> None:
    """Raises EvidenceError unless `new` is the next version after `old`, signed by the root of `old`."""
    _next(old, new.version)
    _enough(
        new,
        old.root,
        "TRUST-012",
        Text(
            "version non signée par assez de clés racines de la précédente",
            "not signed by enough root keys of the version before",
        ),
    )


def attach(chain: Sequence[Signed], anchor: Anchor) -> None:
    """Raises EvidenceError unless a chain that was checked comes from what the verifier holds."""
    known = anchor.version
    if known is None:
        if not any(len(one.by(one.version.root) & anchor.keyids) >= anchor.threshold for one in chain):
            raise EvidenceError(
                "TRUST-018",
                Text(
                    "aucune version n'est signée par la racine que vous avez donnée",
                    "no version is signed by the root that you gave",
                ),
                found=" ".join(sorted({keyid[:16] for one in chain for keyid in one.version.root.keys})),
                expected=f"{anchor.threshold} / {' '.join(sorted(one[:16] for one in anchor.keyids))}",
                mend=Text(
                    "donner toute la chaîne (trust-chain.ndjson) ; si toutes ces clés ne signent pas, --root-threshold",
                    "give the whole chain (trust-chain.ndjson); if not all of these keys must sign, --root-threshold",
                ),
            )
        return
    first, last = chain[0].version, chain[-1].version
    if last.number < known.number:
        raise EvidenceError(
            "TRUST-014",
            Text("version plus ancienne que celle que vous avez", "an older version than the one you have"),
            found=str(last.number),
            expected=f">= {known.number}",
            mend=Text("demander la chaîne à jour à l'émetteur", "ask the issuer for the chain of today"),
        )
    if first.number > known.number:
        succeeds(known, chain[0])
    elif (same := chain[known.number - first.number].version).digest != known.digest:
        raise _forked(same.number, same.digest, known.digest)


def refuse_expired(version: Version, at: datetime) -> None:
    """Raises EvidenceError (TRUST-016) when the end of a version has come."""
    if version.expires is not None and at >= version.expires:
        raise EvidenceError(
            "TRUST-016",
            Text("fichier de confiance périmé", "the trust file is out of date"),
            field=f"version {version.number}",
            found=str(version.expires),
            expected=f"> {at}",
            mend=Text(
                "demander trust-chain.ndjson à jour à l'émetteur et le donner par --trust",
                "ask the issuer for trust-chain.ndjson of today and give it with --trust",
            ),
        )


def refuse_forks(one: Sequence[Signed], other: Sequence[Signed]) -> None:
    """Raises EvidenceError (TRUST-015) when two chains differ in a version that both have."""
    known = {signed.version.number: signed.version.digest for signed in one}
    for signed in other:
        expected = known.get(signed.version.number, signed.version.digest)
        if expected != signed.version.digest:
            raise _forked(signed.version.number, signed.version.digest, expected)


def missing(new: Signed, root: Root) -> int:
    """How many more keys of that root must sign. Raises EvidenceError (TRUST-013)."""
    return max(0, root.threshold - len(new.by(root)))


def _by_own(one: Signed) -> None:
    text = Text("version non signée par assez de clés racines", "not signed by enough root keys")
    _enough(one, one.version.root, "TRUST-011", text)


def _enough(one: Signed, root: Root, code: str, text: Text) -> None:
    if missing(one, root):
        signed = " ".join(signature.keyid[:16] for signature in one.signatures) or "-"
        raise EvidenceError(
            code,
            text,
            field=f"version {one.version.number}",
            found=signed,
            expected=f"{root.threshold} / {' '.join(keyid[:16] for keyid in root.keys)}",
        )


class _Parts:
    """The parts that keys played, over all versions: a root signs those and nothing else; nothing else signs them."""

    def __init__(self) -> None:
        self._roots: set[str] = set()
        self._others: set[str] = set()

    def take(self, version: Version) -> None:
        """Raises EvidenceError (TRUST-017) for a key that is both."""
        roots, others = set(version.root.keys), set(version.keys)
        wrong = (roots & (others | self._others)) | (others & self._roots)
        wrong |= {key.keyid for key in version.keys.values() if key.role == "root"}
        if wrong:
            raise EvidenceError(
                "TRUST-017",
                Text("une clé est à la fois racine et autre chose", "a key is both root and something else"),
                field=f"version {version.number}",
                found=" ".join(sorted(wrong)),
            )
        self._roots |= roots
        self._others |= others


def _next(old: Version, version: Version) -> None:
    if version.number != old.number + 1:
        raise _misplaced(version.number, old.number + 1)
    if version.previous != old.digest or (version.origin, version.issuer) != (old.origin, old.issuer):
        raise _forked(version.number, version.previous, old.digest)
    parts = _Parts()
    parts.take(old)
    parts.take(version)


def _unusable(found: str) -> UsageError:
    return UsageError(
        "TRUST-020",
        Text("racine inutilisable", "this root can't be used"),
        field="--root",
        found=found,
        expected="PEM, sha256, trust-chain.ndjson",
        mend=Text(
            "donner les clés publiques racines, leurs empreintes entières, ou un seul fichier de confiance signé",
            "give the public root keys, their whole ids, or one signed trust file",
        ),
    )


def _misplaced(found: int, expected: int) -> EvidenceError:
    return EvidenceError(
        "TRUST-014",
        Text("version hors de sa place dans la chaîne", "version out of its place in the chain"),
        found=str(found),
        expected=str(expected),
    )


def _forked(number: int, found: str, expected: str) -> EvidenceError:
    return EvidenceError(
        "TRUST-015",
        Text("deux versions différentes du même numéro", "two different versions of one number"),
        field=f"version {number}",
        found=found,
        expected=expected,
    )
