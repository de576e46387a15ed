"""Signatures of reviewers under the statement itself, beside the agency's seal: one more envelope over the same bytes.

Reviewers approve a file before its statement exists; whoever wants their word under the decision too asks them here.
The envelope is apart, so that the sealed one and its time stamp stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from harness.evidence import write_atomic
from protocol import canonical, dsse
from protocol.errors import EvidenceError, Text, UsageError
from protocol.trust import TrustedKey, moment
from reports.keys import Seal
from reports.verify_evidence import ko

#: Its name in a bundle, and beside the statement in the office.
NAME: Final = "reviewers.dsse.json"


def countersigned(place: Path, who: Seal) -> tuple[str, ...]:
    """Add a reviewer's signature under the statement in that folder; the ids of all who signed.

    Raises UsageError for somebody who did not approve the file, EvidenceError.
    """
    payload = dsse.read((place / "statement.dsse.json").read_bytes()).payload
    approved = canonical.loads(payload)["predicate"]["approvals"]
    if who.keyid not in approved:
        raise UsageError(
            "HOMO-090",
            Text("seul un relecteur qui a approuvé contresigne", "only a reviewer who approved countersigns"),
            field="--as",
            found=who.keyid,
            expected=" ".join(approved),
        )
    path = place / NAME
    there = dsse.read(path.read_bytes()).signatures if path.is_file() else ()
    made = dsse.Signature(who.keyid, who.sign(dsse.encoding(dsse.PAYLOAD_TYPE, payload)))
    known = {one.keyid: one for one in (made, *there)}  # a signature that is there stays
    write_atomic(path, dsse.envelope(payload, [known[keyid] for keyid in sorted(known)]))
    return tuple(sorted(known))


def checked(
    data: bytes, statement: dsse.Envelope, predicate: Mapping[str, Any], keys: Mapping[str, TrustedKey]
) -> tuple[str, ...]:
    """Names of the reviewers whose signatures hold. Raises EvidenceError (HOMO-091): another statement, a wrong
    signature, somebody who is no reviewer of it.
    """
    if not canonical.is_canonical(data):
        raise _wrong(Text("JSON non canonique", "JSON that is not canonical"))
    envelope = dsse.read(data)
    if (envelope.payload_type, envelope.payload) != (statement.payload_type, statement.payload):
        raise _wrong(Text("sous une autre déclaration", "under another statement"))
    signers = [one.keyid for one in envelope.signatures]
    if len(set(signers)) != len(signers) or not signers:
        raise _wrong(Text("signatures répétées ou absentes", "repeated or absent signatures"))
    covered = dsse.encoding(envelope.payload_type, envelope.payload)
    for one in envelope.signatures:
        key = keys.get(one.keyid)
        if key is None or key.role != "reviewer" or one.keyid not in predicate["approvals"]:
            raise _wrong(Text("pas un relecteur de ce dossier", "no reviewer of this file"), one.keyid)
        if not key.verifies(one.value, covered) or not key.valid_at(moment(predicate["issuedAt"])):
            raise _wrong(
                Text("signature fausse ou clé hors de ses dates", "wrong signature or dates"), one.keyid
            )
    return tuple(keys[keyid].name for keyid in signers)


def _wrong(text: Text, found: str = "") -> EvidenceError:
    return ko("HOMO-091", text, found=found)
