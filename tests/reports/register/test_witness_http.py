"""The protocol of witnesses on the network, status by status, and a register that asks one."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import DmpcompatError, EvidenceError, ToolError, UsageError
from reports.register import contradiction, merkle, witness
from reports.register.asking import ask
from reports.register.checkpoint import Checkpoint, parse
from reports.register.store import Register
from reports.register.witness import Witness
from reports.register.witness_http import Request, answer, application, read, server
from tests.mock_dmp.databases import every_database, postgres
from tests.reports.register.conftest import Hands, hands, register, url
from tests.reports.register.drafts import DIGEST, draft
from tests.reports.register.test_witness import KEY, LOG, NAME, ORIGIN, leaves_of, shown, signed

__all__ = ["every_database", "hands", "postgres", "register", "url"]


@pytest.fixture
def watching(tmp_path: Path) -> Witness:
    witness.init(tmp_path / "temoin", NAME)
    made = Witness(tmp_path / "temoin", Hands())
    made.follow(ORIGIN, KEY)
    return made


def body(old: int, leaves: list[bytes], proof: tuple[bytes, ...] | None = None) -> bytes:
    """A request by hand, as the specification writes it."""
    hashes = [merkle.leaf_hash(leaf) for leaf in leaves]
    path = merkle.consistency(hashes, old) if proof is None and old else proof or ()
    lines = "".join(f"{base64.b64encode(node).decode()}\n" for node in path)
    return f"old {old}\n{lines}\n{signed(leaves)}".encode()


def asked(one: Witness, data: bytes) -> tuple[int, str]:
    status, _, text = answer(one, data)
    return status.value, text


def test_a_log_is_answered_with_its_cosignature(watching: Witness) -> None:
    for old, new in ((0, 1), (1, 1), (1, 2), (2, 5), (5, 8), (8, 8), (8, 13), (13, 300)):
        leaves = leaves_of(new)
        status, text = asked(watching, body(old, leaves))
        assert (status, text.count("\n")) == (200, 1), text
        whole = parse(str(signed(leaves)) + text)
        assert watching.key.seen(whole) and whole.signers([KEY])


def test_each_refusal_has_its_status(watching: Witness) -> None:
    asked(watching, body(0, leaves_of(4)))
    foreign = signed(leaves_of(6), Ed25519PrivateKey.generate())
    unknown = Checkpoint("autre.test/log", 6, bytes(32)).signed(KEY.name, LOG)
    six = leaves_of(6)
    node = (bytes(32),)
    for expected, data in (
        (404, f"old 4\n\n{unknown}".encode()),
        (403, f"old 4\n\n{foreign}".encode()),
        (400, body(7, leaves_of(6), node)),
        (422, body(4, six, node)),
        (422, body(4, six, ())),
        (422, body(4, leaves_of(4), node)),
        (400, b""),
        (400, b"old 4\n"),
        (400, b"old 04\n\n" + str(signed(six)).encode()),
        (400, b"old -1\n\n" + str(signed(six)).encode()),
        (400, b"old 4\nAAAA\n\n" + str(signed(six)).encode()),
        (400, b"old 4\n" + b"A\n" * 64 + b"\n" + str(signed(six)).encode()),
        (400, b"\xff\xfe\n\n"),
        (200, body(4, six)),
    ):
        status, text = asked(watching, data)
        assert status == expected, (data[:60], text)
    # Conflicts tell the size that is known: another start, another root.
    assert answer(watching, body(4, leaves_of(9)))[1:] == ("text/x.tlog.size", "6\n")
    assert asked(watching, body(6, leaves_of(6, "b"), ())) == (409, "6\n")
    assert list((watching.folder / witness.CONTRADICTIONS).iterdir())
    # A fork whose proof shows it.
    forked = leaves_of(9, "b")
    path = merkle.beginning([merkle.leaf_hash(leaf) for leaf in forked], 6)
    assert asked(watching, body(6, forked, path)) == (409, "6\n")
    assert asked(watching, body(6, leaves_of(9)))[0] == 200


def test_a_witness_that_lost_its_memory_says_no_more_than_that(watching: Witness) -> None:
    for path in (watching.folder / "journaux").glob("*.json"):
        path.write_text("{}")
    assert asked(watching, body(0, leaves_of(1))) == (500, "this witness can't work\n")


def test_what_is_no_request_is_refused_before_it_is_read(watching: Witness) -> None:
    def status(**environ: str) -> str:
        told: list[str] = []
        list(application(watching)(environ, lambda line, _: told.append(line)))
        return told[0][:3]

    assert status(PATH_INFO="/") == "404"
    assert status(PATH_INFO="/add-checkpoint", REQUEST_METHOD="GET") == "405"
    post = {"PATH_INFO": "/add-checkpoint", "REQUEST_METHOD": "POST"}
    assert status(**post) == "411"
    assert status(**post, CONTENT_LENGTH="-1") == "411"
    for long in ("81921", "9" * 5000, "00000000000000001"):
        assert status(**post, CONTENT_LENGTH=long) == "413"


def test_a_request_is_read_as_it_is_written() -> None:
    leaves = leaves_of(9)
    proof = merkle.consistency([merkle.leaf_hash(leaf) for leaf in leaves], 3)
    request = Request(3, proof, signed(leaves))
    assert read(bytes(request)) == request
    assert bytes(request) == body(3, leaves)


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)), st.integers(0, 400))
def test_no_bytes_from_outside_are_more_than_refused(junk: bytes, at: int) -> None:
    good = body(3, leaves_of(9))
    proof = contradiction.document(signed(leaves_of(3)), signed(leaves_of(9)), (bytes(32),))
    for data in (junk, good[:at] + junk + good[at:], good[:at] + junk, proof[:at] + junk + proof[at + 1 :]):
        with suppress(DmpcompatError):
            read(data)
        with suppress(DmpcompatError):
            contradiction.proven(data, KEY)


@pytest.fixture
def served(watching: Witness) -> Iterator[str]:
    made = server(watching, "127.0.0.1", 0)
    made.prepare()
    thread = threading.Thread(target=made.serve)
    thread.start()
    yield "http://{}:{}".format(*made.bind_addr)
    made.stop()
    thread.join()


def entered(register: Register, count: int) -> None:
    for _ in range(count):
        register.append([draft("TRUST", digest=DIGEST)])


def test_a_register_asks_a_witness_and_keeps_what_it_says(
    register: Register, watching: Witness, served: str
) -> None:
    for count in (3, 2, 0, 4):
        entered(register, count)
        point = ask(served, register)
        (kept,) = register.cosign(point, [watching.key])
        assert kept.key == watching.key
        assert watching.key.seen(register.checkpoint()) == (kept.at,)
    assert len(register.checkpoint().signatures) == 2


def test_a_witness_that_refuses_or_is_not_there_is_told(register: Register, served: str) -> None:
    entered(register, 1)
    ask(served, register)
    with pytest.raises(EvidenceError, match="ASK-002"):
        ask(f"{served}/autre", register)
    with pytest.raises(UsageError, match="ASK-003"):
        ask("file:///etc/passwd", register)
    with pytest.raises(ToolError, match="ASK-001"):
        ask("http://127.0.0.1:1", register)


def test_a_witness_of_a_fork_refuses_the_register(register: Register, watching: Witness, served: str) -> None:
    entered(register, 2)
    mine = ask(served, register)
    # It saw more of another history: the register's own proof is what convicts it.
    shown(watching, [*register.leaves(), b"other"])
    assert mine.size == 2
    with pytest.raises(EvidenceError, match=r"ASK-002.*409 3"):
        ask(served, register)  # fewer entries than the witness knows
    entered(register, 3)
    with pytest.raises(EvidenceError, match=r"ASK-004.*409 3"):
        ask(served, register)
    (proof,) = (watching.folder / witness.CONTRADICTIONS).glob("3-5-*")
    assert "first 3" in contradiction.proven(proof.read_bytes(), KEY).en
