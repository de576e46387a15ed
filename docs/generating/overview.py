"""docs/transactions.md: every transaction, with what is known of it, what is inferred and what is not known.

From datasets/transactions, requirements, acceptance rules and switches, the rules of the oracle, the plan, and the
journal of the run that the pages show.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from generating.blocks import cases_of, is_access, is_address, modes, own_errors, own_requirements
from generating.exchanges import CAMPAIGN, SEED, Figures, Played
from generating.tables import CONFIDENCE, code, codes, page, section, table
from harness.checks import api as checks
from protocol import acceptance_rules, transactions
from protocol.transactions import Transaction

ANY: Final = "*"
_MTOM: Final = {"required": "MTOM", "allowed": "MTOM or plain", "never": "plain"}
_INFERRED: Final = "**Inferred (B, C).**"
_TITLE: Final = "Transactions: known, inferred, unknown"


@dataclass(frozen=True)
class Told:
    """One rule or switch, for a line of a table. `off`: how it is turned off."""

    name: str
    of: str
    says: str
    confidence: str
    off: str


def overview_page(run: Played) -> str:
    """The whole page."""
    known = list(transactions.load())
    total = sum(one.count for one in run.figures.values())
    intro = (
        f"The {len(known)} transactions of the interface, as this project holds them. Figures are those of a run of "
        f"the demonstration campaign (`{CAMPAIGN}`, `--seed {SEED}`): {run.cases} cases, {total} exchanges. "
        f"{CONFIDENCE}\n\n"
        "A rule of the mock is turned off for a session by setting it to `off`, a switch by another value "
        "([mock.md](mock.md#rules-and-switches-of-a-session)); a rule of the oracle by `severity` in a plan "
        "([campaign.md](campaign.md#a-plan)). How each transaction works is on its own page."
    )
    return page(
        _TITLE,
        intro,
        [
            section("At a glance", _glance(known, run)),
            section("Rules of any call", _any()),
            section("Rules of CDA documents", _documents()),
            *(section(_heading(one), _one(one, run.figures.get(one.id))) for one in known),
        ],
    )


def _heading(one: Transaction) -> str:
    return f"{one.id}: {one.title.en}"


def _anchor(title: str) -> str:
    return "".join(letter for letter in title.lower() if letter.isalnum() or letter in " -_").replace(
        " ", "-"
    )


def _glance(known: Iterable[Transaction], run: Played) -> str:
    head = ("Transaction", "Service", "Modes", "Confidence", "Cases", "Exchanges", "Inferred", "Unknown")
    return table(head, (_line(one, run.figures.get(one.id)) for one in known))


def _line(one: Transaction, figures: Figures | None) -> tuple[str, ...]:
    return (
        f"[{one.id}](#{_anchor(_heading(one))}) {one.title.en}",
        code(one.service) or ("address" if is_address(one) else "all"),
        ", ".join(one.auth),
        one.confidence,
        str(len(cases_of(one.id))),
        str(figures.count if figures else 0),
        str(len(inferred(one.id if not is_access(one) else ANY))),
        str(len(one.unknown)),
    )


def _any() -> str:
    mine, theirs = _mock_rules(ANY), _oracle_rules(ANY)
    known = sum(one.confidence == "A" for one in (*mine, *theirs))
    return (
        f"{len(mine)} rules of the mock and {len(theirs)} of the oracle look at every SOAP call; {known} of them are "
        "known (A). The others, and the switches of any call:\n\n" + _table(inferred(ANY))
    )


def _documents() -> str:
    rules = [_oracle(rule.id) for rule in checks.rules() if rule.side == "document"]
    lower = [rule for rule in rules if rule.confidence != "A"]
    return (
        f"{len(rules)} rules of the oracle look at each document that TD2.1, TD2.2 and TD3.2 carry; "
        f"{len(rules) - len(lower)} are known (A). The others:\n\n" + _table(lower)
    )


def _one(one: Transaction, figures: Figures | None) -> str:
    parts = [
        f"[How it works]({_page_of(one)}). Source: {one.source} ({one.confidence}).",
        table(("What", "Value"), (row for row in _rows(one, figures) if row[1])),
        f"**Known (A).** {_known(one)}",
        _inferred(one),
        _unknown(one),
    ]
    return "\n\n".join(parts)


def _page_of(one: Transaction) -> str:
    return f"transactions/{one.id}.md"


def _rows(one: Transaction, figures: Figures | None) -> list[tuple[str, str]]:
    told = own_errors(one)
    return [
        ("Standard", one.standard),
        ("Service path", code(one.service_path)),
        ("Action, request", code(one.action)),
        ("Action, answer", code(one.response_action)),
        ("Packaging", _packaging(one)),
        ("Told apart by", _discriminator(one)),
        ("Modes", modes(one)),
        ("State of the DMP", ", ".join(one.dmp_states)),
        ("Valid authorisation", "needed in normal access" if one.needs_authorisation else ""),
        ("Profiles", codes(one.profiles)),
        ("Requirements", ", ".join(own_requirements(one))),
        ("Error codes", codes(entry.code for entry in told)),
        ("Rules", _counts(one)),
        ("Cases of the plan", f"{len(cases_of(one.id))} ([list]({_page_of(one)}#cases-of-the-plan))"),
        ("Exchanges of the run", _exchanged(figures)),
    ]


def _packaging(one: Transaction) -> str:
    if one.message != "soap":
        return ""
    return f"{_MTOM[one.mtom_request]}; answer {_MTOM[one.mtom_response]}"


def _discriminator(one: Transaction) -> str:
    return f"{one.discriminator.kind}: {codes(one.discriminator.values)}" if one.discriminator else ""


def _counts(one: Transaction) -> str:
    if is_access(one):
        return "those of [any call](#rules-of-any-call)"
    own = [rule for rule in checks.rules() if one.id in rule.on]
    sides = {side: sum(rule.side in (side, "both") for rule in own) for side in ("request", "response")}
    rest = sum(rule.side not in ("request", "response", "both") for rule in own)
    documents = sum(rule.side == "document" for rule in own)
    told = [f"mock {len(_mock_rules(one.id))}", f"oracle {sides['request']} on the request"]
    told.append(f"{sides['response']} on the answer")
    told += [f"{documents} on [documents](#rules-of-cda-documents)"] if documents else []
    told += [f"{rest - documents} on the connection"] if rest - documents else []
    return ", ".join(told) + ("" if is_address(one) else "; and those of [any call](#rules-of-any-call)")


def _exchanged(figures: Figures | None) -> str:
    if figures is None:
        return "none of its own"
    statuses = ", ".join(
        f"{count} × {status or 'no answer'}" for status, count in sorted(figures.statuses.items())
    )
    return (
        f"{figures.count} in {len(figures.cases)} cases ({statuses}); "
        f"request {_sizes(figures.asked)}, answer {_sizes(figures.answered)}"
    )


def _sizes(sizes: Sequence[int]) -> str:
    least, most = min(sizes), max(sizes)
    return f"{least} to {most} bytes" if least != most else f"{least} bytes"


def _known(one: Transaction) -> str:
    about = ANY if is_access(one) else one.id
    rules = [rule.name for rule in (*_mock_rules(about), *_oracle_rules(about)) if rule.confidence == "A"]
    if is_access(one):
        return f"{len(rules)} [rules of any call](#rules-of-any-call)."
    return f"{len(rules)} rules: {codes(rules)}." if rules else "No rule of its own."


def _inferred(one: Transaction) -> str:
    if is_access(one):
        return f"{_INFERRED} [Rules of any call](#rules-of-any-call)."
    told = inferred(one.id)
    before = next((other for other in transactions.load() if told and inferred(other.id) == told), one)
    if before.id != one.id:
        return f"{_INFERRED} The same as [{before.id}](#{_anchor(_heading(before))})."
    return f"{_INFERRED}\n\n{_table(told)}" if told else f"{_INFERRED} No rule of its own."


def _unknown(one: Transaction) -> str:
    rows = ((item.what.en, item.here.en, codes(item.settings)) for item in one.unknown)
    return "**Unknown.**\n\n" + table(("What no public text tells", "What the mock does", "Set by"), rows)


@cache
def inferred(about: str) -> tuple[Told, ...]:
    """Rules and switches of a transaction (`*`: of any call) whose confidence is under A; documents' rules apart."""
    rules = (*_mock_rules(about), *_switches(about), *_oracle_rules(about))
    return tuple(rule for rule in rules if rule.confidence != "A")


