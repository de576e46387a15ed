"""An audit finds every trust file that is not the one logged, and every version without its entry."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.evidence import write_atomic
from protocol import trustversion
from protocol.errors import Text
from protocol.trust import trust_document
from reports.register import trustaudit, trustfiles, trusting
from reports.register.audit import Line
from reports.register.opening import Configuration, Office, init, open_office
from reports.register.trustfiles import CHAIN, TRUST
from tests.protocol.chains import IDS, key, signed, version
from tests.reports.register.conftest import Hands


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setenv("DMPCOMPAT_HOME", str(tmp_path / "home"))
    init(tmp_path / "registre", Configuration())
    made = open_office(tmp_path / "registre", clock=Hands())
    yield made
    made.close()


@pytest.fixture
def public(office: Office, tmp_path: Path) -> Path:
    """What is published after two plain files and three versions."""
    for number in (7, 8):
        trusting.add(office, key(number, "reviewer"), "relectrice")
    trusting.set_root(office, (), 1, "racine")
    trusting.renew(office, "un an de plus")
    trusting.set_root(office, (), 1, "autre racine")
    for name, data in trustfiles.published(office):
        write_atomic(tmp_path / "public" / name, data)
    return tmp_path / "public"


def judged(office: Office, folder: Path) -> str:
    return " ".join(line.outcome for line in lines_of(office, folder))


def lines_of(office: Office, folder: Path) -> tuple[Line, ...]:
    return trustaudit.audit(office.register.leaves(), trustaudit.files_in(folder))


def test_each_version_has_its_entry(office: Office, public: Path) -> None:
    assert len(office.register.entries()) == 5
    assert judged(office, public) == judged(office, office.folder) == "OK OK OK"
    assert trustaudit.beside(public / "log") == trustaudit.beside(public) == public
    lines = lines_of(office, public)
    assert lines[2].detail == "3 / 5"
    assert all(isinstance(line.text, Text) for line in lines)


def test_what_differs_is_told(office: Office, public: Path) -> None:
    chain = trustfiles.chain(office)
    plain = (public / TRUST).read_bytes()

    def written(*listed: trustversion.Signed) -> str:
        (public / CHAIN).write_bytes(trustversion.lines(listed))
        return judged(office, public)

    foreign = signed(version(), [0])
    assert written(*chain[:2]) == "OK OK KO"  # the register logged a version that is not published
    assert written(*chain[1:]) == "OK OK KO"
    assert written(foreign) == "OK OK KO"
    assert written(chain[0], chain[2]) == "OK KO KO"
    (public / CHAIN).write_bytes(b"{}")
    assert judged(office, public) == "KO"
    written(*chain)
    (public / TRUST).write_bytes(trust_document(list(chain[-1].version.keys.values())))
    assert judged(office, public) == "KO OK OK"
    (public / TRUST).write_bytes(plain)
    assert judged(office, public) == "OK OK OK"
    assert [line.outcome for line in trustaudit.audit([b"{}"], {})] == ["KO"]


def test_a_register_without_root_is_told_what_it_would_take(office: Office, tmp_path: Path) -> None:
    assert judged(office, office.folder) == "SKIPPED SKIPPED"
    trusting.add(office, key(8, "editor"), "éditeur")
    assert judged(office, office.folder) == "OK SKIPPED"
    assert judged(office, tmp_path) == "SKIPPED SKIPPED"
    told = " ".join(line.detail for line in lines_of(office, office.folder))
    assert "register trust root" in told
    write_atomic(office.folder / TRUST, trust_document([key(8, "editor", keyid=IDS[8])]))
    assert judged(office, office.folder) == "KO SKIPPED"
