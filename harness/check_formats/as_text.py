"""For a terminal: each file with what is wrong in it, then the count."""

from __future__ import annotations

from harness.check_formats.words import mend_of, title_of
from harness.checks.rule import Finding
from harness.judge_files import CheckRun, FileResult
from protocol.errors import Lang, Text

_VERDICTS = {
    "PASS": Text("conforme", "conform"),
    "WARN": Text("conforme, avec des avertissements", "conform, with warnings"),
    "FAIL": Text("non conforme", "not conform"),
    "INCONCLUSIVE": Text("rien à juger", "nothing to judge"),
    "ERROR": Text("erreur de l'outil", "error of the tool"),
}


def render(run: CheckRun, lang: Lang) -> str:
    """Lines of text, ending with a new line."""
    lines = [line for result in run.results for line in _file(result, lang)]
    lines += [f"{path} : {Text('ignoré', 'skipped').to(lang)}" for path in run.skipped]
    counts = ", ".join(
        f"{count} {_VERDICTS[verdict].to(lang)}" for verdict, count in sorted(run.counts.items())
    )
    files = Text("fichier(s)", "file(s)").to(lang)
    lines.append(f"{len(run.results)} {files} : {counts or _VERDICTS['INCONCLUSIVE'].to(lang)}")
    if run.pack:
        lines.append(f"{Text('paquet', 'pack').to(lang)} : {run.pack}")
    return "\n".join(lines) + "\n"


def _file(result: FileResult, lang: Lang) -> list[str]:
    lines = [f"{result.path} : {_VERDICTS[result.verdict].to(lang)}"]
    for finding in result.faults:
        lines += _fault(finding, lang)
    return lines


def _fault(finding: Finding, lang: Lang) -> list[str]:
    found, expected = Text("trouvé", "found").to(lang), Text("attendu", "expected").to(lang)
    lines = [f"  {finding.status} {finding.rule} — {title_of(finding, lang)}", f"    {finding.where}"]
    lines.append(f"    {found} : {finding.found} ; {expected} : {finding.expected}")
    mend = mend_of(finding, lang)
    return [*lines, f"    → {mend}"] if mend else lines
