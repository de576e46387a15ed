"""The terminal's desk: plain lines out, answers from lines in, nothing that comes from outside commands the screen."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from harness.checks.rule import Finding
from harness.desk.terminal import Terminal
from harness.observe.operator import Answer, NearMiss, Task
from tests.harness.desk.conftest import NOW


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def desk(lang: str = "fr", typed: str = "") -> tuple[Terminal, io.StringIO, Clock]:
    out, clock = io.StringIO(), Clock()
    return Terminal("en" if lang == "en" else "fr", out=out, lines=io.StringIO(typed), now=clock), out, clock


def answers(terminal: Terminal) -> list[Answer]:
    """All that was typed, once the thread that reads has handed it over."""
    found: list[Answer] = []
    end = time.monotonic() + 5
    while terminal.unread() and time.monotonic() < end:
        if (one := terminal.answer()) is not None:
            found.append(one)
    return found


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        (
            "fr",
            ["étape 1/2", "À faire : Demandez si", "INS  280056399910181", "J'attends un message de votre"],
        ),
        ("en", ["step 1/2", "To do: Ask whether", "INS  280056399910181", "I wait for a message of your"]),
    ],
)
def test_a_task_is_told_in_plain_words(task: Callable[..., Task], lang: str, said: list[str]) -> None:
    terminal, out, _ = desk(lang)
    terminal.begin(task())
    assert [one for one in said if one not in out.getvalue()] == []
    assert "\x1b" not in out.getvalue()


def test_the_wait_is_told_at_growing_intervals(task: Callable[..., Task]) -> None:
    terminal, out, clock = desk()
    terminal.begin(task(deadline=NOW + timedelta(seconds=90)))
    assert "1:30 au plus" in out.getvalue()
    for seconds in range(0, 43, 2):
        clock.now = NOW + timedelta(seconds=seconds)
        terminal.waiting(NOW, (), False)
    lines = [
        line for line in out.getvalue().splitlines() if line.startswith("J'attends votre logiciel depuis")
    ]
    assert lines == ["J'attends votre logiciel depuis 0:10.", "J'attends votre logiciel depuis 0:30."]


def test_who_is_waited_for_is_said(task: Callable[..., Task]) -> None:
    terminal, out, clock = desk("en")
    terminal.begin(task(wants="screen"))
    clock.now = NOW + timedelta(seconds=42)
    terminal.waiting(NOW, (), False)
    assert "Waiting for you: a screen copy since 0:42." in out.getvalue()


def test_a_platform_that_goes_and_comes_back_is_told_once(task: Callable[..., Task]) -> None:
    terminal, out, _ = desk()
    terminal.begin(task())
    for down in (False, True, True, False, False):
        terminal.waiting(NOW, (), down)
    assert out.getvalue().count("ne répond plus") == 1
    assert out.getvalue().count("répond de nouveau") == 1


def test_a_near_miss_is_told_once_with_the_difference(task: Callable[..., Task], near: NearMiss) -> None:
    terminal, out, _ = desk()
    terminal.begin(task())
    terminal.waiting(NOW, (near,), False)
    terminal.waiting(NOW, (near,), False)
    assert out.getvalue().count("patient : attendu 280056399910181, reçu 175116399910283") == 1


def test_a_flood_of_messages_is_told_as_such(task: Callable[..., Task], near: NearMiss) -> None:
    terminal, out, _ = desk()
    terminal.begin(task())
    terminal.waiting(NOW, [replace(near, frame=str(rank)) for rank in range(100)], False)
    assert out.getvalue().count("patient : attendu") == 20
    assert out.getvalue().count("D'autres messages arrivent encore.") == 1


def test_findings_are_summed_up_with_their_remedy(task: Callable[..., Task], findings: list[Finding]) -> None:
    terminal, out, _ = desk()
    terminal.begin(task())
    terminal.done(task(), findings)
    said = out.getvalue()
    assert "✗ étape 1/2 — Reçu et contrôlé : 2 écart(s), 1 avertissement(s), 1 conforme(s)." in said
    assert "FAIL SOAP-SECURITY — Un seul en-tête wsse:Security" in said
    assert "remède : un VIHF, et un seul, dans wsse:Security" in said
    assert said.index("FAIL EXPECT-SUCCESS") < said.index("WARN WSA-REPLY-TO")
    assert "\\u001b[2Jabsent" in said
    assert "\x1b" not in said


def test_a_conforming_frame_is_one_line(task: Callable[..., Task]) -> None:
    terminal, out, _ = desk("en")
    terminal.done(task(), [Finding("SOAP-SECURITY", "PASS", "request:")])
    assert out.getvalue() == "✓ step 1/2 — Received and checked: 1 check(s), nothing wrong.\n"


@pytest.mark.parametrize(
    ("typed", "wants", "expected"),
    [
        ("p pas de bris de glace\n", "frame", Answer("skip", "pas de bris de glace")),
        ("skip no such thing\n", "frame", Answer("skip", "no such thing")),
        ("Impossible : sans carte\n", "frame", Answer("impossible", ": sans carte")),
        ("r\n", "frame", Answer("retry")),
        ("Arrêter\n", "frame", Answer("stop")),
        ("déclarer vu à l'écran\n", "frame", Answer("declaration", "vu à l'écran")),
        ("le nom s'affiche en gras\n", "declaration", Answer("declaration", "le nom s'affiche en gras")),
    ],
)
def test_answers_in_both_languages(
    task: Callable[..., Task], typed: str, wants: str, expected: Answer
) -> None:
    terminal, _, _ = desk(typed=typed)
    terminal.begin(task(wants=wants))
    assert answers(terminal) == [expected]


def test_what_is_no_answer_is_told_and_changes_nothing(task: Callable[..., Task]) -> None:
    terminal, out, _ = desk(typed="\nbonjour\np\n?\ne /nulle/part.png\n")
    terminal.begin(task())
    assert answers(terminal) == []
    for code in ("DESK-001", "DESK-002", "DESK-003", "passer ce cas"):
        assert code in out.getvalue()


def test_a_screen_is_attached_by_its_path(task: Callable[..., Task], tmp_path: Path, png: bytes) -> None:
    (tmp_path / "mon écran.png").write_bytes(png)
    terminal, _, _ = desk(typed=f"e '{tmp_path}/mon écran.png'\n{tmp_path}/mon écran.png\n")
    terminal.begin(task(wants="screen"))
    assert answers(terminal) == [Answer("screen", name="mon écran.png", data=png)] * 2


def test_a_text_is_no_screen(task: Callable[..., Task], tmp_path: Path) -> None:
    (tmp_path / "ecran.png").write_text("<svg/>")
    terminal, out, _ = desk(typed=f"e {tmp_path}/ecran.png\n")
    terminal.begin(task(wants="screen"))
    assert answers(terminal) == []
    assert "DESK-004" in out.getvalue()


def test_without_a_task_nothing_is_answered() -> None:
    terminal, _, _ = desk(typed="r\n")
    assert terminal.answer() is None


def test_colour_only_on_a_terminal(task: Callable[..., Task], monkeypatch: pytest.MonkeyPatch) -> None:
    class Tty(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.delenv("NO_COLOR", raising=False)
    out = Tty()
    Terminal("fr", out=out, lines=io.StringIO()).begin(task())
    assert "\x1b[1m" in out.getvalue()
    monkeypatch.setenv("NO_COLOR", "1")
    plain = Tty()
    Terminal("fr", out=plain, lines=io.StringIO()).begin(task())
    assert "\x1b" not in plain.getvalue()
