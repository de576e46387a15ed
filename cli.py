"""Command line of dmpcompat: a thin composition root; the sub-commands are in `commands`, a file a subject.

Exit codes: 0 conform or valid, 1 non-conform or invalid, 2 something left undecided, 3 our own failure,
64 usage, 65 configuration (red preflight), 66 plan or campaign that can't be used.
"""

from __future__ import annotations

import sys
from typing import Any


def main(arguments: list[str] | None = None) -> None:
    """Entry point of the console script: runs a command and leaves with the exit code of its outcome."""
    given = sys.argv[1:] if arguments is None else arguments
    if given in (["--help"], ["-h"]):  # asked for often, and by programs: nothing else is imported
        from commands.frontpage import page

        print(page(), end="")
        return
    import signal

    from commands.root import run_command

    # As with Ctrl-C, what is open is closed and what is temporary removed; `serve` has its own way to stop.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(run_command(given))


def __getattr__(name: str) -> Any:
    """The group of commands and `run_command`, imported when they are asked for."""
    if name in ("dmpcompat", "run_command"):
        from commands import root

        return getattr(root, name)
    raise AttributeError(name)


if __name__ == "__main__":
    main()
