"""Which plans an authority homologates on: those that its configuration names, else those that are installed.

A vendor who runs an easier plan of its own passes it. In an office of rehearsals (`TST`) any plan does, unless the
configuration names some.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.plan import load_plan
from protocol.datafolders import folder
from protocol.errors import EvidenceError, Text
from reports.numbers import TEST_ISSUER
from reports.register.opening import Configuration


def refuse_other(configuration: Configuration, facts: Mapping[str, Any]) -> None:
    """Raises EvidenceError (DOSSIER-025) for evidence of a plan that is none of the authority's."""
    if configuration.issuer == TEST_ISSUER and not configuration.plans:
        return
    accepted = configuration.plans or _installed()
    if facts["plan"]["sha256"] not in accepted:
        raise EvidenceError(
            "DOSSIER-025",
            Text("ce plan n'est pas celui de l'autorité", "this plan is none of the authority's"),
            field="plan",
            found=f"{facts['plan']['name']} {facts['plan']['version']} {facts['plan']['sha256'][:16]}",
            expected=" ".join(one[:16] for one in sorted(accepted)),
            mend=Text(
                "rejouer le plan de l'autorité, ou nommer celui-ci dans registre.json (plans)",
                "run the authority's plan, or name this one in registre.json (plans)",
            ),
        )


def _installed() -> frozenset[str]:
    return frozenset({load_plan(folder("test_plans") / "dmp-socle.yaml").sha256})
