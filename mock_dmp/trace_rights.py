"""Who may see which traces of access, and how far back: a table of data and the one function that applies it.

Reads datasets/rights/traces.yaml. Writing traces is `mock_dmp.services.tracing`; showing them is for the pages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from types import MappingProxyType
from typing import Any, Final, Literal

from mock_dmp.state.settings import Settings
from mock_dmp.state.traces import stamp
from protocol.datafolders import folder
from protocol.errors import Text
from protocol.strictdata import Fields
from protocol.yamlread import read_yaml

Kind = Literal["professional", "medecin-traitant", "patient", "representative"]

_KINDS: Final[tuple[Kind, ...]] = ("professional", "medecin-traitant", "patient", "representative")


@dataclass(frozen=True)
class Sight:
    """What one kind of viewer sees: `own` or all lines; `secret`: those of secret connections too."""

    viewer: Kind
    own: bool
    secret: bool
    title: Text
    source: str
    confidence: Literal["A", "B", "C"]


@dataclass(frozen=True)
class Viewer:
    """Who looks. `ps_id`: PS_IdNat of a professional, "" for others."""

    kind: Kind
    ps_id: str = ""


def seen(
    lines: Sequence[Mapping[str, Any]], viewer: Viewer, now: datetime, settings: Settings
) -> list[dict[str, Any]]:
    """Of the traces of one DMP, oldest first, those that the viewer may see.

    `traces_days` bounds their age and `traces_most` their number, the latest ones; 0 is no bound. What `one year or
    100 traces` says is not plainer than that: both bounds apply (confidence C). Source: PDT-INF-527; JDV_J64.
    """
    sight = sights()[viewer.kind]
    days, most = int(settings.switch("traces_days")), int(settings.switch("traces_most"))
    oldest = stamp(now - timedelta(days=days)) if days > 0 else ""
    kept = [
        dict(line)
        for line in lines
        if (not sight.own or line["ps_id"] == viewer.ps_id)
        and (sight.secret or not line["secret"])
        and line["at"] >= oldest
    ]
    return kept[-most:] if most > 0 else kept


@cache
def sights() -> Mapping[Kind, Sight]:
    """The table, by kind of viewer. Raises ToolError when the data set is wrong."""
    document = read_yaml(folder("datasets") / "rights" / "traces.yaml")
    read = Fields(document.data, document).each("viewers", _sight, empty=False)
    return MappingProxyType({one.viewer: one for one in read})


def _sight(fields: Fields) -> Sight:
    read = Sight(
        viewer=fields.one_of("viewer", _KINDS),
        own=fields.one_of("sees", ("own", "all")) == "own",
        secret=fields.flag("secret", False),
        title=fields.words("title"),
        source=fields.text("source"),
        confidence=fields.one_of("confidence", ("A", "B", "C")),
    )
    fields.done()
    return read
