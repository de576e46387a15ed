"""Checkpoints: what a log commits to at one moment, as the signed notes that transparency logs exchange.

A note is text, a blank line, then one line a signature (C2SP signed-note); a checkpoint's text is the origin of the
log, its size and its root (C2SP tlog-checkpoint). Several parties may sign one: the log itself, witnesses
(`reports.register.cosignature`). Which of them a verifier believes is decided by the caller.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Final, Protocol, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from protocol.errors import EvidenceError, Text
from protocol.regularfile import read_text

_DASH: Final = "\u2014 "
_NAME: Final = re.compile(r"[^\s+]{1,200}")
_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}")
#: More characters than a note has.
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f]")
_LONGEST: Final = 64 * 1024


@dataclass(frozen=True)
class Signer:
    """A public key under the name that its signature lines carry; what its signature covers is its kind's matter."""

    name: str
    public: Ed25519PublicKey

    #: The byte that tells what a signature of this kind is (C2SP signed-note).
    KIND: ClassVar[bytes]

    @property
    def raw(self) -> bytes:
        return self.public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)

    @property
    def hint(self) -> bytes:
        """Four bytes that tell which key signed: over name, kind and key, no proof of anything."""
        return hashlib.sha256(self.name.encode() + b"\n" + self.KIND + self.raw).digest()[:4]

    def __str__(self) -> str:
        """The form in which a verifier is given the key: `name+hint+base64`."""
        return f"{self.name}+{self.hint.hex()}+{base64.b64encode(self.KIND + self.raw).decode()}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The inverse of `str`, for a key of this kind alone. Raises EvidenceError."""
        try:
            text.encode()  # half of a surrogate pair, as a command line may bring, is in no name
            name, hint, encoded = text.split("+", 2)
            data = base64.b64decode(encoded, validate=True)
            if not _NAME.fullmatch(name) or data[:1] != cls.KIND:
                raise ValueError(name)
            key = cls(name, Ed25519PublicKey.from_public_bytes(data[1:]))
        except (ValueError, binascii.Error) as problem:
            raise _unreadable("key", str(problem)) from problem
        if key.hint.hex() != hint:
            raise _unreadable("key", hint, expected=key.hint.hex())
        return key

    def lines(self, point: Checkpoint) -> tuple[NoteSignature, ...]:
        """The lines that claim to be of this key: same name and hint, as often as they are there."""
        return tuple(one for one in point.signatures if (one.name, one.hint) == (self.name, self.hint))


@dataclass(frozen=True)
class NoteKey(Signer):
    """The key of a log: it signs the text of a note (kind 0x01)."""

    KIND: ClassVar[bytes] = b"\x01"


class NotePrivate(Protocol):
    """The private half of a log's key, here or where its holder keeps it."""

    def public_key(self) -> Ed25519PublicKey:
        """Its public half."""

    def sign(self, data: bytes, /) -> bytes:
        """The signature (Ed25519). Raises ConfigError, ToolError when its holder gives none."""


@dataclass(frozen=True)
class NoteSignature:
    name: str
    hint: bytes
    value: bytes


@dataclass(frozen=True)
class Checkpoint:
    """Size and root of the log `origin` at one moment, with the signatures under it."""

    origin: str
    size: int
    root: bytes
    signatures: tuple[NoteSignature, ...] = ()

    @property
    def text(self) -> str:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @property
    def signature_lines(self) -> str:
        """Each ends in a newline."""
        lines = [
            f"{_DASH}{one.name} {base64.b64encode(one.hint + one.value).decode()}\n"
            for one in self.signatures
        ]
        return "".join(lines)

    def __str__(self) -> str:
        """The whole note."""
        return f"{self.text}\n{self.signature_lines}"

    def signed(self, name: str, private: NotePrivate) -> Checkpoint:
        """The same with one more signature. Raises EvidenceError for a name that a note can't carry."""
        key = NoteKey(nameable(name), private.public_key())
        made = NoteSignature(name, key.hint, private.sign(self.text.encode()))
        return replace(self, signatures=(*self.signatures, made))

    def signers(self, known: Iterable[NoteKey]) -> tuple[NoteKey, ...]:
        """Those of the known keys that signed it. Raises EvidenceError when a line claims a known key and is wrong."""
        found = []
        for key in known:
            mine = key.lines(self)
            for one in mine:
                try:
                    key.public.verify(one.value, self.text.encode())
                except InvalidSignature as problem:
                    raise wrong_signature(key) from problem
            if mine:
                found.append(key)
        return tuple(found)

    def only(self, keys: Iterable[Signer]) -> Checkpoint:
        """The same with the lines of these keys alone, each once."""
        kept = dict.fromkeys(line for key in keys for line in key.lines(self))
        return replace(self, signatures=tuple(kept))


def of_file(path: Path) -> Checkpoint:
    """The note of a file. Raises OSError, FileRefused, EvidenceError."""
    return parse(read_text(path, 4 * _LONGEST))


def parse(text: str) -> Checkpoint:
    """Read a note strictly: these lines and no others. Raises EvidenceError."""
    head, separator, tail = text.partition("\n\n")
    lines = head.split("\n")
    if (
        len(text) > _LONGEST
        or _CONTROL.search(text)
        or not separator
        or len(lines) != 3
        or (tail and not tail.endswith("\n"))
    ):
        raise _unreadable("note", text[:80])
    origin, size, encoded = lines
    try:
        text.encode()
        root = base64.b64decode(encoded, validate=True)
    except (ValueError, binascii.Error) as problem:
        raise _unreadable("root", encoded) from problem
    if not origin or not _SIZE.fullmatch(size) or len(root) != hashlib.sha256().digest_size:
        raise _unreadable("checkpoint", f"{origin} {size}")
    found = Checkpoint(origin, int(size), root, tuple(_signature(line) for line in tail.split("\n")[:-1]))
    if str(found) != text:
        raise _unreadable("note", text[:80])
    return found


def _signature(line: str) -> NoteSignature:
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    try:
        data = base64.b64decode(encoded, validate=True)
    except (ValueError, binascii.Error) as problem:
        raise _unreadable("signature", line) from problem
    if not line.startswith(_DASH) or not _NAME.fullmatch(name) or len(data) <= 4:
        raise _unreadable("signature", line)
    return NoteSignature(name, data[:4], data[4:])


def nameable(name: str) -> str:
    """The name, when a signature line can carry it. Raises EvidenceError."""
    if not _NAME.fullmatch(name):
        raise EvidenceError(
            "CHKPT-001",
            Text("aucune ligne de signature ne porte ce nom", "no signature line carries this name"),
            field="name",
            found=name,
            expected="federation.example/temoin",
        )
    return name


def wrong_signature(key: Signer) -> EvidenceError:
    """A line that claims a known key and is wrong."""
    return EvidenceError(
        "CHKPT-002",
        Text("signature fausse sous un point de contrôle", "wrong signature under a checkpoint"),
        found=key.name,
    )


def _unreadable(field: str, found: str, *, expected: str = "") -> EvidenceError:
    return EvidenceError(
        "CHKPT-001",
        Text("point de contrôle illisible", "the checkpoint can't be read"),
        field=field,
        found=found,
        expected=expected,
    )
