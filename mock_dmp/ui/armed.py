"""What makes a session answer wrongly on purpose: faults that wait to strike, defects that are turned on."""

from __future__ import annotations

from typing import Final

from mock_dmp import defects
from mock_dmp.context import Session
from mock_dmp.state import faults
from mock_dmp.state.engine import Store
from protocol.errors import Text

#: Settings that are told here rather than among the others.
SETTINGS: Final = (faults.ARMED, defects.SWITCH)


def of(session: Session, store: Store) -> tuple[Text, ...]:
    """One line for each, empty for a session that answers as the DMP does."""
    lines = [
        Text(f"défaut {one.name} : {one.text.fr}", f"defect {one.name}: {one.text.en}")
        for one in defects.of(session.settings)
    ]
    if session.settings.changed.get(faults.ARMED):
        with store.read() as db:
            lines += [_told(one) for one in faults.listing(db, session.name, armed=True)]
    return tuple(lines)


def count(values: dict[str, object]) -> int:
    """How many there are, from the values of those settings."""
    named = str(values.get(defects.SWITCH) or "")
    waiting = values.get(faults.ARMED)
    return len([one for one in named.split(",") if one]) + (waiting if isinstance(waiting, int) else 0)


def _told(one: faults.Kept) -> Text:
    """The plan as it was asked, without what it left open."""
    parts = [f"{name} = {value}" for name, value in one.plan.items() if value not in ("", None, [], {})]
    what = ", ".join(parts)
    return Text(f"panne n° {one.id} : {what}", f"fault #{one.id}: {what}")
