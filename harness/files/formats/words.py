"""Title and mend of a finding's rule in one language; what has no rule of its own is named here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from harness.checks import api
from harness.checks.rule import Finding
from harness.files.archives import CHECK_ARCHIVE, CHECK_FILE, CHECK_XDM
from harness.files.layers import LayerVerdict
from harness.files.record import Outcome
from protocol.errors import Lang, Text

#: Findings about what carries the documents: no rule of the oracle looks at it.
CARRIERS: Final[Mapping[str, Text]] = {
    CHECK_FILE: Text("le fichier peut être lu et jugé", "the file can be read and judged"),
    CHECK_ARCHIVE: Text(
        "l'archive se lit sans danger ni ambiguïté", "the archive reads without danger nor ambiguity"
    ),
    CHECK_XDM: Text(
        "les documents de la remise XDM sont ceux que ses métadonnées annoncent",
        "the documents of the XDM delivery are those that its metadata announce",
    ),
}
VERDICTS: Final[Mapping[Outcome, Text]] = {
    "PASS": Text("conforme", "conform"),
    "WARN": Text("conforme, avec des avertissements", "conform, with warnings"),
    "FAIL": Text("non conforme", "not conform"),
    "INCONCLUSIVE": Text("rien à juger", "nothing to judge"),
    "ERROR": Text("erreur de l'outil", "error of the tool"),
    "SKIPPED": Text("ignoré", "skipped"),
}
#: Verdicts of one layer.
LAYERS: Final[Mapping[LayerVerdict, Text]] = {
    "PASS": VERDICTS["PASS"],
    "WARN": VERDICTS["WARN"],
    "FAIL": VERDICTS["FAIL"],
    "ERROR": VERDICTS["ERROR"],
    "VACUOUS": Text("n'a rien regardé", "looked at nothing"),
    "NOT_RUN": Text("sans objet ou absente du paquet", "not for it, or not in the pack"),
}


def title_of(finding: Finding, lang: Lang) -> str:
    return title(finding.rule, lang)


def title(rule: str, lang: Lang) -> str:
    """The title of a rule by its id."""
    return CARRIERS[rule].to(lang) if rule in CARRIERS else api.rule(rule).title.to(lang)


def mend_of(finding: Finding, lang: Lang) -> str:
    return "" if finding.rule in CARRIERS else api.rule(finding.rule).mend.to(lang)
