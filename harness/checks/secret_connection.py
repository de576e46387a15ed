"""Rules of the secret connection of a minor: what may be fed in it."""

from __future__ import annotations

from collections.abc import Iterator

from harness.checks.judged import Judged
from harness.checks.rim import FEEDING, codes, documents_entries
from harness.checks.rule import Finding, check, verdict
from harness.checks.vihf_attributes import SECRET
from protocol import facts
from protocol.errors import Text

GROUP = "XDS-ENTRY"


@check(
    "DE-SECRET",
    on=FEEDING,
    side="request",
    group=GROUP,
    clause="guide d'intégration DMP (SEL-MP-037) EX_2.1-1050 : connexion secrète d'un mineur",
    title=Text(
        "En connexion secrète, chaque document déposé est invisible aux représentants légaux",
        "In a secret connection, each document fed is hidden from the legal representatives",
    ),
    mend=Text(
        "ajouter INVISIBLE_REPRESENTANTS_LEGAUX à chaque fiche",
        "add INVISIBLE_REPRESENTANTS_LEGAUX to each entry",
    ),
    requirements=("EX_0.1-1100", "EX_2.1-1050"),
)
def secret(view: Judged) -> Iterator[Finding]:
    if view.attribute_values(SECRET):
        for item in documents_entries(view):
            found = [one.code for one in codes(item, facts.DE_CONFIDENTIALITY)]
            good = facts.HIDDEN_FROM_REPRESENTATIVES in found
            where = f"{view.at(item)}/confidentialityCode"
            yield verdict(good, where, " | ".join(found), facts.HIDDEN_FROM_REPRESENTATIVES)


@check(
    "VAC-SECRET",
    on=FEEDING,
    side="request",
    group=GROUP,
    clause="guide d'intégration DMP (SEL-MP-037) EX_2.1-2005 : jamais de note de vaccination en connexion secrète",
    title=Text(
        "Une note de vaccination ne se dépose pas en connexion secrète",
        "A vaccination note isn't fed in a secret connection",
    ),
    mend=Text("déposer la note en connexion ordinaire", "feed the note in an ordinary connection"),
    requirements=("EX_2.1-2005",),
)
def vaccination(view: Judged) -> Iterator[Finding]:
    if view.attribute_values(SECRET):
        for item in documents_entries(view):
            found = [one.code for one in codes(item, facts.DE_TYPE)]
            yield verdict("87273-9" not in found, f"{view.at(item)}/typeCode", " | ".join(found), "≠ 87273-9")
