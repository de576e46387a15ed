"""For a reader: one self-contained page with charts, no script, nothing fetched. Values pass through escaping.

It shows the counts of any number of files, and the first MAX_FILES of those that have faults; the other formats list
them all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from harness.files.formats.words import LAYERS, VERDICTS, mend_of, title, title_of
from harness.files.layers import NATIVE, OFFICIAL, LayerVerdict
from harness.files.record import Outcome, Verdict
from harness.files.summary import ORDER, Group, largest
from harness.files.tree import CheckRun
from protocol.errors import Lang, Text

MAX_FILES: Final = 500
_LARGEST: Final = 25
_WIDTH: Final = 1000
_COLOURS: Final[Mapping[Outcome, str]] = {
    "PASS": "#1a7f4b",
    "WARN": "#8f5500",
    "FAIL": "#b3261e",
    "INCONCLUSIVE": "#2f3b4a",
    "ERROR": "#6d3fb5",
}
_LAYER_COLOURS: Final[Mapping[LayerVerdict, str]] = {
    "PASS": _COLOURS["PASS"],
    "WARN": _COLOURS["WARN"],
    "FAIL": _COLOURS["FAIL"],
    "ERROR": _COLOURS["ERROR"],
    "VACUOUS": _COLOURS["INCONCLUSIVE"],
    "NOT_RUN": "#5b6470",
}
_WORDS: Final[Mapping[str, Text]] = {
    "title": Text("Contrôle de documents", "Check of documents"),
    "files": Text("fichiers jugés", "files judged"),
    "skipped": Text("ignorés", "skipped"),
    "rules": Text("Règles", "Rules"),
    "layers": Text("Couches", "Layers"),
    "layer": Text("Couche", "Layer"),
    "types": Text("Types de documents", "Types of documents"),
    "templates": Text("Volets déclarés", "Templates claimed"),
    "producers": Text("Producteurs (conservateur)", "Producers (custodian)"),
    "softwares": Text("Logiciels (auteur)", "Software (author)"),
    "faults": Text("Fichiers à voir", "Files to look at"),
    "nothing": Text("Rien à signaler.", "Nothing to tell."),
    "more": Text("autres fichiers : voir le format ndjson", "more files: see the ndjson format"),
    "more_groups": Text("autres", "others"),
    "found": Text("trouvé", "found"),
    "expected": Text("attendu", "expected"),
    "bundle": Text("Règles (empreinte)", "Rules (digest)"),
    "pack": Text("Paquet officiel", "Official pack"),
    "no_pack": Text("aucun", "none"),
    "digest": Text("Empreinte des résultats", "Digest of the results"),
    "unknown": Text("(non dit)", "(not told)"),
    "note": Text(
        "Sans valeur officielle : les règles de dmpcompat, et celles du paquet s'il est nommé.",
        "No official value: the rules of dmpcompat, and those of the pack when one is named.",
    ),
}


@dataclass(frozen=True)
class _Piece:
    """A piece of a stacked bar, in units of the drawing."""

    verdict: Verdict
    count: int
    x: int
    width: int


@dataclass(frozen=True)
class _Bar:
    """One row of a chart: its name, its words, its total, its pieces, its length."""

    name: str
    label: str
    total: int
    pieces: tuple[_Piece, ...]


def render(run: CheckRun, lang: Lang) -> Iterator[str]:
    """One page, piece by piece."""
    counted = run.summary
    overall = _bar("", Group("", counted.verdicts), counted.files)  # type: ignore[arg-type]  # read only, any mapping will do
    rules = sorted(counted.rules.items(), key=lambda item: (-item[1].total, item[0]))
    most = rules[0][1].total if rules else 1
    troubled = (record for record in run.results if record.faults)
    page = _environment().get_template("check.html.j2")
    yield from page.generate(
        run=run,
        lang=lang,
        w={key: text.to(lang) for key, text in _WORDS.items()},
        verdicts={key: text.to(lang) for key, text in VERDICTS.items()},
        colours=_COLOURS,
        order=ORDER,
        overall=overall,
        rules=[
            (rule, title(rule, lang), tally, round(tally.total * _WIDTH / most))
            for rule, tally in rules[: 2 * _LARGEST]
        ],
        layers=[
            (name, counted.layers[name]) for name in (NATIVE, *OFFICIAL.values()) if name in counted.layers
        ],
        layer_words={key: text.to(lang) for key, text in LAYERS.items()},
        layer_colours=_LAYER_COLOURS,
        charts=[
            (key, _bars(groups), max(0, len(groups) - _LARGEST))
            for key, groups in (
                ("types", counted.types),
                ("templates", counted.templates),
                ("producers", counted.producers),
                ("softwares", counted.softwares),
            )
        ],
        troubled=islice(troubled, MAX_FILES),
        hidden=troubled,
        title_of=lambda finding: title_of(finding, lang),
        mend_of=lambda finding: mend_of(finding, lang),
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("harness.files.formats"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["left"] = lambda items: sum(1 for _ in items)
    return environment


def _bars(groups: Mapping[str, Group]) -> list[_Bar]:
    chosen = largest(groups, _LARGEST)
    most = chosen[0][1].total if chosen else 1
    return [_bar(name, group, most) for name, group in chosen]


def _bar(name: str, group: Group, most: int) -> _Bar:
    """A stacked bar whose whole length is that of the largest group."""
    pieces, done = [], 0
    for verdict in ORDER:
        count = group.files[verdict]
        if count:
            start, end = round(done * _WIDTH / (most or 1)), round((done + count) * _WIDTH / (most or 1))
            pieces.append(_Piece(verdict, count, start, max(2, end - start)))
            done += count
    return _Bar(name, group.label, group.total, tuple(pieces))
