"""What somebody can forge who holds keys of the office and its disk, but not the verifier's trust file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from protocol import canonical, dsse
from protocol.trust import TrustedKey
from reports.dossier import events
from reports.dossier.book import JOURNAL
from reports.dossier.events import Event
from reports.dossier.view import view
from reports.homologation import bundle, statement
from reports.homologation.bundle import Bundle
from reports.keys import Seal
from reports.register import checkpoint, merkle, stamps
from reports.register.entries import Entry
from reports.register.store import Receipt
from tests.reports.homologation.test_verify import Homologated

Change = Callable[[dict[str, Any]], object]


@dataclass(frozen=True)
class Forged(Bundle):
    """A bundle that was forged, with the keys of its office: those of the verifier's trust file."""

    known: Mapping[str, TrustedKey]


@dataclass
class Forger:
    """A file, a statement, an entry of the register, written by hand: no guard is asked, every signature is good."""

    good: Homologated
    known: dict[str, TrustedKey] = field(default_factory=dict)
    history: list[Event] = field(default_factory=list)
    lines: list[bytes] = field(default_factory=list)
    reference: str = ""

    def __post_init__(self) -> None:
        self.known = dict(self.good.bureau.people.known())
        self.reference = self.good.bureau.dossier.read().reference

    @property
    def editor(self) -> Seal:
        return self.good.bureau.editor

    @property
    def agency(self) -> Seal:
        return self.good.bureau.agency

    @property
    def reviewers(self) -> tuple[Seal, Seal]:
        return self.good.bureau.reviewers

    def until(
        self, kind: str, change: Callable[[Event], Mapping[str, Any]] | None = None, **moved: str
    ) -> Forger:
        """The lines of the good file before the first event of that kind (`move=` for one move), each signed again by
        who signed it when its facts `change`.
        """
        signers = {one.keyid: one for one in (self.editor, self.agency, *self.reviewers)}
        for event in self.good.bureau.dossier.events():
            if event.kind == kind and all(event.facts.get(name) == value for name, value in moved.items()):
                break
            facts = {**event.facts, **(change(event) if change else {})}
            self.event(event.kind, signers[event.actor], facts, event.at, event.reason)
        return self

    def event(
        self,
        kind: str,
        who: Seal,
        facts: Mapping[str, Any] | None = None,
        at: datetime | None = None,
        reason: str = "x",
    ) -> Forger:
        moment = at or self.good.hands.now
        last = self.history[-1].line if self.history else ""
        made = Event("lps-test", len(self.history), moment, kind, reason, dict(facts or {}), last)
        line = events.signed(made, who)
        self.lines.append(line + b"\n")
        self.history.append(replace(made, actor=who.keyid, line=sha256(line).hexdigest()))
        return self

    def moved(self, name: str, who: Seal) -> Forger:
        return self.event("MOVE", who, {"move": name})

    def approved(self, *who: Seal) -> Forger:
        for one in who or self.reviewers:
            self.event("APPROVE", one)
        return self

    def granted(self) -> Forger:
        """As the agency ends it: the decision, the reference."""
        return self.moved("grant", self.agency).event("RESERVED", self.agency, {"reference": self.reference})

    def bundle(
        self, change: Change | None = None, entry: Change | None = None, at: datetime | None = None
    ) -> Forged:
        """A bundle of all this, with a log of its own that the true key signs: `change` alters what the statement says,
        `entry` what the register says.
        """
        predicate = self.good.predicate
        made = statement.document(view(self.history), predicate["numberCommitment"], predicate["issuer"])
        if change:
            change(made["predicate"])
        payload = canonical.dumps(made)
        envelope = dsse.sign(payload, [self.agency])
        leaf = self.entry(made["predicate"], statement.digest(payload), entry, at)
        files = {name: data for name, data in self.good.said(envelope).files.items() if name != stamps.NAME}
        return Forged(
            {
                **files,
                JOURNAL: b"".join(self.lines),
                "receipt.json": bundle.receipt_json(self.logged(leaf)),
            },
            self.known,
        )

    def entry(self, said: dict[str, Any], digest: str, change: Change | None, at: datetime | None) -> Entry:
        facts: dict[str, Any] = {
            "statementDigest": digest,
            "numberCommitment": said["numberCommitment"],
            "public": {
                "holder": said["holder"]["name"],
                "software": said["software"]["name"],
                "version": said["software"]["version"],
                **{name: said[name] for name in ("profiles", "modes", "framework", "kind")},
            },
        }
        raw = {
            "seq": 1,
            "at": at or self.good.hands.now,
            "kind": "ISSUE",
            "reference": said["reference"],
            "previous": -1,
            "actor": self.agency.keyid,
            "reason": "x",
            "facts": facts,
        }
        if change:
            change(raw)
        return Entry(**raw)

    def logged(self, entry: Entry, origin: str = "") -> Receipt:
        """The entry in a log of two, whose checkpoint the true key signs."""
        key = self.good.bureau.office.register.key
        hashes = [merkle.leaf_hash(b"before"), merkle.leaf_hash(entry.leaf())]
        point = checkpoint.Checkpoint(origin or key.origin, 2, merkle.root(hashes)).signed(
            key.name, key.private
        )
        return Receipt(entry, merkle.inclusion(hashes, 1), point)

    def person(self, name: str, role: str, **changes: Any) -> Seal:
        """One more key that the verifier's trust file has."""
        from cryptography.hazmat.primitives.asymmetric import ec

        from protocol.trust import keyid_of

        private = ec.generate_private_key(ec.SECP256R1())
        key = TrustedKey(
            keyid=keyid_of(private.public_key()),
            role=role,
            name=name,
            issuers=("TST",),
            not_before=self.good.hands.now - timedelta(days=1),
            not_after=None,
            public=private.public_key(),
        )
        seal = Seal(replace(key, **changes), private)
        self.known[seal.keyid] = seal.key
        return seal
