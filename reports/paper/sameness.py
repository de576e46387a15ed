"""Whether a sealed document shows what a document drawn here shows: everything of it, not its strokes alone.

Pages, pictures, fonts, tags that are read aloud, metadata and attachments are compared, object by object. What a seal
adds is allowed for: a form with invisible fields, its dictionaries in the catalogue.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from protocol.errors import Text
from reports.paper.declared import told
from reports.paper.reading import unpacked

if TYPE_CHECKING:
    import pikepdf

#: What sealing writes into the catalogue.
_OF_SEALS: Final = frozenset(("/AcroForm", "/DSS", "/Extensions", "/Perms", "/Version"))
#: How a stream is packed, which says nothing.
_PACKING: Final = frozenset(("/Length", "/Filter", "/DecodeParms"))
_FORM: Final = frozenset(("/Fields", "/SigFlags"))


def difference(sealed: pikepdf.Pdf, drawn: pikepdf.Pdf) -> str:
    """Where the first difference is (`page 2/Contents`), "" when there is none. May stumble on a broken document."""
    if len(sealed.pages) != len(drawn.pages):
        return f"{len(sealed.pages)} pages, {len(drawn.pages)}"
    if added := _added(sealed):
        return added
    seen: set[tuple[tuple[int, int], tuple[int, int]]] = set()
    for rank, (one, other) in enumerate(zip(sealed.pages, drawn.pages, strict=True), 1):
        if where := _differs(one.obj, other.obj, f"page {rank}", seen, frozenset(("/Annots",))):
            return where
    if where := _differs(sealed.Root, drawn.Root, "catalogue", seen, _OF_SEALS | {"/Metadata"}):
        return where
    packets = (unpacked(document.Root.Metadata) for document in (sealed, drawn))
    if len({frozenset(told(one).items()) for one in packets}) != 1:
        return "metadata"  # who seals writes the packet anew
    return _differs(sealed.docinfo, drawn.docinfo, "info", seen, frozenset(("/Producer",)))


def elsewhere(sealed: pikepdf.Pdf, drawn: pikepdf.Pdf) -> Text | None:
    """Why these pages can't be drawn again here: another way of setting them, another library, other fonts. Or None."""
    for name in ("/Creator", "/Producer"):
        one, other = (str(document.docinfo.get(name, "")) for document in (sealed, drawn))
        if one.split("; ")[0] != other:  # who sealed adds its name after that of who drew
            return Text(
                f"mis en page par {one or 'une version antérieure'}, ici par {other} : installer la même version",
                f"set by {one or 'an earlier version'}, here by {other}: install the same version",
            )
    theirs, ours = _fonts(sealed), _fonts(drawn)
    alike = all(theirs[name] == ours[name] for name in theirs.keys() & ours.keys())
    if alike and (theirs.keys() <= ours.keys() or ours.keys() <= theirs.keys()):
        return None
    names = ", ".join(sorted(name for name in theirs if theirs[name] != ours.get(name)))
    return Text(
        f"les polices d'ici sont d'autres ; il faudrait {names}", f"other fonts here; it would take {names}"
    )


def _added(sealed: pikepdf.Pdf) -> str:
    """What is on the pages or in the form beside invisible signature fields, "" for nothing."""
    from pikepdf import Dictionary

    form: Any = sealed.Root.get("/AcroForm", Dictionary())
    if not isinstance(form, Dictionary):
        return "AcroForm"
    if not set(form.keys()) <= _FORM:
        return "AcroForm " + " ".join(sorted(set(form.keys()) - _FORM))
    for rank, page in enumerate(sealed.pages, 1):
        notes: Any = page.obj.get("/Annots", [])
        for note in notes:
            seal = note.get("/Subtype") == "/Widget" and note.get("/FT") == "/Sig"
            left, low, right, high = (float(one) for one in note.get("/Rect", [0, 0, 1, 1]))
            if not seal or (left, low) != (right, high):
                return f"page {rank}/Annots"
    return ""


def _differs(one: Any, other: Any, where: str, seen: set[Any], skipped: frozenset[str]) -> str:
    """Walk both sides at once; what was met together is not walked again."""
    left: list[tuple[Any, Any, str, frozenset[str]]] = [(one, other, where, skipped)]
    while left:
        first, second, place, aside = left.pop()
        if _met(first, second, seen):
            continue
        pairs = _inside(first, second, aside)
        if pairs is None:
            return place
        left.extend((a, b, f"{place}{name}", frozenset()) for name, a, b in pairs)
    return ""


def _met(one: Any, other: Any, seen: set[Any]) -> bool:
    if not getattr(one, "is_indirect", False) or not getattr(other, "is_indirect", False):
        return False
    both = (one.objgen, other.objgen)
    if both in seen:
        return True
    seen.add(both)
    return False


def _inside(one: Any, other: Any, aside: frozenset[str]) -> list[tuple[str, Any, Any]] | None:
    """The pairs to compare next, None when these two already differ."""
    from pikepdf import Array, Dictionary, Stream

    kind = next((kind for kind in (Stream, Dictionary, Array) if isinstance(one, kind)), None)
    if kind is None:
        return [] if type(one) is type(other) and one == other else None
    if not isinstance(other, kind):
        return None
    if kind is Array:
        if len(one) != len(other):
            return None
        return [(f"[{rank}]", a, b) for rank, (a, b) in enumerate(zip(one, other, strict=True))]
    if kind is Stream:
        if not _same_bytes(one, other):
            return None
        aside = _PACKING
    return _members(one, other, aside | _seen_already(one))


def _same_bytes(sealed: Any, drawn: Any) -> bool:
    packed_alike = all(sealed.get(name) == drawn.get(name) for name in ("/Filter", "/DecodeParms"))
    if packed_alike and sealed.read_raw_bytes() == drawn.read_raw_bytes():
        return True
    expected: bytes = drawn.read_bytes()
    try:
        return unpacked(sealed, len(expected)) == expected
    except ValueError:
        return False


def _seen_already(one: Any) -> frozenset[str]:
    """A page reached from the catalogue was compared as a page; its annotations, as what seals add."""
    return frozenset(("/Annots",)) if one.get("/Type") == "/Page" else frozenset()


def _members(one: Any, other: Any, aside: frozenset[str]) -> list[tuple[str, Any, Any]] | None:
    names = set(one.keys()) - aside
    if names != set(other.keys()) - aside:
        return None
    return [(name, one[name], other[name]) for name in sorted(names)]


def _fonts(document: pikepdf.Pdf) -> Mapping[str, str]:
    """Fonts that the pages embed, without the tag of their subset: their revision by name."""
    return {
        str(one.FontName).rpartition("+")[2].lstrip("/"): _revision(one) for one in _descriptors(document)
    }


def _descriptors(document: pikepdf.Pdf) -> Iterator[Any]:
    from pikepdf import Dictionary

    for one in document.objects:
        if isinstance(one, Dictionary) and one.get("/Type") == "/FontDescriptor":
            yield one


def _revision(descriptor: Any) -> str:
    from fontTools.ttLib import TTFont, TTLibError

    program = descriptor.get("/FontFile2", descriptor.get("/FontFile3"))
    try:
        with TTFont(io.BytesIO(program.read_bytes()), lazy=True) as font:
            return str(font["head"].fontRevision)
    except (TTLibError, AttributeError, KeyError):
        return ""  # of another form: its name is all there is to compare
