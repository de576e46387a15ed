"""A place where the reference engine finds the files that rules read, under the names that rules write.

Saxon opens files by itself: it follows neither a name that differs by case nor a value set made again (pack_values).
Where a Schematron has such names, its expressions are taken from a folder of links in the user's data folder.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from harness.schematron.folder import Folder
from harness.schematron.model import Let, Schema
from protocol.datafolders import home

_LITERAL: Final = re.compile(r"""(["'])(?P<path>[^"'<>|*?]+(?:\.xml|\.rdf|/))\1""", re.IGNORECASE)


def base_of(folder: Folder, schema: Schema, relative: str) -> Path:
    """The path that expressions of a Schematron are relative to: its main file, or one beside links to what it reads.

    The first where every name is right (and leads inside the pack), or where the system makes no links.
    """
    main = folder.root / relative
    wanted = {path: _found(folder, main, path) for path in _paths(schema)}
    if all(_right(_plain(main, path), found) for path, found in wanted.items()):
        return main
    named = f"{folder.root}\0{relative}\0{sorted((path, str(found)) for path, found in wanted.items())}"
    place = home() / "packs" / "stand-ins" / hashlib.sha256(named.encode()).hexdigest()[:16]
    try:
        for path, found in wanted.items():
            link = Path(os.path.normpath((place / relative).parent / path))
            if found is not None and link.is_relative_to(place) and not link.exists():
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(found, target_is_directory=found.is_dir())
    except OSError:
        return main
    return place / relative


def _found(folder: Folder, main: Path, path: str) -> Path | None:
    plain = _plain(main, path)
    if plain.is_dir():
        return plain if plain.is_relative_to(folder.root) else None
    return None if path.endswith("/") else folder.locate(main.parent, path, folder.relative(main))


def _right(plain: Path, found: Path | None) -> bool:
    """Whether opening the name as it is written gives what it should: that file, or nothing."""
    return plain == found if found is not None else not plain.exists()


def _plain(main: Path, path: str) -> Path:
    return Path(os.path.normpath(main.parent / path))


def _paths(schema: Schema) -> Iterator[str]:
    """Literals of expressions that are paths."""
    for text in _expressions(schema):
        for match in _LITERAL.finditer(text):
            if "://" not in match["path"]:
                yield match["path"]


def _expressions(schema: Schema) -> Iterator[str]:
    yield from (let.value for let in schema.lets)
    for pattern in schema.patterns:
        yield from (let.value for let in pattern.lets)
        for rule in pattern.rules:
            yield rule.context
            yield from (one.value if isinstance(one, Let) else one.test for one in rule.body)
