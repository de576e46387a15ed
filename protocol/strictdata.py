"""Strict reading of plain data (from YAML or JSON): wrong type, missing key, unknown key are refused by name.

A reader takes each field it knows from a `Fields`, then calls `done()`, which refuses what is left. It holds
no fact of the domain.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from protocol.errors import NO_TEXT, DmpcompatError, Text, ToolError
from protocol.yamlread import Where, YamlDocument

T = TypeVar("T")
L = TypeVar("L", bound=str)
_MISSING: Any = object()


class Fields:
    """The fields of one mapping. `document` gives file:line; `where` is the path of the mapping in it."""

    def __init__(
        self,
        data: Any,
        document: YamlDocument,
        where: Where = (),
        *,
        error: type[DmpcompatError] = ToolError,
    ) -> None:
        self._document = document
        self.where = where
        self._error = error
        self._taken: set[str] = set()
        if not isinstance(data, Mapping):
            raise self.refuse("DATA-011", Text("un objet est attendu", "a mapping is expected"), "", data)
        self._data: Mapping[str, Any] = data

    def text(self, key: str, default: str = _MISSING) -> str:
        """A text, never empty unless the default is."""
        value = self._take(key, default)
        if value is default or (isinstance(value, str) and value):
            return str(value)
        raise self._wrong(key, value, "text", Text("mettre entre guillemets", "put it between quotes"))

    def one_of(self, key: str, allowed: Iterable[L], default: L = _MISSING) -> L:
        """A text among `allowed`; the error suggests the nearest."""
        value, names = self.text(key, default), tuple(allowed)
        if value == default:
            return default
        for name in names:
            if name == value:
                return name
        near = difflib.get_close_matches(value, names, 1)
        mend = Text(f"plutôt « {near[0]} » ?", f"did you mean “{near[0]}”?") if near else NO_TEXT
        raise self._wrong(key, value, " | ".join(names), mend)

    def flag(self, key: str, default: bool = _MISSING) -> bool:
        value = self._take(key, default)
        if not isinstance(value, bool):
            raise self._wrong(key, value, "true | false")
        return value

    def number(self, key: str, default: int = _MISSING) -> int:
        value = self._take(key, default)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self._wrong(key, value, "integer")
        return value

    def texts(self, key: str, default: tuple[str, ...] = _MISSING) -> tuple[str, ...]:
        """A list of texts."""
        value = self._take(key, default)
        listed = isinstance(value, list) and all(isinstance(item, str) and item for item in value)
        if value is default or listed:
            return tuple(value)
        raise self._wrong(key, value, "list of texts")

    def words(self, key: str) -> Text:
        """A sentence in the two languages: `{fr: …, en: …}`."""
        inner = self.inner(key)
        said = Text(inner.text("fr"), inner.text("en"))
        inner.done()
        return said

    def inner(self, key: str) -> Fields:
        """A mapping, as a reader of its own."""
        value = self._take(key, _MISSING)
        return Fields(value, self._document, (*self.where, key), error=self._error)

    def optional(self, key: str, read: Callable[[Fields], T]) -> T | None:
        """Read a mapping that may be absent."""
        if self._data.get(key) is None:
            self._taken.add(key)
            return None
        return read(self.inner(key))

    def each(self, key: str, read: Callable[[Fields], T], *, empty: bool = True) -> tuple[T, ...]:
        """Read a list of mappings; absent means empty when `empty` allows it."""
        value = self._take(key, [] if empty else _MISSING)
        if not isinstance(value, list):
            raise self._wrong(key, value, "list")
        path = (*self.where, key)
        return tuple(
            read(Fields(item, self._document, (*path, at), error=self._error))
            for at, item in enumerate(value)
        )

    def names(self) -> tuple[str, ...]:
        return tuple(self._data)

    def raw(self, key: str, default: Any = _MISSING) -> Any:
        """The value as it is, for a reader that has its own rule."""
        return self._take(key, default)

    def done(self) -> None:
        """Refuse the fields that nobody asked for."""
        for key in self._data:
            if key not in self._taken:
                raise self.refuse(
                    "DATA-013",
                    Text("champ inconnu", "unknown field"),
                    key,
                    key,
                    expected=", ".join(sorted(self._taken)),
                )

    def refuse(
        self, code: str, text: Text, key: str, found: Any, *, expected: str = "", mend: Text = NO_TEXT
    ) -> DmpcompatError:
        """An error that names the file, the line and the field, to be raised by the caller."""
        where = (*self.where, key) if key else self.where
        path = ".".join(str(step) for step in where)
        return self._error(
            code,
            text,
            field=f"{self._document.at(where)} {path}".strip(),
            found=_short(found),
            expected=expected,
            mend=mend,
        )

    def _take(self, key: str, default: Any) -> Any:
        self._taken.add(key)
        if key in self._data and (self._data[key] is not None or default is _MISSING):
            return self._data[key]
        if default is _MISSING:
            raise self.refuse("DATA-012", Text("champ obligatoire absent", "required field missing"), key, "")
        return default

    def _wrong(self, key: str, found: Any, expected: str, mend: Text = NO_TEXT) -> DmpcompatError:
        text = Text("valeur refusée", "value refused")
        return self.refuse("DATA-014", text, key, found, expected=expected, mend=mend)


def plain(data: Any, name: str) -> YamlDocument:
    """Data that came from elsewhere than a file (JSON of the control API), for `Fields`."""
    return YamlDocument(name, data, {(): 1})


def _short(value: Any) -> str:
    shown = value if isinstance(value, str) else repr(value)
    return shown if len(shown) <= 80 else shown[:77] + "..."
