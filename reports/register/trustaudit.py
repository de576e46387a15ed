"""Auditing the trust file: each version that is published is one that the register logged, and nothing else was."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from protocol import trustchain, trustversion
from protocol.errors import DmpcompatError, Text
from protocol.regularfile import read_regular
from protocol.trustversion import Signed
from reports.register import entries
from reports.register.audit import Line
from reports.register.trustfiles import CHAIN, LARGEST, TRUST

_FILE: Final = Text(
    "le fichier de confiance publié est celui que le registre a inscrit",
    "the trust file published is the one that the register logged",
)
_SIGNED: Final = Text(
    "chaque version du fichier de confiance est signée par sa racine et par la précédente",
    "each version of the trust file is signed by its root and by the one before",
)
_LOGGED: Final = Text(
    "chaque version du fichier de confiance a son inscription, et chaque inscription sa version",
    "each version of the trust file has its entry, and each entry its version",
)


def beside(log: Path) -> Path:
    """Where a published copy of a log has the trust file: in the folder above, where `export` writes it."""
    return log if (log / TRUST).exists() else log.parent


def files_in(folder: Path) -> dict[str, bytes]:
    """The trust file of a folder and its chain, those that are there. Raises EvidenceError, OSError."""
    there = (folder / name for name in (TRUST, CHAIN) if (folder / name).exists())
    return {path.name: read_regular(path, LARGEST) for path in there}


def audit(leaves: Sequence[bytes], files: Mapping[str, bytes]) -> tuple[Line, ...]:
    """Judge a trust file, and its chain when it is signed, by the entries of a register. `files`: by their names.

    Never raises for what it finds.
    """
    try:
        listed = [entries.read(leaf) for leaf in leaves]
        digests = [str(one.facts["digest"]) for one in listed if one.kind == "TRUST"]
        return (_file(digests, files), *_chain(digests, files))
    except DmpcompatError as problem:
        return (Line("KO", _SIGNED, problem.message("en")),)


def _file(digests: Sequence[str], files: Mapping[str, bytes]) -> Line:
    if not digests or TRUST not in files:
        return Line("SKIPPED", _FILE, f"{TRUST}, TRUST {len(digests)}: register trust root, register export")
    found = hashlib.sha256(files[TRUST]).hexdigest()
    return Line("OK" if found == digests[-1] else "KO", _FILE, f"{found[:16]} / {digests[-1][:16]}")


def _chain(digests: Sequence[str], files: Mapping[str, bytes]) -> tuple[Line, ...]:
    if CHAIN not in files:
        return (Line("SKIPPED", _SIGNED, f"{CHAIN}: register trust root, register export"),)
    chain = trustversion.read(files[CHAIN])
    return _signed(chain), _logged(digests, chain)


def _signed(chain: Sequence[Signed]) -> Line:
    try:
        trustchain.check(chain)
    except DmpcompatError as problem:
        return Line("KO", _SIGNED, problem.message("en"))
    return Line("OK", _SIGNED, f"1 → {chain[-1].version.number}")


def _logged(digests: Sequence[str], chain: Sequence[Signed]) -> Line:
    """From the first version on, the entries are those of the versions, in order; before it, of plain files."""
    found = [one.version.digest for one in chain]
    logged = list(digests[-len(found) :])
    if chain[0].version.number == 1 and found == logged:
        return Line("OK", _LOGGED, f"{len(found)} / {len(digests)}")
    wrong = next(
        (one.version.number for one in chain if one.version.digest not in digests), chain[-1].version.number
    )
    return Line("KO", _LOGGED, f"version {wrong}")
