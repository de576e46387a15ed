"""Status lists of homologations that a case gives to its session: the campaign's number, in the state that it asks for.

They are signed lists as a register publishes them, by a key made for the occasion whose trust file goes along: the
platform verifies them as any other. They name the number by a keyed tag, never by its value.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Literal, cast

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import BaseModel, ConfigDict, Field

from harness.campaign import Campaign
from protocol import canonical, dsse, statuslist
from protocol.statuslist import Listed, State, StatusList, tag_of
from protocol.trust import TrustedKey, keyid_of, stamp, trust_document

#: The homologation that the list speaks of: a test reference, which no office gives.
REFERENCE: Final = "TST-26L-0000000-U3"
_ISSUER: Final = "TST"
_DAY: Final = timedelta(days=1)


class StatusListSeed(BaseModel):
    """What the session's status list says of the campaign's number. `none` takes the list away, `absent` gives one that
    does not name it. Times count from the session's clock.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    state: Literal[
        "active", "notice", "suspended", "withdrawn", "superseded", "expired", "absent", "none"
    ] = "active"
    withdrawn_in: int | None = Field(default=None, description="seconds: a withdrawal decided for later")
    expires_in: int | None = Field(default=None, description="seconds: a homologation that ends by itself")
    fresh_for: int = Field(default=86_400, description="seconds until the next list is due; below 0: overdue")
    profiles: list[str] = Field(default=[], description="homologated profiles, those of the campaign if none")


@dataclass(frozen=True)
class _Key:
    """A signing key that lives as long as one list."""

    private: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1()), repr=False
    )

    @property
    def keyid(self) -> str:
        return keyid_of(self.private.public_key())

    def sign(self, data: bytes) -> bytes:
        return self.private.sign(data, ec.ECDSA(hashes.SHA256()))


def given(seed: StatusListSeed, campaign: Campaign, now: datetime) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the control API is given (`list`, `trust`, `key`), and what the evidence says of it.

    `now`: the session's clock.
    """
    key, tag_key = _Key(), secrets.token_bytes(32)
    listed = _list(seed, campaign, now.replace(microsecond=0), tag_key)
    trusted = TrustedKey(
        key.keyid, "status", "Plan", (_ISSUER,), listed.issued - _DAY, None, key.private.public_key()
    )
    body = {
        "list": canonical.loads(dsse.sign(listed.payload(), [key], statuslist.PAYLOAD_TYPE)),
        "trust": canonical.loads(trust_document([trusted])),
        "key": tag_key.hex(),
    }
    entry = listed.entries[0]
    told = {
        "reference": entry.reference,
        "state": seed.state,
        "issued": stamp(listed.issued),
        "next_update": stamp(listed.next_update),
        **({"withdrawn": stamp(entry.withdrawn_at)} if entry.withdrawn_at else {}),
        **({"expires": stamp(entry.expires_at)} if entry.expires_at else {}),
    }
    return body, told


def _list(seed: StatusListSeed, campaign: Campaign, now: datetime, tag_key: bytes) -> StatusList:
    due = now + timedelta(seconds=seed.fresh_for)
    issued = min(now, due - _DAY)
    absent = seed.state == "absent"
    software = campaign.file.software
    entry = Listed(
        reference=REFERENCE,
        state="ACTIVE" if absent else cast(State, seed.state.upper()),
        since=issued,
        reason="",
        statement="",
        tag=tag_of(secrets.token_hex(16) if absent else campaign.number, tag_key),
        software=software.name,
        versions=(software.version,),
        profiles=tuple(seed.profiles or campaign.file.profiles),
        withdrawn_at=_later(now, seed.withdrawn_in),
        expires_at=_later(now, seed.expires_in),
    )
    return StatusList(_ISSUER, issued, due, "", (entry,))


def _later(now: datetime, seconds: int | None) -> datetime | None:
    return None if seconds is None else now + timedelta(seconds=seconds)
