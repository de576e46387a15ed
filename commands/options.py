"""Options that several commands share."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import IO, Any, Final, TypeVar

import click

from protocol.errors import Lang, Text, UsageError
from protocol.regularfile import kind_of

Command = TypeVar("Command", bound=Callable[..., Any])


class Existing(click.Path):
    """A path that is there: a file or a folder, never a FIFO or a device, on which one would wait for ever."""

    def __init__(self, *, folders: bool = True) -> None:
        super().__init__(path_type=Path, exists=True)
        self._folders = folders

    def convert(
        self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: click.Context | None
    ) -> Any:
        found: Path = Path(os.fsdecode(super().convert(value, param, ctx)))
        mode = found.stat().st_mode
        if stat.S_ISREG(mode) or (self._folders and stat.S_ISDIR(mode)):
            return found
        raise UsageError(
            "FILE-KIND",
            Text("ce n'est pas un fichier ordinaire", "not a regular file"),
            field=param.get_error_hint(ctx) if param is not None and ctx is not None else "",
            found=f"{found} ({kind_of(mode)})",
            mend=Text("donner le fichier lui-même", "give the file itself"),
        )


EXISTING: Final = Existing()
#: A file alone.
FILE: Final = Existing(folders=False)
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
