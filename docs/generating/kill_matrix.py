"""The page of the proof by mutation, from what was recorded (datasets/mutation)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from generating.tables import code, codes, page, section, table
from harness.checks import api as checks
from harness.mutate.record import figures, record
from harness.mutate.registry import mutators
from mock_dmp import defects


def kill_page() -> str:
    """Figures, survivors and reasons, kill rate by rule and by requirement, mutators, defects of the mock."""
    told = figures()
    return page(
        "Proof of the rules: mutation",
        _intro(told),
        [
            section("Survivors", _survivors()),
            section("By requirement", _rates(told["requirements"], "Requirement")),
            section("By rule", _rates(told["rules"], "Rule", told["killers"])),
            section("Rules that no mutator aims at", _unaimed(told)),
            section("Mutators", _mutators()),
            section("Deliberate defects of the mock", _defects()),
        ],
    )


def _intro(told: Mapping[str, Any]) -> str:
    killed, mutants, aimed = told["killed"], told["mutants"], told["killed_by_target"]
    return (
        "A mutator takes a good document, a good frame or a whole run, breaks one thing in it and says which rules "
        "must see it; or lets a request follow a fault of the platform that nothing may follow. Documents are our "
        "samples, and these with a part that they do without; changes of one field each are data "
        "([fields.md](../fields.md)). Nothing is signed again: that a signature no longer holds kills no mutant, "
        "unless this is what the mutator breaks. A mutant is killed when a rule says FAIL, WARN or AMBIGUOUS that it "
        "did not say of the original.\n\n"
        f"**{told['mutators']} mutators, {killed} of {mutants} mutants killed ({_percent(killed, mutants)}), {aimed} "
        f"by a rule that the mutator aims at ({_percent(aimed, mutants)}).** {told['harmless']} of the mutators change "
        "nothing that matters (order of attributes, line ends, encoding, case of headers…): "
        f"{len(told['false_alarms'])} of them made a rule speak.\n\n"
        "`dmpcompat matrix --kill` measures it again, on a fresh run or on the evidence that it is given; a test fails "
        f"under {record().level} % ({record().target_level} % by a rule aimed at), when a rule kills a smaller part of "
        "its mutants than is recorded here, or when a mutant survives that is not listed. `python -m bench.kill` "
        "records."
    )


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "–"


def _survivors() -> str:
    known = record()
    rows = [(code(name), why.en) for name, why in sorted(known.survivors.items())]
    idle = [(code(name), f"no specimen: {why.en}") for name, why in sorted(known.idle.items())]
    return table(("Mutator", "Why"), [*rows, *idle])


def _rates(rates: Mapping[str, Sequence[int]], head: str, killers: Mapping[str, int] | None = None) -> str:
    rows = []
    for name, (killed, mutants) in rates.items():
        row = [code(name), str(mutants), str(killed), _percent(killed, mutants)]
        rows.append(row if killers is None else [*row, str(killers.get(name, 0))])
    columns = (head, "Mutants aimed at it", "Killed by it", "Rate")
    return table(columns if killers is None else (*columns, "All its kills"), rows)


def _unaimed(told: Mapping[str, Any]) -> str:
    rows = []
    for rule in checks.rules():
        if rule.id not in told["rules"]:
            kills = told["killers"].get(rule.id, 0)
            rows.append((code(rule.id), str(kills), record().why_unaimed(rule.id).en))
    return (
        "No change of a document, of a frame or of a run can make these speak, for the reason given; each is broken by "
        "a test of its own (tests/harness/checks). A rule that is neither here nor above fails a test.\n\n"
        + table(("Rule", "Kills", "Why, and what proves it"), rows)
    )


def _mutators() -> str:
    return table(
        ("Mutator", "Over", "On", "Must be seen by"),
        (
            (code(one.name), one.over, ", ".join(one.on) or "any", codes(one.breaks) or "nothing: harmless")
            for one in mutators()
        ),
    )


def _defects() -> str:
    rows = ((code(one.name), codes(one.caught_by)) for one in defects.defects().values())
    return (
        f"The {len(defects.defects())} deliberate defects of the mock are the mutants of the other side: "
        "tests/test_defects.py arms each in a case of the plan that passes, and asks that the case fails by the rule "
        "named here. None is left out.\n\n" + table(("Defect", "Caught by"), rows)
    )
