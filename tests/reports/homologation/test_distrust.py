"""A key that is distrusted after a moment: what was stamped and logged before stays valid, nothing else does."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from protocol import dsse
from protocol.trust import TrustedKey, keyid_of, load_trust, trust_document
from reports import verify as report_verify
from reports.homologation.bundle import Bundle
from reports.keys import Seal
from reports.register import status
from reports.sealing import testauthority
from tests.reports.dossier.conftest import bureau
from tests.reports.homologation.test_verify import Homologated, first_wrong, good, hands

__all__ = ["bureau", "good", "hands"]

pytest.importorskip("rfc3161_client", reason="the extra `sign` is not installed")

LATER = timedelta(days=3650)


def trusting(good: Homologated, *changed: TrustedKey) -> Path:
    """The trust file of the issuer with other versions of these keys."""
    keys = {**good.bureau.people.known(), **{key.keyid: key for key in changed}}
    path = good.place / "distrust.json"
    path.write_bytes(trust_document(list(keys.values())))
    return path


def distrusted(seal: Seal, after: datetime) -> TrustedKey:
    return replace(seal.key, distrust_after=after.replace(microsecond=0))


def stamped_now() -> datetime:
    """A moment after every stamp of these tests: the unit stamps by the machine's clock."""
    return datetime.now(UTC) + timedelta(hours=1)


def test_stamped_and_logged_before_stays_valid(good: Homologated) -> None:
    trust = trusting(good, distrusted(good.bureau.agency, stamped_now()))
    found = good.verified(trust=trust, authority=testauthority.folder())
    assert [(one.number, one.detail.en) for one in found.steps if one.outcome == "KO"] == []


def test_stamped_after_is_refused(good: Homologated) -> None:
    """The statement claims a date before, the register too: the stamp says when it was."""
    trust = trusting(good, distrusted(good.bureau.agency, good.hands.now + timedelta(seconds=1)))
    found = good.verified(trust=trust, authority=testauthority.folder())
    assert first_wrong(found) == 4
    assert "HOMO-055" in found.steps[3].detail.en


def test_claimed_after_is_refused_whatever_the_stamp(good: Homologated) -> None:
    trust = trusting(good, distrusted(good.bureau.agency, good.hands.now - timedelta(seconds=1)))
    found = good.verified(trust=trust, authority=testauthority.folder())
    assert first_wrong(found) == 4
    assert "HOMO-033" in found.steps[3].detail.en


def test_before_without_a_believed_witness_is_refused(good: Homologated) -> None:
    """The thief of the key writes any date, makes a stamping unit and a log: what the bundle brings proves nothing."""
    trust = trusting(good, distrusted(good.bureau.agency, stamped_now()))
    authority, log_key = testauthority.folder(), good.brought.log_key
    foreign = good.place / "foreign"
    testauthority.make(foreign)
    unstamped = {name: data for name, data in good.bundle.files.items() if name != "timestamp.tsr"}
    payload = dsse.read(good.envelope).payload.replace(b"LPS-TEST", b"LPS-TAST")
    unlogged = good.said(dsse.sign(payload, [good.bureau.agency]))
    for missing, files, believed, key in (
        ("stamp", Bundle(unstamped), authority, log_key),
        ("authority", good.bundle, None, log_key),
        ("authority of the stamp", good.bundle, foreign, log_key),
        ("key of the log", good.bundle, authority, ""),
        ("entry about this statement", unlogged, authority, log_key),
    ):
        found = good.verified(files, trust=trust, authority=believed, log_key=key)
        assert first_wrong(found) == 4, missing
        assert "HOMO-055" in found.steps[3].detail.en, missing


