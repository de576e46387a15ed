"""Rules on what must not be sent while a software is watched (A-NOCALL). A plan says what is forbidden, and how long.

Silence proves something of a software that is known to talk: when it sent nothing in the whole session, the rules say
that they looked at nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from harness.checks.judged import Judged
from harness.checks.rule import Finding, check_watch, passed, verdict
from harness.checks.watched import Watched
from protocol.errors import Text

CLAUSE = "homologation, cas d'erreur et de sécurité : la trame interdite est dite et surveillée"
SILENT = "aucune requête dans toute la session / no request in the whole session"


@check_watch(
    "WATCH-NO-CALL",
    clause="A-NOCALL : aucune trame pendant la fenêtre ; " + CLAUSE,
    title=Text(
        "Rien n'est envoyé pendant que l'on surveille", "Nothing is sent while the software is watched"
    ),
    mend=Text(
        "bloquer l'envoi tant que la condition du cas n'est pas remplie",
        "block the call as long as the condition of the case is not met",
    ),
)
def no_call(view: Watched) -> Iterator[Finding]:
    if not view.any_call:
        return
    if not view.sent:
        yield Finding("", "VACUOUS", "session:", SILENT)
        return
    for other in view.others:
        yield verdict(False, "request:", other, "∅")
    calls = [frame for frame in view.frames if view.about(frame)]
    for frame in calls:
        yield _of(frame, good=False, expected="∅")
    if not calls and not view.others:
        yield passed("session:", f"0 / {view.sent}")


@check_watch(
    "WATCH-FORBIDDEN",
    clause="A-NOCALL, pour les transactions que nomme le cas ; " + CLAUSE,
    title=Text(
        "Aucune des transactions interdites n'est envoyée pendant que l'on surveille",
        "None of the forbidden transactions is sent while the software is watched",
    ),
    mend=Text(
        "ne pas enchaîner sur cette transaction dans l'état où est le dossier",
        "do not go on to this transaction in the state that the record is in",
    ),
)
def forbidden(view: Watched) -> Iterator[Finding]:
    if view.any_call:
        return
    if not view.sent:
        yield Finding("", "VACUOUS", "session:", SILENT)
        return
    expected = f"≠ {' | '.join(view.forbid)}"
    for frame in view.frames:
        wrong = frame.transaction.id in view.forbid and view.about(frame)
        yield _of(frame, good=not wrong, expected=expected)
    if not view.frames:
        yield passed("session:", f"0 / {view.sent}")


def _of(frame: Judged, *, good: bool, expected: str) -> Finding:
    found = verdict(good, "request:", frame.transaction.id, expected)
    return replace(found, exchange=frame.exchange.id)
