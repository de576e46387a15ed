"""How an answer leaves on the socket when it does not leave as it should: late, slowly, not at all, cut.

A value, made by `mock_dmp.faults` and obeyed by the application and the connection; it knows neither HTTP nor TLS.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

End = Literal["", "close", "reset"]

#: A pause of this length between two pieces of a slow body.
_BEAT: Final = 0.1


@dataclass(frozen=True)
class Conduct:
    """`delay`: seconds before the first byte; `rate`: bytes a second, 0 for at once; `silent`: not a byte at all.

    `end`: keep as HTTP wants (""), close in order, or reset (RST, without TLS closure).
    """

    delay: float = 0.0
    rate: int = 0
    silent: bool = False
    end: End = ""

    def body(self, whole: Iterable[bytes]) -> Iterator[bytes]:
        """The pieces of the body at that pace. Closes `whole` when it has a `close`."""
        try:
            if self.delay:
                time.sleep(self.delay)
            if self.silent:
                return
            for piece in whole:
                yield from self._paced(piece) if self.rate else (piece,)
        finally:
            close = getattr(whole, "close", None)
            if close is not None:
                close()

    def _paced(self, piece: bytes) -> Iterator[bytes]:
        step = max(1, int(self.rate * _BEAT))
        for start in range(0, len(piece), step):
            yield piece[start : start + step]
            time.sleep(step / self.rate)
