"""Strictness of one session: the severity of each acceptance rule, and the switches.

Only what differs is stored; the defaults are those of datasets/acceptance (`protocol.acceptance_rules`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from types import MappingProxyType
from typing import Final, cast

from sqlalchemy import JSON, Column, Connection, String, Table, delete, insert, select

from mock_dmp.state.schema import METADATA, given, of_session
from protocol.acceptance_rules import SEVERITIES, Severity, Value, rules, switches
from protocol.errors import Text, UsageError

__all__ = ["Settings", "Severity", "Value", "change", "check", "load", "rules", "switches"]

#: What dates can be reckoned with: a clock beyond would make every call fail.
_YEARS: Final = range(1970, 2200)
_MOST: Final = {"_seconds": 1_000_000_000, "_days": 36_500}

settings_table = Table(
    "settings",
    METADATA,
    of_session(),
    Column("name", String(128), primary_key=True),
    Column("value", JSON, nullable=False),
)


@dataclass(frozen=True)
class Settings:
    """The settings of one session at one moment."""

    changed: Mapping[str, Value]

    def severity(self, rule: str) -> Severity:
        """refuse, warn or off. Raises UsageError for a rule that does not exist."""
        declared = rules().get(rule)
        if declared is None:
            raise _unknown(rule)
        return cast(Severity, self.changed.get(rule, declared.default))

    def switch(self, name: str) -> Value:
        """The value of a switch. Raises UsageError for one that does not exist."""
        declared = switches().get(name)
        if declared is None:
            raise _unknown(name)
        return self.changed.get(name, declared.default)

    def on(self, name: str) -> bool:
        """The value of a yes/no switch."""
        return self.switch(name) is True

    def everything(self) -> dict[str, Value]:
        """Every rule and switch with its value now, by name."""
        values: dict[str, Value] = {name: rule.default for name, rule in rules().items()}
        values |= {name: switch.default for name, switch in switches().items()}
        return dict(sorted((values | dict(self.changed)).items()))


_OF_SESSION = select(settings_table.c.name, settings_table.c.value).where(*given(settings_table, "session"))


def load(db: Connection, session: str) -> Settings:
    """The session's settings."""
    rows = db.execute(_OF_SESSION, {"session": session})
    return Settings(MappingProxyType({row.name: row.value for row in rows}))


def change(db: Connection, session: str, values: Mapping[str, object]) -> None:
    """Set rules and switches. Raises UsageError (unknown name, value not allowed), changing nothing then."""
    checked = {name: check(name, value) for name, value in values.items()}
    for name, value in checked.items():
        db.execute(delete(settings_table).filter_by(session=session, name=name))
        db.execute(insert(settings_table).values(session=session, name=name, value=value))


def check(name: str, value: object) -> Value:
    """The value when that rule or switch may take it. Raises UsageError."""
    if name in rules():
        allowed: tuple[Value, ...] = SEVERITIES
    elif name in switches():
        default, allowed = switches()[name].default, switches()[name].values
        if not allowed:
            return _SPECIAL[name](value) if name in _SPECIAL else _same_kind(name, value, default)
    else:
        raise _unknown(name)
    for one in allowed:
        if value == one and type(value) is type(one):  # True == 1 for Python, not for us
            return one
    raise _refused(name, value, ", ".join(map(str, allowed)))


def _moment(value: object) -> str:
    """A moment with its zone, far enough from the ends of the calendar to be reckoned with, or "" for none."""
    if value == "":
        return ""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        good = moment is not None and moment.tzinfo is not None and moment.astimezone(UTC).year in _YEARS
    except (ValueError, OverflowError):
        good = False
    if not good:
        raise _refused("clock_frozen_at", value, "2026-01-31T08:30:00Z")
    return str(value)


def _defects(value: object) -> str:
    """Names of deliberate defects, in order. They know the settings, hence the late import."""
    from mock_dmp import defects

    if not isinstance(value, str):
        raise _refused("defects", value, "str")
    return ",".join(one.name for one in defects.check(value))


_SPECIAL: Final[Mapping[str, Callable[[object], Value]]] = {"clock_frozen_at": _moment, "defects": _defects}


def _same_kind(name: str, value: object, default: Value) -> Value:
    if not isinstance(value, (str, int)) or type(value) is not type(default):
        raise _refused(name, value, type(default).__name__)
    most = next((limit for unit, limit in _MOST.items() if name.endswith(unit)), None)
    if isinstance(value, int) and most is not None and abs(value) > most:
        raise _refused(name, value, f"{-most} … {most}")
    return value


def _refused(name: str, value: object, expected: str) -> UsageError:
    return UsageError(
        "SET-002",
        Text("valeur de réglage refusée", "setting value refused"),
        field=name,
        found=repr(value),
        expected=expected,
    )


def _unknown(name: str) -> UsageError:
    near = get_close_matches(name, [*rules(), *switches()], 1)
    return UsageError(
        "SET-001",
        Text("réglage inconnu", "unknown setting"),
        field=name,
        found=name,
        expected=near[0] if near else "GET …/settings",
    )
