"""What a reference is worth: a machine that takes every kind of entry in every state, against the rules in words."""

from __future__ import annotations

from datetime import timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.trust import stamp
from reports.register.entries import KINDS, Entry
from reports.register.standing import LABELS, IllegalMove, Standing, State, after, standing
from tests.reports.register.conftest import START
from tests.reports.register.drafts import ACTOR, DIGEST, PUBLIC

REFERENCE = "TST-26L-7K3Q9XA-KE"
ENDS = ("WITHDRAWN", "SUPERSEDED", "EXPIRED", "VOID")
ABOUT = [name for name, kind in KINDS.items() if kind.about_one]


def entry(kind: str, seq: int, hours: int) -> Entry:
    at = START + timedelta(hours=hours)
    facts = {
        "ISSUE": {"statementDigest": DIGEST, "numberCommitment": DIGEST, "public": PUBLIC},
        "REPORT": {"statementDigest": DIGEST, "result": "NON_CONFORM"},
        "AMEND": {"release": f"1.{seq}", "statementDigest": DIGEST},
        "WITHDRAW": {"effectiveAt": stamp(at + timedelta(hours=5))},
        "SUPERSEDE": {"by": REFERENCE},
        "DISPUTE": {"finding": "x", "outcome": "y"},
    }.get(kind, {})
    return Entry(seq, at, kind, REFERENCE, seq - 1, ACTOR, "motif", facts)


@given(st.lists(st.tuples(st.sampled_from(ABOUT), st.integers(0, 9)), max_size=12))
def test_the_life_of_a_reference(moves: list[tuple[str, int]]) -> None:
    now, written, hours = Standing(REFERENCE), [], 0
    for kind, wait in moves:
        hours += wait
        made = entry(kind, len(written), hours)
        before = standing(REFERENCE, written, made.at)
        try:
            now = after(before, made)
        except IllegalMove:
            continue
        written.append(made)
        # Nothing comes back from an end; only an issue begins; a dispute changes nothing.
        assert before.state not in ENDS or (kind == "DISPUTE" and now.state == before.state)
        assert (before.state == "UNKNOWN") == (kind in ("ISSUE", "REPORT", "VOID"))
        assert kind != "SUSPEND" or now.state == "SUSPENDED"
        assert kind != "REINSTATE" or (now.state == "ACTIVE" and now.withdrawn_at is None)
        assert now.usable == (now.state in ("ACTIVE", "NOTICE"))
    at = START + timedelta(hours=hours)
    assert standing(REFERENCE, written, at).last == len(written) - 1
    later = standing(REFERENCE, written, at + timedelta(days=1))
    if standing(REFERENCE, written, at).withdrawn_at is not None:
        assert later.state in ENDS


def test_every_state_has_its_words() -> None:
    assert set(LABELS) == set(get_args(State))


def test_an_expiry_comes_by_itself() -> None:
    issued = entry("ISSUE", 0, 0)
    issued = Entry(
        **{**vars(issued), "facts": {**issued.facts, "expiresAt": stamp(START + timedelta(days=30))}}
    )
    assert standing(REFERENCE, [issued], START + timedelta(days=29)).state == "ACTIVE"
    over = standing(REFERENCE, [issued], START + timedelta(days=30))
    assert (over.state, over.usable) == ("EXPIRED", False)
    with pytest.raises(IllegalMove, match="REG-010"):
        after(over, entry("NOTICE", 1, 24 * 31))


def test_a_withdrawal_of_the_past_is_refused() -> None:
    issued = entry("ISSUE", 0, 10)
    back = entry("WITHDRAW", 1, 10)
    back = Entry(**{**vars(back), "facts": {"effectiveAt": stamp(START)}})
    with pytest.raises(IllegalMove, match="REG-011"):
        standing(REFERENCE, [issued, back], START + timedelta(days=1))
