"""A homologation bundle is valid, and every attack on it is refused at the right step."""

from __future__ import annotations

import base64
import io
import json
import struct
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from harness.verdict import Verdict
from protocol import canonical, dsse
from protocol.trust import trust_document
from reports.dossier import deciding, lodging
from reports.dossier.book import JOURNAL
from reports.homologation import bundle
from reports.homologation.bundle import Bundle
from reports.homologation.reading import Brought, steps
from reports.homologation.verify import verify
from reports.issue import issue
from reports.keys import Seal, installation_seal
from reports.register import status
from reports.register.numbering import WireNumber
from reports.register.store import Draft
from reports.verify import Verification
from tests.reports.dossier.conftest import OPENING, Bureau, bureau, evidence
from tests.reports.made import build_run
from tests.reports.register.conftest import Hands

__all__ = ["bureau"]

VERDICTS = {"CT-2.1-010": Verdict.PASS, "CT-2.1-020": Verdict.WARN, "CT-2.1-100": Verdict.PASS}


@dataclass
class Homologated:
    """A file that was homologated, its bundle, and what a verifier brings."""

    bureau: Bureau
    bundle: Bundle
    number: WireNumber
    brought: Brought
    place: Path
    hands: Hands

    def verified(self, files: Bundle | bytes | None = None, **other: Any) -> Verification:
        data = files if isinstance(files, bytes) else (files or self.bundle).packed()
        return verify(data, replace(self.brought, **other))

    def resigned(self, change: Callable[[dict[str, Any]], None], seal: Seal | None = None) -> Bundle:
        """The bundle with another statement, signed anew by somebody."""
        raw = canonical.loads(dsse.read(self.bundle.files["statement.dsse.json"]).payload)
        change(raw["predicate"])
        return self.said(dsse.sign(canonical.dumps(raw), [seal or self.bureau.agency]))

    def said(self, envelope: bytes) -> Bundle:
        """The bundle with another envelope, and a time stamp of it: anybody gets one."""
        return Bundle(
            {**self.bundle.files, "statement.dsse.json": envelope, **self.bureau.office.stamp(envelope)}
        )

    @property
    def predicate(self) -> dict[str, Any]:
        raw = canonical.loads(dsse.read(self.envelope).payload)
        found: dict[str, Any] = raw["predicate"]
        return found

    @property
    def payload(self) -> bytes:
        return dsse.read(self.envelope).payload

    @property
    def envelope(self) -> bytes:
        return self.bundle.files["statement.dsse.json"]

    def with_(self, **files: bytes) -> Bundle:
        return Bundle(
            {**self.bundle.files, **{name.replace("__", "."): data for name, data in files.items()}}
        )

    def listed(self, **other: Any) -> Path:
        """A status list of now."""
        office = self.bureau.office
        made = status.status_list(office.register, "TST", self.hands.now, **other)
        path = self.place / "status.json"
        path.write_bytes(status.signed(made, self.bureau.agency))
        return path


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One test authority for the module: its keys take their time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DMPCOMPAT_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def good(bureau: Bureau, tmp_path: Path, hands: Hands) -> Homologated:
    return homologated(bureau, tmp_path, hands)


def conform_run(folder: Path, found: str = "") -> Path:
    """The report of a run of the product that the file declares, for all that it declares."""
    run = build_run(
        folder,
        found,
        VERDICTS,
        software={"name": "LPS-TEST", "version": "1.0.0", "number": "•••"},
        vendor={"name": OPENING["holder"]},
        authentication=OPENING["modes"],
    )
    issue(run)
    return run


def homologated(bureau: Bureau, tmp_path: Path, hands: Hands) -> Homologated:
    """A conform run, lodged as `submit` lodges it, examined, approved, homologated."""
    run = conform_run(tmp_path / "run")
    bureau.approved(**lodging.facts_of(run, rejudged=False))
    given = deciding.grant(bureau.office, bureau.dossier, "conforme")
    assert given.number is not None
    trust = tmp_path / "trust-emetteur.json"
    trust.write_bytes(trust_document(list(bureau.people.known().values())))
    made = bundle.make(bureau.office, bureau.dossier, run)
    brought = Brought(
        trust=trust,
        log_key=str(bureau.office.log_key),
        run=run,
        number=given.number.number,
        nonce=given.number.nonce,
        at=hands.now,
    )
    return Homologated(bureau, made, given.number, brought, tmp_path, hands)


