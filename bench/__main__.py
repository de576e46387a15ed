"""`make bench`: run every benchmark, or those named, and print its ratios, and how much of the machine others took.

`--documents`: how far the registry grows while it is searched (100,000 by default; a million takes some minutes and
6 GB), and how many documents an archive has that is checked (2,000 by default).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from functools import partial
from typing import Final

from bench import (
    check_archive,
    check_speed,
    company,
    feeding,
    generation,
    guarding,
    memory,
    multipart,
    plan,
    proof,
    recording_proxy,
    register,
    schemas,
    schematron,
    searching,
    submission,
    wire,
)

BENCHES: Final[dict[str, Callable[[], list[str]]]] = {
    "multipart": multipart.run,
    "wire": wire.run,
    "feeding": feeding.run,
    "searching": searching.run,
    "memory": memory.run,
    "generation": generation.run,
    "schematron": schematron.run,
    "schemas": schemas.run,
    "judging": check_speed.run,
    "plan": plan.run,
    "proof": proof.run,
    "submission": submission.run,
    "archive": check_archive.run,
    "proxy": recording_proxy.run,
    "guard": guarding.run,
    "register": register.run,
}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("names", nargs="*", choices=[*BENCHES, []], help="all by default")
    parser.add_argument("--documents", type=int)
    asked = parser.parse_args(arguments)
    benches = dict(BENCHES)
    if asked.documents:
        benches |= {
            "searching": partial(searching.run, asked.documents),
            "archive": partial(check_archive.run, asked.documents),
        }
    for name in asked.names or list(BENCHES):
        print(f"\n{name}", flush=True)
        watch = company.Watch()
        for line in [*benches[name](), *watch.told()]:
            print(f"  {line}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
