"""For a terminal: each file with what is wrong in it, then the counts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from harness.checks.rule import Finding
from harness.files.formats.words import VERDICTS, mend_of, title, title_of
from harness.files.record import Record
from harness.files.summary import ORDER, Group, largest
from harness.files.tree import CheckRun
from protocol.errors import Lang, Text

#: Past as many files, those that pass are counted and not listed.
_ALL: Final = 200
_LARGEST: Final = 10
#: Up to as many files, they are read one by one: counting them says nothing more.
_FEW: Final = 10


def render(run: CheckRun, lang: Lang) -> Iterator[str]:
    """Lines of text."""
    everything = run.summary.files + run.summary.skipped <= _ALL
    for record in run.results:
        if record.faults or everything:
            yield "\n".join(_file(record, lang)) + "\n"
    counted = run.summary
    if counted.files > _FEW:
        yield from _summary(run, lang)
    counts = ", ".join(
        f"{counted.verdicts[verdict]} {VERDICTS[verdict].to(lang)}"
        for verdict in reversed(ORDER)
        if counted.verdicts[verdict]
    )
    files = Text("fichier(s)", "file(s)").to(lang)
    yield f"{counted.files} {files} : {counts or VERDICTS['INCONCLUSIVE'].to(lang)}\n"
    if counted.skipped:
        yield f"{counted.skipped} {Text('fichier(s) ignoré(s)', 'file(s) skipped').to(lang)}\n"
    if run.reused:
        reused = Text("repris de l'état, non rejugé(s)", "taken from the state, not judged again").to(lang)
        yield f"{run.reused} {reused}\n"
    if run.pack:
        yield f"{Text('paquet', 'pack').to(lang)} : {run.pack}\n"
    if counted.files + counted.skipped > 1:
        yield f"{Text('empreinte des résultats', 'digest of the results').to(lang)} : {run.digest}\n"


def _file(record: Record, lang: Lang) -> list[str]:
    lines = [f"{record.path} : {VERDICTS[record.verdict].to(lang)}"]
    if record.layers:
        said = ", ".join(f"{layer} {verdict}" for layer, verdict in record.layers.items())
        lines.append(f"  {Text('couches', 'layers').to(lang)} : {said}")
    for finding in record.faults:
        lines += _fault(finding, lang)
    if record.left_out:
        lines.append(f"  … +{record.left_out}")
    return lines


def _fault(finding: Finding, lang: Lang) -> list[str]:
    found, expected = Text("trouvé", "found").to(lang), Text("attendu", "expected").to(lang)
    lines = [f"  {finding.status} {finding.rule} — {title_of(finding, lang)}", f"    {finding.where}"]
    lines.append(f"    {found} : {finding.found} ; {expected} : {finding.expected}")
    mend = mend_of(finding, lang)
    return [*lines, f"    → {mend}"] if mend else lines


def _summary(run: CheckRun, lang: Lang) -> Iterator[str]:
    counted = run.summary
    rules = sorted(counted.rules.items(), key=lambda item: (-item[1].total, item[0]))[:_LARGEST]
    if rules:
        yield f"\n{Text('Règles qui ont trouvé quelque chose', 'Rules that found something').to(lang)}\n"
    for rule, tally in rules:
        said = ", ".join(f"{count} {status}" for status, count in sorted(tally.files.items()))
        yield f"  {tally.total:7} {rule} ({said}) — {title(rule, lang)}\n"
    for words, groups in (
        (Text("Types de documents", "Types of documents"), counted.types),
        (Text("Producteurs", "Producers"), counted.producers),
    ):
        yield f"\n{words.to(lang)}\n"
        for name, group in largest(groups, _LARGEST):
            yield f"  {group.total:7} {_named(name, group)} : {_counts(group)}\n"
        if len(groups) > _LARGEST:
            yield f"          … +{len(groups) - _LARGEST}\n"
    yield "\n"


def _named(name: str, group: Group) -> str:
    return f"{name or '?'} {group.label}".strip()


def _counts(group: Group) -> str:
    return ", ".join(f"{group.files[verdict]} {verdict}" for verdict in ORDER if group.files[verdict])
