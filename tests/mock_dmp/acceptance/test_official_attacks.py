"""Lists that would let in what the register does not: another authority's, an older one; a session that lies."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mock_dmp.acceptance.official import Believed, Official
from protocol import dsse, statuslist
from protocol.directory import Product, WireNumber
from protocol.statuslist import Listed, StatusList, tag_of
from protocol.trust import trust_document
from reports.keys import Seal, installation_seal

NOW = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
KEY = bytes(32)
NUMBER = "TST-00004239"


def listed(state: statuslist.State) -> Listed:
    return Listed(
        "TST-26L-7K3Q9XA-KE",
        state,
        NOW,
        "x",
        "ab" * 32,
        tag_of(NUMBER, KEY),
        "LPS-TEST",
        ("1.0.0",),
        ("alimentation",),
    )


def publish(place: Path, seal: Seal, state: statuslist.State, issuer: str = "TST", hours: float = 0) -> None:
    issued = NOW + timedelta(hours=hours)
    made = StatusList(issuer, issued, issued + timedelta(days=1), "", (listed(state),))
    path = place / "status.json"
    path.write_bytes(dsse.sign(made.payload(), [seal], statuslist.PAYLOAD_TYPE))


@pytest.fixture
def seals(tmp_path: Path) -> tuple[Seal, Seal]:
    """Two authorities that this platform believes."""
    ours, other = (installation_seal(tmp_path / name) for name in ("ours", "other"))
    other = replace(other, key=replace(other.key, issuers=("ABC",)))
    (tmp_path / "trust.json").write_bytes(trust_document([ours.key, other.key]))
    (tmp_path / "key").write_text(KEY.hex())
    return ours, other


def test_no_other_list_speaks_for_the_one_in_force(
    tmp_path: Path, seals: tuple[Seal, Seal], caplog: pytest.LogCaptureFixture
) -> None:
    ours, other = seals
    publish(tmp_path, ours, "SUSPENDED")
    official = Official.open(tmp_path / "status.json", tmp_path / "trust.json", tmp_path / "key")
    for who, issuer, hours, code in ((other, "ABC", 1, "STATUS-013"), (ours, "TST", -0.5, "STATUS-011")):
        publish(tmp_path, who, "ACTIVE", issuer, hours)
        assert [one.state for one in official.current().entries] == ["SUSPENDED"]
        assert code in caplog.text
    publish(tmp_path, ours, "ACTIVE", hours=2)
    assert [one.state for one in official.current().entries] == ["ACTIVE"]


def test_whose_number_it_is_the_list_says() -> None:
    """A session that declares the number of LPS-TEST for another product gets nothing by it."""
    known = Believed(StatusList("TST", NOW, NOW + timedelta(days=1), "", (listed("ACTIVE"),)), KEY)
    own = WireNumber("mien", NUMBER, "AUTRE", (Product("AUTRE-LPS", ("9",)),), ("consultation",), "active")
    found = known.known(NUMBER, own, NOW)
    assert found is not None
    assert (found.key, found.family, found.products[0].name) == ("mien", "LPS-TEST", "LPS-TEST")
    assert (found.profiles, found.status) == (("alimentation",), "active")
    assert known.known("TST-00000000", own, NOW) is own
