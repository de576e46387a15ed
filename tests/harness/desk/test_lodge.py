"""Screens and declarations taken from a folder, and several operators at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.desk.lodge import Lodge
from harness.desk.together import Together
from harness.observe.operator import Answer, Nobody, Task
from protocol.errors import DmpcompatError, UsageError

Made = Callable[..., Task]


@pytest.fixture
def complaints() -> list[str]:
    return []


@pytest.fixture
def lodge(tmp_path: Path, complaints: list[str]) -> Lodge:
    def complain(problem: DmpcompatError) -> None:
        complaints.append(problem.code)

    return Lodge(tmp_path, complain)


def put(tmp_path: Path, name: str, data: bytes) -> None:
    place = tmp_path / "CT-0.2-010" / name
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(data)


def test_files_in_the_order_of_their_names(lodge: Lodge, tmp_path: Path, task: Made, png: bytes) -> None:
    put(tmp_path, "b.png", png)
    put(tmp_path, "a.PNG", png)
    for rank, name in ((1, "a.PNG"), (2, "b.png"), (3, None)):
        lodge.begin(task(wants="screen", step=rank * 3, facts={"kind": "screen", "rank": rank}))
        found = lodge.answer()
        assert (found and found.name) == name
        assert lodge.answer() is None


def test_a_number_is_that_of_a_step(lodge: Lodge, tmp_path: Path, task: Made, png: bytes) -> None:
    put(tmp_path, "4-ecran.png", png)
    put(tmp_path, "fin.png", png)
    lodge.begin(task(wants="screen", step=4, facts={"kind": "screen", "rank": 2}))
    assert lodge.answer() == Answer("screen", name="4-ecran.png", data=png)
    lodge.begin(task(wants="screen", step=2, facts={"kind": "screen", "rank": 1}))
    assert lodge.answer() == Answer("screen", name="fin.png", data=png)


def test_a_file_may_come_while_it_waits(
    lodge: Lodge, tmp_path: Path, task: Made, png: bytes, complaints: list[str]
) -> None:
    lodge.begin(task(wants="screen"))
    assert lodge.answer() is None
    put(tmp_path, "a.png", png[:20])
    assert lodge.answer() is None
    put(tmp_path, "a.png", png)
    assert lodge.answer() == Answer("screen", name="a.png", data=png)
    assert complaints == []


def test_a_bad_file_is_complained_of_once(
    lodge: Lodge, tmp_path: Path, task: Made, complaints: list[str]
) -> None:
    put(tmp_path, "a.png", b"<svg/>")
    lodge.begin(task(wants="screen"))
    assert [lodge.answer() for _ in range(4)] == [None] * 4
    assert complaints == ["DESK-004"]


@pytest.mark.parametrize(
    ("content", "code"),
    [(b" \n", "DESK-005"), (b"\xff\xfe", "DESK-003"), (b"x" * 70_000, "DESK-005")],
    ids=["empty", "binary", "long"],
)
def test_a_bad_declaration(
    lodge: Lodge, tmp_path: Path, task: Made, complaints: list[str], content: bytes, code: str
) -> None:
    put(tmp_path, "a.md", content)
    lodge.begin(task(wants="declaration", facts={"kind": "declare", "rank": 1}))
    assert [lodge.answer() for _ in range(3)] == [None] * 3
    assert complaints == [code]


@pytest.mark.parametrize(
    ("name", "kind", "taken"),
    [("a.md", "declare", True), ("a.md", "instruct", False), ("1.md", "instruct", True)],
)
def test_an_act_is_declared_by_its_own_file_only(
    lodge: Lodge, tmp_path: Path, task: Made, name: str, kind: str, taken: bool
) -> None:
    put(tmp_path, name, "Vu à l'écran.\n".encode())
    lodge.begin(task(wants="declaration", facts={"kind": kind, "rank": 1}))
    assert lodge.answer() == (Answer("declaration", "Vu à l'écran.") if taken else None)


def test_a_folder_that_is_not_there_yet_is_told(tmp_path: Path, complaints: list[str]) -> None:
    def complain(problem: DmpcompatError) -> None:
        complaints.append(problem.code)

    Lodge(tmp_path / "later", complain)
    assert complaints == ["DESK-007"]
    (tmp_path / "file").touch()
    with pytest.raises(UsageError):
        Lodge(tmp_path / "file", complain)


@pytest.mark.parametrize("wants", ["frame", "nothing-sent"])
def test_nothing_is_lodged_for_a_frame(
    lodge: Lodge, tmp_path: Path, task: Made, png: bytes, wants: str
) -> None:
    put(tmp_path, "1.png", png)
    lodge.begin(task(wants=wants))
    assert lodge.answer() is None


class Saying(Nobody):
    """An operator who says what it is told to."""

    def __init__(self, who: str, *said: Answer) -> None:
        self.who = who
        self.said = list(said)
        self.told: list[str] = []

    def begin(self, task: Task) -> None:
        self.told.append(f"begin {task.case}")

    def waiting(self, *told: Any) -> None:
        self.told.append("waiting")

    def done(self, task: Task, findings: Any) -> None:
        self.told.append("done")

    def answer(self) -> Answer | None:
        return self.said.pop(0) if self.said else None


def test_together_all_are_told_and_the_first_answer_holds(task: Made) -> None:
    hook = Saying("hook: x", Answer("skip"), Answer("skip", "exit 1"))
    human = Saying("alice", Answer("retry"))
    both = Together([hook, human, Nobody(), Saying("alice")])
    both.begin(task())
    both.waiting(None, (), False)  # type: ignore[arg-type]
    both.done(task(), ())
    assert hook.told == human.told == ["begin CT-0.2-010", "waiting", "done"]
    # A skip without its reason is no answer.
    assert [both.answer(), both.answer(), both.answer()] == [Answer("retry"), Answer("skip", "exit 1"), None]
    assert both.who == "hook: x + alice"
