"""What an authority publishes: tiles, audits from outside, status list, public list; and every lie told by them."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from protocol import statuslist
from protocol.errors import ConfigError, EvidenceError
from protocol.statuslist import tag_of
from protocol.trust import TrustedKey, stamp
from reports.keys import Seal, installation_seal
from reports.register import public, status, tiles
from reports.register.audit import audit
from reports.register.numbering import WireNumber
from reports.register.opening import Configuration, Office, init, open_office
from tests.reports.register.conftest import START, Hands
from tests.reports.register.drafts import draft, issue


@pytest.fixture
def seal(tmp_path: Path) -> Seal:
    """A seal that was there before the clock of these tests."""
    made = installation_seal(tmp_path / "keys")
    return replace(made, key=replace(made.key, not_before=START - timedelta(days=1)))


@pytest.fixture
def office(tmp_path: Path, hands: Hands, seal: Seal) -> Office:
    init(tmp_path / "registre", Configuration())
    return open_office(tmp_path / "registre", clock=hands, seal=seal)


def homologated(office: Office, kind: str = "L", **facts: str) -> WireNumber:
    reference = office.numbering.reserve(kind, START)
    number = office.numbering.give(reference)
    office.register.append([issue(reference, number.commitment, **facts)])
    return number


def test_tiles_are_read_back_whatever_their_number(tmp_path: Path, office: Office) -> None:
    leaves = [f"feuille {number}".encode() for number in range(600)]
    names = dict(tiles.files(leaves))
    assert sorted(names) == [
        "tile/0/000",
        "tile/0/001",
        "tile/0/002.p/88",
        "tile/1/000.p/2",
        "tile/entries/000",
        "tile/entries/001",
        "tile/entries/002.p/88",
    ]
    assert len(names["tile/0/000"]) == 256 * 32
    for _ in range(3):
        homologated(office)
    tiles.export(tmp_path / "log", office.register.leaves(), office.register.checkpoint())
    point, read = tiles.read(tmp_path / "log")
    assert (point, read) == (office.register.checkpoint(), office.register.leaves())
    (tmp_path / "log" / "tile" / "entries" / "000.p" / "3").write_bytes(b"\0\1")
    with pytest.raises(EvidenceError, match="REG-040"):
        tiles.read(tmp_path / "log")


def outcomes(office: Office, leaves: tuple[bytes, ...], **given: object) -> list[str]:
    point = given.get("point", office.register.checkpoint())
    return [line.outcome for line in audit(leaves, point, [office.log_key], given.get("since"))]  # type: ignore[arg-type]


def test_an_auditor_who_kept_a_checkpoint_sees_every_rewriting(
    office: Office, hands: Hands, tmp_path: Path
) -> None:
    first = homologated(office)
    kept = office.register.checkpoint()
    hands.move(days=1)
    homologated(office)
    office.register.append([draft("SUSPEND", first.reference)])
    leaves = office.register.leaves()
    assert outcomes(office, leaves, since=kept) == ["OK"] * 5
    assert outcomes(office, leaves[:-1]) == ["OK", "KO", "OK"]
    assert outcomes(office, leaves[1:]) == ["OK", "KO", "KO"]
    assert outcomes(office, (leaves[1], leaves[0], leaves[2])) == ["OK", "KO", "KO"]
    # A fork, signed by the authority itself: only who kept the old checkpoint sees it.
    init(tmp_path / "fourche", Configuration())
    (tmp_path / "fourche" / "journal.key").write_bytes((office.folder / "journal.key").read_bytes())
    fork = open_office(tmp_path / "fourche", clock=hands, seal=office.seal)
    homologated(fork)
    homologated(fork)
    assert outcomes(fork, fork.register.leaves()) == ["OK"] * 3
    assert outcomes(fork, fork.register.leaves(), since=kept) == ["OK", "OK", "OK", "OK", "KO"]
    assert outcomes(office, leaves, point=fork.register.checkpoint())[1] == "KO"


def trusted(seal: Seal) -> dict[str, TrustedKey]:
    return {seal.keyid: seal.key}


def test_the_status_list_says_what_the_register_says(office: Office, seal: Seal, hands: Hands) -> None:
    good, bad = homologated(office), homologated(office)
    office.register.append([draft("SUSPEND", bad.reference, "faille")])
    later = hands.now + timedelta(days=30)
    office.register.append([draft("WITHDRAW", good.reference, effectiveAt=stamp(later))])
    listed = status.status_list(office.register, "TST", hands.now)
    read = statuslist.read(status.signed(listed, seal), trusted(seal))
    assert read == listed
    key = office.numbering.secret.tag_key
    found = read.of_tag(tag_of(good.number, key))
    assert found is not None
    assert (found.reference, found.state_at(hands.now), found.state_at(later)) == (
        good.reference,
        "ACTIVE",
        "WITHDRAWN",
    )
    assert read.of_tag(tag_of(good.number, bytes(32))) is None
    suspended = read.of(bad.reference)
    assert suspended is not None and suspended.state_at(later) == "SUSPENDED"
    assert read.fresh(hands.now)
    assert not read.fresh(hands.now + timedelta(hours=24))
    assert good.number.encode() not in status.signed(listed, seal)


def test_a_status_list_of_somebody_else_is_not_believed(
    office: Office, seal: Seal, tmp_path: Path, hands: Hands
) -> None:
    homologated(office)
    listed = status.status_list(office.register, "TST", hands.now)
    stranger = installation_seal(tmp_path / "stranger")
    with pytest.raises(EvidenceError, match="STATUS-002"):
        statuslist.read(status.signed(listed, stranger), trusted(seal))
    with pytest.raises(EvidenceError, match="STATUS-002"):
        statuslist.read(
            status.signed(status.status_list(office.register, "HDM", hands.now), seal), trusted(seal)
        )
    data = status.signed(listed, seal)
    for wrong in (
        data + b" ",
        b"{}",
        data.replace(b"status+json", b"other+json"),
        data.replace(b'"sig":"M', b'"sig":"N'),
    ):
        with pytest.raises(EvidenceError):
            statuslist.read(wrong, trusted(seal))


def test_the_public_list_is_made_of_the_register_and_tells_no_secret(
    office: Office, tmp_path: Path, hands: Hands
) -> None:
    connector = homologated(office, "E")
    child = homologated(office, parent=connector.reference)
    office.register.append([draft("SUSPEND", connector.reference, "=HYPERLINK(1)")])
    written = public.export(office, tmp_path / "public", hands.now, "en")
    assert {path.name for path in written} >= {
        "index.html",
        "list.json",
        "list.csv",
        f"{child.reference}.html",
    }
    told = json.loads((tmp_path / "public" / "list.json").read_text())
    Draft202012Validator(json.loads((tmp_path / "public" / "list.schema.json").read_text())).validate(told)
    rows = {row["reference"]: row for row in told["homologations"]}
    assert {name: row["state"] for name, row in rows.items()} == {
        connector.reference: "SUSPENDED",
        child.reference: "NOTICE",
    }
    assert rows[child.reference]["parent"] == connector.reference
    with (tmp_path / "public" / "list.csv").open(newline="") as stream:
        cells = {row["reference"]: row["reason"] for row in csv.DictReader(stream)}
    assert cells[connector.reference] == "'=HYPERLINK(1)"
    for path in written:
        data = path.read_bytes()
        assert not any(
            one.number.encode() in data or one.nonce.encode() in data for one in (connector, child)
        )
        assert b"<script" not in data
    page = (tmp_path / "public" / "n" / f"{connector.reference}.html").read_text()
    assert re.search(r'class="state SUSPENDED">suspended<', page)
    assert "TEST register" in page


def test_an_office_is_opened_again_and_a_broken_one_is_told(
    tmp_path: Path, office: Office, hands: Hands, seal: Seal
) -> None:
    number = homologated(office)
    office.close()
    again = open_office(tmp_path / "registre", clock=hands, seal=seal)
    assert again.numbering.told(number.reference) == number
    assert again.log_key == office.log_key
    with pytest.raises(ConfigError, match="REG-050"):
        init(tmp_path / "registre", Configuration())
    (tmp_path / "registre" / "journal.key").write_text("no key")
    with pytest.raises(ConfigError, match="REG-052"):
        open_office(tmp_path / "registre")
    (tmp_path / "registre" / "registre.json").write_text('{"issuer": "tst"}')
    with pytest.raises(ConfigError, match=r"REG-051.*issuer"):
        open_office(tmp_path / "registre")
