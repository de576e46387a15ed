"""The receiver on bytes alone: any cut gives the same request, anything else gives a typed problem."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_dmp.transport.receiver import Limits, Receiver, State, read_head


class Sink:
    """A body in memory."""

    def __init__(self) -> None:
        self.data = b""
        self.size = 0
        self.thrown = False

    def write(self, data: bytes) -> None:
        self.data += data
        self.size += len(data)

    def commit(self) -> str:
        return "digest"

    def discard(self) -> None:
        self.thrown = True


LIMITS = Limits(head=400, body=1000)


def receive(*pieces: bytes, limits: Limits = LIMITS) -> tuple[Receiver, Sink]:
    sink = Sink()
    receiver = Receiver(limits, lambda: sink)
    for piece in pieces:
        receiver.feed(piece)
    return receiver, sink


def chunked(body: bytes, size: int) -> bytes:
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x;why=not\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\nA: b\r\n\r\n"


@given(st.binary(max_size=300), st.integers(1, 300), st.booleans(), st.data())
def test_any_cut_gives_the_same_request(body: bytes, size: int, whole: bool, data: st.DataObject) -> None:
    framing = b"Content-Length: %d" % len(body) if whole else b"Transfer-Encoding: chunked"
    sent = b"POST /x?y HTTP/1.1\r\nHost: h\r\n" + framing + b"\r\n\r\n"
    sent += body if whole else chunked(body, size)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(sent)), max_size=8)))
    pieces = [sent[start:end] for start, end in zip([0, *cuts], [*cuts, len(sent)], strict=True)]
    receiver, sink = receive(*pieces)
    assert receiver.state is State.COMPLETE
    assert receiver.problem is None
    assert sink.data == body
    assert receiver.head is not None
    assert (receiver.head.method, receiver.head.target) == ("POST", "/x?y")
    assert receiver.leftover == b""


@given(st.lists(st.binary(max_size=200), max_size=10))
def test_arbitrary_bytes_never_surprise(pieces: list[bytes]) -> None:
    receiver, sink = receive(*pieces)
    assert (receiver.problem is not None) == (receiver.state is State.BROKEN)
    assert sink.size <= LIMITS.body


@pytest.mark.parametrize(
    ("head", "status", "word"),
    [
        (b"GET / HTTP/2.0", 400, "malformed-head"),
        (b"get / HTTP/1.1", 400, "malformed-head"),
        (b"POST / HTTP/1.1\r\nNo colon", 400, "malformed-head"),
        (b"POST / HTTP/1.1\r\nBad name: x", 400, "malformed-head"),
        (b"POST / HTTP/1.1\r\n folded: x", 400, "malformed-head"),
        (b"POST / HTTP/1.1\r\nA: x\ny", 400, "malformed-head"),
        (b"POST / HTTP/1.1\r\nA: x\x01y", 400, "malformed-head"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nHost: b", 400, "several-hosts"),
        (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked", 400, "malformed-head"),
        (b"POST / HTTP/1.1\r\nContent-Length: -1", 400, "malformed-length"),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2", 400, "malformed-length"),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked", 400, "length-and-chunked"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked", 501, "transfer-coding-unknown"),
        (b"POST / HTTP/1.1\r\nContent-Length: 1001", 413, "body-too-large"),
        (b"POST / HTTP/1.1\r\nA: " + b"x" * 400, 431, "head-too-large"),
    ],
)
def test_bad_heads_have_their_own_word(head: bytes, status: int, word: str) -> None:
    receiver, _ = receive(head + b"\r\n\r\n")
    assert receiver.problem is not None
    assert (receiver.problem.status, receiver.problem.word) == (status, word)


@pytest.mark.parametrize(
    ("body", "status", "word"),
    [
        (b"zz\r\n", 400, "malformed-chunk"),
        (b"-1\r\n", 400, "malformed-chunk"),
        (b"1\r\nab\r\n", 400, "malformed-chunk"),
        (b"x" * 5000, 400, "malformed-chunk"),
        (b"3e9\r\n", 413, "body-too-large"),
        (b"3e8\r\n" + b"x" * 1000 + b"\r\n1\r\n", 413, "body-too-large"),
        (b"0\r\n" + b"A: b\r\n" * 2000, 431, "head-too-large"),
    ],
)
def test_bad_chunks_have_their_own_word(body: bytes, status: int, word: str) -> None:
    receiver, sink = receive(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + body)
    assert receiver.problem is not None
    assert (receiver.problem.status, receiver.problem.word) == (status, word)
    assert sink.size <= LIMITS.body


def test_what_was_received_of_a_body_too_large_is_kept() -> None:
    _, sink = receive(b"POST / HTTP/1.1\r\nContent-Length: 5000\r\n\r\nfirst bytes")
    assert sink.data == b"first bytes"


def test_the_next_request_is_left_over() -> None:
    receiver, sink = receive(b"\r\nPOST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nokGET / HTTP/1.1\r\n")
    assert sink.data == b"ok"
    assert receiver.leftover == b"GET / HTTP/1.1\r\n"


def test_expect_is_answered_by_us_and_hidden_from_the_server() -> None:
    sent = b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    receiver, _ = receive(sent)
    assert receiver.expects_continue
    assert receiver.head is not None
    assert ("Expect", "100-continue") in receiver.head.headers
    assert b"Expect" not in receiver.head.raw
    refused, _ = receive(sent.replace(b": 2", b": 2000"))
    assert not refused.expects_continue
    spelled, _ = receive(sent.replace(b"100-c", b"100-C"))
    assert spelled.expects_continue, "the word has no case"
    old, _ = receive(sent.replace(b"HTTP/1.1", b"HTTP/1.0"))
    assert not old.expects_continue, "HTTP/1.0 has no interim answer"


def test_headers_keep_their_order_and_repetitions() -> None:
    head = read_head(b"POST / HTTP/1.0\r\nB: 1\r\na:2 \r\nB:\t3\r\n\r\n")
    assert head is not None
    assert head.headers == (("B", "1"), ("a", "2"), ("B", "3"))


def test_a_body_that_nobody_takes_is_thrown_away() -> None:
    receiver, sink = receive(b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf")
    assert receiver.started
    receiver.discard()
    assert sink.thrown
