"""Entries as tests write them."""

from __future__ import annotations

from typing import Any

from reports.register.store import Draft

ACTOR = "ab" * 32
DIGEST = "cd" * 32
PUBLIC = {
    "holder": "Éditions Fictives SAS",
    "software": "LPS-TEST",
    "version": "1.0.0",
    "profiles": ["alimentation", "consultation"],
    "modes": ["direct"],
    "framework": "SEL-MP-037 2.10",
    "kind": "L",
}


def draft(kind: str, reference: str = "", reason: str = "décision de test", **facts: Any) -> Draft:
    return Draft(kind, reference, ACTOR, reason, facts)


def issue(reference: str, commitment: str = DIGEST, **facts: Any) -> Draft:
    public = PUBLIC | {"kind": reference[6]}  # the letter after the year
    return draft(
        "ISSUE", reference, statementDigest=DIGEST, numberCommitment=commitment, public=public, **facts
    )
