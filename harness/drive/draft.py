"""The message in the making: everything that a stage may still change before the next one.

Stages, in order: params, vihf (tree, not signed), assertion (signed), payload (body of the envelope),
envelope, packaging (before wrapping), headers, bytes. An alteration acts at one of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from lxml import etree

from harness.drive.clock import Clock
from harness.drive.identity import Identity, KeyPair
from harness.drive.ids import Ids
from harness.drive.lps import Lps
from harness.drive.multipart import OutPart, Packaging
from harness.drive.sign import Hash
from harness.drive.subject import Subject
from protocol.errors import Text, UsageError

Stage = Literal["params", "vihf", "assertion", "payload", "envelope", "packaging", "headers", "bytes"]
STAGES: tuple[Stage, ...] = (
    "params",
    "vihf",
    "assertion",
    "payload",
    "envelope",
    "packaging",
    "headers",
    "bytes",
)


@dataclass
class Signing:
    """How the VIHF will be signed: `pair` None leaves it unsigned."""

    pair: KeyPair | None
    hash_name: Hash = "sha256"


@dataclass
class Draft:
    """A message between two stages. Elements are None until their stage has come."""

    transaction: str
    params: dict[str, Any]
    identity: Identity
    lps: Lps
    clock: Clock
    ids: Ids
    signing: Signing
    path: str = ""
    action: str = ""
    mtom: bool = False
    subject: Subject | None = None
    assertion: etree._Element | None = None
    payload: etree._Element | None = None
    envelope: etree._Element | None = None
    attachments: list[OutPart] = field(default_factory=list)
    packaging: Packaging = field(default_factory=Packaging)
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    facts: dict[str, str | tuple[str, ...]] = field(default_factory=dict)

    def tree(self, name: Literal["assertion", "payload", "envelope"]) -> etree._Element:
        """The element of a stage that has come. Raises ValueError when it has not (a mistake of ours)."""
        found: etree._Element | None = getattr(self, name)
        if found is None:
            raise ValueError(f"the {name} is not made yet")
        return found

    def allow(self, *names: str) -> None:
        """Refuse the parameters that the message does not know. Raises UsageError."""
        strange = sorted(set(self.params) - set(names) - set(COMMON))
        if strange:
            raise UsageError(
                "DRIVE-002",
                Text("paramètre inconnu", "unknown parameter"),
                field=self.transaction,
                found=", ".join(strange),
                expected=", ".join(sorted({*names, *COMMON})),
            )

    def text(self, name: str, default: str = "") -> str:
        """A parameter that is a text. Raises UsageError when it is something else."""
        value = self.params.get(name, default)
        if not isinstance(value, str):
            raise wrong_param(self.transaction, name, value, "text")
        return value

    def mappings(self, name: str) -> list[Mapping[str, Any]]:
        """A parameter that is a list of mappings. Raises UsageError."""
        value = self.params.get(name, [])
        if not isinstance(value, (list, tuple)) or not all(isinstance(item, Mapping) for item in value):
            raise wrong_param(self.transaction, name, value, "list of mappings")
        return list(value)


#: Parameters that every message takes; see `build`.
COMMON = ("patient", "access", "access_reason", "secret", "vihf_version", "conditions", "vihf_hash")


def wrong_param(transaction: str, name: str, value: object, expected: str) -> UsageError:
    """The error of a parameter of the wrong kind."""
    return UsageError(
        "DRIVE-003",
        Text("paramètre de mauvaise nature", "parameter of the wrong kind"),
        field=f"{transaction}.{name}",
        found=ascii(value)[:80],
        expected=expected,
    )