def outcome(found: Verification) -> dict[int, str]:
    return {one.number: one.outcome for one in found.steps}


def first_wrong(found: Verification) -> int:
    return next((one.number for one in found.steps if one.outcome == "KO"), 0)


def test_there_are_fourteen_steps() -> None:
    assert [one.number for one in steps()] == list(range(1, 15))
    assert all(one.title.fr and one.title.en for one in steps())


def test_a_good_bundle_is_valid(good: Homologated) -> None:
    found = good.verified(status=good.listed())
    wrong = [(one.number, one.detail.en) for one in found.steps if one.outcome == "KO"]
    assert wrong == []
    told = outcome(found)
    assert [number for number, said in told.items() if said == "OK"] == [1, 4, 5, 7, 8, 9, 10, 11]
    assert (
        found.exit_code == 2
    )  # the stamp's authority was not brought, there is no PDF, nothing was re-judged


def test_alone_it_says_what_it_does_not_know(good: Homologated) -> None:
    found = verify(good.bundle.packed(), Brought(at=good.hands.now))
    assert first_wrong(found) == 0
    assert [number for number, said in outcome(found).items() if said == "OK"] == [1, 5, 7]


def test_the_same_bundle_is_the_same_bytes(good: Homologated) -> None:
    again = bundle.make(good.bureau.office, good.bureau.dossier, good.brought.run)
    assert again.packed() == good.bundle.packed()
    assert bundle.read(again.packed()) == again


def flipped(data: bytes, at: int = -20) -> bytes:
    changed = bytearray(data)
    changed[at] ^= 1
    return bytes(changed)


