"""Entries that note what is so already: the rules that judge here, and homologations whose day has passed.

Time alone ends a homologation on its day; the entry makes it a fact of the log, and gives notice to whoever stands on
it.
"""

from __future__ import annotations

from harness.checks import api
from harness.run_facts import tool_version
from reports.register.opening import Office
from reports.register.store import Draft, Receipt


def rules(office: Office, reason: str) -> Receipt:
    """The rules installed here, by digest and version; once, as long as they stay the same."""
    told = {"digest": api.rule_bundle_digest(), "version": tool_version()}
    known = [entry for entry in office.register.entries() if entry.kind == "RULES"]
    if known and dict(known[-1].facts) == told:
        return office.register.receipt(known[-1].seq)
    return office.register.append([Draft("RULES", "", office.seal.keyid, reason, told)])[0]


def lapsed(office: Office, reason: str) -> tuple[Receipt, ...]:
    """An EXPIRE entry for each homologation that ended on its day without one."""
    noted = {entry.reference for entry in office.register.entries() if entry.kind == "EXPIRE"}
    ended = [
        one.reference
        for one in office.register.standings()
        if one.state == "EXPIRED" and one.reference not in noted
    ]
    drafts = [Draft("EXPIRE", reference, office.seal.keyid, reason) for reference in ended]
    return office.register.append(drafts) if drafts else ()
