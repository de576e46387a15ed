"""Good samples, spoilt: bytes flipped, cut, repeated, put in; values of JSON replaced by what nobody expects.

The draws are those of a seed, so that a test sees the same ones each time. `survives` says what a reader of outside
bytes owes: the value, or an error of ours; nothing else, and soon.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from random import Random
from typing import Any, Final

from protocol.errors import DmpcompatError

_SLOW: Final = 5.0
_TOKEN: Final = "\ue000spoilt\ue000"
#: What a value is replaced by, as it is written in JSON.
ODD: Final = {
    "null": "null",
    "zero": "0",
    "negative": "-1",
    "float": "1.5",
    "infinite": "1e400",
    "huge": "9" * 400,
    "wide": str(2**63),
    "endless": "7" * 5000,
    "true": "true",
    "empty": '""',
    "list": "[]",
    "object": "{}",
    "listed": '[{"a": null}, [], "", 0]',
    "deep": "[" * 10_000 + "]" * 10_000,
    "nested": '{"a":' * 300 + "0" + "}" * 300,
    "surrogate": '"\\ud800"',
    "pair": '"\\ud83d\\ude00"',
    "nul": '"a\\u0000b"',
    "NaN": "NaN",
    "long": '"' + "x" * 100_000 + '"',
    "digits": '"2026-99-99T99:99:99Z"',
    "slip": '"../../../etc/passwd"',
    "accents": '"éàü\u202e"',
}


def spoilt_bytes(good: bytes, count: int, seed: int = 1) -> Iterator[bytes]:
    """Cut, flipped, repeated, overwritten and stretched, in `count` ways."""
    draw = Random(seed)  # noqa: S311 - the same each time, no secret
    yield b""
    for _ in range(count):
        data = bytearray(good)
        for _ in range(draw.choice((1, 1, 1, 2, 8))):
            _spoil(data, draw)
        yield bytes(data)


def _spoil(data: bytearray, draw: Random) -> None:
    at, far = (draw.randrange(len(data) + 1) for _ in range(2))
    one, other = min(at, far), max(at, far)
    other = min(other, one + 1 + draw.choice((1, 8, 64, 5000)))
    kind = draw.randrange(8)
    if kind <= 2 and data:
        data[at % len(data)] ^= 1 << draw.randrange(8)
    elif kind == 3 and data:
        data[at % len(data)] = draw.choice((0, 0x22, 0x2C, 0x30, 0x5C, 0x7F, 0x80, 0xC3, 0xFF))
    elif kind == 4:
        del data[one:other]
    elif kind == 5:
        data[far:far] = data[one:other]
    elif kind == 6:
        data[at:at] = draw.randbytes(draw.choice((1, 2, 16)))
    else:
        del data[at:]


def spoilt_values(good: Any, odd: Iterator[str] | None = None) -> Iterator[tuple[str, bytes]]:
    """Each value of a JSON document replaced by each of `ODD`, each member left out, written twice, or one too many."""
    written = list(odd or ODD)
    for path in list(paths(good)):
        where = "/".join(map(str, path))
        for name in written:
            yield f"{where}={name}", _replaced(good, path, ODD[name])
        if path:
            yield f"{where} left out", _changed(good, path, lambda holder, key: holder.pop(key))
        if path and isinstance(path[-1], str):
            value = json.dumps(_at(good, path))
            yield f"{where} twice", _replaced(good, path, f"{value},{json.dumps(path[-1])}:{value}")
        if isinstance(_at(good, path), dict):
            yield f"{where} one too many", _replaced(good, path, _beside(_at(good, path)))


def spoilt_plain(good: Any) -> Iterator[tuple[str, Any]]:
    """The same as values that a canonical document can hold, to be signed again by somebody who has a key."""
    fitting = ("null", "zero", "negative", "true", "empty", "list", "object", "listed", "pair", "nul", "slip")
    for name, data in spoilt_values(good, iter((*fitting, "digits", "accents", "long"))):
        if not name.endswith("twice"):
            yield name, json.loads(data)


def paths(value: Any) -> Iterator[tuple[str | int, ...]]:
    """Where each value of a document is, the whole first."""
    yield ()
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from ((key, *rest) for rest in paths(inner))


def survives(read: Callable[[Any], Any], given: Any, name: str = "", allowed: Any = DmpcompatError) -> Any:
    """What `read` gives, or the error of ours that it raises; fails for any other, and when it takes too long."""
    began = time.process_time()
    try:
        found = read(given)
    except allowed as problem:
        if isinstance(problem, DmpcompatError):
            assert problem.code
            problem.message("fr").encode(), problem.message("en").encode()
        found = problem
    except Exception as problem:
        raise AssertionError(f"{type(problem).__name__} for {name or repr(given)[:300]}") from problem
    spent = time.process_time() - began
    assert spent < _SLOW, f"{spent:.1f} s for {name}"
    return found


def _replaced(good: Any, path: tuple[str | int, ...], written: str) -> bytes:
    if not path:
        return written.encode()
    return _changed(good, path, _mark).replace(json.dumps(_TOKEN).encode(), written.encode())


def _mark(holder: Any, key: Any) -> None:
    holder[key] = _TOKEN


def _changed(good: Any, path: tuple[str | int, ...], change: Callable[[Any, Any], Any]) -> bytes:
    copied = json.loads(json.dumps(good))
    change(_at(copied, path[:-1]), path[-1])
    return json.dumps(copied).encode()


def _beside(value: dict[str, Any]) -> str:
    return json.dumps({**value, "of nobody": 1})


def _at(value: Any, path: tuple[str | int, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


def some(cases: Iterator[Any], count: int, seed: int = 1) -> list[Any]:
    """As many of them, drawn by the seed."""
    every = list(cases)
    return every if len(every) <= count else Random(seed).sample(every, count)  # noqa: S311 - no secret
