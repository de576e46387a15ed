"""Files of a pack as Schematrons and their value sets name them: inside the pack only, whatever the case.

Kits are made on systems that don't tell case apart: a name that differs by case is followed, and reported.
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote, urlparse

from lxml import etree

from harness.schematron.result import Defect
from protocol.errors import Text, ToolError

#: A value set or a terminology; the biggest one known is 14 MB.
MAX_BYTES = 64 * 1024 * 1024


class Folder:
    """A pack's folder, with what is wrong in it as it is found (`defects`, each once)."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self._listings: dict[Path, dict[str, str]] = {}
        self._parser = etree.XMLParser(
            resolve_entities=False, no_network=True, load_dtd=False, remove_pis=True, huge_tree=True
        )
        self._found: dict[tuple[str, str], Defect] = {}

    @property
    def defects(self) -> tuple[Defect, ...]:
        return tuple(self._found.values())

    def report(self, code: str, where: str, why: Text) -> None:
        self._found.setdefault((code, where + why.fr), Defect(code, where, why))

    def relative(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else path.name

    def locate(self, base: Path, reference: str, told: str) -> Path | None:
        """The file that a reference leads to from the folder `base`; None when it is outside, absent or empty.

        `told` is the file that holds the reference; each problem is reported against it.
        """
        parsed = urlparse(reference)
        if parsed.scheme not in ("", "file") or not parsed.path:
            self._missing(told, reference, Text("hors du paquet", "outside the pack"))
            return None
        wanted = Path(os.path.normpath(base / unquote(parsed.path)))
        if not wanted.is_relative_to(self.root):
            self._missing(told, reference, Text("hors du paquet", "outside the pack"))
            return None
        actual = self._actual(wanted)
        if actual is None:
            from harness.packs.values import stand_in_file  # only then: it costs the start of a command

            made = stand_in_file(self.root, wanted)
            if made is not None:
                return made
            self._missing(told, reference, Text("absent du paquet", "not in the pack"))
            return None
        if actual != wanted:
            self.report(
                "CASE",
                told,
                Text(
                    f"{reference} : sur le disque, {self.relative(actual)} (la casse diffère)",
                    f"{reference}: on the disk, {self.relative(actual)} (the case differs)",
                ),
            )
        if not actual.resolve().is_relative_to(self.root):  # a link that leads out
            self._missing(told, reference, Text("hors du paquet", "outside the pack"))
            return None
        return actual

    def parse(self, path: Path) -> etree._Element:
        """The root of an XML file of the pack, comments kept. Raises ToolError (SCH-003): unreadable, DTD, too big."""
        try:
            if path.stat().st_size > MAX_BYTES:
                raise unreadable(self.relative(path), f"> {MAX_BYTES} o")
            tree = etree.parse(str(path), self._parser)
        except (etree.XMLSyntaxError, OSError) as problem:
            raise unreadable(self.relative(path), str(problem)) from problem
        if tree.docinfo.internalDTD is not None:
            raise unreadable(self.relative(path), "<!DOCTYPE")
        return tree.getroot()

    def _actual(self, wanted: Path) -> Path | None:
        """The same path with the letters the disk has; an exact match first."""
        if wanted.is_file():
            return wanted
        here = self.root
        for name in wanted.relative_to(self.root).parts:
            found = self._listing(here).get(name.lower())
            if found is None:
                return None
            here = here / (name if (here / name).exists() else found)
        return here if here.is_file() else None

    def _listing(self, folder: Path) -> dict[str, str]:
        known = self._listings.get(folder)
        if known is None:
            names = sorted(os.listdir(folder)) if folder.is_dir() else []  # noqa: PTH208 (names alone, fast)
            known = self._listings[folder] = {name.lower(): name for name in reversed(names)}
        return known

    def _missing(self, told: str, reference: str, why: Text) -> None:
        self.report("MISSING", told, Text(f"{reference} : {why.fr}", f"{reference}: {why.en}"))


def unreadable(where: str, found: str) -> ToolError:
    return ToolError(
        "SCH-003",
        Text("fichier du paquet illisible", "unreadable file of the pack"),
        field=where,
        found=found,
    )
