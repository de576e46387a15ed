"""Record the figures of the proof by mutation: plays the cases, mutates, judges, writes datasets/mutation/figures.json.

`python -m bench.kill`; `--check` only tells what is weaker than recorded.
"""

from __future__ import annotations

import json
import sys
import time

from commands.matrix import played
from harness.mutate.corpus import declared, specimens
from harness.mutate.kill import kill
from harness.mutate.record import FIGURES, to_plain, weaker
from protocol.datafolders import folder


def main(arguments: list[str]) -> int:
    with played() as root:
        begun = time.process_time()
        done = kill(specimens(root), declared(root), most=1)
    spent = time.process_time() - begun
    sys.stdout.write(f"{done.rate.killed}/{done.rate.mutants} in {spent:.1f} s of CPU\n")
    if "--check" in arguments:
        worse = weaker(done)
        sys.stdout.write("".join(f"{line}\n" for line in worse))
        return 1 if worse else 0
    place = folder("datasets") / "mutation" / FIGURES
    text = json.dumps(to_plain(done), ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    place.write_text(text, encoding="utf-8")
    sys.stdout.write("".join(f"{line}\n" for line in weaker(done)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
