"""Who else saw the checkpoint of a bundle: its witnesses, counted against what a verifier asks for, its time stamp.

A register that was forked for one holder is signed by its own key as well as the true one: only those who watch it
elsewhere tell the two apart. Witnesses are believed by what the verifier brought, `--witness` or the trust file.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from protocol.errors import Text
from protocol.trust import keyid_of
from reports.homologation import proving
from reports.homologation.reading import Read
from reports.register import cosignature, stamps
from reports.register.checkpoint import Checkpoint, NoteKey
from reports.register.cosignature import Cosigned, WitnessKey
from reports.verify_evidence import Skip, ko


def told(read: Read, point: Checkpoint, logs: Sequence[NoteKey]) -> Text:
    """What is known of the checkpoint beside its log. Raises EvidenceError: a wrong cosignature of a known witness, or
    stamp; fewer witnesses than asked for (HOMO-065).
    """
    seen, dated = _witnessed(read, point, logs), _stamped(read, point, logs)
    return Text(f"{seen.fr}, {dated.fr}", f"{seen.en}, {dated.en}")


def _witnessed(read: Read, point: Checkpoint, logs: Sequence[NoteKey]) -> Text:
    named = tuple(WitnessKey.parse(one) for one in read.brought.witnesses)
    for key in named:
        cosignature.refuse_log(key, logs)
    trusted = cosignature.witnesses_of(read.keys.values()) if read.unvouched is None else ()
    gone = {keyid for keyid, key in read.keys.items() if key.distrust_after is not None}
    known = tuple(key for key in named if keyid_of(key.public) not in gone) if named else trusted
    found = cosignature.cosigned(point, known, logs, until=max(read.at, datetime.now(UTC)))
    asked = len({key.raw for key in named}) if read.brought.quorum is None else read.brought.quorum
    if len(found) < asked:
        raise ko(
            "HOMO-065",
            Text("trop peu de témoins ont cosigné", "too few witnesses cosigned"),
            found=_names(found) or "0",
            expected=f"{asked} / {', '.join(key.name for key in known) or '--witness'}",
        )
    if found:
        return cosignature.told(found)
    others = len(point.signatures) - len(point.only(logs).signatures)
    if others:
        return Text(
            f"{others} cosignature(s) de témoins inconnus (donner --witness)",
            f"{others} cosignature(s) of unknown witnesses (give --witness)",
        )
    return Text("non cosigné", "not cosigned")


def _stamped(read: Read, point: Checkpoint, logs: Sequence[NoteKey]) -> Text:
    if read.files is None or stamps.NAME not in read.files.files:
        return Text("point de contrôle non horodaté", "checkpoint not time-stamped")
    log = point.signers(logs)[0]
    try:
        moment = proving.stamp_of(read, read.need(stamps.NAME), stamps.covered(point, log))
    except Skip as skipped:
        return Text(
            f"horodatage non vérifié : {skipped.reason.fr}", f"time stamp not checked: {skipped.reason.en}"
        )
    dated = f"{moment:%Y-%m-%d %H:%M:%S}Z"
    if read.brought.authority is None:
        return Text(
            f"horodaté {dated} par une autorité que seul le paquet fait connaître (donner --authority)",
            f"time-stamped {dated} by an authority known from the bundle only (give --authority)",
        )
    return Text(f"horodaté {dated}", f"time-stamped {dated}")


def _names(found: Sequence[Cosigned]) -> str:
    return ", ".join(one.key.name for one in found)
