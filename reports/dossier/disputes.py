"""Settling a dispute: a rule changes and the register says which rules now hold, or the refusal is logged there.

The finding that is disputed is named by case, rule and digest of the exchange: anyone can judge the same bytes again.
"""

from __future__ import annotations

import re
from typing import Any, Final

from protocol.errors import EvidenceError, Text, UsageError
from reports.dossier.book import Dossier
from reports.dossier.view import View
from reports.register.opening import Office
from reports.register.store import Draft

_SHA256: Final = re.compile(r"[0-9a-f]{64}")


def settle(office: Office, dossier: Dossier, identifier: str, outcome: str, rules: str, reason: str) -> View:
    """Settle one dispute. `outcome`: rule-changed (`rules`: digest of the new bundle) or refused.

    Raises EvidenceError when there is no such dispute, UsageError when a changed rule has no digest.
    """
    now = dossier.read()
    if identifier not in now.disputes:
        raise EvidenceError(
            "DOSSIER-080",
            Text("pas de contestation de ce nom", "no dispute of that name"),
            found=identifier,
            expected=" ".join(now.disputes),
        )
    if (outcome == "rule-changed") != bool(_SHA256.fullmatch(rules)):
        raise UsageError(
            "DOSSIER-081",
            Text(
                "l'empreinte des règles va avec un changement de règle",
                "the digest of rules goes with a rule change",
            ),
            field="--rules",
            found=rules,
            expected="sha256",
        )
    told = {name: now.disputes[identifier].facts[name] for name in ("case", "rule", "exchange")}
    drafts = []
    if outcome == "rule-changed":
        facts: dict[str, Any] = {"digest": rules, "version": told["rule"]}
        drafts.append(Draft("RULES", "", office.seal.keyid, reason, facts))
    if now.registered:
        facts = {"finding": f"{told['case']} {told['rule']}", "outcome": outcome}
        drafts.append(Draft("DISPUTE", now.reference, office.seal.keyid, reason, facts))
    office.register.append(drafts)
    return dossier.add("RESOLVE", office.seal, reason, {"id": identifier, "outcome": outcome, "rules": rules})
