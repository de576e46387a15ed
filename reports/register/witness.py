"""A witness of logs: whoever runs one, elsewhere than the register, makes a rewritten register visible to everybody.

It keeps a key of its own and, for each log that it follows, the last checkpoint that it cosigned. It cosigns another
only when that continues the last; it is on disk before the cosignature leaves, so that no crash lets it cosign
two histories. Two signed checkpoints that contradict each other are kept (`reports.register.contradiction`). How
requests come is for others: `commands.witness`, `reports.register.witness_http`.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from harness.evidence import to_json, write_atomic
from protocol import jsonread
from protocol.errors import ConfigError, EvidenceError, Text
from reports.keys import made_once
from reports.register import checkpoint, contradiction, cosignature, merkle, remembered, store
from reports.register.checkpoint import Checkpoint, NoteKey, nameable
from reports.register.cosignature import WitnessKey
from reports.register.remembered import Whole

CONFIG: Final = "temoin.json"
KEY: Final = "temoin.key"
PUBLIC: Final = "temoin.pem"
CONTRADICTIONS: Final = "contradictions"
_LOGS: Final = "journaux"
_LOCK: Final = ".verrou"
_FORMAT: Final = "dmpcompat-witness/1"

#: Gives the nodes that bind the first leaves of what is shown to the last checkpoint, as `merkle.implied` reads them.
Growth = Callable[[Checkpoint], Sequence[bytes]]


class Refused(EvidenceError):
    """What a witness does not cosign."""

    exit_code = 1


class Unknown(Refused):
    """A log that it does not follow."""


class Unsigned(Refused):
    """Not signed by the key of the log."""


class Behind(Refused):
    """Fewer entries than what it cosigned, or than what the request says."""


class Conflict(Refused):
    """The request starts from another size than the last one that was cosigned, `size`."""

    size = 0


class Unproven(Refused):
    """The proof does not lead from the last checkpoint to this one, and proves no fork either."""


class Forked(Refused):
    """The log signed two histories; the proof is at `field`."""

    size = 0


@dataclass(frozen=True)
class Followed:
    """A log: its origin, its key, the last checkpoint that was cosigned."""

    origin: str
    key: NoteKey
    last: Checkpoint | None = None


class Witness:
    """A witness in its folder. `clock`: the moment of its cosignatures (UTC)."""

    def __init__(self, folder: Path, clock: Callable[[], datetime] = store.now) -> None:
        """Raises ConfigError for a folder without a witness."""
        self.folder = folder
        self._clock = clock
        try:
            raw: Any = jsonread.loads((folder / CONFIG).read_bytes())
            if raw["format"] != _FORMAT:
                raise ValueError(raw["format"])
            self.name = nameable(str(raw["name"]))
            found = serialization.load_pem_private_key((folder / KEY).read_bytes(), password=None)
        except (OSError, ValueError, TypeError, KeyError, EvidenceError) as problem:
            raise _unusable(folder, str(problem)) from problem
        if not isinstance(found, Ed25519PrivateKey):
            raise _unusable(folder / KEY, type(found).__name__)
        self._private = found

    @property
    def key(self) -> WitnessKey:
        """What verifiers are given."""
        return WitnessKey(self.name, self._private.public_key())

    def follow(self, origin: str, key: NoteKey) -> None:
        """Follow a log; the same again changes nothing. Raises Refused for another key of a log that it follows: a log
        that changes its key begins a new origin.
        """
        cosignature.refuse_log(self.key, [key])
        with self._locked():
            known = self._read(origin)
            if known is not None and known.key != key:
                raise Refused(
                    "WITNESS-006",
                    Text(
                        "ce journal est déjà suivi, avec une autre clé",
                        "this log is followed, with another key",
                    ),
                    field=origin,
                    found=str(key),
                    expected=str(known.key),
                )
            if known is None:
                self._write(Followed(origin, key))

    def followed(self) -> tuple[Followed, ...]:
        """Every log that it follows."""
        return tuple(_parsed(path) for path in sorted((self.folder / _LOGS).glob("*.json")))

    def cosign(self, point: Checkpoint, growth: Growth, old: int | None = None) -> Checkpoint:
        """The checkpoint with the log's signature and ours. It is on disk before this returns.

        `growth` is asked when the log grew; `old`: the size that the request starts from, when it says one. Raises
        Refused: Unknown, Unsigned, Behind, Conflict, Unproven, Forked.
        """
        with self._locked():
            known = self._read(point.origin)
            if known is None:
                raise Unknown(
                    "WITNESS-001",
                    Text("ce journal n'est pas suivi", "this log is not followed"),
                    found=point.origin,
                    mend=Text("dmpcompat register witness follow", "dmpcompat register witness follow"),
                )
            if not point.signers([known.key]):
                raise Unsigned(
                    "WITNESS-002",
                    Text("le journal n'a pas signé ceci", "the log did not sign this"),
                    found=point.origin,
                    expected=str(known.key),
                )
            shown = point.only([known.key])
            self._continued(known, shown, growth, old)
            made = cosignature.cosign(shown, self.name, self._private, self._clock())
            if isinstance(growth, Whole):
                remembered.keep(self._hashes(point.origin), growth.hashes)
            self._write(Followed(known.origin, known.key, made))
        return made

    def _continued(self, known: Followed, shown: Checkpoint, growth: Growth, old: int | None) -> None:
        """Raises Refused unless what is shown continues what was cosigned."""
        last = known.last or Checkpoint(known.origin, 0, merkle.EMPTY)
        if old is not None and old > shown.size:
            raise Behind("WITNESS-003", _OLDER, found=str(shown.size), expected=f">= {old}")
        if old is not None and old != last.size:
            raise _conflict(last.size, old)
        if shown.size < last.size:
            raise self._behind(last, shown)
        if shown.size == last.size and shown.root != last.root:
            raise _unproven(last, shown) if known.last is None else self._forked(last, shown, ())
        path = tuple(growth(last))
        if last.size in (0, shown.size):
            if path:  # from nothing, or from itself, there is nothing to prove
                raise _unproven(last, shown)
            return
        found = merkle.implied(last.size, shown.size, path)
        if found is None or found[1] != shown.root:
            raise _unproven(last, shown)
        if found[0] != last.root:
            raise self._forked(last, shown, path)

    def _behind(self, last: Checkpoint, shown: Checkpoint) -> Refused:
        """Fewer entries: of another history, of the same, or nobody can tell."""
        path = remembered.beginning(self._hashes(last.origin), last, shown.size)
        found = merkle.implied(shown.size, last.size, path)
        if found is not None and found[0] != shown.root:
            return self._forked(last, shown, path)
        proof = self._keep(last, shown, path)
        return Behind(
            "WITNESS-003",
            _OLDER if found is None else _OLD_COPY,
            field=str(proof),
            found=str(shown.size),
            expected=f">= {last.size}",
        )

    def _forked(self, last: Checkpoint, shown: Checkpoint, path: Sequence[bytes]) -> Forked:
        made = Forked(
            "WITNESS-004",
            Text(
                "le journal a signé deux histoires qui se contredisent",
                "the log signed two histories that contradict each other",
            ),
            field=str(self._keep(last, shown, path)),
            found=f"{shown.size} {shown.root.hex()[:16]}",
            expected=f"{last.size} {last.root.hex()[:16]}",
        )
        made.size = last.size
        return made

    def _keep(self, last: Checkpoint, shown: Checkpoint, path: Sequence[bytes]) -> Path:
        """Write both out; the same two give the same file."""
        data = contradiction.document(last, shown, path)
        digest = hashlib.sha256(shown.text.encode() + last.text.encode()).hexdigest()[:12]
        place = self.folder / CONTRADICTIONS / f"{last.size}-{shown.size}-{digest}.json"
        if not place.exists():
            _durable(place, data)
        return place

    def _place(self, origin: str) -> Path:
        return self.folder / _LOGS / f"{hashlib.sha256(origin.encode()).hexdigest()[:32]}.json"

    def _hashes(self, origin: str) -> Path:
        return self._place(origin).with_suffix(".hashes")

    def _read(self, origin: str) -> Followed | None:
        path = self._place(origin)
        if not path.exists():
            return None
        found = _parsed(path)
        if found.origin != origin:
            raise _unusable(path, found.origin)
        return found

    def _write(self, known: Followed) -> None:
        told = {
            "origin": known.origin,
            "key": str(known.key),
            "last": "" if known.last is None else str(known.last),
        }
        _durable(self._place(known.origin), to_json(told))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        descriptor = os.open(self.folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def init(folder: Path, name: str) -> WitnessKey:
    """Make a witness of that name (`federation.example/temoin`), with a key of its own. Raises ConfigError when there
    is one, EvidenceError for a name that a signature line can't carry.
    """
    nameable(name)
    if (folder / CONFIG).exists():
        raise ConfigError(
            "WITNESS-008",
            Text("ce dossier a déjà un témoin", "this folder has a witness"),
            field=str(folder),
            mend=Text("choisir un autre dossier", "choose another folder"),
        )
    made_once(
        folder / KEY,
        Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
    )
    write_atomic(folder / CONFIG, to_json({"format": _FORMAT, "name": name}))
    key = Witness(folder).key
    write_atomic(
        folder / PUBLIC,
        key.public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
    )
    return key


def growth_of(point: Checkpoint, leaves: Sequence[bytes]) -> Whole:
    """What whoever has the whole log shows. Raises Unproven when these leaves are not those of the checkpoint."""
    hashes = tuple(merkle.leaf_hash(leaf) for leaf in leaves[: point.size])
    if len(hashes) != point.size or merkle.root(hashes) != point.root:
        raise Unproven(
            "WITNESS-005",
            Text(
                "les entrées ne donnent pas ce point de contrôle", "the entries do not give this checkpoint"
            ),
            found=f"{len(leaves)}",
            expected=f"{point.size}",
        )
    return Whole(hashes)


_OLDER: Final = Text(
    "le journal montre moins d'entrées qu'il n'en avait : revenu en arrière, ou copie ancienne",
    "the log shows fewer entries than it had: rolled back, or an old copy",
)
_OLD_COPY: Final = Text(
    "le journal montre le début de ce qu'il avait : une copie ancienne, ou des entrées retirées",
    "the log shows the beginning of what it had: an old copy, or entries were taken away",
)


def _parsed(path: Path) -> Followed:
    """Raises ConfigError: a witness that lost its memory cosigns nothing."""
    try:
        raw: Any = jsonread.loads(path.read_bytes())
        last = checkpoint.parse(raw["last"]) if raw["last"] else None
        found = Followed(str(raw["origin"]), NoteKey.parse(raw["key"]), last)
        if last is not None and last.origin != found.origin:
            raise ValueError(last.origin)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, EvidenceError) as problem:
        raise _unusable(path, str(problem)) from problem
    return found


def _durable(path: Path, data: bytes) -> None:
    """Written, and still so after a power cut."""
    write_atomic(path, data)
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _conflict(size: int, old: int) -> Conflict:
    made = Conflict(
        "WITNESS-009",
        Text("la demande part d'une autre taille", "the request starts from another size"),
        found=str(old),
        expected=str(size),
    )
    made.size = size
    return made


def _unproven(last: Checkpoint, shown: Checkpoint) -> Unproven:
    return Unproven(
        "WITNESS-005",
        Text("la preuve de prolongement ne tient pas", "the proof of consistency does not hold"),
        found=f"{last.size} → {shown.size}",
    )


def _unusable(path: Path, found: str) -> ConfigError:
    return ConfigError(
        "WITNESS-007",
        Text("pas de témoin utilisable ici", "no witness that can be used here"),
        field=str(path),
        found=found,
        mend=Text("dmpcompat register witness init DOSSIER", "dmpcompat register witness init FOLDER"),
    )
