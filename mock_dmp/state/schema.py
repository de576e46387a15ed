"""The one MetaData of the mock's tables, and the table of sessions that the others hang from.

Each module of `mock_dmp.state` declares its tables on `METADATA` with `of_session()`; deleting a session
takes its rows away with it.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

from sqlalchemy import Column, ColumnElement, ForeignKey, MetaData, String, Table, bindparam

METADATA = MetaData()

sessions = Table(
    "sessions",
    METADATA,
    Column("name", String(64), primary_key=True),
    Column("created", String(32), nullable=False),
)


def of_session(*, primary_key: bool = True) -> Column[Any]:
    """The column `session`, which every table of a session's state has; part of the key unless told."""
    return Column(
        "session",
        String(64),
        ForeignKey("sessions.name", ondelete="CASCADE"),
        primary_key=primary_key,
        nullable=False,
    )


def given(table: Table, *names: str) -> tuple[ColumnElement[bool], ...]:
    """`column = :column` for each name: for statements that are made once, and run with the values.

    What every call asks is asked so: making a statement takes several times as long as running it.
    """
    return tuple(table.c[name] == bindparam(name) for name in names)


def complete() -> MetaData:
    """The MetaData once every module of `mock_dmp.state` has declared its tables."""
    package = importlib.import_module("mock_dmp.state")
    for module in pkgutil.iter_modules(package.__path__, "mock_dmp.state."):
        importlib.import_module(module.name)
    return METADATA
