"""Title and mend of a finding's rule in one language; what has no rule of its own is named here."""

from __future__ import annotations

from harness.checks import api
from harness.checks.rule import Finding
from protocol.errors import Lang, Text

#: The file itself: unreadable, or nothing that can be judged.
CHECK_FILE = "CHECK-FILE"
_FILE = Text("le fichier peut être lu et jugé", "the file can be read and judged")


def title_of(finding: Finding, lang: Lang) -> str:
    return _FILE.to(lang) if finding.rule == CHECK_FILE else api.rule(finding.rule).title.to(lang)


def mend_of(finding: Finding, lang: Lang) -> str:
    return "" if finding.rule == CHECK_FILE else api.rule(finding.rule).mend.to(lang)
