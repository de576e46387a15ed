"""What the directory of an archive says before its members are judged: deliveries with their documents, exchanges with
their bodies.

Names of members are compared, only the METADATA.XML are read; memory is bounded whatever the archive.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import BinaryIO, Final

from harness.files import xdm
from harness.files.zipreading import Member, ZipRefused, content, directory, is_link, unsafe
from protocol import safexml
from protocol.errors import EvidenceError, Text
from protocol.exchange import Exchange, from_bytes

EXCHANGE: Final = "_echange.json"
#: More exchanges than any campaign keeps in one archive; those after are left out, which is told.
MAX_EXCHANGES: Final = 50_000
FRAME: Final = re.compile(r"_(requete|reponse)\.[a-z]+$")
#: Two bodies of one side are one too many already: no more are remembered.
_MAX_BODIES: Final = 4


@dataclass
class Inventory:
    """`announced`: documents by name in the archive, `there` those that it holds; `exchanges`: bodies by the name of
    their description without its suffix."""

    announced: dict[str, xdm.Announced] = field(default_factory=dict)
    there: set[str] = field(default_factory=set)
    exchanges: dict[str, tuple[Member, ...]] = field(default_factory=dict)

    def bodies(self, description: str) -> tuple[Member, ...] | None:
        """The bodies that go with a description; None for an exchange too many."""
        return self.exchanges.get(description.removesuffix(EXCHANGE))

    def is_body(self, name: str) -> bool:
        """Whether a member is a body of an exchange, which is judged with its description."""
        return FRAME.sub("", name) in self.exchanges and FRAME.search(name) is not None


def inventory(source: BinaryIO) -> Inventory:
    """Raises ZipRefused for a directory that can't be read."""
    found = Inventory()
    for member in directory(source):
        name = member.name
        if _left_alone(member):
            continue
        if name.endswith(EXCHANGE) and len(found.exchanges) < MAX_EXCHANGES:
            found.exchanges[name.removesuffix(EXCHANGE)] = ()
        elif name.rpartition("/")[2].lower() == xdm.METADATA and len(found.announced) < xdm.MAX_ANNOUNCED:
            found.announced |= _announced(source, member)
    if found.announced or found.exchanges:
        for member in directory(source):
            _place(found, member)
    return found


def _announced(source: BinaryIO, metadata: Member) -> Mapping[str, xdm.Announced]:
    folder = metadata.name.rpartition("/")[0]
    try:
        said = xdm.announced(content(source, metadata, safexml.MAX_BYTES))
    except ZipRefused:
        return {}  # its own entry says why
    return {str(PurePosixPath(folder, uri)): one for uri, one in said.items()}


def _place(found: Inventory, member: Member) -> None:
    """One member, as what the others say of it."""
    if member.name in found.announced:
        found.there.add(member.name)
    stem = FRAME.sub("", member.name)
    known = found.exchanges.get(stem)
    if known is None or stem == member.name or len(known) >= _MAX_BODIES or _left_alone(member):
        return
    if all(one.name != member.name for one in known):  # the second of a name is told on its own
        found.exchanges[stem] = (*known, member)


def _left_alone(member: Member) -> bool:
    return member.folder or unsafe(member.name) or is_link(member)


def exchange_of(name: str, described: bytes, bodies: Mapping[str, bytes]) -> Exchange:
    """The exchange of a description and of its bodies, by the names of their files. Raises EvidenceError."""
    sides: dict[str, list[bytes]] = {"requete": [], "reponse": []}
    for file, data in bodies.items():
        side = FRAME.search(file)
        if side is not None:
            sides[side.group(1)].append(data)
    asked, answered = sides["requete"], sides["reponse"]
    if len(asked) != 1 or len(answered) > 1:
        raise EvidenceError(
            "EXCH-002",
            Text("l'échange n'est pas lisible dans l'archive", "the exchange can't be read in the archive"),
            field=name,
            found=f"{len(asked)} × _requete, {len(answered)} × _reponse",
            expected="1 × _requete, 0..1 × _reponse",
        )
    return from_bytes(name, described, asked[0], answered[0] if answered else b"")