def _mock_rules(about: str) -> list[Told]:
    return [
        Told(rule.id, "mock", rule.title.en, rule.confidence, _setting(rule.id, rule.default))
        for rule in acceptance_rules.rules().values()
        if about in rule.transactions
    ]


def _setting(name: str, default: str) -> str:
    return f"`{name}`: `off`" if default != "off" else "off already"


def _switches(about: str) -> list[Told]:
    return [
        Told(one.name, "mock, switch", one.title.en, one.confidence, f"`{one.name}`: {_values(one)}")
        for one in acceptance_rules.switches().values()
        if about in one.transactions
    ]


def _values(one: acceptance_rules.Switch) -> str:
    """The values but the default."""
    if isinstance(one.default, bool):
        return code(str(not one.default).lower())
    others = [value for value in one.values if value != one.default]
    return codes(others) or ("another number" if isinstance(one.default, int) else "another text")


def _oracle_rules(about: str) -> list[Told]:
    return [_oracle(rule.id) for rule in checks.rules() if about in rule.on and rule.side != "document"]


def _oracle(rule_id: str) -> Told:
    rule = checks.rule(rule_id)
    side = {"both": "request and answer", "response": "answer"}.get(rule.side, rule.side)
    off = "`severity` of the plan" if rule.default != "off" else "off already"
    return Told(rule.id, f"oracle, {side}", rule.title.en, rule.confidence, off)


def _table(told: Iterable[Told]) -> str:
    head = ("Rule", "Of", "Says", "Confidence", "Turned off by")
    return table(head, ((code(one.name), one.of, one.says, one.confidence, one.off) for one in told))
