"""Record the figures of the proof by mutation: plays the cases, mutates, judges, writes datasets/mutation/figures.json.

`python bench/kill.py` from the root of the project; `--check` only tells what is weaker than recorded.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)  # not this folder, whose modules have names of others

from harness.mutate.corpus import declared, specimens  # noqa: E402
from harness.mutate.kill import kill  # noqa: E402
from harness.mutate.record import CASES, FIGURES, to_plain, weaker  # noqa: E402
from harness.run import run_campaign  # noqa: E402
from mock_dmp import pki  # noqa: E402
from mock_dmp.server import MockServer  # noqa: E402
from protocol.datafolders import folder  # noqa: E402


def main(arguments: list[str]) -> int:
    with tempfile.TemporaryDirectory(prefix="dmpcompat-") as name:
        scratch = Path(name)
        pki.init(scratch / "pki")
        with MockServer(pki_folder=scratch / "pki", data_dir=scratch / "data") as mock:
            run_campaign(
                folder("test_plans") / "campagne-demo.yaml",
                out=scratch / "out",
                target=mock.url,
                pki=scratch / "pki",
                only=CASES,
                seed=1,
            )
        root = scratch / "out" / "preuves"
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
