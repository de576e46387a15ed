"""The verdict of each layer on one file: our own rules, then each official layer of the pack, never mixed.

Says nothing where no pack was asked. A layer whose rules all looked at nothing is VACUOUS; one that the pack lacks,
or that does not bear on the document, is NOT_RUN: neither is a pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Literal

from harness.checks.cda_official import NOTHING_FIRED
from harness.checks.rule import Finding, Status

LayerVerdict = Literal["PASS", "WARN", "FAIL", "ERROR", "VACUOUS", "NOT_RUN"]
NATIVE: Final = "native"
#: Official layers by the rule that carries their verdict, in the order they are shown.
OFFICIAL: Final[Mapping[str, str]] = {
    "CDA-XSD": "XSD",
    "CDA-SM": "SM",
    "CDA-IHE": "IHE",
    "CDA-XDS-SD": "XDS-SD",
    "CDA-MDC": "MDC",
    "CDA-ANS": "ANS",
    "CDA-TERM": "TERM",
    "CDA-VOLET": "VOLET",
}


#: A layer of older kits only: that it isn't there is no news.
_RARE: Final = "XDS-SD"


def layers_of(findings: Iterable[Finding]) -> dict[str, LayerVerdict]:
    """Verdict by layer; empty when no pack had its say. Severities are applied already."""
    seen: dict[str, list[Finding]] = {NATIVE: []}
    for finding in findings:
        seen.setdefault(OFFICIAL.get(finding.rule, NATIVE), []).append(finding)
    # Without a pack, an official rule has nothing to say of why it looked at nothing.
    if not any(
        one.found or one.status != "VACUOUS" for name in OFFICIAL.values() for one in seen.get(name, ())
    ):
        return {}
    verdicts = {name: _verdict(seen[name]) for name in (NATIVE, *OFFICIAL.values()) if name in seen}
    if verdicts.get(_RARE) == "NOT_RUN":
        del verdicts[_RARE]
    return verdicts


def _verdict(findings: list[Finding]) -> LayerVerdict:
    statuses: set[Status] = {finding.status for finding in findings}
    for status in ("ERROR", "FAIL", "WARN", "PASS"):
        if status in statuses:
            return status
    if "INFO" in statuses:
        return "PASS"
    return "VACUOUS" if any(one.found in ("", NOTHING_FIRED) for one in findings) else "NOT_RUN"
