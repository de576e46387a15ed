"""The marked blocks of hand-written pages: what the data and the plan say of a transaction, or of a function.

A page of docs/functions says in a comment what it is about: `<!-- function: TD1.3a TD1.3b; CT-1.3-* -->`, its
transactions, then patterns of case codes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cache
from typing import Final

from generating.tables import code, codes, table
from harness.checks import api as checks
from harness.plan import PLAN_SCHEMA, Case, load_plan
from protocol import catalogue, transactions
from protocol.datafolders import folder
from protocol.requirements import requirements
from protocol.transactions import Transaction
from protocol.yamlread import read_yaml

SIDES: Final = {"L": "LPS", "D": "platform"}
TYPES: Final = {"N": "nominal", "E": "error", "L": "limit", "S": "security"}
_MODES: Final = {"normal": "normal", "bris_de_glace": "*bris de glace*", "centre_15": "régulation"}
_PROOFS: Final = {"yes": "frames", "partly": "frames, in part", "no": "not by frames"}

#: Codes that bear the number of a transaction.
_NUMBERED: Final = re.compile(r"CT-[0-9]")
_BLOCK: Final = re.compile(r"<!-- generated: (\w+) -->\n.*?<!-- end -->", re.DOTALL)
_FUNCTION: Final = re.compile(r"^<!-- function: ([\w. ]+); ([\w.*? -]+) -->$", re.MULTILINE)


@cache
def cases() -> tuple[Case, ...]:
    """Cases of the plans that the product ships."""
    paths = sorted(folder("test_plans").rglob("*.yaml"))
    plans = [path for path in paths if (read_yaml(path).data or {}).get("schema") == PLAN_SCHEMA]
    return tuple(case for path in plans for case in load_plan(path).plan.cases)


def filled(text: str, transaction: str) -> str:
    """The page of a transaction with its blocks written anew. Raises KeyError for a block that is not known."""
    return written(
        text,
        {
            "errors": lambda: _errors(transaction),
            "checks": lambda: _checks(transaction),
            "cases": lambda: case_table(cases_of(transaction)),
        },
    )


def filled_function(text: str) -> str:
    """The page of a function with its blocks written anew. Raises KeyError for a block that is not known."""
    about, patterns = function_of(text)
    return written(
        text,
        {
            "facts": lambda: _facts(about),
            "requirements": lambda: _requirements(about),
            "refusals": lambda: _refusals(about),
            "cases": lambda: case_table(matching(patterns), brief=True),
        },
    )


def written(text: str, known: Mapping[str, Callable[[], str]]) -> str:
    """The text with each `<!-- generated: NAME -->` block made anew."""
    return _BLOCK.sub(lambda one: f"<!-- generated: {one[1]} -->\n{known[one[1]]()}\n<!-- end -->", text)


def function_of(text: str) -> tuple[tuple[Transaction, ...], tuple[str, ...]]:
    """Transactions and patterns of cases of the page of a function. Raises ValueError when it tells none."""
    found = _FUNCTION.search(text)
    if found is None:
        raise ValueError("no comment <!-- function: TDx; CT-x-* -->")
    known = transactions.load()
    return tuple(known.by_id(one) for one in found[1].split()), tuple(found[2].split())


def matching(patterns: Sequence[str]) -> tuple[Case, ...]:
    return tuple(case for case in cases() if any(fnmatchcase(case.code, one) for one in patterns))


def cases_of(transaction: str) -> tuple[Case, ...]:
    """Cases that send the transaction; for the access itself, those that are about no other one."""
    found = tuple(case for case in cases() if transaction in case.filters.transactions)
    if not is_access(transactions.load().by_id(transaction)):
        return found
    own = f"CT-{transaction[2:]}-"
    return tuple(case for case in found if case.code.startswith(own) or not _NUMBERED.match(case.code))


def case_table(shown: Iterable[Case], *, brief: bool = False) -> str:
    if brief:
        rows = ((code(case.code), TYPES[case.type], SIDES[case.side], case.title.en) for case in shown)
        return table(("Case", "Type", "Under test", "Title"), rows)
    full = (
        (code(case.code), case.official, TYPES[case.type], SIDES[case.side], case.title.en) for case in shown
    )
    return table(("Case", "Official", "Type", "Under test", "Title"), full)


def is_address(one: Transaction) -> bool:
    """A transaction that is an address opened in a browser."""
    return one.message == "url"


def is_access(one: Transaction) -> bool:
    """A transaction without a message of its own travels with all the others."""
    return one.message == "none"


def modes(one: Transaction) -> str:
    """Authentication modes, then access modes."""
    return f"{', '.join(one.auth)}; {', '.join(_MODES[mode] for mode in one.access)}"


def own_errors(one: Transaction) -> list[catalogue.ErrorEntry]:
    """Its own codes; for the access and for addresses, all of them."""
    known = [catalogue.error(name) for name in one.error_codes]
    return [entry for entry in known if not entry.common or is_address(one) or is_access(one)]


def own_requirements(one: Transaction) -> list[str]:
    """Those that not every transaction has."""
    return [name for name in one.requirements if not requirements()[name].common]


def _errors(transaction: str) -> str:
    one = transactions.load().by_id(transaction)
    if is_access(one):
        return f"Any call may meet {codes(entry.code for entry in own_errors(one) if entry.common)}."
    # the errors of any call are told by faults: an address has none, its page tells them
    told = table(("Code", "Says"), ((code(entry.code), entry.text.en) for entry in own_errors(one)))
    return told if is_address(one) else f"{told}\n\nAnd those of any call: [TD0.1](TD0.1.md#errors)."


def _checks(transaction: str) -> str:
    common = [rule for rule in checks.rules() if "*" in rule.on]
    one = transactions.load().by_id(transaction)
    if is_access(one):
        return f"{len(common)} rules look at every call: {codes(rule.id for rule in common)}."
    own = [rule for rule in checks.rules() if transaction in rule.on and rule.side != "document"]
    documents = sum(transaction in rule.on and rule.side == "document" for rule in checks.rules())
    told = f"{len(own)} rules of its own: {codes(rule.id for rule in own)}."
    if documents:
        told += f"\n\n{documents} rules look at each CDA document that it carries (`CDA-…`)."
    if is_address(one):
        return told + "\n\nNo SOAP, no VIHF: the rules of any call do not look at it."
    return told + f"\n\nAnd the {len(common)} rules of any call: [TD0.1](TD0.1.md#what-the-oracle-checks)."


def _facts(about: Sequence[Transaction]) -> str:
    """What they have in common once, what differs transaction by transaction."""
    lines = [_lines(one) for one in about]
    rows = ((name, _together(about, [line[name] for line in lines])) for name in lines[0] if lines[0][name])
    return table(("What", "Value"), rows)


def _lines(one: Transaction) -> dict[str, str]:
    return {
        "Transaction": f"[{one.id}](../transactions/{one.id}.md) {one.title.en}",
        "Standard": one.standard,
        "Service": code(one.service_path),
        "Action": code(one.action),
        "Modes": modes(one),
        "State of the DMP": ", ".join(one.dmp_states) or "no DMP is named",
        "Valid authorisation": _authorisation(one),
        "Profiles": codes(one.profiles),
    }


def _authorisation(one: Transaction) -> str:
    if is_address(one):
        return "the page asks for it"
    return "needed in normal access" if one.needs_authorisation else "not needed"


def _together(about: Sequence[Transaction], values: Sequence[str]) -> str:
    if len(set(values)) == 1:
        return values[0]
    named = (
        value if one.id in value else f"{one.id}: {value}" for one, value in zip(about, values, strict=True)
    )
    return "<br>".join(named)


def _requirements(about: Sequence[Transaction]) -> str:
    names = dict.fromkeys(name for one in about for name in own_requirements(one))
    rows = ((name, requirements()[name].text.en, _PROOFS[requirements()[name].wire]) for name in names)
    return table(("Requirement", "Asks, in our words", "Judged by"), rows)


def _refusals(about: Sequence[Transaction]) -> str:
    entries = {entry.code: entry for one in about for entry in own_errors(one) if entry.code != "DMPOk"}
    if not entries:
        return "None of its own."
    return table(("Code", "Says"), ((code(entry.code), entry.text.en) for entry in entries.values()))
