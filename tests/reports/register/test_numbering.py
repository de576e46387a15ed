"""Numbers: never given twice whatever the number of issuers, secret at rest, holes told."""

from __future__ import annotations

import multiprocessing
import secrets
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import ConfigError, EvidenceError
from reports.numbers import NumberRefused
from reports.register.numbering import Numbering, Secret, commitment, tags
from reports.register.schemes import Checked97, _check97, reference_scheme, wire_scheme
from reports.register.store import Register
from tests.reports.register.conftest import START, Hands, opened
from tests.reports.register.drafts import ACTOR, issue


def test_a_wire_number_is_sealed_tagged_and_bound(numbering: Numbering, register: Register) -> None:
    reference = numbering.reserve("L")
    given_ = numbering.give(reference)
    register.append([issue(reference, given_.commitment)])
    assert numbering.told(reference) == given_
    assert commitment(given_.number, given_.nonce) == register.entries(reference)[0].facts["numberCommitment"]
    assert tags(register.database) == {reference: numbering.secret.tag(given_.number)}
    assert given_.number not in repr(given_)
    assert not any(given_.number.encode() in leaf for leaf in register.leaves())
    with pytest.raises(EvidenceError, match="REG-030"):
        numbering.give(reference)
    with pytest.raises(EvidenceError, match="REG-032"):
        numbering.told(numbering.reserve("L"))


def test_the_number_is_not_in_the_database(tmp_path: Path, hands: Hands) -> None:
    register = opened(f"sqlite:///{tmp_path / 'r.db'}", hands)
    numbering = Numbering(register, reference_scheme(), wire_scheme(), Secret(bytes(32)))
    number = numbering.give(numbering.reserve("L")).number
    register.database.close()
    assert not any(number.encode() in path.read_bytes() for path in tmp_path.iterdir())


def test_another_key_opens_nothing(numbering: Numbering, register: Register) -> None:
    reference = numbering.reserve("L")
    numbering.give(reference)
    other = Numbering(register, numbering.references, numbering.wire, Secret(bytes(32)))
    with pytest.raises(EvidenceError, match="REG-031"):
        other.told(reference)


def test_what_was_drawn_in_vain_is_a_hole_then_logged(
    numbering: Numbering, register: Register, hands: Hands
) -> None:
    used, lost = numbering.reserve("L", START), numbering.reserve("L", START)
    register.append([issue(used)])
    assert numbering.holes(START) == ()
    assert numbering.holes(START + timedelta(days=2)) == (lost,)
    numbering.log_holes([lost], ACTOR, "émission interrompue")
    assert numbering.holes(START + timedelta(days=2)) == ()
    assert register.standing(lost).state == "VOID"


def _draw(
    url: str, key: bytes, count: int, answers: multiprocessing.queues.Queue[list[tuple[str, str]]]
) -> None:
    register = opened(url, Hands())
    numbering = Numbering(register, reference_scheme(), Narrow(), Secret(key))
    drawn = []
    for _ in range(count):
        reference = numbering.reserve("L")
        drawn.append((reference, numbering.give(reference).number))
    answers.put(drawn)
    register.database.close()


class Narrow(Checked97):
    """So few numbers that issuers draw the same ones."""

    def draw(self) -> str:
        return f"TST-{secrets.randbelow(400):08d}"


def test_many_issuers_never_give_one_number_twice(url: str, register: Register) -> None:
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    workers = [context.Process(target=_draw, args=(url, bytes(32), 12, answers)) for _ in range(3)]
    for worker in workers:
        worker.start()
    drawn = [pair for _ in workers for pair in answers.get(timeout=120)]
    for worker in workers:
        worker.join(60)
    assert len(drawn) == 36
    assert len({reference for reference, _ in drawn}) == 36
    assert len({number for _, number in drawn}) == 36
    assert len(tags(register.database)) == 36


@given(st.integers(0, 999_999), st.integers(0, 11), st.sampled_from("0123456789"))
def test_no_single_wrong_digit_passes(value: int, at: int, other: str) -> None:
    scheme = Checked97()
    digits = f"{value:06d}"
    number = f"TST-{digits}{_check97('TST' + digits)}"
    scheme.check(number)
    altered = number[:at] + other + number[at + 1 :]
    if altered != number:
        with pytest.raises(NumberRefused):
            scheme.check(altered)


def test_schemes_are_plug_ins() -> None:
    with pytest.raises(NumberRefused, match="mod1271"):
        reference_scheme("nope")
    with pytest.raises(NumberRefused, match="mod97"):
        wire_scheme("nope")
    with pytest.raises(NumberRefused, match="REF-004"):
        reference_scheme(issuer="HDM").read(reference_scheme().draw(START.date(), "L"))


def test_a_damaged_key_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "registre.key"
    assert Secret.of_file(path) == Secret.of_file(path)
    assert path.stat().st_mode & 0o077 == 0
    path.write_text("zz")
    with pytest.raises(ConfigError, match="REG-021"):
        Secret.of_file(path)
    path.write_text("00")
    with pytest.raises(ConfigError, match="REG-021"):
        Secret.of_file(path)
