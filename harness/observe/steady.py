"""The control API of a mock that may be away for a while, as one case of a shared session sees it.

A mock that was killed and comes back with its database is asked again; what it had done without saying so is found
rather than done twice. Exchanges of the session that came before the case are not the case's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from harness.control import Control, ControlRefused, TlsFiles
from protocol.errors import ToolError

#: What the control API says when it is being started again.
_PASSING: Final = frozenset({502, 503, 504})
T = TypeVar("T")
#: Told that the platform is away; returns to have it asked again, raises to give up.
Patience = Callable[[], None]


class SteadyControl(Control):
    """`since`: number of the last exchange before the case; those are not listed."""

    def __init__(self, base: str, tls: TlsFiles | None) -> None:
        super().__init__(base, tls)
        self.since = 0
        self.patience: Patience | None = None

    def exchanges(self, name: str, *, after: int = 0, limit: int = 100_000) -> list[dict[str, Any]]:
        return super().exchanges(name, after=max(after, self.since), limit=limit)

    def arm(self, name: str, plan: Mapping[str, Any]) -> Mapping[str, Any]:
        """Arm a fault once, even when the platform goes away before it says that it did."""
        before = {int(one["id"]) for one in self.faults(name)}
        while True:
            try:
                return self._once(lambda: super(SteadyControl, self).arm(name, plan))
            except ToolError as problem:
                self._wait(problem)
            for one in self.faults(name):
                if int(one["id"]) not in before:
                    return one

    def _once(self, ask: Callable[[], T]) -> T:
        """One question without patience: whoever asks knows what to do when it is not answered."""
        kept, self.patience = self.patience, None
        try:
            return ask()
        finally:
            self.patience = kept

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        while True:
            try:
                return super()._call(method, path, body)
            except ToolError as problem:
                self._wait(problem)

    def _bytes(self, path: str) -> bytes:
        while True:
            try:
                return super()._bytes(path)
            except ToolError as problem:
                self._wait(problem)

    def _wait(self, problem: ToolError) -> None:
        """Raises the problem when it will not pass, or nobody waits."""
        if self.patience is None or not away(problem):
            raise problem
        self.patience()


def away(problem: ToolError) -> bool:
    """Whether the platform is not there, rather than refuses."""
    return problem.status in _PASSING if isinstance(problem, ControlRefused) else problem.code == "CTRL-001"
