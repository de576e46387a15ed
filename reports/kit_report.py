"""What `dmpcompat pack verify` shows: the state of the layers, then the defects of the kit, the gravest first.

Renderings only, for a terminal and as plain JSON values; harness.packs.verify decides.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from protocol.errors import Lang, Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.packs.cross import Comparison
    from harness.packs.defects import KitDefect
    from harness.packs.verify import KitReport, LayerState

#: Places shown for one code in a terminal; JSON has them all.
_SHOWN: Final = 15
_LEVELS: Final = {
    "blocks": Text("BLOQUE : une couche ne peut pas être jouée", "BLOCKS: a layer can't run"),
    "silences": Text("TAIT : quelque chose n'est jamais vérifié", "SILENCES: something is never checked"),
    "note": Text("À SAVOIR : les verdicts tiennent", "NOTE: verdicts hold"),
}
_STATES: Final = {
    "ready": Text("prête", "ready"),
    "broken": Text("EN PANNE", "BROKEN"),
    "absent": Text("ABSENTE", "ABSENT"),
}
_OUTCOMES: Final = {
    0: Text("kit sain", "sound kit"),
    1: Text("kit à corriger : tout ne peut pas être joué", "kit to mend: not everything can run"),
    2: Text("kit utilisable, mais tout n'est pas vérifié", "usable kit, but not everything is checked"),
}


def text(report: KitReport, lang: Lang, crossed: Comparison | None = None) -> str:
    """Lines for a terminal, ending with a new line."""
    lines = [*_head(report, lang), ""]
    for level, defects in groupby(report.defects, key=lambda one: one.level):
        lines.append(_LEVELS[level].to(lang))
        for _, same in groupby(defects, key=lambda one: one.code):
            lines += _same(list(same), lang)
        lines.append("")
    lines += _crossed(crossed, lang) if crossed else []
    counts = report.counts
    lines.append(
        f"{_OUTCOMES[exit_code(report, crossed)].to(lang)} — "
        + Text(
            f"{counts['blocks']} blocage(s), {counts['silences']} silence(s), {counts['note']} remarque(s)",
            f"{counts['blocks']} blocking, {counts['silences']} silencing, {counts['note']} note(s)",
        ).to(lang)
    )
    return "\n".join(lines) + "\n"


def plain(report: KitReport, lang: Lang, crossed: Comparison | None = None) -> dict[str, Any]:
    """The whole report as plain JSON values."""
    return {
        "pack": {**vars(report.pack), "version": report.version},
        "exit_code": exit_code(report, crossed),
        "counts": dict(report.counts),
        "layers": [_layer(layer, lang) for layer in report.layers],
        "value_sets": report.value_sets,
        "terminologies": list(report.terminologies),
        "defects": [_defect(defect, lang) for defect in report.defects],
        "cross": crossed.plain() if crossed else None,
    }


def exit_code(report: KitReport, crossed: Comparison | None = None) -> int:
    """The worse of the kit's and of the comparison's: 0, 2 something left unchecked, 1."""
    codes = (report.exit_code, crossed.exit_code if crossed else 0)
    return 1 if 1 in codes else max(codes)


def _head(report: KitReport, lang: Lang) -> Iterator[str]:
    version = f", version {report.version}" if report.version else ""
    files = Text("fichiers", "files").to(lang)
    yield f"pack {report.pack.label} : {report.pack.files} {files}{version}, sha256:{report.pack.digest}"
    generic = [layer for layer in report.layers if not layer.volet]
    volets = [layer for layer in report.layers if layer.volet]
    states = ", ".join(f"{layer.layer} {_STATES[layer.state].to(lang)}" for layer in generic)
    yield f"{Text('couches', 'layers').to(lang)} : {states}"
    ready = sum(layer.state == "ready" for layer in volets)
    yield f"volets : {ready} / {len(volets)} {Text('prêts', 'ready').to(lang)}"
    sets, terms = Text("jeux de valeurs", "value sets"), Text("terminologies", "terminologies")
    yield f"{sets.to(lang)} : {report.value_sets} ; {terms.to(lang)} : {len(report.terminologies)}"
    for layer in report.layers:
        if layer.state == "broken":
            yield f"  {layer.layer} : {layer.why.to(lang)}"


def _same(defects: list[KitDefect], lang: Lang) -> Iterator[str]:
    kind = defects[0].kind
    yield f"  {kind.code} {kind.title.to(lang)} ({len(defects)})"
    yield f"    {Text('effet', 'effect').to(lang)} : {kind.effect.to(lang)}"
    yield f"    {Text('remède', 'mend').to(lang)} : {kind.mend.to(lang)}"
    for one in defects[:_SHOWN]:
        said = " — ".join(filter(None, (one.found[:160], one.detail.to(lang))))
        touched = _touched(one.touches)
        yield f"    - {one.where}{' : ' + said if said else ''}{touched}"
    if len(defects) > _SHOWN:
        yield f"    … +{len(defects) - _SHOWN} (--json)"


def _touched(touches: tuple[str, ...]) -> str:
    names = [name.rpartition("/")[2] for name in touches[:3]]
    more = f" +{len(touches) - 3}" if len(touches) > 3 else ""
    return f" [{', '.join(names)}{more}]" if names else ""


def _layer(layer: LayerState, lang: Lang) -> dict[str, str]:
    return {
        "layer": layer.layer,
        "schematron": layer.schematron,
        "state": layer.state,
        "template": layer.template,
        "why": layer.why.to(lang),
    }


def _defect(defect: KitDefect, lang: Lang) -> dict[str, Any]:
    return {
        "code": defect.code,
        "level": defect.level,
        "title": defect.kind.title.to(lang),
        "path": defect.path,
        "line": defect.line,
        "found": defect.found,
        "detail": defect.detail.to(lang),
        "effect": defect.kind.effect.to(lang),
        "mend": defect.kind.mend.to(lang),
        "touches": list(defect.touches),
    }


def _crossed(crossed: Comparison, lang: Lang) -> Iterator[str]:
    yield Text(
        f"Comparaison des deux moteurs : {crossed.documents} document(s), {crossed.runs} passage(s), "
        f"{len(crossed.differences)} différence(s)",
        f"Comparison of the two engines: {crossed.documents} document(s), {crossed.runs} run(s), "
        f"{len(crossed.differences)} difference(s)",
    ).to(lang)
    ratio = crossed.saxon_seconds / crossed.direct_seconds if crossed.direct_seconds else 0.0
    yield Text(
        f"  {crossed.fired} règles jouées, {crossed.failures} échec(s), {crossed.not_run} non joué(s) ; "
        f"moteur direct {crossed.direct_seconds:.1f} s, Saxon {crossed.saxon_seconds:.1f} s (× {ratio:.0f})",
        f"  {crossed.fired} rules fired, {crossed.failures} failure(s), {crossed.not_run} not run; "
        f"direct engine {crossed.direct_seconds:.1f} s, Saxon {crossed.saxon_seconds:.1f} s (× {ratio:.0f})",
    ).to(lang)
    for one in crossed.differences[:_SHOWN]:
        yield f"  {one.kind} {one.document} [{one.schematron.rpartition('/')[2]}]"
        yield f"    direct : {one.direct[:200]}"
        yield f"    saxon : {one.saxon[:200]}"
    if len(crossed.differences) > _SHOWN:
        yield f"  … +{len(crossed.differences) - _SHOWN} (--json)"
    yield from (
        f"  {Text('non comparé', 'not compared').to(lang)} : {one}" for one in crossed.left_out[:_SHOWN]
    )
    yield ""
