"""Packs: folders of official artefacts that the user owns, registered by name with the digest of their content.

Nothing is copied: a pack is found again where it is, and refused when it has changed. The registry of packs lives
in the user's data folder (DMPCOMPAT_HOME overrides). Schema compilation is in harness.packs.schema.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from protocol import jsonread
from protocol.datafolders import home
from protocol.errors import ConfigError, Text, UsageError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
#: More than any kit holds; past it, the folder is surely not a pack (a home directory, a disk).
MAX_FILES = 20_000
CDA_SCHEMA = "CDA_extended.xsd"


@dataclass(frozen=True)
class Pack:
    """One registered folder. `digest`: SHA-256 (hex) over the relative paths and contents of its files; `version`: the
    newest that the names of its Schematrons tell, "" when none does."""

    name: str
    folder: str
    digest: str
    files: int
    version: str = ""

    @property
    def label(self) -> str:
        """Short, for findings."""
        return f"{self.name}@{self.digest[:12]}"

    @property
    def described(self) -> str:
        """Whole, for reports: name, digest, and version when one is known."""
        return f"{self.name}@{self.digest}" + (f" ({self.version})" if self.version else "")

    @property
    def cda_schema(self) -> Path | None:
        """The entry schema of CDA, whatever the case of its name; None when the pack has none."""
        return find(Path(self.folder), CDA_SCHEMA)


def add(folder: Path, name: str = "") -> Pack:
    """Register a folder under a name (default: the folder's own). A name that exists is replaced.

    Raises UsageError: PACK-001 not a folder, PACK-002 bad name, PACK-003 empty or far too big.
    """
    named = folder.expanduser()
    if not named.is_dir():  # nor is a loop of links, which has no resolution
        raise UsageError(
            "PACK-001", Text("ce n'est pas un dossier", "not a folder"), field="PATH", found=str(folder)
        )
    where = named.resolve()
    chosen = name or where.name
    if not _NAME.fullmatch(chosen):
        raise UsageError(
            "PACK-002",
            Text("nom de paquet refusé", "bad name for a pack"),
            field="--name",
            found=chosen,
            expected=_NAME.pattern,
        )
    digest, count = folder_digest(where)
    from harness.packs.layout import Layout

    pack = Pack(chosen, str(where), digest, count, Layout(where).version)
    registered = home() / "packs"
    registered.mkdir(parents=True, exist_ok=True)
    _entry(chosen).write_text(json.dumps(asdict(pack), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return pack


def registered() -> tuple[Pack, ...]:
    """Packs in the order of their names. Raises ConfigError (PACK-005) when an entry can't be read."""
    return tuple(_read(path) for path in sorted((home() / "packs").glob("*.json")))


def remove(name: str) -> Pack:
    """Forget a pack; the folder itself is left alone. Raises UsageError (PACK-004)."""
    pack = _known(name)
    _entry(name).unlink()
    return pack


def load(name: str) -> Pack:
    """A registered pack whose content is still what was registered.

    Raises UsageError (PACK-004 unknown name), ConfigError (PACK-005 entry, PACK-006 changed or gone).
    """
    pack = _known(name)
    where = Path(pack.folder)
    digest = folder_digest(where)[0] if where.is_dir() else ""
    if digest != pack.digest:
        raise ConfigError(
            "PACK-006",
            Text("le paquet n'est plus ce qui a été enregistré", "the pack is no longer what was registered"),
            field=pack.folder,
            found=digest[:12] or "absent",
            expected=pack.digest[:12],
            mend=Text(f"dmpcompat pack add {pack.folder}", f"dmpcompat pack add {pack.folder}"),
        )
    return pack


def folder_digest(folder: Path) -> tuple[str, int]:
    """(SHA-256 over sorted relative paths and file digests, number of files). Raises UsageError (PACK-003)."""
    digest, count = hashlib.sha256(), 0
    for path in sorted(_files(folder), key=lambda one: one.relative_to(folder).as_posix()):
        count += 1
        if count > MAX_FILES:
            raise _unfit(folder, f"> {MAX_FILES}")
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(folder).as_posix()}\0{content}\n".encode())
    if not count:
        raise _unfit(folder, "0")
    return digest.hexdigest(), count


def listing(folder: Path) -> list[str]:
    """Relative paths (with `/`) of the files that make a pack, in no order."""
    return [path.relative_to(folder).as_posix() for path in _files(folder)]


@lru_cache(maxsize=1)
def engine_digest() -> str:
    """SHA-256 (hex) over the source of what runs the layers of a pack: another engine may judge otherwise."""
    here, digest = Path(__file__).parent, hashlib.sha256()
    for path in sorted([*here.glob("*.py"), *here.parent.glob("schematron/*.py")]):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def find(folder: Path, name: str) -> Path | None:
    """The file of that name nearest the top of a folder, whatever the case; the first in order among equals."""
    wanted = name.lower()
    found = [path for path in _files(folder) if path.name.lower() == wanted]
    return min(found, key=lambda path: (len(path.parts), str(path)), default=None)


def _files(folder: Path) -> Iterator[Path]:
    """Regular files; hidden ones and symbolic links are left out, so a pack can't reach outside itself."""
    for root, names, files in os.walk(folder):
        names[:] = sorted(name for name in names if not name.startswith("."))
        for name in files:
            path = Path(root) / name
            if not name.startswith(".") and path.is_file() and not path.is_symlink():
                yield path


def _unfit(folder: Path, found: str) -> UsageError:
    return UsageError(
        "PACK-003",
        Text("ce dossier n'a pas la taille d'un paquet", "this folder does not have the size of a pack"),
        field=str(folder),
        found=f"{found} fichiers",
        expected=f"1..{MAX_FILES}",
    )


def _entry(name: str) -> Path:
    return home() / "packs" / f"{name}.json"


def _known(name: str) -> Pack:
    if not _NAME.fullmatch(name) or not _entry(name).is_file():
        raise UsageError(
            "PACK-004",
            Text("paquet inconnu", "unknown pack"),
            field="--pack",
            found=name,
            expected=", ".join(path.stem for path in sorted((home() / "packs").glob("*.json")))
            or "aucun enregistré",
            mend=Text("dmpcompat pack add DOSSIER", "dmpcompat pack add FOLDER"),
        )
    return _read(_entry(name))


def _read(path: Path) -> Pack:
    try:
        fields: dict[str, Any] = jsonread.loads(path.read_text(encoding="utf-8"))
        return Pack(
            str(fields["name"]),
            str(fields["folder"]),
            str(fields["digest"]),
            int(fields["files"]),
            str(fields.get("version", "")),
        )
    except (OSError, KeyError, TypeError, ValueError) as problem:
        raise ConfigError(
            "PACK-005",
            Text("l'inscription du paquet est illisible", "the entry of the pack can't be read"),
            field=str(path),
            found=str(problem),
        ) from problem
