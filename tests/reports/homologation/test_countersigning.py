"""Reviewers under the statement: their signatures travel in the bundle and are checked with those who decided."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from protocol import canonical, dsse
from protocol.errors import UsageError
from reports.homologation import bundle
from reports.homologation.bundle import Bundle
from reports.homologation.countersigning import NAME, countersigned
from reports.keys import Seal, installation_seal
from tests.reports.dossier.conftest import bureau
from tests.reports.homologation.test_verify import Homologated, first_wrong, good, home
from tests.reports.register.conftest import hands

__all__ = ["bureau", "good", "hands", "home"]


@pytest.fixture
def signed(good: Homologated) -> Homologated:
    place = bundle.folder_of(good.bureau.office, good.bureau.dossier)
    for reviewer in good.bureau.reviewers:
        countersigned(place, reviewer)
    good.bundle = bundle.make(good.bureau.office, good.bureau.dossier, good.brought.run)
    return good


def by(payload: bytes, *who: Seal, payload_type: str = dsse.PAYLOAD_TYPE) -> bytes:
    return dsse.sign(payload, who, payload_type)


def test_both_reviewers_are_told(signed: Homologated) -> None:
    found = signed.verified()
    assert first_wrong(found) == 0
    told = next(one for one in found.steps if one.number == 10).detail
    assert told.en.endswith("countersigned by relectrice, relecteur") or told.en.endswith(
        "relecteur, relectrice"
    )


def test_signing_again_changes_nothing(signed: Homologated) -> None:
    place = bundle.folder_of(signed.bureau.office, signed.bureau.dossier)
    before = (place / NAME).read_bytes()
    assert len(countersigned(place, signed.bureau.reviewers[0])) == 2
    assert (place / NAME).read_bytes() == before


def test_who_did_not_approve_does_not_countersign(good: Homologated) -> None:
    place = bundle.folder_of(good.bureau.office, good.bureau.dossier)
    for stranger in (good.bureau.editor, good.bureau.agency, installation_seal(good.place / "stranger")):
        with pytest.raises(UsageError, match="HOMO-090"):
            countersigned(place, stranger)
    assert not (place / NAME).exists()


def other_statement(one: Homologated) -> bytes:
    raw = canonical.loads(one.payload)
    raw["predicate"]["result"] = "INCONCLUSIVE"
    return by(canonical.dumps(raw), *one.bureau.reviewers)


def flipped(one: Homologated) -> bytes:
    read = dsse.read(by(one.payload, one.bureau.reviewers[0]))
    value = read.signatures[0].value
    return dsse.envelope(
        one.payload, [dsse.Signature(read.signatures[0].keyid, value[:-1] + bytes([value[-1] ^ 1]))]
    )


ATTACKS: dict[str, Callable[[Homologated], bytes]] = {
    "under another statement": other_statement,
    "the editor": lambda one: by(one.payload, one.bureau.editor),
    "the agency twice": lambda one: by(one.payload, one.bureau.agency),
    "a stranger": lambda one: by(one.payload, installation_seal(one.place / "stranger")),
    "one reviewer twice": lambda one: by(one.payload, *[one.bureau.reviewers[0]] * 2),
    "nobody": lambda one: by(one.payload),
    "a wrong signature": flipped,
    "another type": lambda one: by(one.payload, one.bureau.reviewers[0], payload_type="application/json"),
    "not canonical": lambda one: b" " + by(one.payload, one.bureau.reviewers[0]),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_each_attack_is_refused_where_those_who_decided_are_looked_at(good: Homologated, attack: str) -> None:
    files = {**good.bundle.files, NAME: ATTACKS[attack](good)}
    assert first_wrong(good.verified(Bundle(files))) == 10
