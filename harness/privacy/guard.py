"""The last look before evidence leaves: every file, every layer of it, for secrets and for identities of people.

What is found stops the export, with the file, the place, what it is and how to mend it. What could not be opened stops
it too. The guard changes nothing; what pictures show it can't read, and it says how many there are.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from harness.privacy import known
from harness.privacy.exceptions import Allowed
from harness.privacy.identifiers import Seen, identifiers, shown
from harness.privacy.layers import Layer, Unread, layers
from harness.privacy.secrets import secrets
from protocol.errors import EvidenceError, Text

Why = Literal["secret", "identity", "unread"]
_NOBODY: Final[Mapping[str, Callable[[str], bool]]] = {
    "INS": known.patient,
    "INS-C": known.patient,
    "RPPS": known.professional,
    "FINESS": known.structure,
}
_WORDS: Final = {
    "INS": Text("INS ou NIR hors des jeux de test", "INS or NIR outside the test data"),
    "INS-C": Text("INS-C hors des jeux de test", "INS-C outside the test data"),
    "INS-PRODUCTION": Text("identité sous un domaine de production", "identity under a production domain"),
    "RPPS": Text("RPPS hors de l'annuaire de test", "RPPS outside the test directory"),
    "FINESS": Text("FINESS hors de l'annuaire de test", "FINESS outside the test directory"),
}
_PICTURES: Final = re.compile(rb"\A(?:\x89PNG|\xff\xd8\xff)|/Subtype\s*/Image")
#: How many findings a message names; the result has them all.
_NAMED: Final = 12


@dataclass(frozen=True)
class Leak:
    """One thing that must not leave. `found`: a quotation that does not give it away."""

    file: str
    place: str
    why: Why
    what: Text
    found: str
    mend: Text

    def to_plain(self) -> dict[str, Any]:
        return {
            "file": self.file,
            "place": self.place,
            "why": self.why,
            "what": {"fr": self.what.fr, "en": self.what.en},
            "found": self.found,
            "mend": {"fr": self.mend.fr, "en": self.mend.en},
        }


class Withheld(EvidenceError):
    """Something must not leave: nothing failed, and nothing was written."""

    exit_code = 1

    def __init__(self, leaks: tuple[Leak, ...], code: str, text: Text, **more: Any) -> None:
        self.leaks = leaks
        super().__init__(code, text, **more)


@dataclass(frozen=True)
class Inspection:
    """What the guard saw. `pictures`: files whose pictures no tool read; `used`: exceptions that let something out."""

    files: int
    layers: int
    leaks: tuple[Leak, ...]
    pictures: tuple[str, ...]
    used: tuple[Allowed, ...]

    def refuse(self) -> None:
        """Raises Withheld (GUARD-001) when something must not leave."""
        if not self.leaks:
            return
        named = self.leaks[:_NAMED]
        told = {
            lang: "".join(
                f"\n  {leak.file} ({leak.place or '—'}) : {leak.what.to(lang)} {leak.found} — {leak.mend.to(lang)}"
                for leak in named
            )
            + (f"\n  … +{len(self.leaks) - _NAMED}" if len(self.leaks) > _NAMED else "")
            for lang in ("fr", "en")
        }
        raise Withheld(
            self.leaks,
            "GUARD-001",
            Text(
                "ces fichiers ne doivent pas sortir" + told["fr"],
                "these files must not leave" + told["en"],
            ),
            field=named[0].file,
            found=f"{len(self.leaks)}",
        )


def inspect(
    root: Path,
    allowed: Mapping[tuple[str, str], Allowed] | None = None,
    meant: Collection[str] = (),
) -> Inspection:
    """Look at every file under `root`. `allowed`: exceptions by kind and value; `meant`: folders of the cases in which
    our own driver puts a test number under a production domain on purpose.
    """
    files = ((path.relative_to(root).as_posix(), path.read_bytes()) for path in _files(root))
    return _inspected(files, allowed or {}, frozenset(meant))


def inspect_one(
    name: str, data: bytes, allowed: Mapping[tuple[str, str], Allowed] | None = None
) -> Inspection:
    """Look at one file that is about to be lodged."""
    return _inspected([(name, data)], allowed or {}, frozenset())


def _files(root: Path) -> list[Path]:
    return sorted(item for item in root.rglob("*") if item.is_file())


def _inspected(
    files: Iterable[tuple[str, bytes]], given: Mapping[tuple[str, str], Allowed], purposes: frozenset[str]
) -> Inspection:
    leaks: list[Leak] = []
    pictures: list[str] = []
    used: dict[tuple[str, str], Allowed] = {}
    known_contents: dict[bytes, _Content] = {}
    count = opened = 0
    for name, data in files:
        mark = hashlib.sha256(data).digest()
        content = known_contents.get(mark)
        if content is None:  # the same frame may be in a package many times
            content = known_contents[mark] = _Content.of(data)
        count, opened = count + 1, opened + content.layers
        leaks += [
            Leak(name, item.place, "unread", item.why, "", _mend(name, "unread")) for item in content.unread
        ]
        label = _Content.of_layers([Layer("name", name.encode())])
        found = (leak for one in (label, content) for leak in _leaks(name, one, given, used, purposes))
        leaks += _each_once(found)
        if content.picture:
            pictures.append(name)
    return Inspection(count, opened, tuple(leaks), tuple(pictures), tuple(used.values()))


@dataclass(frozen=True)
class _Content:
    """What is in some bytes, whatever the file that has them: places of secrets and of identifiers."""

    layers: int
    unread: tuple[Unread, ...]
    secrets: tuple[tuple[str, Text], ...]
    seen: tuple[tuple[str, Seen], ...]
    picture: bool

    @classmethod
    def of(cls, data: bytes) -> _Content:
        told, unread = layers(data)
        return cls.of_layers(told, unread)

    @classmethod
    def of_layers(cls, told: Sequence[Layer], unread: tuple[Unread, ...] = ()) -> _Content:
        return cls(
            len(told),
            unread,
            tuple((_at(one.place, offset), what) for one in told for what, offset in secrets(one.data)),
            tuple((_at(one.place, seen.offset), seen) for one in told for seen in identifiers(one.data)),
            any(_PICTURES.search(one.data) for one in told),
        )


def _leaks(
    name: str,
    content: _Content,
    allowed: Mapping[tuple[str, str], Allowed],
    used: dict[tuple[str, str], Allowed],
    meant: frozenset[str],
) -> Iterator[Leak]:
    for place, what in content.secrets:
        yield Leak(name, place, "secret", what, "", _mend(name, "secret"))
    for place, seen in content.seen:
        if seen.kind == "INS-PRODUCTION":
            # Only a number that is nobody's, in the case that was written to send it so, may stay.
            if meant & set(name.split("/")) and known.patient(seen.value):
                continue
        elif _NOBODY[seen.kind](seen.value):
            continue
        elif one := allowed.get((seen.kind, seen.value)):
            used[seen.kind, seen.value] = one
            continue
        yield Leak(
            name, place, "identity", _WORDS[seen.kind], shown(seen.value), _mend(name, "identity", seen.kind)
        )


def _each_once(found: Iterable[Leak]) -> Iterator[Leak]:
    """The same thing seen again in a deeper layer of the same file is told once, at its first place."""
    seen: set[tuple[str, str]] = set()
    for leak in found:
        if (leak.what.en, leak.found) not in seen:
            seen.add((leak.what.en, leak.found))
            yield leak


def _at(place: str, offset: int) -> str:
    return f"{place} @{offset}" if place else f"@{offset}"


def _mend(name: str, why: Why, kind: str = "") -> Text:
    if "/" not in name and kind:
        return Text(
            "refaire cette pièce avec un patient de test ; ou, si c'en est un, l'écrire dans un fichier d'exceptions "
            "(--exceptions) avec sa raison",
            "make this piece again with a test patient; or, if it is one, write it in a file of exceptions "
            "(--exceptions) with its reason",
        )
    last = name.rpartition("/")[2]
    lodged = last.startswith(("ecran_", "declaration", "piece_"))
    if why == "unread":
        return Text(
            "remplacer ce fichier par un que l'on peut ouvrir", "replace this file by one that can be opened"
        )
    if lodged:
        return Text(
            "retirer la pièce (dmpcompat evidence withdraw) et en déposer une faite avec un patient de test",
            "withdraw the piece (dmpcompat evidence withdraw) and lodge one made with a test patient",
        )
    if why == "secret":
        return Text(
            "ne pas diffuser ce dossier ; rejouer le cas après avoir déclaré ce secret dans la campagne",
            "do not hand this folder out; play the case again once the campaign declares this secret",
        )
    if kind == "INS-PRODUCTION":
        return Text(
            "rejouer le cas avec un patient de test, sous le domaine de test 1.2.250.1.213.1.4.10",
            "play the case again with a test patient, under the test domain 1.2.250.1.213.1.4.10",
        )
    return Text(
        "rejouer le cas avec une identité de test ; ou, si c'en est une, l'écrire dans un fichier d'exceptions "
        "(--exceptions) avec sa raison",
        "play the case again with a test identity; or, if it is one, write it in a file of exceptions "
        "(--exceptions) with its reason",
    )
