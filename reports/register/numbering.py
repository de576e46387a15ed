"""Drawing numbers: a reference is never given twice, a wire number neither, and what was drawn in vain is logged.

The wire number is a secret of its holder: it is told once, kept sealed (AES-GCM, key outside the database), compared by
a keyed tag, and bound to the public register by a commitment that the holder alone can open. How numbers look is
`reports.register.schemes`.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from protocol.errors import ConfigError, EvidenceError, Text, ToolError
from protocol.statuslist import tag_of
from protocol.trust import moment
from reports.keys import made_once
from reports.register import store
from reports.register.database import LEAVES, REFERENCES, WIRE_NUMBERS, Database
from reports.register.schemes import ReferenceScheme, WireScheme
from reports.register.store import Draft, Receipt, Register

_TRIES: Final = 50
_KEY_BYTES: Final = 32


@dataclass(frozen=True)
class Secret:
    """The master key of a register's secrets: one key seals, another tags."""

    master: bytes = field(repr=False)

    @classmethod
    def of_file(cls, path: Path) -> Secret:
        """The key in that file (hex), made on first use with mode 0600. Raises ConfigError."""
        try:
            if not path.exists():
                made_once(path, f"{secrets.token_hex(_KEY_BYTES)}\n".encode())
            found = bytes.fromhex(path.read_text(encoding="ascii").strip())
        except (OSError, ValueError) as problem:
            raise _unusable(path, str(problem)) from problem
        if len(found) != _KEY_BYTES:
            raise _unusable(path, f"{len(found)} bytes")
        return cls(found)

    def tag(self, number: str) -> str:
        """The same for the same number, and tells nothing of it without the key (hex)."""
        return tag_of(number, self.tag_key)

    @property
    def tag_key(self) -> bytes:
        """What a platform is given to know the numbers that it receives: it opens no seal."""
        return self._derived(b"tag")

    def seal(self, data: bytes, about: str) -> bytes:
        """Encrypt for one reference: what was sealed for another does not open."""
        nonce = secrets.token_bytes(12)
        return nonce + AESGCM(self._derived(b"seal")).encrypt(nonce, data, about.encode())

    def open(self, sealed: bytes, about: str) -> bytes:
        """The inverse of `seal`. Raises EvidenceError."""
        try:
            return AESGCM(self._derived(b"seal")).decrypt(sealed[:12], sealed[12:], about.encode())
        except InvalidTag as problem:
            raise EvidenceError(
                "REG-031",
                Text(
                    "le numéro scellé ne s'ouvre pas avec cette clé",
                    "the sealed number does not open with this key",
                ),
                field=about,
            ) from problem

    def _derived(self, purpose: bytes) -> bytes:
        made = HKDF(hashes.SHA256(), _KEY_BYTES, salt=None, info=b"dmpcompat-register/" + purpose)
        return made.derive(self.master)


@dataclass(frozen=True)
class WireNumber:
    """A wire number when it is given: told once. `nonce` (hex) opens the public commitment with it."""

    reference: str
    number: str
    nonce: str

    @property
    def commitment(self) -> str:
        """What the register publishes: it proves nothing without the nonce, and can't be guessed."""
        return commitment(self.number, self.nonce)

    def __repr__(self) -> str:
        return f"WireNumber({self.reference}, •••)"


def commitment(number: str, nonce: str) -> str:
    """SHA-256 (hex) over the nonce and the number. Raises ValueError for a nonce of another length: one that took
    letters of the number with it would open the same commitment to another number.
    """
    salt = bytes.fromhex(nonce)
    if len(salt) != _KEY_BYTES:
        raise ValueError(f"{len(salt)} bytes")
    return hashlib.sha256(salt + number.encode()).hexdigest()


