"""The time stamp of a run's own statement (RFC 3161): over the bytes of its file, stored beside it.

It is asked for when a report is issued, and may be added later: no signature covers it. A service that gives none takes
no report from anybody: the report is issued without, says so, and `dmpcompat stamp` asks again.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from harness.evidence import write_atomic
from protocol.errors import Text, ToolError, UsageError

if TYPE_CHECKING:
    from reports.sealing.stamping import Stamper

#: The response of the authority (DER), beside the statement.
FILE: Final = "timestamp.tsr"
STATEMENT: Final = "statement.dsse.json"
#: A statement says when it was issued by the clock of this machine: no further from the authority's than this.
SKEW: Final = timedelta(minutes=10)


def stamper() -> Stamper | None:
    """The time-stamping authority of this installation; None without the extra `sign`. Raises ConfigError."""
    try:
        from reports.sealing import documents
    except ImportError:
        return None
    return documents.installation().stamper


def stamp(envelope: bytes) -> bytes | None:
    """A time stamp of now over a statement; None without the extra `sign`.

    Raises ConfigError, ToolError when the authority gives none that holds, or its hour is not this machine's.
    """
    source = stamper()
    if source is None:
        return None
    response = source.stamp(envelope)
    from reports.sealing import stamping

    told, now = stamping.claimed(response, envelope), datetime.now(UTC)
    if abs(told - now) > SKEW:
        raise ToolError(
            "STAMP-004",
            Text(
                "l'heure de l'autorité n'est pas celle de cette machine",
                "the hour of the authority is not that of this machine",
            ),
            found=f"{told:%Y-%m-%dT%H:%M:%SZ}",
            expected=f"{now:%Y-%m-%dT%H:%M:%SZ} ± {int(SKEW.total_seconds())} s",
            mend=Text("mettre à l'heure, puis dmpcompat stamp", "set the clock, then dmpcompat stamp"),
        )
    return response


def add(folder: Path) -> bool:
    """Stamp the statement of an issued report in its folder; False when it is stamped already.

    Raises UsageError when there is no report or no extra `sign`, ConfigError and ToolError as `stamp`: nothing is then
    written.
    """
    path = folder / STATEMENT
    if not path.is_file():
        raise UsageError(
            "ISSUE-006",
            Text("pas de rapport à cet endroit", "no report at that place"),
            field=str(folder),
            expected=STATEMENT,
        )
    if (folder / FILE).exists():
        return False
    response = stamp(path.read_bytes())
    if response is None:
        raise UsageError(
            "STAMP-005",
            Text("l'extra « sign » n'est pas installé", "the extra `sign` is not installed"),
            mend=Text("pip install dmpcompat[sign]", "pip install dmpcompat[sign]"),
        )
    write_atomic(folder / FILE, response)
    return True
