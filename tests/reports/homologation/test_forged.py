"""Attacks by those who hold true keys: every signature is good, and each is refused at its step.

The agency that skips its own guards, a reviewer with two keys, a vendor who writes in the file, an entry or a statement
that says more than what was decided.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from protocol.trust import trust_document
from reports.dossier.events import Event
from reports.homologation.bundle import Bundle
from reports.verify import Verification
from tests.reports.dossier.conftest import office_of
from tests.reports.homologation.forging import Forged, Forger
from tests.reports.homologation.test_verify import Homologated, first_wrong, homologated
from tests.reports.register.conftest import Hands


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Homologated]:
    """One homologation for the module: nothing here changes it."""
    place, hands = tmp_path_factory.mktemp("forged"), Hands()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DMPCOMPAT_HOME", str(tmp_path_factory.mktemp("home")))
        with office_of(place, hands) as bureau:
            yield homologated(bureau, place, hands)


def verified(good: Homologated, made: Bundle, **brought: Any) -> Verification:
    """As a verifier whose trust file has every key that the office has."""
    known = made.known if isinstance(made, Forged) else good.bureau.people.known()
    trust = good.place / "trust-of-forged.json"
    trust.write_bytes(trust_document(list(known.values())))
    return good.verified(made, **{"trust": trust, "number": "", **brought})


def told(found: Verification) -> list[tuple[int, str]]:
    return [(one.number, one.detail.en) for one in found.steps if one.outcome == "KO"]


def examined(good: Homologated, change: Callable[[Event], dict[str, Any]] | None = None) -> Forger:
    return Forger(good).until("APPROVE", change)


def lodged(**changes: Any) -> Callable[[Event], dict[str, Any]]:
    """The evidence said otherwise."""
    return lambda event: changes if event.facts.get("what") == "evidence" else {}


def opened(**changes: Any) -> Callable[[Event], dict[str, Any]]:
    return lambda event: changes if event.kind == "OPEN" else {}


def two_keys_of_one(good: Homologated) -> Bundle:
    forger = examined(good)
    return forger.approved(forger.reviewers[0], forger.person("Relectrice", "reviewer")).granted().bundle()


def runner_of_one_name(good: Homologated) -> Bundle:
    forger = Forger(good)
    second = forger.person("RELECTEUR", "editor")
    forger.until("APPROVE", lodged(executors=[second.keyid]))
    return forger.approved().granted().bundle()


def later_key(good: Homologated) -> Bundle:
    forger = examined(good)
    late = forger.person("nouveau", "reviewer", not_before=good.hands.now + timedelta(days=1))
    return forger.approved(forger.reviewers[0], late).granted().bundle()


def over_key(good: Homologated) -> Bundle:
    """Who left last month signs with a date of before."""
    forger = examined(good)
    gone = forger.person("partie", "reviewer", not_after=good.hands.now - timedelta(hours=1))
    forger.approved(forger.reviewers[0])
    forger.event("APPROVE", gone, at=good.hands.now - timedelta(hours=2))
    return forger.granted().bundle()


def seal_as_reviewer(good: Homologated) -> Bundle:
    forger = examined(good)
    return forger.approved(forger.reviewers[0], forger.agency).granted().bundle()


def editor_as_reviewer(good: Homologated) -> Bundle:
    forger = examined(good)
    return forger.approved(forger.reviewers[0], forger.person("second", "editor")).granted().bundle()


def root_in_the_file(good: Homologated) -> Bundle:
    forger = examined(good)
    return forger.approved(forger.reviewers[0], forger.person("racine", "root")).granted().bundle()


FAILED = {"CT-2.1-010": "FAIL", "CT-2.1-020": "WARN", "CT-2.1-100": "PASS"}
ASIDE = {"CT-2.1-010": "PASS", "CT-2.1-100": "NOT_APPLICABLE"}
OVERRIDE = {"case": "CT-2.1-010", "verdict": "PASS"}
ACCEPTED = {"case": "CT-2.1-100", "accepted": True}


def overridden(good: Homologated, by: str) -> Bundle:
    forger = examined(good, lodged(verdicts=FAILED))
    who = {"editor": forger.editor, "agency": forger.agency}[by]
    return forger.event("OVERRIDE", who, OVERRIDE).approved().granted().bundle()


def overridden_after(good: Homologated) -> Bundle:
    forger = examined(good, lodged(verdicts=FAILED)).approved()
    made = forger.event("OVERRIDE", forger.reviewers[0], OVERRIDE)
    return made.granted().bundle(lambda said: said.update(approvals=good.predicate["approvals"]))


def overridden_to_inherited(good: Homologated) -> Bundle:
    forger = examined(good, lodged(verdicts=FAILED))
    facts = {**OVERRIDE, "verdict": "INHERITED"}
    return forger.event("OVERRIDE", forger.reviewers[0], facts).approved().granted().bundle()


def aside_accepted(good: Homologated, by: str) -> Bundle:
    forger = examined(good, lodged(verdicts=ASIDE))
    who = {"editor": forger.editor, "agency": forger.agency}[by]
    return forger.event("ACCEPT_NA", who, ACCEPTED).approved().granted().bundle()


def aside_accepted_after(good: Homologated) -> Bundle:
    """Both approved, then one of them alone accepts what none had seen accepted."""
    forger = examined(good, lodged(verdicts=ASIDE)).approved()
    made = forger.event("ACCEPT_NA", forger.reviewers[0], ACCEPTED)
    return made.granted().bundle(lambda said: said.update(approvals=good.predicate["approvals"]))


def aside_that_fails(good: Homologated) -> Bundle:
    """Accepted as not applicable by one, found to fail by another."""
    forger = examined(good, lodged(verdicts=ASIDE))
    forger.event("ACCEPT_NA", forger.reviewers[0], ACCEPTED)
    forger.event("OVERRIDE", forger.reviewers[1], {"case": "CT-2.1-100", "verdict": "FAIL"})
    return (
        forger.approved()
        .granted()
        .bundle(
            lambda said: next(one for one in said["cases"] if one["code"] == "CT-2.1-100").update(
                counts="NOT_APPLICABLE"
            )
        )
    )


def lodged_again(good: Homologated) -> Bundle:
    """Other evidence slipped in once it is examined, where no guard of its lodging looks."""
    forger = examined(good)
    facts = {**facts_of(good), "software": {"vendor": "x", "name": "AUTRE", "version": "9"}}
    return forger.event("PIECE", forger.editor, facts).approved().granted().bundle()


def lodged_after(good: Homologated) -> Bundle:
    forger = examined(good).approved()
    made = forger.event("PIECE", forger.editor, facts_of(good))
    return made.granted().bundle(lambda said: said.update(approvals=good.predicate["approvals"]))


def lodged_once_granted(good: Homologated) -> Bundle:
    """Between the decision and the number."""
    forger = examined(good).approved().moved("grant", Forger(good).agency)
    forger.event("PIECE", forger.editor, {**facts_of(good), "verdicts": {"CT-2.1-010": "PASS"}})
    forger.event("RESERVED", forger.agency, {"reference": forger.reference})
    return forger.bundle(lambda said: said.update(approvals=good.predicate["approvals"]))


def built_after(good: Homologated) -> Bundle:
    forger = examined(good).approved()
    made = forger.event("BUILD", forger.editor, {"version": "1.0.1"})
    return made.granted().bundle(lambda said: said.update(approvals=good.predicate["approvals"]))


def facts_of(good: Homologated) -> dict[str, Any]:
    piece = good.bureau.dossier.read().piece("evidence")
    assert piece is not None
    return dict(piece.facts)


def granted_by_a_reviewer(good: Homologated) -> Bundle:
    forger = examined(good).approved()
    forger.moved("grant", forger.reviewers[0])
    return forger.event("RESERVED", forger.agency, {"reference": forger.reference}).bundle()


def never_granted(good: Homologated) -> Bundle:
    forger = examined(good).approved()
    return forger.event("RESERVED", forger.agency, {"reference": forger.reference}).bundle()


def reserved_twice(good: Homologated) -> Bundle:
    forger = examined(good).approved().granted()
    return forger.event("RESERVED", forger.agency, {"reference": forger.reference}).bundle()


def opened_again(good: Homologated) -> Bundle:
    """The scope, widened when nobody looks at it any more."""
    forger = examined(good).approved()
    facts = {**forger.history[0].facts, "profiles": ["alimentation", "consultation"]}
    return forger.event("OPEN", forger.editor, facts).granted().bundle()


def gone_back(good: Homologated) -> Bundle:
    forger = examined(good).approved(Forger(good).reviewers[0])
    forger.event("APPROVE", forger.reviewers[1], at=good.hands.now - timedelta(minutes=1))
    return forger.granted().bundle()


def other_file(good: Homologated) -> Bundle:
    """The statement of one file, the journal of another."""
    forger = examined(good).approved().granted()
    return forger.bundle(lambda said: said["file"].update(name="autre"))


def told_otherwise(change: Callable[[dict[str, Any]], object]) -> Callable[[Homologated], Bundle]:
    return lambda good: examined(good).approved().granted().bundle(change)


def decided_by_a_comment(good: Homologated) -> Bundle:
    """A failure that counts as passed, by a line of the file that decides nothing."""
    forger = examined(good, lodged(verdicts=FAILED))
    forger.event("COMMENT", forger.reviewers[0], {"case": "CT-2.1-010"})
    line = forger.history[-1].line
    return (
        forger.approved()
        .granted()
        .bundle(lambda said: said["cases"][0].update(counts="PASS", decisions=[line]))
    )


Attack = Callable[[Homologated], Bundle]
FILES: dict[str, Attack] = {
    "two keys of one reviewer": two_keys_of_one,
    "ran the campaign under another key of that name": runner_of_one_name,
    "key added after the approval": later_key,
    "key that is over, dated back": over_key,
    "the seal approves": seal_as_reviewer,
    "a vendor approves": editor_as_reviewer,
    "a root approves": root_in_the_file,
    "overridden by the vendor": lambda good: overridden(good, "editor"),
    "overridden by the agency": lambda good: overridden(good, "agency"),
    "overridden after the approvals": overridden_after,
    "overridden to inherited": overridden_to_inherited,
    "not applicable, accepted by the vendor": lambda good: aside_accepted(good, "editor"),
    "not applicable, accepted by the agency": lambda good: aside_accepted(good, "agency"),
    "not applicable, accepted after the approvals": aside_accepted_after,
    "not applicable that fails": aside_that_fails,
    "evidence lodged in examination": lodged_again,
    "evidence lodged after the approvals": lodged_after,
    "evidence lodged once granted": lodged_once_granted,
    "build after the approvals": built_after,
    "granted by a reviewer": granted_by_a_reviewer,
    "never granted": never_granted,
    "reserved twice": reserved_twice,
    "opened again, wider": opened_again,
    "time that goes back": gone_back,
    "journal of another file": other_file,
    "campaign narrower than the file": lambda good: (
        examined(good, opened(profiles=["alimentation", "dispensation"])).approved().granted().bundle()
    ),
    "evidence of no case": lambda good: examined(good, lodged(verdicts={})).approved().granted().bundle(),
    "cases left out": lambda good: examined(good, lodged(leftOut=["CT-9"])).approved().granted().bundle(),
    "evidence of another vendor": lambda good: (
        examined(good, opened(holder="Autre SA")).approved().granted().bundle()
    ),
    "statement for more profiles": told_otherwise(lambda said: said["profiles"].append("consultation")),
    "statement with a requirement more": told_otherwise(
        lambda said: said["requirements"].append({"id": "EX_9", "verdict": "PASS"})
    ),
    "statement of another version": told_otherwise(lambda said: said["software"].update(version="2.0.0")),
    "statement without a case": told_otherwise(lambda said: said["cases"].pop()),
    "statement for another holder": told_otherwise(lambda said: said["holder"].update(name="Autre SA")),
    "statement that hides anomalies": told_otherwise(lambda said: said.update(anomalies=-1)),
    "statement on other rules": told_otherwise(lambda said: said["rules"].update(sha256="00" * 32)),
    "statement dated otherwise": told_otherwise(lambda said: said.update(issuedAt="2026-03-01T08:59:00Z")),
    "decided by a comment": decided_by_a_comment,
}


def test_a_forger_who_changes_nothing_is_believed(good: Homologated) -> None:
    forger = examined(good).approved().granted()
    found = verified(good, forger.bundle())
    assert first_wrong(found) == 0, [
        (one.number, one.detail.en) for one in found.steps if one.outcome == "KO"
    ]
    assert found.steps[9].outcome == "OK"


@pytest.mark.parametrize("attack", FILES)
def test_a_file_that_could_not_be_is_refused_at_step_10(good: Homologated, attack: str) -> None:
    found = verified(good, FILES[attack](good))
    assert first_wrong(found) == 10, told(found)
