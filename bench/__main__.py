"""`make bench`: run every benchmark and print its ratios."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Final

from bench import feeding, memory, multipart, wire

BENCHES: Final[dict[str, Callable[[], list[str]]]] = {
    "multipart": multipart.run,
    "wire": wire.run,
    "feeding": feeding.run,
    "memory": memory.run,
}


def main(names: list[str]) -> int:
    for name in names or list(BENCHES):
        print(f"\n{name}")
        for line in BENCHES[name]():
            print(f"  {line}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
