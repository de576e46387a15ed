"""How numbers look: schemes of public references and of secret wire numbers, as plug-ins.

The official form of LPS_ID_HOMOLOGATION_DMP is not public: an authority registers its own scheme. The default ones make
nothing that looks official (`TST`). Drawing without ever giving one twice is `reports.register.numbering`.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from importlib.metadata import entry_points
from typing import Any, Final, Protocol

from protocol.errors import Text
from reports import numbers
from reports.numbers import NumberRefused

#: A wire number travels in a VIHF attribute; longer ones have never been seen.
LONGEST: Final = 20


class ReferenceScheme(Protocol):
    """Public references. `draw` gives a new one, to be reserved; `read` refuses what is none of the scheme."""

    @property
    def name(self) -> str:
        """How a configuration names it."""

    def draw(self, on: date, kind: str) -> str:
        """One more, drawn at random: in its printed form."""

    def read(self, text: str) -> str:
        """The printed form of a reference as somebody typed it. Raises NumberRefused."""


class WireScheme(Protocol):
    """Secret wire numbers, compared exactly on the wire."""

    @property
    def name(self) -> str:
        """How a configuration names it."""

    def draw(self) -> str:
        """One more, drawn at random."""

    def check(self, number: str) -> None:
        """Raises NumberRefused for what is none of the scheme; never quotes the number."""


@dataclass(frozen=True)
class Checked1271:
    """References `SSS-YYK-XXXXXXX-CC` of one issuer (`reports.numbers`)."""

    issuer: str = numbers.TEST_ISSUER
    name: str = "mod1271"

    def draw(self, on: date, kind: str) -> str:
        return str(numbers.allocate(on, kind, self.issuer))

    def read(self, text: str) -> str:
        found = numbers.parse(text)
        if found.issuer != self.issuer:
            raise NumberRefused(
                "REF-004",
                Text("référence d'un autre émetteur", "reference of another issuer"),
                found=found.issuer,
                expected=self.issuer,
            )
        return str(found)


@dataclass(frozen=True)
class Checked97:
    """Wire numbers `AAA-NNNNNNCC`: six random digits, two check digits (MOD 97-10 over letters and digits)."""

    prefix: str = numbers.TEST_ISSUER
    name: str = "mod97"

    def draw(self) -> str:
        digits = f"{secrets.randbelow(1_000_000):06d}"
        return f"{self.prefix}-{digits}{_check97(self.prefix + digits)}"

    def check(self, number: str) -> None:
        shape = re.fullmatch(rf"{re.escape(self.prefix)}-(\d{{6}})(\d{{2}})", number)
        if shape is None or _check97(self.prefix + shape[1]) != shape[2]:
            raise NumberRefused(
                "REF-005",
                Text("ce n'est pas un numéro de ce modèle", "this is no number of this scheme"),
                expected=f"{self.prefix}-NNNNNNCC",
            )


def _check97(text: str) -> str:
    """The two MOD 97-10 digits (ISO/IEC 7064) of letters (A=10…) and digits."""
    value = int("".join(str(int(character, 36)) for character in text) + "00")
    return f"{98 - value % 97:02d}"


_REFERENCES: Final[Mapping[str, Callable[[str], ReferenceScheme]]] = {"mod1271": Checked1271}
_WIRE: Final[Mapping[str, Callable[[str], WireScheme]]] = {"mod97": Checked97}
#: Groups of entry points where an authority's own distribution names its schemes.
REFERENCE_GROUP: Final = "dmpcompat.reference_schemes"
WIRE_GROUP: Final = "dmpcompat.wire_schemes"


def reference_scheme(name: str = "mod1271", issuer: str = numbers.TEST_ISSUER) -> ReferenceScheme:
    """The scheme of that name, ours or a plug-in's, for an issuer. Raises NumberRefused for an unknown name."""
    return (_REFERENCES.get(name) or _plugged(name, REFERENCE_GROUP, _REFERENCES))(issuer)


def wire_scheme(name: str = "mod97", prefix: str = numbers.TEST_ISSUER) -> WireScheme:
    """The scheme of that name, ours or a plug-in's, with a prefix. Raises NumberRefused for an unknown name."""
    return (_WIRE.get(name) or _plugged(name, WIRE_GROUP, _WIRE))(prefix)


def _plugged(name: str, group: str, own: Mapping[str, Any]) -> Callable[[str], Any]:
    found = entry_points(group=group, name=name)
    for point in found:
        made: Callable[[str], Any] = point.load()
        return made
    raise NumberRefused(
        "REF-006",
        Text("modèle de numéro inconnu", "unknown scheme of numbers"),
        found=name,
        expected=" ".join(sorted({*own, *entry_points(group=group).names})),
        mend=Text(f"installer une extension du groupe {group}", f"install a plug-in of the group {group}"),
    )