def zipped(*entries: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return out.getvalue()


def twice(good: Homologated) -> bytes:
    with pytest.warns(UserWarning, match="Duplicate name"):
        return zipped(*good.bundle.files.items(), ("trust.json", b"{}"))


def lying(good: Homologated) -> bytes:
    """A directory that promises less than the entry holds."""
    data = bytearray(good.bundle.packed())
    at = data.rfind(b"PK\x01\x02")
    struct.pack_into("<I", data, at + 24, 3)
    return bytes(data)


def lines_of(good: Homologated) -> list[bytes]:
    return good.bundle.files[JOURNAL].splitlines(keepends=True)


def signed_again(good: Homologated) -> Bundle:
    """The same statement, another signature of the same key: not the envelope that was stamped."""
    payload = dsse.read(good.envelope).payload
    return good.with_(**{"statement.dsse.json": dsse.sign(payload, [good.bureau.agency])})


def journal_without(good: Homologated, kind: str) -> bytes:
    lines = lines_of(good)
    kept = [
        line for line in lines if json.loads(base64.b64decode(json.loads(line)["payload"]))["type"] != kind
    ]
    assert len(kept) < len(lines)
    return b"".join(kept)


def receipt(good: Homologated, **changes: Any) -> bytes:
    return canonical.dumps({**canonical.loads(good.bundle.files["receipt.json"]), **changes})


def other_receipt(good: Homologated) -> bytes:
    """The proof of another entry of the same register, which holds."""
    office = good.bureau.office
    reference = office.numbering.reserve("T")
    draft = Draft(
        "REPORT", reference, good.bureau.agency.keyid, "x", {"statementDigest": "ab" * 32, "result": "x"}
    )
    return bundle.receipt_json(office.register.append([draft])[0])


def duplicated_key(good: Homologated) -> bytes:
    return good.envelope.replace(b'{"payload":', b'{"payload":"","payload":', 1)


def as_reviewer(good: Homologated) -> Bundle:
    return good.resigned(lambda _: None, good.bureau.reviewers[0])


def stranger(good: Homologated) -> Seal:
    return installation_seal(good.place / "stranger")


def verdict_of(code: str, **changes: Any) -> Callable[[dict[str, Any]], None]:
    def change(predicate: dict[str, Any]) -> None:
        next(one for one in predicate["cases"] if one["code"] == code).update(changes)

    return change


def put(**members: Any) -> Callable[[dict[str, Any]], None]:
    return lambda predicate: predicate.update(members)


Attack = Callable[[Homologated], "Bundle | bytes"]
#: name -> the step that must refuse, and what the attacker does.
ATTACKS: dict[str, tuple[int, Attack]] = {
    "empty": (1, lambda _: b""),
    "no zip": (1, lambda _: b"%PDF-1.7"),
    "cut": (1, lambda good: good.bundle.packed()[:-40]),
    "one bit of a file": (1, lambda good: flipped(good.bundle.packed(), 200)),
    "zip slip": (1, lambda good: zipped(*good.bundle.files.items(), ("../../evil", b"x"))),
    "absolute name": (1, lambda good: zipped(*good.bundle.files.items(), ("/etc/passwd", b"x"))),
    "bomb": (1, lambda good: good.with_(**{"rapport.pdf": bytes(40_000_000)})),
    "name twice": (1, twice),
    "size that lies": (1, lying),
    "file missing": (1, lambda good: zipped(*list(good.bundle.files.items())[1:2])),
    "extra file": (1, lambda good: good.with_(lisezmoi__txt=b"x")),
    "duplicate keys": (4, lambda good: good.said(duplicated_key(good))),
    "JSON not canonical": (
        4,
        lambda good: good.with_(**{"statement.dsse.json": b" " + good.bundle.files["statement.dsse.json"]}),
    ),
    "signature altered": (
        4,
        lambda good: good.with_(**{"statement.dsse.json": flipped(good.bundle.files["statement.dsse.json"])}),
    ),
    "signed by a stranger": (4, lambda good: good.resigned(lambda _: None, stranger(good))),
    "signed in the wrong role": (4, as_reviewer),
    "other type": (
        4,
        lambda good: good.with_(
            **{"statement.dsse.json": dsse.sign(b"{}", [good.bureau.agency], "text/plain")}
        ),
    ),
    "member unknown": (4, lambda good: good.resigned(put(surprise=1))),
    "reference mistyped": (4, lambda good: good.resigned(put(reference="TST-26L-7K3Q9XA-ZZ"))),
    "failure that counts": (5, lambda good: good.resigned(verdict_of("CT-2.1-010", counts="FAIL"))),
    "failure turned without decision": (
        5,
        lambda good: good.resigned(verdict_of("CT-2.1-010", verdict="FAIL")),
    ),
    "not applicable without decision": (
        5,
        lambda good: good.resigned(
            verdict_of("CT-2.1-100", verdict="NOT_APPLICABLE", counts="NOT_APPLICABLE")
        ),
    ),
    "stamp of other bytes": (
        6,
        lambda good: good.with_(
            **{
                "statement.dsse.json": dsse.sign(
                    dsse.read(good.bundle.files["statement.dsse.json"]).payload, [good.bureau.agency]
                )
            }
        ),
    ),
    "stamp altered": (
        6,
        lambda good: good.with_(**{"timestamp.tsr": flipped(good.bundle.files["timestamp.tsr"])}),
    ),
    "number of somebody else": (7, lambda good: good.resigned(put(numberCommitment="ab" * 32))),
    "other software": (
        8,
        lambda good: good.resigned(put(software={"family": "x", "name": "AUTRE", "version": "1"})),
    ),
    "homoglyph": (8, lambda good: good.resigned(put(holder={"name": "Éditions Fictіves SAS", "siret": ""}))),
    "entry of another": (8, lambda good: good.with_(**{"receipt.json": other_receipt(good)})),
    "proof altered": (8, lambda good: good.with_(**{"receipt.json": receipt(good, path=["ab" * 32])})),
    "checkpoint of another log": (
        8,
        lambda good: good.with_(**{"receipt.json": receipt(good, checkpoint=str(foreign_log(good)))}),
    ),
    "receipt unreadable": (8, lambda good: good.with_(**{"receipt.json": b"[]"})),
    "file cut": (
        10,
        lambda good: good.with_(
            **{
                "evenements.ndjson": b"".join(
                    good.bundle.files["evenements.ndjson"].splitlines(keepends=True)[:6]
                )
            }
        ),
    ),
    "approval removed": (
        10,
        lambda good: good.with_(**{"evenements.ndjson": journal_without(good, "APPROVE")}),
    ),
    "event altered": (
        10,
        lambda good: good.with_(
            **{"evenements.ndjson": flipped(good.bundle.files["evenements.ndjson"], 400)}
        ),
    ),
}


def foreign_log(good: Homologated) -> Any:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    point = good.bureau.office.register.checkpoint()
    return replace(point, signatures=()).signed(point.signatures[0].name, Ed25519PrivateKey.generate())


@pytest.mark.parametrize("attack", ATTACKS)
def test_each_attack_is_refused_at_its_step(good: Homologated, attack: str) -> None:
    step, tampered = ATTACKS[attack][0], ATTACKS[attack][1](good)
    found = good.verified(tampered)
    assert found.exit_code == 1
    assert first_wrong(found) == step, [(one.number, one.outcome, one.detail.en) for one in found.steps]


def test_there_are_thirty_of_them() -> None:
    assert len(ATTACKS) >= 30


def test_evidence_of_another_run_is_refused(good: Homologated) -> None:
    other = conform_run(good.place / "other", found="autre chose")
    assert first_wrong(good.verified(run=other)) == 11
    run = good.brought.run
    assert run is not None
    (run / "preuves" / "CT-2.1-010" / "01_requete.bin").write_bytes(b"altered")
    assert first_wrong(good.verified()) == 11


def test_a_number_is_proven_by_its_holder_alone(good: Homologated) -> None:
    assert outcome(good.verified())[7] == "OK"
    assert first_wrong(good.verified(number="TST-00000000")) == 7
    assert first_wrong(good.verified(nonce="00" * 32)) == 7
    assert first_wrong(good.verified(nonce="zz")) == 7


def test_what_holds_no_more_is_told(good: Homologated) -> None:
    stale = good.listed(life=timedelta(hours=1))
    good.hands.move(hours=2)
    assert first_wrong(good.verified(status=stale, at=good.hands.now)) == 9
    deciding.suspend(good.bureau.office, good.bureau.dossier, "faille")
    assert first_wrong(good.verified(status=good.listed(), at=good.hands.now)) == 9
    # A list of before, replayed: older than the homologation itself.
    office = good.bureau.office
    early = status.status_list(office.register, "TST", good.hands.now - timedelta(days=30))
    replayed = good.place / "early.json"
    replayed.write_bytes(status.signed(early, good.bureau.agency))
    assert first_wrong(good.verified(status=replayed, at=good.hands.now)) == 9
    forged = good.place / "forged.json"
    forged.write_bytes(
        status.signed(status.status_list(office.register, "TST", good.hands.now), stranger(good))
    )
    assert first_wrong(good.verified(status=forged, at=good.hands.now)) == 9


def test_a_key_out_of_its_dates_is_not_believed(good: Homologated) -> None:
    keys = good.bureau.people.known()
    late = replace(keys[good.bureau.agency.keyid], not_before=good.hands.now + timedelta(days=1))
    path = good.place / "late.json"
    path.write_bytes(trust_document([late, *(key for keyid, key in keys.items() if keyid != late.keyid)]))
    assert first_wrong(good.verified(trust=path)) == 4


def test_a_stamp_is_believed_by_its_authority(good: Homologated) -> None:
    from reports.sealing import testauthority

    assert outcome(good.verified(authority=testauthority.folder()))[6] == "OK"
    testauthority.make(good.place / "other-authority")
    assert first_wrong(good.verified(authority=good.place / "other-authority")) == 6


def test_an_override_is_beside_the_original(bureau: Bureau) -> None:
    bureau.examined(**evidence(verdicts={"CT-2.1-010": "FAIL"}))
    facts = {"case": "CT-2.1-010", "verdict": "PASS"}
    bureau.dossier.add("OVERRIDE", bureau.reviewers[0], "règle contestée à raison", facts)
    for reviewer in bureau.reviewers:
        bureau.dossier.add("APPROVE", reviewer, "vu", {})
    deciding.grant(bureau.office, bureau.dossier, "conforme avec réserve")
    made = bundle.make(bureau.office, bureau.dossier)
    predicate = json.loads(dsse.read(made.files["statement.dsse.json"]).payload)["predicate"]
    case = predicate["cases"][0]
    assert (case["verdict"], case["counts"], len(case["decisions"])) == ("FAIL", "PASS", 1)
    assert predicate["result"] == "CONFORM_WITH_RESERVES"
    assert first_wrong(verify(made.packed(), Brought())) == 0