def test_the_log_may_be_known_by_the_trust_file(good: Homologated) -> None:
    office = good.bureau.office
    log = TrustedKey(
        keyid=keyid_of(office.log_key.public),
        role="log",
        name=office.log_key.name,
        issuers=("TST",),
        not_before=good.hands.now - timedelta(days=1),
        not_after=None,
        public=office.log_key.public,
    )
    trust = trusting(good, log, distrusted(good.bureau.agency, stamped_now()))
    found = good.verified(trust=trust, authority=testauthority.folder(), log_key="")
    assert first_wrong(found) == 0
    assert found.steps[7].outcome == "OK"
    elsewhere = replace(log, distrust_after=good.hands.now + LATER)
    trust = trusting(good, elsewhere, distrusted(good.bureau.agency, stamped_now()))
    assert first_wrong(good.verified(trust=trust, authority=testauthority.folder(), log_key="")) == 4


def test_a_reviewer_who_is_distrusted_since_still_counts_when_it_is_proven(good: Homologated) -> None:
    reviewer = good.bureau.reviewers[0]
    trust = trusting(good, distrusted(reviewer, stamped_now()))
    assert first_wrong(good.verified(trust=trust, authority=testauthority.folder())) == 0
    assert first_wrong(good.verified(trust=trust)) == 10
    early = trusting(good, distrusted(reviewer, good.hands.now - timedelta(days=1)))
    assert first_wrong(good.verified(trust=early, authority=testauthority.folder())) == 10


def test_a_status_list_of_a_distrusted_key_is_worth_nothing(good: Homologated) -> None:
    """It speaks of now, and nobody witnessed the date that it claims."""
    trust = trusting(good, distrusted(good.bureau.agency, stamped_now()))
    found = good.verified(trust=trust, authority=testauthority.folder(), status=good.listed())
    assert first_wrong(found) == 9


def test_a_status_list_may_be_signed_by_a_key_of_that_role_alone(good: Homologated) -> None:
    from reports.keys import installation_seal

    other = installation_seal(good.place / "status-key")
    seal = Seal(replace(other.key, role="status", not_before=good.hands.now), other.private)
    path = good.place / "status-role.json"
    made = status.status_list(good.bureau.office.register, "TST", good.hands.now)
    path.write_bytes(status.signed(made, seal))
    assert first_wrong(good.verified(trust=trusting(good, seal.key), status=path)) == 0
    # The same key signs no statement.
    envelope = dsse.sign(dsse.read(good.envelope).payload, [seal])
    assert first_wrong(good.verified(good.said(envelope), trust=trusting(good, seal.key))) == 4


def test_a_report_of_a_distrusted_seal_is_believed_by_the_homologation_that_names_it(
    good: Homologated,
) -> None:
    run = good.brought.run
    assert run is not None
    own = next(iter(load_trust(run / "rapport" / "trust.json").values()))
    later = replace(own, distrust_after=stamped_now().replace(microsecond=0))
    trust = good.place / "report-trust.json"
    trust.write_bytes(trust_document([later]))
    alone = report_verify.verify(run, trust=trust)
    assert [(one.number, one.outcome) for one in alone.steps if one.outcome == "KO"] == [(4, "KO")]
    assert "VERIFY-016" in alone.steps[3].detail.en
    seen = report_verify.verify(run, trust=trust, existed=datetime.now(UTC))
    assert [one for one in seen.steps if one.outcome == "KO"] == []
    late = report_verify.verify(run, trust=trust, existed=later.distrust_after and stamped_now() + LATER)
    assert late.exit_code == 1


def test_a_rotation_has_both_keys_in_force_for_a_while(good: Homologated) -> None:
    """Overlap: the key that goes and the key that comes both sign; after it the old one signs no more."""
    from reports.keys import installation_seal

    made = installation_seal(good.place / "next")
    coming = Seal(replace(made.key, not_before=good.hands.now - timedelta(hours=1)), made.private)
    going = replace(good.bureau.agency.key, not_after=good.hands.now + timedelta(days=90))
    trust = trusting(good, going, coming.key)
    payload = dsse.read(good.envelope).payload
    for seal in (good.bureau.agency, coming):
        assert good.verified(good.said(dsse.sign(payload, [seal])), trust=trust).steps[3].outcome == "OK"
    over = trusting(good, replace(going, not_after=good.hands.now), coming.key)
    assert first_wrong(good.verified(trust=over)) == 4
