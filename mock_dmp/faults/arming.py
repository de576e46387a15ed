"""Fault plans put to work in a session: through the control API, or from a file when the mock starts."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from mock_dmp.faults import gate
from mock_dmp.faults.plan import Planned, read_plan
from mock_dmp.state import faults, sessions
from mock_dmp.state.engine import Store
from mock_dmp.state.faults import Kept
from protocol.errors import Text, UsageError
from protocol.yamlread import read_yaml


def arm(store: Store, session: str, planned: Iterable[Planned]) -> list[Kept]:
    """Arm faults in a session that exists, in their order, beside those that it has.

    Raises UsageError (FLT-010), arming none, when one of the handshake would strike whoever connects.
    """
    several = [_aimed(one) for one in planned]
    with store.write() as db:
        kept = [faults.arm(db, session, one.to_plain()) for one in several]
    gate.mark(store)
    return kept


def start_with(store: Store, planned: Iterable[Planned]) -> list[Kept]:
    """Arm the plan that a mock starts with, in the default session, in place of what an earlier run left there.

    Raises UsageError as `arm` does.
    """
    several = [_aimed(one) for one in planned]
    with store.write() as db:
        faults.forget(db, sessions.DEFAULT)
    return arm(store, sessions.DEFAULT, several)


def _aimed(one: Planned, where: str = "") -> Planned:
    """A handshake is of no session yet: its faults say whose they are, so that they spare other sessions."""
    names = [name for name in ("certificate", "address") if name in one.parameters]
    if one.kind.stage == "handshake" and not any(one.parameters[name] for name in names):
        raise UsageError(
            "FLT-010",
            Text(
                "une panne de la poignée de main dit qui elle vise : elle frapperait d'autres sessions",
                "a fault of the handshake says whom it strikes: it would strike other sessions",
            ),
            field=where + ", ".join(f"with.{name}" for name in names),
            found=one.kind.name,
            expected=" | ".join(names),
        )
    return one


def read_file(path: Path) -> tuple[Planned, ...]:
    """The faults of a plan in a file (YAML or JSON). Raises UsageError, whose field is `file:line field`."""
    return tuple(_aimed(one, f"{path} ") for one in read_plan(read_yaml(path, error=UsageError)))
