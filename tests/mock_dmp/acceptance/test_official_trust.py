"""A platform believes a status list by a trust file that a root signs, and only ever by a version that continues it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import cli
from mock_dmp.acceptance.official import Official
from protocol import trustchain
from protocol.errors import ConfigError
from reports.register import status, trustfiles, trusting
from reports.register.opening import Configuration, Office, init, open_office


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setenv("DMPCOMPAT_HOME", str(tmp_path / "home"))
    init(tmp_path / "registre", Configuration())
    made = open_office(tmp_path / "registre")
    trusting.set_root(made, (), 1, "racine")
    (tmp_path / "numbers.key").write_text("ab" * 32)
    yield made
    made.close()


class Platform:
    """The files that a platform reads, written again."""

    def __init__(self, office: Office, place: Path) -> None:
        self.office, self.place, self.issued = office, place, datetime.now(UTC).replace(microsecond=0)

    def listed(self) -> datetime:
        """A newer status list."""
        self.issued += timedelta(seconds=1)
        made = status.status_list(self.office.register, "TST", self.issued)
        path = self.place / "status.json"
        path.write_bytes(status.signed(made, self.office.seal))
        os.utime(path, (self.issued.timestamp(),) * 2)
        return self.issued

    def trusted(self, name: str = trustfiles.CHAIN) -> bytes:
        data = dict(trustfiles.published(self.office))[name]
        (self.place / "trust").write_bytes(data)
        return data

    def opened(self, *roots: str) -> Official:
        root = trustchain.held(roots) if roots else None
        return Official.open(
            self.place / "status.json", self.place / "trust", self.place / "numbers.key", root
        )


@pytest.fixture
def platform(office: Office, tmp_path: Path) -> Platform:
    made = Platform(office, tmp_path)
    made.listed()
    return made


@pytest.mark.parametrize("name", [trustfiles.CHAIN, trustfiles.SIGNED, trustfiles.TRUST])
def test_every_form_of_the_trust_file_is_read(platform: Platform, name: str) -> None:
    platform.trusted(name)
    assert platform.opened().current().issued == platform.issued


def test_a_version_is_followed_by_one_that_continues_it(platform: Platform, office: Office) -> None:
    old = platform.trusted()
    entry = platform.opened()
    trusting.renew(office, "suite")
    platform.trusted()
    believed = platform.listed()
    assert entry.current().issued == believed
    for data in (old, platform.office.folder.joinpath(trustfiles.TRUST).read_bytes()):
        (platform.place / "trust").write_bytes(data)  # an older version; a file that nobody signs
        platform.listed()
        assert entry.current().issued == believed
    platform.trusted()
    newest = platform.listed()
    assert entry.current().issued == newest


def test_a_platform_may_be_given_the_root(platform: Platform, office: Office, tmp_path: Path) -> None:
    platform.trusted()
    root = office.folder / trustfiles.ROOTS / "racine-1.pem.pub"
    assert platform.opened(str(root)).current().issued == platform.issued
    with pytest.raises(ConfigError, match="TRUST-018"):
        platform.opened("ab" * 32)
    platform.trusted(trustfiles.TRUST)
    with pytest.raises(ConfigError, match="TRUST-019"):
        platform.opened(str(root))
    given = ["--status", platform.place / "status.json", "--status-trust", platform.place / "trust"]
    given += ["--status-key", platform.place / "numbers.key", "--status-root", root, "--plain-http"]
    assert cli.run_command(["serve", *map(str, given)]) == ConfigError.exit_code
