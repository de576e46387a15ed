"""What a plan can be told about a step before anything runs: parameters, expressions, samples, settings, patients.

Each function adds its problems, placed; names of transactions, rules and identities are checked by the steps.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from lxml import etree

from harness.drive import registry as messages
from harness.expectations import XpathExpect
from harness.feeding import sample_path
from harness.problems import Problems
from harness.substitution import names_in
from protocol import acceptance_rules, facts
from protocol.errors import DmpcompatError, PlanError, Text
from protocol.patientrecord import patient_from
from protocol.yamlread import Where


def check_parameters(transaction: str, given: Mapping[str, Any], at: Where, problems: Problems) -> None:
    """The message must know each parameter. An unknown transaction is told elsewhere."""
    if transaction not in messages.transactions():
        return
    known = messages.parameters(transaction)
    for name in given:
        if name not in known:
            problems.unknown(
                "026",
                Text("paramètre du message", "parameter of the message"),
                (*at, "with", name),
                name,
                known,
            )


def check_xpath(path: str, at: Where, problems: Problems) -> None:
    """Syntax, prefixes and functions: what would fail for a reason that is not the answer's."""
    try:
        etree.XPath(path, namespaces=facts.NS)(etree.Element("probe"))
    except etree.XPathError as problem:
        problems.add(
            "024",
            Text("XPath illisible", "unreadable XPath"),
            at,
            found=f"{path} ({problem})",
            expected=f"XPath 1.0; {', '.join(sorted(facts.NS))}" if "prefix" in str(problem) else "XPath 1.0",
        )


def check_pattern(pattern: str, at: Where, problems: Problems) -> None:
    try:
        re.compile(pattern)
    except re.error as problem:
        problems.add(
            "025",
            Text("expression régulière illisible", "unreadable regular expression"),
            at,
            found=f"{pattern} ({problem})",
        )


def check_comparisons(items: Iterable[XpathExpect], at: Where, problems: Problems) -> None:
    """Each XPath of an expectation, with the pattern that it must match."""
    for index, item in enumerate(items):
        check_xpath(item.path, (*at, index, "path"), problems)
        if item.matches is not None:
            check_pattern(item.matches, (*at, index, "matches"), problems)


def check_sample(name: str, at: Where, problems: Problems) -> None:
    try:
        sample_path(name)
    except DmpcompatError as problem:
        problems.add("027", problem.text, at, found=name, expected="cda_samples/")


def check_setting(name: str, value: object, at: Where, problems: Problems) -> None:
    """A rule takes a severity; a switch one of its values, or the type of its default."""
    allowed: tuple[object, ...] = ()
    if name in acceptance_rules.rules():
        allowed = acceptance_rules.SEVERITIES
    elif name in acceptance_rules.switches():
        switch = acceptance_rules.switches()[name]
        allowed = switch.values
        if not allowed and type(value) is type(switch.default):
            return
    else:
        return
    if names_in([value]) or any(value == one and type(value) is type(one) for one in allowed):
        return
    listed = " | ".join(str(one).lower() if isinstance(one, bool) else str(one) for one in allowed)
    problems.add(
        "028",
        Text("valeur de réglage refusée", "setting value refused"),
        at,
        found=str(value),
        expected=listed or "type",
    )


def check_patient(record: Mapping[str, Any], at: Where, problems: Problems) -> None:
    """The record that the changes give must be one that the mock accepts."""
    if names_in([record]):
        return  # values captured while the case runs
    try:
        patient_from(record, "changes", error=PlanError)
    except PlanError as problem:
        problems.add(
            "029",
            Text(f"patient modifié : {problem.text.fr}", f"changed patient: {problem.text.en}"),
            at,
            found=problem.found,
            expected=problem.expected,
            mend=problem.mend,
        )
