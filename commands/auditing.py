"""What `dmpcompat register audit` looks at: the register here, or a published copy of one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from protocol.errors import Text, UsageError

if TYPE_CHECKING:
    from reports.register.audit import Line


def lines(
    folder: Path | None,
    since: Path | None,
    log_key: str | None,
    named: Sequence[str],
    quorum: int | None,
    place: Path | None,
    authority: Path | None,
) -> tuple[Line, ...]:
    """Every line of the audit. Raises UsageError without the key of a published copy, EvidenceError for what can't be
    read at all.
    """
    from reports.register import audit as judge
    from reports.register import cosignature, stamps, tiles, trustaudit, trustfiles, trusting
    from reports.register.checkpoint import NoteKey, of_file
    from reports.register.cosignature import WitnessKey
    from reports.register.opening import open_office

    old = of_file(since) if since else None
    witnesses = tuple(WitnessKey.parse(one) for one in named)
    asked = len({one.raw for one in witnesses}) if named and quorum is None else quorum
    if folder is not None:
        if log_key is None:
            raise UsageError(
                "REG-054",
                Text("la clé du journal manque", "the key of the log is missing"),
                field="--key",
                expected="name+hint+base64",
                mend=Text("la demander à l'autorité", "ask the authority for it"),
            )
        point, leaves = tiles.read(folder)
        keys = [NoteKey.parse(log_key)]
        found = (
            *judge.audit(leaves, point, keys, old),
            *trustaudit.audit(leaves, trustaudit.files_in(trustaudit.beside(folder))),
        )
        response = stamps.beside(folder)
    else:
        office = open_office(place)
        try:
            point, leaves, keys = office.register.checkpoint(), office.register.leaves(), [office.log_key]
            kept = judge.kept(leaves, office.register.checkpoints(), keys)
            witnesses = witnesses or cosignature.witnesses_of(trusting.trusted(office).values())
            trustfiles.settle(office)
            trusts = trustaudit.audit(leaves, trustaudit.files_in(office.folder))
            found = (*judge.audit(leaves, point, keys, old), *trusts, kept)
            response = stamps.kept(office, point.size)
        finally:
            office.close()
    seen = judge.cosigned(point, keys, witnesses, asked, datetime.now(UTC))
    return (*found, seen, stamps.audited(response, point, keys[0], authority))
