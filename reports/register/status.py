"""The signed status list of a register: what a platform and every verifier need to know, and until when it is news.

Its form and its reading are `protocol.statuslist`. Reports without homologation and numbers never given are not in it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, cast, get_args

from protocol import dsse, statuslist
from protocol.statuslist import Listed, StatusList
from reports.keys import Seal
from reports.register import numbering
from reports.register.standing import Standing
from reports.register.store import Register

#: How long a list is news, unless its issuer says otherwise.
NEXT_UPDATE: Final = timedelta(hours=24)


def status_list(register: Register, issuer: str, at: datetime, life: timedelta = NEXT_UPDATE) -> StatusList:
    """What the register says at that moment."""
    tags = numbering.tags(register.database)
    at = at.replace(microsecond=0)
    listed = [
        _listed(one, tags.get(one.reference, ""))
        for one in register.standings(at)
        if one.state in get_args(statuslist.State)
    ]
    return StatusList(issuer, at, at + life, str(register.checkpoint()), tuple(listed))


def signed(found: StatusList, seal: Seal) -> bytes:
    """The list in its envelope."""
    return dsse.sign(found.payload(), [seal], statuslist.PAYLOAD_TYPE)


def _listed(one: Standing, tag: str) -> Listed:
    issue = one.issue or {}
    public = issue["public"]
    assert one.since is not None  # noqa: S101 - a state that is listed began one day
    return Listed(
        reference=one.reference,
        state=cast(statuslist.State, one.state),
        since=one.since,
        reason=one.reason,
        statement=str(issue["statementDigest"]),
        tag=tag,
        software=str(public["software"]),
        versions=(str(public["version"]), *one.releases),
        profiles=tuple(public["profiles"]),
        withdrawn_at=one.withdrawn_at,
        expires_at=one.expires_at,
    )
