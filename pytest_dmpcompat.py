"""Fixtures of pytest: a mock DMP for the tests of any software, a session for each, assertions on what it received.

Nothing but pytest is imported until a fixture is used: the rest is in `harness.testing`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from harness.testing import Mock, Received, Session


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("dmpcompat")
    group.addoption("--dmp-url", help="Mock DMP that already runs, instead of one for the session of tests.")
    group.addoption("--dmp-pki", help="Its folder of certificates (dmpcompat pki init).")
    group.addoption(
        "--dmp-plain-http", action="store_true", help="Mock in the clear, for clients without TLS."
    )


@pytest.fixture(scope="session")
def dmp_pki(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of test certificates: ca.pem, org-auth-cli.pem/.key/.p12, cps-auth.*, cps-sign.*…"""
    from harness.testing import make_pki

    given = request.config.getoption("--dmp-pki")
    return Path(given).resolve() if given else make_pki(tmp_path_factory.mktemp("dmp") / "pki")


@pytest.fixture(scope="session")
def dmp_mock(
    request: pytest.FixtureRequest, dmp_pki: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mock]:
    """The mock: `url`, `pki`, `tls` (files with which to call it). A process of its own, for the whole session."""
    from harness.testing import Mock, served

    url = request.config.getoption("--dmp-url")
    if url:
        yield Mock(url.rstrip("/"), dmp_pki)
        return
    plain = request.config.getoption("--dmp-plain-http")
    with served(dmp_pki, tmp_path_factory.mktemp("dmp-mock"), plain_http=plain) as mock:
        yield mock


@pytest.fixture
def dmp_session(request: pytest.FixtureRequest, dmp_mock: Mock) -> Iterator[Session]:
    """An isolated session for this test: `url`, patients, faults, clock, `journal`."""
    from commands.options import default_lang
    from harness.testing import session_of

    with session_of(dmp_mock, request.node.name, default_lang()) as session:
        yield session


@pytest.fixture
def dmp_journal(dmp_session: Session) -> Received:
    """What the session of this test received: `assert_received`, `assert_conform`, `assert_accepted`, `frames`."""
    return dmp_session.journal
