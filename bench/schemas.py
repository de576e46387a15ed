"""Our own XSD against the official ones, on the same documents and the same seeded mutants: verdicts, and cost.

`python -m bench.schemas [--each N] [--seed N] [--kind]` prints the whole table; `run` is the short one of
`python -m bench`. The official schemas are found through DMPCOMPAT_KITS and nothing is kept of them.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final

from lxml import etree

from bench.schema_mutants import HL7, mutants
from harness.checks.judged import Declared, Judged
from harness.drive.build import build
from harness.drive.client import send
from harness.drive.clock import SystemClock
from harness.drive.identity import Keyring
from harness.drive.ids import RandomIds
from harness.drive.lps import Lps
from harness.xsd.own import OwnSchemas, own_schemas
from mock_dmp import pki
from mock_dmp.server import MockServer
from protocol import safexml, transactions
from protocol.exchange import Exchange

KITS: Final = Path(os.environ.get("DMPCOMPAT_KITS", Path(__file__).resolve().parents[2] / "shared" / "kits"))
CDA: Final = "ans-cda/infrastructure/cda/CDA_extended.xsd"
SAMPLES: Final = "ans-cda/ExemplesCDA"
PDQ: Final = "hl7v3-ne2008/multicacheschemas/{}.xsd"
XDS: Final = ("ihe-xds/XDS.b_DocumentRepository.xsd", "ihe-xds/query.xsd")
#: Least share of same verdicts on the few hundred mutants that the tests draw; docs has the whole measurement.
FLOOR: Final = 0.995
_ROUNDS: Final = 5
_SEARCH: Final = {
    "family": "OPPOSANT",
    "given": "RENE",
    "birth": "19500109",
    "sex": "M",
    "access": "centre_15",
}
_SUBMISSION: Final = [{"level1": {}}, {"level1": {"media": "text/plain"}}]


@dataclass
class Agreement:
    """Verdicts side by side: mutants by (kind, official accepts, ours accepts), and the disagreements."""

    table: Counter[tuple[str, bool, bool]] = field(default_factory=Counter)
    apart: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def count(self, official: bool, ours: bool) -> int:
        """Mutants with these verdicts (True: accepted)."""
        return sum(seen for (_, one, other), seen in self.table.items() if (one, other) == (official, ours))

    @property
    def total(self) -> int:
        return self.table.total()

    @property
    def share(self) -> float:
        """Of the mutants, how many got the same verdict twice; 1 for none."""
        same = self.count(True, True) + self.count(False, False)
        return same / self.total if self.total else 1.0

    def lines(self, *, kinds: bool = False) -> list[str]:
        """The table, as a reader wants it."""
        found = [
            f"{self.total} mutants, same verdict on {self.share:.4%}: both refuse {self.count(False, False)}, both "
            f"accept {self.count(True, True)}, ours alone refuses {self.count(True, False)}, the official one alone "
            f"{self.count(False, True)}; good ones refused by ours: {len(self.refused)}"
        ]
        for kind in sorted({kind for kind, _, _ in self.table}) if kinds else []:
            row = [self.table[kind, one, other] for one, other in _VERDICTS]
            found.append(
                f"  {kind:20} both refuse {row[0]:5}, both accept {row[1]:5}, ours {row[2]}, theirs {row[3]}"
            )
        return found + [f"  {said}" for said in [*self.refused, *self.apart]]


_VERDICTS: Final = ((False, False), (True, True), (True, False), (False, True))


def compare(
    official: Callable[[etree._Element], bool],
    ours: Callable[[etree._Element], bool],
    roots: Iterable[tuple[str, etree._Element]],
    each: int,
    seed: int,
) -> Agreement:
    """Both verdicts on good documents, then on `each` mutants of each."""
    found = Agreement()
    for rank, (name, root) in enumerate(roots):
        if official(root) and not ours(root):
            found.refused.append(f"{name}: good, and refused by ours")
        for mutant in mutants(root, each, seed * 10_000 + rank):
            verdicts = official(mutant.root), ours(mutant.root)
            found.table[(mutant.kind, *verdicts)] += 1
            if verdicts[0] != verdicts[1]:
                who = "ours alone" if verdicts[0] else "official alone"
                found.apart.append(f"{who}: {mutant.kind} at {mutant.place} of {name}")
    return found


def documents(most: int = 0) -> Iterator[tuple[str, etree._Element]]:
    """Official samples, from the smallest; `most`: bytes above which they are left out (0: none is)."""
    paths = sorted((KITS / SAMPLES).glob("*.xml"), key=lambda path: (path.stat().st_size, path.name))
    for path in paths:
        if not most or path.stat().st_size <= most:
            yield path.name, safexml.parse(path.read_bytes(), huge=True)


def cda_verdicts() -> tuple[Callable[[etree._Element], bool], Callable[[etree._Element], bool]]:
    """The official verdict and ours on a document, with the style sheet around it if it has one."""
    official = etree.XMLSchema(etree.parse(str(KITS / CDA)))
    schemas = own_schemas()
    return official.validate, lambda root: schemas.problems("CDA", root) == ()


def xds_verdicts() -> tuple[Callable[[etree._Element], bool], Callable[[etree._Element], bool]]:
    """The official verdict and ours on the payload of a message."""
    repository, query = (etree.XMLSchema(etree.parse(str(KITS / name))) for name in XDS)
    schemas = own_schemas()

    def official(root: etree._Element) -> bool:
        return (query if "xsd:query" in str(root.tag) else repository).validate(root)

    return official, lambda root: schemas.problems("XDS", root) == ()


def pdq_verdicts() -> tuple[Callable[[etree._Element], bool], Callable[[etree._Element], bool]]:
    """The official verdict and ours on a search by traits (TD0.5) and its answer: the only ones with official XSD."""
    names = ("PRPA_IN201305UV02", "PRPA_IN201306UV02")
    official = {
        f"{{{HL7}}}{name}": etree.XMLSchema(etree.parse(str(KITS / PDQ.format(name)))) for name in names
    }
    schemas = own_schemas()
    return (
        lambda root: root.tag in official and official[str(root.tag)].validate(root),
        lambda root: schemas.problems("HL7V3", root) == (),
    )


def messages() -> list[tuple[str, etree._Element]]:
    """Payloads of submissions, searches, retrievals and updates, and of their answers by a mock."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "pki"
        pki.init(folder)
        identity = Keyring(folder).identity("cps")
        lps = Lps("LPS-TEST", "1.0.0", "TEST-OK-1")
        with MockServer(plain_http=True) as mock:

            def call(transaction: str, **params: object) -> Exchange:
                asked = params if transaction == "TD0.5" else {"patient": "actif-autorise"} | params
                message = build(transaction, asked, identity, lps, clock=SystemClock(), ids=RandomIds())
                return send(message, mock.url, None)

            exchanges = [
                call("TD2.1", documents=_SUBMISSION),
                call("TD3.1"),
                call("TD3.1", return_type="ObjectRef"),
                call("TD3.2", unique_ids=["1.2.3.4.5", "1.2.3.4.6"]),
                call("TD0.5", **_SEARCH),
            ]
    return list(_payloads(exchanges))


