"""Time stamps of checkpoints (RFC 3161): the log's signature under a size and a root existed at that moment.

A stamp covers the note as the log signed it, without cosignatures, which come later. It is made once for a size, when
that checkpoint is given out (a bundle, an export), and kept in the office. Needs the extra `sign`; without it there are
none, and nobody pretends.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from harness.evidence import write_atomic
from protocol.errors import EvidenceError, Text
from protocol.regularfile import read_regular
from reports.keys import made_once
from reports.register import cosignature, trusting
from reports.register.audit import Line
from reports.register.checkpoint import Checkpoint, NoteKey
from reports.register.opening import Office

FOLDER: Final = "horodatages"
#: Its name in a bundle and beside a published checkpoint.
NAME: Final = "checkpoint.tsr"
_AUTHORITY: Final = "authority.pem"
_LARGEST: Final = 256 * 1024


def covered(point: Checkpoint, log: NoteKey) -> bytes:
    """What is stamped: the note with the lines of that log alone."""
    return str(point.only([log])).encode()


def stamped(office: Office, point: Checkpoint) -> dict[str, bytes]:
    """The stamp of a checkpoint of ours, made the first time, with the authority to believe it by; nothing without the
    extra `sign`, and for an empty log. Raises ToolError when the service does not answer.
    """
    place = office.folder / FOLDER
    response, authority = (place / f"{point.size}{suffix}" for suffix in (".tsr", ".pem"))
    if not response.is_file() and point.size:
        made = office.stamp(covered(point, office.log_key))
        if "timestamp.tsr" in made:
            made_once(authority, made[_AUTHORITY])
            made_once(response, made["timestamp.tsr"])
    if not (response.is_file() and authority.is_file()):
        return {}
    return {NAME: response.read_bytes(), _AUTHORITY: authority.read_bytes()}


def kept(office: Office, size: int) -> bytes | None:
    """The stamp that was made of the checkpoint of that size, if any."""
    path = office.folder / FOLDER / f"{size}.tsr"
    return path.read_bytes() if path.is_file() else None


def beside(folder: Path) -> bytes | None:
    """The stamp beside a published checkpoint, if any. Raises OSError, FileRefused."""
    path = folder / NAME
    return read_regular(path, _LARGEST) if path.exists() else None


def audited(response: bytes | None, point: Checkpoint, log: NoteKey, authority: Path | None) -> Line:
    """Whether a checkpoint is time-stamped by that authority; nothing is said of what nobody can look at."""
    text = Text("le point de contrôle est horodaté", "the checkpoint is time-stamped")
    if response is None or authority is None:
        return Line("SKIPPED", text, NAME if response is None else "--authority")
    try:
        from reports.sealing import documents
    except ImportError:
        return Line("SKIPPED", text, "dmpcompat[sign]")
    try:
        moment = documents.stamped(response, covered(point, log), authority)
    except EvidenceError as problem:
        return Line("KO", text, problem.message("en"))
    return Line("OK", text, f"{moment:%Y-%m-%d %H:%M:%S}Z")


def export(folder: Path, office: Office, point: Checkpoint) -> None:
    """The stamp beside a published checkpoint; none of an older one stays. Raises ToolError when none can be had."""
    (folder / NAME).unlink(missing_ok=True)
    made = stamped(office, point)
    if made:
        write_atomic(folder / NAME, made[NAME])


def of_bundle(office: Office, point: Checkpoint, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The stamp as it goes into a bundle: only under the one authority that the bundle has, if it has one."""
    made = stamped(office, point)
    if not made or files.get(_AUTHORITY, made[_AUTHORITY]) == made[_AUTHORITY]:
        return made
    from reports.sealing import stamping

    with tempfile.TemporaryDirectory(prefix="dmpcompat-") as scratch:
        root = Path(scratch) / _AUTHORITY
        root.write_bytes(files[_AUTHORITY])
        try:
            stamping.verify(made[NAME], covered(point, office.log_key), [root])
        except EvidenceError:
            return {}  # another authority stamps since: one bundle, one authority
    return {NAME: made[NAME]}


def best(office: Office, seq: int) -> int | None:
    """The size of the checkpoint over that entry which most known witnesses cosigned, the newest of those; None when
    there is none.
    """
    known = cosignature.witnesses_of(trusting.trusted(office).values())
    found = [
        (len(cosignature.cosigned(point, known, [office.log_key])), point.size)
        for point in office.register.checkpoints()
        if point.size > seq and len(point.signatures) > 1
    ]
    count, size = max(found, default=(0, 0))
    return size if count else None
