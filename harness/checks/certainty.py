"""What may be concluded from a frame that is not, byte for byte, what crossed the wire.

An imported frame says so by its marks (protocol.exchange). A text log can spoil bytes, and never mends them: a rule
over bytes that passes has passed, one that fails is AMBIGUOUS, since the log may have done it. What a mark leaves
unknown is VACUOUS either way: headers that were supposed, an encoding that the log chose, an instant that nobody noted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from harness.checks.rule import Finding
from protocol.exchange import RESERIALISED, SUPPOSED, UNDATED

#: Rules and groups that look at bytes: the parts of MTOM, digests and signatures, documents out of a part.
_OVER_BYTES: Final = frozenset(
    {
        *("MTOM", "READING", "XADES", "CDA-BODY", "CDA-HEADER", "CDA-OFFICIAL", "CDA-MODEL", "COHERENCE"),
        *(
            "SOAP-READABLE",
            "SIG-DIGEST",
            "SIG-VALUE",
            "XDS-HASH",
            "XDS-SIZE",
            "RETRIEVE-CONTENT",
            "SEQ-RETRIEVED",
        ),
    }
)
#: What each mark leaves unknown.
_UNKNOWN: Final = {
    RESERIALISED: frozenset({"SOAP-UTF8"}),
    SUPPOSED: frozenset({"HTTP", "MTOM-PARAMETERS", "WSA-ACTION-PARAMETER", "WEBPS-HEADERS"}),
    UNDATED: frozenset(
        {
            *(
                "VIHF-FRESH",
                "VIHF-CONDITIONS",
                "SIG-CERTIFICATE-DATES",
                "TLS-CERTIFICATE-DATES",
                "SS-TIME-AHEAD",
            ),
        }
    ),
}


def weighed(findings: Iterable[Finding], groups: dict[str, str], marks: Iterable[str]) -> list[Finding]:
    """The findings on an exchange with these marks. `groups`: group of each rule."""
    known = [(side, mark) for side, _, mark in (told.partition(":") for told in marks)]
    return [_weighed(finding, groups.get(finding.rule, ""), known) for finding in findings]


def _weighed(finding: Finding, group: str, marks: list[tuple[str, str]]) -> Finding:
    if finding.status not in ("PASS", "FAIL"):
        return finding
    names = {finding.rule, group}
    for side, mark in marks:
        if not _about(finding, side):
            continue
        if names & _UNKNOWN.get(mark, frozenset()):
            return replace(finding, status="VACUOUS", found=mark, expected="")
        if mark == RESERIALISED and finding.status == "FAIL" and names & _OVER_BYTES:
            return replace(finding, status="AMBIGUOUS", found=f"{mark}: {finding.found}")
    return finding


def _about(finding: Finding, side: str) -> bool:
    """Whether it is of that side; a document's finding names its file, and is of either."""
    other = "response:" if side == "request" else "request:"
    return not finding.where.startswith(other)
