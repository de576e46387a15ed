"""Random sequences of calls, played on the mock and on the model (`rights_play`): drawn by hypothesis, and run.

One rule that draws the call: hypothesis leaves whole rules out of a run, and calls need one another.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any, ClassVar, Final, cast

import hypothesis.strategies as st
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import event

from mock_dmp.state.engine import Store
from tests.mock_dmp.rights_model import ACTORS, CLOSED_TYPES, PROFESSIONALS, STRUCTURES, Access, Actor
from tests.mock_dmp.rights_play import Play

ACTOR = st.sampled_from(ACTORS)
ACCESS = st.sampled_from(("normal", "normal", "bris_de_glace", "centre_15"))
EMERGENCY: st.SearchStrategy[Access] = st.sampled_from(("bris_de_glace", "centre_15"))
HOLDER = st.sampled_from((*PROFESSIONALS, *STRUCTURES))
KIND = st.sampled_from(("11490-0", *CLOSED_TYPES))
HIDDEN = st.sampled_from(("", "", "INVISIBLE_PATIENT", "INVISIBLE_REPRESENTANTS_LEGAUX"))
CALLER: Final = {"actor": ACTOR, "access": ACCESS}
#: Of the documents there are, that one; counted round.
RANK = st.integers(0, 7)
#: Arguments of each method of Play, and how often it is drawn beside the others.
CALLS: Final[dict[str, tuple[int, dict[str, st.SearchStrategy[Any]]]]] = {
    "existence": (5, CALLER),
    "secret_connection": (2, {"actor": ACTOR}),
    "authorise": (4, CALLER | {"mt": st.booleans()}),
    "withdraw": (2, CALLER | {"mt": st.booleans()}),
    "list_holders": (2, CALLER),
    "search": (4, CALLER),
    "feed": (3, CALLER | {"masked": st.booleans(), "hidden": HIDDEN, "kind": KIND}),
    "replace": (1, {"actor": ACTOR, "document": RANK}),
    **dict.fromkeys(("read", "mask_or_unmask", "archive_or_back"), (4, CALLER | {"document": RANK})),
    **dict.fromkeys(("delete", "resolve", "show"), (2, CALLER | {"document": RANK})),
    "close": (1, {"actor": ACTOR}),
    "reopen": (2, {}),
    "choose": (
        3,
        {"choice": st.sampled_from(("allow", "allow", "forbid", "withdraw")), "holder": HOLDER},
    ),
    "oppose": (2, {"access": EMERGENCY, "opposed": st.booleans()}),
    "patient_files": (1, {}),
    "patient_masks_or_unmasks": (1, {"document": RANK}),
    "wait": (3, {"days": st.sampled_from((100, 364, 366))}),
}
CONSULTING: Final = frozenset({"search", "list_holders", "read", "resolve"})
CHANGING: Final = frozenset({"mask_or_unmask", "archive_or_back", "delete", "show"})
_DRAWN: Final = [name for name, (often, _) in CALLS.items() for _ in range(often)]
CALL = st.sampled_from(_DRAWN).flatmap(
    lambda name: st.tuples(st.just(name), st.fixed_dictionaries(CALLS[name][1]))
)


class Rights(RuleBasedStateMachine):
    """One DMP with some authorisations and documents, so that short sequences go far."""

    store: ClassVar[Store]
    changed: ClassVar[Mapping[str, object]] = {}
    names: ClassVar[Any] = itertools.count(1)

    @initialize(
        minor=st.booleans(),
        allowed=st.sets(HOLDER, max_size=6),
        mt=st.lists(ACTOR, max_size=2),
        opposed=st.sets(EMERGENCY),
        fed=st.lists(st.tuples(ACTOR, st.booleans(), HIDDEN, KIND), min_size=1, max_size=4),
    )
    def begin(
        self,
        minor: bool,
        allowed: set[str],
        mt: list[Actor],
        opposed: set[Access],
        fed: list[tuple[Actor, bool, str, str]],
    ) -> None:
        self.play = Play(self.store, f"run-{next(self.names)}", minor=minor, changed=self.changed)
        for holder in sorted(allowed):
            self.play.choose("allow", holder)
        for actor in mt:
            self.play.authorise(actor, "normal", mt=True)
        for access in sorted(opposed):
            self.play.oppose(access, opposed=True)
        self.play.patient_files()
        self.play.feed(ACTORS[0], masked=True, hidden="", kind="11490-0")
        for one in fed:
            self.play.feed(*one)

    @rule(call=CALL, entitled=st.booleans(), rank=RANK)
    def play_one(self, call: tuple[str, dict[str, Any]], entitled: bool, rank: int) -> None:
        """Half of the calls that consult are of somebody who has a right to: at random few are."""
        name, arguments = call
        if "document" in arguments:
            documents = list(self.play.model.documents)
            if not documents:
                return
            arguments = {**arguments, "document": documents[arguments["document"] % len(documents)]}
        able = self._able(name, arguments.get("document", "")) if entitled else []
        if able:
            arguments = {**arguments, "actor": able[rank % len(able)]}
        getattr(self.play, name)(**arguments)

    def _able(self, name: str, document: str) -> list[Actor]:
        """Who is allowed; of what changes a document its author, and médecins traitants."""
        model = self.play.model
        if name in CONSULTING:
            return [one for one in ACTORS if model.state(one) == "VALIDE"]
        if name in CHANGING:
            author = model.documents[document].author
            return [one for one in ACTORS if one.professional == author or model.is_mt(one)]
        return []

    @invariant()
    def both_hold_the_same(self) -> None:
        if hasattr(self, "play"):
            self.play.compare()


def run(
    store: Store,
    *,
    runs: int,
    steps: int,
    changed: Mapping[str, object] | None = None,
    derandomize: bool = True,
    shrink: bool = True,
) -> None:
    """Run the machine on that store, its sessions with those settings.

    Raises AssertionError at a difference between mock and model. `derandomize`: the same sequences each time.
    """
    machine = type("Rights", (Rights,), {"store": store, "changed": changed or {}})
    phases = (Phase.generate, Phase.shrink) if shrink else (Phase.generate,)
    chosen = settings(
        max_examples=runs,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        derandomize=derandomize,
        report_multiple_bugs=False,
        phases=phases,
        suppress_health_check=list(HealthCheck),
    )
    cast("Any", run_state_machine_as_test)(machine, settings=chosen)


def hasty(store: Store) -> Store:
    """The same store without a sync at each commit: nothing outlives these tests."""

    def off(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA synchronous=OFF").close()

    store.engine.dispose()
    event.listen(store.engine, "connect", off)
    return store