def _payloads(exchanges: Sequence[Exchange]) -> Iterator[tuple[str, etree._Element]]:
    blank = next(iter(transactions.load().implemented()))
    for exchange in exchanges:
        for side in ("request", "response"):
            view = Judged(exchange, side, blank, Declared())
            if view.payload is None or "Fault" in str(view.payload.tag):
                continue
            root = etree.fromstring(etree.tostring(view.payload))
            for include in list(root.iter("{http://www.w3.org/2004/08/xop/include}Include")):
                parent = include.getparent()
                if parent is not None:
                    parent.remove(include)
            yield etree.QName(root).localname, root


def speed() -> list[str]:
    """Cost of our CDA schema to that of the official one, on the samples, in one run; and of an explanation."""
    official, ours = etree.XMLSchema(etree.parse(str(KITS / CDA))), own_schemas()
    schema = ours.schema(ours.families["CDA"].files[HL7])
    roots = [root for _, root in documents() if root.tag == f"{{{HL7}}}ClinicalDocument"]
    times: dict[str, list[float]] = {"official": [], "ours": []}
    for _ in range(_ROUNDS):
        times["official"].append(_seconds(lambda: [official.validate(root) for root in roots]))
        times["ours"].append(_seconds(lambda: [schema.validate(root) for root in roots]))
    theirs, own = (median(times[name]) for name in ("official", "ours"))
    loading = _seconds(lambda: etree.XMLSchema(etree.parse(str(KITS / CDA))))
    fresh = OwnSchemas(ours.families["CDA"].files[HL7].parents[1])
    own_loading = _seconds(lambda: fresh.schema(fresh.families["CDA"].files[HL7]))
    wrong = [mutant.root for mutant in mutants(roots[0], 60, 1)]
    wrong = [root for root in wrong if not schema.validate(root)]
    ours.problems("CDA", wrong[0])  # reads the order of children, once a process
    explained = _seconds(lambda: [ours.problems("CDA", root) for root in wrong]) / len(wrong)
    bare = _seconds(lambda: [schema.validate(root) for root in wrong]) / len(wrong)
    return [
        f"validation by ours: {own / theirs:.2f} of the official one ({1000 * own / len(roots):.2f} ms a document)",
        f"loading ours: {own_loading / loading:.2f} of the official one ({1000 * own_loading:.0f} ms here)",
        f"refusal with its reasons: {explained / bare:.2f} times the bare refusal ({1000 * explained:.2f} ms here)",
    ]


def run(each: int = 40, seed: int = 1, *, kinds: bool = False) -> list[str]:
    """The whole measurement. Says so when the official artefacts are absent."""
    if not (KITS / CDA).is_file():
        return [f"official artefacts absent: {KITS} (DMPCOMPAT_KITS)"]
    official, ours = cda_verdicts()
    plain = [pair for pair in documents(300_000) if pair[1].tag == f"{{{HL7}}}ClinicalDocument"]
    large = [pair for pair in documents() if pair[0] not in dict(plain)]
    alone = [pair for pair in large if pair[1].tag == f"{{{HL7}}}ClinicalDocument"]
    inside = [pair for pair in large if pair not in alone]
    lines = [f"CDA, {len(plain) + len(alone)} official samples"]
    lines += compare(official, ours, plain, each, seed).lines(kinds=kinds)
    lines += ["CDA, the large ones", *compare(official, ours, alone, 4, seed).lines()]
    lines += ["CDA inside a style sheet", *compare(official, ours, inside, each, seed).lines()]
    sent = messages()
    searches = [pair for pair in sent if pair[0].startswith("PRPA")]
    others = [pair for pair in sent if pair not in searches]
    lines += ["XDS.b messages", *compare(*xds_verdicts(), others, each * 4, seed).lines(kinds=kinds)]
    lines += ["HL7 v3 search", compare(*pdq_verdicts(), searches, each * 4, seed).lines()[0]]
    return [*lines, *speed()]


def _seconds(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.schemas")
    parser.add_argument("--each", type=int, default=40, help="mutants of each document")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kind", action="store_true", help="one line for each kind of mutant")
    asked = parser.parse_args(arguments)
    for line in run(asked.each, asked.seed, kinds=asked.kind):
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
