"""Shapes of the facts of each kind of event: what guards, folds and statements may count on, whoever signed.

Names beyond these are free: they say more to a reader and decide nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from protocol.shape import Each, Members, Named, Shape, fit
from reports.dossier.states import MOVES

_TEXTS: Final = Each(str)
_PRODUCT: Final = Members({"name": str, "versions": _TEXTS}, open=True)
_TOOL: Final = Members({"name": str, "version": str, "sha256": str}, open=True)


def _with(known: Mapping[str, Shape], **optional: Shape) -> Members:
    return Members(known, optional, open=True)


_CASE: Final = {"case": str}
#: By kind of event.
_SHAPES: Final[Mapping[str, Members]] = {
    "OPEN": _with(
        {
            "holder": str,
            "family": str,
            "products": Each(_PRODUCT),
            "profiles": _TEXTS,
            "modes": _TEXTS,
            "kind": str,
        },
        parent=str,
        siret=str,
    ),
    "MOVE": _with({"move": str}),
    "PIECE": _with({"what": str, "name": str, "sha256": str}, executors=_TEXTS),
    "BUILD": _with({"version": str}),
    "VERDICT": _with({**_CASE, "verdict": str}),
    "OVERRIDE": _with({**_CASE, "verdict": str}),
    "COMMENT": _with(_CASE),
    "ANOMALY": _with({"id": str, **_CASE, "requirement": str}),
    "MENDED": _with({"id": str}),
    "ACCEPT_NA": _with({**_CASE, "accepted": bool}),
    "APPROVE": _with({}),
    "DISPUTE": _with({"id": str, **_CASE, "rule": str, "exchange": str}),
    "RESOLVE": _with({"id": str, "outcome": str}),
    "RESERVED": _with({"reference": str}),
    "REGISTERED": _with({"reference": str, "seq": int}),
    "NOTICE": _with({"deadline": str}),
}
#: What `reports.dossier.lodging` makes of a run.
_RUN: Final = _with(
    {
        "evidenceSha256": str,
        "result": str,
        "frames": str,
        "software": Members({"name": str, "version": str}, open=True),
        "profiles": _TEXTS,
        "modes": _TEXTS,
        "framework": str,
        "plan": _TOOL,
        "rules": _TOOL,
        "verdicts": Named(str),
        "requirements": Named(str),
        "leftOut": _TEXTS,
        "inherited": _TEXTS,
    },
    heritage=Named(str),
)
_RUNS: Final = ("evidence", "amendment")


def refuse_misshapen(kind: str, facts: Any) -> None:
    """Raises ValueError, which names the fact."""
    fit(facts, _SHAPES[kind], "facts")
    if kind == "MOVE" and facts["move"] not in MOVES:
        raise ValueError(f"facts.move: {facts['move']}")
    if kind == "PIECE" and facts["what"] in _RUNS:
        fit(facts, _RUN, "facts")
