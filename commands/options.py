"""Options that several commands share."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from protocol.errors import Lang

Command = TypeVar("Command", bound=Callable[..., Any])
EXISTING: Final = click.Path(path_type=Path, exists=True)
ANY_PATH: Final = click.Path(path_type=Path)


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
