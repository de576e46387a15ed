"""Options that several commands share."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import IO, Any, Final, TypeVar

import click

from protocol.errors import Lang

Command = TypeVar("Command", bound=Callable[..., Any])
EXISTING: Final = click.Path(path_type=Path, exists=True)
ANY_PATH: Final = click.Path(path_type=Path)


def moment(value: str) -> datetime:
    """A moment with its zone, in ISO 8601; a type of option."""
    read = datetime.fromisoformat(value)
    if read.tzinfo is None:
        raise ValueError(f"{value}: Z, +01:00?")
    return read.astimezone(UTC)


@contextmanager
def lines_to(place: str | None) -> Iterator[Callable[[bytes], None] | None]:
    """Where lines go as they come: a file, standard output for `-`, nowhere for None."""
    if place is None:
        yield None
    elif place == "-":
        yield partial(_out, sys.stdout.buffer)
    else:
        with Path(place).open("wb") as stream:
            yield partial(_out, stream)


def _out(stream: IO[bytes], line: bytes) -> None:
    stream.write(line)
    stream.flush()


def default_lang() -> Lang:
    """`DMPCOMPAT_LANG`, else the locale of the environment, else French."""
    names = ("DMPCOMPAT_LANG", "LC_ALL", "LC_MESSAGES", "LANG")
    asked = next((os.environ[name] for name in names if os.environ.get(name)), "")
    return "en" if asked.lower().startswith("en") else "fr"


def shown(command: Command) -> Command:
    """Options of every command that prints a result."""
    with_json = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
    with_lang = click.option(
        "--lang", type=click.Choice(["fr", "en"]), default=default_lang, help="fr or en."
    )
    return with_lang(with_json(command))