@dataclass(frozen=True)
class Numbering:
    """Draws the numbers of one register."""

    register: Register
    references: ReferenceScheme
    wire: WireScheme
    secret: Secret

    def reserve(self, kind: str, at: datetime | None = None) -> str:
        """A reference that nobody else has or will have. One that no entry uses is a hole: see `holes`."""
        now = at or datetime.now(UTC)
        for _ in range(_TRIES):
            drawn = self.references.draw(now.date(), kind)
            try:
                with self.register.database.write() as db:
                    store.reserve(db, drawn, now)
            except IntegrityError:
                continue  # drawn before, by anyone: draw again
            return drawn
        raise _exhausted()

    def give(self, reference: str) -> WireNumber:
        """A wire number for a reserved reference, sealed before it is told. Raises EvidenceError when it has one."""
        with self.register.database.write() as db:
            known = db.execute(select(WIRE_NUMBERS.c.reference).filter_by(reference=reference)).scalar()
            if known is not None:
                raise EvidenceError(
                    "REG-030",
                    Text("cette référence a déjà son numéro", "this reference has its number"),
                    field=reference,
                )
            taken = set(db.execute(select(WIRE_NUMBERS.c.tag)).scalars())
            for _ in range(_TRIES):
                made = WireNumber(reference, self.wire.draw(), secrets.token_hex(_KEY_BYTES))
                if self.secret.tag(made.number) in taken:
                    continue
                kept = json.dumps({"number": made.number, "nonce": made.nonce}).encode()
                db.execute(
                    insert(WIRE_NUMBERS).values(
                        reference=reference,
                        tag=self.secret.tag(made.number),
                        commitment=made.commitment,
                        sealed=self.secret.seal(kept, reference),
                    )
                )
                return made
        raise _exhausted()

    def told(self, reference: str) -> WireNumber:
        """The wire number of a reference, for whoever may open the seal. Raises EvidenceError."""
        with self.register.database.read() as db:
            sealed = db.execute(select(WIRE_NUMBERS.c.sealed).filter_by(reference=reference)).scalar()
        if sealed is None:
            raise EvidenceError(
                "REG-032",
                Text("aucun numéro sous cette référence", "no number under this reference"),
                field=reference,
            )
        kept = json.loads(self.secret.open(bytes(sealed), reference))
        return WireNumber(reference, kept["number"], kept["nonce"])

    def told_or_given(self, reference: str) -> WireNumber:
        """The number of that reference, given now when it has none: what an interrupted issue goes on with."""
        with self.register.database.read() as db:
            known = db.execute(select(WIRE_NUMBERS.c.reference).filter_by(reference=reference)).scalar()
        return self.give(reference) if known is None else self.told(reference)

    def holes(self, at: datetime, older_than: timedelta = timedelta(days=1)) -> tuple[str, ...]:
        """References drawn that long ago and named by no entry."""
        used = select(LEAVES.c.reference)
        query = select(REFERENCES.c.reference, REFERENCES.c.reserved).where(
            REFERENCES.c.reference.not_in(used)
        )
        with self.register.database.read() as db:
            rows = db.execute(query.order_by(REFERENCES.c.reserved)).all()
        return tuple(reference for reference, reserved in rows if moment(reserved) + older_than <= at)

    def log_holes(self, references: Sequence[str], actor: str, reason: str) -> tuple[Receipt, ...]:
        """Say in the register that these will never be given."""
        return self.register.append([Draft("VOID", reference, actor, reason) for reference in references])


def tags(database: Database) -> dict[str, str]:
    """Reference -> tag of its wire number: what the status list gives to a platform that shares the key."""
    with database.read() as db:
        rows = db.execute(select(WIRE_NUMBERS.c.reference, WIRE_NUMBERS.c.tag)).all()
    return {str(reference): str(tag) for reference, tag in rows}


def _unusable(path: Path, found: str) -> ConfigError:
    return ConfigError(
        "REG-021",
        Text(
            "la clé des secrets du registre est inutilisable",
            "the key of the register's secrets can't be used",
        ),
        field=str(path),
        found=found,
        expected=f"{_KEY_BYTES * 2} hex",
    )


def _exhausted() -> ToolError:
    return ToolError("REG-033", Text("plus de numéro libre à tirer", "no free number left to draw"))
