"""Who may point the proxy at a host of the national platform: nobody, unless the authority says so in a file.

`DMPCOMPAT_AUTHORITY` names a YAML file, written by whoever may allow it: schema, authority, reference, hosts, until.
What it allows is said aloud at each start and kept in the recording.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from protocol.errors import ConfigError, Text
from protocol.facts import is_production_host
from protocol.strictdata import Fields
from protocol.yamlread import read_yaml

VARIABLE: Final = "DMPCOMPAT_AUTHORITY"
SCHEMA: Final = "dmpcompat-authority/1"


@dataclass(frozen=True)
class Permission:
    """What the authority allows: exact host names, until the end of a day (UTC)."""

    authority: str
    reference: str
    hosts: tuple[str, ...]
    until: date

    def to_plain(self) -> dict[str, Any]:
        return {
            "authority": self.authority,
            "reference": self.reference,
            "hosts": list(self.hosts),
            "until": self.until.isoformat(),
        }


def permission_for(
    host: str, environ: Mapping[str, str] | None = None, *, today: date | None = None
) -> Permission | None:
    """None for a host that needs no permission, else the one that allows it.

    Raises ConfigError: AUTH-001 (a host of the national platform, and no permission for it), AUTH-002 (the
    permission is over), DATA-… (the file can't be used).
    """
    if not is_production_host(host):
        return None
    named = (os.environ if environ is None else environ).get(VARIABLE, "")
    if not named:
        raise _refused(host, "")
    permission = read_permission(Path(named))
    if host.lower().rstrip(".") not in permission.hosts:
        raise _refused(host, ", ".join(permission.hosts))
    if (today or datetime.now(UTC).date()) > permission.until:
        raise ConfigError(
            "AUTH-002",
            Text("l'autorisation n'est plus valable", "the permission is over"),
            field=named,
            found=permission.until.isoformat(),
        )
    return permission


def read_permission(path: Path) -> Permission:
    """Raises ConfigError."""
    document = read_yaml(path, error=ConfigError)
    fields = Fields(document.data, document, error=ConfigError)
    fields.one_of("schema", (SCHEMA,))
    authority, reference, told = fields.text("authority"), fields.text("reference"), fields.text("until")
    hosts = tuple(host.lower().rstrip(".") for host in fields.texts("hosts"))
    fields.done()
    try:
        until = date.fromisoformat(told)
    except ValueError:
        wrong = Text("une date est attendue", "a date is expected")
        raise fields.refuse("AUTH-003", wrong, "until", told, expected="2026-12-31") from None
    return Permission(authority, reference, hosts, until)


def _refused(host: str, allowed: str) -> ConfigError:
    return ConfigError(
        "AUTH-001",
        Text(
            "l'adresse est celle de la plateforme nationale : un outil de test ne l'appelle pas",
            "the address is that of the national platform: a test tool does not call it",
        ),
        field="--to",
        found=host,
        expected=allowed,
        mend=Text(
            f"viser une plateforme de test ; sinon, {VARIABLE} désigne l'autorisation écrite de l'autorité",
            f"aim at a test platform; else {VARIABLE} names the written permission of the authority",
        ),
    )
