"""What `dmpcompat` runs: the group of commands, and the exit code of each outcome."""

from __future__ import annotations

import os
import sys
from typing import cast

import click

from commands.lazy import LazyGroup
from commands.options import default_lang
from protocol.errors import ConfigError, DmpcompatError, Lang, Text, UsageError


@click.group(
    cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(package_name="dmpcompat")
def dmpcompat() -> None:
    """Conformance harness and mock platform of the French DMP (Dossier Médical Partagé)."""
    import logging

    # Without a handler of ours, the standard library would print warnings over the result. What the library of PDF
    # seals says of a spoilt one, our steps tell.
    for name in ("dmpcompat", "pyhanko", "pyhanko_certvalidator"):
        logging.getLogger(name).addHandler(logging.NullHandler())


def run_command(arguments: list[str]) -> int:
    """Run one command line and return its exit code; errors are told on standard error, without a traceback."""
    lang = _asked_lang(arguments)
    try:
        outcome = dmpcompat.main(arguments, prog_name="dmpcompat", standalone_mode=False)
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo(Text("interrompu", "interrupted").to(lang), err=True)
        return 130
    except click.ClickException as problem:
        problem.show()
        return UsageError.exit_code
    except DmpcompatError as problem:
        click.echo(problem.message(lang), err=True)
        return problem.exit_code
    except BrokenPipeError:
        # The reader of our output went away; point it elsewhere so that closing it says nothing.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 3
    except OSError as problem:
        click.echo(f"OS-001: {problem}", err=True)
        return ConfigError.exit_code
    # The last resort: our own failure is told as ours, and where to look.
    except Exception as problem:  # noqa: BLE001 - the last resort
        click.echo(_internal(problem, lang), err=True)
        return 3
    return outcome if isinstance(outcome, int) else 0


def _internal(problem: Exception, lang: Lang) -> str:
    import tempfile
    import traceback

    with tempfile.NamedTemporaryFile(
        "w", prefix="dmpcompat-", suffix=".log", delete=False, encoding="utf-8"
    ) as log:
        traceback.print_exception(problem, file=log)
    return Text(
        f"TOOL-001: défaillance interne de dmpcompat ({type(problem).__name__}) ; détail dans {log.name}",
        f"TOOL-001: internal failure of dmpcompat ({type(problem).__name__}); details in {log.name}",
    ).to(lang)


def _asked_lang(arguments: list[str]) -> Lang:
    for place, argument in enumerate(arguments):
        value = argument.partition("=")[2] if argument.startswith("--lang=") else ""
        if argument == "--lang" and place + 1 < len(arguments):
            value = arguments[place + 1]
        if value in ("fr", "en"):
            return cast(Lang, value)
    return default_lang()
