"""Looks at the client's flight of a TLS 1.2 handshake before the library does: its certificate travels in clear there.

Serves faults only: a connection can so be refused by a real alert, for the certificate that a session names. Under TLS
1.3 the certificate is encrypted: nothing is found. POSIX only, as `os.dup2` on sockets is.
"""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Iterator
from itertools import takewhile
from typing import Final

_MOST: Final = 128 * 1024
_RECORD_HEAD, _HANDSHAKE_HEAD = 5, 4
_HANDSHAKE, _CERTIFICATE = 22, 11


def waiting(sock: socket.socket) -> bytes:
    """The raw bytes that wait on the socket, left there."""
    try:
        return socket.socket.recv(sock, _MOST, socket.MSG_PEEK)
    except OSError:
        return b""  # nothing yet, or nobody any more: the handshake will tell


def certificate(flight: bytes) -> bytes:
    """DER of the first certificate of a Certificate message (RFC 5246 7.4.6); b"" when there is none, whole."""
    clear = takewhile(lambda record: record[0] == _HANDSHAKE, _records(flight))
    for kind, message in _messages(b"".join(contents for _, contents in clear)):
        if kind == _CERTIFICATE and len(message) > 6:
            size = int.from_bytes(message[3:6], "big")
            return message[6 : 6 + size] if len(message) >= 6 + size else b""
    return b""


def whole(flight: bytes) -> bool:
    """Whether the client's flight is there as far as its change of ciphers: a certificate would have shown."""
    return any(kind != _HANDSHAKE for kind, _ in _records(flight))


def answer_hello(sock: ssl.SSLSocket) -> bool:
    """Let the library answer what has arrived, and read no further: the next flight stays on the socket.

    During its turn the library's descriptor leads to a pair of our own. True once it has answered. Raises what the
    handshake raises, save for wanting more.
    """
    try:
        arrived = socket.socket.recv(sock, _MOST)
    except BlockingIOError:
        return False
    near, far = socket.socketpair()
    real = os.dup(sock.fileno())
    try:
        near.sendall(arrived)
        if not arrived:
            near.shutdown(socket.SHUT_WR)
        near.setblocking(False)
        far.setblocking(False)
        os.dup2(far.fileno(), sock.fileno(), inheritable=False)
        try:
            sock.do_handshake()
        except ssl.SSLWantReadError:
            pass  # as it must: nothing more is there
        finally:
            os.dup2(real, sock.fileno(), inheritable=False)
            said = waiting(near)
            if said:
                socket.socket.sendall(sock, said)
    finally:
        os.close(real)
        near.close()
        far.close()
    return bool(said)


def alert(description: int) -> bytes:
    """A fatal alert record, in clear: what a TLS 1.2 client may get until the ciphers change (RFC 5246 7.2)."""
    return bytes((21, 3, 3, 0, 2, 2, description))


def _records(flight: bytes) -> Iterator[tuple[int, bytes]]:
    """Type and contents of each record, the last one as far as it goes."""
    place = 0
    while place + _RECORD_HEAD <= len(flight):
        size = int.from_bytes(flight[place + 3 : place + _RECORD_HEAD], "big")
        yield flight[place], flight[place + _RECORD_HEAD : place + _RECORD_HEAD + size]
        place += _RECORD_HEAD + size


def _messages(stream: bytes) -> Iterator[tuple[int, bytes]]:
    place = 0
    while place + _HANDSHAKE_HEAD <= len(stream):
        size = int.from_bytes(stream[place + 1 : place + _HANDSHAKE_HEAD], "big")
        yield stream[place], stream[place + _HANDSHAKE_HEAD : place + _HANDSHAKE_HEAD + size]
        place += _HANDSHAKE_HEAD + size
