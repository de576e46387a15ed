"""Specimens of the proof: our good sample documents, the same with a part they do without, and the good frames of
an evidence folder.

A frame is good when its step was judged on that side, nothing in it was altered on purpose, and its findings are none
but PASS, VACUOUS and INFO. Of frames that look alike (same transaction, same body, refused or not) few are kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from harness import evidence, rule_examples
from harness.checks.judged import Declared
from harness.mutate.specimen import Document, Frame, Run, Specimen, Struck
from harness.rejudge import declared_of
from harness.results import finding_from_plain
from protocol import transactions
from protocol.datafolders import folder

#: Of frames that look alike, how many are kept.
ALIKE: Final = 2
_GOOD: Final = frozenset({"PASS", "VACUOUS", "INFO"})
#: Transactions that have ended: a call is refused whatever it holds, so that no step judges a request right in form.
_ENDED: Final = frozenset({"TD0.0"})
#: What tells frames of one transaction apart for a mutator.
_MARKS: Final = (
    b"Fault>",
    b"RegistryErrorList",
    b"ExtrinsicObject",
    b"relatedDocument",
    b"<ClinicalDocument",
    b"Time",
)


def documents() -> tuple[Document, ...]:
    """Our sample documents that must pass."""
    place = folder("cda_samples")
    listed = yaml.safe_load((place / "index.yaml").read_text(encoding="utf-8"))["samples"]
    return tuple(
        Document(one["file"], (place / one["file"]).read_bytes())
        for one in listed
        if one["verdict"] == "PASS"
    )


def richer() -> tuple[Document, ...]:
    """Our samples with one more right part each: what a rule looks at and few documents hold."""
    found: dict[bytes, Document] = {}
    for change in rule_examples.right():
        data = rule_examples.document(change)
        found.setdefault(data, Document(f"{change.sample} + {change.rule}", data))
    return tuple(found.values())


def frames(root: Path, *, alike: int = ALIKE) -> tuple[Frame, ...]:
    """Good frames of an evidence folder. Raises EvidenceError."""
    kept: list[Frame] = []
    seen: Counter[tuple[str, ...]] = Counter()
    for frame in _good(root):
        body = frame.body
        kind = (frame.transaction.id, frame.side, *(str(mark in body) for mark in _MARKS))
        seen[kind] += 1
        if seen[kind] <= alike:
            kept.append(frame)
    return tuple(kept)


def runs(root: Path) -> tuple[Run, ...]:
    """The run of an evidence folder, both sides of each exchange of a step, the longest case first."""
    found = []
    for code, test in _tests(root):
        held = [one for step in test["steps"] for one in _sides(root, code, step)]
        if len({id(one.exchange) for one in held}) > 1:
            found.append(Run(code, tuple(held)))
    return tuple(sorted(found, key=lambda run: (-len(run.frames), run.name)))


def struck(root: Path) -> tuple[Struck, ...]:
    """Each request of the runs as one that a fault struck, and one fault of the connection that nothing followed."""
    found = []
    for run in runs(root):
        asked = [one for one in run.frames if one.side == "request"]
        found.append(Struck(f"{run.name} connection", (), (), tuple(asked)))
        found += [
            Struck(f"{one.name} struck", (one,), (), tuple(asked[place + 1 :]))
            for place, one in enumerate(asked)
        ]
    return tuple(found)


def declared(root: Path) -> Declared:
    """What the campaign of that evidence declared. Raises EvidenceError."""
    return declared_of(evidence.read_json(root / evidence.INDEX))


def specimens(root: Path, *, alike: int = ALIKE) -> tuple[Specimen, ...]:
    """All of them. Raises EvidenceError."""
    return (*documents(), *richer(), *frames(root, alike=alike), *runs(root), *struck(root))


def _tests(root: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    index = evidence.read_json(root / evidence.INDEX)
    for code in sorted(test["code"] for test in index["tests"] if test["folder"]):
        test = evidence.finished(root, code)
        if test is not None:
            yield code, test


def _sides(root: Path, code: str, step: Mapping[str, Any]) -> list[Frame]:
    resolved = step.get("resolved", {})
    if "frame" not in step or "transaction" not in resolved or resolved.get("altered") or "call" in resolved:
        return []
    exchange = evidence.frame(root, code, step["frame"])
    transaction = transactions.load().by_id(str(resolved["transaction"]))
    name = f"{code}/{step['frame']}"
    sides = [Frame(f"{name} request", exchange, transaction, "request")]
    if exchange.response is not None:
        sides.append(Frame(f"{name} response", exchange, transaction, "response"))
    return sides


def _good(root: Path) -> Iterator[Frame]:
    for code, test in _tests(root):
        stored: dict[int, set[tuple[str, str]]] = {}
        for line in evidence.read_json(root / code / "assertions.json"):
            number, finding = finding_from_plain(line)
            stored.setdefault(number, set()).add((finding.where.partition(":")[0], finding.status))
        for step in test["steps"]:
            said = stored.get(int(step["step"]), set())
            for frame in _sides(root, code, step):
                judged = frame.side in step["resolved"].get("sides", ())
                ended = frame.transaction.id in _ENDED and frame.side == "request"
                if (judged or ended) and all(status in _GOOD for side, status in said if side == frame.side):
                    yield frame
