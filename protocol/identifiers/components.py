"""The part of HL7 v2 that XDS metadata keep: components by `^`, sub-components by `&`, escapes by `\\`.

Shared by cx, xcn and xon. It knows no data type.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from protocol.errors import IdentifierError, Text
from protocol.identifiers.oid import parse_oid

#: Components that a type does not name: (position from 1, text as written, escapes included).
Extra = tuple[tuple[int, str], ...]

_LETTER = {"|": "F", "^": "S", "&": "T", "~": "R", "\\": "E"}
_CHARACTER = {letter: character for character, letter in _LETTER.items()}
_ESCAPE = re.compile(r"\\([FSTRE])\\")
_SPECIAL = re.compile(r"[|^&~\\]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def escape(text: str) -> str:
    """Write the five delimiters as `\\F\\ \\S\\ \\T\\ \\R\\ \\E\\` (HL7 v2.5 chapter 2, § 2.7.1)."""
    return _SPECIAL.sub(lambda found: f"\\{_LETTER[found.group()]}\\", text)


def unescape(text: str) -> str:
    """Inverse of `escape`. A backslash that opens no known escape stands for itself."""
    return _ESCAPE.sub(lambda found: _CHARACTER[found.group(1)], text)


def split(text: str, kind: str) -> dict[int, str]:
    """Cut into non-empty components by position from 1, escapes left alone.

    `kind` (CX, XCN, XON) names the type in errors. Raises IdentifierError when there is nothing, or a control
    character.
    """
    if _CONTROL.search(text):
        raise IdentifierError(
            f"{kind}-001",
            Text(f"caractère de contrôle dans un {kind}", f"control character in a {kind}"),
            field=kind,
            found=ascii(text),
        )
    parts = {position: part for position, part in enumerate(text.split("^"), start=1) if part}
    if not parts:
        raise IdentifierError(
            f"{kind}-002", Text(f"{kind} vide", f"empty {kind}"), field=kind, found=repr(text)
        )
    return parts


def plain(parts: Mapping[int, str], position: int, kind: str) -> str:
    """The text of a component that has no sub-components; "" when absent.

    Raises IdentifierError on a bare `&`: an ampersand of the value itself is written `\\T\\`.
    """
    raw = parts.get(position, "")
    if "&" in raw:
        raise IdentifierError(
            f"{kind}-003",
            Text("esperluette non échappée dans une composante", "unescaped ampersand in a component"),
            field=f"{kind}.{position}",
            found=raw,
            mend=Text(
                r"écrire l'esperluette \T\ (un & de la valeur se code ainsi en HL7 v2)",
                r"write the ampersand as \T\ (the HL7 v2 way for an & of the value)",
            ),
        )
    return unescape(raw)


def authority(parts: Mapping[int, str], position: int, kind: str) -> str:
    """The OID of an assigning authority written `&OID&ISO`; "" when the component is absent.

    Raises IdentifierError for any other shape: the IHE profile leaves only the ISO form, without namespace
    (ITI TF-3, table 4.2.3.1.7-2).
    """
    raw = parts.get(position, "")
    if not raw:
        return ""
    pieces = raw.split("&")
    if len(pieces) != 3 or pieces[0] or pieces[2] != "ISO" or not pieces[1]:
        raise IdentifierError(
            f"{kind}-004",
            Text("autorité d'affectation mal écrite", "assigning authority written wrongly"),
            field=f"{kind}.{position}",
            found=raw,
            expected="&<OID>&ISO",
        )
    return parse_oid(pieces[1])


def others(parts: Mapping[int, str], named: Iterable[int]) -> Extra:
    """What is left once the components the type names are taken."""
    taken = frozenset(named)
    return tuple((position, raw) for position, raw in sorted(parts.items()) if position not in taken)


def join(named: Mapping[int, str], rest: Extra) -> str:
    """Write components at their positions; a named one wins over an extra one at the same place."""
    parts = dict(rest) | {position: raw for position, raw in named.items() if raw}
    return "^".join(parts.get(position, "") for position in range(1, max(parts, default=0) + 1))


def write_authority(oid: str) -> str:
    """`&OID&ISO`, or "" for no authority."""
    return f"&{oid}&ISO" if oid else ""
