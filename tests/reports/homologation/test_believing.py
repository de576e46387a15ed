"""A verifier who keeps a root: which trust file is believed, what is refused at step 4, what the register logged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from protocol import canonical, dsse, trustchain, trustversion
from protocol.trust import keyid_of, load_trust, trust_document
from protocol.trustchain import Anchor
from protocol.trustversion import Root, RootKey, Signed
from reports import verify as report_verify
from reports.homologation import bundle
from reports.homologation.bundle import TRUST_RECEIPT, Bundle, receipt_json
from reports.keys import Seal
from reports.register import rooting, trustfiles, trusting
from reports.register.rooting import Proposal
from reports.register.trustfiles import CHAIN, TRUST
from reports.verify import Verification
from tests.protocol.chains import after
from tests.reports.dossier.conftest import office_of
from tests.reports.homologation.test_verify import Homologated, first_wrong, homologated
from tests.reports.register.conftest import Hands

#: Two root keys of the tests.
ROOTS = tuple(ec.derive_private_key(number, ec.SECP256R1()) for number in (77, 78))
NAMED = tuple(RootKey(f"racine {number}", private.public_key()) for number, private in enumerate(ROOTS))


@dataclass
class Rooted:
    """A homologation whose register has a root, and a verifier who keeps that root alone."""

    good: Homologated
    bundle: Bundle
    anchor: Anchor

    def verified(self, files: Bundle | None = None, **other: Any) -> Verification:
        brought = {"trust": None, "log_key": "", "root": self.anchor, **other}
        return self.good.verified(files or self.bundle, **brought)

    @property
    def chain(self) -> tuple[Signed, ...]:
        return trustversion.read(self.bundle.files[CHAIN])

    def with_(self, files: dict[str, bytes]) -> Bundle:
        return Bundle({**self.bundle.files, **files})

    def without(self, *names: str) -> Bundle:
        return Bundle({name: data for name, data in self.bundle.files.items() if name not in names})

    def written(self, *chain: Signed) -> Path:
        path = self.good.place / "chain.ndjson"
        path.write_bytes(trustversion.lines(chain))
        return path

    def next(self, *signers: ec.EllipticCurvePrivateKey, **changes: Any) -> Signed:
        """A version after the last."""
        old = self.chain[-1]
        made = Proposal(old, Signed(after(old.version, **changes)))
        for private in signers:
            made = rooting.signed(made, private)
        return made.proposed


@pytest.fixture(scope="module")
def rooted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rooted]:
    """One for the module: nothing here changes it."""
    place, hands = tmp_path_factory.mktemp("rooted"), Hands()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DMPCOMPAT_HOME", str(tmp_path_factory.mktemp("home")))
        with office_of(place, hands) as made:
            yield given_a_root(homologated(made, place, hands))


def given_a_root(good: Homologated) -> Rooted:
    office = good.bureau.office
    assert trusting.set_root(office, NAMED[:1], 1, "racine", at=good.hands.now) is None
    waits = rooting.read_file(office.folder / trustfiles.PROPOSAL)
    (office.folder / trustfiles.PROPOSAL).write_bytes(rooting.signed(waits, ROOTS[0]).data())
    trusting.publish(office)
    made = bundle.make(office, good.bureau.dossier, good.brought.run)
    return Rooted(good, made, trustchain.held([NAMED[0].keyid]))


def outcomes(found: Verification) -> dict[int, str]:
    return {one.number: one.outcome for one in found.steps}


def told(found: Verification, number: int) -> str:
    return next(one.detail.en for one in found.steps if one.number == number)


def test_the_root_alone_vouches_for_seal_people_and_log(rooted: Rooted) -> None:
    found = rooted.verified(status=rooted.good.listed())
    said = outcomes(found)
    assert [number for number in (4, 8, 9, 10, 14) if said[number] != "OK"] == []
    assert first_wrong(found) == 0


def test_without_the_root_nothing_of_the_bundle_is_believed(rooted: Rooted) -> None:
    said = outcomes(rooted.verified(root=None))
    assert [said[number] for number in (4, 8, 10, 14)] == ["SKIPPED"] * 4


def test_a_bundle_of_before_says_what_it_would_take(rooted: Rooted) -> None:
    old = rooted.good.bundle
    assert CHAIN not in old.files
    found = rooted.verified(old)
    assert first_wrong(found) == 0
    assert [outcomes(found)[number] for number in (4, 8, 10, 14)] == ["SKIPPED"] * 4
    assert "--trust trust-chain.ndjson" in told(found, 4)
    assert "homologate bundle" in told(found, 14)
    # The chain that the issuer publishes is believed for it as well.
    found = rooted.verified(old, trust=rooted.written(*rooted.chain))
    assert [outcomes(found)[number] for number in (4, 8, 10, 14)] == ["OK"] * 3 + ["SKIPPED"]


def test_the_trust_file_of_the_issuer_is_believed_as_ever(rooted: Rooted) -> None:
    found = rooted.verified(root=None, trust=rooted.good.brought.trust)
    assert [outcomes(found)[number] for number in (4, 10)] == ["OK"] * 2
    signed = rooted.verified(root=None, trust=rooted.written(*rooted.chain))
    assert [outcomes(signed)[number] for number in (4, 8, 10, 14)] == ["OK"] * 4


def _wrong_root(rooted: Rooted) -> dict[str, Any]:
    return {"root": trustchain.held([NAMED[1].keyid])}


def _two_roots(rooted: Rooted) -> dict[str, Any]:
    return {"root": trustchain.held([one.keyid for one in NAMED])}


def _plain(rooted: Rooted) -> dict[str, Any]:
    return {"trust": rooted.good.brought.trust}


def _ended(rooted: Rooted) -> dict[str, Any]:
    return {"at": rooted.good.hands.now + timedelta(days=365)}


def _rolled_back(rooted: Rooted) -> dict[str, Any]:
    later = rooted.next(ROOTS[0], reason="plus tard")
    return {"root": Anchor.of_version(later.version)}


def _forked(rooted: Rooted) -> dict[str, Any]:
    """Two first versions, both signed by the root."""
    first = rooted.chain[0]
    other = Proposal(None, Signed(replace(first.version, reason="autre")))
    return {"trust": rooted.written(rooting.signed(other, ROOTS[0]).proposed)}


def _forked_root(rooted: Rooted) -> dict[str, Any]:
    """A new root that only itself signed."""
    coming = rooted.next(ROOTS[1], root=Root.of(1, NAMED[1:]))
    return {"trust": rooted.written(*rooted.chain, coming)}


def _too_few(rooted: Rooted) -> dict[str, Any]:
    coming = rooted.next(ROOTS[0], root=Root.of(2, NAMED))
    return {"trust": rooted.written(*rooted.chain, coming)}


def _signed_by_the_seal(rooted: Rooted) -> dict[str, Any]:
    seal = rooted.good.bureau.agency
    coming = rooted.next()
    made = coming.with_(dsse.Signature(seal.keyid, seal.sign(coming.covered)))
    return {"trust": rooted.written(*rooted.chain, made)}


@pytest.mark.parametrize(
    ("code", "brought"),
    [
        ("TRUST-018", _wrong_root),
        ("TRUST-018", _two_roots),
        ("TRUST-019", _plain),
        ("TRUST-016", _ended),
        ("TRUST-014", _rolled_back),
        ("TRUST-015", _forked),
        ("TRUST-012", _forked_root),
        ("TRUST-011", _too_few),
        ("TRUST-011", _signed_by_the_seal),
    ],
)
def test_a_trust_file_that_the_root_does_not_vouch_for_is_refused_at_step_4(
    rooted: Rooted, code: str, brought: Callable[[Rooted], dict[str, Any]]
) -> None:
    found = rooted.verified(**brought(rooted))
    assert first_wrong(found) == 4
    assert code in told(found, 4)


def test_of_two_that_continue_each_other_the_newer_counts(rooted: Rooted) -> None:
    """The bundle was made after the chain that the verifier has, or before."""
    agency = rooted.good.bureau.agency
    keys = {**rooted.chain[-1].version.keys}
    keys[agency.keyid] = replace(agency.key, not_after=rooted.good.hands.now)
    over = rooted.next(ROOTS[0], keys=keys)
    assert first_wrong(rooted.verified(trust=rooted.written(*rooted.chain, over))) == 4
    newer = rooted.with_({CHAIN: trustversion.lines([*rooted.chain, over])})
    for root in (rooted.anchor, None):
        found = rooted.verified(newer, trust=rooted.written(*rooted.chain), root=root)
        assert first_wrong(found) == 4
        assert "HOMO-033" in told(found, 4)


def test_a_root_signs_no_statement(rooted: Rooted) -> None:
    key = replace(rooted.good.bureau.agency.key, keyid=NAMED[0].keyid, public=ROOTS[0].public_key())
    envelope = dsse.sign(dsse.read(rooted.good.envelope).payload, [Seal(key, ROOTS[0])])
    found = rooted.verified(rooted.with_({"statement.dsse.json": envelope}))
    assert first_wrong(found) == 4
    assert "HOMO-032" in told(found, 4)
    assert "root" in told(found, 4)


def _other_entry(rooted: Rooted) -> dict[str, bytes]:
    return {TRUST_RECEIPT: rooted.bundle.files["receipt.json"]}


def _other_proof(rooted: Rooted) -> dict[str, bytes]:
    raw = canonical.loads(rooted.bundle.files[TRUST_RECEIPT])
    return {TRUST_RECEIPT: canonical.dumps({**raw, "path": [*raw["path"], "00" * 32]})}


def _other_file(rooted: Rooted) -> dict[str, bytes]:
    return {TRUST: trust_document(list(rooted.chain[-1].version.keys.values()))}


def _other_version(rooted: Rooted) -> dict[str, bytes]:
    return {CHAIN: trustversion.lines([*rooted.chain, rooted.next(ROOTS[0])])}


def _other_log(rooted: Rooted) -> dict[str, bytes]:
    """Signed by a log of somebody else, under the same name."""
    from reports.register.checkpoint import Checkpoint
    from tests.reports.register.conftest import KEY

    office = rooted.good.bureau.office
    receipt = bundle.receipt_of(rooted.bundle.files[TRUST_RECEIPT])
    point = receipt.checkpoint
    forged = Checkpoint(point.origin, point.size, point.root).signed(office.log_key.name, KEY.private)
    return {TRUST_RECEIPT: receipt_json(replace(receipt, checkpoint=forged))}


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("HOMO-081", _other_entry),
        ("HOMO-080", _other_proof),
        ("HOMO-081", _other_file),
        ("HOMO-082", _other_version),
        ("HOMO-083", _other_log),
        ("HOMO-012", lambda _: {TRUST_RECEIPT: b"{}"}),
    ],
    ids=["another entry", "proof altered", "another file", "another version", "another log", "unreadable"],
)
def test_a_trust_file_that_the_register_did_not_log_is_told(
    rooted: Rooted, code: str, change: Callable[[Rooted], dict[str, bytes]]
) -> None:
    found = rooted.verified(rooted.with_(change(rooted)))
    assert outcomes(found)[14] == "KO"
    assert code in told(found, 14)


def test_what_it_takes_to_know_is_said(rooted: Rooted) -> None:
    assert "homologate bundle" in told(rooted.verified(rooted.without(TRUST_RECEIPT)), 14)
    plain = rooted.good.brought.trust
    given = rooted.verified(root=None, trust=plain, log_key=rooted.good.brought.log_key)
    assert outcomes(given)[14] == "SKIPPED"
    assert "register audit" in told(given, 14)
    later = rooted.written(*rooted.chain, rooted.next(ROOTS[0]))
    assert outcomes(rooted.verified(trust=later))[14] == "OK"  # it continues the one that was logged


def test_a_register_without_root_may_prove_its_plain_file(rooted: Rooted, tmp_path: Path) -> None:
    """Where its trust file has the key of everybody who acted; else the bundle is as it was."""
    with office_of(tmp_path, hands := Hands()) as made:
        _plain_file_proven(homologated(made, tmp_path, hands))


def _plain_file_proven(good: Homologated) -> None:
    office = good.bureau.office
    assert TRUST_RECEIPT not in good.bundle.files
    for key in good.bureau.people.known().values():
        if key.keyid != office.seal.keyid:
            trusting.add(office, key, "inscrite")
    made = bundle.make(office, good.bureau.dossier, good.brought.run)
    assert CHAIN not in made.files
    path = good.place / "public.json"
    path.write_bytes(made.files[TRUST])
    found = good.verified(made, trust=path)
    assert [outcomes(found)[number] for number in (4, 10, 14)] == ["OK"] * 3


def test_the_report_of_a_run_is_believed_by_the_root_too(rooted: Rooted) -> None:
    run = rooted.good.brought.run
    assert run is not None
    (own,) = load_trust(run / "rapport" / "trust.json").values()
    version = replace(rooted.chain[0].version, keys={own.keyid: own}, expires=None)
    chain = rooted.written(rooting.signed(Proposal(None, Signed(version)), ROOTS[0]).proposed)

    def step(**brought: Any) -> tuple[str, str]:
        found = report_verify.verify(run, **brought).step("signature")
        assert found is not None
        return found.outcome, found.detail.en

    assert step(trust=chain, root=rooted.anchor)[0] == "OK"
    assert step(trust=chain)[0] == "OK"
    outcome, detail = step(trust=chain, root=trustchain.held([NAMED[1].keyid]))
    assert (outcome, detail[:9]) == ("KO", "TRUST-018")
    assert step(trust=run / "rapport" / "trust.json", root=rooted.anchor)[0] == "KO"
    assert step(root=rooted.anchor)[0] == "SKIPPED"
    assert keyid_of(ROOTS[0].public_key()) not in load_trust(run / "rapport" / "trust.json")
