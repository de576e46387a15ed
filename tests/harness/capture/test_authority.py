"""Hosts of the national platform need a written permission, for that very host, on that day."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from harness.capture.authority import VARIABLE, permission_for
from protocol.errors import ConfigError

HOST = "lps2.dmp.gouv.fr"
GOOD = """
schema: dmpcompat-authority/1
authority: L'autorité
reference: convention 12
hosts: [LPS2.dmp.gouv.fr]
until: "2026-12-31"
"""


def granted(tmp_path: Path, text: str = GOOD) -> dict[str, str]:
    path = tmp_path / "authority.yaml"
    path.write_text(text)
    return {VARIABLE: str(path)}


def test_other_hosts_need_none(tmp_path: Path) -> None:
    assert permission_for("dev.example", {}) is None
    assert permission_for("127.0.0.1", granted(tmp_path)) is None


def test_a_permission_is_for_one_host_until_a_day(tmp_path: Path) -> None:
    last = date(2026, 12, 31)
    found = permission_for("LPS2.DMP.GOUV.FR.", granted(tmp_path), today=last)
    assert found is not None
    assert found.to_plain() == {
        "authority": "L'autorité",
        "reference": "convention 12",
        "hosts": [HOST],
        "until": "2026-12-31",
    }
    with pytest.raises(ConfigError, match="AUTH-002"):
        permission_for(HOST, granted(tmp_path), today=date(2027, 1, 1))
    with pytest.raises(ConfigError, match="AUTH-001"):
        permission_for("lps3.dmp.gouv.fr", granted(tmp_path), today=last)
    with pytest.raises(ConfigError, match="AUTH-001"):
        permission_for(HOST, {}, today=last)


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        ("authority/1", "authority/2", "DATA-014"),
        ("reference: convention 12\n", "", "DATA-012"),
        ("2026-12-31", "soon", "AUTH-003"),
        ("until", "also: x\nuntil", "DATA-013"),
    ],
)
def test_a_permission_is_read_strictly(tmp_path: Path, before: str, after: str, code: str) -> None:
    with pytest.raises(ConfigError, match=code):
        permission_for(HOST, granted(tmp_path, GOOD.replace(before, after)))
